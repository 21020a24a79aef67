#include "backend/readiness.h"

#include <algorithm>
#include <optional>

#include "backend/address.h"
#include "backend/ask_pace.h"
#include "backend/elsewhere.h"
#include "backend/loop_timer.h"
#include "backend/readiness_text.h"
#include "backend/steady_answer.h"
#include "backend/tree_listeners.h"

namespace berth::backend {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

// Looking at everything costs a walk of the tree: not in the first, fast polls.
constexpr milliseconds kLookElsewhereAfter{100};

/// What a question is for.
enum class Purpose : std::uint8_t {
  Told,    ///< where the command was told to listen: if it answers, it is ready
  Try,     ///< elsewhere, to learn whether it answers
  Follow,  ///< elsewhere: if it answers, it is ready there
};

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
    if (spec.mode == PortMode::None) return check(spec.told, {}, Purpose::Told);
    const bool has_port = spec.told.family != Endpoint::Family::Unix;
    auto seen = has_port ? look_at_listeners(spec.root, spec.told.port, what_to_look_at())
                         : look_at_unix_listeners(spec.root, spec.told.path);
    if (!seen.told.empty()) {
      const auto& listener = preferred_listener(seen.told);
      auto endpoint = reachable(listener.local, listener.v6only);
      bool shared = std::any_of(seen.strangers.begin(), seen.strangers.end(), [&](const SocketRow& stranger) {
        return overlaps(endpoint, stranger.local, stranger.v6only);
      });
      return shared ? suspect(seen.strangers) : check(endpoint, listener, Purpose::Told);
    }
    if (!seen.strangers.empty() && spec.follow != FollowPolicy::AtOnce) return suspect(seen.strangers);
    suspicions = 0;
    look_elsewhere(seen.elsewhere);
  }

  void look_elsewhere(const std::vector<SocketRow>& rows) {
    elsewhere.see(rows, *spec.ports, Clock::now());
    const FollowChoice choice = elsewhere.choose(spec.follow, Clock::now());
    switch (choice.kind) {
      case FollowChoice::Kind::Wait:
        return pause();
      case FollowChoice::Kind::Ambiguous:
        last_answer = "more than one answers, and no line of its output says which is the server";
        return pause();
      case FollowChoice::Kind::Try:
      case FollowChoice::Kind::Follow: {
        const SocketRow listener = elsewhere.listener(choice.index);
        const bool follows = choice.kind == FollowChoice::Kind::Follow;
        return check(reachable(listener.local, listener.v6only), listener,
                     follows ? Purpose::Follow : Purpose::Try);
      }
    }
  }

  /// A process that was just forked can have the listener before it is seen in the tree: look twice.
  void suspect(const std::vector<SocketRow>& strangers) {
    if (++suspicions < 2) return pause();
    open = false;
    auto tell = events.on_stolen;
    tell(strangers);
  }

  void check(const Endpoint& endpoint, const SocketRow& listener, Purpose purpose) {
    suspicions = 0;
    if (endpoint != asked) pace.begin_anew();
    asked = endpoint;
    const bool followed = purpose != Purpose::Told;
    auto done = [self = shared_from_this(), endpoint, listener, followed,
                 purpose](const CheckResult& result) {
      if (self->open) self->checked({endpoint, listener, followed, result.text}, result, purpose);
    };
    // Where it was told at once, what runs now is what came of it.
    if (auto started = spec.check(spec.reach(endpoint, listener), pace.ask(Clock::now()), done))
      running = std::move(started);
  }

  void checked(ReadyAt at, const CheckResult& result, Purpose purpose) {
    running.reset();
    last_answer = at.check;
    if (purpose != Purpose::Told) {
      if (result.debugger) spec.ports->add_debugger(at.listener.local.port);
      // What it says of itself is said of all its listeners.
      if (!spec.by_sign() || purpose == Purpose::Try) elsewhere.asked(at.listener.local.port, result.passed);
      if (result.debugger || purpose == Purpose::Try) return pause();
    }
    if (!result.passed && result.status != 0) return answered_badly(result);
    if (!result.passed || !still_there(at.listener)) return tick_after(pace.failed(Clock::now()));
    const auto next = pace.passed();
    last_answer = at.check = pace.standing(at.check);
    if (next) return tick_after(*next);
    if (spec.config.warm.empty()) return ready(at);
    last_answer = cold;
    running = start_warm_up(loop, spec.reach(at.endpoint, at.listener), spec.config,
                            [self = shared_from_this(), at](const CheckResult& warm) {
                              if (self->open) self->warmed(at, warm);
                            });
  }

  void answered_badly(const CheckResult& result) {
    const auto now = Clock::now();
    steady.answered(result.status, now);
    if (steady.is_final(now) && events.on_hopeless) {
      open = false;
      auto tell = events.on_hopeless;
      return tell(explain_hopeless(spec, pace.elapsed(now), asked, last_answer, steady.times()));
    }
    tick_after(pace.refused());
    if (events.on_unready) events.on_unready(result.text, steady.times());
  }

  void warmed(ReadyAt at, const CheckResult& result) {
    running.reset();
    last_answer = result.text;
    if (!result.passed) cold = result.text;
    if (!result.passed || !still_there(at.listener)) return tick_after(pace.failed(Clock::now()));
    at.check += ", " + result.text;
    ready(at);
  }

  void ready(const ReadyAt& at) {
    // Where it was told to listen comes first, however late it is.
    if (at.followed && told_listens()) return tick_after(milliseconds{0});
    open = false;
    auto tell = events.on_ready;
    tell(at);
  }

  bool told_listens() const {
    return !look_at_listeners(spec.root, spec.told.port, LookAt::ToldPort).told.empty();
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
  Elsewhere elsewhere;
  SteadyAnswer steady;
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

void Readiness::hear(std::string_view line) { state_->steady.hear(line, Clock::now()); }

StartFailure Readiness::explain(milliseconds waited) const {
  const std::string unfinished = state_->running ? state_->running->unfinished() : std::string();
  return explain_unready(state_->spec, waited, state_->asked,
                         state_->last_answer.empty() ? unfinished : state_->last_answer);
}

}  // namespace berth::backend
