// What the shell tells those who ask: the status of its app, and the answers to queued swaps.
#include <algorithm>
#include <utility>

#include "config/ready_text.h"
#include "proxy/swap/app_shell.h"

namespace berth::swap {
namespace {

constexpr std::chrono::milliseconds kReachTimeout{1'000};  ///< less than a status may take

}  // namespace

const Retirement* AppShell::retirement(Generation generation) const {
  for (const Retirement& r : state_.retirements) {
    if (r.generation == generation) return &r;
  }
  return nullptr;
}

std::string AppShell::state_text(Generation generation) const {
  if (generation == state_.current)
    return health_.unhealthy() ? "unhealthy" : port_.closed() ? "closed" : "serving";
  const Retirement* leaves = retirement(generation);
  if (leaves == nullptr) return "starting";
  switch (leaves->state) {
    case RetirementState::Warm:
      return "warm";
    case RetirementState::Draining:
      return leaves->only_pinned ? "pinned" : "draining";
    case RetirementState::Cutting:
      return "draining";
    case RetirementState::Stopping:
      return "stopping";
    case RetirementState::Releasing:
    case RetirementState::Released:
    case RetirementState::Unreleased:
      break;
  }
  return "releasing";
}

std::string AppShell::state_word() const {
  switch (state_.state) {
    case AppState::New:
    case AppState::Starting:
      if (state_.served == 0) return "starting";
      return state_.swap && state_.swap->order == SwapOrder::StopStart && state_.asked.origin == Origin::User
                 ? "swapping"
                 : "restarting";
    case AppState::Serving:
      if (health_.unhealthy()) return "unhealthy";
      if (port_.closed()) return "closed";
      return paused_ ? "paused" : "serving";
    case AppState::Swapping:
      return "swapping";
    case AppState::Crashed:
      return "restarting";
    case AppState::Failed:
      return "failed";
    case AppState::Cancelled:
      return "cancelled";
    case AppState::Vacant:
      return "vacant";
    case AppState::Stopping:
    case AppState::Finished:
      break;
  }
  return "stopping";
}

void AppShell::tell_state() {
  std::string state = state_word();
  if (state == told_state_) return;
  told_state_ = state;
  owner_.on_state(name(), state);
}

std::int64_t AppShell::left_ms(Generation generation, const Seat& seat) const {
  const Retirement* leaves = retirement(generation);
  if (leaves == nullptr) return -1;
  Moment until = kNever;
  if (leaves->state == RetirementState::Draining) until = leaves->deadline;
  if (leaves->state == RetirementState::Stopping) until = after(seat.phase_began, settings_.app.stop.grace);
  if (until == kNever) return -1;
  return std::max<std::int64_t>(std::chrono::duration_cast<Milliseconds>(until - now()).count(), 0);
}

control::AppStatus AppShell::status_now() const {
  control::AppStatus status;
  status.name = name();
  status.addresses = settings_.addresses;
  status.state = state_word();
  status.command = last_wish().command;
  if (last_wish().external) status.external = last_wish().external->text();
  status.dir = status.external.empty() ? last_wish().dir : std::string();
  status.order = settings_.app.swap;
  status.swaps = swaps_;
  status.limits = settings_.app.limits;
  status.listeners = settings_.listeners;
  status.drain = settings_.app.drain;
  status.ready = ready_text(settings_.app.ready);
  status.ready_timeout = settings_.app.ready.timeout;
  status.stop_grace = settings_.app.stop.grace;
  status.stop_to = settings_.app.stop.to;
  status.max_retiring = settings_.app.max_retiring;
  if (settings_.app.health.every != kOff) status.health = health_.unhealthy() ? unhealthy_text() : "passes";
  status.pause = pause_status();
  status.swap_queued = state_.queued.has_value();
  for (const auto& [generation, seat] : seats_) {
    const Endpoint told = seat.started ? seat.started->told : Endpoint{};
    status.generations.push_back(
        {.generation = generation,
         .state = state_text(generation),
         .pid = seat.backend->pid(),
         .tree = seat.backend->tree(),
         .endpoint = seat.ready ? seat.ready->endpoint : told,
         .age_ms = std::chrono::duration_cast<std::chrono::milliseconds>(now() - seat.born).count(),
         .command = seat.command,
         .left_ms = left_ms(generation, seat)});
  }
  status.generations.insert(status.generations.end(), unreleased_.begin(), unreleased_.end());
  const auto rank = [](const control::GenerationStatus& g) {
    const bool serves = g.state == "serving" || g.state == "unhealthy" || g.state == "closed";
    return serves ? 0 : g.state == "starting" ? 1 : g.state == "unreleased" ? 3 : 2;
  };
  std::stable_sort(status.generations.begin(), status.generations.end(),
                   [rank](const auto& a, const auto& b) { return rank(a) < rank(b); });
  return status;
}

void AppShell::status(std::function<void(control::AppStatus)> answer) const {
  struct Gathering {
    control::AppStatus status;
    std::size_t awaited = 0;
    std::unique_ptr<backend::Check> check{};
    std::function<void(control::AppStatus)> answer;
    void one_came() {
      if (--awaited == 0) answer(std::move(status));
    }
  };
  auto gathering = std::make_shared<Gathering>();
  gathering->status = status_now();
  gathering->answer = std::move(answer);
  gathering->awaited = 1 + gathering->status.generations.size();
  for (std::size_t n = 0; n < gathering->status.generations.size(); ++n) {
    plane_.holders(gathering->status.generations[n].generation, [gathering, n](std::uint64_t holders) {
      gathering->status.generations[n].holders = holders;
      gathering->one_came();
    });
  }
  const auto serving = seats_.find(state_.current);
  // Nobody tells that a server of somebody else's has ended, unless it has health checks.
  const bool unknown = serving != seats_.end() && serving->second.external &&
                       state_.state == AppState::Serving && settings_.app.health.every == kOff;
  if (unknown) {
    ++gathering->awaited;
    auto check =
        serving->second.backend->reach(kReachTimeout, [gathering](const backend::CheckResult& result) {
          const std::unique_ptr<backend::Check> over = std::move(gathering->check);
          if (!result.passed) gathering->status.state = "unreachable";
          gathering->one_came();
        });
    if (check) gathering->check = std::move(check);
  }
  plane_.counters([gathering](http::Counters counters) {
    gathering->status.counters = counters;
    gathering->one_came();
  });
}

void AppShell::answer(const SupervisorAction& action, control::SwapResult::Kind kind,
                      const std::string& reason) {
  const auto at = wishes_.find(action.ask.number);
  if (at == wishes_.end()) return;
  const std::shared_ptr<control::SwapWatch> watch = at->second.watch.lock();
  wishes_.erase(at);
  if (watch && watch->on_result) watch->on_result({.kind = kind, .reason = reason, .report = {}});
}

void AppShell::tell_queued(const Ask& ask) {
  const auto at = wishes_.find(ask.number);
  if (at == wishes_.end()) return;
  const std::shared_ptr<control::SwapWatch> watch = at->second.watch.lock();
  if (!watch || !watch->on_queued) return;
  const bool replaces = state_.swap && state_.swap->state == SwapState::Abandoning;
  watch->on_queued(
      (replaces ? "takes the place of the swap to generation " : "waits for the swap to generation ") +
      std::to_string(state_.newest.number) + (replaces ? ", which was not ready" : ""));
}

void AppShell::tell_first_failed(Generation generation) {
  for (const observe::SwapReport& report : book_.reports()) {
    if (report.to == generation) return owner_.on_first_start_failed(report);
  }
}

}  // namespace berth::swap
