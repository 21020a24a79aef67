#include <doctest/doctest.h>

#include "proxy/swap/app_shell.h"
#include "tests/unit/swap/shell_stage.h"

namespace berth::swap {
namespace {

using Lines = std::vector<std::string>;
using Result = control::SwapResult::Kind;
using Verdict = backend::ReleaseCertificate::Verdict;
using observe::SwapCause;
using observe::SwapOutcome;
using namespace std::chrono_literals;

TEST_CASE("shell: a candidate that exits leaves the old one serving and says why") {
  Stage stage;
  stage.serve_first();
  Seen seen;
  const auto handle = stage.shell->swap(to({"v2"}), seen.watch());
  stage.fail(2);
  CHECK(stage.made(2).calls == Lines{"start", "stop"});
  CHECK(stage.shell->reports()[0].outcome == SwapOutcome::Running);
  stage.gone(2);
  REQUIRE(seen.results.size() == 1);
  CHECK(seen.results[0].kind == Result::Failed);
  CHECK(seen.results[0].reason == "it ended: exit 1");
  const observe::SwapReport& report = *seen.results[0].report;
  CHECK(report.outcome == SwapOutcome::Failed);
  CHECK(report.hint == "look at line 3");
  CHECK(report.last_lines == Lines{"ImportError"});
  CHECK(seen.lines == Lines{"2 start ...", "2 start done: pid 4002 on 41502 (lease)", "2 ready ...",
                            "2 ready failed: it ended: exit 1", "2 stop ...", "2 stop done: exit 1 by itself",
                            "2 release ...", "2 release done: 41502 strictly free"});
  CHECK(stage.status().state == "serving");
  CHECK(stage.made(1).calls == Lines{"start"});
}

TEST_CASE("shell: a command that cannot be executed was never there to be stopped") {
  Stage stage;
  stage.serve_first();
  Seen seen;
  const auto handle = stage.shell->swap(to({"v2"}), seen.watch());
  backend::StartFailure failure;
  failure.kind = backend::StartFailure::Kind::Exec;
  failure.what = "v2: no such file";
  stage.says(2).on_start_failed({2}, failure);
  stage.says(2).on_stopped({2}, {.exit = {}, .ran = false, .descendants = {}});
  stage.poll();
  CHECK(seen.lines.at(1) == "2 start failed: v2: no such file");
  CHECK(seen.lines.at(3) == "2 stop done: it never ran");
}

TEST_CASE("shell: a cancelled swap ends as cancelled") {
  Stage stage;
  stage.serve_first();
  CHECK_FALSE(stage.shell->cancel());
  Seen seen;
  const auto handle = stage.shell->swap(to({"v2"}), seen.watch());
  stage.started(2);
  CHECK(stage.shell->cancel());
  CHECK_FALSE(stage.shell->cancel());
  stage.gone(2);
  REQUIRE(seen.results.size() == 1);
  CHECK(seen.results[0].kind == Result::Failed);
  CHECK(seen.results[0].report->outcome == SwapOutcome::Cancelled);
}

TEST_CASE("shell: a cancelled first start refuses requests with what it waits for, and says so") {
  Stage stage;
  stage.shell->start();
  stage.started(1);
  CHECK(stage.shell->cancel());
  stage.gone(1);
  const std::string waits = "waiting for `berth swap` or `berth restart`";
  CHECK(stage.plane.calls.back() == "refuse: cancelled: " + waits);
  CHECK(stage.status().state == "cancelled");
  CHECK(stage.shell->reports().front().outcome == SwapOutcome::Cancelled);
  CHECK(stage.shell->reports().front().reason == waits);
  CHECK(stage.shell->reports().front().notes.empty());
  CHECK_FALSE(stage.shell->cancel());
  Seen seen;
  const auto handle = stage.shell->swap(again(), seen.watch());
  CHECK(stage.plane.calls.back() == "hold");
  stage.ready(2);
  CHECK(stage.status().state == "serving");
}

TEST_CASE("shell: a cancelled wait for a restart is a note of the crash's report") {
  Stage stage;
  stage.serve_first();
  stage.says(1).on_exited({1}, {});
  stage.gone(1);
  CHECK(stage.shell->cancel());
  stage.poll();
  const auto report = stage.shell->reports().front();
  CHECK(report.outcome == SwapOutcome::Failed);
  REQUIRE_FALSE(report.notes.empty());
  CHECK(report.notes.front() == "cancelled: waiting for `berth swap` or `berth restart`");
}

TEST_CASE("shell: an address of the backend that is still held makes the swap unreleased") {
  Stage stage;
  stage.serve_first();
  Seen seen;
  const auto handle = stage.shell->swap(to({"v2"}), seen.watch());
  stage.ready(2);
  stage.stopped(1);
  stage.released(1, Verdict::Held);
  REQUIRE(seen.results.size() == 1);
  CHECK(seen.results[0].kind == Result::Unreleased);
  CHECK(seen.results[0].reason.find("41501 still held") == 0);
  CHECK(seen.results[0].report->hint.find("ss -ltnp 'sport = :41501'") != std::string::npos);
  CHECK(stage.status().generations.back().state == "unreleased");
}

TEST_CASE("shell: a swap that a shutdown ends says that berth was stopped") {
  Stage stage;
  stage.serve_first();
  Seen seen;
  const auto handle = stage.shell->swap(to({"v2"}), seen.watch());
  stage.shell->shutdown({});
  stage.poll();
  stage.gone(2);
  stage.gone(1);
  REQUIRE(seen.results.size() == 1);
  CHECK(seen.results[0].report->outcome == SwapOutcome::Cancelled);
  CHECK(seen.results[0].reason == "berth was stopped");
}

TEST_CASE("shell: a shutdown that cannot prove a release says so") {
  Stage stage;
  stage.serve_first();
  std::vector<control::SwapResult> results;
  stage.shell->shutdown([&](control::SwapResult result) { results.push_back(std::move(result)); });
  stage.poll();
  stage.stopped(1);
  stage.released(1, Verdict::Held);
  REQUIRE(results.size() == 1);
  CHECK(results[0].kind == Result::Unreleased);
  CHECK(results[0].reason.find("generation 1: 41501 still held") == 0);
  CHECK(results[0].report->outcome == SwapOutcome::Unreleased);
}

TEST_CASE("shell: what is cut at the drain deadline is counted") {
  Patience patience;
  patience.drain = 1ms;
  Stage stage(patience);
  stage.serve_first();
  stage.plane.drains = FakePlane::Pace::Slow;
  stage.plane.outcomes[{1}].of(observe::Carried::Request) = {.finished = 12, .cut = 3};
  Seen seen;
  const auto handle = stage.shell->swap(to({"v2"}), seen.watch());
  stage.ready(2);
  REQUIRE(stage.wait_for([&] { return stage.made(1).calls.back() == "stop"; }));
  CHECK(seen.lines.at(8) == "1 drain done: 12 requests finished, 3 requests cut at the drain deadline");
  stage.gone(1);
  CHECK(seen.results.at(0).report->requests_cut == 3);
  CHECK(seen.results.at(0).kind == Result::Done);
}

TEST_CASE("shell: a crash holds requests, and one report tells the end of the old and the restart") {
  Patience patience;
  patience.first_backoff = 1ms;
  Stage stage(patience);
  stage.serve_first();
  stage.says(1).on_line({1}, true, "Segfault");
  stage.exited(1);
  CHECK(stage.plane.calls.back() == "hold");
  CHECK(stage.made(1).calls == Lines{"start", "stop"});
  CHECK(stage.status().state == "restarting");
  stage.gone(1);
  REQUIRE(stage.wait_for([&] { return stage.launcher.made.size() == 2; }));
  CHECK(stage.made(2).spec.command == Lines{"serve", "v1"});
  stage.ready(2);
  CHECK(stage.status().state == "serving");
  const observe::SwapReport report = stage.shell->reports().at(0);
  CHECK(report.cause == SwapCause::Crash);
  CHECK(report.outcome == SwapOutcome::Done);
  CHECK(report.from == Generation{1});
  CHECK(report.to == Generation{2});
  CHECK(report.phases.size() == 5);
  CHECK(report.phases.at(0).detail == "exit 1 by itself");
  CHECK(report.last_lines == Lines{"Segfault"});
  CHECK(report.reason.empty());
}

TEST_CASE("shell: a swap in the backoff takes the place of the restart, and the crash keeps its own report") {
  Stage stage;
  stage.serve_first();
  stage.exited(1);
  stage.gone(1);
  Seen seen;
  const auto handle = stage.shell->swap(to({"v2"}), seen.watch());
  stage.ready(2);
  REQUIRE(seen.results.size() == 1);
  CHECK(seen.results[0].kind == Result::Done);
  const auto reports = stage.shell->reports();
  REQUIRE(reports.size() == 3);
  CHECK(reports[0].cause == SwapCause::Swap);
  CHECK(reports[1].cause == SwapCause::Crash);
  CHECK(reports[1].outcome == SwapOutcome::Failed);
  CHECK(reports[1].reason == "generation 1 ended by itself: exit 1");
}

TEST_CASE("shell: restarts that fail leave a report each") {
  Stage stage;  // its backoff is longer than what is looked at in between
  stage.serve_first();
  stage.exited(1);
  stage.gone(1);
  for (std::uint32_t g : {2u, 3u}) {
    REQUIRE(stage.wait_for([&] { return stage.launcher.made.size() == g; }));
    stage.fail(g);
    stage.gone(g);
    CHECK(stage.status().state == "failed");
  }
  const auto reports = stage.shell->reports();
  REQUIRE(reports.size() == 3);
  CHECK(reports[0].to == Generation{3});
  CHECK(reports[0].cause == SwapCause::Crash);
  CHECK(reports[0].outcome == SwapOutcome::Failed);
  CHECK(reports[1].from == Generation{1});
  CHECK(reports[1].reason == "it ended: exit 1");
}

TEST_CASE("shell: the owner may shut down from within the news that the first start failed") {
  Stage stage;
  stage.owner.on_failed = [&](const observe::SwapReport& report) {
    CHECK(report.hint == "look at line 3");
    stage.shell->shutdown({});
  };
  stage.shell->start();
  stage.fail(1);
  stage.gone(1);
  CHECK(stage.owner.told == Lines{"first start failed: it ended: exit 1", "stopped"});
  CHECK(stage.launcher.made.size() == 1);
}

TEST_CASE("shell: the current one dies while a swap starts, and its end is in the swap's report") {
  Stage stage;
  stage.serve_first();
  Seen seen;
  const auto handle = stage.shell->swap(to({"v2"}), seen.watch());
  stage.exited(1);
  CHECK(stage.plane.calls.back() == "hold");
  stage.gone(1);
  CHECK(seen.results.empty());
  stage.ready(2);
  REQUIRE(seen.results.size() == 1);
  CHECK(seen.results[0].kind == Result::Done);
  CHECK(seen.results[0].report->phases.size() == 5);
  CHECK(seen.results[0].report->notes == Lines{"generation 1 ended by itself: exit 1"});
}

TEST_CASE("shell: a start on another port is a note, and the detail names the last") {
  Stage stage;
  stage.serve_first();
  Seen seen;
  const auto handle = stage.shell->swap(to({"v2"}), seen.watch());
  stage.started(2);
  stage.says(2).on_note({2}, "41502 was taken: trying again on 41777");
  stage.says(2).on_started({2}, {.pid = 9, .told = Endpoint::loopback_v4(41777), .mode = "lease"});
  stage.poll();
  const auto report = stage.shell->reports().at(0);
  CHECK(report.notes == Lines{"41502 was taken: trying again on 41777"});
  CHECK(report.phases.at(0).detail == "pid 9 on 41777 (lease)");
  CHECK(report.phases.size() == 2);
}

TEST_CASE("shell: a late acknowledgement is logged and waited for") {
  Patience patience;
  patience.acknowledge = 1ms;
  Stage stage(patience);
  stage.serve_first();
  stage.plane.acknowledgements = FakePlane::Pace::Slow;
  stage.shell->swap(to({"v2"}), {});
  stage.ready(2);
  REQUIRE(stage.wait_for([&] { return stage.owner.logged.back().find("late") != std::string::npos; }));
  CHECK(stage.status().state == "swapping");
  stage.plane.answer();
  stage.poll();
  CHECK(stage.status().state == "serving");
}

TEST_CASE("shell: answers that come after its end find nobody") {
  Stage stage;
  stage.serve_first();
  stage.plane.acknowledgements = FakePlane::Pace::Slow;
  stage.shell->swap(to({"v2"}), {});
  stage.ready(2);
  stage.plane.answer();
  stage.shell.reset();
  stage.poll();
  CHECK(stage.made(2).calls.back() == "destroyed");
}

TEST_CASE("shell: fifty reports are kept, the newest first") {
  Stage stage;
  stage.serve_first();
  for (std::uint32_t g = 2; g < 60; ++g) {
    stage.shell->swap(again(), {});
    stage.ready(g);
    stage.gone(g - 1);
  }
  const auto reports = stage.shell->reports();
  CHECK(reports.size() == 50);
  CHECK(reports.front().to == Generation{59});
}

}  // namespace
}  // namespace berth::swap
