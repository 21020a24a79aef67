// Which hook the shell runs when, with which facts, and what comes of one that fails.
#include <doctest/doctest.h>

#include "proxy/swap/app_shell.h"
#include "tests/unit/swap/shell_stage.h"

namespace berth::swap {
namespace {

using Lines = std::vector<std::string>;
using Kind = backend::ErrandEnd::Kind;
using observe::SwapOutcome;

AppConfig hooked(const Lines& required = {}) {
  AppConfig app = Stage::usual();
  app.hooks = {.ready = {"on-ready"},
               .switched = {"on-switched"},
               .released = {"on-released"},
               .failed = {"on-failed"},
               .required = required};
  return app;
}

/// "switched 2 after 1, 127.0.0.1:41502 pid 4002"; what it did not say before.
Lines run_since(Stage& stage, std::size_t& seen) {
  Lines all;
  for (; seen < stage.launcher.errands.size(); ++seen) {
    const backend::ErrandSpec& what = stage.launcher.errands[seen].what;
    const auto& said = what.variables;
    CHECK(what.words == Lines{"on-" + said.at("BERTH_HOOK")});
    CHECK(said.at("BERTH_APP") == "web");
    CHECK(said.at("BERTH_ADDRESS") == "127.0.0.1:8000");
    CHECK(stage.launcher.errands[seen].launch.control_path == "/run/berth.sock");
    CHECK(what.purpose == said.at("BERTH_HOOK") + " hook");
    std::string line = said.at("BERTH_HOOK") + " " + said.at("BERTH_GENERATION") + " after " +
                       said.at("BERTH_OLD_GENERATION") + ", " + said.at("BERTH_ENDPOINT") + " pid " +
                       said.at("BERTH_PID");
    if (!said.at("BERTH_REASON").empty()) line += ": " + said.at("BERTH_REASON");
    all.push_back(line);
  }
  return all;
}

void end_all(Stage& stage, Kind kind = Kind::Passed, const std::string& text = "ended with exit 0") {
  for (const auto& each : stage.launcher.errands) {
    if (each.events.on_end) each.tell(kind, text);
  }
  stage.poll();
}

TEST_CASE("hooks: each turning point runs its own, once, with what it is about") {
  Stage stage({}, hooked());
  std::size_t seen = 0;
  stage.serve_first();
  CHECK(run_since(stage, seen) ==
        Lines{"ready 1 after , 127.0.0.1:41501 pid 4001", "switched 1 after , 127.0.0.1:41501 pid 4001"});

  stage.shell->swap(to({"v2"}), {});
  stage.ready(2);
  stage.gone(1);
  CHECK(run_since(stage, seen) == Lines{"ready 2 after 1, 127.0.0.1:41502 pid 4002",
                                        "switched 2 after 1, 127.0.0.1:41502 pid 4002",
                                        "released 2 after 1, 127.0.0.1:41501 pid 4001"});

  stage.shell->swap(to({"v3"}), {});
  stage.fail(3);
  stage.gone(3);
  CHECK(run_since(stage, seen) == Lines{"failed 3 after 2, 127.0.0.1:41503 pid 4003: it ended: exit 1"});

  stage.shell->swap(to({"v4"}), {});
  stage.shell->cancel();
  stage.gone(4);
  CHECK(run_since(stage, seen) == Lines{});

  stage.exited(2);
  stage.gone(2);
  CHECK(run_since(stage, seen) ==
        Lines{"failed 2 after , 127.0.0.1:41502 pid 4002: generation 2 ended by itself: exit 1",
              "released  after 2, 127.0.0.1:41502 pid 4002"});
}

TEST_CASE("hooks: a way back to what was kept runs switched, and not ready") {
  AppConfig app = hooked();
  app.keep_old = std::chrono::minutes(10);
  Stage stage(patience_of(app), app);
  stage.serve_first();
  stage.shell->swap(to({"v2"}), {});
  stage.ready(2);
  std::size_t seen = stage.launcher.errands.size();
  control::SwapRequest back;
  back.verb = control::SwapVerbKind::Rollback;
  stage.shell->swap(back, {});
  stage.poll();
  CHECK(run_since(stage, seen) == Lines{"switched 1 after 2, 127.0.0.1:41501 pid 4001"});
}

TEST_CASE("hooks: a backend that fails its checks runs failed before it is replaced") {
  AppConfig app = hooked();
  app.health = {.every = Milliseconds(1), .fall = 1, .rise = 1};
  Stage stage({}, app);
  stage.serve_first();
  std::size_t seen = 2;
  REQUIRE(stage.wait_for([&] { return stage.made(1).asked != nullptr; }));
  std::exchange(stage.made(1).asked, nullptr)({false, "GET / gave 500"});
  stage.poll();
  CHECK(run_since(stage, seen) == Lines{"failed 1 after , 127.0.0.1:41501 pid 4001: generation 1 failed 1 "
                                        "checks in a row: GET / gave 500"});
}

TEST_CASE("hooks: an attached server that is left running is not released") {
  using Verdict = backend::ReleaseCertificate::Verdict;
  for (const Verdict verdict : {Verdict::NoPort, Verdict::StrictlyFree, Verdict::Held}) {
    CAPTURE(static_cast<int>(verdict));
    AppConfig app = hooked();
    app.command.clear();
    app.external = Endpoint::loopback_v4(41501);
    Stage stage({}, app);
    stage.serve_first();
    stage.shell->swap(to({"v2"}), {});
    stage.ready(2);
    std::size_t seen = 2;
    CHECK(run_since(stage, seen).size() == 2);
    stage.stopped(1);
    stage.released(1, verdict);
    const Lines released{"released 2 after 1, 127.0.0.1:41501 pid "};
    CHECK(run_since(stage, seen) == (verdict == Verdict::StrictlyFree ? released : Lines{}));
  }
}

TEST_CASE("hooks: a required one keeps the switch waiting until it has passed") {
  Stage stage({}, hooked({"ready"}));
  Seen watched;
  stage.serve_first();
  CHECK(stage.plane.calls.empty());
  CHECK(stage.shell->reports().at(0).phases.at(1).detail == "GET / 200; the ready hook runs");
  stage.launcher.errands.at(0).tell(Kind::Passed, "ended with exit 0");
  stage.poll();
  CHECK(stage.plane.calls == Lines{"switch 1 127.0.0.1:41501"});
  CHECK(stage.shell->reports().at(0).phases.at(1).detail == "GET / 200, and the ready hook");
}

TEST_CASE("hooks: a required one that fails fails the swap as a check does, with its own last lines") {
  Stage stage({}, hooked({"ready"}));
  stage.serve_first();
  end_all(stage);
  Seen watched;
  const auto handle = stage.shell->swap(to({"v2"}), watched.watch());
  stage.ready(2);
  const FakeLauncher::RanErrand hook = stage.launcher.errands.back();
  hook.events.on_line(true, "no such table");
  hook.tell(Kind::Failed, "ended with exit 3");
  stage.poll();
  CHECK(stage.made(2).calls == Lines{"start", "stop"});
  stage.gone(2);
  REQUIRE(watched.results.size() == 1);
  const observe::SwapReport& report = watched.results.at(0).report.value();
  CHECK(report.outcome == SwapOutcome::Failed);
  CHECK(report.reason == "the ready hook ended with exit 3, and it is required");
  CHECK(report.hint.empty());
  CHECK(report.last_lines == Lines{"ready hook: no such table"});
  CHECK(stage.plane.calls == Lines{"switch 1 127.0.0.1:41501"});
  CHECK(stage.shell->log_lines(0, 100).back().is_remark);
}

TEST_CASE("hooks: a required one ends with the start that it belongs to, and changes nothing then") {
  for (const bool cancelled : {true, false}) {
    CAPTURE(cancelled);
    Stage stage({}, hooked({"ready"}));
    stage.serve_first();
    end_all(stage);
    stage.shell->swap(to({"v2"}), {});
    stage.ready(2);
    if (cancelled) CHECK(stage.shell->cancel());
    if (!cancelled) stage.exited(2);
    CHECK(stage.launcher.ended_errands == std::vector<std::size_t>{2});
    stage.launcher.errands.at(2).tell(Kind::Ended, "was ended");
    stage.gone(2);
    const observe::SwapReport report = stage.shell->reports().at(0);
    CHECK(report.reason == (cancelled ? "cancelled" : "it ended before the switch: exit 1"));
    CHECK(report.notes.empty());
    CHECK(stage.plane.calls == Lines{"switch 1 127.0.0.1:41501"});
  }
}

TEST_CASE("hooks: one that fails blocks nothing, and is a note in the report even behind its end") {
  Stage stage({}, hooked());
  stage.serve_first();
  stage.shell->swap(to({"v2"}), {});
  stage.ready(2);
  stage.gone(1);
  REQUIRE(stage.shell->reports().at(0).outcome == SwapOutcome::Done);
  const auto& ran = stage.launcher.errands;
  ran.at(3).events.on_line(false, "mail: no route");
  ran.at(3).tell(Kind::Failed, "ended with exit 7");
  ran.at(4).tell(Kind::TimedOut, "did not end within 10s and was killed");
  const std::string first =
      "the switched hook ended with exit 7: mail: no route; `berth logs web` shows all that it wrote";
  const std::string second =
      "the released hook did not end within 10s and was killed; make the hook quicker, or give it longer "
      "with "
      "hooks.timeout";
  CHECK(stage.shell->reports().at(0).notes == Lines{first, second});
  CHECK(stage.shell->reports().at(1).notes.empty());
  CHECK(stage.owner.logged.back() == second);
  CHECK(stage.owner.told.back() == "line mail: no route");
  CHECK(stage.shell->log_lines(0, 100).back().hook == "switched");
}

TEST_CASE("hooks: a reload changes them at once, and the app ends only after the last of them") {
  Stage stage({}, hooked());
  stage.serve_first();
  end_all(stage);
  AppConfig changed = hooked();
  changed.hooks.released = {"say-released"};
  changed.hooks.failed.clear();
  stage.shell->reconfigure(changed, {}, {"127.0.0.1:8000"});
  stage.shell->shutdown({});
  stage.poll();
  stage.gone(1);
  REQUIRE(stage.launcher.errands.size() == 3);
  CHECK(stage.launcher.errands.back().what.words == Lines{"say-released"});
  CHECK(stage.owner.told.back() != "stopped");
  CHECK(stage.owner.logged.back() == "waits for its hooks: released of generation 1");
  stage.launcher.errands.back().tell(Kind::Passed, "ended with exit 0");
  stage.poll();
  CHECK(stage.owner.told.back() == "stopped");
}

TEST_CASE("hooks: a second signal ends what runs of them, without a word, and runs none any more") {
  Stage stage({}, hooked());
  stage.serve_first();
  stage.shell->shutdown({});
  stage.poll();
  stage.shell->hurry();
  CHECK(stage.launcher.ended_errands == std::vector<std::size_t>{0, 1});
  stage.gone(1);
  CHECK(stage.launcher.errands.size() == 2);
  end_all(stage, Kind::Ended, "was ended");
  CHECK(stage.owner.told.back() == "stopped");
  for (const std::string& line : stage.owner.logged) CHECK(line.find("hook") == std::string::npos);
}

TEST_CASE("hooks: no more than some run at once, and what is not run is told") {
  Stage stage({}, hooked());
  stage.serve_first();
  for (std::uint32_t g = 2; g < 40 && stage.launcher.errands.size() < Hooks::kMost; ++g) {
    stage.shell->swap(to({"v"}), {});
    stage.fail(g);
    stage.gone(g);
  }
  REQUIRE(stage.launcher.errands.size() == Hooks::kMost);
  stage.exited(1);
  CHECK(stage.launcher.errands.size() == Hooks::kMost);
  CHECK(stage.owner.logged.back() ==
        "the failed hook was not run: 16 hooks of this app run already; make them quicker");
}

}  // namespace
}  // namespace berth::swap
