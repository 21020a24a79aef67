// The inside of Backend, in two files: how it comes up (backend.cc) and how it ends (backend_end.cc).
// Included by these alone.
#pragma once

#include <boost/asio/post.hpp>
#include <chrono>
#include <set>
#include <utility>

#include "backend/attempt.h"
#include "backend/backend.h"
#include "backend/check.h"
#include "backend/equip.h"
#include "backend/loop_timer.h"
#include "backend/readiness.h"
#include "backend/release.h"
#include "config/port_mode.h"

namespace berth::backend {

class Backend::Impl : public std::enable_shared_from_this<Backend::Impl> {
 public:
  Impl(boost::asio::io_context& loop, LaunchSpec spec, BackendEvents& owner)
      : loop_(loop),
        spec_(std::move(spec)),
        equipped_(equip(spec_)),
        mode_(chosen_port_mode(spec_.port, spec_.command, spec_.env)),
        owner_(&owner),
        start_timer_(loop.get_executor()),
        stop_timer_(loop.get_executor()) {}

  void start();
  void stop();
  void hurry();
  void release(std::chrono::milliseconds deadline);
  void shut();
  std::unique_ptr<Check> check(std::chrono::milliseconds timeout, CheckDone done);
  void type(std::string_view text) {
    if (attempt_) attempt_->type(text);
  }
  int pid() const { return attempt_ ? attempt_->pid() : 0; }
  bool listens_at(const Endpoint& where) const;
  std::vector<int> tree() const;

 private:
  enum class Phase {
    Idle,
    Starting,  ///< an attempt runs, its readiness is watched
    Retrying,  ///< an attempt is being killed, the next one follows
    Ready,
    Failed,  ///< on_start_failed was told; what runs still runs
    Exited,  ///< it had been ready, and ended by itself
    Stopping,
    Killing,  ///< the grace is over
    Stopped,
    Releasing,
    Released,
  };

  void enter(Phase phase) { phase_ = phase; }
  void attempt(Place::Kept kept);
  void watch_readiness();
  void fail(StartFailure failure);
  void retry(Place::Kept kept, std::string why);
  void attempt_started();
  void attempt_exited();
  void explain_busy(StartFailure& failure) const;
  void attempt_empty();
  void became_ready(const ReadyAt& at);
  ReadinessSpec readiness_spec(FollowPolicy follow);
  ReachPtr reach_to(const Endpoint& endpoint, const SocketRow& listener, OnStranger on_stranger = {});
  ReachPtr proven_reach(const ReadyAt& at);
  void await_told_port();
  void moved(const ReadyAt& at);
  void stolen(const std::vector<SocketRow>& strangers);
  void start_deadline_passed();
  void kill_now();
  void report_stopped();
  void remember_listeners();

  /// The owner is told by a handler of its own: never within its own call, and free to destroy the Backend.
  template <class Call>
  void tell(Call call) {
    boost::asio::post(loop_, [self = shared_from_this(), call = std::move(call)] {
      if (self->owner_ != nullptr) call(*self->owner_, self->spec_.generation);
    });
  }

  void note(const std::string& text) {
    tell([text](BackendEvents& owner, Generation generation) { owner.on_note(generation, text); });
  }

  boost::asio::io_context& loop_;
  LaunchSpec spec_;
  std::string equipped_;  ///< what was done to a known server's command
  PortMode mode_;
  BackendEvents* owner_;  ///< null: the Backend is destroyed
  Phase phase_ = Phase::Idle;
  LoopTimer start_timer_;
  LoopTimer stop_timer_;
  std::unique_ptr<Attempt> attempt_;
  std::unique_ptr<Readiness> readiness_;
  std::unique_ptr<Release> release_;
  bool retried_stolen_ = false;
  bool retried_busy_ = false;
  Place::Kept next_kept_ = Place::Kept::Leased;
  std::string retry_reason_;
  bool tree_empty_ = true;
  std::optional<ReadyAt> ready_at_;
  ReachPtr reach_;                    ///< to where it is ready
  std::unique_ptr<Readiness> later_;  ///< of the told port, while another is followed
  std::set<std::uint64_t> inodes_;
  std::chrono::steady_clock::time_point stop_began_;
};

}  // namespace berth::backend
