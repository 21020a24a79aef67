// Backends that do not want to end, or end when they should not: they are gone all the same, and the report
// says how.
#include <doctest/doctest.h>

#include <csignal>
#include <filesystem>
#include <fstream>

#include "tests/e2e/checks.h"
#include "tests/support/raw_client.h"
#include "tests/support/temp_dir.h"
#include "tests/support/wait_until.h"

using namespace std::chrono_literals;
using namespace berth::test;

namespace {

Command new_one() { return scripted({"--name", "new"}); }

/// The process of the serving scripted backend.
Process serving(const std::string& pid_file) {
  const auto all = recorded(pid_file);
  REQUIRE_FALSE(all.empty());
  return all.front();
}

}  // namespace

TEST_CASE("end: a backend that ignores TERM is killed after its grace") {
  TempDir dir;
  BerthProcess berth(
      {.command = scripted({"--ignore-term", "--pid-file", dir / "pids"}), .stop_grace = "500ms"});
  REQUIRE(berth.wait_serving());
  const auto old = serving(dir / "pids");
  const auto swap = berth.swap(new_one());
  CHECK(swap.exit_code == 0);
  check_screen(swap, {"kill", "free"});
  CHECK_FALSE(still_runs(old));
  check_clean_stop(berth);
}

TEST_CASE("end: a grandchild that listens on the port goes with its backend, wherever it hides") {
  for (const std::string how : {"plain", "setsid", "double"}) {
    CAPTURE(how);
    TempDir dir;
    BerthProcess berth(
        {.command = scripted({"--grandchild", how, "--pid-file", dir / "pids"}), .stop_grace = "500ms"});
    REQUIRE(berth.wait_serving());
    REQUIRE(wait_until([&] { return recorded(dir / "pids").size() == 2; }, 5s));
    const auto old = recorded(dir / "pids");
    const auto swap = berth.swap(new_one());
    CHECK(swap.exit_code == 0);
    check_screen(swap, {"descendant", "free"});
    for (const auto& each : old) {
      INFO(each.pid, " ", each.command_line);
      CHECK_FALSE(still_runs(each));
    }
    CHECK(who_answers(berth.port()) == "new");
    check_clean_stop(berth);
  }
}

TEST_CASE("end: a backend that was stopped by SIGSTOP ends") {
  TempDir dir;
  BerthProcess berth({.command = scripted({"--pid-file", dir / "pids"}), .drain = "1s"});
  REQUIRE(berth.wait_serving());
  const auto old = serving(dir / "pids");
  ::kill(old.pid, SIGSTOP);
  const auto swap = berth.swap(new_one());
  INFO(swap.all());
  CHECK(swap.exit_code == 0);
  CHECK_FALSE(still_runs(old));
  check_clean_stop(berth);
}

TEST_CASE("end: a backend that dies while it drains") {
  TempDir dir;
  BerthProcess berth({.command = scripted({"--pid-file", dir / "pids"}), .drain = "20s"});
  REQUIRE(berth.wait_serving());
  const auto old = serving(dir / "pids");
  RawClient slow(berth.port());
  slow.send("POST /slow?60000 HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1\r\n\r\nx");
  // Another request on the way to the same backend tells that the first has arrived.
  REQUIRE(who_answers(berth.port()) != "new");
  ChildProcess swap(berth.call_options("swap", {}, new_one()));
  REQUIRE(swap.wait_output("switch", 10s));
  ::kill(old.pid, SIGKILL);
  const auto exit = swap.wait_exit(10s);
  INFO(swap.out(), swap.err());
  CHECK(exit == ExitStatus{false, 0});
  const auto response = slow.read_response();
  CHECK(response.status == 502);
  CHECK(response.field("Server") == "berth");
  CHECK(who_answers(berth.port()) == "new");
  check_clean_stop(berth);
}

