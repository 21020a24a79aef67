#include "tests/sim/world.h"

#include <algorithm>

namespace berth::sim {

using swap::AppState;
using swap::Moment;
using Do = swap::SupervisorActionKind;
using namespace std::chrono_literals;

namespace {

constexpr Moment kDay = 40s;  // users are done by then
constexpr std::uint64_t kMostSteps = 200'000;

swap::Patience short_patience(const Weather& weather) {
  swap::Patience patience;
  patience.start = 3s;
  patience.acknowledge = 50ms;
  patience.drain = 2s;
  if (weather.pinned != 0) patience.pin = 5s;
  patience.cut = 200ms;
  patience.stop = 2s;
  patience.kill = 500ms;
  patience.release = 1s;
  patience.slack = 200ms;
  patience.longest_backoff = 3s;
  patience.stable = 3s;
  patience.max_retiring = weather.max_retiring;
  return patience;
}

}  // namespace

World::World(std::uint64_t seed, const Weather& weather)
    : weather_(weather),
      dice_(seed),
      rules_(short_patience(weather)),
      workers_(
          clock_, dice_,
          {.count = static_cast<unsigned>(dice_.between(std::uint64_t{1}, std::uint64_t{4})),
           .slowest_message = weather.slowest_message,
           .long_requests = weather.long_requests,
           .pinned = weather.pinned,
           .fault = weather.fault},
          [this](Generation chosen) { rules_.request(chosen); },
          [this](Generation g) {
            const Server* server = find(g);
            return server && server->life == Life::Ready && !server->stop_asked;
          }) {
  state_.patience = short_patience(weather);
  state_.patience.keep_old = weather.keep_old;
  if (weather.stop_start >= 500) state_.order = SwapOrder::StopStart;
}

void World::run() {
  plan_users();
  plan_requests();
  while (state_.state != AppState::Finished && broken().empty() && steps_ < kMostSteps) {
    const Moment deadline = swap::next_deadline(state_);
    if (deadline == swap::kNever && clock_.next() == swap::kNever) break;
    if (deadline < clock_.next()) {
      clock_.pass_to(std::max(deadline, clock_.now()));
      feed({.kind = Kind::Tick});
    } else {
      clock_.run_next();
    }
    ++steps_;
    rules_.state(state_, clock_.now(), workers_.routable());
  }
  rules_.end(state_);
}

void World::feed(const swap::SupervisorEvent& event) {
  if (swap::legality(state_.state, event.kind) == swap::Legality::Illegal)
    return rules_.illegal_event(event.generation);
  const swap::SupervisorStep step = swap::step(state_, event, clock_.now());
  state_ = step.next;
  for (const swap::SupervisorAction& action : step.actions) {
    actions_.insert(action.kind);
    rules_.action(action, clock_.now(), workers_.holders(action.generation));
    perform(action);
  }
}

void World::plan_users() {
  clock_.at(0us, [this] {
    const swap::Ask first{.number = ++asks_, .origin = swap::Origin::First, .order = state_.order};
    rules_.asked(first.number);
    feed({.kind = Kind::Start, .generation = {}, .ask = first});
  });
  for (unsigned n = 0; n < weather_.swaps; ++n) {
    clock_.at(dice_.between(1ms, kDay), [this] { ask_something(); });
  }
  clock_.at(dice_.between(kDay / 2, kDay), [this] {
    rules_.shutdown(clock_.now());
    feed(Kind::Shutdown, {});
    if (!dice_.one_of(weather_.impatient)) return;
    clock_.in(dice_.between(1us, 3s), [this] {
      rules_.hurried();
      feed(Kind::Hurry, {});
    });
  });
}

void World::ask_something() {
  const bool refuse = dice_.one_of(200);
  const bool rollback = weather_.rollbacks != 0 && dice_.one_of(weather_.rollbacks);
  const bool replace = dice_.one_of(2);
  const swap::Ask ask{.number = ++asks_,
                      .policy = refuse    ? swap::QueuePolicy::Refuse
                                : replace ? swap::QueuePolicy::Replace
                                          : swap::QueuePolicy::Wait,
                      .order = any_order(),
                      .way = rollback ? swap::Way::Revive : swap::Way::Start};
  rules_.asked(ask.number);
  const bool vacate = weather_.vacates != 0 && dice_.one_of(weather_.vacates);
  feed({.kind = vacate ? Kind::Vacate : Kind::Swap, .generation = {}, .ask = ask});
  if (dice_.one_of(150)) clock_.in(dice_.between(1us, 1s), [this] { feed(Kind::Cancel, {}); });
}

SwapOrder World::any_order() {
  const bool stop_start = weather_.stop_start != 0 && dice_.one_of(weather_.stop_start);
  return stop_start ? SwapOrder::StopStart : SwapOrder::Overlap;
}

void World::plan_requests() {
  clock_.in(dice_.between(1ms, 60ms), [this] {
    workers_.request();
    if (clock_.now() < 2 * kDay) plan_requests();
  });
}

void World::perform(const swap::SupervisorAction& action) {
  const Generation g = action.generation;
  switch (action.kind) {
    case Do::StartBackend:
      return start(g);
    case Do::SwitchTarget:
      return workers_.switch_to(g, [this, g] { feed(Kind::Acknowledged, g); });
    case Do::HoldRequests:
      return workers_.hold([this] { feed(Kind::Holding, {}); });
    case Do::Rest:
      return workers_.refuse([] {});
    case Do::RefuseRequests:
      return workers_.refuse([this] { feed(Kind::Refusing, {}); });
    case Do::WatchDrain:
      return workers_.when_drained(g, [this, g] { feed(Kind::Emptied, g); });
    case Do::CutOthers:
      return workers_.cut(g, Workers::Whom::AllButPinned);
    case Do::CutHolders:
      return workers_.cut(g, Workers::Whom::All);
    case Do::StopBackend:
      return stop(g);
    case Do::KillBackend:
      return kill(g);
    case Do::ReleaseBackend:
      return release(g);
    case Do::Forget:
      servers_.erase(g);
      return;
    default:
      return;
  }
}

World::Server* World::find(Generation g) {
  const auto at = servers_.find(g);
  return at == servers_.end() ? nullptr : &at->second;
}

void World::start(Generation g) {
  servers_[g] = {};
  if (dice_.one_of(weather_.start_hangs)) return;
  const Moment takes = dice_.between(1ms, 1500ms);
  if (dice_.one_of(weather_.start_fails)) {
    clock_.in(takes, [this, g] { die(g); });
  } else {
    clock_.in(takes, [this, g] { become_ready(g); });
  }
}

void World::become_ready(Generation g) {
  Server* server = find(g);
  if (!server || server->stop_asked) return;
  server->life = Life::Ready;
  // Planned from here, so that deaths meet the switch, the drain and everything between.
  const bool soon = dice_.one_of(400);
  if (dice_.one_of(weather_.crashes)) {
    clock_.in(soon ? dice_.between(0us, weather_.slowest_message) : dice_.between(1ms, 8s),
              [this, g] { die(g); });
  }
  if (weather_.hangs != 0 && dice_.one_of(weather_.hangs)) {
    clock_.in(dice_.between(1ms, 4s), [this, g] {
      if (find(g)) feed(Kind::Unhealthy, g);
    });
  }
  feed(Kind::Ready, g);
}

void World::die(Generation g) {
  Server* server = find(g);
  if (!server || server->stop_asked || server->life == Life::Ended) return;
  const bool was_ready = server->life == Life::Ready;
  server->life = Life::Ended;
  if (was_ready) rules_.died(g);
  feed(was_ready ? Kind::Exited : Kind::StartFailed, g);
}

void World::stop(Generation g) {
  Server* server = find(g);
  server->stop_asked = true;
  if (dice_.one_of(weather_.ignores_term)) return;
  clock_.in(dice_.between(1us, 300ms), [this, g] { tree_ends(g); });
}

void World::kill(Generation g) {
  if (dice_.one_of(weather_.ignores_kill)) return;
  clock_.in(dice_.between(1us, 20ms), [this, g] { tree_ends(g); });
}

void World::tree_ends(Generation g) {
  Server* server = find(g);
  if (!server || server->tree_empty) return;
  server->tree_empty = true;
  if (server->life == Life::Ready) feed(Kind::Exited, g);
  server->life = Life::Ended;
  rules_.stopped(g);
  feed(Kind::Stopped, g);
}

void World::release(Generation g) {
  if (dice_.one_of(weather_.silent_release)) return;
  const bool held = dice_.one_of(weather_.keeps_port);
  clock_.in(held ? Moment(1s) : dice_.between(1us, 100ms), [this, g, held] {
    if (!find(g)) return;
    rules_.answered_release(g);
    feed(held ? Kind::Held : Kind::Free, g);
  });
}

}  // namespace berth::sim
