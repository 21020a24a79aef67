// Plays events to a supervisor machine at moments of its own and remembers the actions. Knows the machine
// only.
#pragma once

#include <algorithm>
#include <string>
#include <vector>

#include "proxy/swap/supervisor_machine.h"

namespace berth::swap {

/// "start 1", "switch 1", "drain 1": an action as a story writes it.
inline std::string text(const SupervisorAction& action) {
  static const char* const kNames[] = {
      "start",   "switch",  "hold",        "refuse-all",   "rest",    "drain",      "cut-others", "cut",
      "stop",    "kill",    "release",     "forget",       "queued",  "superseded", "refused",    "late",
      "begin",   "vacated", "switched",    "warm",         "revive",  "abandoned",  "back",       "failed",
      "crashed", "overdue", "first-ready", "first-failed", "finished"};
  std::string name = kNames[static_cast<int>(action.kind)];
  if (action.generation.number != 0) return name + " " + std::to_string(action.generation.number);
  if (action.ask.number != 0) return name + " #" + std::to_string(action.ask.number);
  return name;
}

class Play {
 public:
  using Kind = SupervisorEventKind;
  using Lines = std::vector<std::string>;

  Supervisor state;
  Moment now{0};

  /// The actions of one event, as text.
  Lines operator()(Kind kind, std::uint32_t generation = 0) {
    return feed({.kind = kind, .generation = {generation}, .ask = {}});
  }
  Lines start(std::uint64_t number = 1) {
    return feed({.kind = Kind::Start,
                 .generation = {},
                 .ask = {.number = number, .origin = Origin::First, .order = state.order}});
  }
  Lines swap(std::uint64_t number, QueuePolicy policy = QueuePolicy::Wait) {
    return feed({.kind = Kind::Swap,
                 .generation = {},
                 .ask = {.number = number, .policy = policy, .order = state.order}});
  }
  /// To what served before.
  Lines roll_back(std::uint64_t number) {
    return feed({.kind = Kind::Swap,
                 .generation = {},
                 .ask = {.number = number, .order = state.order, .way = Way::Revive}});
  }
  Lines vacate(std::uint64_t number) {
    return feed({.kind = Kind::Vacate, .generation = {}, .ask = {.number = number}});
  }
  /// Lets time pass up to the next deadline and ticks.
  Lines wait() {
    now = next_deadline(state);
    return (*this)(Kind::Tick);
  }
  /// Whether it comes to its end with nobody answering any more.
  bool ends_by_deadlines() {
    for (int ticks = 0; state.state != AppState::Finished && ticks < 50; ++ticks) {
      if (next_deadline(state) == kNever) return false;
      wait();
    }
    return state.state == AppState::Finished;
  }
  Lines pass(Moment time) {
    now += time;
    return (*this)(Kind::Tick);
  }

  /// Serving generation 1 of ask #1.
  void serve_first() {
    start();
    (*this)(Kind::Ready, 1);
    (*this)(Kind::Acknowledged, 1);
  }
  /// From the asking to the switch.
  void serve_next(std::uint64_t number) {
    swap(number);
    (*this)(Kind::Ready, state.newest.number);
    (*this)(Kind::Acknowledged, state.newest.number);
  }
  /// An old generation's way out, from an empty drain on.
  void retire(std::uint32_t generation) {
    (*this)(Kind::Emptied, generation);
    gone(generation);
  }
  /// From the stop on.
  Lines gone(std::uint32_t generation) {
    (*this)(Kind::Stopped, generation);
    return (*this)(Kind::Free, generation);
  }

 private:
  Lines feed(const SupervisorEvent& event) {
    SupervisorStep step = swap::step(state, event, now);
    state = step.next;
    Lines lines;
    for (const SupervisorAction& action : step.actions) lines.push_back(text(action));
    return lines;
  }
};

}  // namespace berth::swap
