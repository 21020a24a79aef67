// Programs that only start another one, whose words follow their own: what of a command is theirs. Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace berth {

/// The program that a command starts in the end.
struct Program {
  std::size_t at = 0;  ///< where its words begin: `env A=1 npx -y vite` -> 3
  std::string name;    ///< "uvicorn" of "/usr/bin/uvicorn", "vite" of `npx vite@5`
  /// What starts it keeps all options before a `--` for itself, and passes the other words on: `npm exec
  /// vite`.
  bool options_kept = false;
};

/// nullopt: there is none, or only a shell would find it (`env -S`, `npx -c`).
std::optional<Program> program_of(const std::vector<std::string>& command);

/// The words from `at` on, up to a `--`, that npm passes on although they stand before it: all but options
/// and the values of those that are npm's.
std::vector<std::string> passed_by_npm(const std::vector<std::string>& command, std::size_t at);

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
