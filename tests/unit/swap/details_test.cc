#include "proxy/swap/details.h"

#include <doctest/doctest.h>

#include <csignal>

namespace berth::swap {
namespace {

using namespace std::chrono_literals;

TEST_CASE("details: a start names pid, port and mode") {
  CHECK(start_detail({.pid = 4132, .told = Endpoint::loopback_v4(41507), .mode = "lease"}) ==
        "pid 4132 on 41507 (lease)");
  CHECK(start_detail({.pid = 4132, .told = {}, .mode = ""}) == "pid 4132");
}

TEST_CASE("details: a ready check that was followed says where") {
  CHECK(ready_detail({.endpoint = Endpoint::loopback_v4(5174), .check = "GET / 200"}) == "GET / 200");
  CHECK(ready_detail({.endpoint = Endpoint::loopback_v6(5174), .followed = true, .check = "GET / 200"}) ==
        "GET / 200 on [::1]:5174, where it listens");
}

TEST_CASE("details: a drain counts what finished and what was cut, and why") {
  CHECK(drain_detail(http::DrainOutcome{.finished = 12}, CutCause::None) == "12 requests finished");
  CHECK(drain_detail(http::DrainOutcome{.finished = 1}, CutCause::Deadline) == "1 request finished");
  CHECK(drain_detail(http::DrainOutcome{.finished = 12, .cut = 3}, CutCause::Deadline) ==
        "12 requests finished, 3 cut at the drain deadline");
  CHECK(drain_detail(http::DrainOutcome{.cut = 2}, CutCause::Hurry) ==
        "0 requests finished, 2 cut because it was hurried");
  CHECK(drain_detail(std::nullopt, CutCause::Deadline) ==
        "a worker did not tell its end at the drain deadline");
}

TEST_CASE("details: a stop says how it ended and whether it had to be killed") {
  const StopConfig config;
  const backend::Stopped quiet{.exit = {.signalled = false, .value = 0}, .descendants = {}};
  CHECK(stop_detail(quiet, config, {}, KillCause::None) == "exit 0 after TERM");
  const backend::Stopped obedient{.exit = {.signalled = true, .value = SIGTERM}, .descendants = {}};
  CHECK(stop_detail(obedient, config, {}, KillCause::None) == "ended by TERM");
  backend::Stopped killed{.exit = {.signalled = true, .value = SIGKILL}, .killed = true, .descendants = {}};
  CHECK(stop_detail(killed, config, {}, KillCause::None) == "killed after the grace of 10 s");
  CHECK(stop_detail(killed, {.signal = SIGTERM, .grace = 250ms}, {}, KillCause::None) ==
        "killed after the grace of 250 ms");
  CHECK(stop_detail(killed, config, {}, KillCause::Force) == "killed at once");
  CHECK(stop_detail(quiet, config, backend::ExitStatus{.signalled = false, .value = 3}, KillCause::None) ==
        "exit 3 by itself");
  killed.descendants = {"pid 7 sleep", "pid 8 sleep", "pid 9 sleep", "pid 10 sleep"};
  CHECK(stop_detail(killed, config, {}, KillCause::None) ==
        "killed after the grace of 10 s; 4 descendants killed: pid 7 sleep, pid 8 sleep, pid 9 sleep, ...");
}

}  // namespace
}  // namespace berth::swap
