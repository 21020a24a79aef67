// How a backend ends: the stop, and the proof that its port is free.
#include <cassert>

#include "backend/backend_impl.h"
#include "backend/linux_proc.h"
#include "backend/tree_listeners.h"

namespace berth::backend {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::microseconds;
using std::chrono::milliseconds;

// After KILL a process is gone in milliseconds, unless the kernel holds it (a dead disk): then berth says so.
constexpr milliseconds kKillTakesLong{5'000};

}  // namespace

void Backend::Impl::remember_listeners() {
  if (!attempt_ || attempt_->keeper_pid() == 0 || tree_empty_ || mode_ == PortMode::None) return;
  const Endpoint& told = attempt_->told();
  auto seen = told.family == Endpoint::Family::Unix
                  ? look_at_unix_listeners(attempt_->keeper_pid(), told.path)
                  : look_at_listeners(attempt_->keeper_pid(), told.port, LookAt::Everything);
  for (const auto* rows : {&seen.told, &seen.elsewhere}) {
    for (const auto& row : *rows) inodes_.insert(row.inode);
  }
}

void Backend::Impl::stop() {
  if (phase_ >= Phase::Stopping) return;
  bool never_started = phase_ == Phase::Idle;
  remember_listeners();
  enter(Phase::Stopping);
  readiness_.reset();
  later_.reset();
  start_timer_.cancel();
  stop_began_ = Clock::now();
  if (never_started || tree_empty_) return report_stopped();
  attempt_->stop(spec_.stop);
  if (spec_.stop.grace == kOff) return;
  stop_timer_.expires_after(spec_.stop.grace);
  stop_timer_.async_wait([self = shared_from_this()](boost::system::error_code error) {
    if (!error && self->owner_ != nullptr) self->kill_now();
  });
}

void Backend::Impl::hurry() {
  if (phase_ == Phase::Stopping) kill_now();
}

void Backend::Impl::kill_now() {
  if (phase_ != Phase::Stopping) return;
  enter(Phase::Killing);
  attempt_->kill();
  stop_timer_.expires_after(kKillTakesLong);
  stop_timer_.async_wait([self = shared_from_this()](boost::system::error_code error) {
    if (error || self->owner_ == nullptr || self->phase_ != Phase::Killing) return;
    for (int pid : self->tree()) self->note("still there after KILL: " + describe_process(pid));
  });
}

void Backend::Impl::report_stopped() {
  enter(Phase::Stopped);
  stop_timer_.cancel();
  Stopped stopped;
  stopped.ran = attempt_ && attempt_->pid() != 0;
  if (attempt_) {
    // As a shell says it of a command that could not be started.
    stopped.exit = attempt_->exit().value_or(ExitStatus{.signalled = false, .value = 127});
    stopped.killed = attempt_->killed();
    stopped.descendants = attempt_->killed_descendants();
  }
  stopped.took = std::chrono::duration_cast<microseconds>(Clock::now() - stop_began_);
  tell([stopped](BackendEvents& owner, Generation generation) { owner.on_stopped(generation, stopped); });
}

void Backend::Impl::release(milliseconds deadline) {
  assert(phase_ == Phase::Stopped);
  enter(Phase::Releasing);
  // Nothing was ever started, or its empty tree is all the proof there is.
  if (!attempt_ || attempt_->keeper_pid() == 0 || mode_ == PortMode::None) {
    enter(Phase::Released);
    tell([](BackendEvents& owner, Generation generation) { owner.on_released(generation, {}); });
    return;
  }
  ReleaseSpec what;
  what.inodes = inodes_;
  what.endpoint = attempt_->told();
  if (mode_ == PortMode::Unix) what.directory = attempt_->directory();
  auto lease = attempt_->take_lease();
  bool elsewhere = ready_at_ && ready_at_->listener.local.port != attempt_->told().port;
  if (!elsewhere) what.lease = std::move(lease);
  // Without a lease the strict probe asks for exactly what it listened on; the wildcard if that is not known.
  if (!what.lease && what.endpoint.family != Endpoint::Family::Unix)
    what.endpoint = ready_at_ ? ready_at_->listener.local : Endpoint::any_v6(what.endpoint.port);
  release_ =
      std::make_unique<Release>(loop_, std::move(what), deadline, [this](ReleaseCertificate certificate) {
        enter(Phase::Released);
        tell([certificate = std::move(certificate)](BackendEvents& owner, Generation generation) {
          owner.on_released(generation, certificate);
        });
      });
}

}  // namespace berth::backend
