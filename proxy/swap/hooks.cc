#include "proxy/swap/hooks.h"

#include <iterator>
#include <utility>

#include "backend/backend.h"

namespace berth::swap {

using Kind = backend::ErrandEnd::Kind;

namespace {

constexpr std::size_t kLastLines = 20;

std::string number_text(Generation generation) {
  return generation.number == 0 ? std::string() : std::to_string(generation.number);
}

std::string hint_text(const HookFailure& failure, const std::string& app) {
  switch (failure.kind) {
    case Kind::TimedOut:
      return "make the hook quicker, or give it longer with hooks.timeout";
    case Kind::NotRun:
      return "mend hooks." + std::string(word(failure.facts.name)) + " in the file, and type `berth reload`";
    case Kind::Passed:
    case Kind::Failed:
    case Kind::Ended:
      break;
  }
  return failure.last_lines.empty() ? "it wrote nothing; let it say what is wrong"
                                    : "`berth logs " + app + "` shows all that it wrote";
}

}  // namespace

std::string_view word(HookName name) {
  switch (name) {
    case HookName::Ready:
      return "ready";
    case HookName::Switched:
      return "switched";
    case HookName::Released:
      return "released";
    case HookName::Failed:
      break;
  }
  return "failed";
}

std::string text_of(const HookFailure& failure) {
  const std::string said = failure.last_lines.empty() ? "" : ": " + failure.last_lines.back();
  return failure.what + said + "; " + failure.hint;
}

std::map<std::string, std::string> hook_variables(const HookFacts& facts, const HookSettings& settings) {
  return {{"BERTH_HOOK", std::string(word(facts.name))},
          {"BERTH_APP", settings.app},
          {"BERTH_GENERATION", number_text(facts.generation)},
          {"BERTH_OLD_GENERATION", number_text(facts.old_generation)},
          {"BERTH_ADDRESS", settings.address},
          {"BERTH_ENDPOINT", facts.endpoint ? facts.endpoint->text() : std::string()},
          {"BERTH_PID", facts.pid == 0 ? std::string() : std::to_string(facts.pid)},
          {"BERTH_REASON", facts.reason}};
}

Hooks::Hooks(HookSettings settings, Run run, Events events)
    : settings_(std::move(settings)), run_(std::move(run)), events_(std::move(events)) {}

Hooks::~Hooks() = default;

const HooksConfig::Command& Hooks::command(HookName name) const {
  switch (name) {
    case HookName::Ready:
      return settings_.config.ready;
    case HookName::Switched:
      return settings_.config.switched;
    case HookName::Released:
      return settings_.config.released;
    case HookName::Failed:
      break;
  }
  return settings_.config.failed;
}

void Hooks::run(HookFacts facts, Done done) {
  if (closed_ || command(facts.name).empty()) return;
  if (!done && running_.size() >= kMost) {
    const std::string many = std::to_string(kMost) + " hooks of this app run already";
    return events_.on_failed({.facts = facts,
                              .kind = Kind::NotRun,
                              .what = "the " + std::string(word(facts.name)) + " hook was not run: " + many,
                              .hint = "make them quicker",
                              .last_lines = {}});
  }
  backend::LaunchSpec launch;
  launch.app = settings_.app;
  launch.generation = facts.generation;
  launch.dir = settings_.dir;
  launch.env = settings_.env;
  launch.user = settings_.user;
  launch.control_path = settings_.control_path;
  backend::ErrandSpec what{.purpose = std::string(word(facts.name)) + " hook",
                           .words = command(facts.name),
                           .endpoint = facts.endpoint,
                           .variables = hook_variables(facts, settings_),
                           .timeout = settings_.config.timeout};
  running_.push_back({.facts = std::move(facts), .done = std::move(done), .last_lines = {}, .errand = {}});
  const auto at = std::prev(running_.end());
  backend::ErrandEvents events;
  events.on_line = [this, at](bool is_stderr, std::string_view line) {
    at->last_lines.emplace_back(line);
    if (at->last_lines.size() > kLastLines) at->last_lines.erase(at->last_lines.begin());
    events_.on_line(at->facts, is_stderr, line);
  };
  events.on_end = [this, at](const backend::ErrandEnd& end) { ended(at, end); };
  at->errand = run_(launch, std::move(what), std::move(events));
}

void Hooks::ended(std::list<Running>::iterator at, const backend::ErrandEnd& end) {
  // Who is told may run more, and end others.
  const Running over = std::move(*at);
  running_.erase(at);
  std::optional<HookFailure> failure;
  if (end.kind != Kind::Passed) {
    failure = {.facts = over.facts,
               .kind = end.kind,
               .what = "the " + std::string(word(over.facts.name)) + " hook " + end.text,
               .hint = {},
               .last_lines = over.last_lines};
    failure->hint = hint_text(*failure, settings_.app);
  }
  if (!over.unwanted && over.done) over.done(failure);
  if (!over.unwanted && !over.done && failure) events_.on_failed(*failure);
  if (running_.empty()) events_.on_idle();
}

void Hooks::forget(Generation generation) {
  for (Running& each : running_) {
    if (!each.done || each.facts.about != generation) continue;
    each.unwanted = true;
    each.errand->end();
  }
}

std::string Hooks::running_text() const {
  std::string text;
  for (const Running& each : running_) {
    if (each.unwanted) continue;
    text += (text.empty() ? "" : ", ") + std::string(word(each.facts.name)) + " of generation " +
            std::to_string(each.facts.about.number);
  }
  return text;
}

void Hooks::close() {
  closed_ = true;
  for (Running& each : running_) {
    each.unwanted = true;
    each.errand->end();
  }
}

}  // namespace berth::swap
