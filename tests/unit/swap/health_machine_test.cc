#include "proxy/swap/health_machine.h"

#include <doctest/doctest.h>

#include "tests/unit/swap/machine_table.h"

namespace berth::swap {
namespace {

using S = HealthState;
using E = HealthEvent;
using A = HealthAction;
using Row = TableRow<S, E, A>;
using namespace std::chrono_literals;

constexpr Legality T = Legality::Taken;
constexpr Legality I = Legality::Ignored;
constexpr Legality X = Legality::Illegal;

const HealthConfig kEvery{.every = Milliseconds(2'000), .fall = 3, .rise = 2};

Health in_state(S state) {
  Health health{.config = kEvery, .state = state};
  if (state == S::Waiting) health.deadline = kNow;
  if (state == S::Asking) health.next = kNow + 1s;
  return health;
}

TEST_CASE("health machine: every pair of state and event does what the table says") {
  const std::vector<Row> rows = {
      {S::Idle, E::Serves, T, S::Waiting},
      {S::Idle, E::Passed, X},
      {S::Idle, E::Failed, X},
      {S::Idle, E::Leaves, I},
      {S::Idle, E::Tick, I},
      {S::Waiting, E::Serves, T, S::Waiting},
      {S::Waiting, E::Passed, X},
      {S::Waiting, E::Failed, X},
      {S::Waiting, E::Leaves, T, S::Idle},
      {S::Waiting, E::Tick, T, S::Asking, {A::Ask}},
      {S::Asking, E::Serves, T, S::Waiting},
      {S::Asking, E::Passed, T, S::Waiting},
      {S::Asking, E::Failed, T, S::Waiting},
      {S::Asking, E::Leaves, T, S::Idle},
      {S::Asking, E::Tick, I},
  };
  check_table(rows, kHealthStates * kHealthEvents, in_state,
              [](const Health& health) { CHECK(health.config.fall == 3); });
}

/// Answers to questions as they come, and what was said to each.
struct Answers {
  Health health{.config = kEvery};
  Moment now = kNow;
  std::vector<A> operator()(bool good) {
    now = health.deadline;
    health = step(health, E::Tick, now).next;
    const HealthStep done = step(health, good ? E::Passed : E::Failed, now);
    health = done.next;
    return done.actions;
  }
};

TEST_CASE("health machine: only failures in a row make it unhealthy, and again as many tell it again") {
  Answers answers;
  answers.health = step(answers.health, E::Serves, kNow).next;
  CHECK(answers(false).empty());
  CHECK(answers(false).empty());
  CHECK(answers(true).empty());
  CHECK(answers(false).empty());
  CHECK(answers(false).empty());
  CHECK(answers(false) == std::vector{A::Fell});
  CHECK(answers.health.verdict == Verdict::Unhealthy);
  CHECK(answers(false).empty());
  CHECK(answers(false).empty());
  CHECK(answers(false) == std::vector{A::Fell});
}

TEST_CASE("health machine: only passes in a row make it healthy again") {
  Answers answers;
  answers.health = step(answers.health, E::Serves, kNow).next;
  for (int n = 0; n < 3; ++n) answers(false);
  CHECK(answers(true).empty());
  CHECK(answers(false).empty());
  CHECK(answers(true).empty());
  CHECK(answers(true) == std::vector{A::Rose});
  CHECK(answers.health.verdict == Verdict::Healthy);
  CHECK(answers(true).empty());
}

TEST_CASE("health machine: it asks at even times, and at once where the answer took longer") {
  Health health{.config = kEvery};
  health = step(health, E::Serves, kNow).next;
  CHECK(health.deadline == kNow + 2s);
  CHECK(step(health, E::Tick, kNow + 1s).actions.empty());
  health = step(health, E::Tick, kNow + 2s).next;
  CHECK(step(health, E::Passed, kNow + 3s).next.deadline == kNow + 4s);
  CHECK(step(health, E::Failed, kNow + 7s).next.deadline == kNow + 7s);
}

TEST_CASE("health machine: a new one begins healthy, and without `every` nothing is asked") {
  Answers answers;
  answers.health = step(answers.health, E::Serves, kNow).next;
  for (int n = 0; n < 3; ++n) answers(false);
  CHECK(step(answers.health, E::Serves, kNow).next.verdict == Verdict::Healthy);
  const Health off = step({}, E::Serves, kNow).next;
  CHECK(off.state == S::Idle);
  CHECK(off.deadline == kNever);
}

}  // namespace
}  // namespace berth::swap
