// What a user looks at: the status as it changes, the logs of several apps, the keys of `berth run`.
#include <doctest/doctest.h>

#include <boost/json/parse.hpp>
#include <csignal>

#include "tests/e2e/checks.h"
#include "tests/support/raw_client.h"

using namespace std::chrono_literals;
using namespace berth::test;

namespace {

bool has(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

/// `steps`: what is expected, what is typed then, and so on.
CommandResult typed(const Command& steps, const Command& command) {
  Command all{"/usr/bin/python3", app_path("typist.py")};
  all.insert(all.end(), steps.begin(), steps.end());
  all.emplace_back("--");
  all.insert(all.end(), command.begin(), command.end());
  return run_command({all, {}, {{"TERM", "xterm"}}});
}

/// A shell with jobs that does `script`, in which "$@" is `berth run` of a scripted backend.
Command job(const std::string& script, const TempDir& dir) {
  Command command{"/bin/bash",
                  "-c",
                  "set -m; ulimit -c 0; " + script,
                  "bash",
                  berth_binary(),
                  "run",
                  "-l",
                  "127.0.0.1:0",
                  "--control",
                  dir / "berth.sock",
                  "--name",
                  "web",
                  "--stop-grace",
                  "2s",
                  "--"};
  for (const std::string& word : scripted()) command.push_back(word);
  return command;
}

/// The shell's terminal shows what is typed, line by line.
void check_given_back(const CommandResult& result) {
  INFO(result.all());
  CHECK(result.err.empty());
  CHECK(has(result.out, " icanon"));
  CHECK(has(result.out, " echo "));
}

std::string two_apps() {
  const std::string keys = "listen = \"127.0.0.1:0\"\nstop = { grace = \"2s\" }\ncommand = ";
  return "[app.web]\n" + keys + scripted_toml({"--say", "hello from web"}) +
         "\n[app.api]\npath = \"/api\"\n" + keys + scripted_toml({"--say", "hello from api"}) + "\n";
}

}  // namespace

TEST_CASE("status: what was answered lately is counted and timed") {
  BerthProcess berth({.command = scripted()});
  REQUIRE(berth.wait_serving());
  for (int n = 0; n < 20; ++n) CHECK(get(berth.port(), "/").status == 200);
  CHECK(get(berth.port(), "/slow?30").complete);
  boost::json::error_code error;
  const auto status = boost::json::parse(berth.call("status", {"--json"}).out, error);
  REQUIRE_FALSE(error.failed());
  const auto& recent = status.at("apps").at(0).at("recent");
  CHECK(recent.at("answered").to_number<int>() == 22);
  CHECK(recent.at("window_ms").to_number<int>() > 0);
  CHECK(recent.at("window_ms").to_number<int>() <= 12'000);
  CHECK(recent.at("p50_us").to_number<int>() <= recent.at("p99_us").to_number<int>());
  CHECK(recent.at("p99_us").to_number<int>() <= recent.at("max_us").to_number<int>());
  CHECK(recent.at("max_us").to_number<int>() > 0);
  check_screen(berth.call("status"), {"req/s", "p99", "answered in"});
  check_clean_stop(berth);
}

TEST_CASE("status: of one app among several, by name, and the names alone") {
  BerthProcess berth({.file = two_apps()});
  REQUIRE(berth.wait_serving());
  CHECK(berth.call("status", {"--names"}).out == "web\napi\n");
  const auto all = berth.call("status");
  check_screen(all, {"web", "api", "berth status APP"});
  CHECK_FALSE(has(all.out, "hold_timeout"));
  const auto one = berth.call("status", {"api"});
  check_screen(one, {"api", "command", "hold_timeout"});
  CHECK_FALSE(has(one.out, "web"));
  CHECK(berth.call("status", {"none"}).exit_code == 2);
  check_clean_stop(berth);
}

TEST_CASE("status: --watch draws over itself on a terminal, and leaves a cursor behind") {
  BerthProcess berth({.command = scripted()});
  REQUIRE(berth.wait_serving());
  const auto result = typed({"req/s and p99", "", "req/s and p99", "", "req/s and p99", "\\x1a", "stopped",
                             "", "req/s and p99", "\\x03"},
                            {"/bin/bash", "-c", "set -m; \"$@\"; echo stopped; fg", "bash", berth_binary(),
                             "status", "--watch", "--control", berth.control()});
  INFO(result.all());
  CHECK(result.exit_code == 0);
  CHECK(has(result.out, "\x1b[6A"));
  CHECK(has(result.out, "\x1b[?25h"));
  CHECK(result.out.rfind("\x1b[?25h") > result.out.rfind("\x1b[?25l"));
  check_clean_stop(berth);
}

TEST_CASE("status: --watch without a terminal writes blocks, and ends with its berth") {
  BerthProcess berth({.command = scripted()});
  REQUIRE(berth.wait_serving());
  ChildProcess watch({{berth_binary(), "status", "--watch", "--control", berth.control()}, {}, {}});
  REQUIRE(watch.wait_output("10 s\n\nberth ", 15s));
  check_clean_stop(berth);
  CHECK(watch.wait_exit(15s) == ExitStatus{false, 3});
  CHECK(has(watch.err(), "berth: the berth has ended"));
  CHECK_FALSE(has(watch.out(), "\x1b"));
}

TEST_CASE("logs: -f follows all apps across generations, and says where one begins and ends") {
  BerthProcess berth({.file = two_apps()});
  REQUIRE(berth.wait_serving());
  ChildProcess logs({{berth_binary(), "logs", "-f", "--control", berth.control()}, {}, {}});
  REQUIRE(logs.wait_output("hello from web", 15s));
  REQUIRE(logs.wait_output("hello from api", 15s));
  CHECK(berth.call("swap", {"web"}).exit_code == 0);
  REQUIRE(logs.wait_output("── web#2 serving after", 15s));
  REQUIRE(logs.wait_output("── web#1 stopped:", 15s));
  const auto shown = berth.call("logs", {"-n", "1000"});
  check_screen(shown, {"api#1   err hello from api", "web#2   err hello from web"});
  CHECK_FALSE(has(shown.out, "\x1b"));
  const auto json = berth.call("logs", {"--json", "-n", "1"});
  CHECK(has(json.out, "\"app\":\""));
  check_clean_stop(berth);
  CHECK(logs.wait_exit(15s) == ExitStatus{false, 0});
}

TEST_CASE("keys: s swaps, w says why, ? helps, q quits, and the terminal is as it was") {
  const TempDir dir;
  const auto result =
      typed({"keys: s swap, w why, l clear, q quit", "", "serving after", "s", "serving generation 2 after",
             "w", "what to do", "?", "again at once", "l", "\x1b[2J", "q", "stopping", ""},
            job("\"$@\"; code=$?; stty -a; exit $code", dir));
  check_given_back(result);
  CHECK(result.exit_code == 0);
  check_no_process_left();
}

TEST_CASE("keys: of several apps berth asks which is to be swapped") {
  const TempDir dir;
  write_file(dir / "berth.toml", two_apps());
  const auto result =
      typed({"serving after", "", "serving after", "s", "1 web  2 api  a all", "x", "nothing is swapped", "s",
             "a all", "2", "serving generation 2 after", "q"},
            {berth_binary(), "run", "-c", dir / "berth.toml", "--control", dir / "berth.sock"});
  INFO(result.all());
  CHECK(result.err.empty());
  CHECK(result.exit_code == 0);
  CHECK(has(result.out, "api#2"));
  CHECK_FALSE(has(result.out, "web#2"));
  check_no_process_left();
}

TEST_CASE("keys: a suspended berth gives the terminal back and takes it again") {
  const TempDir dir;
  const auto result =
      typed({"serving after", "\\x1a", " icanon", "", "fg now", "", "", "?", "again at once", "q"},
            job("\"$@\"; stty -a; echo fg now; fg; exit $?", dir));
  check_given_back(result);
  CHECK(result.exit_code == 0);
  check_no_process_left();
}

TEST_CASE("keys: a fatal signal gives the terminal back") {
  const TempDir dir;
  const auto result = typed({"serving after", "\\x1c"}, job("\"$@\"; code=$?; stty -a; exit $code", dir));
  check_given_back(result);
  CHECK(result.exit_code == 128 + SIGQUIT);
}

TEST_CASE("keys: in the background there are none") {
  const TempDir dir;
  const auto result = typed({"serving after", "s\\n", "s\r\n", ""},
                            job("\"$@\" & read line; kill $!; wait $!; stty -a", dir));
  check_given_back(result);
  CHECK_FALSE(has(result.out, "keys:"));
  CHECK_FALSE(has(result.out, "generation 2"));
  check_no_process_left();
}
