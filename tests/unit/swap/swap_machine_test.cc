#include "proxy/swap/swap_machine.h"

#include <doctest/doctest.h>

#include <vector>

#include "tests/unit/swap/machine_table.h"

namespace berth::swap {
namespace {

using S = SwapState;
using E = SwapEvent;
using A = SwapAction;
using Row = TableRow<S, E, A>;
using namespace std::chrono_literals;

Swap in_state(S state) {
  Swap swap{.state = state, .from = {6}, .to = {7}};
  if (state == S::Starting || state == S::Switching) swap.deadline = kNow;
  return swap;
}

constexpr Legality T = Legality::Taken;
constexpr Legality I = Legality::Ignored;
constexpr Legality X = Legality::Illegal;

const std::vector<Row>& rows() {
  static const std::vector<Row> all = {
      {S::Idle, E::Begin, T, S::Starting, {A::StartBackend}},
      {S::Idle, E::Cleared, X},
      {S::Idle, E::Ready, X},
      {S::Idle, E::StartFailed, X},
      {S::Idle, E::Exited, X},
      {S::Idle, E::Cancel, I},
      {S::Idle, E::Acknowledged, X},
      {S::Idle, E::Gone, X},
      {S::Idle, E::Tick, I},
      {S::Clearing, E::Begin, X},
      {S::Clearing, E::Cleared, T, S::Starting, {A::StartBackend}},
      {S::Clearing, E::Ready, X},
      {S::Clearing, E::StartFailed, X},
      {S::Clearing, E::Exited, X},
      {S::Clearing, E::Cancel, T, S::Failed, {}},
      {S::Clearing, E::Acknowledged, X},
      {S::Clearing, E::Gone, X},
      {S::Clearing, E::Tick, I},
      {S::Starting, E::Begin, X},
      {S::Starting, E::Cleared, X},
      {S::Starting, E::Ready, T, S::Switching, {A::SwitchTarget}},
      {S::Starting, E::StartFailed, T, S::Abandoning, {A::Abandon}},
      {S::Starting, E::Exited, T, S::Abandoning, {A::Abandon}},
      {S::Starting, E::Cancel, T, S::Abandoning, {A::Abandon}},
      {S::Starting, E::Acknowledged, X},
      {S::Starting, E::Gone, X},
      {S::Starting, E::Tick, T, S::Abandoning, {A::Abandon}},
      {S::Switching, E::Begin, X},
      {S::Switching, E::Cleared, X},
      {S::Switching, E::Ready, X},
      {S::Switching, E::StartFailed, X},
      {S::Switching, E::Exited, T, S::Switching, {}},
      {S::Switching, E::Cancel, I},
      {S::Switching, E::Acknowledged, T, S::Done, {}},
      {S::Switching, E::Gone, X},
      {S::Switching, E::Tick, T, S::Switching, {A::SayLate}},
      {S::Done, E::Begin, X},
      {S::Done, E::Cleared, X},
      {S::Done, E::Ready, X},
      {S::Done, E::StartFailed, X},
      {S::Done, E::Exited, X},
      {S::Done, E::Cancel, I},
      {S::Done, E::Acknowledged, X},
      {S::Done, E::Gone, X},
      {S::Done, E::Tick, I},
      {S::Abandoning, E::Begin, X},
      {S::Abandoning, E::Cleared, X},
      {S::Abandoning, E::Ready, I},
      {S::Abandoning, E::StartFailed, I},
      {S::Abandoning, E::Exited, I},
      {S::Abandoning, E::Cancel, I},
      {S::Abandoning, E::Acknowledged, X},
      {S::Abandoning, E::Gone, T, S::Failed, {}},
      {S::Abandoning, E::Tick, I},
      {S::Failed, E::Begin, X},
      {S::Failed, E::Cleared, X},
      {S::Failed, E::Ready, X},
      {S::Failed, E::StartFailed, X},
      {S::Failed, E::Exited, X},
      {S::Failed, E::Cancel, I},
      {S::Failed, E::Acknowledged, X},
      {S::Failed, E::Gone, X},
      {S::Failed, E::Tick, I},
  };
  return all;
}

TEST_CASE("swap machine: every pair of state and event does what the table says") {
  check_table(rows(), kSwapStates * kSwapEvents, in_state, [](const Swap& swap) {
    CHECK(swap.from == Generation{6});
    CHECK(swap.to == Generation{7});
  });
}

TEST_CASE("swap machine: the end of a failed swap says why") {
  CHECK(step(in_state(S::Starting), E::StartFailed, kNow).next.end == SwapEnd::StartFailed);
  CHECK(step(in_state(S::Starting), E::Exited, kNow).next.end == SwapEnd::Exited);
  CHECK(step(in_state(S::Starting), E::Cancel, kNow).next.end == SwapEnd::Cancelled);
  CHECK(step(in_state(S::Starting), E::Tick, kNow).next.end == SwapEnd::Overdue);
}

TEST_CASE("swap machine: in the stop-start order it starts only when nothing else is left") {
  Swap swap{.order = SwapOrder::StopStart, .from = {1}, .to = {2}};
  SwapStep done = step(swap, E::Begin, kNow);
  CHECK(done.next.state == S::Clearing);
  CHECK(done.actions == std::vector{A::Clear});
  CHECK(done.next.deadline == kNever);
  CHECK(step(done.next, E::Cancel, kNow).next.end == SwapEnd::Cancelled);
  done = step(done.next, E::Cleared, kNow);
  CHECK(done.next.state == S::Starting);
  CHECK(done.next.deadline == after(kNow, swap.patience.start));
}

TEST_CASE("swap machine: to a generation that was kept warm the swap is its switch") {
  const Swap swap{.coming = Coming::Warm, .from = {2}, .to = {1}};
  const SwapStep done = step(swap, E::Begin, kNow);
  CHECK(done.next.state == S::Switching);
  CHECK(done.actions == std::vector{A::SwitchTarget});
  CHECK(done.next.deadline == after(kNow, swap.patience.acknowledge));
}

TEST_CASE("swap machine: a tick before the deadline changes nothing") {
  const SwapStep starting = step(in_state(S::Starting), E::Tick, kNow - 1us);
  CHECK(starting.next.state == S::Starting);
  CHECK(starting.actions.empty());
  const SwapStep switching = step(in_state(S::Switching), E::Tick, kNow - 1us);
  CHECK(switching.actions.empty());
}

TEST_CASE("swap machine: a late acknowledgement is told once and then waited for") {
  SwapStep late = step(in_state(S::Switching), E::Tick, kNow);
  CHECK(late.actions == std::vector{A::SayLate});
  late = step(late.next, E::Tick, kNow + 1h);
  CHECK(late.actions.empty());
  CHECK(step(late.next, E::Acknowledged, kNow + 2h).next.state == S::Done);
}

TEST_CASE("swap machine: a newcomer that dies while switching is switched to, and known to be dead") {
  SwapStep died = step(in_state(S::Switching), E::Exited, kNow);
  CHECK(died.next.newcomer == Newcomer::Died);
  died = step(died.next, E::Acknowledged, kNow);
  CHECK(died.next.state == S::Done);
  CHECK(died.next.newcomer == Newcomer::Died);
}

TEST_CASE("swap machine: deadlines are set where something is waited for") {
  Swap swap{.from = {}, .to = {1}};
  swap.patience.start = 5s;
  swap.patience.acknowledge = 1s;
  swap = step(swap, E::Begin, kNow).next;
  CHECK(swap.deadline == kNow + 5s);
  swap = step(swap, E::Ready, kNow + 2s).next;
  CHECK(swap.deadline == kNow + 3s);
  swap = step(swap, E::Acknowledged, kNow + 2s).next;
  CHECK(swap.deadline == kNever);
}

TEST_CASE("swap machine: a start without a deadline never ends by time") {
  Swap swap{.from = {}, .to = {1}};
  swap.patience.start = kOff;
  swap = step(swap, E::Begin, kNow).next;
  CHECK(swap.deadline == kNever);
}

TEST_CASE("patience: follows the app's configuration and keeps off as off") {
  AppConfig app;
  app.ready.timeout = 7s;
  app.stop.grace = kOff;
  app.drain = 3s;
  app.max_retiring = 2;
  app.keep_old = 60s;
  const Patience patience = patience_of(app);
  CHECK(patience.start == 12s);
  CHECK(patience.stop == kOff);
  CHECK(patience.drain == 3s);
  CHECK(patience.max_retiring == 2);
  CHECK(patience.keep_old == 60s);
  app.hooks.ready = {"test"};
  app.hooks.timeout = 4s;
  CHECK(patience_of(app).start == 12s);
  app.hooks.required = {"ready"};
  CHECK(patience_of(app).start == 16s);
  app.ready.timeout = kOff;
  CHECK(patience_of(app).start == kOff);
  CHECK(after(kNow, kOff) == kNever);
  CHECK(after(kNow, 2s) == 3s);
}

}  // namespace
}  // namespace berth::swap
