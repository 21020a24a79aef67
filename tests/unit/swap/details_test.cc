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

TEST_CASE("details: a drain counts by kind what finished, what was ended and what was cut, and why") {
  using observe::Carried;
  const auto requests = [](std::uint64_t finished, std::uint64_t cut) {
    http::DrainOutcome outcome;
    outcome.of(Carried::Request) = {.finished = finished, .cut = cut};
    return outcome;
  };
  CHECK(drain_detail(requests(12, 0), CutCause::None) == "12 requests finished");
  CHECK(drain_detail(requests(0, 0), CutCause::None) == "0 requests finished");
  CHECK(drain_detail(requests(1, 0), CutCause::Deadline) == "1 request finished");
  CHECK(drain_detail(requests(12, 3), CutCause::Deadline) ==
        "12 requests finished, 3 requests cut at the drain deadline");
  CHECK(drain_detail(requests(0, 2), CutCause::Hurry) ==
        "0 requests finished, 2 requests cut because it was hurried");
  http::DrainOutcome all = requests(1, 1);
  all.of(Carried::EventStream) = {.finished = 2, .ended = 3, .cut = 4};
  all.of(Carried::WebSocket) = {.ended = 1};
  all.of(Carried::Tunnel) = {.cut = 1};
  CHECK(drain_detail(all, CutCause::Deadline) ==
        "1 request and 2 event streams finished, 1 WebSocket closed with 1012, 3 event streams ended, "
        "1 request, 4 event streams and 1 tunnel cut at the drain deadline");
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
