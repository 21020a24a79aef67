#include "backend/readiness.h"

#include <algorithm>
#include <optional>

#include "backend/address.h"
#include "backend/ask_pace.h"
#include "backend/loop_timer.h"
#include "backend/readiness_text.h"
#include "backend/tree_listeners.h"

namespace berth::backend {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

// A listener elsewhere may be a metrics port of a server whose own comes later.
constexpr milliseconds kSettle{300};
// Looking at everything costs a walk of the tree: not in the first, fast polls.
constexpr milliseconds kLookElsewhereAfter{100};

}  // namespace

struct Readiness::State : std::enable_shared_from_this<Readiness::State> {
  State(boost::asio::io_context& io, ReadinessSpec what, ReadinessEvents callbacks)
      : loop(io), spec(std::move(what)), events(std::move(callbacks)), timer(io.get_executor()) {}

  void pause() { tick_after(pace.pause(Clock::now())); }

  void tick_after(milliseconds pause) {
    timer.expires_after(pause);
    pausing = true;
    timer.async_wait([self = shared_from_this()](boost::system::error_code error) {
      if (error || !self->open) return;
      self->pausing = false;
      self->tick();
    });
  }

  /// A check that runs, and a pause that is just over, come to look by themselves.
  void look_now() {
    if (pausing && timer.cancel() > 0) tick_after(milliseconds{0});
  }

  LookAt what_to_look_at() const {
    if (spec.follow == FollowPolicy::AtOnce) return LookAt::Everything;
    bool early = pace.elapsed(Clock::now()) < kLookElsewhereAfter;
    return spec.follow == FollowPolicy::Never || early ? LookAt::ToldPort : LookAt::Everything;
  }

  void tick() {
    if (spec.mode == PortMode::None) return check(spec.told, {}, false);
    const bool has_port = spec.told.family != Endpoint::Family::Unix;
    auto seen = has_port ? look_at_listeners(spec.root, spec.told.port, what_to_look_at())
                         : look_at_unix_listeners(spec.root, spec.told.path);
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
    if (endpoint != asked) pace.begin_anew();
    asked = endpoint;
    auto done = [self = shared_from_this(), endpoint, listener, followed](const CheckResult& result) {
      if (self->open) self->checked({endpoint, listener, followed, result.text}, result.passed);
    };
    // Where it was told at once, what runs now is what came of it.
    if (auto started = spec.check(endpoint, pace.ask(Clock::now()), done)) running = std::move(started);
  }

  void checked(ReadyAt at, bool passed) {
    running.reset();
    last_answer = at.check;
    if (!passed || !still_there(at.listener)) return try_again(at);
    const auto next = pace.passed();
    last_answer = at.check = pace.standing(at.check);
    if (next) return tick_after(*next);
    if (spec.config.warm.empty()) return ready(at);
    last_answer = cold;
    running = start_warm_up(loop, at.endpoint, spec.config,
                            [self = shared_from_this(), at](const CheckResult& result) {
                              if (self->open) self->warmed(at, result);
                            });
  }

  void warmed(ReadyAt at, const CheckResult& result) {
    running.reset();
    last_answer = result.text;
    if (!result.passed) cold = result.text;
    if (!result.passed || !still_there(at.listener)) return try_again(at);
    at.check += ", " + result.text;
    ready(at);
  }

  void ready(const ReadyAt& at) {
    open = false;
    auto tell = events.on_ready;
    tell(at);
  }

  void try_again(const ReadyAt& at) {
    // What it says of itself is said of all its listeners.
    if (at.followed && !spec.by_sign()) ++candidate;
    tick_after(pace.failed(Clock::now()));
  }

  bool still_there(const SocketRow& listener) const {
    if (spec.mode == PortMode::None) return true;
    if (listener.local.family == Endpoint::Family::Unix)
      return !look_at_unix_listeners(spec.root, listener.local.path).told.empty();
    auto rows = listening_sockets(listener.local.port);
    return std::any_of(rows.begin(), rows.end(),
                       [&](const SocketRow& row) { return row.inode == listener.inode; });
  }

  boost::asio::io_context& loop;
  ReadinessSpec spec;
  ReadinessEvents events;
  LoopTimer timer;
  AskPace pace{
      spec.config.kind == ReadyConfig::Kind::Exec ? AskPace::Question::Command : AskPace::Question::Request,
      spec.config.successes, Clock::now()};
  bool open = true;
  int suspicions = 0;
  std::optional<Clock::time_point> first_elsewhere;
  std::size_t candidate = 0;
  std::unique_ptr<Check> running;
  Endpoint asked;
  bool pausing = false;  ///< the timer runs
  std::string last_answer;
  std::string cold;  ///< how the last warm-up failed: told unless the next one says otherwise
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

void Readiness::look_now() { state_->look_now(); }

StartFailure Readiness::explain(milliseconds waited) const {
  const std::string unfinished = state_->running ? state_->running->unfinished() : std::string();
  return explain_unready(state_->spec, waited, state_->asked,
                         state_->last_answer.empty() ? unfinished : state_->last_answer);
}

}  // namespace berth::backend
