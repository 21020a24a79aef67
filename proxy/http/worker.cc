#include "proxy/http/worker.h"

#include <sys/socket.h>

#include <algorithm>

#include "proxy/http/connection.h"
#include "proxy/http/error_reply.h"
#include "proxy/http/listener.h"
#include "proxy/http/relay.h"
#include "proxy/http/session.h"

namespace berth::http {

Worker::Worker(const std::vector<std::unique_ptr<Worker>>& peers, SeldomTold& out_of_descriptors)
    : peers_(peers), out_of_descriptors_(out_of_descriptors) {
  heads.request.fields.reserve(128);
  heads.response.fields.reserve(128);
  no_path_ = std::make_unique<route::AppRoute>(loop_, "", route::RouteLimits{}, none_held_);
  no_path_->refuse("no app serves this path here", 404);
  no_host_ = std::make_unique<route::AppRoute>(loop_, "", route::RouteLimits{}, none_held_);
  no_host_->refuse("no app serves this host here", 421);
}

Worker::~Worker() = default;

void Worker::start() {
  loop_.start([this] { on_tick(); });
}

void Worker::lacks_descriptor() {
  journal.front.met(route::Limit::Descriptors);
  out_of_descriptors_.met();
}

void Worker::add_app(AppId id, std::string name, std::string pseudonym, route::RouteLimits limits,
                     std::atomic<std::uint32_t>& held_everywhere) {
  if (apps_.size() <= id.number) apps_.resize(id.number + 1);
  apps_[id.number] = std::make_unique<route::AppRoute>(loop_, std::move(name), limits, held_everywhere);
  apps_[id.number]->signature = via_line(pseudonym);
  apps_[id.number]->pseudonym = std::move(pseudonym);
}

ListenerView::ListenerView(std::shared_ptr<ListenerState> shared) : state(std::move(shared)) {
  change(state->config, state->router);
}

void ListenerView::change(const ListenerConfig& limits, std::shared_ptr<const route::Router> ways) {
  config = limits;
  head_limits = {static_cast<std::uint32_t>(config.max_head), config.max_fields};
  trusted = trusted_peers(config.trusted);
  router = std::move(ways);
}

/// A connection that another worker hands over may come before the listener itself.
ListenerView& Worker::view_of(const std::shared_ptr<ListenerState>& state) {
  const std::uint32_t number = state->id.number;
  if (views_.size() <= number) views_.resize(number + 1);
  if (!views_[number]) views_[number] = std::make_unique<ListenerView>(state);
  return *views_[number];
}

void Worker::add_listener(int fd, const std::shared_ptr<ListenerState>& state) {
  loop::Fd own(fd);
  if (!stopping_) listeners_.push_back(std::make_unique<Listener>(*this, std::move(own), view_of(state)));
}

void Worker::change_listener(ListenerId id, const ListenerConfig& config,
                             std::shared_ptr<const route::Router> router) {
  views_[id.number]->change(config, std::move(router));
}

void Worker::close_listener(ListenerId id) {
  const auto at =
      std::find_if(listeners_.begin(), listeners_.end(), [&](const auto& each) { return each->id() == id; });
  if (at == listeners_.end()) return;
  (*at)->accept_all();  // who has connected is served
  (*at)->close();
  loop_.dispose(std::move(*at));
  listeners_.erase(at);
  ListenerView& view = *views_[id.number];
  view.closed = true;
  connections_.for_each([&](Connection& connection) {
    if (&connection.listener() == &view) connection.tell(loop::kStopping);
  });
}

void Worker::close_listeners() {
  stopping_ = true;
  for (auto& listener : listeners_) {
    listener->accept_all();  // who has connected is served, by this worker
    listener->close();
    loop_.dispose(std::move(listener));
  }
  listeners_.clear();
  connections_.for_each([](Connection& connection) { connection.tell(loop::kStopping); });
}

void Worker::end_all() {
  // The apps go behind the sessions, whose ends they count, and before the loop, which their connections live
  // in.
  struct Apps : loop::Disposable {
    std::vector<std::unique_ptr<route::AppRoute>> apps;
  };
  while (Connection* connection = connections_.front()) {
    connection->abandon();
    ended(*connection);
  }
  auto last = std::make_unique<Apps>();
  last->apps = std::move(apps_);
  apps_.clear();
  listeners_.clear();
  loop_.dispose(std::move(last));
}

Counters Worker::counters(AppId id) {
  route::AppRoute& route = app(id);
  Counters sum;
  sum.requests = route.counters.requests;
  sum.failed = route.counters.failed;
  sum.held_total = route.counters.held_total;
  sum.retried = route.counters.retried;
  sum.held = route.waiting();
  sum.in_flight = route.counters.in_flight;
  sum.upstream_idle = route.idle_connections();
  sum.upstream_active = route.connections() - sum.upstream_idle;
  sum.tunnels = route.counters.tunnels;
  sum.tally = route.tally;
  connections_.for_each([&](Connection& connection) { sum.connections += connection.app() == id ? 1U : 0U; });
  return sum;
}

route::Tally Worker::front_tally() const {
  route::Tally sum = journal.front;
  sum += no_path_->tally;
  sum += no_host_->tally;
  return sum;
}

void Worker::accepted(loop::Fd fd, std::string_view address, ListenerView& listener) {
  const std::shared_ptr<ListenerState>& state = listener.state;
  const std::uint32_t most = listener.most_of(address);
  if (most != 0 && !state->clients.enter(std::string(address), most)) {
    journal.front.met(route::Limit::MaxPerClient);
    const std::string reply = write_error_reply(
        {.status = 503, .reason = "too many connections from this address", .retry_after_s = 1});
    ::send(fd.get(), reply.data(), reply.size(), MSG_NOSIGNAL);
    return;
  }
  const Counted counted = most != 0 ? Counted::Yes : Counted::No;
  state->connections.fetch_add(1, std::memory_order_relaxed);
  Worker* least = this;
  std::uint32_t least_load = load_.load(std::memory_order_relaxed);
  for (const auto& peer : peers_) {
    if (stopping_) break;  // the others may have drained by then
    const std::uint32_t load = peer->load_.load(std::memory_order_relaxed);
    if (load < least_load) {
      least = peer.get();
      least_load = load;
    }
  }
  least->load_.fetch_add(1, std::memory_order_relaxed);
  if (least == this) return adopt(std::move(fd), address, state, counted);
  const auto shared = std::make_shared<loop::Fd>(std::move(fd));  // closed even if the message is never run
  least->loop_.post([least, shared, text = std::string(address), state, counted] {
    least->adopt(std::move(*shared), text, state, counted);
  });
}

void Worker::adopt(loop::Fd fd, std::string_view address, const std::shared_ptr<ListenerState>& state,
                   Counted counted) {
  ListenerView& view = view_of(state);
  std::unique_ptr<Connection> connection;
  if (view.config.mode == AppMode::Tcp)
    connection = std::make_unique<Relay>(*this, std::move(fd), address, view, counted);
  else
    connection = std::make_unique<Session>(*this, std::move(fd), address, view, counted);
  Connection& c = *connection.release();  // owned by being listed, until ended()
  connections_.push_back(c);
  c.start();
}

void Worker::ended(Connection& connection) {
  connection.unlink();
  ListenerState& state = *connection.listener().state;
  state.connections.fetch_sub(1, std::memory_order_relaxed);
  if (connection.counted() == Counted::Yes) state.clients.leave(std::string(connection.address()));
  load_.fetch_sub(1, std::memory_order_relaxed);
  loop_.dispose(std::unique_ptr<Connection>(&connection));
  for (auto& listener : listeners_) listener->resume();
}

void Worker::on_tick() {
  const loop::Tick tick = loop_.tick();
  connections_.for_each([tick](Connection& connection) { connection.on_tick(tick); });
  for (auto& app : apps_)
    if (app) app->on_tick();
  for (auto& listener : listeners_) listener->resume();
}

}  // namespace berth::http
