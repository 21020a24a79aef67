// Servers at a number of the user's own: they cannot run twice, and who takes the number meanwhile is named.
#include <doctest/doctest.h>

#include <optional>

#include "tests/e2e/attack.h"
#include "tests/support/held_socket.h"
#include "tests/support/temp_dir.h"
#include "tests/support/wait_until.h"

using namespace std::chrono_literals;
using namespace berth::test;

namespace {

BerthOptions at_number(std::uint16_t number, const Command& command) {
  return {.command = command, .more = {"--port", std::to_string(number)}};
}

}  // namespace

TEST_CASE("fixed port: twenty swaps under load fail no request, each on the user's number") {
  const auto number = free_number();
  BerthProcess berth(at_number(number, scripted({"--name", "first"})));
  REQUIRE(berth.wait_serving());
  berth::load::Load load(users_of(berth.port()));
  load.start();
  REQUIRE(wait_answers(load, 20));
  for (int i = 0; i < 20; ++i) {
    CAPTURE(i);
    const std::string name = "n" + std::to_string(i);
    const auto swap = berth.swap(scripted({"--name", name}));
    INFO(swap.all());
    REQUIRE(swap.exit_code == 0);
    CHECK(swap.all().find("on " + std::to_string(number) + " (fixed)") != std::string::npos);
    CHECK(who_answers(berth.port()) == name);
    CHECK(who_answers(number) == name);
    REQUIRE(wait_answers(load, 10));
  }
  check_nothing_failed(load.stop());
  check_clean_stop(berth);
}

TEST_CASE(
    "fixed port: taken by a stranger in a swap, its holder is named and requests wait until it is free") {
  TempDir dir;
  const auto number = free_number();
  BerthProcess berth(at_number(number, scripted({"--name", "old"})));
  REQUIRE(berth.wait_serving());
  berth::load::Load load(marked_users(berth.port()));
  load.start();
  REQUIRE(wait_answers(load, 20));
  ChildProcess swap(berth.call_options(
      "swap", {}, scripted({"--name", "new", "--announce", dir / "announced", "--go", dir / "go"})));
  REQUIRE(wait_number(dir / "announced") == number);
  std::optional<Thief> thief(std::in_place, Command{"0.0.0.0", "reuse-address"}, number);
  CHECK(thief->has_taken());
  write_file(dir / "go", "");
  CHECK(swap.wait_exit(20s) == ExitStatus{false, 1});
  INFO(swap.out(), swap.err(), berth.output());
  CHECK((swap.out() + swap.err()).find(thief->told(number)) != std::string::npos);
  CHECK((swap.out() + swap.err()).find("requests are held") != std::string::npos);
  // The old command is tried again, and finds the same.
  CHECK(berth.child().wait_output(
      "port " + std::to_string(number) + " is taken: held by pid " + std::to_string(thief->pid()), 10s));
  CHECK_FALSE(thief->was_asked());
  thief.reset();
  REQUIRE(wait_answers(load, 20));
  CHECK(who_answers(berth.port()) == "old");
  check_nothing_failed(load.stop());
  check_clean_stop(berth);
}

TEST_CASE(
    "fixed port: taken before the first start, its holder is named and requests wait until it is free") {
  const auto number = free_number();
  std::optional<Thief> thief(std::in_place, Command{"127.0.0.1"}, number);
  REQUIRE(thief->has_taken());
  BerthProcess berth(at_number(number, scripted({"--name", "first"})));
  CHECK(berth.child().wait_output(
      "port " + std::to_string(number) + " is taken: held by pid " + std::to_string(thief->pid()), 10s));
  CHECK_FALSE(thief->was_asked());
  thief.reset();
  CHECK(who_answers(berth.port()) == "first");
  check_clean_stop(berth);
}
