// The command line as a user and a script meet it: exit codes, texts, JSON.
#include <doctest/doctest.h>

#include <boost/json/parse.hpp>
#include <csignal>
#include <sstream>

#include "tests/e2e/checks.h"
#include "tests/support/raw_client.h"
#include "tests/support/temp_dir.h"

using namespace std::chrono_literals;
using namespace berth::test;

namespace {

CommandResult berth_says(const std::vector<std::string>& words, const std::string& dir = "/tmp") {
  Command command{berth_binary()};
  command.insert(command.end(), words.begin(), words.end());
  return run_command({command, dir, {}}, 20s);
}

boost::json::object parsed(const CommandResult& result) {
  INFO(result.all());
  boost::json::error_code error;
  auto value = boost::json::parse(result.out, error);
  REQUIRE_FALSE(error.failed());
  REQUIRE(value.is_object());
  return value.as_object();
}

}  // namespace

TEST_CASE("command line: help and version are answers, wrong calls are told with exit code 2") {
  CHECK(berth_says({"--help"}).exit_code == 0);
  const auto version = berth_says({"--version"});
  CHECK(version.exit_code == 0);
  CHECK(version.out.starts_with("berth "));
  CHECK(berth_says({"run", "--help"}).exit_code == 0);
  CHECK(berth_says({"flog"}).exit_code == 2);
  CHECK(berth_says({"run", "--no-such-option", "--", "true"}).exit_code == 2);
  CHECK(berth_says({"run", "-l", "not an address", "--", "true"}).exit_code == 2);
  CHECK(berth_says({"run", "--drain", "soon", "--", "true"}).exit_code == 2);
}

TEST_CASE("command line: run without anything to run explains itself") {
  TempDir empty;
  const auto result = berth_says({"run"}, empty.path());
  CHECK(result.exit_code == 2);
  check_screen(result, {"berth run -- COMMAND"});
}

TEST_CASE("command line: asking where no berth runs is exit code 3") {
  TempDir dir;
  for (const auto* verb : {"status", "swap", "why", "logs", "stop", "cancel", "restart"}) {
    CAPTURE(verb);
    const auto result = berth_says({verb, "--control", dir / "none.sock"});
    INFO(result.all());
    CHECK(result.exit_code == 3);
  }
}

TEST_CASE("command line: a busy address is an error that names its holder") {
  BerthProcess first({.command = scripted({})});
  const auto second = berth_says({"run", "-l", "127.0.0.1:" + std::to_string(first.port()), "--control",
                                  first.dir() / "second.sock", "--", "true"});
  CHECK(second.exit_code == 1);
  check_screen(second, {std::to_string(first.port()), "pid " + std::to_string(first.pid())});
  check_clean_stop(first);
}

TEST_CASE("command line: status, why and logs tell what runs, as text and as JSON") {
  BerthProcess berth({.command = scripted({"--name", "one", "--say", "hello from the backend"})});
  REQUIRE(berth.wait_serving());
  const auto status = berth.call("status");
  CHECK(status.exit_code == 0);
  check_screen(status, {"serving", std::to_string(berth.port()), "command", "hold_timeout"});
  const auto object = parsed(berth.call("status", {"--json"}));
  REQUIRE(object.contains("apps"));
  REQUIRE(object.at("apps").as_array().size() == 1);

  const auto why = berth.call("why");
  CHECK(why.exit_code == 0);
  check_screen(why, {"first start", "ready", "GET / 200"});
  parsed(berth.call("why", {"--json"}));

  const auto logs = berth.call("logs");
  CHECK(logs.exit_code == 0);
  check_screen(logs, {"hello from the backend"});

  const auto cancel = berth.call("cancel");
  INFO(cancel.all());
  CHECK(cancel.exit_code != 0);
  check_clean_stop(berth);
}

TEST_CASE("command line: swap tells its phases, and restart is a swap to the same command") {
  BerthProcess berth({.command = scripted({"--name", "one"})});
  REQUIRE(berth.wait_serving());
  const auto swap = berth.swap(scripted({"--name", "two"}));
  CHECK(swap.exit_code == 0);
  check_screen(swap, {"start", "ready", "GET / 200", "switch", "drain", "stop", "release", "strictly free",
                      "done: serving generation 2", "0 requests failed"});
  const auto restart = berth.call("restart");
  CHECK(restart.exit_code == 0);
  check_screen(restart, {"done: serving generation 3"});
  CHECK(who_answers(berth.port()) == "two");
  const auto quick = berth.call("swap", {"--wait", "switch"});
  CHECK(quick.exit_code == 0);
  check_clean_stop(berth);
}

TEST_CASE("command line: a swap's JSON is a line for each event and ends with its result") {
  BerthProcess berth({.command = scripted({"--name", "one"})});
  REQUIRE(berth.wait_serving());
  const auto swap = berth.call("swap", {"--json"});
  CHECK(swap.exit_code == 0);
  std::istringstream lines(swap.out);
  std::string last;
  int count = 0;
  for (std::string line; std::getline(lines, line); ++count) {
    CAPTURE(line);
    boost::json::error_code error;
    CHECK(boost::json::parse(line, error).is_object());
    last = line;
  }
  CHECK(count >= 6);
  CHECK(last.find("\"result\"") != std::string::npos);
  check_clean_stop(berth);
}

TEST_CASE("command line: the caller's own wait running out is exit code 4, and the swap goes on") {
  BerthProcess berth({.command = scripted({"--name", "one"})});
  REQUIRE(berth.wait_serving());
  const auto swap =
      berth.call("swap", {"--timeout", "200ms"}, scripted({"--name", "two", "--listen-after", "5000"}));
  INFO(swap.all());
  CHECK(swap.exit_code == 4);
  // Queued behind the first: when it is over, so is that one.
  CHECK(berth.swap(scripted({"--name", "three"})).exit_code == 0);
  CHECK(who_answers(berth.port()) == "three");
  check_clean_stop(berth);
}

TEST_CASE("command line: stop ends berth and all that it started") {
  BerthProcess berth({.command = scripted({})});
  REQUIRE(berth.wait_serving());
  const auto stop = berth.call("stop");
  CHECK(stop.exit_code == 0);
  check_screen(stop, {"stopped"});
  CHECK(berth.child().wait_exit(10s) == ExitStatus{false, 0});
  check_no_process_left();
}

TEST_CASE("command line: a file describes the app") {
  TempDir dir;
  write_file(dir / "berth.toml",
             "[app.web]\nlisten = \"127.0.0.1:0\"\ncommand = [\"" + scripted().front() +
                 "\", \"--name\", \"from the file\"]\nready = { http = \"/\", timeout = \"10s\" }\n");
  ChildProcess berth({{berth_binary(), "run", "--control", dir / "c.sock"}, dir.path(), {}});
  REQUIRE(berth.wait_output("listening on http://", 10s));
  const auto port = listening_port(berth.out() + berth.err());
  REQUIRE(port.has_value());
  CHECK(who_answers(*port) == "from the file");
  berth.signal(SIGTERM);
  CHECK(berth.wait_exit(15s) == ExitStatus{false, 0});
  check_no_process_left();
}
