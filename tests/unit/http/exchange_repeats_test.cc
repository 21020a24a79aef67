// How often a request reaches a backend (P8), and on which connection the next one goes.
#include <doctest/doctest.h>

#include <string>

#include "tests/unit/http/exchange_world.h"

using namespace berth;
using namespace berth::http;
using berth::test::kGet;
using berth::test::Script;
using berth::test::World;
using End = Exchange::End;

namespace {

constexpr std::string_view kPost = "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\n01234";

std::size_t deliveries(const World& world) {
  std::size_t count = 0;
  for (const Script& script : world.connections) count += script.stream.output.empty() ? 0 : 1;
  return count;
}

}  // namespace

TEST_CASE("P8: a backend that always dies gets a GET three times and a POST once, then its client a 502") {
  struct Row {
    std::string_view request;
    std::size_t delivered;
  };
  for (const Row& row : {Row{kGet, 3}, Row{kPost, 1}, Row{"DELETE / HTTP/1.1\r\nHost: a\r\n\r\n", 3},
                         Row{"PATCH / HTTP/1.1\r\nHost: a\r\n\r\n", 1}}) {
    CAPTURE(std::string(row.request));
    World world;
    world.answer.clear();
    world.dies = true;
    CHECK(world.serve(row.request));
    CHECK(world.client.memory().output.starts_with("HTTP/1.1 502 "));
    CHECK(deliveries(world) == row.delivered);
    CHECK(world.route.counters.retried == row.delivered - 1);
    CHECK(world.route.counters.failed == 1);
    for (const Script& script : world.connections) CHECK(script.closed);
  }
}

TEST_CASE("P8: a retry that meets a swap is the last one, and goes to the new generation") {
  World world;
  world.answer.clear();
  world.dies = true;
  int deaths = 0;
  world.on_death = [&] {
    if (++deaths == 1) world.route.switch_to(Generation{2}, Endpoint::loopback_v4(2));
  };
  CHECK(world.serve(kGet));
  CHECK(deaths == 2);
  CHECK(deliveries(world) == 2);
  CHECK(world.client.memory().output.starts_with("HTTP/1.1 502 "));
}

TEST_CASE("P8: a retry after two deaths of one generation finds its successor") {
  World world;
  const std::string answer = std::exchange(world.answer, {});
  world.dies = true;
  int deaths = 0;
  world.on_death = [&] {
    if (++deaths < 2) return;
    world.dies = false;
    world.answer = answer;
    world.route.switch_to(Generation{2}, Endpoint::loopback_v4(2));
  };
  CHECK(world.serve(kGet));
  CHECK(deliveries(world) == 3);
  CHECK(world.client.memory().output.ends_with("hello"));
  CHECK(world.route.counters.failed == 0);
}

TEST_CASE("P8: what has had a byte of its answer is never sent again") {
  World world;
  world.answer = "HTTP/1.1 200";
  world.closes = true;
  CHECK(world.serve(kGet));
  CHECK(deliveries(world) == 1);
  CHECK(world.client.memory().output.starts_with("HTTP/1.1 502 "));
}

TEST_CASE("exchange: the next request goes on the connection of the last one") {
  World world;
  REQUIRE(world.serve(kGet));
  REQUIRE(world.serve_next(kPost));
  CHECK(world.end == End::KeepAlive);
  CHECK(world.client.memory().output.ends_with("hello"));
  CHECK(world.connections.size() == 1);
}

TEST_CASE("exchange: a connection with bytes behind its answer is not used again") {
  for (const std::size_t most : {std::string::npos, std::size_t{1}}) {
    CAPTURE(most);
    World world;
    world.most_per_read = most;
    world.answer += "HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nstolen";
    REQUIRE(world.serve(kGet));
    CHECK(world.client.memory().output.ends_with("hello"));
    if (most != 1) CHECK(world.connections[0].closed);  // they were seen
    world.answer = "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nmine";
    for (const std::string_view request : {kPost, kGet}) {
      REQUIRE(world.serve_next(request));
      CHECK(world.client.memory().output.ends_with("mine"));
    }
  }
}

TEST_CASE("P8: what may not be repeated takes no pooled connection whose end has come already") {
  World world;
  REQUIRE(world.serve(kGet));
  world.connections[0].stream.ended = true;
  REQUIRE(world.serve_next(kPost));
  CHECK(world.client.memory().output.ends_with("hello"));
  REQUIRE(world.connections.size() == 2);
  CHECK(world.connections[0].stream.output.empty());
  CHECK(world.connections[0].closed);
}

TEST_CASE(
    "P4: a connection to the old generation is closed at the switch, or as soon as its request is answered") {
  World idle;
  REQUIRE(idle.serve(kGet));
  CHECK_FALSE(idle.connections[0].closed);
  idle.route.switch_to(Generation{2}, Endpoint::loopback_v4(2));
  CHECK(idle.connections[0].closed);
  World busy;
  const std::string answer = std::exchange(busy.answer, {});
  CHECK_FALSE(busy.serve(kGet));
  busy.route.switch_to(Generation{2}, Endpoint::loopback_v4(2));
  CHECK_FALSE(busy.connections[0].closed);
  busy.connections[0].stream.input = answer;
  busy.client.gate().raise(loop::kUpstreamIn);
  CHECK(busy.end == End::KeepAlive);
  CHECK(busy.client.memory().output.ends_with("hello"));
  CHECK(busy.connections[0].closed);
  CHECK(busy.route.idle_connections() == 0);
}

TEST_CASE("exchange: an interim answer reaches a client of HTTP/1.1 and none of HTTP/1.0") {
  for (const char* version : {"1.1", "1.0"}) {
    CAPTURE(version);
    World world;
    world.answer = "HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n" + world.answer;
    REQUIRE(world.serve("GET / HTTP/" + std::string(version) + "\r\nHost: a\r\n\r\n"));
    const bool told = world.client.memory().output.find("103 Early") != std::string::npos;
    CHECK(told == (std::string(version) == "1.1"));
    CHECK(world.client.memory().output.ends_with("hello"));
  }
}

TEST_CASE("exchange: a client that leaves within its answer is seen in the access log, byte by byte") {
  observe::AccessRing ring(16 * 1024, [] {});
  World world;
  world.client.notes.access = &ring;
  const std::string body(1'000, 'x');
  world.answer = "HTTP/1.1 200 OK\r\nDate: d\r\nContent-Length: 1000\r\n\r\n" + body;
  world.client.memory().room = 300;
  CHECK_FALSE(world.serve(kGet));
  const std::string& said = world.client.memory().output;
  CHECK(said.size() == 300);
  world.client.gate().raise(loop::kClientGone);
  CHECK(world.end == End::Close);
  REQUIRE(ring.front() != nullptr);
  CHECK(ring.front()->status == 200);
  CHECK(ring.front()->bytes == said.size() - (said.find("\r\n\r\n") + 4));
  CHECK_FALSE(ring.front()->complete);
}
