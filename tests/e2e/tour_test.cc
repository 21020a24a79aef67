// The README's tour, as a reader would type it: its commands are taken from the text and run.
#include <doctest/doctest.h>

#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "tests/e2e/checks.h"

using namespace std::chrono_literals;
using namespace berth::test;

namespace {

/// The command lines of the section "Five minutes", without their prompt.
std::vector<std::string> tour() {
  std::ifstream readme(BERTH_README);
  std::vector<std::string> commands;
  bool inside = false;
  for (std::string line; std::getline(readme, line);) {
    if (line.starts_with("## ")) inside = line == "## Five minutes";
    if (!inside) continue;
    if (line.starts_with("$ ")) line.erase(0, 2);
    if (line.starts_with("./dev ")) commands.push_back(line.substr(0, line.find("  #")));
  }
  return commands;
}

std::vector<std::string> words_of(const std::string& line) {
  std::istringstream in(line);
  std::vector<std::string> words;
  for (std::string word; in >> word;) words.push_back(word);
  return words;
}

}  // namespace

TEST_CASE("tour: every command of the README's five minutes does what the text says") {
  const auto commands = tour();
  REQUIRE(commands.size() >= 7);
  REQUIRE(commands.front() == "./dev run");  // which is this, less the building
  BerthProcess berth({.command = demo()});
  REQUIRE(berth.wait_serving());

  bool stopped = false;
  for (std::size_t i = 1; i < commands.size(); ++i) {
    CAPTURE(commands[i]);
    auto words = words_of(commands[i]);
    REQUIRE(words.size() >= 3);
    REQUIRE(words[1] == "berth");
    Command call{berth_binary(), words[2], "--control", berth.control()};
    call.insert(call.end(), words.begin() + 3, words.end());
    if (words.back() == "-f") {  // it follows until it is interrupted
      ChildProcess following({call, "", {}});
      CHECK(following.wait_output("demo: listening", 10s));
      continue;
    }
    const auto result = run_command({call, "/usr/share/doc", {}}, 60s);
    INFO(result.all());
    const bool fails = words.back() == "false";
    CHECK(result.exit_code == (fails ? 1 : 0));
    if (words[2] == "swap" && !fails)
      check_screen(result, {"ready", "switch", "drain", "stop", "release", "done: serving"});
    if (fails) check_screen(result, {"failed: generation", "serves on"});
    if (words[2] == "stop") stopped = true;
  }
  CHECK(stopped);
  CHECK(berth.child().wait_exit(20s) == ExitStatus{false, 0});
}
