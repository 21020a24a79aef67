// Every limit and deadline of the data plane, each reached once.
#include <doctest/doctest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <boost/json/parse.hpp>

#include "tests/e2e/checks.h"
#include "tests/support/held_socket.h"
#include "tests/support/raw_client.h"
#include "tests/support/temp_dir.h"
#include "tests/support/wait_until.h"

using namespace std::chrono_literals;
using namespace berth::test;

namespace {

constexpr std::string_view kGet = "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n";

/// A berth with the scripted backend, one worker, and these limits.
BerthOptions limited(const std::vector<std::string>& limits) {
  BerthOptions options{.command = scripted({})};
  options.more = {"--workers", "1"};
  for (const std::string& limit : limits) {
    options.more.push_back("--limit");
    options.more.push_back(limit);
  }
  return options;
}

std::int64_t counter(BerthProcess& berth, const char* name) {
  const auto status = berth.call("status", {"--json"});
  return boost::json::parse(status.out).at("apps").at(0).at("counters").at(name).to_number<std::int64_t>();
}

}  // namespace

TEST_CASE("limits: a head that does not come in time gets 408") {
  BerthProcess berth(limited({"head_timeout=300ms"}));
  REQUIRE(berth.wait_serving());
  RawClient client(berth.port());
  client.send("GET / HTTP/1.1\r\nHo");
  const auto response = client.read_response();
  CHECK(response.status == 408);
  CHECK(response.field("Server") == "berth");
  client.read_all();
  CHECK(client.closed());
}

TEST_CASE("limits: a connection that lies idle too long is closed without a word") {
  BerthProcess berth(limited({"idle_timeout=2s"}));
  REQUIRE(berth.wait_serving());
  RawClient client(berth.port());
  client.send(kGet);
  CHECK(client.read_response().status == 200);
  CHECK(client.read_all().empty());
  CHECK(client.closed());
}

TEST_CASE("limits: a body that stops coming gets 408, and one that is too slow likewise") {
  for (const std::vector<std::string>& limits :
       {std::vector<std::string>{"body_stall=300ms"}, {"body_stall=60s", "body_min_rate=1MiB"}}) {
    CAPTURE(limits.back());
    BerthProcess berth(limited(limits));
    REQUIRE(berth.wait_serving());
    RawClient client(berth.port());
    client.send("POST /echo HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100000\r\n\r\nabc");
    const auto response = client.read_response(false, 15s);
    CHECK(response.status == 408);
    client.read_all();
    CHECK(client.closed());
  }
}

TEST_CASE("limits: a client that was answered early and does not end its body is let go") {
  for (const char* expectation : {"", "Expect: 100-continue\r\n"}) {
    CAPTURE(std::string(expectation));
    BerthProcess berth(limited({"body_stall=300ms"}));
    REQUIRE(berth.wait_serving());
    RawClient client(berth.port());
    client.send("POST /early HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100000\r\n" +
                std::string(expectation) + "\r\n");
    const auto response = client.read_response();
    CHECK(response.status >= 200);
    client.read_all(5s);
    CHECK(client.closed());
    CHECK(counter(berth, "upstream_active") == 0);
  }
}

TEST_CASE("limits: a stream's pieces do not wait for each other") {
  BerthOptions options = limited({});
  options.command = demo();
  BerthProcess berth(options);
  REQUIRE(berth.wait_serving());
  RawClient client(berth.port());
  client.send("GET /stream?chunks=2&ms=60000 HTTP/1.1\r\nHost: localhost\r\n\r\n");
  CHECK(client.read_until("chunk 1 of 2\n\r\n", 5s).ends_with("chunk 1 of 2\n\r\n"));
}

TEST_CASE("limits: a client that has left a silent stream is let go, and its backend with it") {
  BerthOptions options = limited({"body_stall=300ms"});
  options.command = demo();
  BerthProcess berth(options);
  REQUIRE(berth.wait_serving());
  {
    RawClient client(berth.port());
    client.send("GET /stream?chunks=2&ms=60000 HTTP/1.1\r\nHost: localhost\r\n\r\n");
    client.read_until("chunk 1 of 2\n\r\n", 5s);
    CHECK(counter(berth, "upstream_active") == 1);
  }
  CHECK(wait_until([&] { return counter(berth, "upstream_active") == 0; }, 10s));
  CHECK(counter(berth, "failed") == 0);
}

