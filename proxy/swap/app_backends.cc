// What the shell does to its backends, and what they tell it.
#include <boost/asio/post.hpp>
#include <utility>

#include "config/duration_text.h"
#include "proxy/swap/app_shell.h"

namespace berth::swap {

using observe::Level;
using observe::PhaseName;
using observe::PhaseState;
using Kind = SupervisorEventKind;

namespace {

constexpr std::size_t kLastLines = 20;

/// Of a server that berth did not start: nobody asked for a proof.
bool left_to_others(const backend::ReleaseCertificate& certificate) {
  return certificate.verdict == backend::ReleaseCertificate::Verdict::NoPort;
}

}  // namespace

void AppShell::begin_phase(Generation generation, PhaseName name) {
  Seat& seat = seats_.at(generation);
  seat.phase = name;
  seat.phase_began = now();
  book_.phase_begun(generation, name);
}

void AppShell::begin(const SupervisorAction& action) {
  const Generation g = action.generation;
  const bool automatic = action.ask.origin == Origin::Automatic;
  // By itself the machine replaces nothing that serves, but what hangs.
  const bool hangs = automatic && state_.swap && state_.swap->from.number != 0;
  Wish& wish = wishes_[action.ask.number];
  // Until something has served, the last one tried is this one itself.
  if (wish.same == Wish::Same::Again && state_.served > 0) resolve(wish);
  wish.same = Wish::Same::No;
  const observe::SwapCause again = hangs                ? observe::SwapCause::Health
                                   : state_.served == 0 ? observe::SwapCause::FirstStart
                                                        : observe::SwapCause::Crash;
  if (!automatic) book_.forgo_restart("a swap took the place of its restart");
  book_.begin({.cause = automatic ? again : wish.cause,
               .from = state_.swap ? state_.swap->from : Generation{},
               .to = g,
               .order = state_.swap ? state_.swap->order : SwapOrder::Overlap,
               .command = wish.command,
               .external = wish.external ? wish.external->text() : std::string(),
               .dir = wish.external ? std::string() : wish.dir,
               .asked = automatic ? now() : wish.asked,
               .watch = automatic ? ReportBook::Watch{} : wish.watch});
  if (!hangs) return;
  book_.note(g, unhealthy_text());
  history_.ended(state_.swap->from, observe::ServedOutcome::Unhealthy, unhealthy_text(), unix_ms_now());
}

void AppShell::launch(const SupervisorAction& action) {
  const Generation g = action.generation;
  const Wish wish = wishes_.at(action.ask.number);
  std::erase_if(wishes_, [this](const auto& entry) {
    const std::uint64_t number = entry.first;
    return number != state_.asked.number && number != state_.restart && number != state_.previous &&
           !(state_.queued && state_.queued->number == number);
  });
  Seat& seat = seats_[g];
  seat.command = wish.command;
  seat.external = wish.external.has_value();
  seat.born = now();
  begin_phase(g, PhaseName::Start);
  if (wish.external) {
    seat.backend = launcher_.make_external(
        {.generation = g, .endpoint = *wish.external, .ready = settings_.app.ready}, *this);
  } else {
    seat.backend = launcher_.make({.app = name(),
                                   .generation = g,
                                   .command = wish.command,
                                   .dir = wish.dir,
                                   .env = wish.env,
                                   .port = settings_.app.port,
                                   .plain = settings_.app.plain,
                                   .base = settings_.app.seen_base(),
                                   .user = settings_.app.user,
                                   .tty = settings_.app.tty,
                                   .ready = settings_.app.ready,
                                   .stop = settings_.app.stop,
                                   .control_path = settings_.control_path,
                                   .runtime_dir = settings_.runtime_dir},
                                  *this);
  }
  seat.backend->start();
}

void AppShell::type(std::string_view text) {
  for (auto seat = seats_.rbegin(); seat != seats_.rend(); ++seat)
    if (seat->second.backend && !seat->second.ended) return seat->second.backend->type(text);
}

void AppShell::vacated(const SupervisorAction& action) {
  log(Level::Info, action.generation, "nothing is to serve: requests are held until an attach or a swap");
  history_.ended(action.generation, observe::ServedOutcome::Detached, {}, unix_ms_now());
  const auto at = wishes_.find(action.ask.number);
  if (at == wishes_.end()) return;
  book_.begin({.cause = at->second.cause,
               .from = action.generation,
               .asked = at->second.asked,
               .watch = at->second.watch});
  wishes_.clear();
}

void AppShell::on_started(Generation generation, const backend::Started& started) {
  Seat* seat = find(generation);
  if (seat == nullptr) return;
  const std::string detail = start_detail(started);
  log(Level::Info, generation, (seat->external ? "asked whether it is ready: " : "started: ") + detail);
  const bool again = seat->started.has_value();
  seat->started = started;
  if (seat->phase > PhaseName::Ready) return;
  if (again) return book_.phase_corrected(generation, PhaseName::Start, detail);
  book_.phase_ended(generation, PhaseName::Start, PhaseState::Done, detail);
  begin_phase(generation, PhaseName::Ready);
}

void AppShell::on_note(Generation generation, const std::string& text) {
  if (find(generation) == nullptr) return;
  // Also what comes after its report was closed; and only so much of it.
  book_.note_in(book_.report_of(generation), text);
  log(Level::Info, generation, text);
}

void AppShell::on_line(Generation generation, bool is_stderr, std::string_view line) {
  owner_.on_line(name(), lines_.append(generation, is_stderr, line, unix_ms_now()));
}

/// For the log, and for who follows the backends' own.
void AppShell::remark(Level level, Generation generation, const std::string& text) {
  log(level, generation, text);
  lines_.remark(generation, text, unix_ms_now());
}

void AppShell::on_ready(Generation generation, const backend::Ready& ready) {
  Seat* seat = find(generation);
  if (seat == nullptr || seat->phase > PhaseName::Ready) return;
  seat->ready = ready;
  if (hooks_.wait_for_ready()) return wait_for_ready_hook(generation);
  run_hook(HookName::Ready, generation);
  pass_ready(generation);
}

/// Shown while it starts, and said once in the log as soon as it is no passing answer.
void AppShell::on_unready(Generation generation, const std::string& answer, unsigned times) {
  const Seat* seat = find(generation);
  if (seat == nullptr || seat->phase > PhaseName::Ready) return;
  constexpr unsigned kSteady = 3;
  const std::string text = answer + ", asked " + std::to_string(times) + (times == 1 ? " time" : " times");
  book_.phase_corrected(generation, PhaseName::Ready, text);
  if (times == kSteady) remark(Level::Warn, generation, "not ready: " + text);
}

/// To the same generation at another place: what goes on there goes on.
void AppShell::on_moved(Generation generation, const backend::Ready& ready) {
  Seat* seat = find(generation);
  if (seat == nullptr || !seat->ready) return;
  seat->ready = ready;
  const bool coming = state_.swap && state_.swap->to == generation && seat->phase == PhaseName::Switch;
  if (coming || state_.current == generation)
    plane_.switch_to(generation, {ready.endpoint, ready.reach}, [] {});
}

void AppShell::on_start_failed(Generation generation, const backend::StartFailure& failure) {
  Seat* seat = find(generation);
  if (seat == nullptr || seat->phase > PhaseName::Ready) return;
  seat->failure = failure;
  seat->ended = failure.exit;
  feed(Kind::StartFailed, generation);
}

void AppShell::on_exited(Generation generation, const backend::ExitStatus& status) {
  Seat* seat = find(generation);
  if (seat == nullptr) return;
  if (seat->phase < PhaseName::Stop) seat->ended = status;
  feed(Kind::Exited, generation);
}

void AppShell::switch_target(Generation generation) {
  begin_phase(generation, PhaseName::Switch);
  Seat& seat = seats_.at(generation);
  seat.replaced = state_.swap ? state_.swap->from : Generation{};
  plane_.switch_to(generation, {seat.ready->endpoint, seat.ready->reach},
                   guarded([this, generation] { feed(Kind::Acknowledged, generation); }));
}

void AppShell::watch_drain(Generation generation) {
  book_.leaving(generation);
  begin_phase(generation, PhaseName::Drain);
  plane_.when_drained(generation,
                      [this, alive = std::weak_ptr<char>(alive_), generation](http::DrainOutcome outcome) {
                        if (alive.expired()) return;
                        if (Seat* seat = find(generation)) seat->drained = outcome;
                        feed(Kind::Emptied, generation);
                      });
}

void AppShell::cut_others(Generation generation) {
  plane_.cut(generation, route::Target::Whom::AllButPinned);
  const std::string time = duration_text(settings_.app.long_.pin);
  log(Level::Info, generation, "kept for long connections that are pinned to it, for " + time + " at most");
  book_.kept(generation, "generation " + std::to_string(generation.number) +
                             " is kept for the long connections pinned to it, for " + time + " at most");
}

void AppShell::cut(Generation generation) {
  Seat& seat = seats_.at(generation);
  const Retirement* leaves = retirement(generation);
  const bool hurried = leaves != nullptr && leaves->pace != Pace::Calm;
  seat.cut = seat.ended ? CutCause::Death : hurried ? CutCause::Hurry : CutCause::Deadline;
  plane_.cut(generation, route::Target::Whom::All);
}

void AppShell::stop(Generation generation) {
  Seat& seat = seats_.at(generation);
  if (seat.phase == PhaseName::Drain) {
    book_.phase_ended(generation, PhaseName::Drain, PhaseState::Done, drain_detail(seat.drained, seat.cut));
    if (seat.drained) book_.drained(generation, *seat.drained);
  }
  book_.leaving(generation);
  begin_phase(generation, PhaseName::Stop);
  seat.backend->stop();
}

void AppShell::kill(Generation generation) {
  Seat& seat = seats_.at(generation);
  const bool overdue = now() >= after(seat.phase_began, settings_.patience.stop);
  seat.kill = overdue ? KillCause::Overdue : KillCause::Force;
  seat.backend->hurry();
}

void AppShell::on_stopped(Generation generation, const backend::Stopped& stopped) {
  Seat* seat = find(generation);
  if (seat == nullptr) return;
  const std::string detail = seat->external ? "left running"
                             : !stopped.ran
                                 ? "it never ran"
                                 : stop_detail(stopped, settings_.app.stop, seat->ended, seat->kill);
  book_.phase_ended(generation, PhaseName::Stop, PhaseState::Done, detail);
  if (!seat->external) remark(Level::Info, generation, "stopped: " + detail);
  feed(Kind::Stopped, generation);
}

void AppShell::release(Generation generation) {
  begin_phase(generation, PhaseName::Release);
  Seat& seat = seats_.at(generation);
  const Retirement* leaves = retirement(generation);
  const bool said = leaves != nullptr && leaves->released_within.count() != 0;
  const Milliseconds usual = seat.external ? Milliseconds{0} : settings_.patience.release;
  seat.backend->release(said ? leaves->released_within : usual);
}

std::string AppShell::release_detail(const Seat& seat) {
  const bool unasked = seat.external && left_to_others(*seat.certificate);
  return unasked ? "its port is not berth's to wait for" : seat.certificate->text();
}

void AppShell::on_released(Generation generation, const backend::ReleaseCertificate& certificate) {
  Seat* seat = find(generation);
  if (seat == nullptr) return;
  seat->certificate = certificate;
  const PhaseState state = certificate.released() ? PhaseState::Done : PhaseState::Failed;
  book_.phase_ended(generation, PhaseName::Release, state, release_detail(*seat));
  feed(certificate.released() ? Kind::Free : Kind::Held, generation);
}

void AppShell::forget(Generation generation) {
  Seat& seat = seats_.at(generation);
  const bool proven = seat.certificate && seat.certificate->released();
  std::optional<ReportBook::Reason> unreleased;
  if (!proven) {
    unreleased.emplace();
    unreleased->what = seat.certificate ? seat.certificate->text() : "its end was not proven in time";
    if (seat.certificate && seat.certificate->endpoint.port != 0) {
      const std::string port = std::to_string(seat.certificate->endpoint.port);
      unreleased->hint = "see who holds it: ss -ltnp 'sport = :" + port + "'";
    }
    constexpr std::size_t kShown = 4;
    unreleased_.push_back({.generation = generation,
                           .state = "unreleased",
                           .pid = seat.backend->pid(),
                           .tree = {},
                           .endpoint = seat.ready ? seat.ready->endpoint : Endpoint{},
                           .command = seat.command});
    if (unreleased_.size() > kShown) unreleased_.pop_front();
    if (state_.state >= AppState::Stopping) {
      farewell_.kind = control::SwapResult::Kind::Unreleased;
      farewell_.reason = "generation " + std::to_string(generation.number) + ": " + unreleased->what;
    }
  }
  if (proven && !seat.external) log(Level::Info, generation, "released: " + seat.certificate->text());
  if (proven && seat.external) log(Level::Info, generation, "left running: " + release_detail(seat));
  const bool unasked = seat.external && proven && left_to_others(*seat.certificate);
  if (proven && seat.served && !unasked) run_hook(HookName::Released, generation);
  // Not here: it may be the backend itself that calls.
  boost::asio::post(control_, [gone = std::move(seat.backend)] {});
  seats_.erase(generation);
  book_.left(generation, unreleased);
}

void AppShell::tell_overdue(Generation generation) {
  const Seat& seat = seats_.at(generation);
  const bool stopping = seat.phase == PhaseName::Stop;
  const std::string detail =
      stopping ? "its tree did not end after KILL" : "its port was not proven free in time";
  book_.phase_ended(generation, seat.phase, PhaseState::Failed, detail);
  log(Level::Error, generation, detail);
}

void AppShell::tell_switched(Generation generation) {
  Seat& seat = seats_.at(generation);
  book_.phase_ended(generation, PhaseName::Switch, PhaseState::Done, switch_detail(plane_.workers()));
  remark(Level::Info, generation,
         seat.served ? "serving again" : "serving after " + elapsed_text(now() - seat.born));
  seat.served = true;
  history_.served(served_as(last_wish()), generation, unix_ms_now());
  run_hook(HookName::Switched, generation);
  book_.switched(generation);
}

void AppShell::tell_abandoned(const SupervisorAction& action) {
  hooks_.forget(action.generation);
  // Without a seat it was never started.
  const Seat* seat = find(action.generation);
  ReportBook::Reason reason;
  const bool superseded = action.end == SwapEnd::Superseded;
  const bool cancelled = action.end == SwapEnd::Cancelled || superseded;
  reason.superseded = superseded;
  reason.outcome = cancelled ? observe::SwapOutcome::Cancelled : observe::SwapOutcome::Failed;
  if (action.end == SwapEnd::StartFailed && seat != nullptr && seat->unwanted) {
    reason = *seat->unwanted;
  } else if (action.end == SwapEnd::StartFailed && seat != nullptr && seat->failure) {
    reason.what = seat->failure->what;
    reason.hint = seat->failure->hint;
    reason.last_lines = seat->failure->last_lines;
  } else {
    const bool stopped = cancelled && state_.state >= AppState::Stopping;
    reason.what = stopped ? std::string(observe::kBerthStopped)
                  : cancelled && state_.rests && !superseded
                      ? std::string(observe::kWaitsForSwap)
                      : end_text(action.end, seat != nullptr ? seat->ended : std::nullopt);
    reason.last_lines = lines_.last_of(action.generation, kLastLines);
  }
  log(cancelled ? Level::Info : Level::Error, action.generation, "not taken: " + reason.what);
  book_.abandoned(action.generation, reason);
  if (!cancelled) run_hook(HookName::Failed, action.generation, reason.what);
}

void AppShell::tell_crashed(Generation generation) {
  const Seat& seat = seats_.at(generation);
  const bool back = state_.swap && state_.swap->coming == Coming::Warm;
  const bool restarts = state_.state == AppState::Crashed || back;
  const std::string what = "generation " + std::to_string(generation.number) + " ended by itself" +
                           (seat.ended ? ": " + seat.ended->text() : std::string());
  const std::string next =
      back       ? "; back to generation " + std::to_string(state_.swap->to.number)
      : restarts ? "; restarting in " + duration_text(backoff(settings_.patience, state_.failures))
                 : std::string();
  const std::string ended = "ended by itself" + (seat.ended ? ": " + seat.ended->text() : std::string());
  log(Level::Warn, generation, ended + next);
  owner_.on_crashed(name(), generation, ended + next);
  history_.ended(generation, observe::ServedOutcome::Crashed, ended, unix_ms_now());
  book_.crashed(generation, what, lines_.last_of(generation, kLastLines),
                restarts ? ReportBook::Restart::Follows : ReportBook::Restart::Never);
  run_hook(HookName::Failed, generation, what);
}

}  // namespace berth::swap
