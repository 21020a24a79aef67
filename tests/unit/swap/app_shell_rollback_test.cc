// The shell around an old generation that is kept, and around the way back to what served before.
#include <doctest/doctest.h>

#include "proxy/swap/app_shell.h"
#include "tests/unit/swap/shell_stage.h"

namespace berth::swap {
namespace {

using Lines = std::vector<std::string>;
using Result = control::SwapResult::Kind;
using observe::SwapCause;
using observe::SwapOutcome;
using namespace std::chrono_literals;

control::SwapRequest back() {
  control::SwapRequest request;
  request.verb = control::SwapVerbKind::Rollback;
  return request;
}

Patience keeping() {
  Patience patience;
  patience.keep_old = 60s;
  return patience;
}

/// Serving generation 2 (serve v2) behind generation 1 (serve v1).
void serve_second(Stage& stage) {
  stage.serve_first();
  const auto handle = stage.shell->swap(to({"serve", "v2"}), {});
  stage.ready(2);
}

TEST_CASE("shell: a swap that keeps the old one is over at the switch") {
  Stage stage(keeping());
  stage.serve_first();
  Seen seen;
  const auto handle = stage.shell->swap(to({"serve", "v2"}), seen.watch());
  stage.poll();
  stage.plane.sums.held_total = 2;
  stage.ready(2);
  REQUIRE(seen.results.size() == 1);
  CHECK(seen.results[0].kind == Result::Done);
  CHECK(seen.results[0].report->requests_held == 2);
  CHECK(seen.results[0].report->notes ==
        Lines{"generation 1 is kept warm for 1m: `berth rollback` goes back to it"});
  CHECK(stage.made(1).calls == Lines{"start"});
  const control::AppStatus status = stage.status();
  REQUIRE(status.generations.size() == 2);
  CHECK(status.generations[1].state == "warm");
}

TEST_CASE("shell: a rollback to the warm one is a switch, with a report of its own") {
  Stage stage(keeping());
  serve_second(stage);
  Seen seen;
  const auto handle = stage.shell->swap(back(), seen.watch());
  stage.poll();
  CHECK(stage.plane.calls.at(2) == "switch 1 127.0.0.1:41501");
  CHECK(seen.lines.at(2) == "switched");
  CHECK(stage.made(1).calls == Lines{"start"});
  stage.gone(2);
  REQUIRE(seen.results.size() == 1);
  CHECK(seen.results[0].kind == Result::Done);
  const observe::SwapReport& report = *seen.results[0].report;
  CHECK(report.cause == SwapCause::Rollback);
  CHECK(report.from == Generation{2});
  CHECK(report.to == Generation{1});
  CHECK(report.command == Lines{"serve", "v1"});
  // The report of the swap before it is over, too.
  const auto reports = stage.shell->reports();
  CHECK(reports.at(1).notes.back() == "generation 1 was gone back to");
  CHECK_FALSE(reports.at(1).retiring);
  CHECK(stage.status().command == Lines{"serve", "v1"});
}

TEST_CASE("shell: a rollback without a warm one starts the previous command where and as it was") {
  Stage stage;
  stage.serve_first();
  const auto swap = stage.shell->swap({.command = {"serve", "v2"}, .dir = "/two", .env = {{"A", "b"}}}, {});
  stage.ready(2);
  stage.gone(1);
  Seen seen;
  const auto handle = stage.shell->swap(back(), seen.watch());
  stage.poll();
  const backend::LaunchSpec& spec = stage.made(3).spec;
  CHECK(spec.command == Lines{"serve", "v1"});
  CHECK(spec.dir == "/srv");
  CHECK(spec.env == std::map<std::string, std::string>{{"MODE", "dev"}});
  stage.ready(3);
  stage.gone(2);
  REQUIRE(seen.results.size() == 1);
  CHECK(seen.results[0].report->cause == SwapCause::Rollback);
  // And once more: what was left behind is what served before now.
  const auto again = stage.shell->swap(back(), {});
  stage.poll();
  CHECK(stage.made(4).spec.command == Lines{"serve", "v2"});
  CHECK(stage.made(4).spec.dir == "/two");
}

TEST_CASE("shell: a rollback to nothing, or to the same, is refused and says so") {
  Stage stage;
  stage.serve_first();
  Seen nothing;
  const auto first = stage.shell->swap(back(), nothing.watch());
  REQUIRE(nothing.results.size() == 1);
  CHECK(nothing.results[0].kind == Result::Refused);
  CHECK(nothing.results[0].reason ==
        "no other command has served before: there is nothing to go back to, and `berth restart` starts the "
        "same "
        "anew");
  const auto restart = stage.shell->swap(again(), {});
  stage.ready(2);
  stage.gone(1);
  Seen same;
  const auto second = stage.shell->swap(back(), same.watch());
  REQUIRE(same.results.size() == 1);
  CHECK(same.results[0].reason.starts_with("no other command has served before"));
  CHECK(stage.launcher.made.size() == 2);
}

TEST_CASE("shell: a rollback waits behind no swap") {
  Stage stage;
  serve_second(stage);
  const auto swap = stage.shell->swap(to({"serve", "v3"}), {});
  Seen seen;
  const auto handle = stage.shell->swap(back(), seen.watch());
  REQUIRE(seen.results.size() == 1);
  CHECK(seen.results[0].kind == Result::Refused);
}

TEST_CASE("shell: a new one that crashes while the old one is warm is rolled back, in one report") {
  Stage stage(keeping());
  serve_second(stage);
  stage.says(2).on_exited({2}, {.signalled = false, .value = 3});
  stage.poll();
  stage.gone(2);
  CHECK(stage.plane.calls ==
        Lines{"switch 1 127.0.0.1:41501", "switch 2 127.0.0.1:41502", "switch 1 127.0.0.1:41501"});
  const observe::SwapReport report = stage.shell->reports().at(0);
  CHECK(report.cause == SwapCause::Crash);
  CHECK(report.from == Generation{2});
  CHECK(report.to == Generation{1});
  CHECK(report.outcome == SwapOutcome::Done);
  CHECK(stage.owner.logged.at(stage.owner.logged.size() - 5) ==
        "ended by itself: exit 3; back to generation 1");
  CHECK(stage.status().state == "serving");
}

TEST_CASE("shell: a warm one whose time is over retires in the report of its swap") {
  Patience patience;
  patience.keep_old = 30ms;
  Stage stage(patience);
  serve_second(stage);
  CHECK(stage.wait_for([&] { return stage.made(1).calls == Lines{"start", "stop"}; }));
  stage.gone(1);
  const observe::SwapReport report = stage.shell->reports().at(0);
  CHECK(report.to == Generation{2});
  CHECK_FALSE(report.retiring);
  CHECK(report.phases.back().name == observe::PhaseName::Release);
}

}  // namespace
}  // namespace berth::swap
