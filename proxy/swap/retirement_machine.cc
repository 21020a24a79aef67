#include "proxy/swap/retirement_machine.h"

#include <algorithm>
#include <cassert>

namespace berth::swap {
namespace {

constexpr Legality T = Legality::Taken;
constexpr Legality I = Legality::Ignored;
constexpr Legality X = Legality::Illegal;

constexpr Legality kTable[kRetirementStates][kRetirementEvents] = {
    // Emptied, Exited, Cool, Hurry, Force, Stopped, Free, Held, Tick
    {X, T, T, T, T, X, X, X, T},  // Warm
    {T, T, T, T, T, X, X, X, T},  // Draining
    {T, I, I, T, T, X, X, X, T},  // Cutting
    {I, I, I, T, T, T, X, X, T},  // Stopping: emptied may come late, when the cut was overdue
    {I, I, I, I, T, X, T, T, T},  // Releasing
    {I, X, I, I, I, X, X, X, I},  // Released
    {I, X, I, I, I, X, X, X, I},  // Unreleased
};

void enter(RetirementStep& out, RetirementState state, Moment deadline) {
  out.next.state = state;
  out.next.deadline = deadline;
}

void cut(RetirementStep& out, Moment now) {
  enter(out, RetirementState::Cutting, after(now, out.next.patience.cut));
  out.actions.push_back(RetirementAction::Cut);
}

void kill(RetirementStep& out, Moment now) {
  out.next.pace = Pace::Forced;
  out.next.deadline = after(now, out.next.patience.kill);
  out.actions.push_back(RetirementAction::Kill);
}

void stop(RetirementStep& out, Moment now) {
  enter(out, RetirementState::Stopping, after(now, out.next.patience.stop));
  out.actions.push_back(RetirementAction::Stop);
  if (out.next.pace == Pace::Forced) kill(out, now);
}

void release(RetirementStep& out, Moment now) {
  const Patience& patience = out.next.patience;
  const bool said = out.next.released_within.count() != 0;
  const Milliseconds wait = said ? out.next.released_within : patience.release;
  enter(out, RetirementState::Releasing, after(after(now, wait), patience.slack));
  out.actions.push_back(RetirementAction::Release);
}

void give_up(RetirementStep& out) {
  enter(out, RetirementState::Unreleased, kNever);
  out.actions.push_back(RetirementAction::GiveUp);
}

void quicken(RetirementStep& out, RetirementEvent event) {
  const Pace asked = event == RetirementEvent::Force ? Pace::Forced : Pace::Hurried;
  out.next.pace = std::max(out.next.pace, asked);
}

void drain(RetirementStep& out, Moment now) {
  enter(out, RetirementState::Draining, after(now, out.next.patience.drain));
  out.actions.push_back(RetirementAction::WatchDrain);
}

/// What it carries since before the switch goes on, as in any drain.
void step_warm(RetirementStep& out, RetirementEvent event, Moment now) {
  switch (event) {
    case RetirementEvent::Tick:
      if (now >= out.next.deadline) drain(out, now);
      return;
    case RetirementEvent::Cool:
      return drain(out, now);
    case RetirementEvent::Exited:
      drain(out, now);
      return cut(out, now);
    default:
      quicken(out, event);
      drain(out, now);
      return cut(out, now);
  }
}

void step_draining(RetirementStep& out, RetirementEvent event, Moment now) {
  switch (event) {
    case RetirementEvent::Emptied:
      return stop(out, now);
    case RetirementEvent::Hurry:
    case RetirementEvent::Force:
      quicken(out, event);
      return cut(out, now);
    case RetirementEvent::Exited:
      return cut(out, now);
    case RetirementEvent::Cool:
      out.next.patience.pin = Milliseconds{0};
      if (out.next.only_pinned) cut(out, now);
      return;
    default:
      if (now < out.next.deadline) return;
      if (out.next.only_pinned || out.next.patience.pin <= out.next.patience.drain) return cut(out, now);
      out.next.only_pinned = true;
      out.next.deadline = after(now, out.next.patience.pin - out.next.patience.drain);
      out.actions.push_back(RetirementAction::CutOthers);
  }
}

void step_cutting(RetirementStep& out, RetirementEvent event, Moment now) {
  switch (event) {
    case RetirementEvent::Emptied:
      return stop(out, now);
    case RetirementEvent::Hurry:
    case RetirementEvent::Force:
      return quicken(out, event);
    default:
      // A worker that does not get round to its cut must not keep the process alive.
      if (now >= out.next.deadline) stop(out, now);
  }
}

void step_stopping(RetirementStep& out, RetirementEvent event, Moment now) {
  const bool forced = out.next.pace == Pace::Forced;
  switch (event) {
    case RetirementEvent::Stopped:
      return release(out, now);
    case RetirementEvent::Hurry:
      return quicken(out, event);
    case RetirementEvent::Force:
      if (!forced) kill(out, now);
      return;
    default:
      if (now < out.next.deadline) return;
      if (forced) return give_up(out);
      kill(out, now);
  }
}

void step_releasing(RetirementStep& out, RetirementEvent event, Moment now) {
  switch (event) {
    case RetirementEvent::Free:
      return enter(out, RetirementState::Released, kNever);
    case RetirementEvent::Held:
      return enter(out, RetirementState::Unreleased, kNever);
    case RetirementEvent::Force:
      quicken(out, event);
      out.next.deadline = std::min(out.next.deadline, after(now, out.next.patience.release));
      return;
    default:
      if (now >= out.next.deadline) give_up(out);
  }
}

}  // namespace

RetirementStep retire_by_drain(Generation generation, const Patience& patience, Moment now,
                               Milliseconds released_within) {
  RetirementStep out{
      .next = {.generation = generation, .patience = patience, .released_within = released_within},
      .actions = {}};
  drain(out, now);
  return out;
}

RetirementStep retire_warm(Generation generation, const Patience& patience, Moment now,
                           Milliseconds released_within) {
  RetirementStep out{
      .next = {.generation = generation, .patience = patience, .released_within = released_within},
      .actions = {}};
  enter(out, RetirementState::Warm, after(now, patience.keep_old));
  return out;
}

RetirementStep retire_by_stop(Generation generation, const Patience& patience, Moment now) {
  RetirementStep out{.next = {.generation = generation, .patience = patience}, .actions = {}};
  stop(out, now);
  return out;
}

Legality legality(RetirementState state, RetirementEvent event) {
  return kTable[static_cast<int>(state)][static_cast<int>(event)];
}

RetirementStep step(const Retirement& retirement, RetirementEvent event, Moment now) {
  RetirementStep out{.next = retirement, .actions = {}};
  const Legality legal = legality(retirement.state, event);
  assert(legal != Legality::Illegal);
  if (legal != Legality::Taken) return out;
  switch (retirement.state) {
    case RetirementState::Warm:
      step_warm(out, event, now);
      break;
    case RetirementState::Draining:
      step_draining(out, event, now);
      break;
    case RetirementState::Cutting:
      step_cutting(out, event, now);
      break;
    case RetirementState::Stopping:
      step_stopping(out, event, now);
      break;
    case RetirementState::Releasing:
      step_releasing(out, event, now);
      break;
    case RetirementState::Released:
    case RetirementState::Unreleased:
      break;
  }
  return out;
}

}  // namespace berth::swap
