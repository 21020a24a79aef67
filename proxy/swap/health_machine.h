// Whether the backend that serves still answers: when to ask it, and from how many answers in a row to
// believe them. Decides, and does nothing itself; knows no backend, no check and no clock. Pure.
#pragma once

#include <cstdint>
#include <vector>

#include "proxy/swap/patience.h"

namespace berth::swap {

enum class HealthState : std::uint8_t {
  Idle,     ///< nothing serves, or nothing is to be asked
  Waiting,  ///< for the time of the next question
  Asking,   ///< for an answer
};
inline constexpr int kHealthStates = 3;

enum class HealthEvent : std::uint8_t {
  Serves,  ///< another backend serves from now on
  Passed,  ///< it has answered as it should
  Failed,  ///< it has not
  Leaves,  ///< it serves no more
  Tick,    ///< time has passed
};
inline constexpr int kHealthEvents = 5;

enum class HealthAction : std::uint8_t {
  Ask,
  Fell,  ///< it is unhealthy from now on; and once more after as many failures again
  Rose,  ///< it is healthy again
};

enum class Verdict : std::uint8_t { Healthy, Unhealthy };

/// The whole state of the watch over one app. A value.
struct Health {
  HealthConfig config{};
  HealthState state = HealthState::Idle;
  Verdict verdict = Verdict::Healthy;
  std::uint32_t failures = 0;  ///< in a row, since the last Fell
  std::uint32_t passes = 0;    ///< in a row
  Moment next = kNever;        ///< when to ask again, counted from one question to the next
  Moment deadline = kNever;    ///< when a Tick will matter
};

struct HealthStep {
  Health next;
  std::vector<HealthAction> actions;
};

/// Which events a state takes; step() asserts on the illegal ones and otherwise leaves the state alone.
Legality legality(HealthState state, HealthEvent event);

HealthStep step(const Health& health, HealthEvent event, Moment now);

}  // namespace berth::swap
