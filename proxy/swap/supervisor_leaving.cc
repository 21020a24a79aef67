// What leaves: the retirements, the stop-start order's clearing, and the shutdown.
#include <algorithm>
#include <cassert>
#include <utility>

#include "proxy/swap/supervisor_stepper.h"

namespace berth::swap {

void SupervisorStepper::clear() {
  cool_all();
  if (s_.current.number != 0) return hold_current();
  start_if_cleared();
}

void SupervisorStepper::start_if_cleared() {
  if (clearing() && s_.current.number == 0 && s_.retirements.empty()) feed_swap(SwapEvent::Cleared);
}

void SupervisorStepper::hold_current() {
  s_.leaving = true;
  s_.deadline = after(now_, s_.patience.drain);
  tell(Do::HoldRequests);
}

void SupervisorStepper::retire_held() {
  if (!s_.leaving || (!clearing() && s_.state != AppState::Vacant)) return;
  const Generation old = take_current();
  s_.deadline = kNever;
  if (clearing()) become(AppState::Starting);
  retire(retire_by_drain(old, unpinned(), now_, s_.asked.released_within));
  if (s_.state == AppState::Vacant) settle(AppState::Vacant);
}

void SupervisorStepper::retire(RetirementStep begun) {
  s_.retirements.push_back(begun.next);
  perform(begun.next.generation, begun.actions);
  if (s_.pace == Pace::Forced) feed_retirement(begun.next.generation, RetirementEvent::Force);
  hurry_oldest();
}

void SupervisorStepper::cool() {
  if (const Generation warm = warm_one(s_); warm.number != 0) feed_retirement(warm, RetirementEvent::Cool);
}

void SupervisorStepper::cool_all() {
  for (Generation g : retiring()) feed_retirement(g, RetirementEvent::Cool);
}

Patience SupervisorStepper::unpinned() const {
  Patience patience = s_.patience;
  patience.pin = Milliseconds{0};
  return patience;
}

void SupervisorStepper::hurry_oldest() {
  const auto alive = [this](const Retirement& r) {
    return !coming(r.generation) && r.state != RetirementState::Releasing && r.state != RetirementState::Warm;
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

void SupervisorStepper::perform(Generation g, const std::vector<RetirementAction>& actions) {
  for (RetirementAction action : actions) tell(action_of(action), g);
}

void SupervisorStepper::feed_retirement(Generation g, RetirementEvent event) {
  auto at = std::find_if(s_.retirements.begin(), s_.retirements.end(),
                         [g](const Retirement& r) { return r.generation == g; });
  // A late answer of one that was given up.
  if (at == s_.retirements.end()) return;
  const bool was_warm = at->state == RetirementState::Warm;
  RetirementStep step = swap::step(*at, event, now_);
  *at = step.next;
  perform(g, step.actions);
  if (was_warm && step.next.state != RetirementState::Warm) hurry_oldest();
  if (!step.next.over()) return;
  s_.retirements.erase(at);
  tell(Do::Forget, g);
  if (coming(g)) return feed_swap(SwapEvent::Gone);
  if (stopping()) return finish_if_empty();
  start_if_cleared();
}

void SupervisorStepper::shut_down() {
  become(AppState::Stopping, after(now_, s_.patience.drain));
  if (s_.queued) tell(Do::Refused, {}, *s_.queued);
  s_.queued.reset();
  cool_all();
  if (!switching()) tell(Do::RefuseRequests);
  if (starting() || clearing()) feed_swap(SwapEvent::Cancel);
  finish_if_empty();
}

void SupervisorStepper::withdraw() {
  tell(Do::RefuseRequests);
  s_.deadline = after(now_, s_.patience.drain);
}

void SupervisorStepper::retire_current() {
  if (switching()) return;
  const Generation last = take_current();
  s_.deadline = kNever;
  if (last.number != 0) retire(retire_by_drain(last, unpinned(), now_));
  finish_if_empty();
}

void SupervisorStepper::retire_unanswered() {
  if (switching()) return feed_swap(SwapEvent::Acknowledged);
  const Generation last = s_.current;
  if (stopping()) retire_current();
  if (!stopping()) retire_held();
  feed_retirement(last, RetirementEvent::Hurry);
}

void SupervisorStepper::hurry_all() {
  s_.pace = Pace::Forced;
  for (Generation g : retiring()) feed_retirement(g, RetirementEvent::Force);
  // A worker that does not answer must not keep berth alive when it was told twice to end.
  if (switching()) return feed_swap(SwapEvent::Acknowledged);
  retire_current();
}

void SupervisorStepper::finish_if_empty() {
  if (!stopping() || s_.swap || s_.current.number != 0 || !s_.retirements.empty()) return;
  become(AppState::Finished);
  tell(Do::Finished);
}

void SupervisorStepper::tick() {
  for (Generation g : retiring()) feed_retirement(g, RetirementEvent::Tick);
  if (s_.swap) feed_swap(SwapEvent::Tick);
  if (now_ < s_.deadline) return;
  if (stopping() || s_.current.number != 0) return retire_unanswered();
  begin_again();
}

std::vector<Generation> SupervisorStepper::retiring() const {
  std::vector<Generation> all;
  for (const Retirement& r : s_.retirements) all.push_back(r.generation);
  return all;
}

}  // namespace berth::swap