TEST_CASE("limits: a client that stops reading a large response is let go, and its backend with it") {
  TempDir dir;
  constexpr std::size_t kLarge = 40'000'000;  // more than the sockets on the way hold
  write_file(dir / "reply", "HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(kLarge) + "\r\n\r\n" +
                                std::string(kLarge, 'x'));
  BerthOptions options = limited({"body_stall=300ms"});
  options.command = scripted({"--reply", dir / "reply"});
  BerthProcess berth(options);
  REQUIRE(berth.wait_serving());
  RawClient client(berth.port());
  client.send("GET /raw HTTP/1.1\r\nHost: localhost\r\n\r\n");
  CHECK(client.read_until("\r\n\r\n").ends_with("\r\n\r\n"));
  CHECK(wait_until([&] { return counter(berth, "upstream_active") == 0; }, 10s));
  CHECK(client.read_all().size() < kLarge);
  CHECK(client.closed());
}

TEST_CASE("limits: a client that has only finished sending gets its answer, however late it begins") {
  BerthProcess berth(limited({"body_stall=300ms"}));
  REQUIRE(berth.wait_serving());
  RawClient client(berth.port());
  client.send("GET /slow?1500 HTTP/1.1\r\nHost: localhost\r\n\r\n");
  client.finish_sending();
  CHECK(client.read_response().status == 200);
}

TEST_CASE("limits: a backend that does not answer in time is told as 504, and the connection is kept") {
  BerthProcess berth(limited({"response_timeout=300ms"}));
  REQUIRE(berth.wait_serving());
  RawClient client(berth.port());
  client.send("GET /slow?20000 HTTP/1.1\r\nHost: localhost\r\n\r\n");
  CHECK(client.read_response().status == 504);
  client.send(kGet);
  CHECK(client.read_response().status == 200);
  CHECK(counter(berth, "failed") == 1);
}

TEST_CASE("limits: a stream that falls silent is ended where that is asked for") {
  BerthOptions options = limited({"stream_idle=300ms"});
  options.command = demo();
  BerthProcess berth(options);
  REQUIRE(berth.wait_serving());
  RawClient client(berth.port());
  client.send("GET /stream?chunks=2&ms=30000 HTTP/1.1\r\nHost: localhost\r\n\r\n");
  const auto response = client.read_response();
  CHECK(response.status == 200);
  CHECK_FALSE(response.complete);
  CHECK(client.closed());
}

TEST_CASE("limits: beyond max_upstream requests wait for their turn, and none fails") {
  BerthProcess berth(limited({"max_upstream=2"}));
  REQUIRE(berth.wait_serving());
  const auto held = counter(berth, "held_total");
  RawClient a(berth.port()), b(berth.port()), c(berth.port());
  for (RawClient* client : {&a, &b, &c}) client->send("GET /slow?2000 HTTP/1.1\r\nHost: localhost\r\n\r\n");
  for (RawClient* client : {&a, &b, &c}) CHECK(client->read_response().status == 200);
  CHECK(counter(berth, "held_total") == held + 1);
  CHECK(counter(berth, "failed") == 0);
}

TEST_CASE("limits: who waits for max_upstream counts in hold_requests, and beyond both is refused at once") {
  HeldSocket server({});
  BerthProcess berth({.more = {"--external", "127.0.0.1:" + std::to_string(server.port()), "--ready", "tcp",
                               "--workers", "1", "--limit", "max_upstream=1", "--limit", "hold_requests=1"}});
  RawClient served(berth.port()), waiting(berth.port());
  served.send(kGet);
  const int fd = server.accept_request("GET");
  REQUIRE(fd >= 0);
  waiting.send(kGet);
  REQUIRE(wait_until([&] { return counter(berth, "held") == 1; }));
  const auto refused = get(berth.port(), "/");
  CHECK(refused.status == 503);
  CHECK(refused.field("Retry-After") != "");
  constexpr std::string_view kAnswer = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
  CHECK(::send(fd, kAnswer.data(), kAnswer.size(), MSG_NOSIGNAL) > 0);
  CHECK(served.read_response().status == 200);
  std::array<char, 4096> next;
  CHECK(::recv(fd, next.data(), next.size(), 0) > 0);
  CHECK(counter(berth, "held") == 0);
  CHECK(::send(fd, kAnswer.data(), kAnswer.size(), MSG_NOSIGNAL) > 0);
  CHECK(waiting.read_response().status == 200);
  ::close(fd);
  check_clean_stop(berth);
}

