// Every wait ends (P9): not before its time, and not never. One table, which a key of the file that names a
// time has to join, over HTTP and over tcp where both have it.
#include <doctest/doctest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <future>
#include <set>
#include <string>
#include <vector>

#include "config/key_table.h"
#include "tests/e2e/checks.h"
#include "tests/support/full_backlog.h"
#include "tests/support/held_socket.h"
#include "tests/support/raw_client.h"
#include "tests/support/web_socket.h"

using namespace std::chrono_literals;
using namespace berth::test;

namespace {

using Clock = std::chrono::steady_clock;
using Took = Clock::duration;

constexpr auto kWait = 600ms;  ///< what every key of this table is set to
constexpr auto kLate = 15s;    ///< for a busy machine: whoever has no deadline waits for longer
constexpr std::string_view kGet = "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n";
constexpr std::string_view kAnswer = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

/// An app whose backend is the test's own socket.
std::string external(const std::string& address, const std::string& more,
                     const std::string& check = "tcp = true") {
  return "[app.web]\nlisten = \"127.0.0.1:0\"\nready = { " + check + " }\nexternal = \"" + address + "\"\n" +
         more;
}
std::string external(const HeldSocket& server, const std::string& more,
                     const std::string& check = "tcp = true") {
  return external("127.0.0.1:" + std::to_string(server.port()), more, check);
}
std::string started(const std::vector<std::string>& options, const std::string& more) {
  return "[app.web]\nlisten = \"127.0.0.1:0\"\ncommand = " + scripted_toml(options) + "\n" + more;
}
std::string demo_app(const std::string& more) {
  return "[app.web]\nlisten = \"127.0.0.1:0\"\ncommand = [\"" + berth_binary() + "\", \"demo\"]\n" + more;
}
void wait_serving(BerthProcess& berth) { REQUIRE(berth.child().wait_output("#1   serving", kLate)); }

void say(int fd, std::string_view bytes) {
  CHECK(::send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL) == static_cast<ssize_t>(bytes.size()));
}

/// When the peer has closed what the test holds.
void await_end(int fd) {
  const timeval most{std::chrono::seconds(kLate).count(), 0};
  ::setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &most, sizeof most);
  std::array<char, 4096> bytes;
  ssize_t got = 1;
  while (got > 0) got = ::recv(fd, bytes.data(), bytes.size(), 0);
  CHECK((got == 0 || errno == ECONNRESET));
  ::close(fd);
}

void check_status(RawClient& client, int status) {
  CHECK(client.read_response(false, kLate).status == status);
}

/// The connection is ended, in good order or not.
void check_ended(RawClient& client) {
  client.read_all(kLate);
  CHECK(client.closed());
}

// Each returns how long the wait took that it looks at, counted from before it can have begun.

Took connect_timeout() {
  FullBacklog server;
  BerthProcess berth({.file = external(server.address(), "limits = { connect_timeout = \"600ms\" }\n")});
  wait_serving(berth);
  server.fill();
  RawClient client(berth.port());
  const auto began = Clock::now();
  client.send(kGet);
  check_status(client, 504);
  return Clock::now() - began;
}

Took connect_timeout_tcp() {
  FullBacklog server;
  BerthProcess berth(
      {.file = external(server.address(),
                        "mode = \"tcp\"\n"
                        "limits = { connect_timeout = \"600ms\", hold_timeout = \"10ms\" }\n")});
  wait_serving(berth);
  server.fill();
  const auto began = Clock::now();
  RawClient client(berth.port());
  check_ended(client);
  return Clock::now() - began;
}

Took response_timeout() {
  HeldSocket server({});
  BerthProcess berth({.file = external(server, "limits = { response_timeout = \"600ms\" }\n")});
  wait_serving(berth);
  RawClient client(berth.port());
  const auto began = Clock::now();
  client.send(kGet);
  const int fd = server.accept_request("GET");
  check_status(client, 504);
  ::close(fd);
  return Clock::now() - began;
}

Took hold_timeout_of(const std::string& mode, int status) {
  BerthProcess berth({.file = started({"--never-listen"}, mode + "limits = { hold_timeout = \"600ms\" }\n")});
  const auto began = Clock::now();
  RawClient client(berth.port());
  client.send(kGet);
  if (status != 0)
    check_status(client, status);
  else
    check_ended(client);
  return Clock::now() - began;
}
Took hold_timeout() { return hold_timeout_of("", 503); }
Took hold_timeout_tcp() { return hold_timeout_of("mode = \"tcp\"\n", 0); }

Took body_stall() {
  BerthProcess berth({.file = started({}, "limits = { body_stall = \"600ms\" }\n")});
  wait_serving(berth);
  RawClient client(berth.port());
  const auto began = Clock::now();
  client.send("POST /echo HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\nabc");
  check_status(client, 408);
  return Clock::now() - began;
}

