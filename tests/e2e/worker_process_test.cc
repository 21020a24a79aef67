// An app that nobody comes to: a worker process beside a server, supervised all the same.
#include <doctest/doctest.h>

#include <csignal>

#include "tests/e2e/checks.h"
#include "tests/support/wait_until.h"

using namespace std::chrono_literals;
using namespace berth::test;

namespace {

/// Says what it was given and works on; TERM ends it.
std::string worker(const std::string& says, const std::string& keys = "") {
  return "[app.web]\nlisten = \"127.0.0.1:0\"\ncommand = " + scripted_toml({"--name", "web"}) +
         "\n[app.jobs]\nstop = { grace = \"2s\" }\n" + keys + "command = [\"sh\", \"-c\", \"echo " + says +
         " $BERTH_GENERATION port ${PORT-none}; trap 'exit 0' TERM; while :; do sleep 60 & wait $!; "
         "done\"]\n";
}

/// The pid of the app's serving generation, if it is that one; 0: it is not.
int pid_of_jobs(BerthProcess& berth, const std::string& generation) {
  const std::string text = berth.call("status", {"jobs", "--json"}).out;
  const auto serving = text.find("{\"generation\":" + generation + ",\"state\":\"serving\",\"pid\":");
  const auto pid = serving == std::string::npos ? serving : text.find("\"pid\":", serving);
  return pid == std::string::npos ? 0 : std::atoi(text.c_str() + pid + 6);
}

}  // namespace

TEST_CASE("worker process: it is started, shown without an address, restarted and stopped") {
  BerthProcess berth({.file = worker("hello")});
  REQUIRE(berth.wait_serving());
  REQUIRE(berth.child().wait_output("hello 1 port none", 10s));
  const auto status = berth.call("status");
  check_screen(status, {"jobs"});
  CHECK(pid_of_jobs(berth, "1") != 0);
  const auto restart = berth.call("restart", {"jobs"});
  CHECK(restart.exit_code == 0);
  check_screen(restart, {"(no port)", "serving generation 2"});
  REQUIRE(berth.child().wait_output("hello 2 port none", 10s));
  const auto swap = berth.call("swap", {"jobs"}, {"sh", "-c", "echo other; exec sleep 600"});
  CHECK(swap.exit_code == 0);
  CHECK(who_answers(berth.port()) == "web");
  check_clean_stop(berth);
}

TEST_CASE("worker process: one that dies is started again") {
  BerthProcess berth({.file = worker("hello")});
  REQUIRE(berth.wait_serving());
  REQUIRE(wait_until([&] { return pid_of_jobs(berth, "1") != 0; }, 10s));
  REQUIRE(::kill(pid_of_jobs(berth, "1"), SIGKILL) == 0);
  CHECK(berth.child().wait_output("hello 2 port none", 10s));
  check_screen(berth.call("why", {"jobs"}), {"ended by itself"});
  check_clean_stop(berth);
}

TEST_CASE("worker process: its readiness may be a line of its output, which it has time for") {
  BerthProcess berth({.file = worker("ready", "ready = { log = \"^ready\" }\n")});
  REQUIRE(berth.wait_serving());
  REQUIRE(wait_until([&] { return pid_of_jobs(berth, "1") != 0; }, 10s));
  const auto never = berth.call("swap", {"jobs"}, {"sh", "-c", "echo what; exit 3"});
  CHECK(never.exit_code == 1);
  check_screen(never, {"exit 3", "generation 1 serves on"});
  check_clean_stop(berth);
}

TEST_CASE("worker process: it may say itself that it is ready, or be asked by a command") {
  const TempDir dir;
  const std::string go = dir / "go";
  const std::string notify =
      "[app.web]\nlisten = \"127.0.0.1:0\"\ncommand = " + scripted_toml({"--name", "web"}) +
      "\n[app.jobs]\nstop = { grace = \"2s\" }\nready = { notify = true }\ncommand = [\"python3\", \"-c\", "
      "\"import os, socket, time; socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM).sendto(b'READY=1', "
      "os.environ['NOTIFY_SOCKET']); time.sleep(600)\"]\n"
      "[app.mail]\nstop = { grace = \"2s\" }\nready = { exec = [\"test\", \"-e\", \"" +
      go + "\"] }\ncommand = [\"sleep\", \"600\"]\n";
  BerthProcess berth({.file = notify});
  REQUIRE(berth.wait_serving());
  CHECK(berth.child().wait_output("jobs#1  serving", 10s));
  check_screen(berth.call("status"), {"mail", "starting"});
  write_file(go, "");
  CHECK(berth.child().wait_output("mail#1  serving", 10s));
  CHECK(berth.call("restart", {"jobs"}).exit_code == 0);
  check_clean_stop(berth);
}
