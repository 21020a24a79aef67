// The load client against servers whose faults are counted: it reports exactly those, each by its name, and
// nothing else.
#include <doctest/doctest.h>

#include <array>

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

RequestShape post() {
  return {.kind = RequestKind::Post,
          .method = "POST",
          .body_min = 10,
          .body_max = 100,
          .echoed = true,
          .marked = true};
}

/// Sends `requests`, and no more.
LoadResult run(LoadPlan plan, std::uint64_t requests) {
  plan.most_requests = requests;
  Load load(plan);
  load.start();
  CHECK(wait_until([&] { return load.now().over; }, 20s));
  return load.stop();
}

/// Until `enough` of what the run has done was seen by the server.
template <class Predicate>
LoadResult run_until(const LoadPlan& plan, Predicate enough) {
  Load load(plan);
  load.start();
  CHECK(wait_until(enough, 20s));
  return load.stop();
}

using Counts = std::array<std::uint64_t, kFailureKinds>;
Counts counts(std::initializer_list<std::pair<FailureKind, std::uint64_t>> of) {
  Counts all{};
  for (const auto& [kind, count] : of) all[static_cast<std::size_t>(kind)] = count;
  return all;
}

/// Exactly these failures, every other request answered, and no connection closed untold.
void check_exactly(const LoadResult& result, std::uint64_t requests, const Counts& failures) {
  INFO(result.text());
  CHECK(result.failures == failures);
  CHECK(result.sent == requests);
  CHECK(result.ok + result.failed() == requests);
  CHECK(result.latency.count() == result.ok);
  CHECK(result.keepalive_closed == 0);
  CHECK(result.unsent == 0);
  CHECK(result.samples.empty() == (result.failed() == 0));
}

const FaultyAnswer kDrop{.close = true};

}  // namespace

TEST_CASE("load script: seven dropped connections are seven resets, each with a new connection behind it") {
  FaultyServer server([](const FaultyRequest& request) {
    return request.number % 10 == 0 && request.number <= 70 ? kDrop : answer("x");
  });
  const auto result = run(plan_for(server), 100);
  check_exactly(result, 100, counts({{FailureKind::Reset, 7}}));
  CHECK(result.connections == 8);
  CHECK(server.requests() == 100);
}

TEST_CASE("load script: one stall is the largest latency and the longest gap, and no failure") {
  FaultyServer server([](const FaultyRequest& request) {
    return FaultyAnswer{.parts = {{http_answer("200 OK", "x"), request.number == 50 ? 300ms : 0ms}}};
  });
  const auto result = run(plan_for(server), 200);
  check_exactly(result, 200, {});
  CHECK(result.latency.max() >= 300ms);
  CHECK(result.longest_gap >= 300ms);
  // The 300 ms are one answer's: the next largest is another.
  CHECK(result.latency.percentile(99) < 300ms);
}

TEST_CASE("load script: one cut body is one truncation, with a length and in chunks") {
  FaultyServer server([](const FaultyRequest& request) {
    if (request.number == 5)
      return FaultyAnswer{.parts = {{"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf"}}, .close = true};
    if (request.number == 9)
      return FaultyAnswer{.parts = {{"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n"}},
                          .close = true};
    return answer("whole");
  });
  const auto result = run(plan_for(server), 20);
  check_exactly(result, 20, counts({{FailureKind::Truncated, 2}}));
}

TEST_CASE("load script: an echo of another's body is one wrong body, whatever its length") {
  std::string other;
  FaultyServer server([&other](const FaultyRequest& request) {
    if (request.number == 3) other = request.body;
    std::string body = request.body;
    if (request.number == 7) body = other;
    if (request.number == 11) body.back() = static_cast<char>(body.back() ^ 1);
    if (request.number == 13) body.pop_back();
    return answer(body);
  });
  const auto result = run(plan_for(server, post()), 30);
  check_exactly(result, 30, counts({{FailureKind::WrongBody, 3}}));
}

