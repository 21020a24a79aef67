// One, two and three signals, and what each asks for: at the start, while it serves, in a swap, while it
// stops; and a terminal that closes.
#include <doctest/doctest.h>

#include <csignal>
#include <fstream>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "tests/e2e/checks.h"
#include "tests/support/raw_client.h"
#include "tests/support/thread_pause.h"

using namespace std::chrono_literals;
using namespace berth::test;

namespace {

constexpr ExitStatus kClean{.signalled = false, .value = 0};

/// With waits that only a hurry ends within a test's time.
BerthOptions patient(const Command& command) {
  return {.command = command, .drain = "10m", .stop_grace = "10m", .ready_timeout = "10m"};
}

/// A request that holds up a drain.
std::unique_ptr<RawClient> slow_request(BerthProcess& berth) {
  auto client = std::make_unique<RawClient>(berth.port());
  client->send("GET /forever HTTP/1.1\r\nHost: localhost\r\n\r\n");
  client->read_until("more");
  return client;
}

/// A server whose listening socket somebody else has, too: its release cannot be proven.
constexpr const char* kHandsOut = R"(
import array, http.server, os, socket, subprocess, sys, threading
server = http.server.HTTPServer(('127.0.0.1', int(os.environ['PORT'])), http.server.SimpleHTTPRequestHandler)
door = socket.socket(socket.AF_UNIX)
door.bind(sys.argv[1])
door.listen()
def give():
    c, _ = door.accept()
    c.sendmsg([b'x'], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array('i', [server.fileno()]))])
threading.Thread(target=give, daemon=True).start()
server.serve_forever()
)";
constexpr const char* kTakes = R"(
import socket, sys, time
c = socket.socket(socket.AF_UNIX)
c.connect(sys.argv[1])
_, descriptors, _, _ = socket.recv_fds(c, 1, 1)
print('mine', flush=True)
time.sleep(1000)
)";

/// berth with such a server, and who has its socket.
struct HandedOut {
  HandedOut() {
    REQUIRE(berth.child().wait_output("#1   serving", 15s));
    taker.emplace(ChildOptions{.command = {"/usr/bin/python3", "-c", kTakes, dir / "door"}});
    REQUIRE(taker->wait_output("mine", 15s));
  }
  TempDir dir;
  BerthProcess berth{{.command = {"/usr/bin/python3", "-c", kHandsOut, dir / "door"}}};
  std::optional<ChildProcess> taker;
};

}  // namespace

TEST_CASE("signals: one TERM stops in order, whatever it comes in") {
  {
    BerthProcess starting(patient(scripted({"--never-listen"})));
    REQUIRE(starting.child().wait_output("started: pid", 15s));
    CHECK(starting.stop() == kClean);
    check_no_process_left();
  }
  {
    BerthProcess swapping(patient(scripted()));
    REQUIRE(swapping.wait_serving());
    ChildProcess swap(swapping.call_options("swap", {}, scripted({"--never-listen"})));
    REQUIRE(swapping.child().wait_output("app#2   started: pid", 15s));
    CHECK(swapping.stop() == kClean);
    CHECK(swap.wait_exit(20s));
    check_no_process_left();
  }
  BerthProcess serving(patient(scripted()));
  REQUIRE(serving.wait_serving());
  auto slow = slow_request(serving);
  serving.child().signal(SIGTERM);
  // In order: whoever has begun is not cut.
  REQUIRE(serving.child().wait_output("stopping: ", 15s));
  CHECK(slow->read_until("more", 5s).ends_with("more"));
  CHECK_FALSE(serving.child().wait_exit(0ms));
  slow->leave();
  CHECK(serving.child().wait_exit(20s) == kClean);
  check_no_process_left();
}

TEST_CASE("signals: a second one hurries, also where it comes at once with the first") {
  for (const bool at_once : {true, false}) {
    CAPTURE(at_once);
    BerthProcess berth(patient(scripted({"--ignore-term"})));
    REQUIRE(berth.wait_serving());
    auto slow = slow_request(berth);
    berth.child().signal(SIGTERM);
    if (!at_once) REQUIRE(berth.child().wait_output("stopping: ", 15s));
    berth.child().signal(SIGINT);
    CHECK(berth.child().wait_output("hurrying: ", 15s));
    CHECK(berth.child().wait_exit(20s) == kClean);
    slow->read_all();
    CHECK(slow->closed());
    check_no_process_left();
  }
}

