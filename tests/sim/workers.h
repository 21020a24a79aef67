// A simulated data plane: workers that take messages late but in order, and requests that hold their target.
// The counterpart of http::DataPlane for the swap machines; knows neither machine nor backends.
#pragma once

#include <functional>
#include <map>
#include <set>
#include <vector>

#include "config/endpoint.h"
#include "tests/sim/clockwork.h"
#include "tests/sim/dice.h"

namespace berth::sim {

class Workers {
 public:
  /// How it misbehaves on purpose, so that the rules are seen to notice.
  enum class Fault : std::uint8_t {
    None,
    EarlyAcknowledgement,  ///< acknowledges a switch before any worker has taken it
  };

  struct Settings {
    unsigned count = 2;
    swap::Moment slowest_message{0};
    unsigned long_requests = 0;  ///< per mille that last longer than any drain
    unsigned pinned = 0;         ///< per mille of those
    Fault fault = Fault::None;
  };

  /// `chosen` is told each time a request takes a target; `alive` says whether a generation answers.
  Workers(Clockwork& clock, Dice& dice, Settings settings, std::function<void(Generation)> chosen,
          std::function<bool(Generation)> alive);

  void switch_to(Generation generation, std::function<void()> acknowledged);
  void hold(std::function<void()> acknowledged) { switch_to({}, std::move(acknowledged)); }
  void refuse(std::function<void()> acknowledged);
  void when_drained(Generation generation, std::function<void()> drained);
  enum class Whom : std::uint8_t { All, AllButPinned };
  void cut(Generation generation, Whom whom);

  /// A request arrives at one of the workers.
  void request();

  std::size_t holders(Generation generation) const;
  /// Whether each worker has a target that answers.
  bool routable() const;
  std::size_t failed() const { return failed_; }
  std::size_t was_cut() const { return cut_; }
  std::size_t finished() const { return finished_; }

 private:
  struct Worker {
    Generation target;
    bool refusing = false;
    std::size_t held = 0;
    swap::Moment last_message{0};
    std::map<Generation, std::set<std::uint64_t>> holders;
    std::map<Generation, std::function<void()>> drained;
  };

  void send(Worker& worker, std::function<void()> message);
  void broadcast(std::function<void(Worker&)> message, std::function<void()> all_took_it);
  void route(Worker& worker);
  void end(Worker& worker, Generation generation, std::uint64_t request);
  void tell_if_drained(Worker& worker, Generation generation);

  Clockwork& clock_;
  Dice& dice_;
  const Settings settings_;
  std::function<void(Generation)> chosen_;
  std::function<bool(Generation)> alive_;
  std::vector<Worker> workers_;
  std::set<std::uint64_t> pinned_;
  std::uint64_t requests_ = 0;
  std::size_t failed_ = 0;
  std::size_t cut_ = 0;
  std::size_t finished_ = 0;
};

}  // namespace berth::sim
