#include "config/command_words.h"

#include <algorithm>
#include <utility>

#include "config/stray_words.h"

namespace berth {
namespace {

bool is_option(const std::string& word) { return word.size() > 1 && word.starts_with('-'); }

/// The verb of that name; null: there is none.
const CLI::App* verb_of(const CLI::App& root, const std::string& word) {
  const auto found = root.get_subcommands([&](const CLI::App* verb) { return verb->get_name() == word; });
  return found.empty() ? nullptr : found.front();
}

/// The option of that name, as it was typed; null: there is none.
const CLI::Option* option_of(const CLI::App& app, const std::string& word) {
  return app.get_option_no_throw(word.substr(0, word.find('=')));
}

/// Whether the words before `end` are options of `verb` with their values, and nothing else.
bool are_options_of(const CLI::App& verb, const std::vector<std::string>& words, std::size_t end) {
  std::size_t at = 0;
  while (at < end) {
    const CLI::Option* option = is_option(words[at]) ? option_of(verb, words[at]) : nullptr;
    if (option == nullptr) return false;
    const bool takes_value = option->get_items_expected_min() > 0 && words[at].find('=') == std::string::npos;
    at += takes_value ? 2 : 1;
  }
  return at == end;
}

}  // namespace

// CLI11 reads options after `--` as its own positionals, so the command is cut off before it looks.
CommandWords cut_command(const std::vector<std::string>& arguments) {
  CommandWords words;
  auto separator = std::find(arguments.begin(), arguments.end(), "--");
  words.options.assign(arguments.begin(), separator);
  words.separated = separator != arguments.end();
  if (words.separated) words.command.assign(separator + 1, arguments.end());
  return words;
}

std::optional<ShowText> put_in_order(CLI::App& root, std::vector<std::string>& options) {
  if (options == std::vector<std::string>{"help"}) options = {"--help"};
  if (options.size() == 2 && options.front() == "help" && !is_option(options.back())) {
    if (verb_of(root, options.back()) == nullptr) return stray_words(root, nullptr, {options.back()});
    options = {options.back(), "--help"};
  }
  if (options.empty()) return std::nullopt;
  if (!is_option(options.front())) {
    // CLI11 would help with the whole, and say nothing of the word.
    if (verb_of(root, options.front()) == nullptr) return stray_words(root, nullptr, options);
    return std::nullopt;
  }
  for (std::size_t at = 1; at < options.size(); ++at) {
    const CLI::App* verb = is_option(options[at]) ? nullptr : verb_of(root, options[at]);
    if (verb == nullptr || !are_options_of(*verb, options, at)) continue;
    std::rotate(options.begin(), options.begin() + static_cast<std::ptrdiff_t>(at),
                options.begin() + static_cast<std::ptrdiff_t>(at) + 1);
    break;
  }
  return std::nullopt;
}

ShowText wrong_call(std::string what, std::string_view verb) {
  std::string text = "berth: " + std::move(what) + "\n";
  text += "see: berth " + (verb.empty() ? std::string() : std::string(verb) + " ") + "--help\n";
  return {std::move(text), verb == "exec" ? 125 : 2};  // 2 may be the exit code of exec's own command
}

ShowText stray_words(CLI::App& root, CLI::App* verb, const std::vector<std::string>& left) {
  const std::string& word = left.front();
  const std::string name = verb != nullptr ? verb->get_name() : std::string();
  std::vector<std::string> known;
  if (verb == nullptr && !word.starts_with("-")) {
    for (CLI::App* each : root.get_subcommands([](CLI::App*) { return true; }))
      known.push_back(each->get_name());
    return wrong_call(unknown_verb_text(left, known), {});
  }
  if (!word.starts_with("-")) return wrong_call(extra_word_text(word, name), name);
  for (CLI::Option* each : (verb != nullptr ? verb : &root)->get_options())
    for (const std::string& long_name : each->get_lnames()) known.push_back("--" + long_name);
  return wrong_call(unknown_option_text(word, name, known), name);
}

}  // namespace berth
