#include "config/command_words.h"

#include <algorithm>
#include <utility>

#include "config/stray_words.h"

namespace berth {
namespace {

bool is_option(const std::string& word) { return word.size() > 1 && word.starts_with('-'); }

/// The verb of that name; null: there is none.
CLI::App* verb_of(CLI::App& root, const std::string& word) {
  const auto found = root.get_subcommands([&](CLI::App* verb) { return verb->get_name() == word; });
  return found.empty() ? nullptr : found.front();
}

/// "-n5"
bool joins_value(const std::string& word) { return !word.starts_with("--") && word.size() > 2; }

/// The option of that name, as it was typed; null: there is none.
const CLI::Option* option_of(const CLI::App& app, const std::string& word) {
  return app.get_option_no_throw(joins_value(word) ? word.substr(0, 2) : word.substr(0, word.find('=')));
}

/// Whether the option in `word` has its value in the next one.
bool takes_value(const CLI::Option& option, const std::string& word) {
  return option.get_items_expected_min() > 0 && word.find('=') == std::string::npos && !joins_value(word);
}

/// Whether the words before `end` are options of `verb` with their values, and nothing else.
bool are_options_of(const CLI::App& verb, const std::vector<std::string>& words, std::size_t end) {
  std::size_t at = 0;
  while (at < end) {
    const CLI::Option* option = is_option(words[at]) ? option_of(verb, words[at]) : nullptr;
    if (option == nullptr) return false;
    at += takes_value(*option, words[at]) ? 2 : 1;
  }
  return at == end;
}

/// What is wrong with options that stand before the verb at `end`: one is not the verb's, or the verb stands
/// where its value should. Nothing: they are no options, and the parser finds out.
std::optional<ShowText> wrong_before_verb(CLI::App& root, CLI::App& verb,
                                          const std::vector<std::string>& words, std::size_t end) {
  for (std::size_t at = 0; at < end; ++at) {
    if (!is_option(words[at])) return std::nullopt;
    const CLI::Option* option = option_of(verb, words[at]);
    if (option == nullptr) return stray_words(root, &verb, {words[at]});
    if (!takes_value(*option, words[at])) continue;
    if (at + 1 == end)
      return wrong_call(missing_value_text(words[at], option->get_type_name(), verb.get_name()),
                        verb.get_name());
    ++at;
  }
  return std::nullopt;
}

/// That a verb is missing, where the first option is one of a verb's; nothing: it is nobody's, or berth's
/// own.
std::optional<ShowText> missing_verb(const CLI::App& root, const std::vector<std::string>& words) {
  if (option_of(root, words.front()) != nullptr) return std::nullopt;
  std::string example;
  for (const CLI::App* verb : root.get_subcommands([](const CLI::App*) { return true; })) {
    if (option_of(*verb, words.front()) == nullptr) continue;
    if (example.empty() || verb->get_name() == "status") example = verb->get_name();
  }
  if (example.empty()) return std::nullopt;
  return wrong_call(missing_verb_text(words, example), {});
}

/// Options without a verb that they fit.
std::optional<ShowText> wrong_options(CLI::App& root, const std::vector<std::string>& words) {
  if (option_of(root, words.front()) != nullptr) return std::nullopt;
  for (std::size_t at = 1; at < words.size(); ++at) {
    CLI::App* verb = is_option(words[at]) ? nullptr : verb_of(root, words[at]);
    if (verb != nullptr) return wrong_before_verb(root, *verb, words, at);
  }
  return missing_verb(root, words);
}

/// `help VERB` and more words than that.
std::optional<ShowText> wrong_help(CLI::App& root, const std::vector<std::string>& words) {
  CLI::App& help = *verb_of(root, "help");
  if (is_option(words[1])) return std::nullopt;
  if (verb_of(root, words[1]) == nullptr) return stray_words(root, nullptr, {words[1]});
  if (is_option(words[2]) && option_of(help, words[2]) != nullptr) return std::nullopt;
  return stray_words(root, &help, {words[2]});
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
  if (options.size() > 2 && options.front() == "help") return wrong_help(root, options);
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
    return std::nullopt;
  }
  return wrong_options(root, options);
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
