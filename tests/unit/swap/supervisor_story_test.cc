#include <doctest/doctest.h>

#include "proxy/swap/supervisor_machine.h"
#include "tests/unit/swap/supervisor_play.h"

namespace berth::swap {
namespace {

using K = SupervisorEventKind;
using S = AppState;
using Lines = Play::Lines;
using namespace std::chrono_literals;

TEST_CASE("supervisor: the first start serves after ready and every acknowledgement") {
  Play play;
  CHECK(play.start() == Lines{"begin 1", "start 1"});
  CHECK(play(K::Ready, 1) == Lines{"switch 1"});
  CHECK(play(K::Acknowledged, 1) == Lines{"switched 1", "first-ready 1"});
  CHECK(play.state.state == S::Serving);
  CHECK(next_deadline(play.state) == kNever);
}

TEST_CASE("supervisor: a swap drains, stops and releases the old one after the switch") {
  Play play;
  play.serve_first();
  CHECK(play.swap(2) == Lines{"begin 2", "start 2"});
  CHECK(play(K::Ready, 2) == Lines{"switch 2"});
  CHECK(play(K::Acknowledged, 2) == Lines{"switched 2", "drain 1"});
  CHECK(play.state.state == S::Serving);
  CHECK(play(K::Emptied, 1) == Lines{"stop 1"});
  CHECK(play(K::Stopped, 1) == Lines{"release 1"});
  CHECK(play(K::Free, 1) == Lines{"forget 1"});
  CHECK(play.state.retirements.empty());
}

TEST_CASE("supervisor: a candidate that exits leaves the old one serving") {
  Play play;
  play.serve_first();
  play.swap(2);
  CHECK(play(K::StartFailed, 2) == Lines{"abandoned 2", "stop 2"});
  CHECK(play.state.current == Generation{1});
  CHECK(play(K::Stopped, 2) == Lines{"release 2"});
  CHECK(play(K::Free, 2) == Lines{"forget 2", "failed 2"});
  CHECK(play.state.state == S::Serving);
  CHECK(play.state.failures == 0);
}

TEST_CASE("supervisor: a cancelled candidate is stopped and released before the swap is over") {
  Play play;
  play.serve_first();
  play.swap(2);
  CHECK(play(K::Cancel) == Lines{"abandoned 2", "stop 2"});
  CHECK(play(K::Cancel).empty());
  CHECK(play.gone(2) == Lines{"forget 2", "failed 2"});
}

TEST_CASE("supervisor: a cancel after the switch was sent is too late") {
  Play play;
  play.serve_first();
  play.swap(2);
  play(K::Ready, 2);
  CHECK(play(K::Cancel).empty());
  CHECK(play(K::Acknowledged, 2) == Lines{"switched 2", "drain 1"});
}

TEST_CASE("supervisor: the newest command wins the queue's only place, and the displaced one is told") {
  Play play;
  play.serve_first();
  play.swap(2);
  CHECK(play.swap(3) == Lines{"queued #3"});
  CHECK(play.swap(4) == Lines{"superseded #3", "queued #4"});
  play(K::Ready, 2);
  CHECK(play(K::Acknowledged, 2) == Lines{"switched 2", "drain 1", "begin 3", "start 3"});
  CHECK(play.state.asked.number == 4);
  CHECK_FALSE(play.state.queued);
}

TEST_CASE("supervisor: a queued swap begins when the running one has failed") {
  Play play;
  play.serve_first();
  play.swap(2);
  play.swap(3);
  play(K::StartFailed, 2);
  CHECK(play.gone(2) == Lines{"forget 2", "failed 2", "begin 3", "start 3"});
  CHECK(play.state.state == S::Swapping);
}

TEST_CASE("supervisor: --no-queue is refused while a swap runs and leaves the queue alone") {
  Play play;
  play.serve_first();
  play.swap(2);
  play.swap(3);
  CHECK(play.swap(4, QueuePolicy::Refuse) == Lines{"refused #4"});
  CHECK(play.state.queued->number == 3);
}

TEST_CASE("supervisor: a late acknowledgement is told, and the swap goes on waiting") {
  Play play;
  play.serve_first();
  play.swap(2);
  play(K::Ready, 2);
  CHECK(play.wait() == Lines{"late 2"});
  CHECK(play.pass(1h).empty());
  CHECK(play(K::Acknowledged, 2) == Lines{"switched 2", "drain 1"});
}

TEST_CASE(
    "supervisor: a crash holds requests, ends what is left of the tree and restarts after the backoff") {
  Play play;
  play.serve_first();
  CHECK(play(K::Exited, 1) == Lines{"crashed 1", "hold", "stop 1"});
  CHECK(play.state.state == S::Crashed);
  CHECK(next_deadline(play.state) == play.now + 100ms);
  CHECK(play.wait() == Lines{"begin 2", "start 2"});
  CHECK(play.state.asked.number == 1);
  CHECK(play.state.asked.origin == Origin::Automatic);
  play(K::Ready, 2);
  CHECK(play(K::Acknowledged, 2) == Lines{"switched 2"});
  CHECK(play.state.state == S::Serving);
}

TEST_CASE("supervisor: crashes in a row wait longer, and serving stably begins anew") {
  Play play;
  play.serve_first();
  for (std::uint32_t n = 1; n <= 3; ++n) {
    play(K::Exited, n);
    play.gone(n);
    CHECK(next_deadline(play.state) - play.now == after(0s, 100ms) * (1 << (n - 1)));
    play.wait();
    play(K::Ready, n + 1);
    play(K::Acknowledged, n + 1);
  }
  play.pass(30s);
  play(K::Exited, 4);
  CHECK(next_deadline(play.state) - play.now == 100ms);
}

TEST_CASE("supervisor: a swap asked for in the backoff starts at once instead of the restart") {
  Play play;
  play.serve_first();
  play(K::Exited, 1);
  play.gone(1);
  CHECK(play.swap(2) == Lines{"begin 2", "start 2"});
  CHECK(play.state.failures == 0);
  CHECK(next_deadline(play.state) == play.now + 35s);
}

TEST_CASE("supervisor: a swap takes the place of a restart that is being tried") {
  Play play;
  play.serve_first();
  play(K::Exited, 1);
  play.gone(1);
  play.wait();
  CHECK(play.swap(2, QueuePolicy::Refuse) == Lines{"queued #2", "abandoned 2", "stop 2"});
  CHECK(play.gone(2) == Lines{"forget 2", "failed 2", "begin 3", "start 3"});
  CHECK(play.state.asked.number == 2);
}

TEST_CASE("supervisor: after a crash a swap that fails falls back to the command that served") {
  Play play;
  play.serve_first();
  play(K::Exited, 1);
  play.gone(1);
  play.swap(2);
  play(K::StartFailed, 2);
  play.gone(2);
  CHECK(play.state.state == S::Failed);
  CHECK(play.wait() == Lines{"begin 3", "start 3"});
  CHECK(play.state.asked.number == 1);
}

TEST_CASE("supervisor: a first start that fails is told once, and tried again with backoff") {
  Play play;
  play.start();
  play(K::StartFailed, 1);
  CHECK(play.gone(1) == Lines{"forget 1", "failed 1", "first-failed 1"});
  CHECK(play.state.state == S::Failed);
  CHECK(play.wait() == Lines{"begin 2", "start 2"});
  play(K::StartFailed, 2);
  CHECK(play.gone(2) == Lines{"forget 2", "failed 2"});
  CHECK(next_deadline(play.state) - play.now == 200ms);
  play.wait();
  play(K::Ready, 3);
  CHECK(play(K::Acknowledged, 3) == Lines{"switched 3", "first-ready 3"});
}

TEST_CASE("supervisor: a swap queued behind a failing first start takes its place") {
  Play play;
  play.start();
  play.swap(2);
  play(K::StartFailed, 1);
  CHECK(play.gone(1) == Lines{"forget 1", "failed 1", "begin 2", "start 2"});
  play(K::StartFailed, 2);
  CHECK(play.gone(2) == Lines{"forget 2", "failed 2", "first-failed 2"});
}

TEST_CASE("supervisor: the current one dies while a swap starts, and the swap goes on") {
  Play play;
  play.serve_first();
  play.swap(2);
  CHECK(play(K::Exited, 1) == Lines{"crashed 1", "hold", "stop 1"});
  CHECK(play.state.state == S::Starting);
  play(K::Ready, 2);
  CHECK(play(K::Acknowledged, 2) == Lines{"switched 2"});
}

TEST_CASE("supervisor: the current one dies while switching, and nothing takes the new target away") {
  Play play;
  play.serve_first();
  play.swap(2);
  play(K::Ready, 2);
  CHECK(play(K::Exited, 1) == Lines{"crashed 1", "stop 1"});
  CHECK(play(K::Acknowledged, 2) == Lines{"switched 2"});
  CHECK(play.state.state == S::Serving);
}

TEST_CASE("supervisor: a newcomer that dies while switching counts as crashed after the switch") {
  Play play;
  play.serve_first();
  play.swap(2);
  play(K::Ready, 2);
  CHECK(play(K::Exited, 2).empty());
  CHECK(play(K::Acknowledged, 2) == Lines{"switched 2", "drain 1", "crashed 2", "hold", "stop 2"});
  CHECK(play.state.state == S::Crashed);
}

TEST_CASE("supervisor: one that dies while draining is cut, stopped and released") {
  Play play;
  play.serve_first();
  play.serve_next(2);
  CHECK(play(K::Exited, 1) == Lines{"cut 1"});
  CHECK(play(K::Emptied, 1) == Lines{"stop 1"});
  CHECK(play.gone(1) == Lines{"forget 1"});
}

TEST_CASE("supervisor: past max_retiring the oldest is hurried") {
  Play play;
  play.state.patience.max_retiring = 2;
  play.serve_first();
  play.serve_next(2);
  play.serve_next(3);
  play.swap(4);
  play(K::Ready, 4);
  CHECK(play(K::Acknowledged, 4) == Lines{"switched 4", "drain 3", "cut 1"});
}

TEST_CASE("supervisor: shutdown refuses, drains, stops and releases everything") {
  Play play;
  play.serve_first();
  play.serve_next(2);
  CHECK(play(K::Shutdown) == Lines{"refuse-all"});
  CHECK(play(K::Refusing) == Lines{"drain 2"});
  play.retire(1);
  play(K::Emptied, 2);
  play(K::Stopped, 2);
  CHECK(play(K::Free, 2) == Lines{"forget 2", "finished"});
  CHECK(play.state.state == S::Finished);
}

TEST_CASE("supervisor: shutdown cancels a start and refuses who is queued") {
  Play play;
  play.serve_first();
  play.swap(2);
  play.swap(3);
  CHECK(play(K::Shutdown) == Lines{"refused #3", "refuse-all", "abandoned 2", "stop 2"});
  play(K::Refusing);
  play.retire(1);
  CHECK(play.gone(2) == Lines{"forget 2", "failed 2", "finished"});
}

TEST_CASE("supervisor: shutdown waits for a switch that was sent, then retires both") {
  Play play;
  play.serve_first();
  play.swap(2);
  play(K::Ready, 2);
  CHECK(play(K::Shutdown).empty());
  CHECK(play(K::Acknowledged, 2) == Lines{"switched 2", "drain 1", "refuse-all"});
  CHECK(play(K::Refusing) == Lines{"drain 2"});
}

TEST_CASE("supervisor: a second signal takes drain and grace from everything") {
  Play play;
  play.serve_first();
  play.serve_next(2);
  play(K::Shutdown);
  play(K::Refusing);
  CHECK(play(K::Hurry) == Lines{"cut 1", "cut 2"});
  CHECK(play(K::Emptied, 1) == Lines{"stop 1", "kill 1"});
  CHECK(play(K::Hurry).empty());
}

TEST_CASE("supervisor: a second signal does not wait for workers that do not answer") {
  Play play;
  play.serve_first();
  play.swap(2);
  play(K::Ready, 2);
  play(K::Shutdown);
  CHECK(play(K::Hurry) == Lines{"switched 2", "drain 1", "cut 1", "refuse-all", "drain 2", "cut 2"});
  CHECK(play(K::Acknowledged, 2).empty());
}

TEST_CASE("supervisor: shutdown with nobody answering ends by deadlines alone") {
  Play play;
  play.serve_first();
  play.serve_next(2);
  play.swap(3);
  play(K::Shutdown);
  CHECK(play.ends_by_deadlines());
}

TEST_CASE("supervisor: shutdown in a switch that is never acknowledged ends by deadlines alone") {
  Play play;
  play.serve_first();
  play.swap(2);
  play(K::Ready, 2);
  play(K::Shutdown);
  CHECK(play.ends_by_deadlines());
}

TEST_CASE("supervisor: shutdown in the backoff ends as soon as the crashed one is released") {
  Play play;
  play.serve_first();
  play(K::Exited, 1);
  CHECK(play(K::Shutdown) == Lines{"refuse-all"});
  CHECK(play.gone(1) == Lines{"forget 1", "finished"});
}

TEST_CASE("supervisor: shutdown before the start is over at once") {
  Play play;
  CHECK(play(K::Shutdown) == Lines{"refuse-all", "finished"});
}

TEST_CASE("supervisor: a crash in the shutdown does not start anything again") {
  Play play;
  play.serve_first();
  play(K::Shutdown);
  CHECK(play(K::Exited, 1) == Lines{"crashed 1", "stop 1"});
  CHECK(play(K::Refusing).empty());
  CHECK(play.gone(1) == Lines{"forget 1", "finished"});
}

TEST_CASE(
    "supervisor: one that never ends is given up and named, and an answer of it that comes late is ignored") {
  Play play;
  play.serve_first();
  play.serve_next(2);
  play(K::Emptied, 1);
  CHECK(play.wait() == Lines{"kill 1"});
  CHECK(play.wait() == Lines{"overdue 1", "forget 1"});
  CHECK(play(K::Stopped, 1).empty());
  CHECK(play.state.state == S::Serving);
}

}  // namespace
}  // namespace berth::swap
