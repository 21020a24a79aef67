#include "proxy/route/app_route.h"

#include <algorithm>
#include <utility>

#include "proxy/route/router.h"

namespace berth::route {

AppRoute::AppRoute(loop::Loop& loop, std::string name, RouteLimits limits,
                   std::atomic<std::uint32_t>& held_everywhere)
    : loop_(loop),
      name_(std::move(name)),
      limits_(limits),
      held_everywhere_(held_everywhere),
      recent_(loop.now()) {}

AppRoute::~AppRoute() = default;

void AppRoute::switch_to(Generation generation, const Destination& destination) {
  if (current_ && current_->generation() == generation) {
    current_->move_to(destination);
    refusal_.clear();
    admit();
    return;
  }
  retire_current();
  refusal_.clear();
  current_ = take_kept(generation);
  if (current_) {
    current_->move_to(destination);
  } else {
    current_ = std::make_unique<Target>(
        loop_, generation, destination,
        Target::Settings{limits_.most_connections, limits_.user.upstream_idle, limits_.connector});
  }
  admit();
}

void AppRoute::hold() {
  retire_current();
  refusal_.clear();
}

void AppRoute::set_limits(RouteLimits limits) {
  limits_ = std::move(limits);
  if (current_) current_->set_limits(limits_.most_connections, limits_.user.upstream_idle);
  admit_soon();
}

void AppRoute::set_long(const LongConfig& config) {
  long_ = config;
  long_paths_.assign(config.paths.begin(), config.paths.end());
  std::stable_sort(long_paths_.begin(), long_paths_.end(),
                   [](const auto& a, const auto& b) { return a.first.size() > b.first.size(); });
}

LongMode AppRoute::long_mode(std::string_view path) const {
  for (const auto& [prefix, mode] : long_paths_)
    if (fits_path(prefix, path)) return mode;
  return long_.mode;
}

void AppRoute::refuse(std::string reason, int status) {
  retire_current();
  refusal_ = std::move(reason);
  refusal_status_ = status;
  while (Waiting* waiting = waiting_.front()) {
    leave(*waiting);
    waiting->gate.raise(loop::kRefused);
  }
}

void AppRoute::pause(std::string why) { pause_ = std::move(why); }

void AppRoute::resume() {
  pause_.clear();
  admit();
}

void AppRoute::retire_current() {
  if (!current_) return;
  current_->retire();
  retired_.push_back(std::move(current_));
}

std::unique_ptr<Target> AppRoute::take_kept(Generation generation) {
  const auto at = std::find_if(retired_.begin(), retired_.end(),
                               [&](const auto& target) { return target->generation() == generation; });
  if (at == retired_.end()) return nullptr;
  std::unique_ptr<Target> kept = std::move(*at);
  retired_.erase(at);
  kept->revive();
  kept->set_limits(limits_.most_connections, limits_.user.upstream_idle);
  return kept;
}

Target* AppRoute::retired(Generation generation) {
  for (auto& target : retired_)
    if (target->generation() == generation) return target.get();
  return nullptr;
}

void AppRoute::forget_drained() {
  std::erase_if(retired_, [](const auto& target) {
    return target->told() && target->holders() == 0 && target->connections() == 0;
  });
}

bool AppRoute::wait(Waiting& waiting, Place place) {
  const auto held = held_everywhere_.fetch_add(1, std::memory_order_relaxed);
  if (held >= limits_.user.hold_requests && place == Place::Last) {
    held_everywhere_.fetch_sub(1, std::memory_order_relaxed);
    return false;
  }
  ++waiting_count_;
  place == Place::Last ? waiting_.push_back(waiting) : waiting_.push_front(waiting);
  return true;
}

void AppRoute::leave(Waiting& waiting) {
  if (!waiting.linked()) return;
  waiting.unlink();
  --waiting_count_;
  held_everywhere_.fetch_sub(1, std::memory_order_relaxed);
}

void AppRoute::admit_soon() {
  if (waiting_count_ == 0 || admission_posted_) return;
  admission_posted_ = true;
  loop_.post([this] {
    admission_posted_ = false;
    admit();
  });
}

void AppRoute::admit() {
  // Each one takes a connection or begins one before raise() returns, so the bound is looked at anew. One
  // that comes back to the queue meanwhile has had its turn.
  for (std::uint64_t turns = waiting_count_; turns != 0 && waiting_count_ != 0; --turns) {
    if (paused() || !current_ || (current_->idle_count() == 0 && !current_->may_connect())) return;
    if (current_->refuses() && current_->idle_count() == 0) return;
    admit_first();
  }
}

void AppRoute::admit_first() {
  Waiting& first = *waiting_.front();
  leave(first);
  first.gate.raise(loop::kAdmitted);
}

void AppRoute::refused(Target& target) {
  target.refuses_ = true;
  if (connect_watch_) connect_watch_(target.generation(), true);
}

void AppRoute::connected(Target& target) {
  if (!std::exchange(target.refuses_, false)) return;
  if (connect_watch_) connect_watch_(target.generation(), false);
  admit_soon();
}

void AppRoute::on_tick() {
  recent_.advance(loop_.now());
  if (current_) current_->on_tick();
  for (std::size_t n = retired_.size(); n-- != 0;) retired_[n]->on_tick();
  forget_drained();
  if (current_ && current_->refuses() && waiting_count_ != 0 && !paused() && current_->make_room())
    admit_first();
  admit_soon();
}

std::uint64_t AppRoute::idle_connections() const { return current_ ? current_->idle_count() : 0; }

std::uint64_t AppRoute::connections() const {
  std::uint64_t sum = current_ ? current_->connections() : 0;
  for (const auto& target : retired_) sum += target->connections();
  return sum;
}

}  // namespace berth::route
