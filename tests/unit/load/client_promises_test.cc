// The load client keeps to what HTTP and its own requests say, calls each odd answer by its name, and ends a
// run with its last answer.
#include <doctest/doctest.h>

#include <atomic>

#include "bench/load/load.h"
#include "tests/support/faulty_server.h"
#include "tests/support/wait_until.h"

using namespace std::chrono_literals;
using namespace berth::load;
using namespace berth::test;

namespace {

LoadPlan plan_for(const FaultyServer& server, RequestShape shape = {}) {
  LoadPlan plan;
  plan.port = server.port();
  plan.keep_alive_lanes = 1;
  plan.shapes = {std::move(shape)};
  return plan;
}

LoadPlan web_sockets_for(const FaultyServer& server, std::chrono::milliseconds timeout) {
  auto plan = plan_for(server);
  plan.keep_alive_lanes = 0;
  plan.websockets = {.target = "/ws", .lanes = 1};
  plan.request_timeout = timeout;
  return plan;
}

LoadResult run(LoadPlan plan, std::uint64_t requests) {
  plan.most_requests = requests;
  Load load(plan);
  load.start();
  CHECK(wait_until([&] { return load.now().over; }, 20s));
  return load.stop();
}

template <class Predicate>
LoadResult run_until(const LoadPlan& plan, Predicate enough) {
  Load load(plan);
  load.start();
  CHECK(wait_until(enough, 20s));
  return load.stop();
}

void check_only(const LoadResult& result, FailureKind kind, std::uint64_t count) {
  INFO(result.text());
  CHECK(result.failed(kind) == count);
  CHECK(result.failed() == count);
}

FaultyAnswer raw(const std::string& bytes, bool close = false) {
  return {.parts = {{bytes}}, .close = close};
}

}  // namespace

TEST_CASE(
    "load promise: a connection that the request asked to close carries no other, whatever the answer says") {
  for (const char* field :
       {"Connection: close\r\n", "connection: x, CLOSE\r\n", "Connection: x\r\nConnection: close\r\n"}) {
    CAPTURE(field);
    // A server that keeps its word: it closes, and does not say so again.
    FaultyServer closes([](const FaultyRequest&) {
      return FaultyAnswer{.parts = {{http_answer("200 OK", "x")}}, .close = true};
    });
    const auto result = run(plan_for(closes, {.fields = field}), 30);
    check_only(result, FailureKind::Reset, 0);
    CHECK(result.connections == 30);
    CHECK(result.keepalive_closed == 0);
    CHECK(result.closed_as_told == 0);
    // One that does not close is left all the same.
    FaultyServer stays([](const FaultyRequest&) { return answer("x"); });
    CHECK(run(plan_for(stays, {.fields = field}), 10).connections == 10);
  }
}

TEST_CASE(
    "load promise: a server of HTTP/1.0 is left after each answer, unless both sides keep the connection") {
  FaultyServer ends(
      [](const FaultyRequest&) { return raw("HTTP/1.0 200 OK\r\nContent-Length: 1\r\n\r\nx", true); });
  auto result = run(plan_for(ends), 10);
  check_only(result, FailureKind::Reset, 0);
  CHECK(result.connections == 10);
  FaultyServer stays([](const FaultyRequest&) {
    return raw("HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 1\r\n\r\nx");
  });
  result = run(plan_for(stays), 10);
  check_only(result, FailureKind::Reset, 0);
  CHECK(result.connections == 1);
}

