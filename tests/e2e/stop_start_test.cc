// Apps that cannot run twice: the old one ends first, requests wait, and a swap that fails brings the old
// command back.
#include <doctest/doctest.h>

#include <csignal>

#include "tests/e2e/checks.h"
#include "tests/support/temp_dir.h"
#include "tests/support/wait_until.h"

using namespace std::chrono_literals;
using namespace berth::test;

namespace {

BerthOptions stop_start(const Command& command) {
  return {.command = command, .more = {"--swap", "stop-start"}};
}

/// A backend that leaves the file `alone` behind while it runs: two of them at once would be seen.
Command lonely(const TempDir& dir, const std::string& name) {
  return {"/bin/sh", "-c",
          "mkdir '" + (dir / "alone") +
              "' || { echo two run at once >&2; exit 9; }\n"
              "trap 'kill $!; wait; rmdir \"" +
              (dir / "alone") + "\"; exit 0' TERM\n" + scripted().front() + " --name " + name + " & wait"};
}

}  // namespace

TEST_CASE("stop-start: twenty swaps under load of a server that may not run twice fail no request") {
  TempDir dir;
  BerthProcess berth(stop_start(lonely(dir, "first")));
  REQUIRE(berth.wait_serving());
  berth::load::Load load(users_of(berth.port()));
  load.start();
  REQUIRE(wait_answers(load, 20));
  for (int i = 0; i < 20; ++i) {
    CAPTURE(i);
    const auto swap = berth.swap(lonely(dir, "n" + std::to_string(i)));
    INFO(swap.all());
    REQUIRE(swap.exit_code == 0);
    REQUIRE(swap.all().find("drain") < swap.all().find("start"));
    CHECK(who_answers(berth.port()) == "n" + std::to_string(i));
    REQUIRE(wait_answers(load, 10));
  }
  check_nothing_failed(load.stop());
  check_clean_stop(berth);
}

TEST_CASE("stop-start: a swap that fails brings the old command back and says so") {
  BerthProcess berth(stop_start(scripted({"--name", "old"})));
  REQUIRE(berth.wait_serving());
  berth::load::Load load(users_of(berth.port()));
  load.start();
  REQUIRE(wait_answers(load, 20));
  const auto swap = berth.swap(scripted({"--exit", "7", "--say", "cannot read settings.ini"}));
  CHECK(swap.exit_code == 1);
  const std::vector<std::string> told{"exit 7", "cannot read settings.ini",
                                      "the command of generation 1 was started again: generation 3 serves"};
  check_screen(swap, told);
  check_screen(berth.call("why"), told);
  CHECK(who_answers(berth.port()) == "old");
  REQUIRE(wait_answers(load, 20));
  check_nothing_failed(load.stop());
  check_clean_stop(berth);
}

TEST_CASE("stop-start: a cancel while the new one starts brings the old command back") {
  BerthProcess berth(
      {.command = scripted({"--name", "old"}), .ready_timeout = "60s", .more = {"--swap", "stop-start"}});
  REQUIRE(berth.wait_serving());
  ChildProcess swap(berth.call_options("swap", {}, scripted({"--never-listen"})));
  REQUIRE(swap.wait_output("start", 10s));
  CHECK(berth.call("status").all().find("swapping") != std::string::npos);
  CHECK(berth.call("cancel").exit_code == 0);
  CHECK(swap.wait_exit(15s) == ExitStatus{false, 1});
  CHECK((swap.out() + swap.err()).find("was started again") != std::string::npos);
  CHECK(who_answers(berth.port()) == "old");
  check_clean_stop(berth);
}

TEST_CASE("stop-start: berth stopped while requests are held leaves nothing behind") {
  BerthProcess berth(
      {.command = scripted({"--name", "old"}), .ready_timeout = "60s", .more = {"--swap", "stop-start"}});
  REQUIRE(berth.wait_serving());
  ChildProcess swap(berth.call_options("swap", {}, scripted({"--never-listen"})));
  REQUIRE(swap.wait_output("start", 10s));
  check_clean_stop(berth);
  CHECK(swap.wait_exit(10s).has_value());
}