TEST_CASE("signals: a second one hurries before every worker has closed its listeners, too") {
  BerthProcess berth(patient(scripted({"--ignore-term"})));
  REQUIRE(berth.wait_serving());
  auto slow = slow_request(berth);
  const std::vector<pid_t> workers = threads_of(berth.pid(), "berth-worker");
  REQUIRE_FALSE(workers.empty());
  std::optional<ThreadPause> busy(workers.front());
  berth.child().signal(SIGTERM);
  REQUIRE(berth.child().wait_output("stopping: ", 15s));
  berth.child().signal(SIGINT);
  CHECK(berth.child().wait_output("hurrying: ", 15s));
  busy.reset();
  CHECK(berth.child().wait_exit(20s) == kClean);
  check_no_process_left();
}

TEST_CASE("signals: a second one hurries a start and a swap, too") {
  BerthProcess starting(patient(scripted({"--never-listen", "--ignore-term"})));
  REQUIRE(starting.child().wait_output("started: pid", 15s));
  starting.child().signal(SIGTERM);
  starting.child().signal(SIGINT);
  CHECK(starting.child().wait_exit(20s) == kClean);
  check_no_process_left();
  BerthProcess swapping(patient(scripted({"--ignore-term"})));
  REQUIRE(swapping.wait_serving());
  ChildProcess swap(swapping.call_options("swap", {}, scripted({"--never-listen", "--ignore-term"})));
  REQUIRE(swapping.child().wait_output("app#2   started: pid", 15s));
  swapping.child().signal(SIGTERM);
  swapping.child().signal(SIGINT);
  CHECK(swapping.child().wait_exit(20s) == kClean);
  CHECK(swap.wait_exit(20s));
  check_no_process_left();
}

TEST_CASE("P5: who cannot prove a release ends with 5, and names who holds the port") {
  HandedOut server;
  CHECK(server.berth.stop(60s) == ExitStatus{.signalled = false, .value = 5});
  const std::string said = server.berth.output();
  CHECK(said.find("still held by pid " + std::to_string(server.taker->pid())) != std::string::npos);
}

TEST_CASE("signals: a third one ends at once, and leaves what is left to the keepers") {
  HandedOut server;
  for (const int each : {SIGTERM, SIGINT, SIGQUIT}) server.berth.child().signal(each);
  CHECK(server.berth.child().wait_exit(20s) == ExitStatus{.signalled = false, .value = 1});
}

TEST_CASE(
    "signals: a terminal that closes ends berth, with a file or without, and HUP alone reads the file "
    "again") {
  const TempDir dir;
  const std::string file = dir / "berth.toml";
  std::ofstream(file) << "[app.web]\nlisten = \"127.0.0.1:0\"\ncommand = " + scripted_toml() + "\n";
  const Command run{berth_binary(), "run", "--control", dir / "c.sock"};
  for (const bool with_file : {true, false}) {
    CAPTURE(with_file);
    Command all{"/usr/bin/python3", app_path("stuck_terminal.py"), "--close", "serving"};
    all.insert(all.end(), run.begin(), run.end());
    const Command more = with_file ? Command{"-c", file} : Command{"-l", "127.0.0.1:0", "--"};
    all.insert(all.end(), more.begin(), more.end());
    if (!with_file)
      for (const std::string& word : scripted()) all.push_back(word);
    const auto closed = run_command({all, dir.path(), {{"TERM", "xterm"}}});
    CHECK(closed.all() == "ended 0\n");
    check_no_process_left();
  }
  BerthProcess no_file(patient(scripted()));
  REQUIRE(no_file.wait_serving());
  no_file.child().signal(SIGHUP);
  CHECK(no_file.child().wait_exit(20s) == kClean);
  BerthProcess with_file(
      {.file = "[app.web]\nlisten = \"127.0.0.1:0\"\ncommand = " + scripted_toml() + "\n"});
  REQUIRE(with_file.wait_serving());
  with_file.child().signal(SIGHUP);
  CHECK(with_file.child().wait_output("the file says what runs already", 15s));
  check_clean_stop(with_file);
}
