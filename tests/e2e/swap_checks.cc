#include "tests/e2e/swap_checks.h"

#include <doctest/doctest.h>

#include <algorithm>

#include "tests/support/wait_until.h"

using namespace std::chrono_literals;

namespace berth::test {
namespace {

constexpr int kWarmUp = 4;
constexpr int kSwaps = 20;

BerthOptions served(const ServerCase& server) {
  return {.command = server.command,
          .ready_timeout = "60s",
          .more = server.more,
          .dir = server.dir,
          .env = server.env};
}

}  // namespace

void swap_under_load(BerthProcess& berth, const ServerCase& server, int count) {
  berth::load::Load load(users_of(berth.port(), server.posts));
  load.start();
  REQUIRE(wait_answers(load, 20));
  for (int i = 0; i < count; ++i) {
    CAPTURE(i);
    const auto old = descendants(berth.pid());
    auto options = berth.call_options("swap", {}, i % 2 == 0 ? Command{} : server.command);
    options.dir = server.dir;
    const auto swap = run_command(options);
    INFO(swap.all(), berth.child().wait_exit(0ms) ? "berth has ended" : "");
    REQUIRE(swap.exit_code == 0);
    CHECK(swap.all().find("free") != std::string::npos);
    const auto same = std::count_if(old.begin(), old.end(), still_runs);
    INFO("before: ", text(old), "\nnow: ", text(descendants(berth.pid())));
    CHECK(same == 0);
    if (!server.helpers) CHECK(descendants(berth.pid()).size() == old.size());
    REQUIRE(wait_answers(load, 10));
  }
  check_nothing_failed(load.stop());
}

void check_some_swaps(const ServerCase& server, int count) {
  BerthProcess berth(served(server));
  REQUIRE_MESSAGE(berth.wait_serving(60s), berth.output());
  CHECK(who_answers(berth.port()).starts_with(server.greeting));
  swap_under_load(berth, server, count);
  check_clean_stop(berth);
}

void check_twenty_swaps(const ServerCase& server) {
  BerthProcess berth(served(server));
  REQUIRE_MESSAGE(berth.wait_serving(60s), berth.output());
  CHECK(who_answers(berth.port()).starts_with(server.greeting));
  swap_under_load(berth, server, kWarmUp);
  // Idle connections to the backend leave after some seconds: what counts is where it settles.
  wait_until([&] { return open_descriptors(berth.pid()) <= 40; }, 6s);
  const auto descriptors = open_descriptors(berth.pid());
  const auto resident = resident_kib(berth.pid());
  swap_under_load(berth, server, kSwaps);
  CHECK(wait_until([&] { return open_descriptors(berth.pid()) <= descriptors; }, 10s));
  INFO("descriptors ", descriptors, " then ", open_descriptors(berth.pid()), ", KiB ", resident, " then ",
       resident_kib(berth.pid()));
  CHECK(open_descriptors(berth.pid()) <= descriptors);
  CHECK(resident_kib(berth.pid()) <= resident + std::max<std::size_t>(resident / 5, 4096));
  check_clean_stop(berth);
}

}  // namespace berth::test
