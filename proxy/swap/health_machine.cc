#include "proxy/swap/health_machine.h"

#include <algorithm>
#include <cassert>

namespace berth::swap {
namespace {

constexpr Legality T = Legality::Taken;
constexpr Legality I = Legality::Ignored;
constexpr Legality X = Legality::Illegal;

constexpr Legality kTable[kHealthStates][kHealthEvents] = {
    // Serves, Passed, Failed, Leaves, Tick
    {T, X, X, I, I},  // Idle
    {T, X, X, T, T},  // Waiting
    {T, T, T, T, I},  // Asking: each question has its own deadline
};

void wait_until(Health& health, Moment time) {
  health.state = HealthState::Waiting;
  health.deadline = time;
}

void begin(Health& health, Moment now) {
  health = {.config = health.config};
  if (health.config.every != kOff) wait_until(health, after(now, health.config.every));
}

void ask(HealthStep& out, Moment now) {
  out.next.state = HealthState::Asking;
  out.next.next = after(now, out.next.config.every);
  out.next.deadline = kNever;
  out.actions.push_back(HealthAction::Ask);
}

void passed(HealthStep& out, Moment now) {
  Health& health = out.next;
  health.failures = 0;
  wait_until(health, std::max(now, health.next));
  if (health.verdict == Verdict::Healthy || ++health.passes < health.config.rise) return;
  health.verdict = Verdict::Healthy;
  health.passes = 0;
  out.actions.push_back(HealthAction::Rose);
}

void failed(HealthStep& out, Moment now) {
  Health& health = out.next;
  health.passes = 0;
  wait_until(health, std::max(now, health.next));
  if (++health.failures < health.config.fall) return;
  health.verdict = Verdict::Unhealthy;
  health.failures = 0;
  out.actions.push_back(HealthAction::Fell);
}

}  // namespace

Legality legality(HealthState state, HealthEvent event) {
  return kTable[static_cast<int>(state)][static_cast<int>(event)];
}

HealthStep step(const Health& health, HealthEvent event, Moment now) {
  HealthStep out{.next = health, .actions = {}};
  const Legality legal = legality(health.state, event);
  assert(legal != Legality::Illegal);
  if (legal != Legality::Taken) return out;
  switch (event) {
    case HealthEvent::Serves:
      begin(out.next, now);
      break;
    case HealthEvent::Passed:
      passed(out, now);
      break;
    case HealthEvent::Failed:
      failed(out, now);
      break;
    case HealthEvent::Leaves:
      out.next = {.config = health.config};
      break;
    case HealthEvent::Tick:
      if (now >= health.deadline) ask(out, now);
      break;
  }
  return out;
}

}  // namespace berth::swap
