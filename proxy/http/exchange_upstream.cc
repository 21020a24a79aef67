// How an exchange comes to an upstream connection: the pool, a fresh one, or a place in the hold queue.
#include <cerrno>
#include <utility>

#include "proxy/http/exchange.h"
#include "proxy/route/closed_port.h"

namespace berth::http {

using loop::Wakes;

namespace {

constexpr int kRetryAfterS = 1;
constexpr std::uint8_t kMostRetries = 2;

}  // namespace

void Exchange::give_up_upstream(bool peer_closed) {
  if (!upstream_) return;
  route::Target& target = upstream_->target();
  client_.gate().forget(loop::kUpstreamIn | loop::kUpstreamOut | loop::kUpstreamGone);
  target.drop(std::move(upstream_), peer_closed);
  route_.admit_soon();
}

/// Its exchange is over: to the pool, if it can carry another.
void Exchange::return_upstream() {
  if (!upstream_) return;
  if (!reusable_ || write_dead_) return give_up_upstream(false);
  client_.gate().forget(loop::kUpstreamIn | loop::kUpstreamOut | loop::kUpstreamGone);
  route::Target& target = upstream_->target();
  target.give_back(std::move(upstream_));
  holder_.let_go();
  route_.admit_soon();
}

/// P8: at most once, unless no byte of it can have been processed, or it may be repeated and can be. A second
/// try that is lost on the same generation met the same death, so a third may find its successor.
bool Exchange::may_retry() const {
  if (retries_ == kMostRetries || stage_ != Stage::Head || said_continue_) return false;
  if (sent_ == 0) return true;
  if (!idempotent_ || !body_in_head_) return false;
  return retries_ == 0 || upstream_->target().generation() == failed_on_;
}

bool Exchange::take_pooled(Turn turn) {
  route::Target* target = route_.current();
  if (target == nullptr || retries_ != 0 || (turn == Turn::Newcomer && route_.must_wait())) return false;
  // What may not be sent twice is not risked on a connection that may be dying.
  const bool repeatable = idempotent_ && body_in_head_;
  upstream_ = target->take_idle(repeatable ? route::Target::Idle::Any : route::Target::Idle::SurelyAlive);
  if (!upstream_) return false;
  upstream_->attach(client_.gate());
  client_.gate().forget(loop::kCut);
  holder_.take(*target);
  return true;
}

/// What is said to one that cannot wait, or has waited too long.
std::string_view Exchange::waits_in_vain(std::string_view otherwise) const {
  return route_.paused() ? std::string_view(route_.pause_reason()) : otherwise;
}

/// Another generation serves now, or none does: berth stops, or the server was detached, or has ended.
std::string_view Exchange::why_cut() const {
  const route::Target* serving = route_.serving();
  if (serving != nullptr && serving->generation() != generation_)
    return "the server behind it was replaced before it had answered";
  return "the server behind it was stopped before it had answered";
}

void Exchange::refused() {
  const int status = route_.refusal_status();
  fail(status, route_.refusal(), status == 503 ? kRetryAfterS : 0);
}

void Exchange::fail_unconnected() {
  fail(503, "berth has no file descriptor left (see ulimit -n)", kRetryAfterS);
}

loop::Task<bool> Exchange::obtain_upstream() {
  const loop::Tick hold_deadline = loop_.deadline(route_.limits().hold_timeout);
  while (verdict_ == Verdict::Going) {
    route::Target* target = route_.current();
    if (!route_.refusal().empty()) {
      refused();
    } else if (target == nullptr || refused_ || refused_until_ != 0 || route_.must_wait() ||
               !target->make_room()) {
      if (take_pooled(Turn::Newcomer)) co_return true;
      auto waiting = wait_in_queue(hold_deadline);
      const bool admitted = co_await waiting;
      if (!admitted) break;
      if (take_pooled(Turn::Admitted)) co_return true;
      target = route_.current();
      if (target == nullptr || !target->make_room()) continue;
      auto connecting = connect(*target);
      const bool connected = co_await connecting;
      if (connected) co_return true;
    } else {
      auto connecting = connect(*target);
      const bool connected = co_await connecting;
      if (connected) co_return true;
    }
  }
  co_return false;
}

/// True: admitted. Otherwise verdict_ tells.
loop::Task<bool> Exchange::wait_in_queue(loop::Tick hold_deadline) {
  route::Waiting place(client_.gate());
  client_.gate().forget(loop::kAdmitted | loop::kRefused);
  using Place = route::AppRoute::Place;
  if (!route_.wait(place, refused_ ? Place::First : Place::Last)) {
    route_.tally.met(route::Limit::HoldRequests);
    fail(503, waits_in_vain("too many requests wait for the server behind it"), kRetryAfterS);
    co_return false;
  }
  if (!std::exchange(held_, true)) ++route_.counters.held_total;
  Wakes wakes = 0;
  for (;;) {
    const bool unconnected = refused_until_ != 0 && route_.current() != nullptr;
    client_.set_deadline(unconnected ? refused_until_ : hold_deadline);
    wakes =
        co_await client_.gate().wait(loop::kAdmitted | loop::kRefused | loop::kTimeout | loop::kClientGone);
    // There is no backend meanwhile to want a descriptor for: then it waits for one like all others.
    const bool may_wait = hold_deadline == 0 || loop_.tick() < hold_deadline;
    if (wakes != loop::kTimeout || route_.current() != nullptr || !may_wait) break;
    refused_until_ = 0;
  }
  route_.leave(place);
  if ((wakes & loop::kAdmitted) != 0) co_return true;
  if ((wakes & loop::kClientGone) != 0)
    verdict_ = Verdict::Gone;
  else if ((wakes & loop::kRefused) != 0)
    refused();
  else if (refused_until_ != 0 && route_.current() != nullptr)
    fail_unconnected();
  else {
    route_.tally.met(route::Limit::HoldTimeout);
    const bool closed = refused_ && route_.current() != nullptr;
    fail(503,
         waits_in_vain(closed ? "the server behind it runs, but takes no connections"
                              : "no server was ready in time"),
         kRetryAfterS);
  }
  co_return false;
}

/// Connects to the target, which the exchange holds from here on. False: try again, or verdict_ tells.
loop::Task<bool> Exchange::connect(route::Target& target) {
  loop::Gate& gate = client_.gate();
  gate.forget(loop::kUpstreamIn | loop::kUpstreamOut | loop::kUpstreamGone | loop::kCut);
  holder_.take(target);
  upstream_ = target.make_connection();
  const loop::Tick deadline = loop_.deadline(route_.limits().connect_timeout);
  int error = upstream_->connect(gate);
  lacks_descriptor_ = loop::out_of_descriptors(error);
  if (lacks_descriptor_) route_.tally.met(route::Limit::Descriptors);
  if (error == 0) {
    error = ECONNREFUSED;
    client_.set_deadline(deadline);
    const Wakes wakes =
        co_await gate.wait(loop::kUpstreamOut | loop::kTimeout | loop::kCut | loop::kClientGone);
    if ((wakes & loop::kClientGone) != 0) {
      verdict_ = Verdict::Gone;
      co_return false;
    }
    if ((wakes & loop::kUpstreamOut) != 0) error = upstream_->connect_error();
    if (error == 0) {
      refused_until_ = 0;
      refused_ = false;
      route_.connected(target);
      co_return true;
    }
    if ((wakes & loop::kTimeout) != 0) {
      route_.tally.met(route::Limit::ConnectTimeout);
      fail(504, "the server behind it does not take connections in time");
    }
  }
  // Nothing of the request was sent. Most likely the backend has just died, and its successor is a moment
  // away; or it lives, and begins to listen anew: the request waits. (Nobody is admitted for its place: that
  // one would only find the same.)
  gate.forget(loop::kUpstreamIn | loop::kUpstreamOut | loop::kUpstreamGone);
  target.drop(std::move(upstream_), true);
  holder_.let_go();
  if (error == EAGAIN && verdict_ == Verdict::Going) co_return false;
  if (verdict_ != Verdict::Going) co_return false;
  if (!lacks_descriptor_) {
    refused_ = true;
    if (route::means_closed(error)) route_.refused(target);
    co_return false;
  }
  if (refused_until_ == 0) refused_until_ = deadline;
  if (loop_.tick() >= refused_until_) fail_unconnected();
  co_return false;
}

}  // namespace berth::http
