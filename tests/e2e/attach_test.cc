// Servers that berth did not start: attached, swapped to, let go of, waited for, and never stopped.
#include <doctest/doctest.h>

#include <csignal>

#include "tests/e2e/checks.h"
#include "tests/support/temp_dir.h"
#include "tests/support/wait_until.h"

using namespace std::chrono_literals;
using namespace berth::test;

namespace {

/// A server of somebody else's on a port of the OS's choice.
class OwnServer {
 public:
  explicit OwnServer(const std::string& name, std::vector<std::string> more = {})
      : child_({.command = command(name, std::move(more))}) {
    REQUIRE(child_.wait_output("listening on", 10s));
    REQUIRE(wait_until([&] { return listening_port(child_.out()).has_value(); }, 5s));
    port_ = *listening_port(child_.out());
  }

  std::string address() const { return "127.0.0.1:" + std::to_string(port_); }
  std::string port() const { return std::to_string(port_); }
  bool runs() const { return process(child_.pid()).has_value(); }
  int pid() const { return child_.pid(); }
  void end() {
    child_.signal(SIGKILL);
    REQUIRE(child_.wait_exit(10s).has_value());
  }

 private:
  static Command command(const std::string& name, std::vector<std::string> more) {
    Command all = scripted({"--port", "0", "--host", "127.0.0.1", "--name", name});
    all.insert(all.end(), more.begin(), more.end());
    return all;
  }

  ChildProcess child_;
  std::uint16_t port_ = 0;
};

void check_berth_ends(BerthProcess& berth, std::vector<OwnServer*> outlive) {
  CHECK(berth.stop() == ExitStatus{false, 0});
  for (OwnServer* each : outlive) {
    CHECK(each->runs());
    each->end();
  }
  check_no_process_left();
}

}  // namespace

TEST_CASE("external: a server that runs already is served and outlives berth") {
  OwnServer server("mine");
  BerthProcess berth({.more = {"--external", server.address()}});
  REQUIRE(berth.wait_serving());
  CHECK(who_answers(berth.port()) == "mine");
  const auto status = berth.call("status");
  check_screen(status, {"serving", server.address() + ", not started by berth"});
  check_screen(berth.call("why"), {server.address() + " (external)", "server: " + server.address()});
  const auto restart = berth.call("restart");
  CHECK(restart.exit_code == 1);
  check_screen(restart, {"did not start the server on " + server.address(), "berth swap --to ADDRESS"});
  check_berth_ends(berth, {&server});
}

TEST_CASE("external: one that comes later is waited for by the requests") {
  BerthProcess berth({.more = {"--external", "attach"}});
  check_screen(berth.call("status"), {"vacant", "berth attach"});
  ChildProcess user({.command = {"curl", "-s", "http://127.0.0.1:" + std::to_string(berth.port()) + "/"}});
  OwnServer server("mine");
  const auto attach = berth.call("attach", {server.address()});
  INFO(attach.all());
  CHECK(attach.exit_code == 0);
  CHECK(user.wait_exit(10s) == ExitStatus{false, 0});
  CHECK(user.out() == "mine\n");
  check_berth_ends(berth, {&server});
}

TEST_CASE("attach: a command, two servers and back under load fail no request") {
  OwnServer one("one"), two("two");
  BerthProcess berth({.command = scripted({"--name", "own"})});
  REQUIRE(berth.wait_serving());
  berth::load::Load load(users_of(berth.port()));
  load.start();
  REQUIRE(wait_answers(load, 20));
  const auto step = [&](const CommandResult& result, const std::string& serves) {
    INFO(result.all());
    REQUIRE(result.exit_code == 0);
    CHECK(who_answers(berth.port()) == serves);
    REQUIRE(wait_answers(load, 10));
  };
  for (int i = 0; i < 4; ++i) {
    step(berth.call("attach", {one.port()}), "one");
    CHECK(descendants(berth.pid()).empty());
    step(berth.call("swap", {"--to", two.address()}), "two");
    step(berth.call("detach"), "own");
    step(berth.call("attach", {"app", two.address()}), "two");
    step(berth.swap(scripted({"--name", "other"})), "other");
    step(berth.swap(scripted({"--name", "own"})), "own");
  }
  check_nothing_failed(load.stop());
  check_berth_ends(berth, {&one, &two});
}

TEST_CASE("attach: an address that does not become ready leaves the old one serving") {
  OwnServer broken("broken", {"--status", "500"});
  BerthProcess berth({.command = scripted({"--name", "old"}), .ready_timeout = "1s"});
  REQUIRE(berth.wait_serving());
  berth::load::Load load(users_of(berth.port()));
  load.start();
  const auto attach = berth.call("attach", {broken.address()});
  CHECK(attach.exit_code == 1);
  check_screen(attach, {broken.address(), "500", "generation 1 serves on"});
  CHECK(who_answers(berth.port()) == "old");
  REQUIRE(wait_answers(load, 20));
  check_nothing_failed(load.stop());
  broken.end();
  const auto itself = berth.call("swap", {"--to", std::to_string(berth.port())});
  CHECK(itself.exit_code == 1);
  check_screen(itself, {"berth would ask itself"});
  CHECK(who_answers(berth.port()) == "old");
  const auto nobody = berth.call("attach", {broken.address()});
  CHECK(nobody.exit_code == 1);
  check_screen(nobody, {"connection refused", "start the server first"});
  check_clean_stop(berth);
}

