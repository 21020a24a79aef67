// Programs that only start another one, whose words follow their own: what of a command is theirs. Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace berth {

/// Where the words of the program begin that `command` starts in the end: `env A=1 npx -y vite` -> 3.
/// nullopt: nowhere, or where only a shell would find it (`env -S`, `npx -c`).
std::optional<std::size_t> program_at(const std::vector<std::string>& command);

/// A script of package.json that a package manager is told to run.
struct ScriptCall {
  std::string manager;  ///< "npm", by the last part of its path
  std::string script;   ///< "dev"
  std::size_t at = 0;   ///< where the script's name stands
  std::string dir;      ///< where package.json is, as the command names it; empty: here
  std::string package;  ///< or in which package of the workspace; empty: none is named
};

/// nullopt: the command calls no script.
std::optional<ScriptCall> script_call(const std::vector<std::string>& command);

/// "--port" in "--port", "--port=8000"; "-p" also in "-p8000"
bool is_option(std::string_view word, std::string_view option);

/// What stands between an option and the value in the same word: "=" in "--port=8000", "" in "-p8000";
/// nullopt: it has none there, or is another word.
std::optional<std::string_view> joint(std::string_view word, std::string_view option);

/// Whether the option in `word` takes the word after it. `options`: those that do, with a blank between each
/// two. Of a long one the beginning is enough, as many programs have it.
bool takes_next(std::string_view word, std::string_view options);

/// NAME=value
bool is_assignment(std::string_view word);

/// "uvicorn" of "/usr/bin/uvicorn"
std::string_view last_part(std::string_view path);

}  // namespace berth
