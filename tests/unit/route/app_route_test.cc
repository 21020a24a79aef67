#include "proxy/route/app_route.h"

#include <doctest/doctest.h>

#include <optional>
#include <string>
#include <vector>

#include "proxy/loop/task.h"

using namespace berth;
using namespace berth::route;

namespace {

/// A request as a route sees it: it waits, and on admission takes a connection that is never made.
struct Request {
  explicit Request(AppRoute& r) : route(r), place(gate), holder(gate) {}
  AppRoute& route;
  loop::Gate gate;
  Waiting place;
  Holder holder;
  std::unique_ptr<Upstream> upstream;
  loop::Task<> task;
  loop::Wakes woken = 0;

  loop::Task<> wait_once() {
    const loop::Wakes wakes = co_await gate.wait(loop::kAdmitted | loop::kRefused | loop::kCut);
    woken = wakes;
    if (wakes == loop::kAdmitted) occupy();
  }
  void occupy() {
    holder.take(*route.current());
    upstream = route.current()->make_connection();
  }
  bool queue() {
    task = wait_once();
    task.start();
    return route.wait(place);
  }
  void finish() {
    upstream->target().drop(std::move(upstream), true);
    holder.let_go();
    route.admit_soon();
  }
};

struct World {
  loop::Loop loop;  // never started: the test turns it by hand
  std::atomic<std::uint32_t> held{0};
  AppRoute route;
  explicit World(std::uint32_t connections = 2, std::uint32_t hold_requests = 3)
      : route(loop, "web", RouteLimits{limits(hold_requests), connections}, held) {}
  static Limits limits(std::uint32_t hold_requests) {
    Limits l;
    l.hold_requests = hold_requests;
    return l;
  }
  void turn() {
    loop.io().restart();
    loop.io().poll();
  }
};

const Endpoint kFirst = Endpoint::loopback_v4(1001);
const Endpoint kSecond = Endpoint::loopback_v4(1002);

}  // namespace

TEST_CASE("route: requests without a target wait, in order, and go with the switch") {
  World world(8);
  Request a(world.route), b(world.route);
  CHECK(world.route.current() == nullptr);
  CHECK(a.queue());
  CHECK(b.queue());
  CHECK(world.held == 2);
  world.route.switch_to(Generation{1}, kFirst);
  CHECK(a.woken == loop::kAdmitted);
  CHECK(b.woken == loop::kAdmitted);
  CHECK(world.held == 0);
  CHECK(world.route.current()->holders() == 2);
  a.finish();
  b.finish();
}

TEST_CASE("route: one that was kept comes again with the requests that it still carries") {
  World world(8);
  world.route.switch_to(Generation{1}, kFirst);
  Request a(world.route);
  a.occupy();
  world.route.switch_to(Generation{2}, kSecond);
  REQUIRE(world.route.retired(Generation{1}) != nullptr);
  world.route.switch_to(Generation{1}, kFirst);
  CHECK(world.route.retired(Generation{1}) == nullptr);
  CHECK(world.route.current()->holders() == 1);
  CHECK_FALSE(world.route.current()->retired());
  // What ended meanwhile is no part of its drain.
  a.finish();
  world.route.hold();
  std::optional<DrainCount> drained;
  world.route.retired(Generation{1})->when_drained([&](DrainCount count) { drained = count; });
  REQUIRE(drained);
  CHECK(drained->sum().finished == 0);
}

TEST_CASE("route: one that has moved is reached at its new place, and what goes on at the old one goes on") {
  World world(8);
  world.route.switch_to(Generation{1}, kFirst);
  Request before(world.route);
  before.occupy();
  world.route.switch_to(Generation{1}, kSecond);
  Target* target = world.route.current();
  CHECK(target->endpoint() == kSecond);
  CHECK_FALSE(target->retired());
  CHECK(target->holders() == 1);
  CHECK(world.route.retired(Generation{1}) == nullptr);
  // A connection to the old place carries no other request.
  target->give_back(std::move(before.upstream));
  before.holder.let_go();
  CHECK(target->idle_count() == 0);
  CHECK(target->connections() == 0);
}

TEST_CASE("route: while it is paused new requests wait, whatever serves, and go on with the resume") {
  World world(8);
  world.route.switch_to(Generation{1}, kFirst);
  Request under_way(world.route);
  under_way.occupy();
  world.route.pause("back at noon");
  CHECK(world.route.current() == nullptr);
  CHECK(world.route.pause_reason() == "back at noon");
  Request waits(world.route);
  CHECK(waits.queue());
  world.route.switch_to(Generation{2}, kSecond);
  CHECK(waits.woken == 0);
  CHECK(world.route.serving()->generation() == Generation{2});
  under_way.finish();
  world.turn();
  CHECK(waits.woken == 0);
  world.route.resume();
  CHECK(waits.woken == loop::kAdmitted);
  CHECK(waits.upstream->target().generation() == Generation{2});
  waits.finish();
}

TEST_CASE("route: the queue is bounded over all loops") {
  World world(1, 2);
  Request a(world.route), b(world.route), c(world.route);
  CHECK(a.queue());
  CHECK(b.queue());
  CHECK_FALSE(c.queue());
  CHECK(world.held == 2);
  world.route.leave(a.place);
  CHECK(world.held == 1);
  world.route.leave(a.place);
  CHECK(world.held == 1);
  world.route.leave(b.place);
}