TEST_CASE("attach: why says that the server which was attached is dead, as the status does") {
  OwnServer server("mine");
  BerthProcess berth({.more = {"--external", server.address()}});
  REQUIRE(berth.wait_serving());
  CHECK(unwrapped(berth.call("why").out).find("Nothing: generation 1 serves.") != std::string::npos);
  server.end();
  check_screen(berth.call("status"), {"unreachable"});
  const std::string why = unwrapped(berth.call("why").out);
  INFO(why);
  CHECK(why.find("Now nothing takes connections on " + server.address() + ", and requests wait.") !=
        std::string::npos);
  CHECK(
      why.find("what to do Start that server again, which berth did not start, or `berth attach` another.") !=
      std::string::npos);
  CHECK(why.find("Nothing: generation 1 serves") == std::string::npos);
  check_clean_stop(berth);
}

TEST_CASE("detach: without a command requests wait for the next attach") {
  OwnServer one("one"), two("two");
  BerthProcess berth({.more = {"--external", one.address()}});
  REQUIRE(berth.wait_serving());
  berth::load::Load load(users_of(berth.port()));
  load.start();
  REQUIRE(wait_answers(load, 20));
  const auto other = berth.call("detach", {"--only", two.address()});
  CHECK(other.exit_code == 1);
  check_screen(other, {"refused: the server on", one.address() + " is attached, not " + two.address()});
  CHECK(who_answers(berth.port()) == "one");
  const auto detach = berth.call("detach", {"--only", one.address()});
  CHECK(detach.exit_code == 0);
  check_screen(detach, {"generation 1 is detached", "requests are held"});
  check_screen(berth.call("status"), {"vacant"});
  check_screen(berth.call("restart"), {"nothing to start again"});
  check_screen(berth.call("detach"), {"no server is attached"});
  ChildProcess user({.command = {"curl", "-s", "http://127.0.0.1:" + std::to_string(berth.port()) + "/"}});
  CHECK(berth.call("attach", {two.address()}).exit_code == 0);
  CHECK(user.wait_exit(10s) == ExitStatus{false, 0});
  CHECK(user.out() == "two\n");
  REQUIRE(wait_answers(load, 20));
  check_nothing_failed(load.stop());
  check_berth_ends(berth, {&one, &two});
}

TEST_CASE("released within: a server that goes in time is proven gone") {
  OwnServer old("old"), fresh("new");
  BerthProcess berth({.more = {"--external", old.address()}});
  REQUIRE(berth.wait_serving());
  ChildProcess swap(berth.call_options("swap", {"--to", fresh.address(), "--released-within", "30s"}));
  REQUIRE(swap.wait_output("left running", 10s));
  CHECK(who_answers(berth.port()) == "new");
  CHECK_FALSE(swap.wait_exit(0ms).has_value());
  old.end();
  const auto exit = swap.wait_exit(15s);
  INFO(swap.out(), swap.err());
  CHECK(exit == ExitStatus{false, 0});
  CHECK(swap.out().find(old.port() + " ") != std::string::npos);
  check_berth_ends(berth, {&fresh});
}

TEST_CASE("released within: in the stop-start order, too, a server that stays is named with exit code 5") {
  OwnServer old("old");
  BerthProcess berth({.command = scripted({"--name", "own"}), .more = {"--swap", "stop-start"}});
  REQUIRE(berth.call("attach", {old.address()}).exit_code == 0);
  berth::load::Load load(users_of(berth.port()));
  load.start();
  REQUIRE(wait_answers(load, 20));
  const auto detach = berth.call("detach", {"--released-within", "300ms"});
  CHECK(detach.exit_code == 5);
  check_screen(detach,
               {old.port() + " still held by pid " + std::to_string(old.pid()), "serving generation 3"});
  CHECK(who_answers(berth.port()) == "own");
  REQUIRE(wait_answers(load, 20));
  check_nothing_failed(load.stop());
  check_berth_ends(berth, {&old});
}

TEST_CASE("released within: a server that stays is named with exit code 5") {
  OwnServer old("old"), fresh("new");
  BerthProcess berth({.more = {"--external", old.address()}});
  REQUIRE(berth.wait_serving());
  const auto swap = berth.call("attach", {fresh.address(), "--released-within", "300ms"});
  CHECK(swap.exit_code == 5);
  check_screen(swap, {old.port() + " still held by pid " + std::to_string(old.pid()), "scripted_backend"});
  CHECK(who_answers(berth.port()) == "new");
  check_berth_ends(berth, {&old, &fresh});
}
