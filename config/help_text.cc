#include "config/help_text.h"

#include <algorithm>
#include <string_view>

#include "config/version.h"

namespace berth {
namespace {

constexpr std::string_view kFooter = R"(
one app:     berth run -- uvicorn app:app
its change:  berth swap
more:        berth help VERB, with examples
exit codes:  0 done · 1 failed, the old backend serves · 2 the call was wrong
             3 no berth is running there · 4 only the caller's own wait ran out
             5 switched, but the release is not proven)";

constexpr std::string_view kExamples = "\n\nexamples:\n";

// CLI11 would leave the command after `--` out of its usage lines.
class HelpText : public CLI::Formatter {
 public:
  std::string make_usage(const CLI::App* app, std::string) const override {
    std::string usage = usage_text(*app);
    for (auto at = usage.find('\n'); at != std::string::npos; at = usage.find('\n', at + 1))
      usage.insert(at + 1, "       ");
    return "usage: " + usage + "\n";
  }
};

OptionRow row_of(const CLI::Option& option) {
  OptionRow row;
  for (const std::string& name : option.get_snames()) row.names.push_back("-" + name);
  for (const std::string& name : option.get_lnames()) row.names.push_back("--" + name);
  row.help = option.get_description();
  if (option.get_items_expected_max() > 0) row.value = option.get_type_name();
  std::string choices = row.value.find('|') == std::string::npos ? std::string() : row.value + "|";
  for (auto at = choices.find('|'); at != std::string::npos; at = choices.find('|')) {
    row.choices.push_back(choices.substr(0, at));
    choices.erase(0, at + 1);
  }
  return row;
}

std::string indented(std::string_view lines) {
  std::string text;
  while (!lines.empty()) {
    const auto end = std::min(lines.find('\n'), lines.size());
    text += "  " + std::string(lines.substr(0, end)) + "\n";
    lines.remove_prefix(std::min(end + 1, lines.size()));
  }
  return text;
}

}  // namespace

std::string_view help_footer() { return kFooter; }

std::string usage_text(const CLI::App& verb) {
  const std::string& name = verb.get_name();
  if (name == "berth") return "berth VERB [OPTIONS]";
  if (name == "run") return "berth run [OPTIONS] -- COMMAND ARG...\nberth run [-c berth.toml]";
  if (name == "exec") return "berth exec [OPTIONS] -- SERVER ARG... ::: COMMAND ARG...";
  if (name == "port") return "berth port HOST:PORT [--wait TIME] [--json]";
  if (name == "swap")
    return "berth swap [APP] [OPTIONS] [-- COMMAND ARG...]\nberth swap [APP] --to ADDRESS [OPTIONS]";
  if (name == "check" || name == "init") return "berth " + name + " [FILE] [OPTIONS]";
  if (name == "attach") return "berth attach [APP] ADDRESS [OPTIONS]";
  if (name == "completions") return "berth completions bash|zsh|fish";
  if (name == "help") return "berth help [VERB]\nberth help --man";
  if (name == "stop" || name == "reload") return "berth " + name + " [ADDRESS] [OPTIONS]";
  return "berth " + name + (verb.get_option_no_throw("APP") != nullptr ? " [APP]" : "") + " [OPTIONS]";
}

std::shared_ptr<CLI::FormatterBase> help_layout(std::size_t column) {
  auto help = std::make_shared<HelpText>();
  help->column_width(column);
  return help;
}

void add_examples(CLI::App& root) {
  for (CLI::App* verb : root.get_subcommands([](CLI::App*) { return true; })) {
    const std::string_view examples = examples_of(verb->get_name());
    if (!examples.empty()) verb->footer(verb->get_footer() + std::string(kExamples) + indented(examples));
  }
}

CommandTable command_table(const CLI::App& root) {
  CommandTable table;
  table.version = kVersion;
  for (const CLI::App* verb : root.get_subcommands([](const CLI::App*) { return true; })) {
    VerbRow row;
    row.name = verb->get_name();
    row.help = verb->get_description();
    row.usage = usage_text(*verb);
    const std::string footer = verb->get_footer();
    row.more = footer.substr(0, footer.find(kExamples));
    row.takes_app = verb->get_option_no_throw("APP") != nullptr || row.name == "attach";
    row.takes_command = row.usage.find(" -- ") != std::string::npos;
    for (const CLI::Option* option : verb->get_options()) {
      if (option->get_lnames().empty() && option->get_snames().empty()) continue;  // told by the usage
      if (option != verb->get_help_ptr()) row.options.push_back(row_of(*option));
    }
    table.verbs.push_back(std::move(row));
  }
  return table;
}

std::string written_text(const CLI::App& root, const std::string& verb, const std::string& word) {
  if (verb == "help") return man_page_text(command_table(root));
  return completions_text(command_table(root), word);
}

}  // namespace berth
