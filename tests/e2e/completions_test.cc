// The completions as each shell takes them, and the manual page as man(1) does.
#include <doctest/doctest.h>

#include <fstream>

#include "tests/e2e/checks.h"
#include "tests/support/temp_dir.h"

using namespace std::chrono_literals;
using namespace berth::test;

namespace {

constexpr const char* kTwoApps = R"([app.web]
listen = "127.0.0.1:0"
command = COMMAND
[app.worker]
path = "/worker"
listen = "127.0.0.1:0"
command = COMMAND
)";

std::string two_apps() {
  std::string text = kTwoApps;
  for (auto at = text.find("COMMAND"); at != std::string::npos; at = text.find("COMMAND"))
    text.replace(at, 7, scripted_toml());
  return text;
}

/// What the shell offers behind each of `lines` (the last word is being typed), a block of words for each.
std::string offered(const std::string& shell, const std::vector<std::string>& lines,
                    const BerthProcess& berth) {
  Command command{app_path("complete.sh"), shell, berth_binary()};
  command.insert(command.end(), lines.begin(), lines.end());
  const CommandResult result = run_command({command, {}, {{"BERTH_CONTROL", berth.control()}}}, 30s);
  INFO(result.err);
  CHECK(result.exit_code == 0);
  return result.out;
}

void check_shell(const std::string& shell) {
  CAPTURE(shell);
  BerthProcess berth({.file = two_apps()});
  CHECK(offered(shell, {"berth sta"}, berth) == "status\n--\n");
  CHECK(offered(shell, {"berth swap w", "berth why wo"}, berth) == "web\nworker\n--\nworker\n--\n");
  CHECK(offered(shell, {"berth swap --no-q", "berth logs --fol"}, berth) == "--no-queue\n--\n--follow\n--\n");
  CHECK(offered(shell, {"berth swap --wait ", "berth completions f"}, berth) ==
        "release\nswitch\n--\nfish\n--\n");
  CHECK(offered(shell, {"berth help rest"}, berth) == "restart\n--\n");
  check_clean_stop(berth);
}

}  // namespace

TEST_CASE("completions: bash offers verbs, options, their values, and the apps that run") {
  check_shell("bash");
}

TEST_CASE("completions: zsh offers verbs, options, their values, and the apps that run") {
  check_shell("zsh");
}

TEST_CASE("completions: fish offers verbs, options, their values, and the apps that run") {
  check_shell("fish");
}

TEST_CASE("manual: groff takes the page without a warning") {
  const TempDir dir;
  const auto page = run_command({{berth_binary(), "help", "--man"}, {}, {}}, 10s);
  REQUIRE(page.exit_code == 0);
  std::ofstream(dir / "berth.1") << page.out;
  const auto shown = run_command({{"groff", "-man", "-Tutf8", "-ww", dir / "berth.1"}, {}, {}}, 20s);
  CHECK(shown.exit_code == 0);
  CHECK(shown.err.empty());
  CHECK(shown.out.find("berth swap [APP] [OPTIONS] [-- COMMAND ARG...]") != std::string::npos);
}