TEST_CASE(
    "load promise: a body waits for 100 (Continue), is not sent after a refusal, and does not wait for "
    "ever") {
  const RequestShape shape{
      .kind = RequestKind::Post, .method = "POST", .fields = "Expect: 100-continue\r\n", .body = "the body"};
  // The server reads a whole request before it answers: one that never says 100 gets the body after a while.
  FaultyServer never_says([](const FaultyRequest& request) { return answer(request.body); });
  const auto begun = std::chrono::steady_clock::now();
  auto plan = plan_for(never_says, shape);
  plan.shapes[0].echoed = true;
  check_only(run(plan, 1), FailureKind::Timeout, 0);
  CHECK(std::chrono::steady_clock::now() - begun >= 1s);
  CHECK(never_says.requests() == 1);
  // One that refuses gets no body: that connection cannot carry another request.
  FaultyServer refuses([](const FaultyRequest&) { return answer("the body came"); });
  refuses.at_head([](const FaultyRequest&) { return http_answer("417 Expectation Failed", ""); });
  const auto refused = run(plan_for(refuses, shape), 3);
  check_only(refused, FailureKind::Status4xx, 3);
  CHECK(refused.connections == 3);
  CHECK(refuses.requests() == 0);
  FaultyServer says([](const FaultyRequest& request) { return answer(request.body); });
  says.at_head([](const FaultyRequest&) { return "HTTP/1.1 100 Continue\r\n\r\n"; });
  plan = plan_for(says, shape);
  plan.shapes[0].echoed = true;
  const auto said = run(plan, 20);
  check_only(said, FailureKind::Timeout, 0);
  CHECK(said.connections == 1);
  CHECK(said.latency.percentile(50) < 1s);
}

TEST_CASE("load promise: each odd status is a kind of its own, and interim answers are read over") {
  struct Row {
    const char* status;
    FailureKind kind;
    const char* name;
  };
  for (const Row& row : {Row{"101 Switching Protocols", FailureKind::Status1xx, "1xx"},
                         {"404 Not Found", FailureKind::Status4xx, "4xx"},
                         {"503 Busy", FailureKind::Status5xx, "5xx"},
                         {"600 Odd", FailureKind::OtherStatus, "other_status"},
                         {"999 Denied", FailureKind::OtherStatus, "other_status"}}) {
    CAPTURE(row.status);
    FaultyServer server([&](const FaultyRequest&) {
      const std::string bodiless = "HTTP/1.1 " + std::string(row.status) + "\r\n\r\n";
      return raw("HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" +
                 (row.kind == FailureKind::Status1xx ? bodiless : http_answer(row.status, "")));
    });
    const auto result = run(plan_for(server), 3);
    check_only(result, row.kind, 3);
    CHECK(std::string(name_of(row.kind)) == row.name);
    CHECK(result.samples.at(0).find(std::string(": ") + row.name + ": " +
                                    std::string(row.status).substr(0, 3)) != std::string::npos);
    // After 101 the connection speaks something else.
    CHECK(result.connections == (row.kind == FailureKind::Status1xx ? 3 : result.connections));
  }
  for (const auto& each :
       {std::pair{"200 OK", FailureKind::Status2xx}, {"302 Found", FailureKind::Status3xx}}) {
    const char* status = each.first;
    const FailureKind kind = each.second;
    CAPTURE(status);
    FaultyServer server([status](const FaultyRequest&) { return raw(http_answer(status, "")); });
    check_only(run(plan_for(server, {.expect_status = 201}), 2), kind, 2);
  }
}

TEST_CASE("load promise: a WebSocket reads interim answers over, and another answer is of its own kind") {
  std::atomic<int> texts = 0;
  FaultyServer interim([&](const FaultyRequest&) {
    FaultyAnswer how{.parts = {{"HTTP/1.1 103 Early Hints\r\n\r\n" + upgrade_answer()}}};
    how.on_text = [&](const std::string& text, std::uint64_t) {
      ++texts;
      return raw(server_frame(text));
    };
    return how;
  });
  const auto result = run_until(web_sockets_for(interim, 10s), [&] { return texts >= 1; });
  check_only(result, FailureKind::Malformed, 0);
  CHECK(result.websockets.echoed >= 1);
  for (const auto& each : {std::pair{"200 OK", FailureKind::Status2xx},
                           {"302 Found", FailureKind::Status3xx},
                           {"404 Not Found", FailureKind::Status4xx},
                           {"999 Denied", FailureKind::OtherStatus}}) {
    const char* status = each.first;
    const FailureKind kind = each.second;
    CAPTURE(status);
    FaultyServer server([status](const FaultyRequest&) { return raw(http_answer(status, "x")); });
    const auto other = run_until(web_sockets_for(server, 10s), [&] { return server.requests() >= 3; });
    INFO(other.text());
    CHECK(other.failed(kind) >= 2);
    CHECK(other.failed() == other.failed(kind));
  }
}

