// The load client's pace: open loop keeps to its due times and shows a stall as latency.
#include <doctest/doctest.h>

#include <csignal>
#include <stdexcept>
#include <thread>

#include "bench/load/load.h"
#include "tests/support/berth_process.h"
#include "tests/support/child_process.h"
#include "tests/support/wait_until.h"

using namespace std::chrono_literals;
using namespace berth::load;

TEST_CASE("load client: an open loop sends at its rate and counts a stall from the due times") {
  berth::test::ChildProcess server({berth::test::scripted(), {}, {{"PORT", "0"}}});
  REQUIRE(server.wait_output("listening", 10s));
  LoadPlan plan;
  plan.port = berth::test::listening_port(server.out()).value();
  plan.keep_alive_lanes = 4;
  plan.fresh_lanes = 2;
  plan.fresh_share = 0.2;
  plan.rate = 200;
  Load load(plan);
  load.start();
  CHECK(berth::test::wait_until([&] { return load.answered() >= 50; }, 10s));
  server.signal(SIGSTOP);
  // The stall itself is what is measured.
  std::this_thread::sleep_for(400ms);
  server.signal(SIGCONT);
  const auto before = load.answered();
  CHECK(berth::test::wait_until([&] { return load.answered() >= before + 100; }, 10s));
  const auto result = load.stop();
  INFO(result.text());
  CHECK(result.failed() == 0);
  CHECK(result.latency.max() >= 300ms);
  // All that were due within the stall are late, not only the six that the lanes could send.
  const auto late = result.latency.percentile(100.0 - 100.0 * 30.0 / static_cast<double>(result.ok));
  CHECK(late >= 150ms);
  CHECK(result.longest_gap >= 300ms);
}

TEST_CASE("load client: plans without meaning are refused") {
  LoadPlan plan;
  plan.keep_alive_lanes = 0;
  CHECK_THROWS_AS(Load{plan}, std::invalid_argument);
  plan.keep_alive_lanes = 1;
  plan.rate = 10;
  plan.fresh_share = 0.5;
  CHECK_THROWS_AS(Load{plan}, std::invalid_argument);
  plan.rate = 0;
  plan.address = "not an address";
  CHECK_THROWS_AS(Load{plan}, std::invalid_argument);
}
