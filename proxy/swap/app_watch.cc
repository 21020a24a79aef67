// Whether what serves still answers, and when requests wait although something serves.
#include <algorithm>

#include "config/duration_text.h"
#include "proxy/swap/app_shell.h"

namespace berth::swap {

using observe::Level;

/// Whoever serves now is the one to ask.
void AppShell::watch_health() {
  port_.serves(state_.current);
  if (state_.current == watched_) return;
  watched_ = state_.current;
  const Seat* seat = find(watched_);
  if (seat == nullptr) return health_.leaves();
  health_.serves([launched = seat->backend.get()](Milliseconds timeout, backend::CheckDone done) {
    return launched->check(timeout, std::move(done));
  });
}

std::string AppShell::unhealthy_text() const {
  return "generation " + std::to_string(watched_.number) + " failed " +
         std::to_string(settings_.app.health.fall) + " checks in a row: " + health_.last_failure();
}

void AppShell::fell() {
  const Generation g = watched_;
  const bool replaceable = !seats_.at(g).external || warm_one(state_).number != 0;
  const std::string next = replaceable ? "" : "; berth cannot start it again, and holds its requests";
  set_gate();
  log(Level::Warn, g, "unhealthy: " + unhealthy_text() + next);
  run_hook(HookName::Failed, g, unhealthy_text());
  if (replaceable) return feed(SupervisorEventKind::Unhealthy, g);
  tell_state();
  book_.remark(unhealthy_text() + next);
}

void AppShell::rose() {
  log(Level::Info, watched_, "healthy again");
  tell_state();
  book_.remark("generation " + std::to_string(watched_.number) + " is healthy again");
  set_gate();
}

std::string AppShell::closed_text(Generation generation) const {
  const auto seat = seats_.find(generation);
  const std::string where = seat != seats_.end() && seat->second.ready
                                ? " on " + seat->second.ready->endpoint.text()
                                : std::string();
  return "generation " + std::to_string(generation.number) + " takes no connections" + where +
         (seat != seats_.end() && seat->second.external ? "" : ", though its process runs");
}

/// A server that begins anew, or one whose child that listened is dead: requests wait, up to hold_timeout
/// each.
void AppShell::port_closed(Generation generation) {
  const std::string text = closed_text(generation) + ": its requests are held, each for up to " +
                           duration_text(settings_.app.limits.hold_timeout);
  log(Level::Warn, generation, text);
  tell_state();
  book_.remark(text);
}

void AppShell::port_open(Generation generation, std::chrono::milliseconds after) {
  const std::string text = "generation " + std::to_string(generation.number) +
                           " takes connections again, after " + duration_text(after);
  log(Level::Info, generation, text);
  tell_state();
  book_.remark(text);
}

void AppShell::pause(const control::PauseRequest& request) {
  paused_ = {.request = request, .since_unix_ms = unix_ms_now(), .until = after(now(), request.max)};
  const std::string end = request.max == kOff ? std::string() : ", at most for " + duration_text(request.max);
  log(Level::Info, {},
      "paused: new requests wait" + end + (request.message.empty() ? "" : ": " + request.message));
  set_gate();
  tell_state();
  pause_end_.cancel();
  if (paused_->until == kNever) return;
  pause_end_.expires_at(origin_ + paused_->until);
  pause_end_.async_wait([this, alive = std::weak_ptr<char>(alive_)](boost::system::error_code error) {
    // A later pause has a later end.
    if (!error && !alive.expired() && paused_ && now() >= paused_->until) resume();
  });
}

bool AppShell::resume() {
  if (!paused_) return false;
  pause_end_.cancel();
  paused_.reset();
  log(Level::Info, {}, "resumed");
  set_gate();
  tell_state();
  return true;
}

control::PauseStatus AppShell::pause_status() const {
  if (!paused_) return {};
  using std::chrono::milliseconds;
  const Moment left = paused_->until == kNever ? Moment(0) : std::max(paused_->until - now(), Moment(1'000));
  return {.paused = true,
          .since_unix_ms = paused_->since_unix_ms,
          .left_ms = std::chrono::duration_cast<milliseconds>(left).count(),
          .message = paused_->request.message};
}

std::string AppShell::why_held() const {
  if (paused_ && paused_->request.message.empty()) return "it is paused";
  if (paused_) return paused_->request.message;
  if (!health_.unhealthy() || state_.current != watched_ || state_.state >= AppState::Stopping) return {};
  // Where its replacement has failed, what it still answers is better than nothing.
  const auto seat = seats_.find(watched_);
  const bool successor = state_.swap.has_value();
  return successor || (seat != seats_.end() && seat->second.external)
             ? "the server behind it does not answer its checks"
             : std::string();
}

void AppShell::set_gate() {
  std::string why = why_held();
  if (why == gate_) return;
  gate_ = std::move(why);
  gate_.empty() ? plane_.resume() : plane_.pause(gate_);
}

}  // namespace berth::swap
