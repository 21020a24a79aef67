// One app as one loop sees it: which target its requests go to now, the requests that wait because there is
// none, and its counters. The switch is one assignment here. Knows no HTTP.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "config/config.h"
#include "proxy/loop/gate.h"
#include "proxy/loop/list.h"
#include "proxy/loop/loop.h"
#include "proxy/route/recent_answers.h"
#include "proxy/route/socket_upstream.h"
#include "proxy/route/tally.h"
#include "proxy/route/target.h"

namespace berth::route {

/// A request that waits for a target, or for a connection to one. First come, first served.
struct Waiting : loop::ListHook<Waiting> {
  explicit Waiting(loop::Gate& g) : gate(g) {}
  loop::Gate& gate;
};

/// Limits in the loop's terms.
struct RouteLimits {
  Limits user;
  std::uint32_t most_connections = 1;  ///< this loop's share of max_upstream
  Connector connector = make_socket_upstream;
};

/// Counters of one app in one loop: plain numbers, summed on demand.
struct RouteCounters {
  std::uint64_t requests = 0;
  std::uint64_t failed = 0;
  std::uint64_t held_total = 0;
  std::uint64_t retried = 0;
  std::uint64_t in_flight = 0;
  std::uint64_t tunnels = 0;
};

class AppRoute {
 public:
  /// `held_everywhere` counts the waiting requests of all loops against hold_requests; outlives this.
  AppRoute(loop::Loop& loop, std::string name, RouteLimits limits,
           std::atomic<std::uint32_t>& held_everywhere);
  ~AppRoute();

  const std::string& name() const { return name_; }
  const Limits& limits() const { return limits_.user; }
  RouteCounters counters;
  /// A request was answered to its last byte, `took` after its whole head had come.
  void answered(RecentAnswers::Clock::duration took) { recent_.record(took); }
  Recent recent() const { return recent_.sum(loop_.now()); }
  Tally tally;
  ResponseFields fields;
  std::string pseudonym = "berth";  ///< what it is called where the ways of a request are written down
  std::string signature;            ///< the line that says so, as the protocol has it; empty: a plain one

  void set_long(const LongConfig& config);
  /// What becomes of a long connection that was asked for with `path`.
  LongMode long_mode(std::string_view path) const;
  std::chrono::milliseconds long_grace() const { return long_.grace; }

  /// Where a new request goes now; nullptr: nowhere yet.
  Target* current() { return paused() ? nullptr : current_.get(); }
  /// What serves, whether or not requests may go there now.
  Target* serving() { return current_.get(); }
  /// Why requests are refused instead of held, and with which status; empty: they are held.
  const std::string& refusal() const { return refusal_; }
  int refusal_status() const { return refusal_status_; }

  /// A generation that was kept may come again: then what it still carries is its own again, too. The one
  /// that serves may move: new connections lead to `destination`, and what goes on goes on.
  void switch_to(Generation generation, const Destination& destination);
  void hold();
  void refuse(std::string reason, int status = 503);
  /// New requests wait, whatever is switched to, until resume(); those that go on go on. `why` is what one
  /// hears that has waited too long.
  void pause(std::string why);
  void resume();
  bool paused() const { return !pause_.empty(); }
  const std::string& pause_reason() const { return pause_; }
  /// For the next request; what goes on keeps what it began with.
  void set_limits(RouteLimits limits);

  /// The retired target of that generation, while anything holds it or nobody has asked for its end; else
  /// nullptr.
  Target* retired(Generation generation);
  /// Forgets it once it is drained and told.
  void forget_drained();

  /// Joins the queue; false: it is full. With First it has waited before, and keeps its place.
  enum class Place : std::uint8_t { Last, First };
  bool wait(Waiting& waiting, Place place = Place::Last);
  void leave(Waiting& waiting);
  bool must_wait() const { return waiting_count_ != 0; }
  std::uint64_t waiting() const { return waiting_count_; }

  /// A connection to `target` was refused: until one is taken, only who waits longest tries again, once a
  /// tick.
  void refused(Target& target);
  /// A connection to `target` was taken.
  void connected(Target& target);
  /// Told on the loop: a worker was refused, or was taken again after that.
  using ConnectWatch = std::function<void(Generation, bool refused)>;
  void watch_connects(ConnectWatch watch) { connect_watch_ = std::move(watch); }

  /// A connection or a slot has become free: whoever waits longest may try.
  void admit_soon();

  void on_tick();
  std::uint64_t idle_connections() const;
  std::uint64_t connections() const;

 private:
  void retire_current();
  std::unique_ptr<Target> take_kept(Generation generation);
  void admit();
  void admit_first();

  loop::Loop& loop_;
  std::string name_;
  RouteLimits limits_;
  std::atomic<std::uint32_t>& held_everywhere_;
  std::unique_ptr<Target> current_;
  std::vector<std::unique_ptr<Target>> retired_;
  std::string refusal_;
  int refusal_status_ = 503;
  std::string pause_;  ///< empty: it is not paused
  loop::List<Waiting, Waiting> waiting_;
  std::uint64_t waiting_count_ = 0;
  bool admission_posted_ = false;
  ConnectWatch connect_watch_;
  RecentAnswers recent_;
  LongConfig long_;
  std::vector<std::pair<std::string, LongMode>> long_paths_;  ///< the longest first
};

}  // namespace berth::route
