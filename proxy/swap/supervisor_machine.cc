#include "proxy/swap/supervisor_machine.h"

#include <algorithm>
#include <cassert>
#include <utility>

namespace berth::swap {
namespace {

using Kind = SupervisorEventKind;
using Do = SupervisorActionKind;

/// One step in the making.
class Stepper {
 public:
  Stepper(const Supervisor& before, Moment now)
      : out_{.next = before, .actions = {}}, s_(out_.next), now_(now) {}

  SupervisorStep take(const SupervisorEvent& event) {
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

 private:
  bool coming(Generation g) const { return s_.swap && s_.swap->to == g; }
  bool clearing() const { return s_.swap && s_.swap->state == SwapState::Clearing; }
  bool starting() const { return s_.swap && s_.swap->state == SwapState::Starting; }
  bool switching() const { return s_.swap && s_.swap->state == SwapState::Switching; }
  bool stopping() const { return s_.state == AppState::Stopping; }

  void tell(Do kind, Generation g = {}, const Ask& ask = {}, SwapEnd end = SwapEnd::None) {
    out_.actions.push_back({.kind = kind, .generation = g, .ask = ask, .end = end});
  }

  /// It is none from here on; 0: there was none.
  Generation take_current() {
    s_.leaving = false;
    return std::exchange(s_.current, Generation{});
  }

  void become(AppState next, Moment deadline = kNever) {
    assert(can_follow(s_.state, next));
    s_.state = next;
    s_.deadline = deadline;
  }

  void begin(const Ask& ask) {
    assert(!s_.swap);
    if (s_.state == AppState::Cancelled) tell(Do::HoldRequests);
    ++s_.newest.number;
    const SwapOrder order = s_.leaving ? SwapOrder::StopStart : ask.order;
    s_.swap = Swap{.order = order, .from = s_.current, .to = s_.newest, .patience = s_.patience};
    s_.asked = ask;
    if (s_.served == 0) s_.restart = ask.number;
    become(s_.current.number != 0 ? AppState::Swapping : AppState::Starting);
    tell(Do::Begun, s_.newest, ask);
    feed_swap(SwapEvent::Begin);
  }

  void begin_again() {
    if (s_.current.number != 0) become(AppState::Serving);
    begin({.number = s_.restart, .origin = Origin::Automatic, .order = s_.order});
  }

  void ask(const Ask& ask) {
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
    // Somebody mends a crash loop: the next hopeless start must not delay that.
    if (instead_of_restart && (starting() || clearing())) feed_swap(SwapEvent::Cancel);
  }

  void vacate(const Ask& ask) {
    if (s_.state != AppState::New && s_.state != AppState::Serving) return tell(Do::Refused, {}, ask);
    s_.asked = ask;
    s_.restart = 0;
    s_.vacant = true;
    become(AppState::Vacant);
    tell(Do::Vacated, s_.current, ask);
    if (s_.current.number != 0) hold_current();
  }

  void cancel() {
    if (!can_cancel(s_)) return;
    // What nobody asked for comes again by itself, unless this ends it for good.
    if (!s_.queued && (!s_.swap || s_.asked.origin != Origin::User)) s_.rests = true;
    if (!s_.swap) return rest();
    if (starting() || clearing()) feed_swap(SwapEvent::Cancel);
  }

  void rest() {
    become(AppState::Cancelled);
    tell(Do::Rest);
  }

  /// The stop-start order: what serves leaves first, and so does what is already leaving.
  void clear() {
    if (s_.current.number != 0) return hold_current();
    start_if_cleared();
  }

  void start_if_cleared() {
    if (clearing() && s_.current.number == 0 && s_.retirements.empty()) feed_swap(SwapEvent::Cleared);
  }

  void hold_current() {
    s_.leaving = true;
    s_.deadline = after(now_, s_.patience.drain);
    tell(Do::HoldRequests);
  }

  /// No request goes to the current one any more, which is to leave before anything comes.
  void retire_held() {
    if (!s_.leaving || (!clearing() && s_.state != AppState::Vacant)) return;
    const Generation old = take_current();
    s_.deadline = kNever;
    if (clearing()) become(AppState::Starting);
    retire(retire_by_drain(old, s_.patience, now_, s_.asked.released_within));
    if (s_.state == AppState::Vacant) settle(AppState::Vacant);
  }

  void feed_swap(SwapEvent event) {
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
          tell(Do::Abandoned, to, s_.asked, step.next.end);
          retire(retire_by_stop(to, s_.patience, now_));
          break;
      }
    }
    const bool never_started = event == SwapEvent::Cancel && step.next.state == SwapState::Failed;
    if (never_started) tell(Do::Abandoned, to, s_.asked, step.next.end);
    if (step.next.state == SwapState::Done) switched();
    if (s_.swap && s_.swap->state == SwapState::Failed) swap_failed();
  }

  void switched() {
    const Swap done = *s_.swap;
    const Generation old = take_current();
    s_.swap.reset();
    s_.current = done.to;
    s_.restart = s_.asked.number;
    s_.serving_since = now_;
    s_.rests = false;
    s_.vacant = false;
    tell(Do::Switched, done.to, s_.asked);
    if (s_.served++ == 0) tell(Do::FirstReady, done.to);
    if (old.number != 0) retire(retire_by_drain(old, s_.patience, now_, s_.asked.released_within));
    if (stopping()) withdraw();
    if (done.newcomer == Newcomer::Died) return crash();
    if (s_.pace == Pace::Forced) return retire_current();
    settle(AppState::Serving);
  }

