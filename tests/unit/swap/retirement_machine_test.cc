#include "proxy/swap/retirement_machine.h"

#include <doctest/doctest.h>

#include <vector>

#include "tests/unit/swap/machine_table.h"

namespace berth::swap {
namespace {

using S = RetirementState;
using E = RetirementEvent;
using A = RetirementAction;
using Row = TableRow<S, E, A>;
using namespace std::chrono_literals;

Retirement in_state(S state, Pace pace = Pace::Calm) {
  Retirement r{.generation = {6}, .state = state, .pace = pace};
  if (!r.over()) r.deadline = kNow;
  return r;
}

constexpr Legality T = Legality::Taken;
constexpr Legality I = Legality::Ignored;
constexpr Legality X = Legality::Illegal;

const std::vector<Row>& rows() {
  static const std::vector<Row> all = {
      {S::Warm, E::Emptied, X},
      {S::Warm, E::Exited, T, S::Cutting, {A::WatchDrain, A::Cut}},
      {S::Warm, E::Cool, T, S::Draining, {A::WatchDrain}},
      {S::Warm, E::Hurry, T, S::Cutting, {A::WatchDrain, A::Cut}},
      {S::Warm, E::Force, T, S::Cutting, {A::WatchDrain, A::Cut}},
      {S::Warm, E::Stopped, X},
      {S::Warm, E::Free, X},
      {S::Warm, E::Held, X},
      {S::Warm, E::Tick, T, S::Draining, {A::WatchDrain}},
      {S::Draining, E::Emptied, T, S::Stopping, {A::Stop}},
      {S::Draining, E::Exited, T, S::Cutting, {A::Cut}},
      {S::Draining, E::Cool, T},
      {S::Draining, E::Hurry, T, S::Cutting, {A::Cut}},
      {S::Draining, E::Force, T, S::Cutting, {A::Cut}},
      {S::Draining, E::Stopped, X},
      {S::Draining, E::Free, X},
      {S::Draining, E::Held, X},
      {S::Draining, E::Tick, T, S::Cutting, {A::Cut}},
      {S::Cutting, E::Emptied, T, S::Stopping, {A::Stop}},
      {S::Cutting, E::Exited, I},
      {S::Cutting, E::Cool, I},
      {S::Cutting, E::Hurry, T},
      {S::Cutting, E::Force, T},
      {S::Cutting, E::Stopped, X},
      {S::Cutting, E::Free, X},
      {S::Cutting, E::Held, X},
      {S::Cutting, E::Tick, T, S::Stopping, {A::Stop}},
      {S::Stopping, E::Emptied, I},
      {S::Stopping, E::Exited, I},
      {S::Stopping, E::Cool, I},
      {S::Stopping, E::Hurry, T},
      {S::Stopping, E::Force, T, S::Stopping, {A::Kill}},
      {S::Stopping, E::Stopped, T, S::Releasing, {A::Release}},
      {S::Stopping, E::Free, X},
      {S::Stopping, E::Held, X},
      {S::Stopping, E::Tick, T, S::Stopping, {A::Kill}},
      {S::Releasing, E::Emptied, I},
      {S::Releasing, E::Exited, I},
      {S::Releasing, E::Cool, I},
      {S::Releasing, E::Hurry, I},
      {S::Releasing, E::Force, T},
      {S::Releasing, E::Stopped, X},
      {S::Releasing, E::Free, T, S::Released},
      {S::Releasing, E::Held, T, S::Unreleased},
      {S::Releasing, E::Tick, T, S::Unreleased, {A::GiveUp}},
      {S::Released, E::Emptied, I},
      {S::Released, E::Exited, X},
      {S::Released, E::Cool, I},
      {S::Released, E::Hurry, I},
      {S::Released, E::Force, I},
      {S::Released, E::Stopped, X},
      {S::Released, E::Free, X},
      {S::Released, E::Held, X},
      {S::Released, E::Tick, I},
      {S::Unreleased, E::Emptied, I},
      {S::Unreleased, E::Exited, X},
      {S::Unreleased, E::Cool, I},
      {S::Unreleased, E::Hurry, I},
      {S::Unreleased, E::Force, I},
      {S::Unreleased, E::Stopped, X},
      {S::Unreleased, E::Free, X},
      {S::Unreleased, E::Held, X},
      {S::Unreleased, E::Tick, I},
  };
  return all;
}

TEST_CASE("retirement machine: every pair of state and event does what the table says") {
  const auto calm = [](S state) { return in_state(state); };
  check_table(rows(), kRetirementStates * kRetirementEvents, calm,
              [](const Retirement& r) { CHECK(r.generation == Generation{6}); });
}

TEST_CASE("retirement machine: a tick before the deadline changes nothing") {
  for (S state : {S::Warm, S::Draining, S::Cutting, S::Stopping, S::Releasing}) {
    const RetirementStep early = step(in_state(state), E::Tick, kNow - 1us);
    CHECK(early.next.state == state);
    CHECK(early.actions.empty());
  }
}

TEST_CASE("retirement machine: the ordinary way is drain, stop, release") {
  RetirementStep s = retire_by_drain({6}, {}, kNow);
  CHECK(s.actions == std::vector{A::WatchDrain});
  CHECK(s.next.deadline == kNow + 30s);
  s = step(s.next, E::Emptied, kNow);
  s = step(s.next, E::Exited, kNow);
  s = step(s.next, E::Stopped, kNow);
  CHECK(s.actions == std::vector{A::Release});
  s = step(s.next, E::Free, kNow);
  CHECK(s.next.state == S::Released);
  CHECK(s.next.over());
  CHECK(s.next.deadline == kNever);
}

TEST_CASE("retirement machine: one that is kept warm drains when its time is over") {
  Patience patience;
  patience.keep_old = 60s;
  RetirementStep s = retire_warm({6}, patience, kNow);
  CHECK(s.actions.empty());
  CHECK(s.next.deadline == kNow + 60s);
  s = step(s.next, E::Tick, s.next.deadline);
  CHECK(s.next.state == S::Draining);
  CHECK(s.next.deadline == kNow + 60s + patience.drain);
}

TEST_CASE(
    "retirement machine: those that are pinned stay when the others are cut, until their own time is over") {
  Patience patience;
  patience.pin = 10min;
  RetirementStep s = retire_by_drain({6}, patience, kNow);
  s = step(s.next, E::Tick, kNow + patience.drain);
  CHECK(s.next.state == S::Draining);
  CHECK(s.actions == std::vector{A::CutOthers});
  CHECK(s.next.deadline == kNow + 10min);
  CHECK(step(s.next, E::Emptied, kNow + 40s).next.state == S::Stopping);
  CHECK(step(s.next, E::Cool, kNow + 40s).actions == std::vector{A::Cut});
  s = step(s.next, E::Tick, kNow + 10min);
  CHECK(s.next.state == S::Cutting);
  CHECK(s.actions == std::vector{A::Cut});
}

TEST_CASE("retirement machine: one that may pin nobody any longer cuts all at the drain deadline") {
  Patience patience;
  patience.pin = 10min;
  RetirementStep s = step(retire_by_drain({6}, patience, kNow).next, E::Cool, kNow);
  CHECK(s.actions.empty());
  CHECK(step(s.next, E::Tick, kNow + patience.drain).actions == std::vector{A::Cut});
}

TEST_CASE("retirement machine: a second signal leaves a warm one neither drain nor grace") {
  RetirementStep s = step(in_state(S::Warm), E::Force, kNow);
  s = step(s.next, E::Emptied, kNow);
  CHECK(s.actions == std::vector{A::Stop, A::Kill});
}

TEST_CASE("retirement machine: one that never answers is killed, then given up, within bounded time") {
  Patience patience;
  RetirementStep s = retire_by_drain({6}, patience, kNow);
  std::vector<A> all = s.actions;
  int ticks = 0;
  for (; !s.next.over() && ticks < 20; ++ticks) {
    REQUIRE(s.next.deadline != kNever);
    s = step(s.next, E::Tick, s.next.deadline);
    all.insert(all.end(), s.actions.begin(), s.actions.end());
  }
  CHECK(s.next.state == S::Unreleased);
  CHECK(all == std::vector{A::WatchDrain, A::Cut, A::Stop, A::Kill, A::GiveUp});
}

TEST_CASE("retirement machine: without a drain deadline only emptiness, an exit or haste end the drain") {
  Patience patience;
  patience.drain = kOff;
  const RetirementStep s = retire_by_drain({6}, patience, kNow);
  CHECK(s.next.deadline == kNever);
  CHECK(step(s.next, E::Tick, kNow + 1000h).next.state == S::Draining);
  CHECK(step(s.next, E::Hurry, kNow).next.state == S::Cutting);
}

TEST_CASE("retirement machine: hurry cuts the drain and leaves the grace, force takes both") {
  RetirementStep hurried = step(in_state(S::Draining), E::Hurry, kNow);
  hurried = step(hurried.next, E::Emptied, kNow);
  CHECK(hurried.actions == std::vector{A::Stop});
  RetirementStep forced = step(in_state(S::Draining), E::Force, kNow);
  forced = step(forced.next, E::Emptied, kNow);
  CHECK(forced.actions == std::vector{A::Stop, A::Kill});
}

TEST_CASE("retirement machine: hurry never takes back a force, and kill is asked for once") {
  RetirementStep s = step(in_state(S::Cutting), E::Force, kNow);
  s = step(s.next, E::Hurry, kNow);
  CHECK(s.next.pace == Pace::Forced);
  CHECK(step(in_state(S::Stopping, Pace::Forced), E::Force, kNow).actions.empty());
}

TEST_CASE("retirement machine: one that crashed is stopped at once, because its tree may live on") {
  const RetirementStep s = retire_by_stop({6}, {}, kNow);
  CHECK(s.next.state == S::Stopping);
  CHECK(s.actions == std::vector{A::Stop});
}

TEST_CASE("retirement machine: emptiness that comes after an overdue cut does not stop it twice") {
  RetirementStep s = step(in_state(S::Cutting), E::Tick, kNow);
  s = step(s.next, E::Emptied, kNow);
  CHECK(s.actions.empty());
  CHECK(s.next.state == S::Stopping);
}

}  // namespace
}  // namespace berth::swap