TEST_CASE("load script: a POST that was delivered twice is one duplicate") {
  std::string marks;
  FaultyServer server([&marks](const FaultyRequest& request) {
    const auto at = request.head.find("X-Load-Id: ");
    const auto mark = request.head.substr(at, request.head.find('\r', at) - at);
    // Each request carries a mark of its own.
    CHECK(at != std::string::npos);
    CHECK(marks.find(mark + ";") == std::string::npos);
    marks += mark + ";";
    return answer(request.body, request.number == 12 ? "X-Load-Seen: 2\r\n" : "X-Load-Seen: 1\r\n");
  });
  const auto result = run(plan_for(server, post()), 30);
  check_exactly(result, 30, counts({{FailureKind::Duplicate, 1}}));
}

TEST_CASE("load script: a response that comes twice is one duplicate, at once and later") {
  const auto twice = http_answer("200 OK", "x");
  FaultyServer at_once([&](const FaultyRequest& request) {
    return FaultyAnswer{.parts = {{request.number == 4 ? twice + twice : twice}}};
  });
  check_exactly(run(plan_for(at_once), 10), 10, counts({{FailureKind::Duplicate, 1}}));

  // Alone on an idle connection: the lane's next request is due much later.
  FaultyServer later([&](const FaultyRequest& request) {
    FaultyAnswer how{.parts = {{twice}}};
    if (request.number == 1) how.parts.push_back({twice, 20ms});
    if (request.number == 2) how.parts.push_back({"no response", 20ms});
    return how;
  });
  auto plan = plan_for(later);
  plan.pause = 2s;
  const auto result = run(plan, 3);
  INFO(result.text());
  CHECK(result.failures == counts({{FailureKind::Duplicate, 1}, {FailureKind::Malformed, 1}}));
  CHECK(result.ok == 3);
}

TEST_CASE("load script: statuses are counted by their hundred") {
  FaultyServer server([](const FaultyRequest& request) {
    if (request.number % 10 == 3) return FaultyAnswer{.parts = {{http_answer("404 Not Found", "")}}};
    if (request.number % 10 == 6 && request.number < 40)
      return FaultyAnswer{.parts = {{http_answer("503 Service Unavailable", "later")}}};
    return answer("x");
  });
  const auto result = run(plan_for(server), 100);
  check_exactly(result, 100, counts({{FailureKind::Status4xx, 10}, {FailureKind::Status5xx, 4}}));
}

TEST_CASE("load script: a server that refuses for a while") {
  FaultyServer server([](const FaultyRequest&) { return answer("x"); }, FaultyServer::Begin::Refusing);
  const auto plan = plan_for(server);
  Load load(plan);
  load.start();
  CHECK(wait_until([&] { return load.now().failed >= 5; }, 20s));
  server.listen();
  CHECK(wait_until([&] { return server.requests() >= 20; }, 20s));
  const auto result = load.stop();
  INFO(result.text());
  CHECK(result.failed(FailureKind::Refused) >= 5);
  CHECK(result.failed() == result.failed(FailureKind::Refused));
  CHECK(result.ok == server.requests());
  // At least four pauses of five milliseconds.
  CHECK(result.longest_gap >= 20ms);
}

TEST_CASE("load script: answers without a body, and ends that were told, are no failures") {
  FaultyServer server([](const FaultyRequest& request) {
    if (request.method == "HEAD")
      return FaultyAnswer{.parts = {{"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n"}}};
    switch (request.number % 5) {
      case 0:
        return FaultyAnswer{.parts = {{"HTTP/1.1 204 No Content\r\n\r\n"}}};
      case 1:
        return FaultyAnswer{.parts = {{"HTTP/1.1 304 Not Modified\r\nContent-Length: 9\r\n\r\n"}}};
      case 2:
        return FaultyAnswer{.parts = {{http_answer("200 OK", "x", "Connection: close\r\n")}}, .close = true};
      default:
        return answer("x");
    }
  });
  auto plan = plan_for(server);
  plan.shapes.push_back({.method = "HEAD"});
  const auto result = run(plan, 60);
  check_exactly(result, 60, {});
  CHECK(result.closed_as_told == 6);
  CHECK(result.connections == 7);
}

