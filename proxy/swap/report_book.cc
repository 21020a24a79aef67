#include "proxy/swap/report_book.h"

#include <algorithm>
#include <utility>

namespace berth::swap {

using observe::PhaseName;
using observe::PhaseState;
using observe::SwapOutcome;
using observe::SwapReport;

ReportBook::OpenPtr ReportBook::open(const Opening& opening, Coming coming, Leaving leaving) {
  auto open = std::make_shared<Open>();
  SwapReport& report = open->report;
  report.id = ++newest_;
  report.app = around_.app;
  report.cause = opening.cause;
  report.order = opening.order;
  report.from = opening.from;
  report.to = opening.to;
  report.command = opening.command;
  report.external = opening.external;
  report.dir = opening.dir;
  report.started_unix_ms = around_.unix_ms();
  open->asked = opening.asked;
  open->watch = opening.watch;
  open->coming = coming;
  open->leaving = leaving;
  open_.push_back(open);
  around_.counters([weak = std::weak_ptr<Open>(open)](http::Counters counters) {
    if (const OpenPtr known = weak.lock()) known->at_start = counters;
  });
  return open;
}

void ReportBook::begin(const Opening& opening) {
  const bool restart = opening.cause == observe::SwapCause::Crash;
  const auto awaited =
      std::find_if(open_.begin(), open_.end(), [](const OpenPtr& o) { return o->coming == Coming::Awaited; });
  if (restart && awaited != open_.end()) {
    (*awaited)->coming = Coming::Running;
    Generation& comes = (*awaited)->report.to.number == 0 ? (*awaited)->report.to : (*awaited)->returning;
    comes = opening.to;
    return;
  }
  const Leaving leaving = opening.from.number != 0 ? Leaving::Possible : Leaving::Over;
  if (opening.to.number != 0) {
    open(opening, Coming::Running, leaving);
  } else {
    open(opening, Coming::Over, leaving)->report.outcome = SwapOutcome::Done;
  }
}

ReportBook::OpenPtr ReportBook::coming(Generation to) const {
  // The newest: one that was kept and came again has two.
  for (auto at = open_.rbegin(); at != open_.rend(); ++at) {
    const bool its_own = (*at)->report.to == to || (*at)->returning == to;
    if (its_own && (*at)->closing == Closing::No) return *at;
  }
  return nullptr;
}

ReportBook::OpenPtr ReportBook::leaver(Generation from) const {
  for (const OpenPtr& open : open_) {
    if (open->report.from == from && open->leaving != Leaving::Over) return open;
  }
  return nullptr;
}

void ReportBook::switched(Generation to) {
  const OpenPtr open = coming(to);
  if (!open) return;
  open->coming = Coming::Over;
  if (open->returning == to) {
    open->report.back = to;
    open->report.outcome = open->verdict;
    return close_if_over(open);
  }
  open->report.outcome = open->unreleased.empty() ? SwapOutcome::Done : SwapOutcome::Unreleased;
  open->report.reason = open->unreleased;
  open->report.hint = open->unreleased_hint;
  open->report.serving_after = around_.now() - open->asked;
  open->report.retiring = open->leaving != Leaving::Over;
  if (const auto watch = open->watch.lock(); watch && watch->on_switched) watch->on_switched(open->report);
  close_if_over(open);
}

void ReportBook::abandoned(Generation to, const Reason& reason) {
  const OpenPtr open = coming(to);
  if (!open) return;
  const bool returning = open->returning == to;
  if (returning) {
    open->report.notes.push_back("the command of generation " + std::to_string(open->report.from.number) +
                                 " was started again and failed: " + reason.what);
  } else {
    open->report.reason = reason.what;
    open->report.hint = reason.hint;
    open->report.last_lines = reason.last_lines;
    open->verdict = reason.outcome;
    open->superseded = reason.superseded;
  }
  for (std::size_t n = 0; n < open->report.phases.size(); ++n) {
    const observe::PhaseRecord& phase = open->report.phases[n];
    if (phase.generation == to && phase.state == PhaseState::Running) {
      phase_ended(to, phase.name, PhaseState::Failed, reason.what);
    }
  }
}

void ReportBook::comes_back(Generation to) {
  if (const OpenPtr open = coming(to)) open->coming = Coming::Awaited;
}

void ReportBook::swap_over(Generation to) {
  const OpenPtr open = coming(to);
  if (!open || open->coming == Coming::Awaited) return;
  open->coming = Coming::Over;
  open->report.outcome = open->verdict;
  if (open->leaving == Leaving::Possible) open->leaving = Leaving::Over;
  close_if_over(open);
}

void ReportBook::crashed(Generation from, const std::string& what, const std::vector<std::string>& last_lines,
                         Restart restart) {
  if (const OpenPtr open = leaver(from)) {
    open->report.notes.push_back(what);
    open->leaving = Leaving::Running;
    return;
  }
  const Opening opening{.cause = observe::SwapCause::Crash, .from = from, .asked = around_.now()};
  const OpenPtr open =
      this->open(opening, restart == Restart::Follows ? Coming::Awaited : Coming::Over, Leaving::Running);
  open->report.reason = what;
  open->report.last_lines = last_lines;
  open->report.retiring = true;
  if (restart == Restart::Never) open->report.outcome = SwapOutcome::Failed;
}

void ReportBook::forgo_restart(const std::string& why) {
  const std::list<OpenPtr> all = open_;
  for (const OpenPtr& open : all) {
    if (open->coming != Coming::Awaited) continue;
    open->coming = Coming::Over;
    open->report.outcome = SwapOutcome::Failed;
    open->report.notes.push_back(why);
    close_if_over(open);
  }
}

void ReportBook::rest(const std::string& why) {
  const auto awaited = [](const OpenPtr& o) { return o->coming == Coming::Awaited; };
  if (std::any_of(open_.begin(), open_.end(), awaited)) return forgo_restart(why);
  const auto tell = [&why](SwapReport& report) {
    if (report.outcome != SwapOutcome::Cancelled) report.notes.push_back(why);
  };
  if (!open_.empty()) return tell(open_.back()->report);
  if (!closed_.empty()) tell(closed_.front());
}

void ReportBook::leaving(Generation from) {
  OpenPtr open = leaver(from);
  // What is abandoned leaves in the report of its own coming.
  if (!open && coming(from)) return;
  if (!open) {
    const Opening opening{.cause = observe::SwapCause::Shutdown, .from = from, .asked = around_.now()};
    open = this->open(opening, Coming::Over, Leaving::Running);
    open->report.outcome = SwapOutcome::Done;
  }
  open->leaving = Leaving::Running;
  open->report.retiring = true;
}

void ReportBook::kept(Generation from, const std::string& note) {
  const OpenPtr open = leaver(from);
  if (!open) return;
  open->leaving = Leaving::Running;
  open->report.retiring = true;
  open->report.notes.push_back(note);
  open->report.took = around_.now() - open->asked;
  around_.counters([weak = std::weak_ptr<Open>(open)](http::Counters counters) {
    const OpenPtr known = weak.lock();
    if (!known || known->closing != Closing::No) return;
    count(*known, counters);
    tell_result(known);
  });
}

void ReportBook::revived(Generation from) {
  const OpenPtr open = leaver(from);
  if (!open) return;
  open->leaving = Leaving::Over;
  open->report.retiring = false;
  open->report.notes.push_back("generation " + std::to_string(from.number) + " was gone back to");
  close_if_over(open);
}

void ReportBook::left(Generation from, const std::optional<Reason>& unreleased) {
  if (const OpenPtr open = leaver(from)) {
    open->leaving = Leaving::Over;
    open->report.retiring = false;
    if (unreleased && open->report.outcome == SwapOutcome::Done) {
      open->report.outcome = SwapOutcome::Unreleased;
      open->report.reason = unreleased->what;
      open->report.hint = unreleased->hint;
    } else if (unreleased) {
      open->unreleased = unreleased->what;
      open->unreleased_hint = unreleased->hint;
    }
    return close_if_over(open);
  }
  if (unreleased) note(from, unreleased->what);
}

ReportBook::OpenPtr ReportBook::of_phase(Generation generation, PhaseName name) const {
  const bool comes = name == PhaseName::Start || name == PhaseName::Ready || name == PhaseName::Switch;
  const OpenPtr leaves = comes ? nullptr : leaver(generation);
  return leaves ? leaves : coming(generation);
}

void ReportBook::phase_begun(Generation generation, PhaseName name) {
  const OpenPtr open = of_phase(generation, name);
  if (!open) return;
  open->began.push_back(around_.now());
  open->report.phases.push_back({.generation = generation, .name = name, .detail = {}});
  tell_phase(open, open->report.phases.size() - 1);
}

void ReportBook::phase_ended(Generation generation, PhaseName name, PhaseState state,
                             const std::string& detail) {
  const OpenPtr open = of_phase(generation, name);
  if (!open) return;
  for (std::size_t n = open->report.phases.size(); n-- > 0;) {
    observe::PhaseRecord& phase = open->report.phases[n];
    if (phase.generation != generation || phase.name != name || phase.state != PhaseState::Running) continue;
    phase.state = state;
    phase.took = around_.now() - open->began[n];
    phase.detail = detail;
    return tell_phase(open, n);
  }
}

void ReportBook::phase_corrected(Generation generation, PhaseName name, const std::string& detail) {
  const OpenPtr open = of_phase(generation, name);
  if (!open) return;
  for (std::size_t n = 0; n < open->report.phases.size(); ++n) {
    observe::PhaseRecord& phase = open->report.phases[n];
    if (phase.generation != generation || phase.name != name) continue;
    phase.detail = detail;
    return tell_phase(open, n);
  }
}

void ReportBook::note(Generation generation, const std::string& text) {
  OpenPtr open = coming(generation);
  if (!open) open = leaver(generation);
  if (open) open->report.notes.push_back(text);
}

std::uint64_t ReportBook::report_of(Generation generation) const {
  OpenPtr open = coming(generation);
  if (!open) open = leaver(generation);
  if (open) return open->report.id;
  const auto tells = [generation](const SwapReport& report) {
    return report.to == generation || report.from == generation || report.back == generation;
  };
  const std::vector<SwapReport> all = reports();
  const auto last = std::find_if(all.begin(), all.end(), tells);
  return last == all.end() ? 0 : last->id;
}

void ReportBook::note_in(std::uint64_t report, const std::string& text) {
  const auto add = [report, &text](SwapReport& each) {
    if (each.id == report && each.notes.size() < kMostNotes) each.notes.push_back(text);
  };
  for (const OpenPtr& open : open_) add(open->report);
  for (SwapReport& closed : closed_) add(closed);
}

void ReportBook::remark(const std::string& text) {
  SwapReport* newest = !open_.empty() ? &open_.back()->report : !closed_.empty() ? &closed_.front() : nullptr;
  if (newest != nullptr && newest->notes.size() < kMostNotes) newest->notes.push_back(text);
}

void ReportBook::drained(Generation from, const observe::DrainCount& count) {
  const OpenPtr open = leaver(from);
  if (!open) return;
  open->report.requests_cut += count.sum().cut;
  open->report.drained += count;
}

void ReportBook::tell_phase(const OpenPtr& open, std::size_t index) {
  // By value: who is told may cause more phases.
  const observe::PhaseRecord phase = open->report.phases[index];
  if (const auto watch = open->watch.lock(); watch && watch->on_phase) watch->on_phase(phase);
  if (around_.phase) around_.phase(phase);
}

void ReportBook::close_if_over(const OpenPtr& open) {
  if (open->coming != Coming::Over || open->leaving != Leaving::Over || open->closing != Closing::No) return;
  open->closing = Closing::Counting;
  if (!open->unreleased.empty() && open->report.outcome != SwapOutcome::Unreleased)
    open->report.notes.push_back(open->unreleased);
  open->report.took = around_.now() - open->asked;
  around_.counters([this, weak = std::weak_ptr<Open>(open)](http::Counters counters) {
    // The book owns it: while it lives, so does the book.
    if (const OpenPtr known = weak.lock()) close(known, counters);
  });
}

void ReportBook::close(const OpenPtr& open, const std::optional<http::Counters>& at_end) {
  if (open->closing == Closing::Closed) return;
  open->closing = Closing::Closed;
  SwapReport& report = open->report;
  if (at_end) count(*open, *at_end);
  open_.remove(open);
  closed_.push_front(report);
  if (closed_.size() > kKept) closed_.pop_back();
  tell_result(open);
  around_.closed(report);
}

void ReportBook::count(Open& open, const http::Counters& at_end) {
  if (!open.at_start) return;
  open.report.requests_failed = at_end.failed - open.at_start->failed;
  open.report.requests_held = at_end.held_total - open.at_start->held_total;
}

/// Once.
void ReportBook::tell_result(const OpenPtr& open) {
  const auto watch = std::exchange(open->watch, {}).lock();
  if (!watch || !watch->on_result) return;
  using Kind = control::SwapResult::Kind;
  const Kind kind = open->report.outcome == SwapOutcome::Done         ? Kind::Done
                    : open->report.outcome == SwapOutcome::Unreleased ? Kind::Unreleased
                    : open->superseded                                ? Kind::Superseded
                                                                      : Kind::Failed;
  watch->on_result({.kind = kind, .reason = open->report.reason, .report = open->report});
}

void ReportBook::close_all() {
  const std::list<OpenPtr> all = open_;
  for (const OpenPtr& open : all) {
    if (open->closing == Closing::Counting) close(open, std::nullopt);
  }
}

std::vector<SwapReport> ReportBook::reports() const {
  std::vector<SwapReport> all;
  for (const OpenPtr& open : open_) all.push_back(open->report);
  all.insert(all.end(), closed_.begin(), closed_.end());
  std::sort(all.begin(), all.end(), [](const SwapReport& a, const SwapReport& b) { return a.id > b.id; });
  if (all.size() > kKept) all.resize(kKept);
  return all;
}

}  // namespace berth::swap
