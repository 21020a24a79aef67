// Moments and the length of every wait of a swap, as values: the machines compare them and never look at a
// clock. Knows the configuration it is derived from, no timer and no loop.
#pragma once

#include <chrono>
#include <cstdint>

#include "config/config.h"

namespace berth::swap {

/// A point in time, counted from an origin that the caller of the machines chooses.
using Moment = std::chrono::microseconds;

/// Later than every moment: no deadline.
inline constexpr Moment kNever = Moment::max();

/// `wait` from `now`; kNever for kOff and for what would overflow.
constexpr Moment after(Moment now, Milliseconds wait) {
  constexpr auto kLongest = std::chrono::duration_cast<Milliseconds>(kNever) / 2;
  return wait >= kLongest ? kNever : now + wait;
}

/// How a machine takes an event in a state.
enum class Legality : std::uint8_t {
  Taken,    ///< it may move the machine or cause actions
  Ignored,  ///< it may come and changes nothing: it crossed something on its way
  Illegal,  ///< it cannot come: a bug of the caller
};

/// How long each step may take before the machines do something about it.
struct Patience {
  Milliseconds start{35'000};  ///< from the start to ready or failed; the backend's own deadline is shorter
  Milliseconds acknowledge{1'000};  ///< of every worker, to a new target
  Milliseconds drain{30'000};       ///< until what the old one still carries is cut
  Milliseconds pin{0};              ///< until the pinned ones among them are cut; 0: none is pinned
  Milliseconds cut{2'000};          ///< from the cut to emptiness
  Milliseconds stop{15'000};        ///< from the stop to the tree's end; covers the backend's own grace
  Milliseconds kill{5'000};         ///< from KILL to the tree's end
  Milliseconds release{10'000};     ///< given to the backend for the proof of its port
  Milliseconds slack{2'000};        ///< how much later than `release` its answer may come
  Milliseconds first_backoff{100};  ///< before the first restart after a crash; doubles with each
  Milliseconds longest_backoff{30'000};
  Milliseconds stable{30'000};  ///< a generation that served so long begins the backoff anew when it crashes
  Milliseconds keep_old{0};     ///< how long the old one stays warm after a switch
  std::uint32_t max_retiring = 4;  ///< past it the oldest retirement is hurried
};

/// What `app` asks for, with the slack that a step needs beyond its own deadline.
inline Patience patience_of(const AppConfig& app) {
  constexpr Milliseconds kSlack{5'000};
  const auto longer = [](Milliseconds wait, Milliseconds more) {
    return wait > kOff - more ? kOff : wait + more;
  };
  const auto with_slack = [longer, kSlack](Milliseconds wait) { return longer(wait, kSlack); };
  Patience patience{};
  const Milliseconds hook = app.hooks.wait_for_ready() ? app.hooks.timeout : Milliseconds{0};
  patience.start = with_slack(longer(app.ready.timeout, hook));
  patience.drain = app.drain;
  patience.pin = app.long_.pins() ? app.long_.pin : Milliseconds{0};
  patience.stop = with_slack(app.stop.grace);
  patience.keep_old = app.keep_old;
  patience.max_retiring = app.max_retiring;
  return patience;
}

}  // namespace berth::swap