TEST_CASE("end: a stream without end is cut at the drain deadline and counted") {
  BerthProcess berth({.command = scripted({}), .drain = "700ms"});
  REQUIRE(berth.wait_serving());
  RawClient stream(berth.port());
  stream.send("GET /forever HTTP/1.1\r\nHost: localhost\r\n\r\n");
  CHECK(stream.read_until("more").find("200") != std::string::npos);
  const auto swap = berth.swap(new_one());
  CHECK(swap.exit_code == 0);
  check_screen(swap, {"1 cut at the drain deadline", "0 requests failed"});
  stream.read_all();
  CHECK(stream.closed());
  CHECK(swap.took >= 650ms);
  CHECK(swap.took < 4s);
  check_clean_stop(berth);
}

TEST_CASE("end: a backend that crashes is started again while its requests wait") {
  TempDir dir;
  BerthProcess berth({.command = scripted({"--name", "steady", "--pid-file", dir / "pids"})});
  REQUIRE(berth.wait_serving());
  for (int i = 0; i < 3; ++i) {
    const auto all = recorded(dir / "pids");
    REQUIRE_FALSE(all.empty());
    const auto& old = all.back();
    ::kill(old.pid, SIGKILL);
    REQUIRE(wait_until([&] { return !still_runs(old); }, 5s));
    CHECK(who_answers(berth.port()) == "steady");
  }
  check_clean_stop(berth);
}

TEST_CASE("end: several retirements run at once") {
  BerthProcess berth({.command = scripted({"--name", "0"}), .drain = "20s"});
  REQUIRE(berth.wait_serving());
  std::vector<std::unique_ptr<RawClient>> slow;
  std::vector<std::unique_ptr<ChildProcess>> swaps;
  for (int i = 1; i <= 3; ++i) {
    slow.push_back(std::make_unique<RawClient>(berth.port()));
    slow.back()->send("GET /slow?2500 HTTP/1.1\r\nHost: localhost\r\n\r\n");
    swaps.push_back(std::make_unique<ChildProcess>(
        berth.call_options("swap", {}, scripted({"--name", std::to_string(i)}))));
    REQUIRE(swaps.back()->wait_output("switch", 10s));
    CHECK(who_answers(berth.port()) == std::to_string(i));
  }
  for (std::size_t i = 0; i < slow.size(); ++i) {
    const auto response = slow[i]->read_response();
    CHECK(response.body == std::to_string(i) + "\n");
  }
  for (auto& swap : swaps) CHECK(swap->wait_exit(10s) == ExitStatus{false, 0});
  check_clean_stop(berth);
}

TEST_CASE("end: berth's own end ends a backend that ignores TERM, and its grandchild") {
  TempDir dir;
  BerthProcess berth(
      {.command = scripted({"--ignore-term", "--grandchild", "double", "--pid-file", dir / "pids"}),
       .stop_grace = "300ms"});
  REQUIRE(berth.wait_serving());
  check_clean_stop(berth);
}

TEST_CASE("end: a request in flight is answered before berth ends") {
  BerthProcess berth({.command = scripted({"--name", "last"})});
  REQUIRE(berth.wait_serving());
  RawClient slow(berth.port());
  slow.send("GET /slow?3000 HTTP/1.1\r\nHost: localhost\r\n\r\n");
  REQUIRE(wait_until([&] { return berth.call("status").out.find("in flight 1") != std::string::npos; }));
  berth.child().signal(SIGTERM);
  const auto response = slow.read_response();
  CHECK(response.complete);
  CHECK(response.body == "last\n");
  CHECK(berth.child().wait_exit(10s) == ExitStatus{false, 0});
  check_no_process_left();
}

TEST_CASE("end: a request that came before the stop is answered, though nobody has read it yet") {
  BerthProcess berth({.command = scripted({"--name", "last"})});
  REQUIRE(berth.wait_serving());
  std::vector<std::unique_ptr<RawClient>> clients;
  const auto ask = [&](std::size_t client) {
    clients[client]->send("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n");
  };
  constexpr std::size_t kKept = 10;
  for (std::size_t i = 0; i < kKept; ++i) {
    clients.push_back(std::make_unique<RawClient>(berth.port()));
    ask(i);
    REQUIRE(clients[i]->read_response().body == "last\n");
  }
  berth.child().signal(SIGSTOP);
  for (std::size_t i = 0; i < 2 * kKept; ++i) {
    if (i >= kKept) clients.push_back(std::make_unique<RawClient>(berth.port()));
    ask(i);
  }
  berth.child().signal(SIGTERM);
  berth.child().signal(SIGCONT);
  for (std::size_t i = 0; i < 2 * kKept; ++i) {
    CAPTURE(i);
    const auto response = clients[i]->read_response();
    CHECK(response.complete);
    CHECK(response.body == "last\n");
  }
  CHECK(berth.child().wait_exit(10s) == ExitStatus{false, 0});
  check_no_process_left();
}

