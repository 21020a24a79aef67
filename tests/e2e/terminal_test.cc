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
