#include "backend/readiness.h"

#include <algorithm>
#include <optional>

#include "backend/address.h"
#include "backend/check.h"
#include "backend/loop_timer.h"
#include "backend/tree_listeners.h"

namespace berth::backend {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

constexpr milliseconds kFirstPause{2};
constexpr milliseconds kLongestPause{100};
// A listener elsewhere may be a metrics port of a server whose own comes later.
constexpr milliseconds kSettle{300};
// Looking at everything costs a walk of the tree: not in the first, fast polls.
constexpr milliseconds kLookElsewhereAfter{100};
constexpr milliseconds kFirstCheckTimeout{5'000};
constexpr milliseconds kLongestCheckTimeout{60'000};

std::string seconds_text(milliseconds time) {
  return time.count() % 1000 == 0 ? std::to_string(time.count() / 1000) + " s"
                                  : std::to_string(time.count()) + " ms";
}

}  // namespace

struct Readiness::State : std::enable_shared_from_this<Readiness::State> {
  State(boost::asio::io_context& io, ReadinessSpec what, ReadinessEvents callbacks)
      : loop(io), spec(std::move(what)), events(std::move(callbacks)), timer(io.get_executor()) {}

  /// Berth's polling adds at most a twentieth to the server's own start.
  void pause() {
    auto elapsed = std::chrono::duration_cast<milliseconds>(Clock::now() - began);
    timer.expires_after(std::clamp(elapsed / 20, kFirstPause, kLongestPause));
    timer.async_wait([self = shared_from_this()](boost::system::error_code error) {
      if (!error && self->open) self->tick();
    });
  }

  LookAt what_to_look_at() const {
    if (spec.follow == FollowPolicy::AtOnce) return LookAt::Everything;
    bool early = Clock::now() - began < kLookElsewhereAfter;
    return spec.follow == FollowPolicy::Never || early ? LookAt::ToldPort : LookAt::Everything;
  }

  void tick() {
    auto seen = look_at_listeners(spec.root, spec.told.port, what_to_look_at());
    if (!seen.told.empty()) {
      const auto& listener = preferred(seen.told);
      auto endpoint = reachable(listener.local, listener.v6only);
      bool shared = std::any_of(seen.strangers.begin(), seen.strangers.end(), [&](const SocketRow& stranger) {
        return overlaps(endpoint, stranger.local, stranger.v6only);
      });
      return shared ? suspect(seen.strangers) : check(endpoint, listener, false);
    }
    if (!seen.strangers.empty() && spec.follow != FollowPolicy::AtOnce) return suspect(seen.strangers);
    suspicions = 0;
    if (seen.elsewhere.empty()) {
      first_elsewhere.reset();
      return pause();
    }
    if (!first_elsewhere) first_elsewhere = Clock::now();
    if (spec.follow == FollowPolicy::Settle && Clock::now() - *first_elsewhere < kSettle) return pause();
    const auto& listener = seen.elsewhere[candidate % seen.elsewhere.size()];
    check(reachable(listener.local, listener.v6only), listener, true);
  }

  /// The one that serves most addresses, IPv4 before IPv6.
  static const SocketRow& preferred(const std::vector<SocketRow>& rows) {
    auto rank = [](const SocketRow& row) {
      int v6 = row.local.family == Endpoint::Family::V6 ? 1 : 0;
      if (row.local.is_wildcard()) return v6;
      return (row.local.is_loopback() ? 2 : 4) + v6;
    };
    return *std::min_element(rows.begin(), rows.end(),
                             [&](const SocketRow& a, const SocketRow& b) { return rank(a) < rank(b); });
  }

  /// A process that was just forked can have the listener before it is seen in the tree: look twice.
  void suspect(const std::vector<SocketRow>& strangers) {
    if (++suspicions < 2) return pause();
    open = false;
    auto tell = events.on_stolen;
    tell(strangers);
  }

  void check(const Endpoint& endpoint, const SocketRow& listener, bool followed) {
    suspicions = 0;
    asked = endpoint;
    check_began = Clock::now();
    auto done = [self = shared_from_this(), endpoint, listener, followed](const CheckResult& result) {
      if (self->open) self->checked({endpoint, listener, followed, result.text}, result.passed);
    };
    switch (spec.config.kind) {
      case ReadyConfig::Kind::Listen:
        return checked({endpoint, listener, followed, "listening"}, true);
      case ReadyConfig::Kind::Tcp:
        running = start_tcp_check(loop, endpoint, check_timeout, done);
        return;
      case ReadyConfig::Kind::Http:
        running = start_http_check(loop, endpoint, spec.config, check_timeout, done);
        return;
    }
  }

  void checked(const ReadyAt& at, bool passed) {
    last_answer = at.check;
    if (passed && still_there(at.listener)) {
      open = false;
      auto tell = events.on_ready;
      tell(at);
      return;
    }
    if (at.followed) ++candidate;
    // A server that takes long for its first answer (it compiles, say) is given more with every turn.
    if (Clock::now() - check_began >= check_timeout) {
      check_timeout = std::min(check_timeout * 2, kLongestCheckTimeout);
    }
    pause();
  }

  bool still_there(const SocketRow& listener) const {
    auto rows = listening_sockets(listener.local.port);
    return std::any_of(rows.begin(), rows.end(),
                       [&](const SocketRow& row) { return row.inode == listener.inode; });
  }

  boost::asio::io_context& loop;
  ReadinessSpec spec;
  ReadinessEvents events;
  LoopTimer timer;
  Clock::time_point began = Clock::now();
  bool open = true;
  int suspicions = 0;
  std::optional<Clock::time_point> first_elsewhere;
  std::size_t candidate = 0;
  milliseconds check_timeout = kFirstCheckTimeout;
  Clock::time_point check_began = began;
  std::unique_ptr<Check> running;
  Endpoint asked;
  std::string last_answer;
};

Readiness::Readiness(boost::asio::io_context& loop, ReadinessSpec spec, ReadinessEvents events)
    : state_(std::make_shared<State>(loop, std::move(spec), std::move(events))) {
  state_->pause();
}

Readiness::~Readiness() {
  state_->open = false;
  state_->running.reset();
  state_->timer.cancel();
}

StartFailure Readiness::explain(milliseconds waited) const {
  const auto& spec = state_->spec;
  auto port = std::to_string(spec.told.port);
  auto seen = look_at_listeners(spec.root, spec.told.port, LookAt::Everything);
  StartFailure failure;
  int table_error = 0;
  listening_sockets(spec.told.port, &table_error);
  if (table_error != 0) {
    failure.what = "the kernel's table of sockets cannot be read (NETLINK_SOCK_DIAG, errno " +
                   std::to_string(table_error) + ")";
    return failure;
  }
  failure.kind = StartFailure::Kind::Timeout;
  if (!seen.told.empty() || (seen.elsewhere.empty() && !state_->last_answer.empty())) {
    failure.what =
        "not ready after " + seconds_text(waited) + ": it listens on " + state_->asked.text() + ", " +
        (state_->last_answer.empty() ? "but gave no complete answer" : "but " + state_->last_answer);
    return failure;
  }
  if (!seen.elsewhere.empty()) {
    failure.kind = StartFailure::Kind::Elsewhere;
    failure.what = "the ready check on " + port + " failed: the process listens on ";
    for (const auto& row : seen.elsewhere) {
      failure.what += (&row == &seen.elsewhere.front() ? "" : ", ") + row.local.text();
    }
    if (!state_->last_answer.empty()) failure.what += ", but there " + state_->last_answer;
    failure.hint = spec.follow == FollowPolicy::Never ? "make it listen on port {port} as it was told"
                                                      : "it ignored PORT: add `--port {port}`";
    return failure;
  }
  if (auto other = describe_unusable_listeners(spec.root); !other.empty()) {
    failure.kind = StartFailure::Kind::Elsewhere;
    failure.what = "the ready check on " + port + " failed: the process listens on " + other + " only";
    failure.hint = "make it listen on TCP port {port}: add `--port {port}`";
    return failure;
  }
  failure.what =
      "the ready check on " + port + " failed: nothing listens there after " + seconds_text(waited);
  failure.hint = spec.follow == FollowPolicy::Never ? "" : "if it does not read PORT, add `--port {port}`";
  return failure;
}

}  // namespace berth::backend
