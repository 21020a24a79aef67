// The way back: by command, and by berth itself while the old one is kept warm.
#include <doctest/doctest.h>

#include <csignal>

#include "tests/e2e/checks.h"
#include "tests/support/raw_client.h"
#include "tests/support/wait_until.h"

using namespace std::chrono_literals;
using namespace berth::test;

namespace {

std::string web(const std::string& keys, const std::vector<std::string>& options = {"--name", "one"}) {
  return "[app.web]\nlisten = \"127.0.0.1:0\"\ncommand = " + scripted_toml(options) +
         "\nstop = { grace = \"2s\" }\n" + keys;
}

bool answers(std::uint16_t port, const std::string& who) {
  return wait_until([&] { return who_answers(port) == who; }, 15s);
}

}  // namespace

TEST_CASE("rollback: to a kept one is a switch to the very same process, and no user notices") {
  BerthProcess berth({.file = web("keep_old = \"10m\"\n", {})});
  REQUIRE(berth.wait_serving());
  const std::string first = who_answers(berth.port());  // its pid
  berth::load::Load load(users_of(berth.port()));
  load.start();
  REQUIRE(wait_answers(load, 50));
  const auto swap = berth.swap(scripted({"--name", "two"}));
  CHECK(swap.exit_code == 0);
  check_screen(swap, {"kept warm for 10m", "berth rollback"});
  CHECK(who_answers(berth.port()) == "two");
  check_screen(berth.call("status"), {"warm"});
  REQUIRE(wait_answers(load, 50));
  const auto rollback = berth.call("rollback");
  CHECK(rollback.exit_code == 0);
  check_screen(rollback, {"serving generation 1", "generation 2"});
  CHECK(who_answers(berth.port()) == first);
  REQUIRE(wait_answers(load, 50));
  check_screen(berth.call("why"), {"asked by `berth rollback`"});
  check_nothing_failed(load.stop());
  check_clean_stop(berth);
}

TEST_CASE("rollback: without a kept one the previous command is started, and no user notices") {
  BerthProcess berth({.file = web("")});
  REQUIRE(berth.wait_serving());
  const auto nothing = berth.call("rollback");
  CHECK(nothing.exit_code == 1);
  check_screen(nothing, {"no other command has served before"});
  CHECK(berth.swap(scripted({"--name", "two"})).exit_code == 0);
  berth::load::Load load(users_of(berth.port()));
  load.start();
  REQUIRE(wait_answers(load, 50));
  const auto rollback = berth.call("rollback");
  CHECK(rollback.exit_code == 0);
  check_screen(rollback, {"generation 3"});
  CHECK(who_answers(berth.port()) == "one");
  REQUIRE(wait_answers(load, 20));
  check_nothing_failed(load.stop());
  CHECK(berth.call("restart").exit_code == 0);
  // What was started again is no other command.
  CHECK(berth.call("rollback").exit_code == 0);
  CHECK(who_answers(berth.port()) == "two");
  check_clean_stop(berth);
}

TEST_CASE("rollback: a new one that dies while the old one is kept is rolled back by berth") {
  BerthProcess berth({.file = web("keep_old = \"10m\"\n")});
  REQUIRE(berth.wait_serving());
  const std::string pids = berth.dir() / "pids";
  CHECK(berth.swap(scripted({"--name", "two", "--pid-file", pids})).exit_code == 0);
  REQUIRE(who_answers(berth.port()) == "two");
  for (const Process& each : recorded(pids)) ::kill(each.pid, SIGKILL);
  CHECK(answers(berth.port(), "one"));
  const auto why = berth.call("why");
  check_screen(why, {"generation 2 ended by itself", "serving generation 1"});
  check_clean_stop(berth);
}

TEST_CASE("rollback: one that was kept for its time is gone") {
  BerthProcess berth({.file = web("keep_old = \"300ms\"\n", {"--name", "one"})});
  REQUIRE(berth.wait_serving());
  CHECK(berth.swap(scripted({"--name", "two"})).exit_code == 0);
  CHECK(wait_until([&] { return berth.call("status").out.find("warm") == std::string::npos; }, 15s));
  const auto why = berth.call("why");
  check_screen(why, {"kept warm for 300ms"});
  check_clean_stop(berth);
}
