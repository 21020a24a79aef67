#include "config/program_hint.h"

#include <algorithm>
#include <array>
#include <filesystem>
#include <string_view>
#include <system_error>
#include <utility>

#include "config/machine_check.h"
#include "config/script_words.h"
#include "config/toml_text.h"
#include "config/wrappers.h"

namespace berth {
namespace {

namespace fs = std::filesystem;

constexpr std::array<std::string_view, 8> kShellWords{".",    "source", "export", "alias",
                                                      "eval", "exec",   "set",    "ulimit"};
constexpr std::array<std::pair<std::string_view, std::string_view>, 8> kInterpreters{{{".py", "python3"},
                                                                                      {".js", "node"},
                                                                                      {".mjs", "node"},
                                                                                      {".ts", "npx tsx"},
                                                                                      {".rb", "ruby"},
                                                                                      {".sh", "sh"},
                                                                                      {".pl", "perl"},
                                                                                      {".jar", "java -jar"}}};

/// "python3 app.py" for a file that is no program itself.
std::string interpreted(const std::string& file) {
  const auto found = std::find_if(kInterpreters.begin(), kInterpreters.end(),
                                  [&](const auto& each) { return file.ends_with(each.first); });
  return found == kInterpreters.end() ? std::string() : std::string(found->second) + " " + file;
}

}  // namespace

std::string words_of_text(const std::string& text) {
  const auto words = script_words(text);
  // A variable in front is the shell's, too.
  if (words && !is_assignment(words->front())) return toml_words(*words);
  return toml_words({"sh", "-c", text});
}

std::string program_hint(const std::string& program, const std::string& dir) {
  const bool one_word = program.find_first_of(" \t") == std::string::npos;
  if (one_word && is_assignment(program))
    return "only a shell sets variables so: write --env " + program +
           " before the `--`, or in the file env = { " + toml_key(program.substr(0, program.find('='))) +
           " = " + toml_text(program.substr(program.find('=') + 1)) + " }";
  if (program == "cd")
    return "cd is the shell's: --dir DIR, or in the file dir = \"DIR\", says where the command runs";
  if (std::find(kShellWords.begin(), kShellWords.end(), program) != kShellWords.end())
    return program + " is the shell's: write sh -c 'ALL OF IT'";
  std::error_code error;
  const fs::path file = fs::path(dir.empty() ? "." : dir) / program;
  if (fs::is_regular_file(file, error)) {
    const bool path = program.find('/') != std::string::npos;
    const std::string here = path ? program : "./" + program;
    if (is_program(file.string()))
      return path ? std::string() : "it is in the command's directory: write " + here;
    const std::string way = interpreted(program);
    return way.empty() ? "it is a file, and no program: chmod +x it, and write " + here
                       : "it is a file, and no program: write " + way + ", or chmod +x it and write " + here;
  }
  if (one_word) return {};
  const auto words = script_words(program);
  if (words && !is_assignment(words->front()))
    return "it is one word with blanks in it: leave out the quotes around all of it (in the file: " +
           toml_words(*words) + ")";
  return "that is a line for a shell: write sh -c '" + program + "' (in the file: " + words_of_text(program) +
         ")";
}

}  // namespace berth
