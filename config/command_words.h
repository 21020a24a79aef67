// The words of a call before they are read as options: where the command begins, which word is the verb, and
// what to say of words that fit nowhere. Knows the verbs' options from the parser that it is given.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "config/command_line.h"
#include "config/help_text.h"

namespace berth {

/// A call, cut at its first `--`.
struct CommandWords {
  std::vector<std::string> options;
  std::vector<std::string> command;
  bool separated = false;  ///< there was a `--`
};

CommandWords cut_command(const std::vector<std::string>& arguments);

/// Puts the verb first where its options stand before it (`berth --control PATH status`), and makes
/// `help VERB` of `VERB --help`. Otherwise what is wrong: there is no such verb to be helped with, or before
/// the verb an option lacks its value, or the verb is missing.
std::optional<ShowText> put_in_order(CLI::App& root, std::vector<std::string>& options);

/// What is wrong with a call of `verb` (empty: of none), and where to read more.
ShowText wrong_call(std::string what, std::string_view verb);

/// What is wrong with the first of the words that the parser has left over. `verb` may be null.
ShowText stray_words(CLI::App& root, CLI::App* verb, const std::vector<std::string>& left);

}  // namespace berth