TEST_CASE("limits: interim answers do not put off response_timeout") {
  HeldSocket server({});
  BerthProcess berth(
      {.file = "[app.web]\nlisten = \"127.0.0.1:0\"\nready = { tcp = true }\nexternal = \"127.0.0.1:" +
               std::to_string(server.port()) + "\"\nlimits = { response_timeout = \"1s\" }\n"});
  RawClient client(berth.port());
  client.send(kGet);
  const int backend = server.accept_request("GET");
  const auto begun = std::chrono::steady_clock::now();
  constexpr std::string_view kInterim = "HTTP/1.1 102 Processing\r\n\r\n";
  std::string told;
  while (told.find("Timeout") == std::string::npos && std::chrono::steady_clock::now() - begun < 15s) {
    ::send(backend, kInterim.data(), kInterim.size(), MSG_NOSIGNAL);
    told += client.read_until("Timeout", 50ms);
  }
  CHECK(std::chrono::steady_clock::now() - begun < 10s);
  CHECK(told.starts_with(kInterim));
  CHECK(told.find("HTTP/1.1 504 Gateway Timeout") != std::string::npos);
  ::close(backend);
  check_clean_stop(berth);
}

TEST_CASE("limits: one address may not have more than max_per_client connections") {
  BerthProcess berth(limited({"max_per_client=1"}));
  REQUIRE(berth.wait_serving());
  // What a client has closed counts until berth has seen it.
  const auto nobody = [&] { return wait_until([&] { return counter(berth, "connections") == 0; }); };
  REQUIRE(nobody());
  {
    RawClient first(berth.port());
    first.send(kGet);
    CHECK(first.read_response().status == 200);
    RawClient second(berth.port());
    CHECK(second.read_response().status == 503);
    second.read_all();
    CHECK(second.closed());
    first.send(kGet);
    CHECK(first.read_response().status == 200);
  }
  REQUIRE(nobody());
  CHECK(berth.wait_serving());  // the place is free again
}

TEST_CASE("limits: beyond max_connections a connection waits and is not refused") {
  BerthProcess berth(limited({"max_connections=1"}));
  REQUIRE(berth.wait_serving());
  auto first = std::make_unique<RawClient>(berth.port());
  first->send(kGet);
  CHECK(first->read_response().status == 200);
  RawClient second(berth.port());
  second.send(kGet);
  CHECK(second.read_response(false, 700ms).status == 0);
  first.reset();
  CHECK(second.read_response().status == 200);
}

TEST_CASE("limits: a connection to the backend is active while it carries a request, and idle after it") {
  HeldSocket server({});
  BerthProcess berth({.more = {"--external", "127.0.0.1:" + std::to_string(server.port()), "--ready", "tcp",
                               "--workers", "1"}});
  RawClient client(berth.port());
  client.send(kGet);
  const int fd = server.accept_request("GET");
  REQUIRE(fd >= 0);
  CHECK(counter(berth, "upstream_active") == 1);
  CHECK(counter(berth, "upstream_idle") == 0);
  constexpr std::string_view kAnswer = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
  CHECK(::send(fd, kAnswer.data(), kAnswer.size(), MSG_NOSIGNAL) > 0);
  CHECK(client.read_response().status == 200);
  CHECK(counter(berth, "upstream_active") == 0);
  CHECK(counter(berth, "upstream_idle") == 1);
  ::close(fd);
  check_clean_stop(berth);
}
