// berth's own public address: nobody joins it (promise P7), and a busy one is told with its holder or waited
// for.
#include <doctest/doctest.h>
#include <unistd.h>

#include <csignal>

#include "tests/e2e/checks.h"
#include "tests/support/held_socket.h"
#include "tests/support/temp_dir.h"
#include "tests/support/wait_until.h"

using namespace std::chrono_literals;
using namespace berth::test;

namespace {

constexpr unsigned kNobody = 65534;

std::string loopback(std::uint16_t port) { return "127.0.0.1:" + std::to_string(port); }

Command run_on(const std::string& address, const TempDir& dir, const std::vector<std::string>& more,
               const Command& backend = {"true"}) {
  Command command{berth_binary(), "run", "-l", address, "--control", dir / "berth.sock"};
  command.insert(command.end(), more.begin(), more.end());
  command.push_back("--");
  command.insert(command.end(), backend.begin(), backend.end());
  return command;
}

void check_nobody_joins(const std::string& listen, const std::vector<std::string>& overlapping) {
  CAPTURE(listen);
  BerthProcess berth({.command = scripted({}), .listen = listen});
  REQUIRE(berth.wait_serving());
  for (const auto& address : overlapping) {
    CAPTURE(address);
    CHECK(joins_as(::getuid(), {.address = address, .port = berth.port()}) == 0);
    if (::getuid() == 0) CHECK(joins_as(kNobody, {.address = address, .port = berth.port()}) == 0);
  }
  check_clean_stop(berth);
}

}  // namespace

TEST_CASE("public port: nobody joins it by any socket option, on any overlapping address, as any user") {
  // What is tried can succeed: against a free number all four combinations do.
  const std::uint16_t free_port = free_number();
  CHECK(joins_as(::getuid(), {.port = free_port}) == 4);
  check_nobody_joins("127.0.0.1:0", {"127.0.0.1", "0.0.0.0", "::"});
  check_nobody_joins("0.0.0.0:0", {"127.0.0.1", "0.0.0.0", "::", other_address()});
  check_nobody_joins("[::]:0", {"127.0.0.1", "0.0.0.0", "::", "::1", other_address()});
}

TEST_CASE("public port: a busy one is told with the facts of berth port") {
  TempDir dir;
  HeldSocket listener({});
  const auto held = run_command({run_on(loopback(listener.port()), dir, {}), {}, {}}, 20s);
  CHECK(held.exit_code == 1);
  check_screen(held, {"the port is taken\n  held by pid " + std::to_string(::getpid()) + " (", ", since 20",
                      "-l 127.0.0.1:PORT"});
  HeldSocket six({.address = "::1", .port = free_number()});
  const auto both = run_command({run_on("localhost:" + std::to_string(six.port()), dir, {}), {}, {}}, 20s);
  CHECK(both.exit_code == 1);
  check_screen(both, {"held by pid " + std::to_string(::getpid()) + " (", "-l [::1]:PORT"});
  HeldSocket bound({.listening = false});
  const auto unheard = run_command({run_on(loopback(bound.port()), dir, {}), {}, {}}, 20s);
  CHECK(unheard.exit_code == 1);
  check_screen(unheard, {"bound, and nobody listens\n  held by pid " + std::to_string(::getpid())});
}

TEST_CASE("public port: localhost is both families with one number, and a list is all that it names") {
  BerthProcess berth({.command = scripted({"--name", "both"}), .listen = "localhost:0,127.0.0.2:0"});
  REQUIRE(wait_until([&] { return berth.ports().size() == 3; }, 10s));
  const auto ports = berth.ports();
  CHECK(ports == std::vector<std::uint16_t>(3, ports[0]));
  for (const std::string& address :
       {std::string("127.0.0.1:"), std::string("[::1]:"), std::string("127.0.0.2:")}) {
    CAPTURE(address);
    const auto url = "http://" + address + std::to_string(ports[0]) + "/";
    CHECK(run_command({{"curl", "-gsS", url}, {}, {}}, 20s).out == "both\n");
  }
  CHECK(berth.output().find("may reach another server") == std::string::npos);
  check_clean_stop(berth);
}

TEST_CASE("public port: a stranger on the other family's loopback is warned of, by name") {
  const auto port = free_number();
  for (const auto& row :
       {std::pair<std::string, std::string>{"::1", "127.0.0.2:0,127.0.0.1:"}, {"127.0.0.1", "[::1]:"}}) {
    CAPTURE(row.first);
    const HeldSocket stranger({.address = row.first, .port = port});
    REQUIRE(stranger.is_open());
    BerthProcess berth({.command = scripted({}), .listen = row.second + std::to_string(port)});
    CHECK(berth.child().wait_output("clients of localhost:" + std::to_string(port) +
                                        " may reach another server: pid " + std::to_string(::getpid()) + " (",
                                    10s));
    check_clean_stop(berth);
  }
}

TEST_CASE("public port: leftovers alone are waited for, as there is no program to stop") {
  TempDir dir;
  HeldSocket strict({});
  const auto port = strict.port();
  strict.leave_time_wait();
  strict.close();
  const auto left = run_command({run_on(loopback(port), dir, {}), {}, {}}, 20s);
  CHECK(left.exit_code == 1);
  check_screen(
      left, {"taken, by leftovers only: 1 in TIME_WAIT, for ", " s still",
             "wait until they are gone, as berth run --wait=", "choose another port with -l 127.0.0.1:PORT"});
  CHECK(left.err.find("stop that program") == std::string::npos);
}

TEST_CASE("public port: run --wait takes it as soon as it is free") {
  TempDir dir;
  HeldSocket listener({});
  const auto port = listener.port();
  ChildProcess berth({run_on(loopback(port), dir, {"--wait"}, scripted({"--name", "patient"}))});
  REQUIRE(berth.wait_output("waiting up to 30s: cannot listen on " + loopback(port), 10s));
  CHECK(berth.err().find("held by pid " + std::to_string(::getpid())) != std::string::npos);
  CHECK(berth.out().empty());
  listener.close();
  REQUIRE(berth.wait_output("listening on http://" + loopback(port), 10s));
  CHECK(who_answers(port) == "patient");
  berth.signal(SIGTERM);
  CHECK(berth.wait_exit(20s) == ExitStatus{false, 0});
  check_no_process_left();
}

TEST_CASE("public port: run --wait ends at its deadline with the holder, and by Ctrl-C at once") {
  TempDir dir;
  HeldSocket listener({});
  for (const std::string wait : {"1ms", "100ms"}) {  // the first is over before the address is looked at
    const auto late = run_command({run_on(loopback(listener.port()), dir, {"--wait=" + wait}), {}, {}}, 20s);
    CHECK(late.exit_code == 4);
    check_screen(late, {"waiting up to " + wait, "the wait is over: cannot listen",
                        "held by pid " + std::to_string(::getpid())});
  }
  ChildProcess stopped({run_on(loopback(listener.port()), dir, {"--wait", "10m"})});
  REQUIRE(stopped.wait_output("waiting up to 10m", 10s));
  stopped.signal(SIGINT);
  CHECK(stopped.wait_exit(5s) == ExitStatus{false, 4});
  CHECK(stopped.err().find("stopped waiting: cannot listen") != std::string::npos);
  const auto wrong = run_command({run_on(loopback(listener.port()), dir, {"--wait=soon"}), {}, {}}, 20s);
  CHECK(wrong.exit_code == 2);
  check_no_process_left();
}
