// One seeded world: the supervisor machine, backends that are late, die, hang or keep their port, workers,
// users who swap and cancel, and requests. Runs until everything is shut down, or a rule is broken.
#pragma once

#include <cstdint>
#include <map>
#include <set>

#include <string>

#include "proxy/swap/supervisor_machine.h"
#include "tests/sim/clockwork.h"
#include "tests/sim/dice.h"
#include "tests/sim/rules.h"
#include "tests/sim/workers.h"

namespace berth::sim {

/// What can happen in a world; chances per mille.
struct Weather {
  unsigned start_fails = 0;
  unsigned start_hangs = 0;
  unsigned crashes = 0;  ///< ends by itself some time after it was ready
  unsigned ignores_term = 0;
  unsigned ignores_kill = 0;  ///< its tree never ends
  unsigned keeps_port = 0;
  unsigned silent_release = 0;  ///< its release is never answered
  unsigned long_requests = 0;
  unsigned pinned = 0;     ///< of these
  unsigned impatient = 0;  ///< a second signal follows the first
  swap::Moment slowest_message{1'000};
  unsigned swaps = 12;
  unsigned stop_start = 0;  ///< swaps of this order; from 500 what the machine starts by itself, too
  Milliseconds keep_old{0};
  unsigned rollbacks = 0;  ///< instead of a swap
  unsigned hangs = 0;      ///< answers its checks no more, some time after it was ready
  unsigned vacates = 0;    ///< instead of a swap
  /// Past it the oldest retirement is hurried, which cuts what it still carries.
  unsigned max_retiring = 2;
  Workers::Fault fault = Workers::Fault::None;
};

class World {
 public:
  World(std::uint64_t seed, const Weather& weather);

  void run();

  const std::string& broken() const { return rules_.broken(); }
  std::uint64_t steps() const { return steps_; }
  std::uint64_t served() const { return state_.served; }
  /// What the machine ever asked for here.
  const std::set<swap::SupervisorActionKind>& actions() const { return actions_; }
  const Workers& workers() const { return workers_; }

 private:
  using Kind = swap::SupervisorEventKind;

  enum class Life : std::uint8_t { Starting, Ready, Ended };
  struct Server {
    Life life = Life::Starting;
    bool stop_asked = false;
    bool tree_empty = false;
  };

  void feed(const swap::SupervisorEvent& event);
  void feed(Kind kind, Generation generation) { feed({.kind = kind, .generation = generation, .ask = {}}); }
  void perform(const swap::SupervisorAction& action);
  void plan_users();
  void ask_something();
  SwapOrder any_order();
  void plan_requests();
  void start(Generation generation);
  void become_ready(Generation generation);
  void die(Generation generation);
  void stop(Generation generation);
  void kill(Generation generation);
  void tree_ends(Generation generation);
  void release(Generation generation);
  Server* find(Generation generation);

  const Weather weather_;
  Clockwork clock_;
  Dice dice_;
  swap::Supervisor state_;
  Rules rules_;
  Workers workers_;
  std::map<Generation, Server> servers_;
  std::uint64_t asks_ = 0;
  std::uint64_t steps_ = 0;
  std::set<swap::SupervisorActionKind> actions_;
};

}  // namespace berth::sim
