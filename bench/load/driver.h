// The loop of a run: when which lane sends, and what came back. Runs on one thread with an epoll set of its
// own; only what is marked so is for other threads. Knows nothing of HTTP or sockets' states, and leaves the
// counting to the tally.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <queue>
#include <vector>

#include "bench/load/connection.h"
#include "bench/load/event_streams.h"
#include "bench/load/load.h"
#include "bench/load/prober.h"
#include "bench/load/request_source.h"
#include "bench/load/tally.h"
#include "bench/load/web_sockets.h"

namespace berth::load {

/// One per run.
class Driver {
 public:
  /// Throws std::system_error if the OS refuses, std::invalid_argument for a plan without meaning.
  explicit Driver(LoadPlan plan);
  ~Driver();
  Driver(const Driver&) = delete;
  Driver& operator=(const Driver&) = delete;

  /// Until request_stop(), or the last of `most_requests`, and the end of what was under way then. Once.
  void run();
  /// Valid after run() has returned.
  LoadResult take_result();

  // From any thread.
  void request_stop();
  void give_up();  ///< ends the wait for what is under way
  void mark_window(bool begins);
  std::uint64_t answered() const { return answered_.load(std::memory_order_relaxed); }
  Load::Now now() const;

 private:
  /// Lanes that share their requests and their turns.
  struct Pool {
    RequestSource source;
    std::size_t server = 0;
    bool fresh = false;
    bool open_loop = false;
    std::vector<std::size_t> free{};          ///< open loop: idle lanes
    std::deque<Clock::time_point> backlog{};  ///< open loop: due, and no lane was free
  };
  struct Lane {
    std::unique_ptr<Connection> connection;
    std::size_t pool = 0;
    Clock::time_point due{};  ///< of the running exchange
  };
  struct Wake {
    Clock::time_point at;
    std::size_t lane;
    bool operator>(const Wake& other) const { return at > other.at; }
  };
  /// Where requests of the shared lanes go: the keep-alive pool and the fresh one of a server; -1: none.
  struct Route {
    int keep_alive = -1, fresh = -1;
  };

  void ring();
  void add_pools();
  int add_pool(std::vector<RequestShape> shapes, std::size_t server, unsigned lanes, bool fresh, bool open);
  void begin_run();
  void arrive(Clock::time_point now);
  void wake_lanes(Clock::time_point now);
  void begin(std::size_t lane, Clock::time_point due);
  void handle(std::size_t lane, Connection::Event event);
  void finish(Lane& lane);
  void release(std::size_t lane, bool failed);
  void time_out_slow(Clock::time_point now);
  void on_event(std::uint64_t data, std::uint32_t events);
  void take_marks();
  void tell_last_second();
  void stop(Clock::time_point now);
  bool waits() const { return running_ > 0 || websockets_->waiting(); }
  void end_run();
  bool all_begun() const { return plan_.most_requests != 0 && sent_ >= plan_.most_requests; }
  Clock::time_point due_of(std::uint64_t arrival) const;
  Clock::time_point next_wake() const;

  LoadPlan plan_;
  int epoll_ = -1;
  int bell_ = -1;
  std::vector<Address> addresses_;
  std::vector<Pool> pools_;
  std::vector<Route> routes_;
  std::vector<Lane> lanes_;
  std::unique_ptr<Prober> prober_;
  std::unique_ptr<EventStreams> events_;
  std::unique_ptr<WebSockets> websockets_;
  std::unique_ptr<Tally> tally_;
  std::priority_queue<Wake, std::vector<Wake>, std::greater<>> wakes_;              ///< who sends next, when
  std::map<const RequestShape*, std::pair<std::uint64_t, std::uint32_t>> learned_;  ///< length and CRC-32
  std::size_t running_ = 0;
  bool stopping_ = false;
  double fresh_debt_ = 0;
  std::uint64_t arrivals_ = 0;
  std::uint64_t sent_ = 0;
  std::size_t seconds_told_ = 0;
  Clock::time_point started_;
  Clock::time_point next_scan_;
  Clock::time_point stopped_;
  Clock::time_point last_end_;  ///< of a request
  std::atomic<bool> stop_requested_{false};
  std::atomic<bool> given_up_{false};
  std::atomic<bool> over_{false};
  std::atomic<bool> marked_{false};
  std::atomic<std::uint64_t> answered_{0};
  std::atomic<std::uint64_t> failed_{0};
  mutable std::mutex mutex_;  ///< of what follows
  std::vector<bool> marks_;
  SecondFigures last_second_;
  LoadResult result_;
};

}  // namespace berth::load
