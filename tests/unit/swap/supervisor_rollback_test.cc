// Stories of the old generation that is kept, of the way back to it, and of a current one that hangs.
#include <doctest/doctest.h>

#include "tests/unit/swap/supervisor_play.h"

namespace berth::swap {
namespace {

using K = SupervisorEventKind;
using S = AppState;
using Lines = Play::Lines;
using namespace std::chrono_literals;

/// Serving generation 2 of ask #2, with generation 1 kept warm for a minute.
Play two_with_a_warm_one() {
  Play play;
  play.state.patience.keep_old = 60s;
  play.serve_first();
  play.serve_next(2);
  return play;
}

TEST_CASE("rollback: the old one is kept for its time and then retires") {
  Play play;
  play.state.patience.keep_old = 60s;
  play.serve_first();
  play.swap(2);
  play(K::Ready, 2);
  CHECK(play(K::Acknowledged, 2) == Lines{"switched 2", "warm 1"});
  CHECK(warm_one(play.state) == Generation{1});
  CHECK(next_deadline(play.state) == 60s);
  CHECK(play.pass(59s).empty());
  CHECK(play.pass(1s) == Lines{"drain 1"});
  CHECK(play(K::Emptied, 1) == Lines{"stop 1"});
}

TEST_CASE("rollback: to the warm one it is one switch and no start") {
  Play play = two_with_a_warm_one();
  CHECK(play.roll_back(3) == Lines{"revive 1", "begin 1", "switch 1"});
  CHECK(play.state.state == S::Swapping);
  CHECK(play(K::Acknowledged, 1) == Lines{"switched 1", "drain 2"});
  CHECK(play.state.current == Generation{1});
  CHECK(play.state.newest == Generation{2});
  play.retire(2);
  // A number is never given twice.
  CHECK(play.swap(4) == Lines{"begin 3", "start 3"});
}

TEST_CASE("rollback: without a warm one the previous command is started") {
  Play play;
  play.serve_first();
  play.serve_next(2);
  play.retire(1);
  CHECK(play.state.previous == 1);
  CHECK(play.roll_back(3) == Lines{"begin 3", "start 3"});
}

TEST_CASE("rollback: a new one that crashes while the old one is warm is rolled back at once") {
  Play play = two_with_a_warm_one();
  CHECK(play(K::Exited, 2) == Lines{"crashed 2", "stop 2", "revive 1", "begin 1", "switch 1"});
  CHECK(play(K::Acknowledged, 1) == Lines{"switched 1"});
  CHECK(play.state.state == S::Serving);
  CHECK(play.state.restart == 1);
  CHECK(play.state.previous == 2);
  play.gone(2);
  // The one that came back has nothing warm behind it: it is started again.
  CHECK(play(K::Exited, 1) == Lines{"crashed 1", "hold", "stop 1"});
  CHECK(play.wait() == Lines{"begin 3", "start 3"});
}

TEST_CASE("rollback: one that dies while it is switched to is rolled back, too") {
  Play play;
  play.state.patience.keep_old = 60s;
  play.serve_first();
  play.swap(2);
  play(K::Ready, 2);
  play(K::Exited, 2);
  CHECK(play(K::Acknowledged, 2) ==
        Lines{"switched 2", "warm 1", "crashed 2", "stop 2", "revive 1", "begin 1", "switch 1"});
}

TEST_CASE("rollback: a warm one that dies while it is switched to is treated as a crash") {
  Play play = two_with_a_warm_one();
  play.roll_back(3);
  CHECK(play(K::Exited, 1).empty());
  CHECK(play(K::Acknowledged, 1) == Lines{"switched 1", "drain 2", "crashed 1", "hold", "stop 1"});
}

TEST_CASE("rollback: a warm one that dies is taken out, and is nothing to go back to") {
  Play play = two_with_a_warm_one();
  CHECK(play(K::Exited, 1) == Lines{"drain 1", "cut 1"});
  play.retire(1);
  CHECK(play(K::Exited, 2) == Lines{"crashed 2", "hold", "stop 2"});
}

TEST_CASE("rollback: the next swap takes the older warm one out when it serves") {
  Play play = two_with_a_warm_one();
  CHECK(play.swap(3) == Lines{"begin 3", "start 3"});
  play(K::Ready, 3);
  CHECK(play(K::Acknowledged, 3) == Lines{"switched 3", "drain 1", "warm 2"});
}

TEST_CASE("rollback: a crash during the next swap waits for that, and its failure brings the warm one back") {
  Play play = two_with_a_warm_one();
  play.swap(3);
  CHECK(play(K::Exited, 2) == Lines{"crashed 2", "hold", "stop 2"});
  play.gone(2);
  play(K::StartFailed, 3);
  CHECK(play.gone(3) == Lines{"forget 3", "failed 3", "revive 1", "begin 1", "switch 1"});
}

TEST_CASE("rollback: what is asked while a restart runs comes after it") {
  Play play;
  play.serve_first();
  play.serve_next(2);
  play.retire(1);
  play(K::Exited, 2);
  play.gone(2);
  play.wait();
  CHECK(play.roll_back(3) == Lines{"queued #3", "abandoned 3", "stop 3"});
}

TEST_CASE("rollback: a warm one ends with the shutdown and with a vacated app") {
  Play stopped = two_with_a_warm_one();
  CHECK(stopped(K::Shutdown) == Lines{"drain 1", "refuse-all"});
  CHECK(stopped.ends_by_deadlines());
  Play vacated = two_with_a_warm_one();
  CHECK(vacated.vacate(3) == Lines{"drain 1", "vacated 2", "hold"});
}

TEST_CASE("rollback: a warm one does not count among those that retire too slowly") {
  Play play = two_with_a_warm_one();
  play.state.patience.max_retiring = 0;
  CHECK(play(K::Tick).empty());
  play.swap(3);
  CHECK(warm_one(play.state) == Generation{1});
}

TEST_CASE("health: one that hangs is replaced by a new one of its command, and drained") {
  Play play;
  play.serve_first();
  CHECK(play(K::Unhealthy, 1) == Lines{"begin 2", "start 2"});
  CHECK(play.state.asked.origin == Origin::Automatic);
  CHECK(play.state.asked.number == 1);
  play(K::Ready, 2);
  CHECK(play(K::Acknowledged, 2) == Lines{"switched 2", "drain 1"});
}

TEST_CASE("health: one that hangs is not kept warm, and a warm one takes its place") {
  Play play = two_with_a_warm_one();
  CHECK(play(K::Unhealthy, 2) == Lines{"revive 1", "begin 1", "switch 1"});
  CHECK(play(K::Acknowledged, 1) == Lines{"switched 1", "drain 2"});
  Play alone;
  alone.state.patience.keep_old = 60s;
  alone.serve_first();
  alone(K::Unhealthy, 1);
  alone(K::Ready, 2);
  CHECK(alone(K::Acknowledged, 2) == Lines{"switched 2", "drain 1"});
}

TEST_CASE("health: a replacement that fails leaves the old one serving, to be judged again") {
  Play play;
  play.serve_first();
  play(K::Unhealthy, 1);
  play(K::StartFailed, 2);
  play.gone(2);
  CHECK(play.state.state == S::Serving);
  CHECK(play.state.current == Generation{1});
  CHECK(play(K::Unhealthy, 1) == Lines{"begin 3", "start 3"});
}

TEST_CASE("health: in the stop-start order the hanging one leaves before the next is started") {
  Play play;
  play.state.order = SwapOrder::StopStart;
  play.serve_first();
  CHECK(play(K::Unhealthy, 1) == Lines{"begin 2", "hold"});
  CHECK(play(K::Holding) == Lines{"drain 1"});
  play(K::Emptied, 1);
  CHECK(play.gone(1) == Lines{"forget 1", "start 2"});
}

TEST_CASE("health: news of a generation that serves no more means nothing") {
  Play play;
  play.serve_first();
  play.serve_next(2);
  CHECK(play(K::Unhealthy, 1).empty());
}

}  // namespace
}  // namespace berth::swap
