#include "proxy/swap/supervisor_machine.h"

#include <doctest/doctest.h>

#include <set>
#include <vector>

#include "tests/unit/swap/supervisor_play.h"

namespace berth::swap {
namespace {

using K = SupervisorEventKind;
using S = AppState;
using namespace std::chrono_literals;

/// A supervisor that came to `state` by the shortest way.
Supervisor reach(S state) {
  Play play;
  if (state == S::New) return play.state;
  if (state == S::Vacant) {
    play.vacate(1);
    return play.state;
  }
  play.start();
  if (state == S::Starting) return play.state;
  if (state == S::Failed) {
    play(K::StartFailed, 1);
    play.gone(1);
    return play.state;
  }
  if (state == S::Cancelled) {
    play(K::Cancel);
    play.gone(1);
    return play.state;
  }
  play(K::Ready, 1);
  play(K::Acknowledged, 1);
  if (state == S::Swapping) play.swap(2);
  if (state == S::Crashed) {
    play(K::Exited, 1);
    play.gone(1);
  }
  if (state == S::Stopping || state == S::Finished) play(K::Shutdown);
  if (state == S::Finished) {
    play(K::Refusing);
    play.retire(1);
  }
  return play.state;
}

std::vector<S> all_states() {
  std::vector<S> all;
  all.reserve(kAppStates);
  for (int n = 0; n < kAppStates; ++n) all.push_back(static_cast<S>(n));
  return all;
}

/// What each event means in each state, kept apart from the machine's own table: T taken, I ignored, X
/// illegal. One letter per event, in their order: Start, Swap, Vacate, Cancel, Shutdown, Hurry, Ready,
/// StartFailed, Exited, Acknowledged, Emptied, Stopped, Free, Held, Unhealthy, Holding, Refusing,
/// Tick.
const char* expected(S state) {
  switch (state) {
    case S::New:
      return "TTTITIXXXXXXXXXXXI";
    case S::Starting:
      return "XTTTTITTTTTTTTIIXT";
    case S::Swapping:
      return "XTTTTITTTTTTTTITXT";
    case S::Serving:
      return "XTTITIXXTXTTTTTIXT";
    case S::Cancelled:
      return "XTTITIXXTXTTTTIIXT";
    case S::Vacant:
      return "XTTITIXXTXTTTTITXT";
    case S::Crashed:
    case S::Failed:
      return "XTTTTIXXTXTTTTIIXT";
    case S::Stopping:
      return "XTTIITTTTTTTTTIITT";
    case S::Finished:
      return "XTTIIIXXIIIIIIIIII";
  }
  return "";
}

TEST_CASE("supervisor: every pair of state and event is taken, ignored or illegal as written down") {
  for (S state : all_states()) {
    for (int n = 0; n < kSupervisorEvents; ++n) {
      CAPTURE(static_cast<int>(state));
      CAPTURE(n);
      const char letter = expected(state)[n];
      const Legality is = legality(state, static_cast<K>(n));
      CHECK((is == Legality::Taken ? 'T' : is == Legality::Ignored ? 'I' : 'X') == letter);
    }
  }
}

TEST_CASE("supervisor: every state can be reached, and an ignored event leaves it as it was") {
  for (S state : all_states()) {
    const Supervisor before = reach(state);
    CAPTURE(static_cast<int>(state));
    REQUIRE(before.state == state);
    for (int n = 0; n < kSupervisorEvents; ++n) {
      if (legality(state, static_cast<K>(n)) != Legality::Ignored) continue;
      const SupervisorStep step = swap::step(before, {.kind = static_cast<K>(n)}, 0s);
      CHECK(step.next.state == state);
      CHECK(step.actions.empty());
    }
  }
}

TEST_CASE("supervisor: a process event of a generation that it does not know changes nothing") {
  for (S state : all_states()) {
    const Supervisor before = reach(state);
    for (K kind : {K::Exited, K::Emptied, K::Stopped, K::Free, K::Held, K::Unhealthy}) {
      if (legality(state, kind) != Legality::Taken) continue;
      const SupervisorStep step = swap::step(before, {.kind = kind, .generation = {99}}, 0s);
      CHECK(step.next.state == state);
      CHECK(step.actions.empty());
    }
  }
}

TEST_CASE("supervisor: a swap is refused where nothing can be swapped") {
  for (S state : {S::New, S::Stopping, S::Finished}) {
    const SupervisorStep step = swap::step(reach(state), {.kind = K::Swap, .ask = {.number = 9}}, 0s);
    REQUIRE(step.actions.size() == 1);
    CHECK(text(step.actions[0]) == "refused #9");
    CHECK(step.next.state == state);
  }
}

TEST_CASE("supervisor: a swap begins at once where none runs") {
  for (S state : {S::Serving, S::Crashed, S::Failed, S::Vacant}) {
    const SupervisorStep step = swap::step(reach(state), {.kind = K::Swap, .ask = {.number = 9}}, 0s);
    REQUIRE(step.actions.size() == 2);
    CHECK(step.actions[0].kind == SupervisorActionKind::Begun);
    CHECK(step.actions[1].kind == SupervisorActionKind::StartBackend);
    CHECK(step.actions[1].ask.number == 9);
  }
}

TEST_CASE("supervisor: only the drawn transitions exist") {
  const std::set<std::pair<S, S>> drawn = {
      {S::New, S::Starting},      {S::New, S::Stopping},       {S::Starting, S::Starting},
      {S::Starting, S::Serving},  {S::Starting, S::Crashed},   {S::Starting, S::Failed},
      {S::Starting, S::Stopping}, {S::Serving, S::Swapping},   {S::Serving, S::Crashed},
      {S::Serving, S::Stopping},  {S::Swapping, S::Starting},  {S::Swapping, S::Serving},
      {S::Swapping, S::Crashed},  {S::Swapping, S::Stopping},  {S::Crashed, S::Starting},
      {S::Crashed, S::Stopping},  {S::Failed, S::Starting},    {S::Failed, S::Stopping},
      {S::Stopping, S::Finished}, {S::Starting, S::Cancelled}, {S::Crashed, S::Cancelled},
      {S::Failed, S::Cancelled},  {S::Cancelled, S::Starting}, {S::Cancelled, S::Stopping},
      {S::New, S::Vacant},        {S::Starting, S::Vacant},    {S::Serving, S::Vacant},
      {S::Vacant, S::Vacant},     {S::Vacant, S::Starting},    {S::Vacant, S::Stopping}};
  for (S before : all_states()) {
    for (S next : all_states()) CHECK(can_follow(before, next) == drawn.contains({before, next}));
  }
}

TEST_CASE("supervisor: the backoff doubles up to its longest") {
  const Patience patience;
  CHECK(backoff(patience, 1) == 100ms);
  CHECK(backoff(patience, 2) == 200ms);
  CHECK(backoff(patience, 5) == 1600ms);
  CHECK(backoff(patience, 9) == 25600ms);
  CHECK(backoff(patience, 10) == 30s);
  CHECK(backoff(patience, 1000) == 30s);
}

}  // namespace
}  // namespace berth::swap
