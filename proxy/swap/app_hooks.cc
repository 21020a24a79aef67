// When which hook runs, with which facts, and what comes of it.
#include <utility>

#include "proxy/swap/app_shell.h"

namespace berth::swap {

using observe::Level;
using observe::PhaseName;
using observe::PhaseState;
using Kind = SupervisorEventKind;

namespace {

bool somewhere(const Endpoint& endpoint) {
  return endpoint.family == Endpoint::Family::Unix || endpoint.port != 0;
}

}  // namespace

HookSettings AppShell::hook_settings() const {
  const AppConfig& app = settings_.app;
  return {.app = app.name,
          .config = app.hooks,
          .dir = app.dir,
          .env = app.env,
          .user = app.user,
          .address = settings_.addresses.empty() ? std::string() : settings_.addresses.front(),
          .control_path = settings_.control_path};
}

HookFacts AppShell::hook_facts(HookName name, Generation generation) const {
  HookFacts facts{.name = name, .about = generation, .report = book_.report_of(generation)};
  const bool leaves = name == HookName::Released;
  facts.generation = leaves ? state_.current : generation;
  facts.old_generation = leaves ? generation : state_.current;
  const auto at = seats_.find(generation);
  if (at == seats_.end()) return facts;
  const Seat& seat = at->second;
  // One that fails its checks still serves.
  if (facts.old_generation == facts.generation) facts.old_generation = {};
  if (name == HookName::Switched) facts.old_generation = seat.replaced;
  facts.pid = seat.backend ? seat.backend->pid() : 0;
  const Endpoint where = seat.ready ? seat.ready->endpoint : seat.started ? seat.started->told : Endpoint{};
  if (somewhere(where)) facts.endpoint = where;
  return facts;
}

void AppShell::run_hook(HookName name, Generation generation, const std::string& reason) {
  // What fails while all is taken down is no news.
  if (name == HookName::Failed && state_.state >= AppState::Stopping) return;
  HookFacts facts = hook_facts(name, generation);
  facts.reason = reason;
  hooks_.run(std::move(facts));
}

void AppShell::wait_for_ready_hook(Generation generation) {
  const std::string passed = ready_detail(*seats_.at(generation).ready);
  book_.phase_corrected(generation, PhaseName::Ready, passed + "; the ready hook runs");
  hooks_.run(hook_facts(HookName::Ready, generation),
             [this, generation](const std::optional<HookFailure>& failure) {
               ready_hook_ended(generation, failure);
             });
}

void AppShell::pass_ready(Generation generation, const std::string& also) {
  const Seat& seat = seats_.at(generation);
  book_.phase_ended(generation, PhaseName::Ready, PhaseState::Done, ready_detail(*seat.ready) + also);
  feed(Kind::Ready, generation);
}

/// The required one: as if it were the last part of the check.
void AppShell::ready_hook_ended(Generation generation, const std::optional<HookFailure>& failure) {
  Seat* seat = find(generation);
  if (seat == nullptr || seat->phase > PhaseName::Ready) return;
  if (!failure) return pass_ready(generation, ", and the ready hook");
  // Its last lines are shown, and say what to mend.
  const bool spoke = failure->kind == backend::ErrandEnd::Kind::Failed && !failure->last_lines.empty();
  seat->unwanted = {.outcome = observe::SwapOutcome::Failed,
                    .what = failure->what + ", and it is required",
                    .hint = spoke ? std::string() : failure->hint,
                    .last_lines = {}};
  for (const std::string& line : failure->last_lines)
    seat->unwanted->last_lines.push_back("ready hook: " + line);
  feed(Kind::StartFailed, generation);
}

void AppShell::take_hook_line(const HookFacts& facts, bool is_stderr, std::string_view line) {
  owner_.on_line(name(), lines_.append_hook(facts.about, word(facts.name), is_stderr, line, unix_ms_now()));
}

void AppShell::hook_failed(const HookFailure& failure) {
  log(Level::Warn, failure.facts.about, text_of(failure));
  book_.note_in(failure.facts.report, text_of(failure));
}

}  // namespace berth::swap
