// The options of `berth load` as CLI11 has them, and what they mean as values.
#pragma once

#include <CLI/CLI.hpp>
#include <optional>
#include <string>
#include <vector>

#include "config/command_line.h"

namespace berth {

/// Outlives the parsing.
class LoadOptions {
 public:
  void add(CLI::App& root);
  /// After the parsing: the verb, or what is wrong. `words`: before `--`; `command`: behind it.
  Verb finish(const std::vector<std::string>& words, const std::vector<std::string>& command);

 private:
  std::optional<std::string> read_numbers();
  std::optional<std::string> read_times();
  std::optional<std::string> read_mix();
  std::optional<std::string> misfit(const std::vector<std::string>& command);

  LoadVerb verb_;
  std::vector<std::string> mix_;
  std::optional<std::string> connections_, rate_, requests_, swaps_, seed_, max_failed_;
  std::optional<std::string> duration_, swap_every_, each_, probe_, timeout_, max_p99_, max_gap_;
};

}  // namespace berth
