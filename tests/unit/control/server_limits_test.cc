// What one client of the control socket, or many, may cost: bounded memory, and never another's place.
#include <doctest/doctest.h>

#include <chrono>
#include <list>
#include <string>
#include <thread>

#include "proxy/control/client.h"
#include "proxy/control/server.h"
#include "tests/support/wait_until.h"
#include "tests/unit/control/fake_service.h"
#include "tests/unit/control/raw_client.h"

namespace berth::control {
namespace {

using std::chrono::milliseconds;

CallResult stop(const LiveServer& server) {
  Following following;
  following.on_line = [](std::string_view) {};
  following.timeout = milliseconds(20'000);
  return call(server.path(), {"POST", "/v1/stop", {}}, following);
}

std::string events() { return "GET /v1/events HTTP/1.1\r\nHost: berth\r\n\r\n"; }
std::string status() { return "GET /v1/status HTTP/1.1\r\nHost: berth\r\n\r\n"; }
std::string swap() { return "POST /v1/apps/web/swap HTTP/1.1\r\nContent-Length: 0\r\n\r\n"; }

/// A whole answer, its length as it says.
bool whole(const std::string& answer) {
  const auto end = answer.find("\r\n\r\n");
  const auto length = answer.find("Content-Length: ");
  if (end == std::string::npos || length == std::string::npos) return false;
  return answer.size() == end + 4 + std::stoul(answer.substr(length + 16));
}

}  // namespace

TEST_CASE("server: a line that never ends is refused after a few bytes, wherever it stands") {
  const LiveServer server;
  struct Row {
    std::string head;
    int status;
  };
  const std::string chunked = "POST /v1/apps/web/swap HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n";
  const Row rows[] = {{chunked + "1;", 400},
                      {chunked + "1\r\n{\r\n0\r\nX: ", 400},
                      {"GET /v1/status?", 431},
                      {"GET /v1/status HTTP/1.1\r\nX: ", 431},
                      {"POST ", 431}};
  constexpr std::size_t kMost = 64 * 1024 * 1024;
  for (const Row& row : rows) {
    CAPTURE(row.head);
    const RawClient client(server.path());
    client.send(row.head);
    const std::string more(64 * 1024, 'x');
    std::size_t sent = 0;
    std::thread writer([&] {
      while (sent < kMost && client.send(more)) sent += more.size();
    });
    const std::string answer = client.read_to_end();
    writer.join();
    CHECK(answer.starts_with("HTTP/1.1 " + std::to_string(row.status) + " "));
    CHECK(answer.find("Connection: close\r\n") != std::string::npos);
    CHECK(whole(answer));
  }
}

TEST_CASE("server: a body that is too large is refused whole, though its client sends on") {
  const LiveServer server({.max_body = 100});
  const RawClient client(server.path());
  client.send("POST /v1/apps/web/swap HTTP/1.1\r\nContent-Length: 200000\r\n\r\n");
  client.send(std::string(200'000, 'x'));
  const std::string answer = client.read_to_end();
  CHECK(answer.starts_with("HTTP/1.1 413 "));
  CHECK(whole(answer));
}

TEST_CASE("server: readers of events do not keep out who wants to act") {
  const LiveServer server;
  std::list<RawClient> readers;
  int told = 0;
  for (int n = 0; n < 64; ++n) {
    const RawClient& reader = readers.emplace_back(server.path());
    reader.send(events());
    const std::string answer = reader.read_some();
    if (answer.starts_with("HTTP/1.1 503 ")) {
      CHECK(whole(answer));
      readers.pop_back();
    } else {
      CHECK(answer.starts_with("HTTP/1.1 200 "));
      ++told;
    }
  }
  CHECK(told == 48);
  for (int n = 0; n < 64; ++n) {
    const RawClient& waiting = readers.emplace_back(server.path());
    waiting.send(swap());
    const std::string answer = waiting.read_some();
    if (n < 8) CHECK(answer.starts_with("HTTP/1.1 200 "));
    if (n >= 8) CHECK(answer.starts_with("HTTP/1.1 503 "));
  }
  const CallResult stopped = stop(server);
  CHECK(stopped.end == CallEnd::Complete);
  CHECK(stopped.status == 200);
}

TEST_CASE("server: who holds a place in silence gives it to one who says something") {
  const LiveServer server;
  std::list<RawClient> silent;
  for (int n = 0; n < 200; ++n) {
    const RawClient& client = silent.emplace_back(server.path());
    if (n % 2 == 0) client.send("GET /v1/sta");
  }
  CHECK(stop(server).status == 200);
  CHECK(silent.front().read_to_end().empty());
}

TEST_CASE("server: who takes nothing of an answer gives its place to one who wants to act") {
  LiveServer server({.max_clients = 4});
  // More than a socket holds, so that its write has to wait for the reader.
  server.on_loop([&] { server.service.front.dir.assign(4'000'000, 'x'); });
  std::list<RawClient> readers;
  for (int n = 0; n < 4; ++n) {
    std::string many;
    for (int request = 0; request < 1'000; ++request) many += status();
    REQUIRE(readers.emplace_back(server.path()).send(many));
  }
  REQUIRE(test::wait_until([&] { return server.service.status_asked == 4; }));
  server.on_loop([] {});
  CHECK(stop(server).status == 200);
  CHECK(server.service.status_asked == 4);
}

TEST_CASE("server: who asks again and again on one connection gives its place to one who wants to act") {
  LiveServer server({.max_clients = 2});
  std::list<RawClient> askers;
  for (int n = 0; n < 2; ++n) {
    askers.emplace_back(server.path()).send(status());
    REQUIRE(askers.back().read_until("}\n").starts_with("HTTP/1.1 200 "));
  }
  server.service.answers_status = false;
  for (const RawClient& asker : askers) asker.send(status());
  REQUIRE(test::wait_until([&] { return server.service.status_asked == 4; }));
  server.on_loop([] {});
  CHECK(stop(server).status == 200);
  CHECK(askers.front().read_to_end().empty());
}

TEST_CASE("server: one client too many reads why, whatever it has sent") {
  const LiveServer server({.max_clients = 2});
  std::list<RawClient> busy;
  for (int n = 0; n < 2; ++n) {
    busy.emplace_back(server.path()).send(swap());
    REQUIRE(busy.back().read_some().starts_with("HTTP/1.1 200 "));
  }
  for (int n = 0; n < 20; ++n) {
    const RawClient client(server.path());
    client.send(swap());
    client.send(std::string(1000, 'x'));
    const std::string answer = client.read_until("\n");
    CHECK(answer.starts_with("HTTP/1.1 503 "));
    CHECK(whole(answer + client.read_to_end()));
  }
}

TEST_CASE("server: a long log comes whole, in pieces, and then goes on") {
  LiveServer server({.max_queued = 4096});
  constexpr std::uint64_t kLines = 2'000;
  server.on_loop([&] {
    for (std::uint64_t n = 1; n <= kLines; ++n)
      server.service.log.push_back({n, 0, Generation{1}, false, "line " + std::to_string(n) + "."});
  });
  for (const bool follow : {false, true}) {
    std::uint64_t next = 101;
    bool in_order = true;
    Following following;
    following.on_line = [&](std::string_view line) {
      in_order = in_order && line.find("line " + std::to_string(next) + ".") != std::string_view::npos;
      ++next;
      if (!follow || next != kLines + 1) return;
      // The last that there is has come: one more is written.
      std::thread([&] {
        server.on_loop([&] {
          server.service.log.push_back({kLines + 1, 0, Generation{1}, false, "line 2001."});
          for (const auto& tell : server.service.followers) tell(server.service.log.back());
        });
      }).join();
    };
    following.given_up = [&] { return next == kLines + 2; };
    const std::string query = "/v1/apps/web/logs?limit=1900" + std::string(follow ? "&follow=1" : "");
    const CallResult result = call(server.path(), {"GET", query, {}}, following);
    CHECK(in_order);
    CHECK(next == kLines + (follow ? 2 : 1));
    CHECK(result.end == (follow ? CallEnd::Interrupted : CallEnd::Complete));
  }
}

TEST_CASE("server: there is no app without a name") {
  const LiveServer server;
  for (const char* path : {"/v1/apps/", "/v1/apps//swap", "/v1/apps//logs"})
    CHECK(call(server.path(), {path == std::string("/v1/apps//swap") ? "POST" : "GET", path, {}}).status ==
          404);
}

}  // namespace berth::control
