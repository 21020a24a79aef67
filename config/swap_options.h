// The verbs that swap (swap, restart, attach, detach, rollback) with their options as CLI11 has them.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "config/command_line.h"
#include "config/run_options.h"

namespace berth {

/// Outlives the parsing.
class SwapVerbs {
 public:
  void add(CLI::App& root);
  /// The verb of that name after the parsing, or what is wrong with it; nullopt: it is none of these.
  /// `command`: what stands after `--`. `timeout`: of the caller's own wait.
  std::optional<Verb> finish(const std::string& name, const std::vector<std::string>& command,
                             Milliseconds timeout);

 private:
  void add_one(CLI::App& root, const std::string& name, const std::string& description, SwapVerb& verb);
  std::optional<ShowText> read(SwapVerb& verb, const std::string& name);
  std::optional<ShowText> read_addresses(SwapVerb& verb, const std::string& name);

  SwapVerb swap_{.target = {}, .kind = SwapVerb::Kind::Swap};
  SwapVerb restart_{.target = {}, .kind = SwapVerb::Kind::Restart};
  SwapVerb attach_{.target = {}, .kind = SwapVerb::Kind::Attach};
  SwapVerb detach_{.target = {}, .kind = SwapVerb::Kind::Detach};
  SwapVerb rollback_{.target = {}, .kind = SwapVerb::Kind::Rollback};
  std::optional<std::string> to_, only_, back_to_, released_within_;
  std::vector<std::string> attach_words_;
  std::vector<std::string> swap_env_, restart_env_;
  std::string wait_ = "release";
  bool no_queue_ = false;
};

}  // namespace berth
