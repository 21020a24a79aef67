// The loop of a run: when which lane sends, what came back, and the sums. Runs on one thread with an epoll
// set of its own; only request_stop() and answered() are for other threads. Knows nothing of HTTP or sockets'
// states.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <deque>
#include <memory>
#include <queue>
#include <utility>
#include <vector>

#include "bench/load/connection.h"
#include "bench/load/load.h"
#include "bench/load/prober.h"
#include "bench/load/request_source.h"

namespace berth::load {

/// One per run.
class Driver {
 public:
  /// Throws std::system_error if the OS refuses, std::invalid_argument for a plan without meaning.
  explicit Driver(LoadPlan plan);
  ~Driver();
  Driver(const Driver&) = delete;
  Driver& operator=(const Driver&) = delete;

  /// Until request_stop() and the end of what was under way then. Once.
  void run();
  void request_stop();
  std::uint64_t answered() const { return answered_.load(std::memory_order_relaxed); }
  /// Valid after run() has returned.
  LoadResult take_result();

 private:
  struct Lane {
    std::unique_ptr<Connection> connection;
    bool fresh = false;
    Clock::time_point due;  ///< of the running exchange
  };
  struct Wake {
    Clock::time_point at;
    std::size_t lane;
    bool operator>(const Wake& other) const { return at > other.at; }
  };

  void add_lanes(unsigned count, bool fresh);
  void arrive(Clock::time_point now);
  void wake_lanes(Clock::time_point now);
  void begin(std::size_t lane, Clock::time_point due);
  void handle(std::size_t lane, Connection::Event event);
  void finish(Lane& lane);
  void release(std::size_t lane, bool failed);
  void time_out_slow(Clock::time_point now);
  void sample(const std::string& text);
  void on_event(std::uint64_t data, std::uint32_t events);
  Clock::time_point next_wake() const;

  LoadPlan plan_;
  int epoll_ = -1;
  int stop_event_ = -1;
  Address address_;
  RequestSource source_;
  std::unique_ptr<Prober> prober_;
  std::vector<Lane> lanes_;
  std::vector<std::size_t> free_[2];          ///< open loop: idle lanes; [1] the fresh ones
  std::deque<Clock::time_point> backlog_[2];  ///< open loop: due, and no lane was free
  std::priority_queue<Wake, std::vector<Wake>, std::greater<>> wakes_;  ///< closed loop: who sends next, when
  std::vector<std::pair<std::size_t, Connection::Event>> ready_;
  std::size_t running_ = 0;
  bool stopping_ = false;
  double fresh_debt_ = 0;
  std::uint64_t arrivals_ = 0;
  Clock::time_point started_;
  Clock::time_point last_answer_;
  Clock::time_point next_scan_;
  std::atomic<bool> stop_requested_{false};
  std::atomic<std::uint64_t> answered_{0};
  LoadResult result_;
};

}  // namespace berth::load