Took stream_idle() {
  HeldSocket server({});
  BerthProcess berth({.file = external(server, "limits = { stream_idle = \"600ms\" }\n")});
  wait_serving(berth);
  RawClient client(berth.port());
  client.send(kGet);
  const int fd = server.accept_request("GET");
  const auto began = Clock::now();
  say(fd, "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf");
  check_ended(client);
  ::close(fd);
  return Clock::now() - began;
}

Took stream_idle_of_a_tunnel() {
  HeldSocket server({});
  BerthProcess berth({.file = external(server, "limits = { stream_idle = \"600ms\" }\n")});
  wait_serving(berth);
  RawClient client(berth.port());
  client.send(web_socket_request());
  const int fd = server.accept_request("GET");
  const auto began = Clock::now();
  say(fd, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n");
  CHECK(client.read_response().status == 101);
  check_ended(client);
  ::close(fd);
  return Clock::now() - began;
}

Took stream_idle_tcp() {
  HeldSocket server({});
  BerthProcess berth({.file = external(server, "mode = \"tcp\"\nlimits = { stream_idle = \"600ms\" }\n")});
  wait_serving(berth);
  RawClient client(berth.port());
  client.send("hello");
  const int fd = server.accept_request("hello");
  const auto began = Clock::now();
  say(fd, "hello yourself");
  CHECK(client.read_until("yourself").ends_with("yourself"));
  check_ended(client);
  ::close(fd);
  return Clock::now() - began;
}

Took upstream_idle() {
  HeldSocket server({});
  BerthProcess berth({.file = external(server, "limits = { upstream_idle = \"600ms\" }\n")});
  wait_serving(berth);
  RawClient client(berth.port());
  client.send(kGet);
  const int fd = server.accept_request("GET");
  const auto began = Clock::now();
  say(fd, kAnswer);
  check_status(client, 200);
  await_end(fd);
  return Clock::now() - began;
}

BerthOptions listener_limit(const std::string& limit) {
  return {.command = scripted(), .more = {"--limit", limit + "=600ms"}};
}

Took head_timeout() {
  BerthProcess berth(listener_limit("head_timeout"));
  wait_serving(berth);
  RawClient client(berth.port());
  const auto began = Clock::now();
  client.send("GET / HTTP/1.1\r\nHo");
  check_status(client, 408);
  return Clock::now() - began;
}

Took idle_timeout() {
  BerthProcess berth(listener_limit("idle_timeout"));
  wait_serving(berth);
  const auto began = Clock::now();
  RawClient client(berth.port());
  check_ended(client);
  return Clock::now() - began;
}

/// How long an event stream of the old generation goes on after a swap was asked for.
Took stream_at_a_swap(const std::string& keys, std::string_view end = {}) {
  BerthProcess berth({.file = demo_app(keys)});
  wait_serving(berth);
  RawClient client(berth.port());
  client.send("GET /events HTTP/1.1\r\nHost: localhost\r\nAccept: text/event-stream\r\n\r\n");
  CHECK(client.read_until("data: ").ends_with("data: "));
  const auto began = Clock::now();
  ChildProcess swap(berth.call_options("swap"));
  if (end.empty())
    check_ended(client);
  else
    CHECK(client.read_until(end, kLate).ends_with(end));
  const Took took = Clock::now() - began;
  CHECK(swap.wait_exit(kLate));
  return took;
}

Took drain() { return stream_at_a_swap("drain = \"600ms\"\nlong = \"drain\"\n"); }
Took drain_tcp() { return stream_at_a_swap("mode = \"tcp\"\nready = { http = \"/\" }\ndrain = \"600ms\"\n"); }
Took long_grace() { return stream_at_a_swap("drain = \"60s\"\nlong_grace = \"600ms\"\n", "\r\n0\r\n\r\n"); }
Took pin() { return stream_at_a_swap("drain = \"10ms\"\nlong = \"pin\"\npin = \"600ms\"\n"); }

Took keep_old() {
  BerthProcess berth({.file = started({}, "keep_old = \"600ms\"\n")});
  wait_serving(berth);
  const auto began = Clock::now();
  CHECK(berth.swap().exit_code == 0);
  CHECK(berth.child().wait_output("#1   released", kLate));
  return Clock::now() - began;
}

Took ready_timeout() {
  const auto began = Clock::now();
  BerthProcess berth({.file = started({"--never-listen"}, "ready = { timeout = \"600ms\" }\n")});
  CHECK(berth.child().wait_output("did not start: ", kLate));
  return Clock::now() - began;
}

Took stop_grace() {
  BerthProcess berth({.file = started({"--ignore-term"}, "stop = { grace = \"600ms\" }\n")});
  wait_serving(berth);
  const auto began = Clock::now();
  CHECK(berth.swap(scripted()).exit_code == 0);
  return Clock::now() - began;
}

/// The second check at the earliest: one interval is over.
Took health_every() {
  HeldSocket server({});
  const auto began = Clock::now();
  BerthProcess berth(
      {.file = external(server, "health = { every = \"600ms\", timeout = \"20s\", fall = 1 }\n",
                        "http = \"/\"")});
  const int ready = server.accept_request("GET");
  say(ready, kAnswer);
  const int health = server.accept_request("GET");
  say(health, kAnswer);
  ::close(ready);
  ::close(health);
  return Clock::now() - began;
}

Took health_timeout() {
  HeldSocket server({});
  BerthProcess berth(
      {.file = external(server, "health = { every = \"50ms\", timeout = \"600ms\", fall = 1 }\n",
                        "http = \"/\"")});
  const int ready = server.accept_request("GET");
  const auto began = Clock::now();
  say(ready, kAnswer);
  const int health = server.accept_request("GET");
  CHECK(berth.child().wait_output("unhealthy", kLate));
  ::close(ready);
  ::close(health);
  return Clock::now() - began;
}

Took hooks_timeout() {
  const auto began = Clock::now();
  BerthProcess berth({.file = started({}, "hooks = { ready = [\"sleep\", \"60\"], timeout = \"600ms\" }\n")});
  CHECK(berth.child().wait_output("did not end within 600ms", kLate));
  return Clock::now() - began;
}

struct Wait {
  std::string key;
  std::string how;
  Took (*run)();
};

const std::vector<Wait>& waits() {
  static const std::vector<Wait> kAll{
      {"app.NAME.limits.connect_timeout", "http", connect_timeout},
      {"app.NAME.limits.connect_timeout", "tcp", connect_timeout_tcp},
      {"app.NAME.limits.response_timeout", "http", response_timeout},
      {"app.NAME.limits.hold_timeout", "http", hold_timeout},
      {"app.NAME.limits.hold_timeout", "tcp", hold_timeout_tcp},
      {"app.NAME.limits.body_stall", "http", body_stall},
      {"app.NAME.limits.stream_idle", "http", stream_idle},
      {"app.NAME.limits.stream_idle", "tunnel", stream_idle_of_a_tunnel},
      {"app.NAME.limits.stream_idle", "tcp", stream_idle_tcp},
      {"app.NAME.limits.upstream_idle", "http", upstream_idle},
      {"listener.ADDRESS.head_timeout", "http", head_timeout},
      {"listener.ADDRESS.idle_timeout", "http", idle_timeout},
      {"app.NAME.drain", "http", drain},
      {"app.NAME.drain", "tcp", drain_tcp},
      {"app.NAME.long_grace", "http", long_grace},
      {"app.NAME.pin", "http", pin},
      {"app.NAME.keep_old", "swap", keep_old},
      {"app.NAME.ready.timeout", "swap", ready_timeout},
      {"app.NAME.stop.grace", "swap", stop_grace},
      {"app.NAME.health.every", "health", health_every},
      {"app.NAME.health.timeout", "health", health_timeout},
      {"app.NAME.hooks.timeout", "hook", hooks_timeout},
  };
  return kAll;
}

void see_one_to_end(const Wait& wait) {
  CAPTURE(wait.key);
  CAPTURE(wait.how);
  const auto took = std::chrono::duration_cast<std::chrono::milliseconds>(wait.run());
  CHECK(took.count() >= kWait.count());
  CHECK(took < kLate);
}

/// Side by side: nearly all of their time is waited.
void see_to_end(const std::set<std::string>& hows) {
  std::vector<std::future<void>> all;
  for (const Wait& wait : waits())
    if (hows.contains(wait.how))
      all.push_back(std::async(std::launch::async, [&wait] { see_one_to_end(wait); }));
  for (std::future<void>& each : all) each.get();
}

}  // namespace

TEST_CASE("P9: every key that names a time has its wait in the table") {
  std::set<std::string> seen;
  for (const Wait& wait : waits()) seen.insert(wait.key);
  for (const berth::FileTable& table : berth::file_tables())
    for (const berth::FileKey& key : table.keys) {
      const std::string name = table.name + "." + key.name;
      CAPTURE(name);
      if (key.type == berth::KeyType::Duration) CHECK(seen.contains(name));
    }
}

TEST_CASE("P9: a wait over HTTP ends, and not before its time") { see_to_end({"http", "tunnel"}); }

TEST_CASE("P9: a wait over tcp ends, and not before its time") { see_to_end({"tcp"}); }

TEST_CASE("P9: a wait of a swap, a check or a hook ends, and not before its time") {
  see_to_end({"swap", "health", "hook"});
}
