// A newer swap in place of one that has not become ready.
#include <doctest/doctest.h>

#include "proxy/swap/app_shell.h"
#include "tests/unit/swap/shell_stage.h"
#include "tests/unit/swap/supervisor_play.h"

namespace berth::swap {
namespace {

using K = SupervisorEventKind;
using S = AppState;
using Lines = Play::Lines;
using Result = control::SwapResult::Kind;

constexpr QueuePolicy kReplace = QueuePolicy::Replace;

TEST_CASE("supersede: a newer swap ends the start of an older one, and begins when that is gone") {
  Play play;
  play.serve_first();
  play.swap(2);
  CHECK(play.swap(3, kReplace) == Lines{"queued #3", "abandoned 2", "stop 2"});
  CHECK(play.state.current == Generation{1});
  CHECK(play(K::Stopped, 2) == Lines{"release 2"});
  CHECK(play(K::Free, 2) == Lines{"forget 2", "failed 2", "begin 3", "start 3"});
  play(K::Ready, 3);
  CHECK(play(K::Acknowledged, 3) == Lines{"switched 3", "drain 1"});
}

TEST_CASE("supersede: the end that is told is that of the older one, and a cancel keeps its own") {
  Play play;
  play.serve_first();
  play.swap(2);
  SupervisorStep step = swap::step(
      play.state, {.kind = K::Swap, .generation = {}, .ask = {.number = 3, .policy = kReplace}}, play.now);
  CHECK(step.actions.at(1).end == SwapEnd::Superseded);
  step = swap::step(play.state, {.kind = K::Cancel, .generation = {}, .ask = {}}, play.now);
  CHECK(step.actions.at(0).end == SwapEnd::Cancelled);
}

TEST_CASE("supersede: once the switch was sent the newer one waits") {
  Play play;
  play.serve_first();
  play.swap(2);
  play(K::Ready, 2);
  CHECK(play.swap(3, kReplace) == Lines{"queued #3"});
  CHECK(play(K::Acknowledged, 2) == Lines{"switched 2", "drain 1", "begin 3", "start 3"});
}

TEST_CASE("supersede: a first start that is hopeless gives way, too") {
  Play play;
  play.start();
  CHECK(play.swap(2, kReplace) == Lines{"queued #2", "abandoned 1", "stop 1"});
  play(K::Stopped, 1);
  CHECK(play(K::Free, 1) == Lines{"forget 1", "failed 1", "begin 2", "start 2"});
}

TEST_CASE("supersede: with stop-start what has begun is the only one that may serve, and is waited for") {
  Play play;
  play.state.order = SwapOrder::StopStart;
  play.serve_first();
  play.swap(2);
  // The old one is still there: nothing is lost.
  CHECK(play.swap(3, kReplace) == Lines{"queued #3", "abandoned 2", "failed 2", "begin 3", "hold"});
  play(K::Holding);
  play(K::Emptied, 1);
  play(K::Stopped, 1);
  CHECK(play(K::Free, 1) == Lines{"forget 1", "start 3"});
  CHECK(play.swap(4, kReplace) == Lines{"queued #4"});
  CHECK(play.state.state == S::Starting);
}

TEST_CASE("shell: whoever asked for the older swap is told what took its place") {
  Stage stage;
  stage.serve_first();
  Seen older;
  Seen newer;
  const auto h1 = stage.shell->swap(to({"v2"}), older.watch());
  const auto h2 = stage.shell->swap(to({"v3"}), newer.watch());
  stage.poll();
  CHECK(older.results.empty());
  stage.gone(2);
  REQUIRE(older.results.size() == 1);
  CHECK(older.results[0].kind == Result::Superseded);
  CHECK(older.results[0].reason == "a newer swap took its place before it was ready");
  REQUIRE(older.results[0].report);
  CHECK(older.results[0].report->outcome == observe::SwapOutcome::Cancelled);
  stage.ready(3);
  stage.gone(1);
  REQUIRE(newer.results.size() == 1);
  CHECK(newer.results[0].kind == Result::Done);
  CHECK(stage.status().command == Lines{"v3"});
}

TEST_CASE("shell: the same again takes the place of the same, and waits behind something else") {
  Stage stage;
  stage.serve_first();
  stage.shell->swap(again(), {});
  stage.shell->swap(again(), {});
  stage.poll();
  CHECK(stage.made(2).calls == Lines{"start", "stop"});
  stage.gone(2);
  stage.ready(3);
  stage.gone(1);
  stage.shell->swap(to({"v2"}), {});
  stage.shell->swap(again(), {});
  stage.poll();
  CHECK(stage.made(4).calls == Lines{"start"});
  stage.ready(4);
  CHECK(stage.made(5).spec.command == Lines{"v2"});
}

}  // namespace
}  // namespace berth::swap
