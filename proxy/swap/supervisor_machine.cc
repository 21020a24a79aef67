// The supervisor's events, and what comes.
#include "proxy/swap/supervisor_machine.h"

#include <cassert>
#include <utility>

#include "proxy/swap/supervisor_stepper.h"

namespace berth::swap {

using Kind = SupervisorEventKind;

SupervisorStep SupervisorStepper::take(const SupervisorEvent& event) {
  switch (event.kind) {
    case Kind::Start:
      begin(event.ask);
      break;
    case Kind::Swap:
      ask(event.ask);
      break;
    case Kind::Vacate:
      vacate(event.ask);
      break;
    case Kind::Cancel:
      cancel();
      break;
    case Kind::Shutdown:
      shut_down();
      break;
    case Kind::Hurry:
      hurry_all();
      break;
    case Kind::Ready:
      if (coming(event.generation)) feed_swap(SwapEvent::Ready);
      break;
    case Kind::StartFailed:
      if (coming(event.generation)) feed_swap(SwapEvent::StartFailed);
      break;
    case Kind::Exited:
      exited(event.generation);
      break;
    case Kind::Acknowledged:
      if (coming(event.generation) && switching()) feed_swap(SwapEvent::Acknowledged);
      break;
    case Kind::Emptied:
    case Kind::Stopped:
    case Kind::Free:
    case Kind::Held:
      feed_retirement(event.generation, retirement_event(event.kind));
      break;
    case Kind::Unhealthy:
      unhealthy(event.generation);
      break;
    case Kind::Holding:
      retire_held();
      break;
    case Kind::Refusing:
      retire_current();
      break;
    case Kind::Tick:
      tick();
      break;
  }
  return std::move(out_);
}

void SupervisorStepper::tell(SupervisorActionKind kind, Generation g, const Ask& ask, SwapEnd end) {
  out_.actions.push_back({.kind = kind, .generation = g, .ask = ask, .end = end});
}

Generation SupervisorStepper::take_current() {
  s_.leaving = false;
  return std::exchange(s_.current, Generation{});
}

void SupervisorStepper::become(AppState next, Moment deadline) {
  assert(can_follow(s_.state, next));
  s_.state = next;
  s_.deadline = deadline;
}

void SupervisorStepper::begin(const Ask& ask) {
  assert(!s_.swap);
  if (s_.state == AppState::Cancelled) tell(Do::HoldRequests);
  const Generation warm = ask.way == Way::Revive ? warm_one(s_) : Generation{};
  if (warm.number == 0) ++s_.newest.number;
  const SwapOrder order = s_.leaving ? SwapOrder::StopStart : ask.order;
  s_.swap = Swap{.order = order, .from = s_.current, .to = s_.newest, .patience = s_.patience};
  if (warm.number != 0) revive(warm);
  s_.asked = ask;
  if (s_.served == 0) s_.restart = ask.number;
  become(s_.current.number != 0 ? AppState::Swapping : AppState::Starting);
  tell(Do::Begun, s_.swap->to, ask);
  feed_swap(SwapEvent::Begin);
}

void SupervisorStepper::revive(Generation warm) {
  std::erase_if(s_.retirements, [warm](const Retirement& r) { return r.generation == warm; });
  s_.swap->order = SwapOrder::Overlap;
  s_.swap->coming = Coming::Warm;
  s_.swap->to = warm;
  tell(Do::Revived, warm);
}

void SupervisorStepper::begin_back() {
  begin({.number = s_.previous, .origin = Origin::Automatic, .order = s_.order, .way = Way::Revive});
}

void SupervisorStepper::unhealthy(Generation g) {
  if (g != s_.current) return;
  if (warm_one(s_).number != 0) return begin_back();
  begin({.number = s_.restart, .origin = Origin::Automatic, .order = s_.order});
}

/// A rollback is away from what was no good, and what the machine does by itself replaces what is none.
bool SupervisorStepper::keeps_old() const {
  return s_.patience.keep_old.count() != 0 && !stopping() && s_.pace == Pace::Calm &&
         s_.asked.origin == Origin::User && s_.asked.way == Way::Start;
}

void SupervisorStepper::begin_again() {
  if (s_.current.number != 0) become(AppState::Serving);
  begin({.number = s_.restart, .origin = Origin::Automatic, .order = s_.order});
}

void SupervisorStepper::ask(const Ask& ask) {
  if (s_.state == AppState::New || stopping() || s_.state == AppState::Finished)
    return tell(Do::Refused, {}, ask);
  // What is still on its way out of a vacated app goes first.
  if (!s_.swap && (s_.state != AppState::Vacant || !s_.leaving)) {
    s_.failures = 0;
    return begin(ask);
  }
  const bool instead_of_restart = s_.asked.origin == Origin::Automatic;
  if (ask.policy == QueuePolicy::Refuse && (!instead_of_restart || s_.queued))
    return tell(Do::Refused, {}, ask);
  if (s_.queued) tell(Do::Superseded, {}, *s_.queued);
  s_.queued = ask;
  tell(Do::Queued, {}, ask);
  // Somebody mends a crash loop, or what was asked before: a hopeless start must not delay that.
  if (instead_of_restart && (starting() || clearing())) return feed_swap(SwapEvent::Cancel);
  if (ask.policy == QueuePolicy::Replace && gives_way()) {
    cancelled_as_ = SwapEnd::Superseded;
    feed_swap(SwapEvent::Cancel);
  }
}

/// Where the one that served was ended for it, the running start is the only one that may serve soon.
bool SupervisorStepper::gives_way() const {
  return clearing() || (starting() && (s_.swap->order == SwapOrder::Overlap || s_.served == 0));
}

void SupervisorStepper::vacate(const Ask& ask) {
  if (s_.state != AppState::New && s_.state != AppState::Serving) return tell(Do::Refused, {}, ask);
  s_.asked = ask;
  s_.restart = 0;
  s_.previous = 0;
  s_.vacant = true;
  cool();
  become(AppState::Vacant);
  tell(Do::Vacated, s_.current, ask);
  if (s_.current.number != 0) hold_current();
}

void SupervisorStepper::cancel() {
  if (!can_cancel(s_)) return;
  // Where nothing serves, a start that nobody asked for is tried again by itself, unless this ends it for
  // good. While one serves there is nothing to end: if it crashes later, its restart is another start.
  const bool comes_again = !s_.swap || s_.asked.origin != Origin::User;
  if (!s_.queued && s_.current.number == 0 && comes_again) s_.rests = true;
  if (!s_.swap) return rest();
  if (starting() || clearing()) feed_swap(SwapEvent::Cancel);
}

void SupervisorStepper::rest() {
  become(AppState::Cancelled);
  tell(Do::Rest);
}

void SupervisorStepper::feed_swap(SwapEvent event) {
  SwapStep step = swap::step(*s_.swap, event, now_);
  s_.swap = step.next;
  const Generation to = step.next.to;
  for (SwapAction action : step.actions) {
    switch (action) {
      case SwapAction::Clear:
        clear();
        break;
      case SwapAction::StartBackend:
        tell(Do::StartBackend, to, s_.asked);
        break;
      case SwapAction::SwitchTarget:
        tell(Do::SwitchTarget, to);
        break;
      case SwapAction::SayLate:
        tell(Do::SwitchLate, to);
        break;
      case SwapAction::Abandon:
        tell(Do::Abandoned, to, s_.asked, end_of(step.next));
        retire(retire_by_stop(to, s_.patience, now_));
        break;
    }
  }
  const bool never_started = event == SwapEvent::Cancel && step.next.state == SwapState::Failed;
  if (never_started) tell(Do::Abandoned, to, s_.asked, end_of(step.next));
  if (step.next.state == SwapState::Done) switched();
  if (s_.swap && s_.swap->state == SwapState::Failed) swap_failed();
}

SwapEnd SupervisorStepper::end_of(const Swap& swap) const {
  return swap.end == SwapEnd::Cancelled ? cancelled_as_ : swap.end;
}

void SupervisorStepper::switched() {
  const Swap done = *s_.swap;
  const Generation old = take_current();
  s_.swap.reset();
  s_.current = done.to;
  if (s_.served != 0 && s_.asked.number != s_.restart) s_.previous = s_.restart;
  s_.restart = s_.asked.number;
  s_.serving_since = now_;
  s_.rests = false;
  s_.vacant = false;
  tell(Do::Switched, done.to, s_.asked);
  if (s_.served++ == 0) tell(Do::FirstReady, done.to);
  cool();
  if (old.number != 0 && keeps_old()) {
    retire(retire_warm(old, s_.patience, now_, s_.asked.released_within));
    tell(Do::Warmed, old);
  } else if (old.number != 0) {
    retire(retire_by_drain(old, s_.patience, now_, s_.asked.released_within));
  }
  if (stopping()) withdraw();
  if (done.newcomer == Newcomer::Died) return crash();
  if (s_.pace == Pace::Forced) return retire_current();
  settle(AppState::Serving);
}

void SupervisorStepper::swap_failed() {
  const Swap failed = *s_.swap;
  s_.swap.reset();
  if (s_.current.number == 0) ++s_.failures;
  // The one that served was ended for this: its command is started again.
  const bool back = failed.order == SwapOrder::StopStart && failed.from.number != 0 &&
                    s_.asked.origin == Origin::User && !s_.queued && !stopping();
  if (back) tell(Do::ComesBack, failed.to);
  tell(Do::SwapFailed, failed.to, s_.asked, failed.end);
  if (back) return begin_again();
  if (s_.asked.origin == Origin::First && !stopping()) {
    // A command that was given meanwhile takes the place of the first.
    if (s_.queued) s_.queued->origin = Origin::First;
    if (!s_.queued && failed.end != SwapEnd::Cancelled) tell(Do::FirstStartFailed, failed.to);
  }
  settle(AppState::Failed);
}

void SupervisorStepper::crash() {
  const Generation dead = take_current();
  if (now_ - s_.serving_since >= s_.patience.stable) s_.failures = 0;
  ++s_.failures;
  tell(Do::Crashed, dead);
  // A switch under way, or one that comes at once, must stay the last word to the workers, and in a shutdown
  // the refusal.
  const bool back = !s_.swap && warm_one(s_).number != 0;
  if (!switching() && !stopping() && !back) tell(Do::HoldRequests);
  retire(retire_by_stop(dead, s_.patience, now_));
  settle(AppState::Crashed);
}

void SupervisorStepper::exited(Generation g) {
  const bool abandoned = coming(g) && s_.swap->state == SwapState::Abandoning;
  if (coming(g) && !abandoned) return feed_swap(SwapEvent::Exited);
  if (g == s_.current) return crash();
  feed_retirement(g, RetirementEvent::Exited);
}

void SupervisorStepper::settle(AppState otherwise) {
  if (stopping()) return finish_if_empty();
  if (s_.swap) return become(s_.current.number != 0 ? AppState::Swapping : AppState::Starting);
  if (s_.queued) {
    const Ask next = *s_.queued;
    s_.queued.reset();
    s_.failures = 0;
    // The states between two swaps are passed through, so that each transition is one that exists.
    if (s_.current.number != 0) become(AppState::Serving);
    return begin(next);
  }
  if (s_.current.number != 0) return become(AppState::Serving);
  if (s_.rests) return rest();
  if (s_.vacant) return become(AppState::Vacant);
  become(otherwise, after(now_, backoff(s_.patience, s_.failures)));
  if (warm_one(s_).number != 0) begin_back();
}

SupervisorStep step(const Supervisor& supervisor, const SupervisorEvent& event, Moment now) {
  const Legality legal = legality(supervisor.state, event.kind);
  assert(legal != Legality::Illegal);
  if (legal != Legality::Taken) return {.next = supervisor, .actions = {}};
  return SupervisorStepper(supervisor, now).take(event);
}

}  // namespace berth::swap
