#include "proxy/http/data_plane.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <boost/asio/post.hpp>
#include <deque>
#include <thread>

#include "config/tcp_options.h"
#include "proxy/http/session.h"
#include "proxy/http/worker.h"
#include "proxy/observe/access_log.h"

namespace berth::http {

Counters& Counters::operator+=(const Counters& other) {
  requests += other.requests;
  failed += other.failed;
  held_total += other.held_total;
  retried += other.retried;
  held += other.held;
  in_flight += other.in_flight;
  connections += other.connections;
  upstream_idle += other.upstream_idle;
  upstream_active += other.upstream_active;
  tunnels += other.tunnels;
  tally += other.tally;
  return *this;
}

class DataPlane::Impl {
 public:
  Impl(boost::asio::io_context& control, unsigned count, std::function<void()> out_of_descriptors)
      : control_(control), out_of_descriptors_(std::move(out_of_descriptors)) {
    RequestIds().next(mark_.data());
    const unsigned n = count != 0 ? count : std::max(1U, std::thread::hardware_concurrency());
    for (unsigned i = 0; i < n; ++i)
      workers_.push_back(std::make_unique<Worker>(workers_, out_of_descriptors_));
    for (auto& worker : workers_) worker->start();
  }

  ~Impl() {
    for (auto& worker : workers_) worker->loop().stop([w = worker.get()] { w->end_all(); });
  }

  unsigned count() const { return static_cast<unsigned>(workers_.size()); }
  std::atomic<std::uint32_t>& add_held() { return held_.emplace_back(0); }
  std::size_t apps() const { return held_.size(); }
  ListenerId next_listener() { return {listeners_++}; }

  /// What Via calls an app of this berth: nobody else has it, so what comes with it has been here. Of the
  /// app, since one app's backend may well send a request on to another one of the same berth.
  std::string pseudonym(const std::string& app) const {
    return "berth-" + std::string(mark_.data(), kMark) + "-" + app;
  }

  /// Runs `work` on every worker and then, when all have done it, `done` on the control loop.
  template <class Work>
  void everywhere(Work work, std::function<void()> done) {
    auto left = std::make_shared<std::size_t>(workers_.size());
    for (auto& worker : workers_) {
      worker->loop().post([this, w = worker.get(), work, left, done] {
        work(*w);
        boost::asio::post(control_, [left, done] {
          if (--*left == 0 && done) done();
        });
      });
    }
  }

  /// Asks every worker for a value, by a callback that it may keep, and sums the answers on the control loop.
  template <class Sum, class Ask>
  void gather(Ask ask, std::function<void(Sum)> answer) {
    struct Open {
      std::size_t left;
      Sum sum;
    };
    auto open = std::make_shared<Open>(Open{workers_.size(), Sum{}});
    for (auto& worker : workers_) {
      worker->loop().post([this, w = worker.get(), ask, open, answer] {
        ask(*w, [this, open, answer](Sum part) {
          boost::asio::post(control_, [open, answer, part] {
            open->sum += part;
            if (--open->left == 0) answer(open->sum);
          });
        });
      });
    }
  }

  /// This worker's part of a bound for all; every worker can serve, so each has at least one.
  std::uint32_t share(std::uint32_t bound, std::size_t index) const {
    const auto n = static_cast<std::uint32_t>(workers_.size());
    return std::max(1U, bound / n + (index < bound % n ? 1U : 0U));
  }

  /// Runs `work` on every worker, with its part of the limits.
  template <class Work>
  void with_shares(const Limits& limits, Work work) {
    for (std::size_t i = 0; i < workers_.size(); ++i) {
      const route::RouteLimits part{limits, share(limits.max_upstream, i)};
      workers_[i]->loop().post([w = workers_[i].get(), work, part] { work(*w, part); });
    }
  }

  std::vector<std::unique_ptr<Worker>>& workers() { return workers_; }
  boost::asio::io_context& control() { return control_; }

