// The end of a thread that may be held for ever by a write to a terminal that takes nothing (Ctrl-S, an ssh
// that is stuck). Knows nobody who writes.
#pragma once

#include <chrono>
#include <functional>

namespace berth::observe {

/// Calls `work` on a thread of its own and waits for it, `time` at most. False: it goes on by itself, with
/// all that it owns, until it is done or the process ends.
bool end_within(std::chrono::milliseconds time, std::function<void()> work);

}  // namespace berth::observe
