// How the parser's verbs are shown: their usage lines, and all of them as a table of values.
#pragma once

#include <CLI/CLI.hpp>
#include <memory>
#include <string>
#include <string_view>

#include "config/command_table.h"

namespace berth {

/// "berth run [OPTIONS] -- COMMAND ARG...", lines without the word usage.
std::string usage_text(const CLI::App& verb);

/// The layout of `--help`, whose texts begin in that column.
std::shared_ptr<CLI::FormatterBase> help_layout(std::size_t column);

/// Appends the examples to each verb's help. After everything else was added.
void add_examples(CLI::App& root);

/// What stands below the verbs in `berth help`.
std::string_view help_footer();

CommandTable command_table(const CLI::App& root);

/// What `berth help --man` and `berth completions SHELL` print.
std::string written_text(const CLI::App& root, const std::string& verb, const std::string& word);

}  // namespace berth
