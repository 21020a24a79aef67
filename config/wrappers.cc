#include "config/wrappers.h"

#include <algorithm>
#include <array>
#include <cstdint>

namespace berth {
namespace {

using Words = std::vector<std::string>;

/// How the word after a wrapper names its program.
enum class Naming : std::uint8_t {
  Program,      ///< by its name or its path
  NpmPackage,   ///< or as npm's packages are: vite@5, @scope/vite@latest
  PypiPackage,  ///< or as Python's: uvicorn@0.30, uvicorn[standard], uvicorn==0.30
};

struct Wrapper {
  std::string_view name;
  std::string_view verb{};     ///< the words that have to follow, with options between them; empty: none
  std::string_view values{};   ///< options that take the next word
  std::string_view strings{};  ///< options that take a whole command, or another kind of program
  Naming naming = Naming::Program;
  bool keeps_options = false;  ///< those after the program's name, too, unless a `--` stands before them
};

constexpr std::string_view kUv =
    "--with -w --with-editable --with-requirements --extra --no-extra --group --no-group --only-group "
    "--package "
    "--python -p --env-file --directory --project --index --default-index --index-url -i --extra-index-url "
    "--find-links -f --index-strategy --keyring-provider --allow-insecure-host --config-file --cache-dir "
    "--color "
    "--resolution --prerelease --fork-strategy --link-mode --refresh-package --reinstall-package "
    "--upgrade-package -P --no-build-package --no-binary-package --no-build-isolation-package "
    "--config-setting "
    "-C --python-platform --exclude-newer --from --python-preference";
constexpr std::string_view kNpx =
    "-p --package -w --workspace --cache --prefix --loglevel --userconfig --registry";
constexpr std::string_view kPnpm =
    "-F --filter --filter-prod -C --dir --package --loglevel --reporter --workspace-concurrency "
    "--test-pattern "
    "--resume-from";
constexpr std::string_view kYarn =
    "--cwd --cache-folder --modules-folder --registry --use-yarnrc --mutex --script-shell -p --package";
constexpr std::string_view kNpm =
    "--prefix -C -w --workspace --loglevel --cache --userconfig --globalconfig --registry --script-shell "
    "--node-options --omit --include";
constexpr std::string_view kBun =
    "--cwd -c --config -F --filter --env-file --shell --elide-lines -p --package";

// Sources: each one's own manual and --help.
constexpr std::array<Wrapper, 29> kWrappers{
    {{"env", "", "-u --unset -C --chdir -a --argv0", "-S --split-string"},
     {"cross-env", ""},
     {"nohup", ""},
     {"setsid", ""},
     {"nice", "", "-n --adjustment"},
     {"ionice", "", "-c --class -n --classdata"},
     {"stdbuf", "", "-i --input -o --output -e --error"},
     {"uv", "run", kUv},
     {"uv", "tool run", kUv, "", Naming::PypiPackage},
     {"uvx", "", kUv, "", Naming::PypiPackage},
     {"poetry", "run", "-C --directory -P --project"},
     {"pipenv", "run", "--python --pypi-mirror"},
     {"pdm", "run", "-p --project -c --config"},
     {"hatch", "run", "-e --env -p --project --data-dir --cache-dir --config"},
     {"rye", "run", "--pyproject"},
     {"conda", "run", "-n --name -p --prefix --cwd"},
     {"bundle", "exec", "--gemfile --path"},
     // npm exec reads options up to a `--` as its own. All others pass on what stands after the name.
     {"npx", "", kNpx, "-c --call", Naming::NpmPackage},
     {"npm", "exec", kNpm, "-c --call", Naming::NpmPackage, true},
     {"npm", "x", kNpm, "-c --call", Naming::NpmPackage, true},
     {"pnpm", "exec", kPnpm, "-c --shell-mode"},
     {"pnpm", "dlx", kPnpm, "-c --shell-mode", Naming::NpmPackage},
     {"pnpx", "", kPnpm, "-c --shell-mode", Naming::NpmPackage},
     {"yarn", "exec", kYarn},
     {"yarn", "dlx", kYarn, "", Naming::NpmPackage},
     {"bunx", "", kBun, "", Naming::NpmPackage},
     {"bun", "x", kBun, "", Naming::NpmPackage},
     // Without a verb: a program of the package, by its name.
     {"yarn", "", kYarn},
     {"pnpm", "", kPnpm, "-c --shell-mode"}}};

struct ScriptRunner {
  std::string_view name;
  std::string_view values;
  std::string_view dirs;      ///< of `values`: where package.json is
  std::string_view packages;  ///< of `values`: which package of the workspace
};

constexpr std::array<ScriptRunner, 4> kRunners{{{"npm", kNpm, "--prefix -C", "-w --workspace"},
                                                {"pnpm", kPnpm, "-C --dir", "-F --filter"},
                                                {"yarn", kYarn, "--cwd", ""},
                                                {"bun", kBun, "--cwd", "-F --filter"}}};

/// Calls `use` with each word of a list with blanks until it returns true.
template <class Use>
bool any_of_list(std::string_view list, const Use& use) {
  while (!list.empty()) {
    const std::size_t end = std::min(list.find(' '), list.size());
    if (use(list.substr(0, end))) return true;
    list.remove_prefix(std::min(end + 1, list.size()));
  }
  return false;
}

bool is_one_of(std::string_view word, std::string_view options) {
  return any_of_list(options, [&](std::string_view option) { return is_option(word, option); });
}

/// The first word from `at` on that is no option and no option's value; the command's size: there is none. A
/// `--` ends the options.
std::size_t past_options(const Words& command, std::size_t at, std::string_view values) {
  while (at < command.size() && command[at].starts_with("-") && command[at] != "-") {
    if (command[at] == "--") return at + 1;
    at += takes_next(command[at], values) ? 2 : 1;
  }
  return std::min(at, command.size());
}

/// Where what `wrapper` starts begins, for a command whose word at `at` names the program `name`; nullopt:
/// that is not the wrapper.
std::optional<std::size_t> behind(const Wrapper& wrapper, std::string_view name, const Words& command,
                                  std::size_t at) {
  if (name != wrapper.name) return std::nullopt;
  std::size_t next = past_options(command, at + 1, wrapper.values);
  const bool other_verb = any_of_list(wrapper.verb, [&](std::string_view verb) {
    if (next >= command.size() || command[next] != verb) return true;
    next = past_options(command, next + 1, wrapper.values);
    return false;
  });
  if (other_verb) return std::nullopt;
  const bool own_way = std::any_of(command.begin() + static_cast<std::ptrdiff_t>(at) + 1,
                                   command.begin() + static_cast<std::ptrdiff_t>(next),
                                   [&](const std::string& word) { return is_one_of(word, wrapper.strings); });
  return own_way ? command.size() : next;
}

/// A package's name without its version and extras.
std::string_view package_name(std::string_view spec, Naming naming) {
  if (naming == Naming::Program) return spec;
  if (naming == Naming::PypiPackage) return spec.substr(0, spec.find_first_of("@[=<>!~ "));
  return spec.substr(0, spec.find('@', 1));  // the first one begins a scope
}

}  // namespace

bool is_assignment(std::string_view word) {
  const auto name = word.substr(0, word.find('='));
  constexpr std::string_view kLetters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_";
  return name.size() < word.size() && !name.empty() && kLetters.find(name[0]) != std::string_view::npos &&
         name.find_first_not_of(std::string(kLetters) + "0123456789") == std::string_view::npos;
}

std::string_view last_part(std::string_view path) { return path.substr(path.rfind('/') + 1); }

std::optional<std::string_view> joint(std::string_view word, std::string_view option) {
  if (!word.starts_with(option) || word == option) return std::nullopt;
  if (word[option.size()] == '=') return "=";
  const bool is_short = option.size() == 2 && option[1] != '-';
  return is_short ? std::optional<std::string_view>("") : std::nullopt;
}

bool is_option(std::string_view word, std::string_view option) {
  return word == option || joint(word, option);
}

bool takes_next(std::string_view word, std::string_view options) {
  const bool is_long = word.starts_with("--") && word.size() > 4;
  return any_of_list(options, [&](std::string_view option) {
    return word == option || (is_long && option.starts_with(word));
  });
}

std::optional<Program> program_of(const Words& command) {
  Program program;
  Naming naming = Naming::Program;
  while (program.at < command.size()) {
    // uvicorn==0.30 is none.
    if (naming == Naming::Program && is_assignment(command[program.at])) {
      ++program.at;
      continue;
    }
    program.name = last_part(package_name(command[program.at], naming));
    const Wrapper* found = nullptr;
    std::optional<std::size_t> next;
    for (const Wrapper& wrapper : kWrappers) {
      next = behind(wrapper, program.name, command, program.at);
      found = &wrapper;
      if (next) break;
    }
    if (!next) return program;
    naming = found->naming;
    program.options_kept = program.options_kept || (found->keeps_options && command[*next - 1] != "--");
    program.at = *next;
  }
  return std::nullopt;
}

Words passed_by_npm(const Words& command, std::size_t at) {
  Words words;
  while (at < command.size() && command[at] != "--") {
    const std::string& word = command[at];
    if (!word.starts_with("-")) words.push_back(word);
    at += takes_next(word, kNpm) ? 2 : 1;
  }
  return words;
}

std::optional<ScriptCall> script_call(const Words& command) {
  if (command.empty()) return std::nullopt;
  const auto manager = std::find_if(kRunners.begin(), kRunners.end(), [&](const ScriptRunner& each) {
    return each.name == last_part(command[0]);
  });
  if (manager == kRunners.end()) return std::nullopt;
  ScriptCall call{.manager = std::string(manager->name), .script = {}, .at = 0, .dir = {}, .package = {}};
  // yarn workspace NAME …
  bool names_package = false;
  bool runs = false;
  for (std::size_t i = 1; i < command.size(); ++i) {
    const std::string& word = command[i];
    if (word == "--") break;
    if (word.starts_with("-")) {
      const auto equals = word.find('=');
      const bool next = takes_next(word, manager->values);
      const std::string value = equals != std::string::npos      ? word.substr(equals + 1)
                                : next && i + 1 < command.size() ? command[i + 1]
                                                                 : std::string();
      if (is_one_of(word, manager->dirs)) call.dir = value;
      if (is_one_of(word, manager->packages)) call.package = value;
      if (next) ++i;
      continue;
    }
    if (call.at != 0) break;
    if (names_package) {
      call.package = word;
      names_package = false;
    } else if (!runs && manager->name == "yarn" && word == "workspace") {
      names_package = true;
    } else if (!runs && (word == "run" || word == "run-script")) {
      runs = true;
    } else {
      call.script = word;
      call.at = i;
      // Only npm reads options of its own behind the name.
      if (manager->name != "npm") break;
    }
  }
  if (call.at == 0) return std::nullopt;
  return call;
}

}  // namespace berth