TEST_CASE("load script: a body of many megabytes passes through, and its length is what came") {
  const std::string large(8'000'000, 'x');
  FaultyServer server(
      [&](const FaultyRequest& request) { return answer(request.number == 3 ? large + "y" : large); });
  RequestShape shape{.kind = RequestKind::Download, .learned = true};
  const auto result = run(plan_for(server, shape), 4);
  check_exactly(result, 4, counts({{FailureKind::WrongBody, 1}}));
  CHECK(result.bytes_in == 32'000'001);
}

TEST_CASE("load script: servers beside each other have their own connections and faults") {
  // Slower than the other: it must not have used up all requests before that one's second.
  FaultyServer sound([](const FaultyRequest&) {
    return FaultyAnswer{.parts = {{http_answer("200 OK", "x"), 2ms}}};
  });
  FaultyServer faulty([](const FaultyRequest& request) { return request.number == 2 ? kDrop : answer("x"); });
  LoadPlan plan;
  plan.keep_alive_lanes = 2;
  plan.targets = {{.port = sound.port()}, {.port = faulty.port()}};
  plan.shapes = {RequestShape{.server = 0, .target = "/sound"},
                 RequestShape{.server = 1, .target = "/faulty"}};
  const auto result = run(plan, 100);
  check_exactly(result, 100, counts({{FailureKind::Reset, 1}}));
  CHECK(sound.requests() + faulty.requests() == 100);
  CHECK(sound.requests() > 0);
  CHECK(result.samples.at(0).find("/faulty") != std::string::npos);
}

TEST_CASE("load script: shapes of fresh connections have them for themselves") {
  FaultyServer server([](const FaultyRequest& request) {
    CHECK((request.target == "/fresh") == (request.head.find("Connection: close") != std::string::npos));
    return answer("x");
  });
  auto plan = plan_for(server, {.target = "/kept"});
  plan.fresh_lanes = 1;
  plan.shapes.push_back({.kind = RequestKind::Fresh, .target = "/fresh"});
  const auto result = run(plan, 60);
  check_exactly(result, 60, {});
  const auto& fresh = result.kinds[static_cast<std::size_t>(RequestKind::Fresh)];
  CHECK(fresh.requests > 0);
  CHECK(result.connections == fresh.requests + 1);
  // All of them: there is no kept one.
  plan.shapes.erase(plan.shapes.begin());
  plan.keep_alive_lanes = 0;
  CHECK(run(plan, 10).connections == 10);
}

TEST_CASE("load script: event ids that are left out and that come again") {
  std::vector<std::string> had;
  FaultyServer server([&had](const FaultyRequest& request) {
    const auto at = request.head.find("Last-Event-ID: ");
    had.push_back(
        at == std::string::npos ? "" : request.head.substr(at + 15, request.head.find('\r', at) - at - 15));
    const auto events = [](std::initializer_list<int> ids) {
      std::string text = ": a comment\n\n";
      for (const int id : ids) text += "id: " + std::to_string(id) + "\ndata: x\n\n";
      return text;
    };
    // Until close: the end of the connection is the stream's.
    std::string text = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n";
    if (request.number == 1) text += events({1, 2, 3, 6, 7});  // 4 and 5 are left out
    if (request.number == 2) text += events({6, 7, 8});        // 6 and 7 come again
    if (request.number == 3) text += events({9}) + "id: 10\ndata: cut";
    if (request.number == 4) text += events({10, 11});
    if (request.number == 5) return FaultyAnswer{.parts = {{http_answer("404 Not Found", "")}}};
    return FaultyAnswer{.parts = {{text}}, .close = request.number < 6};
  });
  LoadPlan plan;
  plan.port = server.port();
  plan.keep_alive_lanes = 0;
  plan.events = {.target = "/events", .lanes = 1};
  const auto result = run_until(plan, [&] { return server.requests() >= 6; });
  INFO(result.text());
  CHECK(result.events.received == 11);
  CHECK(result.events.gaps == 2);
  CHECK(result.events.repeats == 2);
  CHECK(result.events.streams == 1);
  CHECK(result.failures == counts({{FailureKind::Truncated, 1}, {FailureKind::Status4xx, 1}}));
  CHECK(had == std::vector<std::string>{"", "7", "8", "9", "11", "11"});
  CHECK(result.sent == 0);
  CHECK(result.longest_gap == 0ns);
}

