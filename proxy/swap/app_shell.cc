#include "proxy/swap/app_shell.h"

#include <algorithm>
#include <boost/asio/post.hpp>
#include <utility>

namespace berth::swap {

using observe::Level;
using Kind = SupervisorEventKind;
using Do = SupervisorActionKind;

AppShell::AppShell(boost::asio::io_context& control, ShellSettings settings, Plane& plane, Launcher& launcher,
                   AppEvents& owner)
    : control_(control),
      settings_(std::move(settings)),
      plane_(plane),
      launcher_(launcher),
      owner_(owner),
      origin_(std::chrono::steady_clock::now()),
      alive_(std::make_shared<char>()),
      timer_(control),
      last_wait_(control),
      pause_end_(control),
      hooks_(
          hook_settings(),
          [this](const backend::LaunchSpec& launch, backend::ErrandSpec what, backend::ErrandEvents events) {
            return launcher_.run(launch, std::move(what), std::move(events));
          },
          {.on_line = [this](const HookFacts& facts, bool is_stderr,
                             std::string_view line) { take_hook_line(facts, is_stderr, line); },
           .on_failed = [this](const HookFailure& failure) { hook_failed(failure); },
           .on_idle = [this] { finish_if_told(); }}),
      health_(control, settings_.app.health, {.on_fell = [this] { fell(); }, .on_rose = [this] { rose(); }}),
      port_(control, {.on_closed = [this](Generation generation) { port_closed(generation); },
                      .on_open = [this](Generation generation,
                                        std::chrono::milliseconds after) { port_open(generation, after); }}),
      book_({.app = settings_.app.name,
             .now = [this] { return now(); },
             .unix_ms = unix_ms_now,
             .counters =
                 [this](std::function<void(http::Counters)> answer) { plane_.counters(std::move(answer)); },
             .phase = [this](const observe::PhaseRecord& phase) { owner_.on_phase(name(), phase); },
             .closed = [this](const observe::SwapReport& report) { report_closed(report); }}) {
  state_.patience = settings_.patience;
  state_.order = settings_.app.swap;
  plane_.watch_connects([this, alive = std::weak_ptr<char>(alive_)](Generation generation, bool refused) {
    if (!alive.expired()) port_.told(generation, refused);
  });
}

AppShell::~AppShell() = default;

void AppShell::reconfigure(const AppConfig& app, std::vector<ListenerConfig> listeners,
                           std::vector<std::string> addresses) {
  settings_.app = app;
  settings_.listeners = std::move(listeners);
  settings_.addresses = std::move(addresses);
  settings_.patience = patience_of(app);
  state_.patience = settings_.patience;
  state_.order = app.swap;
  health_.configure(app.health);
  hooks_.configure(hook_settings());
}

std::int64_t AppShell::unix_ms_now() {
  const auto since = std::chrono::system_clock::now().time_since_epoch();
  return std::chrono::duration_cast<std::chrono::milliseconds>(since).count();
}

Moment AppShell::now() const {
  return std::chrono::duration_cast<Moment>(std::chrono::steady_clock::now() - origin_);
}

std::function<void()> AppShell::guarded(std::function<void()> call) const {
  return [alive = std::weak_ptr<char>(alive_), call = std::move(call)] {
    if (!alive.expired()) call();
  };
}

void AppShell::start() {
  const AppConfig& app = settings_.app;
  if (app.attached_later) return feed(Kind::Vacate, {});
  const Ask ask{.number = ++asks_, .origin = Origin::First, .order = app.swap};
  wishes_[ask.number] = {.cause = observe::SwapCause::FirstStart,
                         .own_dir = {},
                         .own_env = {},
                         .command = app.command,
                         .external = app.external,
                         .dir = app.dir,
                         .env = app.env,
                         .asked = now(),
                         .watch = {}};
  feed({.kind = Kind::Start, .generation = {}, .ask = ask});
}

std::shared_ptr<void> AppShell::swap(control::SwapRequest request, control::SwapWatch watch) {
  auto watcher = std::make_shared<control::SwapWatch>(std::move(watch));
  if (const std::string wrong = objection(request); !wrong.empty()) {
    const control::SwapResult refused{
        .kind = control::SwapResult::Kind::Refused, .reason = wrong, .report = {}};
    if (watcher->on_result) watcher->on_result(refused);
    return watcher;
  }
  Wish wish = wish_of(request);
  wish.watch = watcher;
  // A server that runs already runs beside the old one anyway.
  const bool together = wish.external.has_value();
  const bool nothing = request.verb == control::SwapVerbKind::Detach && wish.command.empty();
  const bool back = request.verb == control::SwapVerbKind::Rollback && goes_to_warm(request);
  const Ask ask{.number = ++asks_,
                .policy = queue_policy(request, wish),
                .order = together ? SwapOrder::Overlap : settings_.app.swap,
                .way = back ? Way::Revive : Way::Start,
                .released_within = request.released_within};
  wishes_[ask.number] = std::move(wish);
  feed({.kind = nothing ? Kind::Vacate : Kind::Swap, .generation = {}, .ask = ask});
  return watcher;
}

bool AppShell::cancel() {
  if (!can_cancel(state_)) return false;
  feed(Kind::Cancel, {});
  return true;
}

void AppShell::shutdown(std::function<void(control::SwapResult)> stopped) {
  if (!stopped) stopped = [](const control::SwapResult&) {};
  if (end_ == End::Told)
    return boost::asio::post(control_, [stopped, result = farewell_] { stopped(result); });
  stopped_.push_back(std::move(stopped));
  feed(Kind::Shutdown, {});
}

void AppShell::hurry() {
  hooks_.close();
  feed(Kind::Hurry, {});
}

std::vector<control::LogLine> AppShell::log_lines(std::uint64_t after, std::size_t limit) const {
  return lines_.lines(after, limit);
}

std::shared_ptr<void> AppShell::follow_log(std::function<void(const control::LogLine&)> on_line) {
  return lines_.follow(std::move(on_line));
}

void AppShell::log(Level level, Generation generation, const std::string& text) {
  owner_.on_log(level, name(), generation, text);
}

AppShell::Seat* AppShell::find(Generation generation) {
  const auto at = seats_.find(generation);
  return at == seats_.end() ? nullptr : &at->second;
}

void AppShell::feed(const SupervisorEvent& event) {
  events_.push_back(event);
  if (taking_ == Taking::Event) return;
  taking_ = Taking::Event;
  while (!events_.empty()) {
    const SupervisorEvent next = events_.front();
    events_.pop_front();
    SupervisorStep step = swap::step(state_, next, now());
    state_ = std::move(step.next);
    for (const SupervisorAction& action : step.actions) perform(action);
  }
  taking_ = Taking::Nothing;
  watch_health();
  set_gate();
  tell_state();
  arm();
}

void AppShell::arm() {
  const Moment deadline = next_deadline(state_);
  if (deadline == armed_) return;
  armed_ = deadline;
  timer_.cancel();
  if (deadline == kNever) return;
  timer_.expires_at(origin_ + deadline);
  timer_.async_wait([this, alive = std::weak_ptr<char>(alive_), deadline](boost::system::error_code error) {
    if (error || alive.expired() || armed_ != deadline) return;
    armed_ = kNever;
    feed(Kind::Tick, {});
  });
}

void AppShell::perform(const SupervisorAction& action) {
  using Result = control::SwapResult::Kind;
  const Generation g = action.generation;
  switch (action.kind) {
    case Do::Begun:
      return begin(action);
    case Do::StartBackend:
      return launch(action);
    case Do::Vacated:
      return vacated(action);
    case Do::SwitchTarget:
      return switch_target(g);
    case Do::HoldRequests:
      return plane_.hold(guarded([this] { feed(Kind::Holding, {}); }));
    case Do::RefuseRequests:
      book_.forgo_restart("berth was stopped before a restart");
      return plane_.refuse("berth is stopping", guarded([this] { feed(Kind::Refusing, {}); }));
    case Do::Rest:
      return rest();
    case Do::WatchDrain:
      return watch_drain(g);
    case Do::CutOthers:
      return cut_others(g);
    case Do::CutHolders:
      return cut(g);
    case Do::StopBackend:
      return stop(g);
    case Do::KillBackend:
      return kill(g);
    case Do::ReleaseBackend:
      return release(g);
    case Do::Forget:
      return forget(g);
    case Do::Queued:
      return tell_queued(action.ask);
    case Do::Superseded:
      return answer(action, Result::Superseded, "a newer swap took its place in the queue");
    case Do::Refused:
      return answer(action, Result::Refused,
                    state_.state >= AppState::Stopping ? "berth is stopping" : "a swap is running");
    case Do::SwitchLate:
      return log(Level::Warn, g, "a worker is late to take the new target; waiting for it");
    case Do::Switched:
      return tell_switched(g);
    case Do::Warmed:
      return tell_warmed(g);
    case Do::Revived:
      return tell_revived(g);
    case Do::Abandoned:
      return tell_abandoned(action);
    case Do::ComesBack:
      log(Level::Info, g, "the command that served before it is started again");
      return book_.comes_back(g);
    case Do::SwapFailed:
      return book_.swap_over(g);
    case Do::Crashed:
      return tell_crashed(g);
    case Do::RetirementOverdue:
      return tell_overdue(g);
    case Do::FirstReady:
      return owner_.on_first_ready(name(), g);
    case Do::FirstStartFailed:
      return tell_first_failed(g);
    case Do::Finished:
      return finish();
  }
}

void AppShell::rest() {
  const std::string why = "cancelled: " + std::string(observe::kWaitsForSwap);
  log(Level::Info, {}, why);
  book_.rest(why);
  plane_.refuse(why, [] {});
}

void AppShell::finish() {
  end_ = End::Waiting;
  if (const std::string hooks = hooks_.running_text(); !hooks.empty())
    log(Level::Info, {}, "waits for its hooks: " + hooks);
  finish_if_told();
  if (!book_.any_open()) return;
  // The workers are asked for their counters once more; a stuck one must not keep berth alive.
  last_wait_.expires_after(settings_.patience.acknowledge);
  last_wait_.async_wait([this, alive = std::weak_ptr<char>(alive_)](boost::system::error_code error) {
    if (error || alive.expired()) return;
    book_.close_all();
  });
}

/// Its hooks are the last of what it started.
void AppShell::finish_if_told() {
  if (end_ == End::Waiting && !book_.any_open() && !hooks_.any()) finish_now();
}

void AppShell::report_closed(const observe::SwapReport& report) {
  swaps_.closed(report);
  owner_.on_report(report);
  if (report.outcome == observe::SwapOutcome::Unreleased) {
    log(Level::Warn, report.from, "not released: " + report.reason);
  }
  if (report.cause == observe::SwapCause::Shutdown) farewell_.report = report;
  finish_if_told();
}

void AppShell::finish_now() {
  if (end_ == End::Told) return;
  end_ = End::Told;
  last_wait_.cancel();
  boost::asio::post(control_, guarded([this] {
                      const auto told = std::exchange(stopped_, {});
                      for (const auto& stopped : told) stopped(farewell_);
                      owner_.on_stopped(name());
                    }));
}

}  // namespace berth::swap