TEST_CASE(
    "load promise: lines that end by LF alone are malformed at once, of requests, streams and WebSockets") {
  FaultyServer server([](const FaultyRequest&) { return raw("HTTP/1.1 200 OK\nContent-Length: 1\n\nx"); });
  check_only(run(plan_for(server), 3), FailureKind::Malformed, 3);
  auto streams = plan_for(server);
  streams.keep_alive_lanes = 0;
  streams.events = {.target = "/events", .lanes = 1};
  for (const LoadPlan& plan : {streams, web_sockets_for(server, 10s)}) {
    const auto before = server.requests();
    const auto result = run_until(plan, [&] { return server.requests() >= before + 2; });
    INFO(result.text());
    CHECK(result.failed(FailureKind::Malformed) >= 1);
    CHECK(result.failed() == result.failed(FailureKind::Malformed));
  }
}

TEST_CASE(
    "load promise: a WebSocket server that never echoes is a failure, closed or silent, however short the "
    "run is") {
  FaultyServer closes([](const FaultyRequest&) {
    FaultyAnswer how{.parts = {{upgrade_answer()}}};
    how.on_text = [](const std::string&, std::uint64_t) { return FaultyAnswer{.close = true}; };
    return how;
  });
  const auto closed = run_until(web_sockets_for(closes, 10s), [&] { return closes.requests() >= 4; });
  INFO(closed.text());
  CHECK(closed.failed(FailureKind::Reset) >= 3);
  CHECK(closed.failed(FailureKind::Reset) == closed.websockets.closes.at(1006));
  std::atomic<int> texts = 0;
  FaultyServer silent([&](const FaultyRequest&) {
    FaultyAnswer how{.parts = {{upgrade_answer()}}};
    how.on_text = [&](const std::string&, std::uint64_t) {
      ++texts;
      return FaultyAnswer{};
    };
    return how;
  });
  // A text is under way at the end, and waited for as a request is.
  const auto never = run_until(web_sockets_for(silent, 300ms), [&] { return texts >= 1; });
  INFO(never.text());
  CHECK(never.websockets.sent == 1);
  CHECK(never.websockets.unanswered == 1);
  check_only(never, FailureKind::Timeout, 1);
}

TEST_CASE(
    "load promise: frames that no server may send are malformed, and none is waited for without bound") {
  const std::vector<std::string> frames = {
      std::string("\x81\x81", 2),                                                   // masked
      std::string("\xc1\x01", 2),                                                   // of an extension
      std::string("\x83\x01", 2),                                                   // unknown
      std::string("\x09\x01", 2),                                                   // a ping in parts
      std::string("\x81\x7f\0\0\0\x7f\0\0\0\0", 10) + std::string(1'200'000, 'x'),  // half a terabyte
  };
  for (const std::string& frame : frames) {
    CAPTURE(frame.substr(0, 2));
    FaultyServer server([&](const FaultyRequest&) {
      FaultyAnswer how{.parts = {{upgrade_answer()}}};
      how.on_text = [&](const std::string&, std::uint64_t) { return raw(frame); };
      return how;
    });
    const auto result = run_until(web_sockets_for(server, 10s), [&] { return server.requests() >= 2; });
    INFO(result.text());
    CHECK(result.failed(FailureKind::Malformed) >= 1);
    CHECK(result.failed() == result.failed(FailureKind::Malformed));
  }
}

