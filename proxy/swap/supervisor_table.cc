// The supervisor's tables and what can be read off its state without a step.
#include <algorithm>

#include "proxy/swap/supervisor_machine.h"

namespace berth::swap {
namespace {

constexpr Legality T = Legality::Taken;
constexpr Legality I = Legality::Ignored;
constexpr Legality X = Legality::Illegal;

constexpr Legality kTable[kAppStates][kSupervisorEvents] = {
    // Start, Swap, Cancel, Shutdown, Hurry, Ready, StartFailed, Exited, Acknowledged,
    // Emptied, Stopped, Free, Held, Refusing, Tick
    {T, T, I, T, I, X, X, X, X, X, X, X, X, X, I},  // New
    {X, T, T, T, I, T, T, T, T, T, T, T, T, X, T},  // Starting
    {X, T, I, T, I, X, X, T, X, T, T, T, T, X, T},  // Serving
    {X, T, T, T, I, T, T, T, T, T, T, T, T, X, T},  // Swapping
    {X, T, T, T, I, X, X, T, X, T, T, T, T, X, T},  // Crashed
    {X, T, T, T, I, X, X, T, X, T, T, T, T, X, T},  // Failed
    {X, T, I, T, I, X, X, T, X, T, T, T, T, X, T},  // Cancelled
    {X, T, I, I, T, T, T, T, T, T, T, T, T, T, T},  // Stopping
    {X, T, I, I, I, X, X, I, I, I, I, I, I, I, I},  // Finished: answers may cross what was given up
};

constexpr bool kFollows[kAppStates][kAppStates] = {
    // New, Starting, Serving, Swapping, Crashed, Failed, Cancelled, Stopping, Finished
    {false, true, false, false, false, false, false, true, false},    // New
    {false, true, true, false, true, true, true, true, false},        // Starting
    {false, false, false, true, true, false, false, true, false},     // Serving
    {false, true, true, false, true, false, false, true, false},      // Swapping
    {false, true, false, false, false, false, true, true, false},     // Crashed
    {false, true, false, false, false, false, true, true, false},     // Failed
    {false, true, false, false, false, false, false, true, false},    // Cancelled
    {false, false, false, false, false, false, false, false, true},   // Stopping
    {false, false, false, false, false, false, false, false, false},  // Finished
};

}  // namespace

Legality legality(AppState state, SupervisorEventKind event) {
  return kTable[static_cast<int>(state)][static_cast<int>(event)];
}

bool can_follow(AppState before, AppState next) {
  return kFollows[static_cast<int>(before)][static_cast<int>(next)];
}

bool can_cancel(const Supervisor& supervisor) {
  if (legality(supervisor.state, SupervisorEventKind::Cancel) != Legality::Taken) return false;
  if (!supervisor.swap) return true;
  if (supervisor.swap->state == SwapState::Starting) return true;
  // A start that failed by itself would be tried again.
  return supervisor.swap->state == SwapState::Abandoning && supervisor.asked.origin != Origin::User &&
         !supervisor.queued && !supervisor.rests;
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
