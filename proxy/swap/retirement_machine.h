// One retirement: takes an old generation out, from the switch to the proof that its port is free (design
// section 2), after it was kept warm for a rollback where that is asked. Decides, and does nothing itself;
// knows neither processes nor workers nor a clock. Every state has a deadline, so a retirement always ends.
// Pure.
#pragma once

#include <cstdint>
#include <vector>

#include "config/endpoint.h"
#include "proxy/swap/patience.h"

namespace berth::swap {

enum class RetirementState : std::uint8_t {
  Warm,        ///< kept as it is, so that a rollback is one switch
  Draining,    ///< its exchanges end by themselves
  Cutting,     ///< its exchanges are being ended: the drain deadline passed, it died, or it was hurried
  Stopping,    ///< asked to end; its tree is not empty yet
  Releasing,   ///< its tree is empty; its port is being proven free
  Released,    ///< gone
  Unreleased,  ///< it still holds its port, or could not be ended
};
inline constexpr int kRetirementStates = 7;

enum class RetirementEvent : std::uint8_t {
  Emptied,  ///< no worker has a holder left
  Exited,   ///< its command ended, asked or not
  Cool,     ///< do not keep it warm any longer, nor for those that are pinned
  Hurry,    ///< do not wait for its exchanges any longer
  Force,    ///< nor for its grace, nor longer than usual for its port
  Stopped,  ///< its tree is empty
  Free,     ///< its port is proven free
  Held,     ///< something of it still listens
  Tick,     ///< time has passed
};
inline constexpr int kRetirementEvents = 9;

enum class RetirementAction : std::uint8_t {
  WatchDrain,  ///< ask the workers to tell when the last holder is gone
  CutOthers,   ///< end what still holds it and is not pinned
  Cut,         ///< end what still holds it
  Stop,        ///< stop signal, grace, KILL
  Kill,        ///< KILL now
  Release,     ///< prove its port free
  GiveUp,      ///< it did not answer in time: let go of it without proof
};

/// How much waiting is left to it.
enum class Pace : std::uint8_t {
  Calm,
  Hurried,  ///< its drain was cut short
  Forced,   ///< its grace, too
};

/// The whole state of one retirement. A value.
struct Retirement {
  Generation generation{};
  RetirementState state = RetirementState::Draining;
  Pace pace = Pace::Calm;
  Moment deadline = kNever;  ///< when a Tick will matter
  Patience patience{};
  bool only_pinned = false;         ///< what holds it now may do so until the patience's pin has passed
  Milliseconds released_within{0};  ///< instead of the patience's release; 0: not said

  bool over() const { return state == RetirementState::Released || state == RetirementState::Unreleased; }
};

struct RetirementStep {
  Retirement next;
  std::vector<RetirementAction> actions;
};

/// The ordinary way: every worker has a newer target, and this one may still carry exchanges.
RetirementStep retire_by_drain(Generation generation, const Patience& patience, Moment now,
                               Milliseconds released_within = Milliseconds{0});

/// It stays Warm for the patience's keep_old first; whoever goes back to it drops the retirement.
RetirementStep retire_warm(Generation generation, const Patience& patience, Moment now,
                           Milliseconds released_within = Milliseconds{0});

/// For a generation that crashed or never served: there is nothing to wait for.
RetirementStep retire_by_stop(Generation generation, const Patience& patience, Moment now);

/// Which events a state takes; step() asserts on the illegal ones and otherwise leaves the state alone.
Legality legality(RetirementState state, RetirementEvent event);

RetirementStep step(const Retirement& retirement, RetirementEvent event, Moment now);

}  // namespace berth::swap