  void swap_failed() {
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

  /// The current generation ended unasked.
  void crash() {
    const Generation dead = take_current();
    if (now_ - s_.serving_since >= s_.patience.stable) s_.failures = 0;
    ++s_.failures;
    tell(Do::Crashed, dead);
    // A switch under way must stay the last word to the workers, and in a shutdown the refusal.
    if (!switching() && !stopping()) tell(Do::HoldRequests);
    retire(retire_by_stop(dead, s_.patience, now_));
    settle(AppState::Crashed);
  }

  void exited(Generation g) {
    const bool abandoned = coming(g) && s_.swap->state == SwapState::Abandoning;
    if (coming(g) && !abandoned) return feed_swap(SwapEvent::Exited);
    if (g == s_.current) return crash();
    feed_retirement(g, RetirementEvent::Exited);
  }

  /// Goes on with what is due when a swap or a generation has ended; `otherwise` where nothing serves then.
  void settle(AppState otherwise) {
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
  }

  void retire(RetirementStep begun) {
    s_.retirements.push_back(begun.next);
    perform(begun.next.generation, begun.actions);
    if (s_.pace == Pace::Forced) feed_retirement(begun.next.generation, RetirementEvent::Force);
    hurry_oldest();
  }

  void hurry_oldest() {
    const auto alive = [this](const Retirement& r) {
      return !coming(r.generation) && r.state != RetirementState::Releasing;
    };
    const auto old = std::count_if(s_.retirements.begin(), s_.retirements.end(), alive);
    if (old <= static_cast<std::ptrdiff_t>(s_.patience.max_retiring)) return;
    // Those already hurried are on their way out: force one of them only when none is calm.
    for (Pace pace : {Pace::Calm, Pace::Hurried}) {
      for (const Retirement& r : s_.retirements) {
        if (r.pace != pace || !alive(r)) continue;
        return feed_retirement(r.generation,
                               pace == Pace::Calm ? RetirementEvent::Hurry : RetirementEvent::Force);
      }
    }
  }

  void perform(Generation g, const std::vector<RetirementAction>& actions) {
    for (RetirementAction action : actions) tell(action_of(action), g);
  }

  void feed_retirement(Generation g, RetirementEvent event) {
    auto at = std::find_if(s_.retirements.begin(), s_.retirements.end(),
                           [g](const Retirement& r) { return r.generation == g; });
    // A late answer of one that was given up.
    if (at == s_.retirements.end()) return;
    RetirementStep step = swap::step(*at, event, now_);
    *at = step.next;
    perform(g, step.actions);
    if (!step.next.over()) return;
    s_.retirements.erase(at);
    tell(Do::Forget, g);
    if (coming(g)) return feed_swap(SwapEvent::Gone);
    if (stopping()) return finish_if_empty();
    start_if_cleared();
  }

  void shut_down() {
    become(AppState::Stopping, after(now_, s_.patience.drain));
    if (s_.queued) tell(Do::Refused, {}, *s_.queued);
    s_.queued.reset();
    if (!switching()) tell(Do::RefuseRequests);
    if (starting() || clearing()) feed_swap(SwapEvent::Cancel);
    finish_if_empty();
  }

  /// After a switch that a shutdown had to wait for.
  void withdraw() {
    tell(Do::RefuseRequests);
    s_.deadline = after(now_, s_.patience.drain);
  }

  void retire_current() {
    if (switching()) return;
    const Generation last = take_current();
    s_.deadline = kNever;
    if (last.number != 0) retire(retire_by_drain(last, s_.patience, now_));
    finish_if_empty();
  }

  /// A worker has not answered within a whole drain: what the current one carries has had its time.
  void retire_unanswered() {
    if (switching()) return feed_swap(SwapEvent::Acknowledged);
    const Generation last = s_.current;
    if (stopping()) retire_current();
    if (!stopping()) retire_held();
    feed_retirement(last, RetirementEvent::Hurry);
  }

  void hurry_all() {
    s_.pace = Pace::Forced;
    for (Generation g : retiring()) feed_retirement(g, RetirementEvent::Force);
    // A worker that does not answer must not keep berth alive when it was told twice to end.
    if (switching()) return feed_swap(SwapEvent::Acknowledged);
    retire_current();
  }

  void finish_if_empty() {
    if (!stopping() || s_.swap || s_.current.number != 0 || !s_.retirements.empty()) return;
    become(AppState::Finished);
    tell(Do::Finished);
  }

  void tick() {
    for (Generation g : retiring()) feed_retirement(g, RetirementEvent::Tick);
    if (s_.swap) feed_swap(SwapEvent::Tick);
    if (now_ < s_.deadline) return;
    if (stopping() || s_.current.number != 0) return retire_unanswered();
    begin_again();
  }

  std::vector<Generation> retiring() const {
    std::vector<Generation> all;
    for (const Retirement& r : s_.retirements) all.push_back(r.generation);
    return all;
  }

  SupervisorStep out_;
  Supervisor& s_;
  Moment now_;
};

}  // namespace

SupervisorStep step(const Supervisor& supervisor, const SupervisorEvent& event, Moment now) {
  const Legality legal = legality(supervisor.state, event.kind);
  assert(legal != Legality::Illegal);
  if (legal != Legality::Taken) return {.next = supervisor, .actions = {}};
  return Stepper(supervisor, now).take(event);
}

}  // namespace berth::swap