TEST_CASE("end: a second signal hurries") {
  BerthProcess berth({.command = scripted({"--ignore-term"}), .drain = "60s", .stop_grace = "60s"});
  REQUIRE(berth.wait_serving());
  RawClient stream(berth.port());
  stream.send("GET /forever HTTP/1.1\r\nHost: localhost\r\n\r\n");
  stream.read_until("more");
  berth.child().signal(SIGINT);
  REQUIRE(wait_until([&] { return listeners(berth.port()).empty(); }, 5s));
  berth.child().signal(SIGINT);
  const auto exit = berth.child().wait_exit(10s);
  INFO(berth.output());
  REQUIRE(exit.has_value());
  CHECK_FALSE(exit->signalled);
  check_no_process_left();
}

namespace {

/// A server that says when it is told to end: started by package managers, shells and wrappers.
constexpr const char* kSaysItsEnd = R"(#!/usr/bin/env node
const server = require('http').createServer((request, response) => response.end('ok'));
process.on('SIGTERM', () => require('fs').writeSync(1, 'the server saw TERM\n') && process.exit(0));
server.listen(process.env.PORT, '127.0.0.1');
)";

/// Waits for what it starts, and passes nothing on.
constexpr const char* kWaits = R"(#!/usr/bin/python3
import signal, subprocess, sys
signal.signal(signal.SIGTERM, signal.SIG_IGN)
sys.exit(subprocess.call(sys.argv[2:], preexec_fn=lambda: signal.signal(signal.SIGTERM, signal.SIG_DFL)))
)";

}  // namespace

TEST_CASE("end: what npm, a shell or a wrapper has started hears the stop signal, and is not killed") {
  TempDir dir;
  std::ofstream(dir / "server.js") << kSaysItsEnd;
  // A program of the package's own: what is not one npx would fetch first.
  std::filesystem::permissions(dir / "server.js", std::filesystem::perms::owner_all);
  std::filesystem::create_directories(dir / "node_modules/.bin");
  std::filesystem::create_symlink("../../server.js", dir / "node_modules/.bin/server");
  std::ofstream(dir / "package.json")
      << R"({"name": "x", "scripts": {"start": "node server.js", "chain": "true && node server.js"}})";
  std::ofstream(dir / "uv") << kWaits;
  std::filesystem::permissions(dir / "uv", std::filesystem::perms::owner_all);
  const std::string wrapper = dir / "uv";
  for (const Command& command :
       {Command{"npm", "start"}, Command{"npm", "run", "chain"}, Command{"npx", "server"},
        Command{"/bin/sh", "-c", "exec node server.js"}, Command{"/bin/sh", "-c", "true && node server.js"},
        Command{"/bin/bash", "-c", "node server.js; true"}, Command{wrapper, "run", "node", "server.js"}}) {
    CAPTURE(command);
    BerthProcess berth({.command = command,
                        .stop_grace = "20s",
                        .ready_timeout = "30s",
                        .more = {"--plain"},
                        .dir = dir.path(),
                        .env = {{"npm_config_update_notifier", "false"}}});
    REQUIRE(berth.wait_serving(30s));
    const auto swap = berth.swap(scripted());
    INFO(swap.all(), berth.output());
    CHECK(swap.exit_code == 0);
    CHECK(swap.all().find("kill") == std::string::npos);
    CHECK(berth.child().wait_output("the server saw TERM", 5s));
    check_clean_stop(berth);
  }
}
