// The command line as a table: every verb with its options, as the parser itself has them. What is made of it
// (completions, the manual page) can thus miss nothing. Values; knows no parser.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace berth {

struct OptionRow {
  std::vector<std::string> names;    ///< "-l", "--listen"; a short one first
  std::string value;                 ///< "ADDRESS"; empty: a flag
  std::vector<std::string> choices;  ///< the only values there are; empty: any
  std::string help;
};

struct VerbRow {
  std::string name;
  std::string help;
  std::string usage;  ///< lines: "berth swap [APP] [OPTIONS] [-- COMMAND ARG...]"
  std::string more;   ///< what there is to say behind the options
  bool takes_app = false;
  bool takes_command = false;  ///< behind `--`
  std::vector<OptionRow> options;
};

struct CommandTable {
  std::string version;
  std::vector<VerbRow> verbs;
};

/// Commands to type, each with a word about it; lines that end with a newline. Empty: there are none.
std::string_view examples_of(std::string_view verb);

/// A script that completes berth's words in that shell: "bash", "zsh" or "fish".
std::string completions_text(const CommandTable& table, std::string_view shell);

/// berth(1), in man(7).
std::string man_page_text(const CommandTable& table);

}  // namespace berth
