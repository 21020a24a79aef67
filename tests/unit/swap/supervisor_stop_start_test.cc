// The stop-start order: what serves ends before what replaces it begins, and comes back if that comes to
// nothing.
#include <doctest/doctest.h>

#include "proxy/swap/supervisor_machine.h"
#include "tests/unit/swap/supervisor_play.h"

namespace berth::swap {
namespace {

using K = SupervisorEventKind;
using S = AppState;
using Lines = Play::Lines;
using namespace std::chrono_literals;

/// Serving generation 1 in this order.
Play serving() {
  Play play;
  play.state.order = SwapOrder::StopStart;
  play.serve_first();
  return play;
}

/// And swapping, with the old one gone.
Play cleared() {
  Play play = serving();
  play.swap(2);
  play(K::Holding);
  play.retire(1);
  return play;
}

TEST_CASE("stop-start: the first start begins at once") {
  Play play;
  play.state.order = SwapOrder::StopStart;
  CHECK(play.start() == Lines{"begin 1", "start 1"});
}

TEST_CASE("stop-start: a swap holds, takes the old one out, and only then starts the new one") {
  Play play = serving();
  CHECK(play.swap(2) == Lines{"begin 2", "hold"});
  CHECK(play.state.state == S::Swapping);
  CHECK(play(K::Holding) == Lines{"drain 1"});
  CHECK(play.state.state == S::Starting);
  CHECK(play.state.current == Generation{});
  CHECK(play(K::Emptied, 1) == Lines{"stop 1"});
  CHECK(play(K::Stopped, 1) == Lines{"release 1"});
  CHECK(play(K::Free, 1) == Lines{"forget 1", "start 2"});
  CHECK(play(K::Ready, 2) == Lines{"switch 2"});
  CHECK(play(K::Acknowledged, 2) == Lines{"switched 2"});
  CHECK(play.state.state == S::Serving);
}

TEST_CASE("stop-start: an old one that does not end is given up, and the new one starts all the same") {
  Play play = serving();
  play.swap(2);
  play(K::Holding);
  play(K::Emptied, 1);
  CHECK(play.wait() == Lines{"kill 1"});
  CHECK(play.wait() == Lines{"overdue 1", "forget 1", "start 2"});
}

TEST_CASE("stop-start: a worker that does not say that it holds delays the swap by one drain") {
  Play play = serving();
  play.swap(2);
  CHECK(next_deadline(play.state) == play.now + 30s);
  CHECK(play.wait() == Lines{"drain 1", "cut 1"});
  CHECK(play.state.state == S::Starting);
}

TEST_CASE("stop-start: a start that fails brings the previous command back at once") {
  Play play = cleared();
  CHECK(play(K::StartFailed, 2) == Lines{"abandoned 2", "stop 2"});
  CHECK(play(K::Stopped, 2) == Lines{"release 2"});
  CHECK(play(K::Free, 2) == Lines{"forget 2", "back 2", "failed 2", "begin 3", "start 3"});
  CHECK(play.state.asked.number == 1);
  CHECK(play.state.asked.origin == Origin::Automatic);
  play(K::Ready, 3);
  CHECK(play(K::Acknowledged, 3) == Lines{"switched 3"});
  CHECK(play.state.state == S::Serving);
}

TEST_CASE("stop-start: a previous command that does not come back is tried again with backoff") {
  Play play = cleared();
  play(K::StartFailed, 2);
  play.gone(2);
  play(K::StartFailed, 3);
  CHECK(play.gone(3) == Lines{"forget 3", "failed 3"});
  CHECK(play.state.state == S::Failed);
  CHECK(play.wait() == Lines{"begin 4", "start 4"});
  CHECK(play.state.asked.number == 1);
}

TEST_CASE("stop-start: a swap queued behind one that fails takes the place of the return") {
  Play play = cleared();
  play.swap(3);
  play(K::StartFailed, 2);
  CHECK(play.gone(2) == Lines{"forget 2", "failed 2", "begin 3", "start 3"});
  CHECK(play.state.asked.number == 3);
  play(K::StartFailed, 3);
  CHECK(play.gone(3) == Lines{"forget 3", "failed 3"});
  CHECK(play.state.state == S::Failed);
  CHECK(play.wait() == Lines{"begin 4", "start 4"});
  CHECK(play.state.asked.number == 1);
}

TEST_CASE("stop-start: a swap asked while the previous command comes back takes its place") {
  Play play = cleared();
  play(K::StartFailed, 2);
  play.gone(2);
  CHECK(play.swap(3) == Lines{"queued #3", "abandoned 3", "stop 3"});
  CHECK(play.gone(3) == Lines{"forget 3", "failed 3", "begin 4", "start 4"});
  CHECK(play.state.asked.number == 3);
}

TEST_CASE("stop-start: a cancel while the old one leaves starts its command again once it is gone") {
  Play play = serving();
  play.swap(2);
  play(K::Holding);
  CHECK(can_cancel(play.state));
  CHECK(play(K::Cancel) == Lines{"abandoned 2", "back 2", "failed 2", "begin 3"});
  CHECK(play.state.asked.number == 1);
  play(K::Emptied, 1);
  CHECK(play.gone(1) == Lines{"forget 1", "start 3"});
}

TEST_CASE("stop-start: a cancel before every worker holds still lets the old one leave and come back") {
  Play play = serving();
  play.swap(2);
  CHECK(play(K::Cancel) == Lines{"abandoned 2", "back 2", "failed 2", "begin 3", "hold"});
  CHECK_FALSE(can_cancel(play.state));
  CHECK(play(K::Cancel).empty());
  CHECK(play(K::Holding) == Lines{"drain 1"});
  CHECK(play(K::Holding).empty());
  play(K::Emptied, 1);
  CHECK(play.gone(1) == Lines{"forget 1", "start 3"});
}

TEST_CASE("stop-start: a swap asked while a cancelled one lets the old one leave comes next") {
  Play play = serving();
  play.swap(2);
  play(K::Cancel);
  CHECK(play.swap(3) == Lines{"queued #3", "abandoned 3", "failed 3", "begin 4", "hold"});
  CHECK(play.state.asked.number == 3);
  play(K::Holding);
  play(K::Emptied, 1);
  CHECK(play.gone(1) == Lines{"forget 1", "start 4"});
}

TEST_CASE("stop-start: one that was made to hold leaves, whatever the order of what comes next") {
  Play play = serving();
  play.swap(2);
  play.state.order = SwapOrder::Overlap;
  play.swap(3);
  CHECK(play(K::Cancel) == Lines{"abandoned 2", "failed 2", "begin 3", "hold"});
  CHECK(play(K::Holding) == Lines{"drain 1"});
  play(K::Emptied, 1);
  CHECK(play.gone(1) == Lines{"forget 1", "start 3"});
}

TEST_CASE("stop-start: a cancel while the new one starts brings the previous command back") {
  Play play = cleared();
  CHECK(play(K::Cancel) == Lines{"abandoned 2", "stop 2"});
  CHECK(play.gone(2) == Lines{"forget 2", "back 2", "failed 2", "begin 3", "start 3"});
}

TEST_CASE("stop-start: a cancel of the return itself leaves the app at rest") {
  Play play = cleared();
  play(K::StartFailed, 2);
  play.gone(2);
  CHECK(play(K::Cancel) == Lines{"abandoned 3", "stop 3"});
  CHECK(play.gone(3) == Lines{"forget 3", "failed 3", "rest"});
  CHECK(play.swap(4) == Lines{"hold", "begin 4", "start 4"});
}

TEST_CASE("stop-start: a restart after a crash waits until nothing of the dead one is left") {
  Play play = serving();
  CHECK(play(K::Exited, 1) == Lines{"crashed 1", "hold", "stop 1"});
  CHECK(play.wait() == Lines{"begin 2"});
  CHECK(play.state.state == S::Starting);
  CHECK(play.gone(1) == Lines{"forget 1", "start 2"});
}

TEST_CASE("stop-start: a cancel of a restart that waits leaves the app at rest") {
  Play play = serving();
  play(K::Exited, 1);
  play.wait();
  CHECK(play(K::Cancel) == Lines{"abandoned 2", "failed 2", "rest"});
  CHECK(play.gone(1) == Lines{"forget 1"});
}

TEST_CASE("stop-start: the old one dies before every worker holds, and the swap goes on") {
  Play play = serving();
  play.swap(2);
  CHECK(play(K::Exited, 1) == Lines{"crashed 1", "hold", "stop 1"});
  CHECK(play.state.state == S::Starting);
  CHECK(play(K::Holding).empty());
  CHECK(play.gone(1) == Lines{"forget 1", "start 2"});
}

TEST_CASE("stop-start: the old one dies while it drains, and the swap goes on") {
  Play play = serving();
  play.swap(2);
  play(K::Holding);
  CHECK(play(K::Exited, 1) == Lines{"cut 1"});
  play(K::Emptied, 1);
  CHECK(play.gone(1) == Lines{"forget 1", "start 2"});
}

TEST_CASE("stop-start: shutdown before every worker holds retires the old one as ever") {
  Play play = serving();
  play.swap(2);
  CHECK(play(K::Shutdown) == Lines{"refuse-all", "abandoned 2", "failed 2"});
  CHECK(play(K::Holding).empty());
  CHECK(play(K::Refusing) == Lines{"drain 1"});
  play(K::Emptied, 1);
  CHECK(play.gone(1) == Lines{"forget 1", "finished"});
}

TEST_CASE("stop-start: shutdown while the old one leaves starts nothing any more") {
  Play play = serving();
  play.swap(2);
  play(K::Holding);
  CHECK(play(K::Shutdown) == Lines{"refuse-all", "abandoned 2", "failed 2"});
  play(K::Refusing);
  play(K::Emptied, 1);
  CHECK(play.gone(1) == Lines{"forget 1", "finished"});
}

TEST_CASE("stop-start: shutdown while the new one starts brings nothing back") {
  Play play = cleared();
  CHECK(play(K::Shutdown) == Lines{"refuse-all", "abandoned 2", "stop 2"});
  play(K::Refusing);
  CHECK(play.gone(2) == Lines{"forget 2", "failed 2", "finished"});
}

TEST_CASE("vacant: an app may begin with nothing to serve, and a swap brings it up") {
  Play play;
  CHECK(play.vacate(0) == Lines{"vacated"});
  CHECK(play.state.state == S::Vacant);
  CHECK(next_deadline(play.state) == kNever);
  CHECK(play.swap(1) == Lines{"begin 1", "start 1"});
  play(K::Ready, 1);
  CHECK(play(K::Acknowledged, 1) == Lines{"switched 1", "first-ready 1"});
}

TEST_CASE("vacant: a swap that fails is not tried again") {
  Play play;
  play.vacate(0);
  for (const K end : {K::StartFailed, K::Cancel}) {
    play.swap(1);
    const std::uint32_t newest = play.state.newest.number;
    play(end, end == K::Cancel ? 0 : newest);
    play.gone(newest);
    CHECK(play.state.state == S::Vacant);
    CHECK(next_deadline(play.state) == kNever);
  }
}

TEST_CASE("vacant: what serves is drained once every worker holds") {
  Play play;
  play.serve_first();
  CHECK(play.vacate(2) == Lines{"vacated 1", "hold"});
  CHECK(play.state.state == S::Vacant);
  CHECK(play(K::Holding) == Lines{"drain 1"});
  play(K::Emptied, 1);
  CHECK(play.gone(1) == Lines{"forget 1"});
  CHECK(play.state.state == S::Vacant);
  CHECK(play(K::Shutdown) == Lines{"refuse-all", "finished"});
}

TEST_CASE("vacant: a swap asked before every worker holds waits for that") {
  Play play;
  play.serve_first();
  play.vacate(2);
  CHECK(play.swap(3) == Lines{"queued #3"});
  CHECK(play(K::Holding) == Lines{"drain 1", "begin 2", "start 2"});
  play(K::StartFailed, 2);
  CHECK(play.gone(2) == Lines{"forget 2", "failed 2"});
  CHECK(play.state.state == S::Vacant);
}

TEST_CASE("vacant: a worker that does not say that it holds delays the leaving by one drain") {
  Play play;
  play.serve_first();
  play.vacate(2);
  CHECK(play.wait() == Lines{"drain 1", "cut 1"});
}

TEST_CASE("vacant: what ends by itself while it is to leave is not restarted") {
  Play play;
  play.serve_first();
  play.vacate(2);
  CHECK(play(K::Exited, 1) == Lines{"crashed 1", "hold", "stop 1"});
  play.gone(1);
  CHECK(play.state.state == S::Vacant);
  CHECK(next_deadline(play.state) == kNever);
}

TEST_CASE("vacant: only what serves undisturbed, or has not begun, can be vacated") {
  Play play;
  play.start();
  CHECK(play.vacate(2) == Lines{"refused #2"});
  play(K::Ready, 1);
  play(K::Acknowledged, 1);
  play.swap(3);
  CHECK(play.vacate(4) == Lines{"refused #4"});
}

TEST_CASE("released within: the old one is given the time that the swap said") {
  Play play;
  play.serve_first();
  play.state =
      step(play.state, {.kind = K::Swap, .generation = {}, .ask = {.number = 2, .released_within = 60s}},
           play.now)
          .next;
  play(K::Ready, 2);
  play(K::Acknowledged, 2);
  play(K::Emptied, 1);
  play(K::Stopped, 1);
  CHECK(next_deadline(play.state) == play.now + 60s + play.state.patience.slack);
  play(K::Shutdown);
  play(K::Hurry);
  CHECK(play.state.retirements.front().deadline == play.now + play.state.patience.release);
}

}  // namespace
}  // namespace berth::swap
