// One swap, from the asking to the switch (design section 2): decides, and does nothing itself. Knows neither
// processes nor workers nor a clock; ends at Done, where the retirement of the old generation begins, or at
// Failed, once what was started is gone again. Pure.
#pragma once

#include <cstdint>
#include <vector>

#include "config/endpoint.h"
#include "proxy/swap/patience.h"

namespace berth::swap {

enum class SwapState : std::uint8_t {
  Idle,        ///< not begun
  Clearing,    ///< what is to end before it (SwapOrder::StopStart) is on its way out
  Starting,    ///< the new generation was started and is not ready
  Switching,   ///< the new target was sent to every worker; not all have it yet
  Done,        ///< every worker has it
  Abandoning,  ///< the new generation is being stopped and released; it never got a request
  Failed,      ///< it is gone
};
inline constexpr int kSwapStates = 7;

enum class SwapEvent : std::uint8_t {
  Begin,
  Cleared,       ///< nothing else is left
  Ready,         ///< the new generation's check passed
  StartFailed,   ///< it will not become ready
  Exited,        ///< it ended by itself
  Cancel,        ///< somebody asked to end the swap
  Acknowledged,  ///< every worker has the new target
  Gone,          ///< the abandoned generation is released, or given up
  Tick,          ///< time has passed
};
inline constexpr int kSwapEvents = 9;

enum class SwapAction : std::uint8_t {
  Clear,         ///< take out what serves, and tell when nothing is left
  StartBackend,  ///< start the new generation
  SwitchTarget,  ///< send it to every worker
  SayLate,       ///< tell that a worker is late to acknowledge; the swap goes on waiting
  Abandon,       ///< stop and release the new generation
};

/// Why a swap is Abandoning or Failed.
enum class SwapEnd : std::uint8_t {
  None,         ///< it is not
  StartFailed,  ///< the backend said so
  Exited,       ///< the new one ended between its readiness and the switch
  Cancelled,
  Superseded,  ///< as Cancelled, because a newer one takes its place: the supervisor's word
  Overdue,     ///< neither ready nor failed came in time
};

/// What is known of the new generation's process.
enum class Newcomer : std::uint8_t {
  Alive,
  Died,  ///< after the switch was sent: it is switched to, and then treated as a crash
};

/// What there is of the new generation before the swap.
enum class Coming : std::uint8_t {
  Cold,  ///< nothing: it is to be started
  Warm,  ///< all: it served before and was kept, so the swap is its switch
};

/// The whole state of one swap. A value.
struct Swap {
  SwapState state = SwapState::Idle;
  SwapOrder order = SwapOrder::Overlap;
  Coming coming = Coming::Cold;
  Generation from{};  ///< serves until the switch, or until it is cleared away; 0: none
  Generation to{};
  SwapEnd end = SwapEnd::None;
  Newcomer newcomer = Newcomer::Alive;
  Moment deadline = kNever;  ///< when a Tick will matter
  Patience patience{};
};

struct SwapStep {
  Swap next;
  std::vector<SwapAction> actions;
};

/// Which events a state takes; step() asserts on the illegal ones and otherwise leaves the state alone.
Legality legality(SwapState state, SwapEvent event);

/// Once the switch was sent there is no way back, because a worker may already have followed it: a cancel is
/// ignored then, and a late acknowledgement is told and waited for.
SwapStep step(const Swap& swap, SwapEvent event, Moment now);

}  // namespace berth::swap
