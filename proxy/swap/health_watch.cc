#include "proxy/swap/health_watch.h"

#include <utility>

namespace berth::swap {

using Clock = std::chrono::steady_clock;

HealthWatch::HealthWatch(boost::asio::io_context& control, const HealthConfig& config, Events events)
    : health_{.config = config},
      events_(std::move(events)),
      timer_(control),
      alive_(std::make_shared<char>()) {}

HealthWatch::~HealthWatch() = default;

Moment HealthWatch::now() const {
  return std::chrono::duration_cast<Moment>(Clock::now().time_since_epoch());
}

void HealthWatch::serves(Ask ask) {
  running_.reset();
  ++questions_;
  ask_ = std::move(ask);
  serving_ = true;
  feed(HealthEvent::Serves);
}

void HealthWatch::configure(const HealthConfig& config) {
  if (health_.config == config) return;
  health_.config = config;
  if (!serving_ || unhealthy()) return;
  running_.reset();
  ++questions_;
  feed(HealthEvent::Serves);
}

void HealthWatch::leaves() {
  serving_ = false;
  running_.reset();
  ++questions_;
  feed(HealthEvent::Leaves);
}

void HealthWatch::feed(HealthEvent event) {
  HealthStep step = swap::step(health_, event, now());
  health_ = step.next;
  arm();
  // The owner, told, may end the watch over this backend: nothing of this step may follow.
  for (HealthAction action : step.actions) {
    if (action == HealthAction::Ask) ask();
    if (action == HealthAction::Fell) events_.on_fell();
    if (action == HealthAction::Rose) events_.on_rose();
  }
}

void HealthWatch::ask() {
  const std::uint64_t question = ++questions_;
  auto done = [this, alive = std::weak_ptr<char>(alive_), question](const backend::CheckResult& result) {
    if (alive.expired() || question != questions_) return;
    if (!result.passed) last_failure_ = result.text;
    feed(result.passed ? HealthEvent::Passed : HealthEvent::Failed);
  };
  // The one before has given its answer. What calls back at once has nothing to keep.
  if (auto check = ask_(health_.config.timeout, std::move(done))) running_ = std::move(check);
}

void HealthWatch::arm() {
  timer_.cancel();
  if (health_.deadline == kNever) return;
  timer_.expires_at(Clock::time_point(health_.deadline));
  timer_.async_wait([this, alive = std::weak_ptr<char>(alive_)](boost::system::error_code error) {
    if (!error && !alive.expired()) feed(HealthEvent::Tick);
  });
}

}  // namespace berth::swap
