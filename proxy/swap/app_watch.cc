// Whether what serves still answers, and when requests wait although something serves.
#include "proxy/swap/app_shell.h"

namespace berth::swap {

using observe::Level;

/// Whoever serves now is the one to ask.
void AppShell::watch_health() {
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
  if (replaceable) return feed(SupervisorEventKind::Unhealthy, g);
  book_.remark(unhealthy_text() + next);
}

void AppShell::rose() {
  log(Level::Info, watched_, "healthy again");
  book_.remark("generation " + std::to_string(watched_.number) + " is healthy again");
  set_gate();
}

std::string AppShell::why_held() const {
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
