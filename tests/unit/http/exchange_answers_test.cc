// What an exchange makes of answers that come in many parts, and of requests that say where they have been.
#include <doctest/doctest.h>

#include <chrono>

#include "tests/unit/http/exchange_world.h"

using namespace berth;
using namespace berth::http;
using berth::test::kGet;
using berth::test::World;
using End = Exchange::End;

namespace {

std::size_t count(const std::string& text, std::string_view part) {
  std::size_t n = 0;
  for (std::size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++n;
  return n;
}

constexpr std::string_view kFinal = "HTTP/1.1 200 OK\r\nDate: today\r\nContent-Length: 5\r\n\r\nhello";

}  // namespace

TEST_CASE(
    "exchange: interim answers pass one by one, whatever their status line lacks, up to the size of one "
    "head") {
  std::string interim;
  while (interim.size() < 60'000) interim += "HTTP/1.1 102\r\n\r\n";
  for (const std::size_t most : {std::string::npos, std::size_t{7}}) {
    CAPTURE(most);
    World world;
    world.most_per_read = most;
    world.turns = 100'000;
    world.answer = interim + std::string(kFinal);
    CHECK(world.serve(kGet));
    const std::string& told = world.client.memory().output;
    CHECK(count(told, "HTTP/1.1 102 \r\n\r\n") == interim.size() / 16);
    CHECK(told.ends_with("\r\n\r\nhello"));
    CHECK(world.end == End::KeepAlive);
  }
}

TEST_CASE("exchange: a backend that sends interim answers without end is a 502, and costs no stack") {
  World world;
  world.answer.clear();
  for (int n = 0; n < 200'000; ++n) world.answer += "HTTP/1.1 102\r\n\r\n";
  CHECK(world.serve(kGet));
  const std::string& told = world.client.memory().output;
  CHECK(told.find("HTTP/1.1 502 Bad Gateway\r\n") != std::string::npos);
  CHECK(told.find("too many interim answers") != std::string::npos);
  CHECK(told.size() < 100'000);
  CHECK(world.connections.at(0).closed);
}

TEST_CASE("exchange: a large head that comes byte by byte is not read anew for each of them") {
  World world;
  world.most_per_read = 1;
  world.answer = "HTTP/1.1 200 OK\r\nX: " + std::string(60'000, 'x') + "\r\nContent-Length: 5\r\n\r\nhello";
  world.turns = 200'000;
  const auto begun = std::chrono::steady_clock::now();
  CHECK(world.serve(kGet));
  // Read anew it would be 1.8 GB to walk.
  CHECK(std::chrono::steady_clock::now() - begun < std::chrono::seconds(30));
  CHECK(world.client.memory().output.ends_with("hello"));
}

TEST_CASE("exchange: a response without a date is given one, and a response with one keeps its own") {
  World without;
  CHECK(without.serve(kGet));
  CHECK(count(without.client.memory().output, "\r\nDate: ") == 1);
  CHECK(without.client.memory().output.find(" GMT\r\n") != std::string::npos);
  World with;
  with.answer = kFinal;
  CHECK(with.serve(kGet));
  CHECK(count(with.client.memory().output, "\r\nDate: ") == 1);
  CHECK(with.client.memory().output.find("\r\nDate: today\r\n") != std::string::npos);
}

TEST_CASE("exchange: a request that has come through the same app before is answered 508") {
  World loops;
  loops.sign("berth-0a1b2c3d-web");
  CHECK(loops.serve("GET / HTTP/1.1\r\nHost: a\r\nVia: 1.1 other, 1.1 berth-0a1b2c3d-web\r\n\r\n"));
  CHECK(loops.client.memory().output.starts_with("HTTP/1.1 508 Loop Detected\r\n"));
  CHECK(loops.connections.empty());
  World other;
  other.sign("berth-0a1b2c3d-web");
  CHECK(other.serve("GET / HTTP/1.1\r\nHost: a\r\nVia: 1.1 berth-ffffffff-web\r\n\r\n"));
  CHECK(other.client.memory().output.starts_with("HTTP/1.1 200 OK\r\n"));
  CHECK(other.connections.at(0).stream.output.find("Via: 1.1 berth-ffffffff-web\r\n") != std::string::npos);
  CHECK(other.connections.at(0).stream.output.find("Via: 1.1 berth-0a1b2c3d-web\r\n") != std::string::npos);
}

TEST_CASE("exchange: a client's request id is kept only where its peer is on this machine or trusted") {
  const std::string request = "GET / HTTP/1.1\r\nHost: a\r\nX-Request-Id: mine\r\n\r\n";
  for (const char* peer : {"192.0.2.7", "127.0.0.1", "::1", "unix:"}) {
    CAPTURE(std::string(peer));
    World world;
    world.client.peer = peer;
    CHECK(world.serve(request));
    const bool kept =
        world.connections.at(0).stream.output.find("X-Request-Id: mine\r\n") != std::string::npos;
    CHECK(kept == (std::string(peer) != "192.0.2.7"));
  }
  World trusted;
  trusted.client.trusted = true;
  CHECK(trusted.serve(request));
  CHECK(trusted.client.memory().output.find("X-Request-Id: mine\r\n") != std::string::npos);
}

TEST_CASE("exchange: only what its client opens again by itself is ended between two events") {
  struct Case {
    const char* method;
    const char* accept;
    const char* status;
    bool ends;
    const char* fields = "";
  };
  for (const Case& each :
       {Case{"GET", "text/event-stream", "200 OK", true},
        Case{"GET", "text/event-stream", "200 OK", false, "Content-Encoding: gzip\r\n"},
        Case{"GET", "text/html, Text/Event-Stream;q=0.9", "200 OK", true},
        Case{"GET", "*/*", "200 OK", false}, Case{"GET", "text/event-streams", "200 OK", false},
        Case{"POST", "text/event-stream", "200 OK", false},
        Case{"GET", "text/event-stream", "403 No", false}}) {
    CAPTURE(std::string(each.method));
    CAPTURE(std::string(each.accept));
    World world;
    world.answer =
        "HTTP/1.1 " + std::string(each.status) + "\r\n" + each.fields +
        "Content-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n9\r\ndata: 1\n\n\r\n";
    CHECK_FALSE(world.serve(std::string(each.method) + " / HTTP/1.1\r\nHost: a\r\nAccept: " + each.accept +
                            "\r\n\r\n"));
    world.route.hold();
    std::optional<route::DrainCount> drained;
    world.route.retired(Generation{1})->when_drained([&](route::DrainCount count) { drained = count; });
    world.client.gate().raise(loop::kLeave);
    const std::string& told = world.client.memory().output;
    CHECK(told.ends_with("0\r\n\r\n") == each.ends);
    CHECK(world.end.has_value() == each.ends);
    // What is not ended drains, and what is cut is cut where all can see it.
    if (!each.ends) {
      world.route.retired(Generation{1})->cut();
      CHECK(world.end == End::Reset);
      CHECK_FALSE(told.ends_with("0\r\n\r\n"));
    }
    REQUIRE(drained);
    const observe::DrainKind kind = drained->of(route::Carried::EventStream);
    CHECK(kind == (each.ends ? observe::DrainKind{.ended = 1} : observe::DrainKind{.cut = 1}));
  }
}

TEST_CASE("exchange: a request that is cut before its answer is told whether another server serves now") {
  struct Case {
    std::string_view now;
    std::string_view told;
  };
  for (const Case& each : {Case{"another", "the server behind it was replaced before it had answered"},
                           Case{"none", "the server behind it was stopped before it had answered"},
                           Case{"refused", "the server behind it was stopped before it had answered"}}) {
    CAPTURE(std::string(each.now));
    World world;
    world.answer.clear();
    CHECK_FALSE(world.serve(kGet));
    if (each.now == "another") world.route.switch_to(Generation{2}, Endpoint::loopback_v4(2));
    if (each.now == "none") world.route.hold();
    if (each.now == "refused") world.route.refuse("berth is stopping");
    world.route.retired(Generation{1})->cut();
    const std::string& told = world.client.memory().output;
    CHECK(told.starts_with("HTTP/1.1 503"));
    CHECK(told.find(each.told) != std::string::npos);
  }
}
