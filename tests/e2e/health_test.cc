// A backend that hangs without dying: checked again and again, replaced, or waited for.
#include <doctest/doctest.h>

#include <csignal>

#include "tests/e2e/checks.h"
#include "tests/support/raw_client.h"
#include "tests/support/wait_until.h"

using namespace std::chrono_literals;
using namespace berth::test;

namespace {

constexpr const char* kHealth =
    "health = { every = \"100ms\", timeout = \"2s\", fall = 2, rise = 2 }\ndrain = \"1s\"\n"
    "stop = { grace = \"500ms\" }\n";

std::string web(const std::string& keys, const std::vector<std::string>& options) {
  return "[app.web]\nlisten = \"127.0.0.1:0\"\ncommand = " + scripted_toml(options) + "\n" + kHealth + keys;
}

/// Until every worker knows it: each adds to a status that is asked for later.
bool wait_unhealthy(BerthProcess& berth) {
  return berth.child().wait_output("unhealthy", 15s) && berth.call("status").exit_code == 0;
}

}  // namespace

TEST_CASE("health: a backend that hangs is replaced, and who comes after it was noticed sees no failure") {
  TempDir files;
  const std::string pids = files / "pids";
  BerthProcess berth({.file = web("", {"--ignore-term", "--pid-file", pids})});
  REQUIRE(berth.wait_serving());
  const std::string first = who_answers(berth.port());
  check_screen(berth.call("status"), {"health", "passes"});
  REQUIRE(::kill(std::stoi(first), SIGSTOP) == 0);
  REQUIRE(wait_unhealthy(berth));
  berth::load::Load load(users_of(berth.port()));
  load.start();
  REQUIRE(wait_answers(load, 50));
  CHECK(who_answers(berth.port()) != first);
  // It does not listen to TERM either.
  CHECK(wait_until([&] { return !process(std::stoi(first)); }, 15s));
  check_nothing_failed(load.stop());
  REQUIRE(berth.child().wait_output("web#1   released", 20s));
  const auto why = berth.call("why");
  check_screen(why, {"generation 1 was unhealthy", "failed 2 checks in a row", "gave no complete answer",
                     "killed after"});
  check_clean_stop(berth);
}

TEST_CASE("health: users across the moment of the hang are answered in the end, or counted") {
  BerthProcess berth({.file = web("", {"--name", "one"})});
  REQUIRE(berth.wait_serving());
  const std::string text = berth.call("status", {"--json"}).out;
  const int pid = std::atoi(text.c_str() + text.find("\"pid\":", text.find("\"generations\"")) + 6);
  berth::load::Load load(users_of(berth.port()));
  load.start();
  REQUIRE(wait_answers(load, 50));
  REQUIRE(::kill(pid, SIGSTOP) == 0);
  REQUIRE(berth.child().wait_output("web#2   serving", 20s));
  REQUIRE(berth.child().wait_output("web#1   released", 20s));
  const CommandResult why = berth.call("why");
  const berth::load::LoadResult result = load.stop();
  // What hung in the old one had the time of its drain, and the report counts each.
  CHECK(result.failed(berth::load::FailureKind::Refused) == 0);
  CAPTURE(result.text());
  CHECK(result.failed() != 0);
  const std::string requests = result.failed() == 1 ? " request" : " requests";
  check_screen(why, {std::to_string(result.failed()) + requests + " cut at the drain deadline"});
  check_clean_stop(berth);
}

TEST_CASE("health: a new one that hangs while the old one is kept is rolled back") {
  BerthProcess berth({.file = web("keep_old = \"10m\"\n", {"--name", "one"})});
  REQUIRE(berth.wait_serving());
  TempDir files;
  const std::string pids = files / "pids";
  CHECK(berth.swap(scripted({"--name", "two", "--pid-file", pids})).exit_code == 0);
  for (const Process& each : recorded(pids)) ::kill(each.pid, SIGSTOP);
  REQUIRE(wait_unhealthy(berth));
  CHECK(who_answers(berth.port()) == "one");
  check_screen(berth.call("why"), {"generation 2 was unhealthy", "serving generation 1"});
  check_clean_stop(berth);
}

TEST_CASE("health: requests to an attached server that hangs wait until it answers again") {
  ChildProcess server(
      {.command = scripted({"--port", "0", "--host", "127.0.0.1", "--name", "mine", "--close"})});
  REQUIRE(wait_until([&] { return listening_port(server.out()).has_value(); }, 10s));
  const std::string address = "127.0.0.1:" + std::to_string(*listening_port(server.out()));
  BerthProcess berth(
      {.file = "[app.web]\nlisten = \"127.0.0.1:0\"\nexternal = \"" + address + "\"\n" + kHealth});
  REQUIRE(berth.wait_serving());
  server.signal(SIGSTOP);
  REQUIRE(wait_unhealthy(berth));
  RawClient waits(berth.port());
  waits.send("GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
  CHECK(wait_until([&] { return berth.call("status").out.find("held now 1") != std::string::npos; }, 10s));
  check_screen(berth.call("why"), {"berth cannot start it again"});
  server.signal(SIGCONT);
  const RawResponse response = waits.read_response();
  CHECK(response.status == 200);
  CHECK(response.body == "mine\n");
  CHECK(wait_until([&] { return berth.call("status").out.find("passes") != std::string::npos; }, 10s));
  CHECK(berth.stop() == ExitStatus{false, 0});
  server.signal(SIGKILL);
  REQUIRE(server.wait_exit(10s).has_value());
  check_no_process_left();
}
