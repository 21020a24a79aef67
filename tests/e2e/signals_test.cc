// Signals that other programs end of, and what a stop says while it waits.
#include <doctest/doctest.h>

#include <csignal>

#include "tests/e2e/checks.h"
#include "tests/support/raw_client.h"

using namespace std::chrono_literals;
using namespace berth::test;

TEST_CASE("signals: QUIT stops in order, as TERM does") {
  BerthProcess berth({.command = scripted({})});
  REQUIRE(berth.wait_serving());
  berth.child().signal(SIGQUIT);
  CHECK(berth.child().wait_exit(20s) == ExitStatus{.signalled = false, .value = 0});
  CHECK(berth.output().find("stopping: no new connections") != std::string::npos);
  check_no_process_left();
}

TEST_CASE("signals: USR2 and the others that mean nothing are one line, and nobody notices") {
  BerthProcess berth({.command = scripted({"--name", "one"})});
  REQUIRE(berth.wait_serving());
  for (const auto& each : {std::pair<int, const char*>{SIGUSR2, "USR2"},
                           {SIGALRM, "ALRM"},
                           {SIGVTALRM, "VTALRM"},
                           {SIGPROF, "PROF"},
                           {SIGIO, "IO"},
                           {SIGSTKFLT, "STKFLT"},
                           {SIGRTMIN + 3, "RTMIN+3"}}) {
    const std::string name = each.second;
    CAPTURE(name);
    berth.child().signal(each.first);
    CHECK(berth.child().wait_output(name + " came, which means nothing to berth", 15s));
    CHECK(who_answers(berth.port()) == "one");
  }
  berth.child().signal(SIGXFSZ);
  CHECK(who_answers(berth.port()) == "one");
  check_clean_stop(berth);
}

TEST_CASE("stop: says who is waited for and for how long still, and at the end what was cut") {
  BerthProcess berth({.command = scripted({}), .drain = "3s"});
  REQUIRE(berth.wait_serving());
  RawClient slow(berth.port());
  slow.send("GET /slow?60000 HTTP/1.1\r\nHost: app\r\n\r\n");
  ChildProcess stop(berth.call_options("stop"));
  CHECK(stop.wait_output("waiting: app: generation 1 still answers 1 request, which is cut in ", 15s));
  CHECK(stop.wait_exit(20s) == ExitStatus{.signalled = false, .value = 0});
  CHECK(stop.out().find("stopped: 1 request was cut") != std::string::npos);
  CHECK(slow.read_until("before it had answered").find("was stopped before") != std::string::npos);
  CHECK(berth.child().wait_exit(20s) == ExitStatus{.signalled = false, .value = 0});
  CHECK(berth.output().find("waiting: app: generation 1") != std::string::npos);
  check_no_process_left();
}
