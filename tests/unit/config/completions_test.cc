// The command line as a table, and what is written from it.
#include "config/command_table.h"

#include <doctest/doctest.h>

#include <sstream>

#include "config/command_line.h"

namespace berth {
namespace {

std::string shown(const std::vector<std::string>& arguments) {
  const Verb verb = parse_command_line(arguments);
  REQUIRE(std::holds_alternative<ShowText>(verb));
  CHECK(std::get<ShowText>(verb).exit_code == 0);
  return std::get<ShowText>(verb).text;
}

bool has(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

// Every verb that `berth help` lists, in its order.
std::vector<std::string> verbs() {
  std::istringstream lines(shown({"help"}));
  std::vector<std::string> found;
  bool listed = false;
  for (std::string line; std::getline(lines, line);) {
    if (listed && line.empty()) break;
    std::istringstream words(line);
    std::string word;
    if (listed && line.starts_with("  ") && !line.starts_with("   ") && words >> word) found.push_back(word);
    listed = listed || line.starts_with("Subcommands") || line.starts_with("SUBCOMMANDS");
  }
  return found;
}

}  // namespace

TEST_CASE("help: every verb has its options and an example, and each text fits a terminal") {
  REQUIRE(verbs().size() >= 15);
  for (const std::string& verb : verbs()) {
    CAPTURE(verb);
    if (verb == "demo") continue;  // it has its own
    const std::string text = shown({"help", verb});
    CHECK(text == shown({verb, "--help"}));
    CHECK(has(text, "usage: berth " + verb));
    CHECK(has(text, "\nexamples:\n  "));
  }
  std::istringstream lines(shown({"help"}));
  for (std::string line; std::getline(lines, line);) {
    CAPTURE(line);
    CHECK(line.size() <= 84);  // 80 columns, and the dots between codes
  }
}

TEST_CASE("completions: every verb and every option of it, in each shell") {
  for (const std::string shell : {"bash", "zsh", "fish"}) {
    const std::string script = shown({"completions", shell});
    CAPTURE(shell);
    for (const std::string& verb : verbs()) CHECK(has(script, verb));
    for (const char* option : {"listen", "released-within", "no-queue", "ready-warm", "watch", "follow"})
      CHECK(has(script, option));
    CHECK(has(script, "status --names"));
  }
  const auto wrong = std::get<ShowText>(parse_command_line({"completions", "tcsh"}));
  CHECK(wrong.exit_code == 2);
}

TEST_CASE("manual: every verb has its section, and nothing of a text is taken for roff") {
  const std::string page = shown({"help", "--man"});
  for (const std::string& verb : verbs()) CHECK(has(page, "\n.SS " + verb + "\n"));
  for (const char* part : {".SH EXIT STATUS", ".SH ENVIRONMENT", ".SH FILES", "\\-\\-released\\-within TIME"})
    CHECK(has(page, part));
  const std::string own = man_page_text(
      {.version = "1",
       .verbs = {
           {.name = "x", .help = ".dot 'quote' back\\slash", .usage = "'x", .more = {}, .options = {}}}});
  CHECK(has(own, "\n\\&.dot \\(aqquote\\(aq back\\eslash.\n"));
  CHECK(has(own, "\n\\&\\(aqx\n"));
}

}  // namespace berth
