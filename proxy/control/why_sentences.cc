#include "proxy/control/why_sentences.h"

#include <algorithm>
#include <cctype>
#include <vector>

#include "config/duration_text.h"

namespace berth::control {
namespace {

using observe::PhaseName;
using observe::PhaseRecord;
using observe::PhaseState;
using observe::SwapCause;
using observe::SwapOutcome;
using observe::SwapReport;

std::string name_of(Generation generation) { return "generation " + std::to_string(generation.number); }

std::string capital(std::string text) {
  if (!text.empty()) text.front() = static_cast<char>(std::toupper(static_cast<unsigned char>(text.front())));
  return text;
}

std::string sentence(const std::string& text) {
  const bool ends = text.ends_with('.') || text.ends_with('!') || text.ends_with('?');
  return capital(text) + (ends ? "" : ".");
}

void add(std::string& text, const std::string& more) { text += (text.empty() ? "" : " ") + sentence(more); }

const PhaseRecord* phase_of(const SwapReport& report, Generation generation, PhaseName name) {
  for (const PhaseRecord& phase : report.phases)
    if (phase.generation == generation && phase.name == name) return &phase;
  return nullptr;
}

bool failed(const SwapReport& report) {
  return report.outcome == SwapOutcome::Failed || report.outcome == SwapOutcome::Cancelled;
}

// Nothing serves, and nothing is tried either.
bool rests(const SwapReport& report) {
  const auto waits = [](const std::string& text) { return text.ends_with(observe::kWaitsForSwap); };
  return waits(report.reason) || std::any_of(report.notes.begin(), report.notes.end(), waits);
}

/// What is wrong with what serves, after a swap that has long been over.
struct Trouble {
  std::string what;  ///< empty: nothing
  std::string to_do;
};

Generation serving_now(const AppStatus& now) {
  for (const GenerationStatus& g : now.generations)
    if (g.state == "serving" || g.state == "closed" || g.state == "unhealthy") return g.generation;
  return {};
}

Trouble trouble_of(const AppStatus* now) {
  if (now == nullptr) return {};
  const bool external = !now->external.empty();
  const std::string again = "start that server again, which berth did not start, or `berth attach` another";
  if (now->state == "unreachable" || (now->state == "closed" && external))
    return {"now nothing takes connections on " + now->external + ", and requests wait", again};
  const std::string who = name_of(serving_now(*now));
  if (now->state == "closed")
    return {"now " + who + " takes no connections, though its process runs, and requests wait",
            "see what it does with `berth logs " + now->name + "`; `berth restart " + now->name +
                "` starts its command again"};
  if (now->state == "unhealthy" && external) return {now->health + "; requests wait", again};
  if (now->state == "unhealthy")
    return {now->health, "see what it does with `berth logs " + now->name +
                             "`, mend it, and type `berth swap " + now->name + "`"};
  if (now->pause.paused)
    return {"now it is paused, and new requests wait",
            "type `berth resume " + now->name + "` when they may go on"};
  return {};
}

std::string asked_for(const SwapReport& report, const std::string& who) {
  std::string text = who + " asked for ";
  text += report.external.empty() ? "" : "the server on " + report.external + " as ";
  text += name_of(report.to);
  return text + (report.from.number == 0 ? "" : " in place of " + name_of(report.from));
}

std::string what_was_done(const SwapReport& report) {
  std::string text;
  switch (report.cause) {
    case SwapCause::FirstStart:
      add(text, "`berth run` started " + name_of(report.to));
      break;
    case SwapCause::Swap:
      add(text, asked_for(report, "`berth swap`"));
      break;
    case SwapCause::Restart:
      add(text, "`berth restart` asked for the same command again, as " + name_of(report.to));
      break;
    case SwapCause::Key:
      add(text, "the s key asked for the same command again, as " + name_of(report.to));
      break;
    case SwapCause::Reload:
      add(text, asked_for(report, "the file, which was read again,"));
      break;
    case SwapCause::Crash:
      add(text, name_of(report.from) + " ended without being asked to");
      if (report.to.number == 0) break;
      // An older one that was kept is not started.
      add(text, report.to < report.from ? name_of(report.to) + ", which was kept, took its place"
                                        : "its command was started again, as " + name_of(report.to));
      break;
    case SwapCause::Shutdown:
      add(text, "`berth stop`, or a signal, ended berth, and " + name_of(report.from) + " with it");
      break;
    case SwapCause::Attach:
      add(text, asked_for(report, "`berth attach`"));
      break;
    case SwapCause::Detach:
      add(text, "`berth detach` let go of " + name_of(report.from) +
                    (report.to.number == 0 ? "" : "; the app's own command comes as " + name_of(report.to)));
      break;
    case SwapCause::Rollback:
      add(text, asked_for(report, "`berth rollback`"));
      break;
    case SwapCause::Health:
      add(text, name_of(report.from) + " failed its health checks");
      if (report.to.number != 0) add(text, "berth put " + name_of(report.to) + " in its place");
      break;
  }
  if (report.order == SwapOrder::StopStart && report.from.number != 0 && report.to.number != 0)
    add(text, "in the stop-start order the old one ends first, and requests wait");
  return text;
}

// The new one, up to the switch.
void tell_coming(const SwapReport& report, std::string& text) {
  if (report.to.number == 0) return;
  const std::string who = name_of(report.to);
  if (report.serving_after.count() != 0) {
    const PhaseRecord* ready = phase_of(report, report.to, PhaseName::Ready);
    const bool checked = ready != nullptr && !ready->detail.empty();
    return add(text, who + (checked ? " passed its check (" + ready->detail + ") and" : "") + " took over " +
                         elapsed_text(report.serving_after) + " after the asking");
  }
  if (report.outcome == SwapOutcome::Running) {
    const PhaseRecord* ready = phase_of(report, report.to, PhaseName::Ready);
    return add(text, ready != nullptr ? "it runs, and is asked whether it is ready" : "it is being started");
  }
  const bool said = report.reason.empty() || report.reason == "cancelled" || rests(report);
  const std::string because = said ? "" : ": " + report.reason;
  if (report.outcome == SwapOutcome::Cancelled)
    add(text, "it was cancelled before " + who + " got a request" + because);
  else if (failed(report))
    add(text, who + " never got a request" + because);
}

// The old one, as far as it is.
void tell_leaving(const SwapReport& report, std::string& text) {
  if (report.from.number == 0) return;
  const std::string who = name_of(report.from);
  const PhaseRecord* drain = phase_of(report, report.from, PhaseName::Drain);
  const PhaseRecord* stop = phase_of(report, report.from, PhaseName::Stop);
  const PhaseRecord* release = phase_of(report, report.from, PhaseName::Release);
  const auto over = [](const PhaseRecord* phase) {
    return phase != nullptr && phase->state != PhaseState::Running && !phase->detail.empty();
  };
  const bool left = over(stop) && stop->detail == "left running";
  std::vector<std::string> parts;
  if (over(drain)) parts.push_back("was drained (" + drain->detail + ")");
  if (left) parts.emplace_back("was left running");
  if (over(stop) && !left) parts.push_back("ended (" + stop->detail + ")");
  if (over(release) && release->state == PhaseState::Done && !left)
    parts.push_back("let go of its port (" + release->detail + ")");
  std::string all;
  for (std::size_t n = 0; n < parts.size(); ++n)
    all += (n == 0 ? " " : n + 1 == parts.size() ? " and " : ", ") + parts[n];
  if (!all.empty()) add(text, who + all);
  if (over(release) && release->state == PhaseState::Failed)
    add(text, "its port was not let go of: " + release->detail);
  if (report.retiring && drain == nullptr && stop == nullptr)
    add(text, who + " is kept for a while: `berth rollback` would be one switch");
  else if (report.retiring)
    add(text, who + " is still on its way out");
}

void tell_requests(const SwapReport& report, std::string& text) {
  const auto many = [](std::uint64_t n) { return std::to_string(n) + (n == 1 ? " request" : " requests"); };
  const bool over = !report.retiring && report.outcome != SwapOutcome::Running;
  if (report.requests_failed != 0)
    add(text, many(report.requests_failed) + " failed");
  else if (over)
    add(text, "no request failed");
  if (report.requests_held != 0) add(text, many(report.requests_held) + " waited");
  const std::string cut = observe::kinds_text(report.drained, &observe::DrainKind::cut);
  if (report.requests_cut != 0) add(text, (cut.empty() ? many(report.requests_cut) : cut) + " had to be cut");
}

void tell_who_serves(const SwapReport& report, const Trouble& trouble, std::string& text) {
  if (!trouble.what.empty()) return add(text, trouble.what);
  if (!failed(report) || report.reason == observe::kBerthStopped) return;
  if (rests(report)) return add(text, "nothing serves, and requests are refused");
  if (report.back.number != 0)
    return add(text, "the old command was started again, and " + name_of(report.back) + " serves");
  if (report.from.number == 0) return add(text, "nothing serves yet, and requests wait");
  if (report.order == SwapOrder::StopStart || report.cause == SwapCause::Crash)
    return add(text, "nothing serves for the moment, and requests wait");
  add(text, name_of(report.from) + " serves on");
}

std::string what_happened(const SwapReport& report, const Trouble& trouble) {
  std::string text;
  const bool came = report.to.number == 0 || report.serving_after.count() != 0;
  if (report.cause == SwapCause::Crash && !report.reason.empty() && came) add(text, report.reason);
  tell_coming(report, text);
  if (report.cause != SwapCause::Crash || !failed(report)) tell_leaving(report, text);
  tell_requests(report, text);
  tell_who_serves(report, trouble, text);
  return text.empty() ? "Nothing yet." : text;
}

std::string after_failure(const SwapReport& report) {
  if (report.reason == observe::kBerthStopped) return "nothing: `berth run` begins anew";
  if (rests(report)) return "type `berth swap` or `berth restart` when it may be tried again";
  if (report.outcome == SwapOutcome::Cancelled) return "nothing; `berth swap` tries it again";
  const std::string mend =
      report.last_lines.empty()
          ? "see what it wrote with `berth logs " + report.app + "`, mend it, and type `berth swap " +
                report.app + "`"
          : "mend what its last lines below say, and type `berth swap " + report.app + "`";
  const bool tried = report.from.number == 0 || report.cause == SwapCause::Crash;
  return mend + (tried ? "; until then it is tried again by itself" : "");
}

std::string what_to_do(const SwapReport& report, const Trouble& trouble) {
  std::string text;
  if (!trouble.to_do.empty()) add(text, trouble.to_do);
  if (!report.hint.empty()) add(text, report.hint);
  switch (report.outcome) {
    case SwapOutcome::Running:
      add(text, "wait, or end it with `berth cancel`; `berth status --watch` shows how it goes");
      break;
    case SwapOutcome::Failed:
    case SwapOutcome::Cancelled:
      if (text.empty() || report.outcome == SwapOutcome::Failed) add(text, after_failure(report));
      break;
    case SwapOutcome::Unreleased:
      add(text, "end who holds it, if it should not; what serves now has a port of its own");
      break;
    case SwapOutcome::Done:
      if (report.cause == SwapCause::Shutdown)
        add(text, "nothing: `berth run` begins anew");
      else if (report.to.number == 0)
        add(text, "type `berth attach ADDRESS` or `berth swap` for the next one; requests wait until then");
      else if (report.cause == SwapCause::Crash)
        add(text, "see why it ended: `berth logs " + report.app + "`");
      else if (report.requests_cut != 0)
        add(text, "give long requests longer with `drain`, if they should not be cut");
      else if (text.empty())
        add(text, "nothing: " + name_of(report.to) + " serves");
  }
  return text;
}

}  // namespace

WhySentences why_sentences(const SwapReport& report, const AppStatus* now) {
  const Trouble trouble = trouble_of(now);
  return {.done = what_was_done(report),
          .happened = what_happened(report, trouble),
          .to_do = what_to_do(report, trouble)};
}

}  // namespace berth::control
