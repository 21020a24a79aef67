// Clients of others that follow a stream over swaps: they come back to the new server, and miss nothing that
// it replays.
#include <doctest/doctest.h>

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <csignal>

#include "tests/e2e/checks.h"
#include "tests/support/temp_dir.h"
#include "tests/support/wait_until.h"

using namespace std::chrono_literals;
using namespace berth::test;

namespace {

constexpr int kSwaps = 3;

BerthOptions replay(const TempDir& dir) {
  return {.file =
              "[app.web]\nlisten = \"127.0.0.1:0\"\nstop = { grace = \"2s\" }\nlong_grace = \"100ms\"\n"
              "command = [\"/usr/bin/python3\", \"" +
              app_path("replay.py") + "\", \"{port}\", \"" + dir / "report" + "\"]\n"};
}

}  // namespace

TEST_CASE("replay: python3-websockets is told 1012 at each swap, comes back, and misses nothing") {
  TempDir dir;
  BerthProcess berth(replay(dir));
  REQUIRE(berth.wait_serving());
  ChildProcess client({.command = {"/usr/bin/python3", app_path("web_socket_client.py"),
                                   std::to_string(berth.port()), std::to_string(kSwaps)}});
  REQUIRE(client.wait_output("following", 10s));
  for (int i = 0; i < kSwaps; ++i) {
    const auto swap = berth.swap();
    INFO(swap.all());
    CHECK(swap.exit_code == 0);
  }
  CHECK(client.wait_exit(30s) == ExitStatus{false, 0});
  INFO(client.err());
  CHECK(client.out() == "following\ncodes [1012, 1012, 1012] gaps 0\n");
  check_clean_stop(berth);
}

TEST_CASE("replay: a browser's EventSource and WebSocket come back by themselves, and miss nothing") {
  TempDir dir;
  BerthProcess berth(replay(dir));
  REQUIRE(berth.wait_serving());
  ChildProcess browser({.command = {"/usr/bin/chromium", "--headless", "--no-sandbox", "--disable-gpu",
                                    "--disable-dev-shm-usage", "--user-data-dir=" + dir / "profile",
                                    "http://127.0.0.1:" + std::to_string(berth.port()) + "/"}});
  boost::json::object report;
  std::int64_t events = 0;
  /// Both have been opened `times` times, and have had something since.
  const auto opened = [&](int times) {
    const std::string text = read_file(dir / "report");
    boost::system::error_code broken;
    const auto value = boost::json::parse(text, broken);
    if (broken || !value.is_object()) return false;
    report = value.as_object();
    const auto& counts = report.at("counts").as_array();
    const bool more = counts[0].as_int64() > events;
    const auto& all = report.at("opened").as_object();
    if (!more || all.at("events").as_int64() < times || all.at("ws").as_int64() < times) return false;
    events = counts[0].as_int64();
    return true;
  };
  REQUIRE(wait_until([&] { return opened(1); }, 30s));
  for (int i = 0; i < kSwaps; ++i) {
    const auto swap = berth.swap();
    INFO(swap.all());
    CHECK(swap.exit_code == 0);
    REQUIRE(wait_until([&] { return opened(i + 2); }, 15s));
  }
  INFO(boost::json::serialize(report));
  CHECK(report.at("codes") == boost::json::array{"1012 clean", "1012 clean", "1012 clean"});
  CHECK(report.at("gaps") == boost::json::array{0, 0});
  browser.signal(SIGTERM);
  CHECK(browser.wait_exit(15s).has_value());
  check_clean_stop(berth);
}
