// A few swaps of the scripted backend, short enough for the sanitizer builds.
#include <doctest/doctest.h>

#include <csignal>

#include "tests/e2e/checks.h"
#include "tests/support/raw_client.h"
#include "tests/support/temp_dir.h"

using namespace std::chrono_literals;
using namespace berth::test;

TEST_CASE("swap: users of every kind see no failure, and the new command answers") {
  BerthProcess berth({.command = scripted({"--name", "one"})});
  REQUIRE(berth.wait_serving());
  CHECK(who_answers(berth.port()) == "one");
  berth::load::Load load(users_of(berth.port()));
  load.start();
  REQUIRE(wait_answers(load, 50));
  for (const std::string name : {"two", "three", "four"}) {
    const auto swap = berth.swap(scripted({"--name", name}));
    INFO(swap.all());
    CHECK(swap.exit_code == 0);
    CHECK(who_answers(berth.port()) == name);
    REQUIRE(wait_answers(load, 20));
  }
  check_nothing_failed(load.stop());
  check_clean_stop(berth);
}

TEST_CASE("swap: a server that closes after each answer") {
  BerthProcess berth({.command = scripted({"--close", "--name", "one"})});
  REQUIRE(berth.wait_serving());
  berth::load::Load load(users_of(berth.port()));
  load.start();
  REQUIRE(wait_answers(load, 50));
  const auto swap = berth.swap();
  INFO(swap.all());
  CHECK(swap.exit_code == 0);
  REQUIRE(wait_answers(load, 50));
  check_nothing_failed(load.stop());
  check_clean_stop(berth);
}

TEST_CASE("swap: a server that drops idle connections early") {
  BerthProcess berth({.command = scripted({"--idle-close", "3", "--name", "one"})});
  REQUIRE(berth.wait_serving());
  auto plan = users_of(berth.port(), Posts::None);
  plan.pause = 3ms;
  berth::load::Load load(plan);
  load.start();
  REQUIRE(wait_answers(load, 300));
  check_nothing_failed(load.stop());
  check_clean_stop(berth);
}

TEST_CASE("swap: a request in flight is finished by the old one") {
  BerthProcess berth({.command = scripted({"--name", "old"})});
  REQUIRE(berth.wait_serving());
  RawClient slow(berth.port());
  slow.send("GET /slow?1500 HTTP/1.1\r\nHost: localhost\r\n\r\n");
  ChildProcess swap(berth.call_options("swap", {}, scripted({"--name", "new"})));
  REQUIRE(swap.wait_output("switch", 10s));
  CHECK(who_answers(berth.port()) == "new");
  const auto response = slow.read_response();
  CHECK(response.complete);
  CHECK(response.body == "old\n");
  // The same connection goes on, to the new one.
  slow.send("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n");
  CHECK(slow.read_response().body == "new\n");
  const auto exit = swap.wait_exit(15s);
  INFO(swap.out(), swap.err());
  CHECK(exit == ExitStatus{false, 0});
  check_clean_stop(berth);
}

TEST_CASE("swap: of several that are asked for before one is ready the newest wins") {
  const TempDir dir;
  BerthProcess berth({.command = scripted({"--name", "zero"})});
  REQUIRE(berth.wait_serving());
  // Neither is ever ready: the file that each waits for does not come.
  ChildProcess first(berth.call_options(
      "swap", {}, scripted({"--name", "first", "--announce", dir / "port", "--go", dir / "go"})));
  REQUIRE(first.wait_output("start", 10s));
  const auto refused = berth.call("swap", {"--no-queue"}, scripted({"--name", "refused"}));
  CHECK(refused.exit_code == 1);
  ChildProcess second(berth.call_options(
      "swap", {}, scripted({"--name", "second", "--announce", dir / "port 2", "--go", dir / "go"})));
  REQUIRE(second.wait_output("queue", 10s));
  ChildProcess third(berth.call_options("swap", {}, scripted({"--name", "third"})));
  const auto second_exit = second.wait_exit(15s);  // as soon as the third has its place
  INFO(second.out(), second.err());
  CHECK(second_exit == ExitStatus{false, 1});
  CHECK(first.wait_exit(15s) == ExitStatus{false, 1});
  CHECK(third.wait_exit(15s) == ExitStatus{false, 0});
  CHECK(who_answers(berth.port()) == "third");
  check_clean_stop(berth);
}
