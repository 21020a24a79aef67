// berth at a terminal: what is typed there reaches a command with a terminal of its own.
#include <doctest/doctest.h>

#include "tests/e2e/checks.h"

using namespace std::chrono_literals;
using namespace berth::test;

namespace {

/// `steps`: what is expected, what is typed then, and so on; `options` of `berth run`.
CommandResult at_terminal(Command steps, const Command& options, const std::string& control) {
  Command all{"/usr/bin/python3", app_path("typist.py")};
  all.insert(all.end(), steps.begin(), steps.end());
  for (const std::string& word :
       {std::string("--"), berth_binary(), std::string("run"), std::string("-l"), std::string("127.0.0.1:0"),
        std::string("--control"), control, std::string("--stop-grace"), std::string("2s")})
    all.push_back(word);
  all.insert(all.end(), options.begin(), options.end());
  all.insert(all.end(), {"--", "/usr/bin/python3", app_path("asking_app.py")});
  return run_command({all, {}, {{"TERM", "xterm"}}});
}

/// How a client ends at a terminal whose output is stopped once `text` was shown there: what
/// stopped_terminal.py says.
std::string ended_by(const std::string& signal, const std::string& text, const Command& client) {
  Command all{"/usr/bin/python3", app_path("stopped_terminal.py"), signal, text};
  all.insert(all.end(), client.begin(), client.end());
  return run_command({all, {}, {{"TERM", "xterm"}}}).all();
}

}  // namespace

TEST_CASE("terminal: with --tty a command's prompt is shown and what is typed answers it, to the end") {
  const TempDir dir;
  const auto result = at_terminal({"name? ", "ada\\n", "it is ada", "", "name? ", "eve\\n", "it is eve", "",
                                   "name? ", "\\x04", "no more names", "\\x03"},
                                  {"--tty"}, dir / "berth.sock");
  INFO(result.all());
  CHECK(result.exit_code == 0);
  CHECK(result.err.empty());
  check_no_process_left();
}

TEST_CASE("terminal: in the background berth reads nothing, and is not stopped by what is typed") {
  const TempDir dir;
  // The shell has the foreground and reads the line itself.
  const std::string job = R"(set -m; "$@" & echo $! >)" + (dir / "pid") +
                          R"(; read line; echo "shell read $line"; kill $!; wait $!; echo "ended $?")";
  Command all{"/usr/bin/python3",
              app_path("typist.py"),
              "name? ",
              "mine\\n",
              "shell read mine",
              "",
              "--",
              "/bin/bash",
              "-c",
              job,
              "bash",
              berth_binary(),
              "run",
              "-l",
              "127.0.0.1:0",
              "--control",
              dir / "berth.sock",
              "--tty",
              "--",
              "/usr/bin/python3",
              app_path("asking_app.py")};
  const auto result = run_command({all, {}, {{"TERM", "xterm"}}});
  INFO(result.all());
  CHECK(result.out.find("shell read mine") != std::string::npos);
  CHECK(result.out.find("ended 0") != std::string::npos);
  CHECK(result.out.find("it is mine") == std::string::npos);
  CHECK(result.exit_code == 0);
  check_no_process_left();
}

TEST_CASE("terminal: a signal ends a client whose terminal takes no output, and its swap goes on") {
  BerthProcess berth({.command = scripted(), .ready_timeout = "60s"});
  REQUIRE(berth.wait_serving());
  const Command swap = berth.call_options("swap", {}, {"sleep", "60"}).command;
  CHECK(ended_by("SIGINT", "start", swap) == "ended 4\n");
  const auto cancelled = berth.call("cancel");
  INFO(cancelled.all());
  CHECK(cancelled.exit_code == 0);  // there was a swap still
  const Command watch = berth.call_options("status", {"--watch"}).command;
  for (const char* signal : {"SIGINT", "SIGTERM", "SIGHUP"})
    CHECK(ended_by(signal, "app", watch) == "ended 0\n");
  const std::string address = "127.0.0.1:" + std::to_string(berth.port());
  CHECK(ended_by("SIGTERM", "waiting", {berth_binary(), "port", address, "--wait", "60s"}) == "ended 4\n");
  check_clean_stop(berth);
}

TEST_CASE("terminal: Ctrl-C ends a load whose terminal takes no output, and its report is written") {
  const TempDir dir;
  BerthProcess berth({.command = scripted()});
  REQUIRE(berth.wait_serving());
  const std::string url = "http://127.0.0.1:" + std::to_string(berth.port()) + "/";
  const Command load{berth_binary(), "load", url, "-d", "10m", "--json", dir / "report.json"};
  CHECK(ended_by("SIGINT", "requests", load) == "ended 0\n");
  CHECK(read_file(dir / "report.json").find("\"ended_by\":\"interrupt\"") != std::string::npos);
  check_clean_stop(berth);
}