TEST_CASE("load script: WebSockets that are closed, cut, echoed wrong and left without an echo") {
  FaultyServer server([](const FaultyRequest& request) {
    FaultyAnswer how{.parts = {{upgrade_answer()}}};
    const auto connection = request.number;
    if (connection == 5) return FaultyAnswer{.parts = {{http_answer("503 Service Unavailable", "")}}};
    how.on_text = [connection](const std::string& text, std::uint64_t number) {
      if (number < 2 && connection < 6) return FaultyAnswer{.parts = {{server_frame(text)}}};
      switch (connection) {
        case 1:
          return FaultyAnswer{.parts = {{server_frame("", 9) + server_frame(text) + close_frame(1012)}}};
        case 2:
          return FaultyAnswer{.close = true};
        case 3:
          return FaultyAnswer{.parts = {{server_frame("another's") + close_frame(1012)}}};
        case 4:
          return FaultyAnswer{};  // never
        default:
          return FaultyAnswer{.parts = {{server_frame(text)}}};
      }
    };
    return how;
  });
  LoadPlan plan;
  plan.port = server.port();
  plan.keep_alive_lanes = 0;
  plan.websockets = {.target = "/ws", .lanes = 1};
  plan.request_timeout = 3s;
  const auto result = run_until(plan, [&] { return server.requests() >= 6; });
  INFO(result.text());
  const auto& sockets = result.websockets;
  CHECK(sockets.connections == 1);
  CHECK(sockets.closes == std::map<unsigned, std::uint64_t>{{1006, 1}, {1012, 2}});
  CHECK(sockets.wrong == 1);
  CHECK(sockets.unanswered == 2);
  CHECK(sockets.echoed >= 5);
  CHECK(result.failures == counts({{FailureKind::WrongBody, 1},
                                   {FailureKind::Timeout, 1},
                                   {FailureKind::Reset, 1},  // the text that went down with its connection
                                   {FailureKind::Status5xx, 1}}));
}

TEST_CASE(
    "load script: streams and WebSockets that are never answered are timeouts, and garbage is malformed") {
  for (const int round : {0, 1, 2, 3}) {
    const bool garbage = round % 2 == 1, streams = round < 2;
    FaultyServer server([&](const FaultyRequest&) {
      return FaultyAnswer{.parts = {{garbage ? "not HTTP at all\r\n\r\n" : ""}}};
    });
    LoadPlan plan;
    plan.port = server.port();
    plan.keep_alive_lanes = 0;
    (streams ? plan.events : plan.websockets).lanes = 2;
    plan.request_timeout = garbage ? 10s : 30ms;
    const auto result = run_until(plan, [&] { return server.requests() >= 4; });
    INFO(round, " ", result.text());
    const auto kind = garbage ? FailureKind::Malformed : FailureKind::Timeout;
    CHECK(result.failed(kind) >= 2);
    CHECK(result.failed() == result.failed(kind));
    CHECK(result.events.streams + result.websockets.connections == 0);
  }
}
