#include "proxy/swap/swap_machine.h"

#include <cassert>

namespace berth::swap {
namespace {

constexpr Legality T = Legality::Taken;
constexpr Legality I = Legality::Ignored;
constexpr Legality X = Legality::Illegal;

constexpr Legality kTable[kSwapStates][kSwapEvents] = {
    // Begin, Cleared, Ready, StartFailed, Exited, Cancel, Acknowledged, Gone, Tick
    {T, X, X, X, X, I, X, X, I},  // Idle
    {X, T, X, X, X, T, X, X, I},  // Clearing
    {X, X, T, T, T, T, X, X, T},  // Starting
    {X, X, X, X, T, I, T, X, T},  // Switching
    {X, X, X, X, X, I, X, X, I},  // Done
    {X, X, I, I, I, I, X, T, I},  // Abandoning: what crossed our stop on its way no longer matters
    {X, X, X, X, X, I, X, X, I},  // Failed
};

void enter(SwapStep& out, SwapState state, Moment deadline) {
  out.next.state = state;
  out.next.deadline = deadline;
}

void abandon(SwapStep& out, SwapEnd end) {
  enter(out, SwapState::Abandoning, kNever);
  out.next.end = end;
  out.actions.push_back(SwapAction::Abandon);
}

void start(SwapStep& out, Moment now) {
  enter(out, SwapState::Starting, after(now, out.next.patience.start));
  out.actions.push_back(SwapAction::StartBackend);
}

void switch_over(SwapStep& out, Moment now) {
  enter(out, SwapState::Switching, after(now, out.next.patience.acknowledge));
  out.actions.push_back(SwapAction::SwitchTarget);
}

void begin(SwapStep& out, Moment now) {
  if (out.next.coming == Coming::Warm) return switch_over(out, now);
  if (out.next.order == SwapOrder::Overlap) return start(out, now);
  enter(out, SwapState::Clearing, kNever);
  out.actions.push_back(SwapAction::Clear);
}

void step_clearing(SwapStep& out, SwapEvent event, Moment now) {
  if (event == SwapEvent::Cleared) return start(out, now);
  // Nothing was started, so nothing is to be abandoned.
  enter(out, SwapState::Failed, kNever);
  out.next.end = SwapEnd::Cancelled;
}

void step_starting(SwapStep& out, SwapEvent event, Moment now) {
  switch (event) {
    case SwapEvent::Ready:
      return switch_over(out, now);
    case SwapEvent::StartFailed:
      return abandon(out, SwapEnd::StartFailed);
    case SwapEvent::Exited:
      return abandon(out, SwapEnd::Exited);
    case SwapEvent::Cancel:
      return abandon(out, SwapEnd::Cancelled);
    default:
      if (now >= out.next.deadline) abandon(out, SwapEnd::Overdue);
  }
}

void step_switching(SwapStep& out, SwapEvent event, Moment now) {
  switch (event) {
    case SwapEvent::Acknowledged:
      return enter(out, SwapState::Done, kNever);
    case SwapEvent::Exited:
      out.next.newcomer = Newcomer::Died;
      return;
    default:
      if (now < out.next.deadline) return;
      out.next.deadline = kNever;
      out.actions.push_back(SwapAction::SayLate);
  }
}

}  // namespace

Legality legality(SwapState state, SwapEvent event) {
  return kTable[static_cast<int>(state)][static_cast<int>(event)];
}

SwapStep step(const Swap& swap, SwapEvent event, Moment now) {
  SwapStep out{.next = swap, .actions = {}};
  const Legality legal = legality(swap.state, event);
  assert(legal != Legality::Illegal);
  if (legal != Legality::Taken) return out;
  switch (swap.state) {
    case SwapState::Idle:
      begin(out, now);
      break;
    case SwapState::Clearing:
      step_clearing(out, event, now);
      break;
    case SwapState::Starting:
      step_starting(out, event, now);
      break;
    case SwapState::Switching:
      step_switching(out, event, now);
      break;
    case SwapState::Abandoning:
      enter(out, SwapState::Failed, kNever);
      break;
    case SwapState::Done:
    case SwapState::Failed:
      break;
  }
  return out;
}

}  // namespace berth::swap
