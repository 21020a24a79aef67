#include "proxy/public_wait.h"

#include <algorithm>

#include "backend/port.h"
#include "proxy/loop/signal_pause.h"

namespace berth {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

}  // namespace

AwaitedSockets await_public(const ListenerConfig& listener, const Inherited& inherited,
                            Clock::time_point deadline, const std::function<void(const std::string&)>& say) {
  constexpr milliseconds kBetweenTries{10};
  AwaitedSockets result{open_public(listener, inherited)};
  if (!result.sockets.busy) return result;
  loop::SignalPause pause;  // before a word is said: who reads it may answer with Ctrl-C
  say(result.sockets.error);
  while (result.sockets.busy) {
    const auto left = std::max(milliseconds(0), std::chrono::ceil<milliseconds>(deadline - Clock::now()));
    // The busy one is asked about without opening the others meanwhile, which somebody else may want.
    const auto wait = backend::wait_released({*result.sockets.busy}, left,
                                             [&](milliseconds time) { return pause.wait(time); });
    // A short pause of its own: whatever the two verdicts make of each other, this loop never spins.
    const bool goes_on = wait.end != backend::WaitOutcome::End::Interrupted && pause.wait(kBetweenTries);
    if (goes_on) result.sockets = open_public(listener, inherited);
    result.gave_up = !goes_on || (result.sockets.busy && Clock::now() >= deadline);
    if (!result.gave_up) continue;
    result.sockets.error = (goes_on ? "the wait is over: " : "stopped waiting: ") + result.sockets.error;
    break;
  }
  return result;
}

}  // namespace berth
