// The verbs that look at the file or write it, and run nothing, with their options as CLI11 has them.
#pragma once

#include <optional>
#include <string>

#include "config/command_line.h"
#include "config/run_options.h"

namespace berth {

/// `berth check` and `berth init`; outlives the parsing.
class FileVerbs {
 public:
  void add(CLI::App& root);
  /// The verb of that name, after the parsing; nullopt: it is none of these.
  std::optional<Verb> finish(const std::string& name);

 private:
  CheckVerb check_;
  InitVerb init_;
  std::optional<std::string> word_;  ///< a file without its option
  bool defaults_ = false;
  bool schema_ = false;
};

}  // namespace berth
