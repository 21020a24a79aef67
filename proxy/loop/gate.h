// What a coroutine sleeps on: a set of bits that sockets, deadlines and messages raise. One sleeper at a
// time. Because nothing is "in flight" while it sleeps, giving up a wait costs nothing.
#pragma once

#include <coroutine>
#include <cstdint>
#include <utility>

namespace berth::loop {

using Wakes = std::uint32_t;

inline constexpr Wakes kClientIn = 1U << 0;
inline constexpr Wakes kClientOut = 1U << 1;
inline constexpr Wakes kClientGone = 1U << 2;  ///< reset, or closed both ways
inline constexpr Wakes kUpstreamIn = 1U << 3;
inline constexpr Wakes kUpstreamOut = 1U << 4;
inline constexpr Wakes kUpstreamGone = 1U << 5;  ///< comes with In and Out: reading tells what happened
inline constexpr Wakes kTimeout = 1U << 6;       ///< the deadline of the moment
inline constexpr Wakes kCut = 1U << 7;           ///< the target's drain deadline has passed
inline constexpr Wakes kLeave = 1U << 12;        ///< the target has retired: a long connection is to end well
inline constexpr Wakes kAdmitted = 1U << 8;      ///< the hold queue lets it go
inline constexpr Wakes kRefused = 1U << 9;       ///< the hold queue gives up
inline constexpr Wakes kClientEnded = 1U << 11;  ///< has finished sending; it may still want its answer
inline constexpr Wakes kStopping = 1U << 10;     ///< berth stops: an idle connection closes

/// One loop only. Raising a bit that the sleeper waits for resumes it at once, inside raise().
class Gate {
 public:
  void raise(Wakes bits) {
    pending_ |= bits;
    if (sleeper_ && (pending_ & wanted_) != 0) std::exchange(sleeper_, {}).resume();
  }
  void forget(Wakes bits) { pending_ &= ~bits; }
  Wakes wanted() const { return sleeper_ ? wanted_ : 0; }

  /// Sleeps until one of `mask` is raised; gives those raised and forgets them.
  auto wait(Wakes mask) {
    struct Awaiter {
      Gate& gate;
      Wakes mask;
      bool await_ready() const { return (gate.pending_ & mask) != 0; }
      void await_suspend(std::coroutine_handle<> handle) {
        gate.wanted_ = mask;
        gate.sleeper_ = handle;
      }
      Wakes await_resume() {
        const Wakes raised = gate.pending_ & mask;
        gate.pending_ &= ~raised;
        return raised;
      }
    };
    return Awaiter{*this, mask};
  }

 private:
  Wakes pending_ = 0;
  Wakes wanted_ = 0;
  std::coroutine_handle<> sleeper_;
};

}  // namespace berth::loop
