// The shadow model of a simulated world: what the design promises, checked against every action, request and
// state. Remembers facts of its own and believes nothing that the machines say about themselves.
#pragma once

#include <map>
#include <set>
#include <string>

#include "proxy/swap/supervisor_machine.h"

namespace berth::sim {

class Rules {
 public:
  explicit Rules(const swap::Patience& patience) : patience_(patience) {}

  /// An action is about to be performed. `holders`: exchanges on its generation, now.
  void action(const swap::SupervisorAction& action, swap::Moment now, std::size_t holders);
  /// A request took `chosen` as its target.
  void request(Generation chosen);
  /// A user asked for a swap.
  void asked(std::uint64_t number) { open_asks_.insert(number); }
  /// The backend's process ended by itself.
  void died(Generation generation) { died_.insert(generation); }
  /// The backend said that its tree is empty.
  void stopped(Generation generation) { facts_[generation].stopped = true; }
  /// The backend answered its release, either way.
  void answered_release(Generation generation) { facts_[generation].answered = true; }
  void shutdown(swap::Moment now) { shutdown_ = now; }
  void hurried() { hurried_ = true; }
  /// The world gave the machine an event that its table calls a bug.
  void illegal_event(Generation generation) { require(false, "no illegal event happens", generation); }
  /// After each step of the world.
  void state(const swap::Supervisor& supervisor, swap::Moment now, bool routable);
  /// When the world has ended.
  void end(const swap::Supervisor& supervisor);

  /// The first rule that was broken; empty: none.
  const std::string& broken() const { return broken_; }

 private:
  struct Facts {
    bool switched = false;
    bool warm = false;
    swap::Moment drains_since = swap::kNever;
    bool cut = false;
    bool unpinned = false;  ///< others have waited for it: its pinned ones have no more time than the rest
    bool stop_asked = false;
    bool stopped = false;
    bool answered = false;
    bool overdue = false;
  };

  void require(bool kept, const std::string& rule, Generation generation = {});
  void begin(const swap::SupervisorAction& action);
  void start(const swap::SupervisorAction& action);
  void fail(Generation generation);
  void cut(Generation generation, swap::Moment now, bool pinned_too);
  Milliseconds longest_drain() const { return std::max(patience_.drain, patience_.pin); }
  void stop(Generation generation, swap::Moment now, std::size_t holders);
  void answer(std::uint64_t number);
  std::size_t retiring() const;

  const swap::Patience patience_;
  std::map<Generation, Facts> facts_;  ///< of those not yet forgotten
  std::set<Generation> died_;
  std::set<std::uint64_t> open_asks_;
  std::set<std::uint64_t> answered_asks_;
  Generation newest_{};
  Generation current_{};
  Generation coming_{};
  swap::Ask coming_ask_{};
  SwapOrder coming_order_ = SwapOrder::Overlap;
  Generation replaced_{};        ///< what served when the coming one was begun
  std::uint64_t last_good_ = 0;  ///< the ask that served last
  bool comes_back_ = false;      ///< what served is to be begun next
  bool queued_ = false;
  bool vacant_ = false;               ///< vacated, and nothing has served since
  swap::Moment held_ = swap::kNever;  ///< since when requests are held
  swap::Moment shutdown_ = swap::kNever;
  bool hurried_ = false;
  bool resting_ = false;  ///< cancelled, and nothing has served since
  bool finished_ = false;
  std::string broken_;
};

}  // namespace berth::sim
