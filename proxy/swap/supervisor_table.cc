// The supervisor's tables and what can be read off its state without a step.
#include <algorithm>

#include "proxy/swap/supervisor_machine.h"

namespace berth::swap {
namespace {

constexpr Legality T = Legality::Taken;
constexpr Legality I = Legality::Ignored;
constexpr Legality X = Legality::Illegal;

constexpr Legality kTable[kAppStates][kSupervisorEvents] = {
    // Start, Swap, Vacate, Cancel, Shutdown, Hurry, Ready, StartFailed, Exited, Acknowledged,
    // Emptied, Stopped, Free, Held, Unhealthy, Holding, Refusing, Tick
    {T, T, T, I, T, I, X, X, X, X, X, X, X, X, X, X, X, I},  // New
    {X, T, T, T, T, I, T, T, T, T, T, T, T, T, I, I, X, T},  // Starting
    {X, T, T, I, T, I, X, X, T, X, T, T, T, T, T, I, X, T},  // Serving
    {X, T, T, T, T, I, T, T, T, T, T, T, T, T, I, T, X, T},  // Swapping
    {X, T, T, T, T, I, X, X, T, X, T, T, T, T, I, I, X, T},  // Crashed
    {X, T, T, T, T, I, X, X, T, X, T, T, T, T, I, I, X, T},  // Failed
    {X, T, T, I, T, I, X, X, T, X, T, T, T, T, I, I, X, T},  // Cancelled
    {X, T, T, I, T, I, X, X, T, X, T, T, T, T, I, T, X, T},  // Vacant
    {X, T, T, I, I, T, T, T, T, T, T, T, T, T, I, I, T, T},  // Stopping
    {X, T, T, I, I, I, X, X, I, I, I, I, I, I, I, I, I, I},  // Finished: answers may cross what was given up
};

constexpr std::uint8_t kFollows[kAppStates][kAppStates] = {
    // New, Starting, Serving, Swapping, Crashed, Failed, Cancelled, Vacant, Stopping, Finished
    {0, 1, 0, 0, 0, 0, 0, 1, 1, 0},  // New
    {0, 1, 1, 0, 1, 1, 1, 1, 1, 0},  // Starting
    {0, 0, 0, 1, 1, 0, 0, 1, 1, 0},  // Serving
    {0, 1, 1, 0, 1, 0, 0, 0, 1, 0},  // Swapping
    {0, 1, 0, 0, 0, 0, 1, 0, 1, 0},  // Crashed
    {0, 1, 0, 0, 0, 0, 1, 0, 1, 0},  // Failed
    {0, 1, 0, 0, 0, 0, 0, 0, 1, 0},  // Cancelled
    {0, 1, 0, 0, 0, 0, 0, 1, 1, 0},  // Vacant
    {0, 0, 0, 0, 0, 0, 0, 0, 0, 1},  // Stopping
    {0, 0, 0, 0, 0, 0, 0, 0, 0, 0},  // Finished
};

}  // namespace

Legality legality(AppState state, SupervisorEventKind event) {
  return kTable[static_cast<int>(state)][static_cast<int>(event)];
}

bool can_follow(AppState before, AppState next) {
  return kFollows[static_cast<int>(before)][static_cast<int>(next)] != 0;
}

SupervisorActionKind action_of(RetirementAction action) {
  switch (action) {
    case RetirementAction::WatchDrain:
      return SupervisorActionKind::WatchDrain;
    case RetirementAction::CutOthers:
      return SupervisorActionKind::CutOthers;
    case RetirementAction::Cut:
      return SupervisorActionKind::CutHolders;
    case RetirementAction::Stop:
      return SupervisorActionKind::StopBackend;
    case RetirementAction::Kill:
      return SupervisorActionKind::KillBackend;
    case RetirementAction::Release:
      return SupervisorActionKind::ReleaseBackend;
    case RetirementAction::GiveUp:
      break;
  }
  return SupervisorActionKind::RetirementOverdue;
}

RetirementEvent retirement_event(SupervisorEventKind event) {
  switch (event) {
    case SupervisorEventKind::Emptied:
      return RetirementEvent::Emptied;
    case SupervisorEventKind::Stopped:
      return RetirementEvent::Stopped;
    case SupervisorEventKind::Free:
      return RetirementEvent::Free;
    default:
      return RetirementEvent::Held;
  }
}

Generation warm_one(const Supervisor& supervisor) {
  for (const Retirement& r : supervisor.retirements)
    if (r.state == RetirementState::Warm) return r.generation;
  return {};
}

bool can_cancel(const Supervisor& supervisor) {
  if (legality(supervisor.state, SupervisorEventKind::Cancel) != Legality::Taken) return false;
  if (!supervisor.swap) return true;
  if (supervisor.swap->state == SwapState::Starting) return true;
  // While the old one is leaving, its own return is no longer to be stopped.
  if (supervisor.swap->state == SwapState::Clearing)
    return supervisor.current.number == 0 || supervisor.asked.origin == Origin::User;
  // A start that failed by itself would be tried again where nothing serves.
  return supervisor.swap->state == SwapState::Abandoning && supervisor.asked.origin != Origin::User &&
         supervisor.current.number == 0 && !supervisor.queued && !supervisor.rests;
}

Moment next_deadline(const Supervisor& supervisor) {
  Moment next = supervisor.deadline;
  if (supervisor.swap) next = std::min(next, supervisor.swap->deadline);
  for (const Retirement& r : supervisor.retirements) next = std::min(next, r.deadline);
  return next;
}

Milliseconds backoff(const Patience& patience, unsigned failures) {
  Milliseconds wait = patience.first_backoff;
  for (unsigned n = 1; n < failures && wait < patience.longest_backoff; ++n) wait *= 2;
  return std::min(wait, patience.longest_backoff);
}

}  // namespace berth::swap
