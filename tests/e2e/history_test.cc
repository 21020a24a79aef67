// What has served, numbered, and the way back to each of it.
#include <doctest/doctest.h>

#include "tests/e2e/checks.h"
#include "tests/support/raw_client.h"

using namespace std::chrono_literals;
using namespace berth::test;

TEST_CASE("history: a rollback after a restart goes to the last other command, and to any by its number") {
  BerthProcess berth({.command = scripted({"--name", "one"})});
  REQUIRE(berth.wait_serving());
  const auto nothing = berth.call("rollback");
  CHECK(nothing.exit_code == 1);
  check_screen(nothing, {"no other command has served before"});
  CHECK(berth.swap(scripted({"--name", "two"})).exit_code == 0);
  CHECK(berth.call("restart").exit_code == 0);
  const auto rollback = berth.call("rollback");
  CHECK(rollback.exit_code == 0);
  check_screen(rollback, {"done: serving generation 4", "--name one in "});
  CHECK(who_answers(berth.port()) == "one");
  CHECK(berth.swap(scripted({"--name", "three"})).exit_code == 0);

  const auto history = berth.call("history");
  CHECK(history.exit_code == 0);
  check_screen(history, {"no.", "outcome", "--name three", "serves", "--name two", "2-3", "replaced"});
  const std::string json = berth.call("history", {"--json"}).out;
  CHECK(json.starts_with("{\"history\":[{\"number\":4,"));
  CHECK(json.find("\"outcome\":\"serving\"") != std::string::npos);

  CHECK(berth.call("rollback", {"--to", "2"}).exit_code == 0);
  CHECK(who_answers(berth.port()) == "two");
  const auto none = berth.call("rollback", {"--to", "77"});
  CHECK(none.exit_code == 1);
  check_screen(none, {"has no command 77", "berth history"});
  CHECK(berth.call("rollback", {"--to", "two"}).exit_code == 2);
  check_clean_stop(berth);
}

TEST_CASE("history: a newer swap takes the place of one that is not ready, and the older caller is told") {
  BerthProcess berth({.command = scripted({"--name", "one"}), .ready_timeout = "60s"});
  REQUIRE(berth.wait_serving());
  ChildProcess older(berth.call_options("swap", {}, scripted({"--never-listen"})));
  REQUIRE(older.wait_output("start", 15s));
  const auto newer = berth.swap(scripted({"--name", "two"}));
  CHECK(newer.exit_code == 0);
  check_screen(newer, {"takes the place of the swap to generation 2"});
  CHECK(older.wait_exit(20s) == ExitStatus{.signalled = false, .value = 1});
  CHECK(older.out().find("superseded: a newer swap took its place before it was ready") != std::string::npos);
  CHECK(who_answers(berth.port()) == "two");
  check_clean_stop(berth);
}

TEST_CASE("history: with --no-queue a swap that runs is not disturbed") {
  BerthProcess berth({.command = scripted({"--name", "one"}), .ready_timeout = "60s"});
  REQUIRE(berth.wait_serving());
  ChildProcess older(berth.call_options("swap", {}, scripted({"--never-listen"})));
  REQUIRE(older.wait_output("start", 15s));
  const auto newer = berth.call("swap", {"--no-queue"}, scripted({"--name", "two"}));
  CHECK(newer.exit_code == 1);
  check_screen(newer, {"refused: a swap is running"});
  CHECK(berth.call("cancel").exit_code == 0);
  CHECK(older.wait_exit(20s).has_value());
  CHECK(who_answers(berth.port()) == "one");
  check_clean_stop(berth);
}
