// GET /v1/events: what happens in the front, told to who follows; and the logs, which follow apps by it.
#include <doctest/doctest.h>

#include "tests/e2e/checks.h"
#include "tests/support/temp_dir.h"
#include "tests/support/wait_until.h"

using namespace std::chrono_literals;
using namespace berth::test;

namespace {

std::string app(const std::string& name, const std::string& keys, const std::string& says = "") {
  return "[app." + name + "]\n" + keys + "command = " + scripted_toml({"--name", name, "--say", says}) +
         "\nstop = { grace = \"2s\" }\n";
}

int count_of(const std::string& text, const std::string& part) {
  int count = 0;
  for (auto at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++count;
  return count;
}

const std::string kAddress = "listen = \"127.0.0.1:0\"\n";

}  // namespace

TEST_CASE(
    "events: states, phases, reports and reloads are told as they happen, and logs follow apps by them") {
  const std::string web = app("web", kAddress, "web is here");
  const std::string api = app("api", kAddress + "path = \"/api\"\n", "api is here");
  BerthProcess berth({.file = web});
  REQUIRE(berth.wait_serving());
  ChildProcess events({{"curl", "-sSN", "--unix-socket", berth.control(), "http://berth/v1/events"}, {}, {}});
  ChildProcess logs(berth.call_options("logs", {"-f"}));
  // In this order: each is there only once the one before has come.
  const auto tells = [&](const std::string& what) {
    const bool told = events.wait_output(what, 15s);
    CHECK_MESSAGE(told, what, " in ", events.out());
    return told;
  };
  CHECK(tells("{\"event\":\"state\",\"state\":\"serving\""));
  CHECK(logs.wait_output("web is here", 15s));
  CHECK(berth.call("restart").exit_code == 0);
  CHECK(tells("\"state\":\"swapping\""));
  CHECK(tells("{\"event\":\"phase\",\"generation\":2,\"phase\":\"switch\",\"state\":\"done\""));
  CHECK(tells("{\"event\":\"phase\",\"generation\":1,\"phase\":\"release\",\"state\":\"done\""));
  CHECK(
      tells("{\"event\":\"report\",\"report\":{\"id\":2,\"app\":\"web\",\"cause\":\"restart\",\"outcome\":"
            "\"done\""));
  for (int round = 1; round <= 2; ++round) {
    write_file(berth.file(), web + api);
    REQUIRE(berth.call("reload").exit_code == 0);
    CHECK(tells("\"text\":\"api: new\""));
    CHECK(tells("\"app\":\"api\""));
    CHECK(tells("{\"event\":\"reload\",\"result\":\"done\",\"exit_code\":0,\"reason\":\"\""));
    CHECK(wait_until([&] { return count_of(logs.out(), "api is here") == round; }, 15s));
    write_file(berth.file(), web);
    REQUIRE(berth.call("reload").exit_code == 0);
    CHECK(tells("{\"event\":\"state\",\"state\":\"gone\""));
  }
  CHECK(berth.call("swap").exit_code == 0);
  check_screen(berth.call("why"), {"`berth swap` asked for generation 3 in place of generation 2"});
  write_file(berth.file(), app("web", kAddress, "another"));
  REQUIRE(berth.call("reload").exit_code == 0);
  check_screen(berth.call("why"), {"the file, which was read again, asked for generation 4"});
  check_clean_stop(berth);
  CHECK(events.wait_exit(10s) == ExitStatus{false, 0});
  CHECK(logs.wait_exit(10s) == ExitStatus{false, 0});
}
