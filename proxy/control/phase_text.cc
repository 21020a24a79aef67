#include "proxy/control/phase_text.h"

#include <algorithm>
#include <ctime>
#include <utility>

#include "config/duration_text.h"
#include "proxy/control/json_map.h"
#include "proxy/control/why_sentences.h"

namespace berth::control {
namespace {

using observe::PhaseName;
using observe::PhaseRecord;
using observe::PhaseState;
using observe::SwapCause;
using observe::SwapOutcome;
using observe::SwapReport;

constexpr std::size_t kIndent = 5;
constexpr std::size_t kNameWidth = 9;
constexpr std::size_t kTookWidth = 9;

std::string generation_text(Generation generation) {
  return "generation " + std::to_string(generation.number);
}

std::string counted(std::uint64_t n, const std::string& one) {
  return std::to_string(n) + " " + one + (n == 1 ? "" : "s");
}

std::string request_counts(const SwapReport& report) {
  std::string text = counted(report.requests_failed, "request") + " failed, " +
                     std::to_string(report.requests_held) + " held";
  if (report.requests_cut != 0)
    text += ", " + std::to_string(report.requests_cut) + " cut at the drain deadline";
  return text;
}

/// What serves now, and where it runs: "./server v2 in /srv/v2".
std::string started_text(const SwapReport& report) {
  constexpr std::size_t kWidest = 100;
  if (!report.external.empty()) return "; the server on " + report.external;
  if (report.command.empty()) return {};
  const std::string where = report.dir.empty() ? std::string() : " in " + report.dir;
  return "; " + shortened(command_text(report.command), kWidest) + where;
}

std::string hint_text(const SwapReport& report) {
  return report.hint.empty() ? "" : "  what to do: " + report.hint + "\n";
}

// What the failed backend said last; the first thing that a developer wants to see.
std::string last_lines_text(const SwapReport& report, const Paint& paint) {
  if (report.last_lines.empty()) return {};
  std::string text = "  last lines of generation " + std::to_string(report.to.number) + ":\n";
  for (const std::string& line : report.last_lines) text += paint.dim("  │ ") + line + "\n";
  return text;
}

std::string notes_text(const SwapReport& report) {
  std::string text;
  for (const std::string& note : report.notes) text += "  note: " + note + "\n";
  return text;
}

std::string who_serves(const SwapReport& report) {
  if (report.reason == observe::kBerthStopped) return {};
  const auto waits = [](const std::string& text) { return text.ends_with(observe::kWaitsForSwap); };
  if (waits(report.reason) || std::any_of(report.notes.begin(), report.notes.end(), waits))
    return "nothing serves; requests are refused\n";
  const std::string never = "; " + generation_text(report.to) + " never got a request\n";
  if (report.back.number != 0)
    return "the command of " + generation_text(report.from) +
           " was started again: " + generation_text(report.back) + " serves" + never;
  if (report.from.number == 0) return "nothing serves yet; requests are held\n";
  if (report.order == SwapOrder::StopStart)
    return generation_text(report.from) +
           " had ended for it, and its command is tried again; requests are held\n";
  return generation_text(report.from) + " serves on" + never;
}

std::string failure_screen(const std::string& reason, const SwapReport& report, const Paint& paint) {
  bool cancelled = report.outcome == SwapOutcome::Cancelled;
  std::string verdict = cancelled ? paint.warn("cancelled:") : paint.bad("failed:");
  std::string why = reason.empty() ? report.reason : reason;
  // A cancelled swap whose reason is that it was cancelled has said so already.
  if (why == "cancelled" && cancelled) why.clear();
  std::string text = verdict + " " + generation_text(report.to) + (why.empty() ? "" : ": " + why) + "\n";
  text += notes_text(report);
  text += last_lines_text(report, paint);
  text += hint_text(report);
  return text + who_serves(report);
}

std::string cause_text(const SwapReport& report) {
  switch (report.cause) {
    case SwapCause::FirstStart:
      return "first start";
    case SwapCause::Swap:
      return "asked by `berth swap`";
    case SwapCause::Restart:
      return "asked by `berth restart`";
    case SwapCause::Key:
      return "asked by the s key";
    case SwapCause::Reload:
      return "asked by a reload of the file";
    case SwapCause::Crash:
      return "generation " + std::to_string(report.from.number) + " ended by itself";
    case SwapCause::Shutdown:
      return "berth was stopped";
    case SwapCause::Attach:
      return "asked by `berth attach`";
    case SwapCause::Detach:
      return "asked by `berth detach`";
    case SwapCause::Rollback:
      return "asked by `berth rollback`";
    case SwapCause::Health:
      return "generation " + std::to_string(report.from.number) + " was unhealthy";
  }
  return {};
}

std::string outcome_text(const SwapReport& report, const Paint& paint) {
  switch (report.outcome) {
    case SwapOutcome::Running:
      return notes_text(report) + paint.warn("running\n");
    case SwapOutcome::Done: {
      if (report.cause == SwapCause::Shutdown)
        return notes_text(report) + paint.good("done:") + " " + request_counts(report) + "\n";
      if (report.retiring && report.to.number == 0) return notes_text(report) + paint.warn("running\n");
      std::string text = result_text(SwapResult::Kind::Done, {}, &report, paint);
      if (report.retiring) text += generation_text(report.from) + " is still retiring\n";
      return text;
    }
    case SwapOutcome::Failed:
    case SwapOutcome::Cancelled:
      return failure_screen({}, report, paint);
    case SwapOutcome::Unreleased:
      return result_text(SwapResult::Kind::Unreleased, report.reason, &report, paint);
  }
  return {};
}

// A label and its sentences, wrapped beside it; never wider than is read with ease.
std::string answer(const std::string& label, const std::string& sentences, unsigned columns,
                   const Paint& paint) {
  constexpr std::size_t kLabel = 17;
  constexpr std::size_t kWidest = 100;
  const std::size_t room = std::min<std::size_t>(columns, kWidest);
  std::string text = paint.bold(padded("  " + label, kLabel));
  std::size_t column = kLabel;
  std::size_t at = 0;
  while (at < sentences.size()) {
    const auto end = std::min(sentences.find(' ', at), sentences.size());
    const std::string word = sentences.substr(at, end - at);
    if (column != kLabel && column + 1 + width_of(word) > room) {
      text += "\n" + std::string(kLabel, ' ');
      column = kLabel;
    }
    if (column != kLabel) text += " ";
    column += width_of(word) + (column != kLabel ? 1 : 0);
    text += word;
    at = end + 1;
  }
  return text + "\n";
}

}  // namespace

std::string PhaseText::lead(Generation generation, const Paint& paint) const {
  if (generation == last_) return std::string(kIndent, ' ');
  return paint.bold(app_) + "  " + generation_text(generation) + " ▸ ";
}

std::string PhaseText::ended(const PhaseRecord& phase) {
  std::string line = lead(phase.generation, paint_);
  last_ = phase.generation;
  bool failed = phase.state == PhaseState::Failed;
  std::string name(word(phase.name));
  line += padded(failed ? paint_.bad(name) : paint_.good(name), kNameWidth);
  // A start has no time of its own: the command runs, or it does not.
  if (phase.name != PhaseName::Start || failed) line += padded(elapsed_text(phase.took), kTookWidth);
  // Why a start failed is the last line's to say, with its whole screen.
  const bool told_below = failed && (phase.name == PhaseName::Start || phase.name == PhaseName::Ready);
  if (failed) line += paint_.bad("failed") + (phase.detail.empty() || told_below ? "" : ": ");
  if (!told_below) line += phase.detail;
  while (!line.empty() && line.back() == ' ') line.pop_back();
  return line;
}

std::string PhaseText::running(const PhaseRecord& phase, std::chrono::microseconds elapsed) const {
  std::string line = lead(phase.generation, Paint(false)) + padded(word(phase.name), kNameWidth);
  // Tenths of a second: what changes faster would only flicker.
  auto rounded = std::chrono::duration_cast<std::chrono::milliseconds>(elapsed) / 100 * 100;
  line += padded(rounded.count() == 0 ? "" : elapsed_text(rounded), kTookWidth);
  return line + phase.detail;
}

std::string result_text(SwapResult::Kind kind, const std::string& reason, const SwapReport* report,
                        Paint paint) {
  switch (kind) {
    case SwapResult::Kind::Done:
      if (report == nullptr) return paint.good("done") + (reason.empty() ? "" : ": " + reason) + "\n";
      if (report->to.number == 0)
        return notes_text(*report) + paint.good("done:") + " " + generation_text(report->from) +
               " is detached; requests are held until `berth attach` or `berth swap`\n";
      return notes_text(*report) + paint.good("done:") + " serving " + generation_text(report->to) +
             " after " + elapsed_text(report->serving_after) + "; " + request_counts(*report) +
             started_text(*report) + "\n";
    case SwapResult::Kind::Failed:
      if (report == nullptr) return paint.bad("failed:") + " " + reason + "\n";
      return failure_screen(reason, *report, paint);
    case SwapResult::Kind::Refused:
      return paint.bad("refused:") + " " + reason + "\n";
    case SwapResult::Kind::Superseded:
      return paint.warn("superseded:") + " " + reason + "\n";
    case SwapResult::Kind::Unreleased: {
      std::string text = paint.bad("not released:") + " " + reason + "\n";
      if (report == nullptr) return text;
      text = notes_text(*report) + text + hint_text(*report);
      if (report->to.number == 0) return text;
      return text + "serving " + generation_text(report->to) + " after " +
             elapsed_text(report->serving_after) + "; " + request_counts(*report) + "\n";
    }
  }
  return {};
}

std::string switched_text(const SwapReport& report, Paint paint) {
  std::string text = paint.good("switched:") + " serving " + generation_text(report.to) + " after " +
                     elapsed_text(report.serving_after) + started_text(report) + "\n";
  if (report.retiring)
    text += generation_text(report.from) + " retires in the background; `berth why` tells how it went\n";
  return text;
}

std::string why_text(const SwapReport& report, bool colour, unsigned columns, const AppStatus* now) {
  Paint paint(colour);
  std::string text =
      paint.bold(report.app) + "  " + clock_text(report.started_unix_ms) + "  " + cause_text(report) + "\n";
  if (!report.command.empty()) text += "  command: " + command_text(report.command) + "\n";
  if (!report.external.empty()) text += "  server: " + report.external + ", not started by berth\n";
  const WhySentences told = why_sentences(report, now);
  text += "\n" + answer("what was done", told.done, columns, paint) +
          answer("what happened", told.happened, columns, paint) +
          answer("what to do", told.to_do, columns, paint) + "\n";
  PhaseText phases(report.app, colour);
  for (const PhaseRecord& phase : report.phases) {
    text +=
        (phase.state == PhaseState::Running ? phases.running(phase, phase.took) : phases.ended(phase)) + "\n";
  }
  SwapReport rest = report;  // what to do was said
  rest.hint.clear();
  return text + outcome_text(rest, paint);
}

std::string clock_text(std::int64_t unix_ms) {
  std::time_t seconds = unix_ms / 1000;
  std::tm local{};
  localtime_r(&seconds, &local);
  char text[32];
  std::size_t length = std::strftime(text, sizeof text, "%Y-%m-%d %H:%M:%S", &local);
  return {text, length};
}

}  // namespace berth::control