TEST_CASE("route: at the bound of connections the next waits for one to end") {
  World world(2);
  Request a(world.route), b(world.route), c(world.route);
  for (Request* request : {&a, &b, &c}) REQUIRE(request->queue());
  world.route.switch_to(Generation{1}, kFirst);
  CHECK(a.woken == loop::kAdmitted);
  CHECK(b.woken == loop::kAdmitted);
  CHECK(c.woken == 0);
  a.finish();
  world.turn();
  CHECK(c.woken == loop::kAdmitted);
  b.finish();
  c.finish();
}

TEST_CASE("route: a refusal wakes whoever waits, and ends with the next switch") {
  World world;
  Request a(world.route);
  REQUIRE(a.queue());
  world.route.refuse("stopping");
  CHECK(a.woken == loop::kRefused);
  CHECK(world.route.refusal() == "stopping");
  world.route.switch_to(Generation{2}, kSecond);
  CHECK(world.route.refusal().empty());
}

TEST_CASE(
    "route: after the switch nobody takes the old target, and it is drained when its last holder lets go") {
  World world(8);
  world.route.switch_to(Generation{1}, kFirst);
  Request a(world.route), b(world.route);
  a.occupy();
  b.occupy();
  world.route.switch_to(Generation{2}, kSecond);
  Request c(world.route);
  c.occupy();
  CHECK(c.holder.target()->generation() == Generation{2});
  Target* old = world.route.retired(Generation{1});
  REQUIRE(old != nullptr);
  std::optional<DrainCount> drained;
  old->when_drained([&](DrainCount count) { drained = count; });
  a.finish();
  CHECK_FALSE(drained);
  b.finish();
  REQUIRE(drained);
  CHECK(drained->of(Carried::Request) == observe::DrainKind{.finished = 2});
  world.route.forget_drained();
  CHECK(world.route.retired(Generation{1}) == nullptr);
  c.finish();
}

TEST_CASE("route: a cut wakes every holder of that target and is counted") {
  World world(8);
  world.route.switch_to(Generation{1}, kFirst);
  Request a(world.route);
  a.task = a.wait_once();
  a.task.start();
  a.occupy();
  world.route.hold();
  CHECK(world.route.current() == nullptr);
  Target* old = world.route.retired(Generation{1});
  REQUIRE(old != nullptr);
  old->cut();
  CHECK(a.woken == loop::kCut);
  a.finish();
  std::optional<DrainCount> drained;
  old->when_drained([&](DrainCount count) { drained = count; });
  REQUIRE(drained);
  CHECK(drained->of(Carried::Request) == observe::DrainKind{.cut = 1});
}

TEST_CASE(
    "route: while connections are refused only who waits longest tries again, once a tick, and keeps its "
    "place") {
  World world(8);
  std::vector<bool> told;
  world.route.watch_connects([&](Generation generation, bool refused) {
    CHECK(generation == Generation{1});
    told.push_back(refused);
  });
  world.route.switch_to(Generation{1}, kFirst);
  Target& target = *world.route.current();
  world.route.refused(target);
  Request first(world.route), second(world.route);
  CHECK(first.queue());
  CHECK(second.queue());
  world.route.admit_soon();
  world.turn();
  CHECK(first.woken == 0);
  world.route.on_tick();
  CHECK(first.woken == loop::kAdmitted);
  CHECK(second.woken == 0);
  // It is refused again, and is still the first.
  first.finish();
  world.route.refused(target);
  first.woken = 0;
  first.task = first.wait_once();
  first.task.start();
  CHECK(world.route.wait(first.place, AppRoute::Place::First));
  world.turn();
  CHECK(second.woken == 0);
  world.route.on_tick();
  CHECK(first.woken == loop::kAdmitted);
  CHECK(second.woken == 0);
  // Taken: all may go.
  world.route.connected(target);
  world.turn();
  CHECK(second.woken == loop::kAdmitted);
  CHECK(told == std::vector<bool>{true, true, false});
  first.finish();
  second.finish();
}

TEST_CASE("route: what is carried is counted by its kind when its target has retired") {
  World world(8);
  world.route.switch_to(Generation{1}, kFirst);
  Request a(world.route), b(world.route), c(world.route);
  for (Request* each : {&a, &b, &c}) each->occupy();
  a.holder.carries(Carried::EventStream);
  a.holder.left_by(Leave::Ended);
  b.holder.carries(Carried::WebSocket);
  b.holder.left_by(Leave::Cut);
  world.route.hold();
  std::optional<DrainCount> drained;
  world.route.retired(Generation{1})->when_drained([&](DrainCount count) { drained = count; });
  for (Request* each : {&a, &b, &c}) each->finish();
  REQUIRE(drained);
  DrainCount expected;
  expected.of(Carried::EventStream).ended = 1;
  expected.of(Carried::WebSocket).cut = 1;
  expected.of(Carried::Request).finished = 1;
  CHECK(*drained == expected);
  CHECK(drained->sum() == observe::DrainKind{.finished = 1, .ended = 1, .cut = 1});
}

TEST_CASE("route: a drained target is remembered until its end was asked for") {
  World world;
  world.route.switch_to(Generation{1}, kFirst);
  world.route.switch_to(Generation{2}, kSecond);
  world.route.forget_drained();
  REQUIRE(world.route.retired(Generation{1}) != nullptr);
  world.route.retired(Generation{1})->when_drained([](DrainCount) {});
  world.route.forget_drained();
  CHECK(world.route.retired(Generation{1}) == nullptr);
}
