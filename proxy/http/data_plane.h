// The data plane as the control loop sees it: N worker loops that serve listeners and forward to targets.
// Everything here is called on the control loop and answers there; only values cross to the workers.
#pragma once

#include <boost/asio/io_context.hpp>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "config/config.h"
#include "proxy/route/destination.h"
#include "proxy/route/recent_answers.h"
#include "proxy/route/router.h"
#include "proxy/route/tally.h"
#include "proxy/route/target.h"

namespace berth::observe {
class AccessLog;
}

namespace berth::http {

/// An app's number within the data plane: given by add_app, never used again.
struct AppId {
  std::uint32_t number = 0;
  auto operator<=>(const AppId&) const = default;
};

/// A listener's number within the data plane: given by listen(), never used again.
struct ListenerId {
  std::uint32_t number = 0;
  auto operator<=>(const ListenerId&) const = default;
};

/// Sums over all workers, since the app was added.
struct Counters {
  std::uint64_t requests = 0;  ///< whose head was accepted
  std::uint64_t failed =
      0;  ///< answered by berth with 5xx, or cut off before their end through no fault of the client
  std::uint64_t held_total = 0;  ///< that waited in the hold queue at all
  std::uint64_t retried = 0;
  std::uint64_t held = 0;             ///< waiting now
  std::uint64_t in_flight = 0;        ///< now, those held included
  std::uint64_t connections = 0;      ///< of clients, now
  std::uint64_t upstream_idle = 0;    ///< pooled, now
  std::uint64_t upstream_active = 0;  ///< carrying an exchange, now
  std::uint64_t tunnels = 0;          ///< upgraded, now
  route::Tally tally;                 ///< for metrics
  Counters& operator+=(const Counters&);
};

/// What became of an old target between the switch and its emptiness.
using DrainOutcome = route::DrainCount;

class DataPlane {
 public:
  /// Starts `workers` threads (0: one per core). Callbacks run on `control`; but `out_of_descriptors` on a
  /// worker, where accepting had to pause for want of one: once a minute, however many workers that are.
  DataPlane(boost::asio::io_context& control, unsigned workers, std::function<void()> out_of_descriptors);
  /// Ends every connection and joins the threads.
  ~DataPlane();
  DataPlane(const DataPlane&) = delete;
  DataPlane& operator=(const DataPlane&) = delete;

  unsigned workers() const;

  /// Where finished requests are written down from now on; nullptr: nowhere, as at first. `left` is called
  /// when no worker writes to the one before any more; until then, or the end of this, that has to live.
  void set_access_log(observe::AccessLog* log, std::function<void()> left);

  /// A new app without a target: its requests are held.
  AppId add_app(std::string name, const Limits& limits);

  /// Calls `told` when a worker was refused a connection to a generation, again each time that it tries, and
  /// when one is taken after that.
  void watch_connects(AppId app, std::function<void(Generation, bool refused)> told);

  /// From the next request on.
  void set_limits(AppId app, const Limits& limits);

  /// What responses are given, from the next request on.
  void set_fields(AppId app, const ResponseFields& fields);

  /// What becomes of long connections: of those that become long from now on.
  void set_long(AppId app, const LongConfig& config);

  /// Serves an already listening socket (ownership passes); `router` knows apps by AppId::number.
  ListenerId listen(int fd, const ListenerConfig& config, const Endpoint& bound,
                    std::shared_ptr<const route::Router> router);

  /// Other limits and ways, from the next connection and request on.
  void change_listener(ListenerId listener, const ListenerConfig& config,
                       std::shared_ptr<const route::Router> router);

  /// Stops accepting there; its connections end once they are idle. `closed`: no worker holds the socket any
  /// more.
  void close_listener(ListenerId listener, std::function<void()> closed);

  /// Stops accepting on every listener and closes them; connections live on until idle or until their current
  /// exchange ends. Whoever has connected, or has sent a request, before is served. `closed` is called when
  /// no worker holds a listening socket any more, and each has what another accepted for it.
  void close_listeners(std::function<void()> closed);

  /// The switch: new requests of `app` (and those held) go to `destination` as `generation`. `acknowledged`
  /// is called when every worker has taken it. What the old target still carries goes on.
  void switch_to(AppId app, Generation generation, const route::Destination& destination,
                 std::function<void()> acknowledged);

  /// Takes the target away: new requests are held until the next switch_to. The old one drains as after a
  /// switch.
  void hold(AppId app, std::function<void()> acknowledged);

  /// Until now held requests get 503 with `reason` at once, and so do new ones, until the next switch_to.
  void refuse(AppId app, const std::string& reason, std::function<void()> acknowledged);

  /// New requests wait until resume(), whatever is switched to meanwhile; those under way go on. `why` (not
  /// empty) is told to one that has waited too long, or found the queue full.
  void pause(AppId app, const std::string& why);
  void resume(AppId app);

  /// Calls `drained` (once) when no worker has a holder of this generation left; at once if none has. Only
  /// for a generation that is no longer current.
  void when_drained(AppId app, Generation generation, std::function<void(DrainOutcome)> drained);

  /// How many exchanges hold this generation now.
  void holders(AppId app, Generation generation, std::function<void(std::uint64_t)> answer);

  /// Ends what still holds this generation (counted in its DrainOutcome).
  void cut(AppId app, Generation generation, route::Target::Whom whom);

  void counters(AppId app, std::function<void(Counters)> answer);

  /// What was answered in the last seconds, from the whole head of a request to the last byte of its
  /// response.
  void recent(AppId app, std::function<void(route::Recent)> answer);

  /// Of connections and heads that came to no app.
  void front_tally(std::function<void(route::Tally)> answer);

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace berth::http
