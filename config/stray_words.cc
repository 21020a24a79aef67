#include "config/stray_words.h"

#include <algorithm>
#include <array>
#include <utility>

#include "config/config_error.h"
#include "config/known_servers.h"

namespace berth {
namespace {

// What other tools call it.
constexpr std::array<std::pair<std::string_view, std::string_view>, 16> kOtherNames{{{"ps", "status"},
                                                                                     {"jobs", "ls"},
                                                                                     {"list", "ls"},
                                                                                     {"info", "status"},
                                                                                     {"down", "stop"},
                                                                                     {"kill", "stop"},
                                                                                     {"quit", "stop"},
                                                                                     {"up", "run"},
                                                                                     {"start", "run"},
                                                                                     {"serve", "run"},
                                                                                     {"dev", "run"},
                                                                                     {"deploy", "swap"},
                                                                                     {"undo", "rollback"},
                                                                                     {"log", "logs"},
                                                                                     {"tail", "logs"},
                                                                                     {"validate", "check"}}};

constexpr std::array<std::string_view, 14> kInterpreters{"python", "python3", "node", "npm",  "pnpm",
                                                         "yarn",   "bun",     "deno", "ruby", "php",
                                                         "java",   "go",      "sh",   "bash"};

/// Whether somebody has left out `run --`.
bool is_command(const std::vector<std::string>& words) {
  const std::string& first = words.front();
  if (first.find('/') != std::string::npos || first.find('.') != std::string::npos) return true;
  return std::find(kInterpreters.begin(), kInterpreters.end(), first) != kInterpreters.end() ||
         recognise(words, [](const ScriptCall&) { return std::optional<std::string>(); }).has_value();
}

std::string did_you_mean(const std::string& near) {
  return near.empty() ? std::string() : ": did you mean '" + near + "'?";
}

}  // namespace

std::string unknown_verb_text(const std::vector<std::string>& words, const std::vector<std::string>& verbs) {
  const std::string& word = words.front();
  const std::string text = "there is no verb '" + word + "'";
  if (word == "version") return text + ": did you mean '--version'?";
  const auto other = std::find_if(kOtherNames.begin(), kOtherNames.end(),
                                  [&](const auto& each) { return each.first == word; });
  if (other != kOtherNames.end()) return text + did_you_mean(std::string(other->second));
  if (is_command(words)) {
    std::string command;
    for (const std::string& each : words) command += " " + each;
    return text + ": to serve with a command, type `berth run --" + command + "`";
  }
  return text + did_you_mean(nearest_word(word, verbs));
}

std::string extra_word_text(const std::string& word, std::string_view verb) {
  std::string text = "'" + word + "' is one word too many";
  const bool takes_command = verb == "run" || verb == "exec" || verb == "swap";
  if (takes_command && word.ends_with(".toml") && verb != "swap")
    return text + ": a file is named by -c " + word;
  if (takes_command) text += ": a command stands after `--`";
  return text;
}

std::string missing_value_text(const std::string& word, const std::string& type, const std::string& verb) {
  return "the value of '" + word + "' is missing: berth " + word + " " + type + " " + verb;
}

std::string missing_verb_text(const std::vector<std::string>& words, const std::string& example) {
  std::string call = "berth " + example;
  for (const std::string& word : words) call += " " + word;
  return "a verb is missing: '" + words.front().substr(0, words.front().find('=')) +
         "' is an option of one, as in `" + call + "`";
}

std::string unknown_option_text(const std::string& word, std::string_view verb,
                                const std::vector<std::string>& options) {
  const std::string text = "there is no option '" + word + "'";
  if (verb.empty() && word == "-v") return text + did_you_mean("--version");
  if ((verb == "run" || verb == "exec") && word.starts_with("-p"))
    return text + ": -l PORT is where users come to, --port how the command comes to its own port";
  if (verb == "swap" && word.starts_with("--swap"))
    return text +
           ": the order of a swap is the app's: berth run --swap stop-start, or swap = \"stop-start\" in "
           "the file";
  return text + did_you_mean(nearest_word(word.substr(0, word.find('=')), options));
}

}  // namespace berth
