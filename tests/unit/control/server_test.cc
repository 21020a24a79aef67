#include "proxy/control/server.h"

#include <doctest/doctest.h>

#include <boost/json/parse.hpp>
#include <thread>

#include "proxy/control/client.h"
#include "tests/unit/control/fake_service.h"
#include "tests/unit/control/raw_client.h"

namespace berth::control {
namespace {

using std::chrono::milliseconds;

CallResult get(const LiveServer& server, const std::string& target) {
  return call(server.path(), {"GET", target, {}});
}

CallResult post(const LiveServer& server, const std::string& target, const std::string& body,
                std::vector<std::string>* lines = nullptr) {
  Following following;
  following.timeout = milliseconds(20'000);
  if (lines != nullptr) following.on_line = [lines](std::string_view line) { lines->emplace_back(line); };
  return call(server.path(), {"POST", target, body}, following);
}

std::string detail(const CallResult& result) {
  return std::string(boost::json::parse(result.body).at("detail").as_string().c_str());
}

bool eventually(LiveServer& server, const std::function<bool()>& holds) {
  auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(10);
  while (std::chrono::steady_clock::now() < deadline) {
    bool yes = false;
    server.on_loop([&] { yes = holds(); });
    if (yes) return true;
    std::this_thread::yield();
  }
  return false;
}

void finish_at_once(SwapWatch& watch) {
  for (const auto& phase : example_report().phases) watch.on_phase(phase);
  watch.on_switched(example_report());
  watch.on_result({SwapResult::Kind::Done, "", example_report()});
}

}  // namespace

TEST_CASE("server: status and one app are objects") {
  LiveServer server;
  auto all = get(server, "/v1/status");
  CHECK(all.status == 200);
  CHECK(boost::json::parse(all.body).at("apps").at(0).at("name") == "web");
  CHECK(boost::json::parse(get(server, "/v1/apps/web").body).at("state") == "serving");
  CHECK(boost::json::parse(get(server, "/v1/apps/web/report").body).at("id") == 3);
  CHECK(boost::json::parse(get(server, "/v1/apps/web/reports").body).at("reports").as_array().size() == 1);
}

TEST_CASE("server: errors are problems with a status and a detail that says what to do") {
  LiveServer server;
  CHECK(get(server, "/v1/apps/other").status == 404);
  CHECK(detail(get(server, "/v1/apps/other")) == "there is no app 'other'; there are: web");
  CHECK(get(server, "/nowhere").status == 404);
  CHECK(get(server, "/v1/stop").status == 405);
  CHECK(get(server, "/v1/apps/web/logs?x=1").status == 400);
  CHECK(post(server, "/v1/apps/web/swap", "{").status == 400);
  CHECK(post(server, "/v1/apps/web/cancel", "").status == 409);
  server.on_loop([&] { server.service.kept.clear(); });
  CHECK(get(server, "/v1/apps/web/report").status == 404);
  server.on_loop([&] { server.service.running = true; });
  CHECK(post(server, "/v1/apps/web/cancel", "").status == 200);
}

TEST_CASE("server: a swap streams its phases and ends with a result") {
  LiveServer server;
  server.on_loop([&] { server.service.on_swap = finish_at_once; });
  std::vector<std::string> lines;
  auto result =
      post(server, "/v1/apps/web/swap", R"({"command":["x"],"dir":"/srv","env":{"A":"1"}})", &lines);
  CHECK(result.end == CallEnd::Complete);
  CHECK(result.status == 200);
  REQUIRE(lines.size() == 8);
  CHECK(boost::json::parse(lines[0]).at("event") == "phase");
  CHECK(boost::json::parse(lines[6]).at("event") == "switched");
  CHECK(boost::json::parse(lines[7]).at("result") == "done");
  server.on_loop([&] {
    CHECK(server.service.asked.command == std::vector<std::string>{"x"});
    CHECK(server.service.asked.env.at("A") == "1");
    CHECK(server.service.asked.verb == SwapVerbKind::Swap);
  });
  CHECK(eventually(server, [&] { return server.service.handles_dropped == 1; }));
  server.on_loop([&] { server.service.on_swap = finish_at_once; });
  CHECK(post(server, "/v1/apps/web/restart", "").status == 200);
  server.on_loop([&] { CHECK(server.service.asked.verb == SwapVerbKind::Restart); });
  CHECK(post(server, "/v1/apps/web/attach", R"({"to":"9000","released_within":"2s"})").status == 200);
  server.on_loop([&] {
    CHECK(server.service.asked.verb == SwapVerbKind::Attach);
    CHECK(server.service.asked.to == Endpoint::loopback_v4(9000));
    CHECK(server.service.asked.released_within == std::chrono::seconds(2));
  });
  CHECK(post(server, "/v1/apps/web/attach", "").status == 400);
  CHECK(post(server, "/v1/apps/web/swap", R"({"to":"9000","command":["x"]})").status == 400);
  CHECK(post(server, "/v1/apps/web/detach", "").status == 200);
  server.on_loop([&] { CHECK(server.service.asked.verb == SwapVerbKind::Detach); });
}

TEST_CASE("server: wait=switch ends with the switch, and the swap goes on unwatched") {
  LiveServer server;
  server.on_loop(
      [&] { server.service.on_swap = [](SwapWatch& watch) { watch.on_switched(example_report()); }; });
  std::vector<std::string> lines;
  CHECK(post(server, "/v1/apps/web/swap", R"({"wait":"switch"})", &lines).end == CallEnd::Complete);
  REQUIRE(lines.size() == 1);
  CHECK(boost::json::parse(lines[0]).at("result") == "switched");
  CHECK(boost::json::parse(lines[0]).at("exit_code") == 0);
  CHECK(eventually(server, [&] { return server.service.handles_dropped == 1; }));
}

TEST_CASE("server: lines reach the client as they come, not at the end") {
  LiveServer server;
  RawClient client(server.path());
  client.send("POST /v1/apps/web/swap HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n{}");
  REQUIRE(eventually(server, [&] { return server.service.watches.size() == 1; }));
  server.on_loop([&] { server.service.watches[0].on_phase(example_report().phases[0]); });
  CHECK(client.read_until("pid 4132").find("pid 4132") != std::string::npos);
  server.on_loop([&] { server.service.watches[0].on_result({SwapResult::Kind::Done, "", {}}); });
  std::string rest = client.read_until("0\r\n\r\n");
  CHECK(rest.find("\"result\":\"done\"") != std::string::npos);
  // The connection is kept: the next request is answered on it.
  client.send("GET /v1/status HTTP/1.1\r\nHost: x\r\n\r\n");
  CHECK(client.read_until("\"apps\"").starts_with("HTTP/1.1 200 OK"));
}

TEST_CASE("server: a client that leaves gives its watch back and changes nothing else") {
  LiveServer server;
  {
    RawClient client(server.path());
    client.send("POST /v1/apps/web/swap HTTP/1.1\r\nHost: x\r\n\r\n");
    REQUIRE(eventually(server, [&] { return server.service.watches.size() == 1; }));
  }
  CHECK(eventually(server, [&] { return server.service.handles_dropped == 1; }));
  server.on_loop([&] { server.service.watches[0].on_result({SwapResult::Kind::Done, "", {}}); });
  CHECK(get(server, "/v1/status").status == 200);
}

TEST_CASE("server: a client that ends its side behind its request gets all its lines") {
  LiveServer server;
  RawClient status(server.path());
  status.send("GET /v1/status HTTP/1.1\r\nHost: x\r\n\r\n");
  status.finish();
  CHECK(status.read_to_end().ends_with("}\n"));
  RawClient swap(server.path());
  swap.send("POST /v1/apps/web/swap HTTP/1.1\r\nHost: x\r\n\r\n");
  swap.finish();
  REQUIRE(eventually(server, [&] { return server.service.watches.size() == 1; }));
  server.on_loop([&] { server.service.watches[0].on_phase(example_report().phases[0]); });
  CHECK(swap.read_until("pid 4132").find("pid 4132") != std::string::npos);
  server.on_loop([&] { server.service.watches[0].on_result({SwapResult::Kind::Done, "", {}}); });
  std::string rest = swap.read_to_end();
  CHECK(rest.find("\"result\":\"done\"") != std::string::npos);
  CHECK(rest.ends_with("0\r\n\r\n"));
}

TEST_CASE("server: a client that leaves after it ended its side gives its watch back too") {
  LiveServer server;
  {
    RawClient client(server.path());
    client.send("POST /v1/apps/web/swap HTTP/1.1\r\nHost: x\r\n\r\n");
    client.finish();
    REQUIRE(eventually(server, [&] { return server.service.watches.size() == 1; }));
  }
  CHECK(eventually(server, [&] { return server.service.handles_dropped == 1; }));
}

TEST_CASE("server: the answer to a HEAD has no body") {
  LiveServer server;
  RawClient client(server.path());
  client.send("HEAD /v1/status HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
  std::string all = client.read_to_end();
  CHECK(all.starts_with("HTTP/1.1 405 "));
  CHECK(all.ends_with("\r\n\r\n"));
}

TEST_CASE("server: a client that does not read is cut off, and the others are served meanwhile") {
  LiveServer server({.max_queued = 256 * 1024, .write_timeout = milliseconds(60'000)});
  RawClient client(server.path());
  client.send("GET /v1/apps/web/logs?follow=1 HTTP/1.1\r\nHost: x\r\n\r\n");
  REQUIRE(eventually(server, [&] { return server.service.followers.size() == 1; }));
  std::uint64_t number = 0;
  server.on_loop([&] {
    for (int i = 0; i < 2'000; ++i)
      server.service.followers[0]({++number, 0, Generation{1}, false, std::string(1000, 'x')});
  });
  CHECK(get(server, "/v1/status").status == 200);
  CHECK(eventually(server, [&] { return server.service.handles_dropped == 2; }));
}

TEST_CASE("server: a request that does not end is dropped after its time") {
  LiveServer server({.request_timeout = milliseconds(50)});
  RawClient client(server.path());
  client.send("GET /v1/sta");
  CHECK(client.read_to_end().empty());
}

TEST_CASE("server: what is no HTTP, too long or too much is refused") {
  LiveServer server({.max_clients = 2, .max_body = 100});
  {
    RawClient client(server.path());
    client.send("NONSENSE\r\n\r\n");
    CHECK(client.read_to_end().starts_with("HTTP/1.1 400 "));
  }
  {
    RawClient client(server.path());
    client.send("POST /v1/apps/web/swap HTTP/1.1\r\nContent-Length: 101\r\n\r\n");
    CHECK(client.read_to_end().starts_with("HTTP/1.1 413 "));
  }
  RawClient one(server.path());
  RawClient two(server.path());
  one.send("POST /v1/apps/web/swap HTTP/1.1\r\nContent-Length: 0\r\n\r\n");
  two.send("POST /v1/apps/web/swap HTTP/1.1\r\nContent-Length: 0\r\n\r\n");
  CHECK_FALSE(one.read_some().empty());
  CHECK_FALSE(two.read_some().empty());
  RawClient three(server.path());
  CHECK(three.read_to_end().starts_with("HTTP/1.1 503 "));
  CHECK(detail(get(server, "/v1/status")).find("already serves 2 clients") != std::string::npos);
}

TEST_CASE("server: an HTTP/1.0 client gets its lines without chunks") {
  LiveServer server;
  server.on_loop([&] { server.service.on_swap = finish_at_once; });
  RawClient client(server.path());
  client.send("POST /v1/apps/web/restart HTTP/1.0\r\n\r\n");
  std::string all = client.read_to_end();
  CHECK(all.find("Transfer-Encoding") == std::string::npos);
  CHECK(all.ends_with("}\n"));
}

TEST_CASE("server: logs come in order, from where they were asked for, and follow") {
  LiveServer server;
  server.on_loop([&] {
    for (std::uint64_t i = 1; i <= 5; ++i)
      server.service.log.push_back({i, 0, Generation{1}, i == 2, "line " + std::to_string(i)});
  });
  std::string two = get(server, "/v1/apps/web/logs?after=2&limit=2").body;
  CHECK(two.find("line 3") == std::string::npos);
  CHECK(two.find("line 4") < two.find("line 5"));
  RawClient client(server.path());
  client.send("GET /v1/apps/web/logs?follow=1&limit=1 HTTP/1.1\r\n\r\n");
  CHECK(client.read_until("line 5").find("line 4") == std::string::npos);
  REQUIRE(eventually(server, [&] { return server.service.followers.size() == 1; }));
  server.on_loop([&] {
    server.service.followers[0]({5, 0, Generation{1}, false, "line 5"});
    server.service.followers[0]({6, 0, Generation{2}, false, "line 6"});
  });
  std::string followed = client.read_until("line 6");
  CHECK(followed.find("line 5") == std::string::npos);
}

TEST_CASE("server: a Service that never answers becomes a 503") {
  LiveServer server({.answer_timeout = milliseconds(30)});
  server.on_loop([&] { server.service.answers_status = false; });
  CHECK(get(server, "/v1/status").status == 503);
}

TEST_CASE("server: closing lets the last line out and ends what waits") {
  LiveServer server;
  RawClient idle(server.path());
  RawClient following(server.path());
  following.send("GET /v1/apps/web/logs?follow=1 HTTP/1.1\r\n\r\n");
  REQUIRE(eventually(server, [&] { return server.service.followers.size() == 1; }));
  std::vector<std::string> lines;
  CHECK(post(server, "/v1/stop", "", &lines).end == CallEnd::Complete);
  REQUIRE(lines.size() == 1);
  CHECK(boost::json::parse(lines[0]).at("reason") == "all released");
  server.close();
  CHECK(following.read_to_end().ends_with("0\r\n\r\n"));
  CHECK(idle.read_to_end().empty());
  CHECK(get(server, "/v1/status").end == CallEnd::NoBerth);
}

TEST_CASE("server: its end cuts every client off while streams run") {
  auto server = std::make_unique<LiveServer>();
  RawClient client(server->path());
  client.send("POST /v1/apps/web/swap HTTP/1.1\r\n\r\n");
  REQUIRE(eventually(*server, [&] { return server->service.watches.size() == 1; }));
  server.reset();
  CHECK(client.read_to_end().find("result") == std::string::npos);
}

TEST_CASE("client: its own deadline ends the wait, and the loss of the berth is told apart") {
  LiveServer server;
  Following following;
  following.timeout = milliseconds(30);
  CHECK(call(server.path(), {"POST", "/v1/apps/web/swap", {}}, following).end == CallEnd::TimedOut);
  CHECK(call("/nonexistent/x.sock", {"GET", "/v1/status", {}}).end == CallEnd::NoBerth);
  server.on_loop([&] { server.service.answers_status = false; });
  std::thread ends([&] {
    bool asked = eventually(server, [&] { return server.service.watches.size() == 2; });
    CHECK(asked);
    server.close();
  });
  auto lost = call(server.path(), {"POST", "/v1/apps/web/swap", {}});
  ends.join();
  // Ended orderly, but without a result line.
  CHECK(lost.end == CallEnd::Complete);
  CHECK(lost.body.find("result") == std::string::npos);
}

}  // namespace berth::control
