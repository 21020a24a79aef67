#include "backend/backend.h"

#include <cassert>

#include "backend/backend_impl.h"
#include "backend/command.h"
#include "backend/linux_proc.h"
#include "backend/readiness_text.h"
#include "backend/tree_listeners.h"

namespace berth::backend {

using std::chrono::milliseconds;

void Backend::Impl::start() {
  assert(phase_ == Phase::Idle);
  if (mode_ != PortMode::Unix && mode_ != PortMode::None) {
    if (auto blind = explain_blindness()) {
      enter(Phase::Starting);
      return fail(std::move(*blind));
    }
  }
  if (spec_.ready.timeout != kOff) {
    start_timer_.expires_after(spec_.ready.timeout);
    start_timer_.async_wait([self = shared_from_this()](boost::system::error_code error) {
      if (!error && self->owner_ != nullptr) self->start_deadline_passed();
    });
  }
  attempt(Place::Kept::Leased);
}

void Backend::Impl::attempt(Place::Kept kept) {
  enter(Phase::Starting);
  AttemptEvents events;
  events.on_started = [this] { attempt_started(); };
  events.on_exec_failed = [this](StartFailure failure) { fail(std::move(failure)); };
  events.on_line = [this](bool is_stderr, std::string_view line) {
    if (readiness_) readiness_->hear(line);
    tell([is_stderr, text = std::string(line)](BackendEvents& owner, Generation generation) {
      owner.on_line(generation, is_stderr, text);
    });
  };
  events.on_exited = [this] { attempt_exited(); };
  events.on_note = [this](const std::string& text) { note(text); };
  events.on_sign = [this] {
    for (auto* waiting : {readiness_.get(), later_.get()})
      if (waiting != nullptr) waiting->look_now();
  };
  events.on_empty = [this] { attempt_empty(); };
  // The one before keeps its number until this one has another.
  auto before =
      std::exchange(attempt_, std::make_unique<Attempt>(loop_, spec_, mode_, kept, std::move(events)));
  if (auto failure = attempt_->begin()) return fail(std::move(*failure));
  tree_empty_ = false;
  if (!retry_reason_.empty()) {
    note(std::exchange(retry_reason_, {}) + ": trying again on " + std::to_string(attempt_->told().port));
  }
}

void Backend::Impl::attempt_started() {
  if (phase_ != Phase::Starting) return;
  tell([started = Started{attempt_->pid(), attempt_->told(), std::string(port_mode_text(mode_))}](
           BackendEvents& owner, Generation generation) { owner.on_started(generation, started); });
  if (!equipped_.empty()) note(fill_in(equipped_, attempt_->told()));
  watch_readiness();
}

ReadinessSpec Backend::Impl::readiness_spec(FollowPolicy follow) {
  auto sign = [this] { return attempt_->sign(); };
  return {.config = spec_.ready,
          .mode = mode_,
          .told = attempt_->told(),
          .root = attempt_->keeper_pid(),
          .follow = follow,
          .check = check_of(loop_, spec_, sign),
          .reach = [this](const Endpoint& to, const SocketRow& listener) { return reach_to(to, listener); },
          .ports = &attempt_->ports(),
          .sign = sign};
}

void Backend::Impl::watch_readiness() {
  auto follow = FollowPolicy::Never;
  if (mode_ == PortMode::Lease && !spec_.port.mode && !names_port(spec_)) follow = FollowPolicy::Settle;
  if (mode_ == PortMode::Discover) follow = FollowPolicy::AtOnce;
  ReadinessEvents events;
  events.on_ready = [this](const ReadyAt& at) { became_ready(at); };
  events.on_stolen = [this](const std::vector<SocketRow>& strangers) { stolen(strangers); };
  events.on_hopeless = [this](const StartFailure& failure) { fail(failure); };
  events.on_unready = [this](const std::string& answer, unsigned times) {
    tell([answer, times](BackendEvents& owner, Generation generation) {
      owner.on_unready(generation, answer, times);
    });
  };
  readiness_ = std::make_unique<Readiness>(loop_, readiness_spec(follow), std::move(events));
}

ReachPtr Backend::Impl::reach_to(const Endpoint& endpoint, const SocketRow& listener,
                                 OnStranger on_stranger) {
  const int root = attempt_->keeper_pid();
  if (mode_ == PortMode::None) return reach_others(loop_, endpoint, {});
  if (endpoint.family == Endpoint::Family::Unix)
    return reach_own_path(loop_, endpoint, attempt_->directory(), root, std::move(on_stranger));
  auto known = inodes_;
  known.insert(listener.inode);
  return reach_own_port(loop_, endpoint, known, root, std::move(on_stranger));
}

/// The one for its requests and health checks: who else listens there is told.
ReachPtr Backend::Impl::proven_reach(const ReadyAt& at) {
  auto met_stranger = [weak = weak_from_this()](const std::string& text) {
    if (auto self = weak.lock()) self->note(text);
  };
  return reach_to(at.endpoint, at.listener, met_stranger);
}

void Backend::Impl::became_ready(const ReadyAt& at) {
  assert(phase_ == Phase::Starting);
  enter(Phase::Ready);
  ready_at_ = at;
  readiness_.reset();
  const bool ignored_port = at.followed && mode_ != PortMode::Discover;
  if (!ignored_port) start_timer_.cancel();
  remember_listeners();
  if (mode_ != PortMode::None) inodes_.insert(at.listener.inode);
  reach_ = proven_reach(at);
  if (ignored_port) {
    note("it ignored PORT=" + std::to_string(attempt_->told().port) + " and listens on " +
         at.listener.local.text() + ", which is followed");
    await_told_port();
  }
  Ready ready{.endpoint = {}, .followed = at.followed, .check = at.check};
  if (mode_ != PortMode::None) {
    ready.endpoint = at.endpoint;
    ready.reach = reach_;
  }
  tell([ready = std::move(ready)](BackendEvents& owner, Generation generation) {
    owner.on_ready(generation, ready);
  });
}

/// What is followed may be a port beside the server's own, which is only slow to open: until the time for
/// its start is over, that one is waited for.
void Backend::Impl::await_told_port() {
  ReadinessEvents events;
  events.on_ready = [this](const ReadyAt& at) { moved(at); };
  events.on_stolen = [this](const std::vector<SocketRow>&) { later_.reset(); };
  later_ = std::make_unique<Readiness>(loop_, readiness_spec(FollowPolicy::Never), std::move(events));
}

void Backend::Impl::moved(const ReadyAt& at) {
  const std::string before = ready_at_->listener.local.text();
  later_.reset();
  start_timer_.cancel();
  ready_at_ = at;
  remember_listeners();
  inodes_.insert(at.listener.inode);
  reach_ = proven_reach(at);
  note("it listens on PORT=" + std::to_string(attempt_->told().port) +
       " after all: new requests go there, and no more to " + before);
  tell([ready = Ready{at.endpoint, false, at.check, reach_}](BackendEvents& owner, Generation generation) {
    owner.on_moved(generation, ready);
  });
}

void Backend::Impl::stolen(const std::vector<SocketRow>& strangers) {
  auto port = attempt_->told().port;
  auto holder = name_stranger(strangers, port);
  auto what = std::to_string(port) + " was taken by " + holder;
  const bool fixed = mode_ == PortMode::Fixed;
  if (!fixed && !std::exchange(retried_stolen_, true)) return retry(Place::Kept::Leased, what);
  StartFailure failure;
  failure.kind = StartFailure::Kind::Stolen;
  failure.what = "port " + what + (fixed ? "" : ", for the second time");
  failure.hint = "another program takes ports by number: stop it";
  fail(std::move(failure));
}

void Backend::Impl::retry(Place::Kept kept, std::string why) {
  enter(Phase::Retrying);
  readiness_.reset();
  next_kept_ = kept;
  retry_reason_ = std::move(why);
  attempt_->kill();
}

void Backend::Impl::fail(StartFailure failure) {
  if (phase_ != Phase::Starting && phase_ != Phase::Retrying) return;
  enter(Phase::Failed);
  readiness_.reset();
  start_timer_.cancel();
  if (attempt_) {
    failure.exit = attempt_->exit();
    failure.last_lines = attempt_->last_lines();
  }
  tell([failure = std::move(failure)](BackendEvents& owner, Generation generation) {
    owner.on_start_failed(generation, failure);
  });
}

void Backend::Impl::start_deadline_passed() {
  later_.reset();
  if (phase_ != Phase::Starting && phase_ != Phase::Retrying) return;
  StartFailure failure;
  failure.kind = StartFailure::Kind::Timeout;
  failure.what = "it was not started within " + std::to_string(spec_.ready.timeout.count()) + " ms";
  if (readiness_) failure = readiness_->explain(spec_.ready.timeout);
  fail(std::move(failure));
}

void Backend::Impl::attempt_exited() {
  later_.reset();
  if (phase_ == Phase::Ready) {
    enter(Phase::Exited);
    tell([status = *attempt_->exit()](BackendEvents& owner, Generation generation) {
      owner.on_exited(generation, status);
    });
    return;
  }
  if (phase_ != Phase::Starting) return;
  auto port = attempt_->told().port;
  const bool has_port = mode_ != PortMode::Unix && mode_ != PortMode::None;
  auto seen = look_at_listeners(attempt_->keeper_pid(), port, LookAt::ToldPort);
  if (has_port && mode_ != PortMode::Discover && !seen.strangers.empty()) return stolen(seen.strangers);
  const bool busy = has_port && attempt_->complained_of_busy_port();
  if (busy && mode_ == PortMode::Lease && !std::exchange(retried_busy_, true)) {
    return retry(Place::Kept::Released, "it was given " + std::to_string(port) +
                                            " and found a port busy (perhaps it does not set SO_REUSEADDR)");
  }
  StartFailure failure;
  failure.kind = StartFailure::Kind::Exited;
  failure.what = spec_.command.front() + " ended before it was ready: " + attempt_->exit()->text();
  if (busy) explain_busy(failure);
  if (*attempt_->exit() == ExitStatus{} && !tree().empty())
    failure.hint = "it left a process behind, as a daemon does: let it stay in the foreground";
  fail(std::move(failure));
}

void Backend::Impl::explain_busy(StartFailure& failure) const {
  if (mode_ == PortMode::Fd) {
    failure.what += "; it found a port busy";
    failure.hint = "berth itself listens on " + std::to_string(attempt_->told().port) +
                   ": it must take that socket, by {fd} in its words or by LISTEN_FDS, and bind no port";
  }
  if (mode_ != PortMode::Lease) return;
  // The second port was free for anybody when the command began.
  failure.what += "; the port it found busy is not the one berth gave it";
  failure.hint = names_port(spec_)
                     ? "it wants another port besides {port}, which the old generation may hold"
                     : "it insists on a port of its own, which the old generation may hold: let "
                       "it listen on $PORT, add {port} to its command, or let its swaps stop the "
                       "old one first: berth run --swap stop-start, in the file swap = \"stop-start\"";
}

void Backend::Impl::attempt_empty() {
  tree_empty_ = true;
  if (phase_ == Phase::Stopping || phase_ == Phase::Killing) return report_stopped();
  if (phase_ != Phase::Retrying) return;
  // Not from within the attempt's own handler, which it does not outlive.
  boost::asio::post(loop_, [self = shared_from_this()] {
    if (self->owner_ != nullptr && self->phase_ == Phase::Retrying) self->attempt(self->next_kept_);
  });
}

/// As its readiness was asked, where it was found.
std::unique_ptr<Check> Backend::Impl::check(milliseconds timeout, CheckDone done) {
  if (!reach_) reach_ = reach_to(attempt_->told(), {});
  return check_of(loop_, spec_, [this] { return attempt_->sign(); })(reach_, timeout, std::move(done));
}

bool Backend::Impl::listens_at(const Endpoint& where) const {
  return attempt_ && attempt_->keeper_pid() != 0 && !tree_empty_ &&
         listens_in_tree(attempt_->keeper_pid(), where);
}

std::vector<int> Backend::Impl::tree() const {
  if (!attempt_ || attempt_->keeper_pid() == 0 || tree_empty_) return {};
  return descendants(attempt_->keeper_pid());
}

void Backend::Impl::shut() {
  owner_ = nullptr;
  start_timer_.cancel();
  stop_timer_.cancel();
  readiness_.reset();
  later_.reset();
  release_.reset();
  attempt_.reset();
}

Backend::Backend(boost::asio::io_context& control, LaunchSpec spec, BackendEvents& owner)
    : impl_(std::make_shared<Impl>(control, std::move(spec), owner)) {}

Backend::~Backend() { impl_->shut(); }

void Backend::start() { impl_->start(); }
void Backend::stop() { impl_->stop(); }
void Backend::hurry() { impl_->hurry(); }
void Backend::release(milliseconds deadline) { impl_->release(deadline); }
void Backend::type(std::string_view text) { impl_->type(text); }
std::unique_ptr<Check> Backend::check(milliseconds timeout, CheckDone done) {
  return impl_->check(timeout, std::move(done));
}
int Backend::pid() const { return impl_->pid(); }
bool Backend::listens_at(const Endpoint& where) const { return impl_->listens_at(where); }
std::vector<int> Backend::tree() const { return impl_->tree(); }

}  // namespace berth::backend
