#include "config/script_words.h"

namespace berth {
namespace {

constexpr std::string_view kBlanks = " \t";
// What a shell acts on: outside quotes, and within double ones.
constexpr std::string_view kActive = "&|;<>()$`\\*?[]{}~#!\n\r";
constexpr std::string_view kActiveWithin = "$`\\\n\r";

bool has(std::string_view set, char c) { return set.find(c) != std::string_view::npos; }

}  // namespace

std::optional<std::vector<std::string>> script_words(std::string_view script) {
  std::vector<std::string> words;
  bool in_word = false;
  char quote = 0;
  for (const char c : script) {
    if (quote != 0 && c == quote) {
      quote = 0;
      continue;
    }
    if (quote == 0 && has(kBlanks, c)) {
      in_word = false;
      continue;
    }
    if (quote != '\'' && has(quote == '"' ? kActiveWithin : kActive, c)) return std::nullopt;
    if (!in_word) words.emplace_back();
    in_word = true;
    if (quote == 0 && (c == '"' || c == '\''))
      quote = c;
    else
      words.back() += c;
  }
  if (quote != 0 || words.empty()) return std::nullopt;
  return words;
}

}  // namespace berth