 private:
  static constexpr std::size_t kMark = 8;

  boost::asio::io_context& control_;
  RequestIds::Text mark_{};
  SeldomTold out_of_descriptors_;
  std::deque<std::atomic<std::uint32_t>> held_;
  std::uint32_t listeners_ = 0;
  std::vector<std::unique_ptr<Worker>> workers_;
};

namespace {

// A client that closed unheard answers no probe once its kernel has forgotten it, a minute later on Linux;
// one that only has finished sending answers all.
constexpr int kKeepAliveIdleS = 30;
constexpr int kKeepAliveEachS = 10;
constexpr int kKeepAliveTries = 3;

}  // namespace

DataPlane::DataPlane(boost::asio::io_context& control, unsigned workers,
                     std::function<void()> out_of_descriptors)
    : impl_(std::make_unique<Impl>(control, workers, std::move(out_of_descriptors))) {}

DataPlane::~DataPlane() = default;

unsigned DataPlane::workers() const { return impl_->count(); }

void DataPlane::set_access_log(observe::AccessLog* log, std::function<void()> left) {
  impl_->everywhere(
      [log](Worker& worker) { worker.journal.access = log != nullptr ? &log->add_ring() : nullptr; },
      std::move(left));
}

AppId DataPlane::add_app(std::string name, const Limits& limits) {
  const AppId id{static_cast<std::uint32_t>(impl_->apps())};
  std::atomic<std::uint32_t>& held = impl_->add_held();
  const std::string pseudonym = impl_->pseudonym(name);
  impl_->with_shares(
      limits, [id, name = std::move(name), pseudonym, &held](Worker& worker, const route::RouteLimits& part) {
        worker.add_app(id, name, pseudonym, part, held);
      });
  return id;
}

void DataPlane::watch_connects(AppId app, std::function<void(Generation, bool refused)> told) {
  const auto shared = std::make_shared<std::function<void(Generation, bool)>>(std::move(told));
  impl_->everywhere(
      [app, shared, &control = impl_->control()](Worker& worker) {
        worker.app(app).watch_connects([shared, &control](Generation generation, bool refused) {
          boost::asio::post(control, [shared, generation, refused] { (*shared)(generation, refused); });
        });
      },
      nullptr);
}

void DataPlane::set_limits(AppId app, const Limits& limits) {
  impl_->with_shares(limits,
                     [app](Worker& worker, const route::RouteLimits& part) { worker.set_limits(app, part); });
}

void DataPlane::set_fields(AppId app, const ResponseFields& fields) {
  impl_->everywhere([app, fields](Worker& worker) { worker.app(app).fields = fields; }, nullptr);
}

void DataPlane::set_long(AppId app, const LongConfig& config) {
  impl_->everywhere([app, config](Worker& worker) { worker.app(app).set_long(config); }, nullptr);
}

ListenerId DataPlane::listen(int fd, const ListenerConfig& config, const Endpoint& bound,
                             std::shared_ptr<const route::Router> router) {
  // Accepted sockets inherit these.
  set_tcp_options(fd, bound);
  const int on = 1;
  if (bound.family != Endpoint::Family::Unix) {
    ::setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
    ::setsockopt(fd, IPPROTO_TCP, TCP_KEEPIDLE, &kKeepAliveIdleS, sizeof kKeepAliveIdleS);
    ::setsockopt(fd, IPPROTO_TCP, TCP_KEEPINTVL, &kKeepAliveEachS, sizeof kKeepAliveEachS);
    ::setsockopt(fd, IPPROTO_TCP, TCP_KEEPCNT, &kKeepAliveTries, sizeof kKeepAliveTries);
    ::setsockopt(fd, IPPROTO_TCP, TCP_NOTSENT_LOWAT, &loop::kMostUnsent, sizeof loop::kMostUnsent);
  }
  ::fcntl(fd, F_SETFL, ::fcntl(fd, F_GETFL) | O_NONBLOCK);
  auto state = std::make_shared<ListenerState>();
  state->id = impl_->next_listener();
  state->config = config;
  state->router = std::move(router);
  state->bound = bound.text();
  for (auto& worker : impl_->workers()) {
    const int own = ::fcntl(fd, F_DUPFD_CLOEXEC, 3);
    worker->loop().post([w = worker.get(), own, state] { w->add_listener(own, state); });
  }
  ::close(fd);
  return state->id;
}

void DataPlane::change_listener(ListenerId listener, const ListenerConfig& config,
                                std::shared_ptr<const route::Router> router) {
  impl_->everywhere([listener, config, router = std::move(router)](
                        Worker& worker) { worker.change_listener(listener, config, router); },
                    nullptr);
}

void DataPlane::close_listener(ListenerId listener, std::function<void()> closed) {
  impl_->everywhere([listener](Worker& worker) { worker.close_listener(listener); }, std::move(closed));
}

void DataPlane::close_listeners(std::function<void()> closed) {
  impl_->everywhere([](Worker& worker) { worker.close_listeners(); }, std::move(closed));
}

void DataPlane::switch_to(AppId app, Generation generation, const route::Destination& destination,
                          std::function<void()> acknowledged) {
  impl_->everywhere(
      [app, generation, destination](Worker& worker) { worker.app(app).switch_to(generation, destination); },
      std::move(acknowledged));
}

void DataPlane::hold(AppId app, std::function<void()> acknowledged) {
  impl_->everywhere([app](Worker& worker) { worker.app(app).hold(); }, std::move(acknowledged));
}

void DataPlane::refuse(AppId app, const std::string& reason, std::function<void()> acknowledged) {
  impl_->everywhere([app, reason](Worker& worker) { worker.app(app).refuse(reason); },
                    std::move(acknowledged));
}

void DataPlane::pause(AppId app, const std::string& why) {
  impl_->everywhere([app, why](Worker& worker) { worker.app(app).pause(why); }, nullptr);
}

void DataPlane::resume(AppId app) {
  impl_->everywhere([app](Worker& worker) { worker.app(app).resume(); }, nullptr);
}

void DataPlane::when_drained(AppId app, Generation generation, std::function<void(DrainOutcome)> drained) {
  impl_->gather<DrainOutcome>(
      [app, generation](Worker& worker, auto answer) {
        route::Target* target = worker.app(app).retired(generation);
        if (target == nullptr) return answer(DrainOutcome{});
        target->when_drained(answer);
      },
      std::move(drained));
}

void DataPlane::holders(AppId app, Generation generation, std::function<void(std::uint64_t)> answer) {
  impl_->gather<std::uint64_t>(
      [app, generation](Worker& worker, auto reply) {
        route::AppRoute& route = worker.app(app);
        route::Target* target = route.retired(generation);
        if (target == nullptr && route.serving() != nullptr && route.serving()->generation() == generation)
          target = route.serving();
        reply(target != nullptr ? target->holders() : 0);
      },
      std::move(answer));
}

void DataPlane::cut(AppId app, Generation generation, route::Target::Whom whom) {
  impl_->everywhere(
      [app, generation, whom](Worker& worker) {
        if (route::Target* target = worker.app(app).retired(generation)) target->cut(whom);
      },
      nullptr);
}

void DataPlane::counters(AppId app, std::function<void(Counters)> answer) {
  impl_->gather<Counters>([app](Worker& worker, auto reply) { reply(worker.counters(app)); },
                          std::move(answer));
}

void DataPlane::recent(AppId app, std::function<void(route::Recent)> answer) {
  impl_->gather<route::Recent>([app](Worker& worker, auto reply) { reply(worker.app(app).recent()); },
                               std::move(answer));
}

void DataPlane::front_tally(std::function<void(route::Tally)> answer) {
  impl_->gather<route::Tally>([](Worker& worker, auto reply) { reply(worker.front_tally()); },
                              std::move(answer));
}

}  // namespace berth::http
