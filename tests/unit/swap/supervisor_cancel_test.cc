// What a cancel ends where nothing serves: the starting itself.
#include <doctest/doctest.h>

#include "proxy/swap/supervisor_machine.h"
#include "tests/unit/swap/supervisor_play.h"

namespace berth::swap {
namespace {

using K = SupervisorEventKind;
using S = AppState;
using Lines = Play::Lines;

/// In rest: the first start was cancelled.
Play rested() {
  Play play;
  play.start();
  play(K::Cancel);
  play.gone(1);
  return play;
}

TEST_CASE("cancel: the first start ends, and nothing comes until somebody swaps") {
  Play play;
  play.start();
  CHECK(can_cancel(play.state));
  CHECK(play(K::Cancel) == Lines{"abandoned 1", "stop 1"});
  CHECK_FALSE(can_cancel(play.state));
  CHECK(play.gone(1) == Lines{"forget 1", "failed 1", "rest"});
  CHECK(play.state.state == S::Cancelled);
  CHECK_FALSE(can_cancel(play.state));
  CHECK(next_deadline(play.state) == kNever);
  CHECK(play.swap(2) == Lines{"hold", "begin 2", "start 2"});
  play(K::Ready, 2);
  CHECK(play(K::Acknowledged, 2) == Lines{"switched 2", "first-ready 2"});
}

TEST_CASE("cancel: a wait for the next try ends at once") {
  for (const bool crashed : {false, true}) {
    CAPTURE(crashed);
    Play play;
    if (crashed) play.serve_first();
    if (!crashed) play.start();
    play(crashed ? K::Exited : K::StartFailed, 1);
    play.gone(1);
    CHECK(can_cancel(play.state));
    CHECK(play(K::Cancel) == Lines{"rest"});
    CHECK(play.state.state == S::Cancelled);
    CHECK(next_deadline(play.state) == kNever);
  }
}

TEST_CASE("cancel: a start that failed by itself and is on its way out is not tried again") {
  Play play;
  play.start();
  play(K::StartFailed, 1);
  CHECK(can_cancel(play.state));
  CHECK(play(K::Cancel).empty());
  CHECK_FALSE(can_cancel(play.state));
  CHECK(play.gone(1) == Lines{"forget 1", "failed 1", "first-failed 1", "rest"});
}

TEST_CASE("cancel: the restart after a crash ends, too") {
  Play play;
  play.serve_first();
  play(K::Exited, 1);
  play.gone(1);
  CHECK(play.wait() == Lines{"begin 2", "start 2"});
  CHECK(play(K::Cancel) == Lines{"abandoned 2", "stop 2"});
  CHECK(play.gone(2) == Lines{"forget 2", "failed 2", "rest"});
}

TEST_CASE("cancel: a swap out of rest that fails or is cancelled leads back to it") {
  for (const K end : {K::StartFailed, K::Cancel}) {
    Play play = rested();
    play.swap(2);
    play(end, end == K::Cancel ? 0 : 2);
    CHECK(play.gone(2) == Lines{"forget 2", "failed 2", "rest"});
    CHECK(play.state.state == S::Cancelled);
  }
}

TEST_CASE("cancel: what serves after a rest is restarted after a crash, as ever") {
  Play play = rested();
  play.serve_next(2);
  play(K::Exited, 2);
  play.gone(2);
  CHECK(play.state.state == S::Crashed);
  CHECK(play.wait() == Lines{"begin 3", "start 3"});
}

TEST_CASE("cancel: of a swap whose predecessor crashed meanwhile, the restart stays due") {
  Play play;
  play.serve_first();
  play.swap(2);
  play(K::Exited, 1);
  play(K::Cancel);
  play.gone(1);
  play.gone(2);
  CHECK(play.state.state == S::Failed);
  CHECK(play.wait() == Lines{"begin 3", "start 3"});
}

TEST_CASE(
    "cancel: of a replacement that the checks asked for, what serves goes on, and is restarted as ever") {
  for (const bool failed_by_itself : {false, true}) {
    CAPTURE(failed_by_itself);
    Play play;
    play.serve_first();
    CHECK(play(K::Unhealthy, 1) == Lines{"begin 2", "start 2"});
    if (failed_by_itself) play(K::StartFailed, 2);
    CHECK(can_cancel(play.state) != failed_by_itself);
    play(K::Cancel);
    play.gone(2);
    CHECK(play.state.state == S::Serving);
    play(K::Exited, 1);
    CHECK(play.state.state == S::Crashed);
    play.gone(1);
    CHECK(play.wait() == Lines{"begin 3", "start 3"});
  }
}

TEST_CASE("cancel: of a first start, the swap that waits behind it comes all the same") {
  Play play;
  play.start();
  play.swap(2);
  play(K::Cancel);
  CHECK(play.gone(1) == Lines{"forget 1", "failed 1", "begin 2", "start 2"});
}

TEST_CASE("cancel: a rest can be shut down") {
  Play play = rested();
  CHECK(play(K::Shutdown) == Lines{"refuse-all", "finished"});
}

}  // namespace
}  // namespace berth::swap
