// What one worker loop owns of the data plane: its view of the apps, its ends of the listeners, its sessions,
// and the workspaces that every head is read into. Built and told by DataPlane, by messages.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "config/config.h"
#include "config/trusted.h"
#include "proxy/http/client_bound.h"
#include "proxy/http/data_plane.h"
#include "proxy/http/head.h"
#include "proxy/http/journal.h"
#include "proxy/http/seldom_told.h"
#include "proxy/loop/loop.h"
#include "proxy/route/app_route.h"
#include "proxy/route/router.h"

namespace berth::http {

class Listener;
class Connection;

/// One listener as all workers share it. Outlives the workers' ends of it.
struct ListenerState {
  ListenerId id;
  std::string bound;  ///< "127.0.0.1:8000"
  std::atomic<std::uint32_t> connections{0};
  ClientBound clients;  ///< used with max_per_client alone
  // What each worker begins with.
  ListenerConfig config;
  std::shared_ptr<const route::Router> router;
};

/// One listener as one worker sees it: what is changed, is changed here by a message. Lives as long as the
/// worker.
struct ListenerView {
  explicit ListenerView(std::shared_ptr<ListenerState> shared);
  void change(const ListenerConfig& limits, std::shared_ptr<const route::Router> ways);

  std::shared_ptr<ListenerState> state;
  ListenerConfig config;
  HeadLimits head_limits;
  TrustedPeers trusted;
  std::shared_ptr<const route::Router> router;
  bool closed = false;  ///< its connections end when they are idle

  /// How many connections one peer may have; 0: no limit. Peers of a unix socket have no address to be told
  /// apart by, and a trusted one brings the connections of many clients.
  std::uint32_t most_of(std::string_view address) const {
    if (config.max_per_client == 0 || address == kUnixPeer || trusted.has(address)) return 0;
    return config.max_per_client;
  }
};

/// Whether a connection counts among those of its client.
enum class Counted : std::uint8_t { No, Yes };

class Worker {
 public:
  /// `peers`: all workers of the plane, this one included; filled before the first connection. Both outlive
  /// this.
  Worker(const std::vector<std::unique_ptr<Worker>>& peers, SeldomTold& out_of_descriptors);
  ~Worker();
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;

  loop::Loop& loop() { return loop_; }
  void start();

  // On the worker's loop from here on.
  void add_app(AppId id, std::string name, std::string pseudonym, route::RouteLimits limits,
               std::atomic<std::uint32_t>& held_everywhere);
  route::AppRoute& app(AppId id) { return *apps_[id.number]; }
  void set_limits(AppId id, route::RouteLimits limits) { app(id).set_limits(std::move(limits)); }
  void add_listener(int fd, const std::shared_ptr<ListenerState>& state);
  void change_listener(ListenerId id, const ListenerConfig& config,
                       std::shared_ptr<const route::Router> router);
  /// Its sessions end once they are idle.
  void close_listener(ListenerId id);
  /// Where a request goes that no app is for: an app that refuses everything with that status.
  route::AppRoute& nowhere(int status) { return status == 404 ? *no_path_ : *no_host_; }
  /// Closes the listening ends; idle sessions end now, busy ones after their exchange.
  void close_listeners();
  bool stopping() const { return stopping_; }
  void end_all();
  Counters counters(AppId id);
  /// Of what came to no app.
  route::Tally front_tally() const;

  /// Serves an accepted connection here, or on the least loaded worker.
  void accepted(loop::Fd fd, std::string_view address, ListenerView& listener);
  void ended(Connection& connection);
  /// A connection could not be accepted for want of a descriptor.
  void lacks_descriptor();

  Journal journal;
  Heads heads;  ///< valid until the next suspension of whoever read into them

 private:
  void adopt(loop::Fd fd, std::string_view address, const std::shared_ptr<ListenerState>& state,
             Counted counted);
  ListenerView& view_of(const std::shared_ptr<ListenerState>& state);
  void on_tick();

  const std::vector<std::unique_ptr<Worker>>& peers_;
  SeldomTold& out_of_descriptors_;
  std::atomic<std::uint32_t> load_{
      0};  ///< connections; read by the other workers when they hand out connections
  std::vector<std::unique_ptr<route::AppRoute>> apps_;
  std::vector<std::unique_ptr<ListenerView>> views_;  ///< by number; made when first heard of
  std::vector<std::unique_ptr<Listener>> listeners_;
  loop::List<Connection, Connection> connections_;
  bool stopping_ = false;
  std::atomic<std::uint32_t> none_held_{0};
  std::unique_ptr<route::AppRoute> no_path_;
  std::unique_ptr<route::AppRoute> no_host_;
  loop::Loop loop_;  // last: its thread ends before what it uses
};

}  // namespace berth::http
