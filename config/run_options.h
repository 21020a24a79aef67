// The options of `berth run` and `berth exec`, as CLI11 has them.
#pragma once

#include <CLI/CLI.hpp>
#include <string>
#include <type_traits>
#include <vector>

#include "config/command_line.h"

namespace berth {

/// One value per mention: what follows "-l A" is not a second address.
template <class Value>
void add_valued_option(CLI::App& app, const std::string& names, Value& into, const std::string& type,
                       const std::string& help) {
  auto* made = app.add_option(names, into, help)->type_name(type);
  if constexpr (std::is_same_v<Value, std::vector<std::string>>)
    made->expected(1)->allow_extra_args(false)->take_all();
}

/// A verb that speaks to a running berth: with the app where it takes one, --control and --json.
CLI::App* add_client(CLI::App& root, const std::string& name, const std::string& description, Target& target);

/// Reads words like K=V; otherwise what is wrong with them.
std::optional<ShowText> read_env_words(const std::vector<std::string>& words,
                                       std::map<std::string, std::string>& into, const std::string& verb);

/// `run` and `env` (K=V words, unread) are filled when `app` is parsed, and outlive it.
void add_run_options(CLI::App& app, RunVerb& run, std::vector<std::string>& env);

}  // namespace berth