TEST_CASE("load promise: a run of so many requests ends with its last answer, whenever it is asked for") {
  FaultyServer server([](const FaultyRequest&) { return answer("x"); });
  auto plan = plan_for(server);
  plan.most_requests = 50;
  Load load(plan);
  load.start();
  CHECK(wait_until([&] { return load.ended(); }, 20s));  // by itself
  const auto until = std::chrono::steady_clock::now() + 300ms;
  CHECK(wait_until([&] { return std::chrono::steady_clock::now() >= until; }, 20s));
  const auto result = load.stop();
  INFO(result.text());
  CHECK(result.ok == 50);
  std::chrono::nanoseconds all{0};
  result.latency.each([&](std::chrono::nanoseconds highest, std::uint64_t n) {
    all += highest * static_cast<std::int64_t>(n);
  });
  // One lane: the answers one after the other are the run, but for what lies between them.
  CHECK(result.took < all + 250ms);
  CHECK(result.longest_gap < result.latency.max() + 250ms);
}

TEST_CASE("load promise: what is under way at the stop is waited for, counts, and can be given up") {
  FaultyServer slow([](const FaultyRequest&) {
    return FaultyAnswer{.parts = {{http_answer("200 OK", "x"), 300ms}}};
  });
  Load waits(plan_for(slow));
  waits.start();
  CHECK(wait_until([&] { return slow.requests() >= 1; }, 20s));
  auto result = waits.stop();
  INFO(result.text());
  CHECK(result.ok == result.sent);
  CHECK(result.took >= 300ms);
  CHECK(result.given_up == 0);

  FaultyServer silent([](const FaultyRequest&) { return FaultyAnswer{}; });
  Load hangs(plan_for(silent));
  hangs.start();
  CHECK(wait_until([&] { return silent.requests() >= 1; }, 20s));
  hangs.begin_stop();
  CHECK_FALSE(hangs.ended());
  hangs.give_up();
  CHECK(wait_until([&] { return hangs.ended(); }, 5s));
  result = hangs.stop();
  CHECK(result.sent == 1);
  CHECK(result.given_up == 1);
  CHECK(result.failed() == 0);
}

TEST_CASE("load promise: what was due and never sent is counted") {
  FaultyServer slow([](const FaultyRequest&) {
    return FaultyAnswer{.parts = {{http_answer("200 OK", "x"), 100ms}}};
  });
  auto plan = plan_for(slow);
  plan.rate = 200;
  Load load(plan);
  load.start();
  CHECK(wait_until([&] { return load.answered() >= 3; }, 20s));
  const auto result = load.stop();
  INFO(result.text());
  CHECK(result.unsent > result.sent);
  // All that were due within the run are one or the other.
  const auto due = 200 * std::chrono::duration<double>(result.took).count();
  CHECK(static_cast<double>(result.sent + result.unsent) <= due + 1);
  CHECK(static_cast<double>(result.sent + result.unsent) >= due - 200 * 0.3);
}

TEST_CASE(
    "load promise: a peer that sends without an end neither keeps the loop for itself nor the run from its "
    "stop") {
  FaultyServer endless([](const FaultyRequest& request) {
    FaultyAnswer how{.parts = {{"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n"}}};
    if (request.target == "/events") how.parts.push_back({std::string(3 * 1024 * 1024, 'x')});
    return how;
  });
  auto plan = plan_for(endless);
  plan.keep_alive_lanes = 0;
  plan.events = {.target = "/events", .lanes = 1};
  const auto result = run_until(plan, [&] { return endless.requests() >= 2; });
  INFO(result.text());
  CHECK(result.failed(FailureKind::Malformed) >= 1);
  CHECK(result.samples.at(0).find("a line of the stream is longer than a MiB") != std::string::npos);
}
