#include "config/known_servers.h"

#include <algorithm>
#include <array>
#include <span>

#include "config/port_mode.h"
#include "config/script_words.h"

namespace berth {
namespace {

using Words = std::vector<std::string>;

/// Words that are added unless one of `unless` is there.
struct Extra {
  std::vector<std::string_view> unless;
  std::vector<std::string_view> words;
};

struct KnownServer {
  std::string_view name{};
  std::vector<std::string_view> programs{};     ///< by the last part of the path
  std::vector<std::string_view> modules{};      ///< python -m
  std::vector<std::string_view> subcommands{};  ///< one of them must be there; empty: none is asked for
  std::vector<std::string_view>
      port_options{};  ///< the first is the one that is added; empty: see positional
  std::string_view port_value = "{port}";
  std::vector<std::string_view> number_options{};  ///< take the number alone where port_value is more
  bool positional = false;                         ///< the place is a word of its own
  bool last_wins = false;                          ///< of two ports that it is told, the later one counts
  std::vector<std::string_view> told_otherwise{};  ///< options after which nothing is touched
  std::vector<Extra> extras{};
  Extra below{};  ///< how it is told that its pages lie below {base}
  std::string_view ready_path{};
  std::string_view caution{};
};

// Sources: each server's own manual and --help.
const std::vector<KnownServer>& table() {
  static const std::vector<KnownServer> servers = {
      {.name = "uvicorn",
       .programs = {"uvicorn"},
       .modules = {"uvicorn"},
       .port_options = {"--port"},
       .last_wins = true,
       .told_otherwise = {"--fd", "--uds"}},
      {.name = "gunicorn",
       .programs = {"gunicorn"},
       .modules = {"gunicorn"},
       .port_options = {"--bind", "-b"},
       .port_value = "127.0.0.1:{port}"},
      {.name = "hypercorn",
       .programs = {"hypercorn"},
       .modules = {"hypercorn"},
       .port_options = {"--bind", "-b"},
       .port_value = "127.0.0.1:{port}"},
      {.name = "flask",
       .programs = {"flask"},
       .modules = {"flask"},
       .subcommands = {"run"},
       .port_options = {"--port", "-p"},
       .last_wins = true},
      {.name = "http.server",
       .modules = {"http.server"},
       .positional = true,
       .extras = {{{"--bind", "-b"}, {"--bind", "127.0.0.1"}}}},
      {.name = "Django's runserver",
       .programs = {"manage.py", "django-admin"},
       .modules = {"django"},
       .subcommands = {"runserver"},
       .port_value = "127.0.0.1:{port}",
       .positional = true},
      {.name = "vite",
       .programs = {"vite"},
       .port_options = {"--port"},
       .last_wins = true,
       .extras = {{{"--strictPort"}, {"--strictPort"}}, {{"--host"}, {"--host", "127.0.0.1"}}},
       .below = {{"--base"}, {"--base", "{base}/"}}},
      {.name = "next",
       .programs = {"next"},
       .subcommands = {"dev"},
       .port_options = {"--port", "-p"},
       .last_wins = true,
       .extras = {{{"--hostname", "-H"}, {"--hostname", "127.0.0.1"}}},
       .caution = "two at once spoil each other's .next, so swap it with --swap stop-start or give each its "
                  "distDir"},
      {.name = "next",
       .programs = {"next"},
       .subcommands = {"start"},
       .port_options = {"--port", "-p"},
       .last_wins = true,
       .extras = {{{"--hostname", "-H"}, {"--hostname", "127.0.0.1"}}}},
      {.name = "rails",
       .programs = {"rails"},
       .subcommands = {"server", "s"},
       .port_options = {"-p", "--port"},
       .last_wins = true,
       .extras = {{{"-b", "--binding"}, {"-b", "127.0.0.1"}},
                  {{"-P", "--pid"}, {"-P", "tmp/pids/server-{port}.pid"}}}},
      {.name = "puma",
       .programs = {"puma"},
       .port_options = {"-b", "--bind"},
       .port_value = "tcp://127.0.0.1:{port}",
       .number_options = {"-p", "--port"},
       .told_otherwise = {"-C", "--config"}},
      {.name = "streamlit",
       .programs = {"streamlit"},
       .modules = {"streamlit"},
       .subcommands = {"run"},
       .port_options = {"--server.port"},
       .last_wins = true,
       .extras = {{{"--server.address"}, {"--server.address", "127.0.0.1"}},
                  {{"--server.headless"}, {"--server.headless", "true"}}},
       .below = {{"--server.baseUrlPath"}, {"--server.baseUrlPath", "{base}"}},
       .ready_path = "/_stcore/health"},
      {.name = "jupyter",
       .programs = {"jupyter", "jupyter-server", "jupyter-lab", "jupyter-notebook"},
       .modules = {"jupyter", "jupyterlab", "notebook", "jupyter_server"},
       .port_options = {"--port"},
       .told_otherwise = {"--sock", "--ServerApp.sock"},
       .extras = {{{"--ServerApp.port_retries"}, {"--ServerApp.port_retries=0"}},
                  {{"--no-browser"}, {"--no-browser"}}},
       .below = {{"--ServerApp.base_url"}, {"--ServerApp.base_url={base}/"}}},
  };
  return servers;
}

/// Words that only start another program, which follows them.
constexpr std::array<std::array<std::string_view, 2>, 9> kWrappers{{{"env", ""},
                                                                    {"cross-env", ""},
                                                                    {"uv", "run"},
                                                                    {"poetry", "run"},
                                                                    {"pipenv", "run"},
                                                                    {"bundle", "exec"},
                                                                    {"pnpm", "exec"},
                                                                    {"yarn", "exec"},
                                                                    {"npx", ""}}};

std::string_view last_part(std::string_view path) { return path.substr(path.rfind('/') + 1); }

bool contains(std::span<const std::string_view> list, std::string_view word) {
  return std::find(list.begin(), list.end(), word) != list.end();
}

/// What stands between an option and the value in the same word: "=" in "--port=8000", "" in "-p8000";
/// nullopt: it has none there, or is another word.
std::optional<std::string_view> joint(std::string_view word, std::string_view option) {
  if (!word.starts_with(option) || word == option) return std::nullopt;
  if (word[option.size()] == '=') return "=";
  const bool is_short = option.size() == 2 && option[1] != '-';
  return is_short ? std::optional<std::string_view>("") : std::nullopt;
}

/// "--port" in "--port", "--port=8000"; "-p" also in "-p8000"
bool is_option(std::string_view word, std::string_view option) {
  return word == option || joint(word, option);
}

bool has_option(std::span<const std::string> command, std::span<const std::string_view> options) {
  return std::any_of(command.begin(), command.end(), [&](const std::string& word) {
    return std::any_of(options.begin(), options.end(),
                       [&](std::string_view each) { return is_option(word, each); });
  });
}

bool is_python(std::string_view program) {
  const std::string_view rest = program.starts_with("python") ? program.substr(6) : std::string_view("no");
  return rest.find_first_not_of("0123456789.") == std::string_view::npos;
}

/// The row, and where its own words begin.
struct Match {
  const KnownServer* server = nullptr;
  std::size_t arguments = 0;
};

/// NAME=value
bool is_assignment(std::string_view word) {
  const auto name = word.substr(0, word.find('='));
  constexpr std::string_view kLetters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_";
  return name.size() < word.size() && !name.empty() && kLetters.find(name[0]) != std::string_view::npos &&
         name.find_first_not_of(std::string(kLetters) + "0123456789") == std::string_view::npos;
}

/// How many words at `at` only start what follows them, or set a variable for it.
std::size_t starters(const Words& command, std::size_t at) {
  if (is_assignment(command[at])) return 1;
  for (const auto& wrapper : kWrappers) {
    if (last_part(command[at]) != wrapper[0]) continue;
    if (wrapper[1].empty()) return 1;
    if (at + 1 < command.size() && command[at + 1] == wrapper[1]) return 2;
  }
  return 0;
}

Match match(const Words& command) {
  std::size_t at = 0;
  while (at < command.size() && starters(command, at) > 0) at += starters(command, at);
  if (at >= command.size()) return {};
  std::string_view program = last_part(command[at]);
  std::string_view module;
  if (is_python(program) || program == "ruby") {
    std::size_t next = at + 1;
    while (next < command.size() && command[next].starts_with("-") && command[next] != "-m" &&
           command[next] != "-c")
      ++next;
    if (next + 1 < command.size() && command[next] == "-m") {
      module = command[next + 1];
      at = next + 1;
    } else if (next < command.size()) {
      program = last_part(command[next]);  // python manage.py, ruby bin/rails
      at = next;
    }
  }
  for (const KnownServer& server : table()) {
    const bool known = module.empty() ? contains(server.programs, program) : contains(server.modules, module);
    if (!known) continue;
    const auto first = command.begin() + static_cast<std::ptrdiff_t>(at) + 1;
    const bool asked =
        server.subcommands.empty() || std::any_of(first, command.end(), [&](const std::string& word) {
          return contains(server.subcommands, word);
        });
    if (asked) return {&server, at + 1};
  }
  return {};
}

std::string joined(std::span<const std::string> words) {
  std::string text;
  for (const std::string& word : words) text += (text.empty() ? "" : " ") + word;
  return text;
}

void note(std::string& changes, const std::string& change) {
  changes += (changes.empty() ? "" : ", ") + change;
}

bool is_number(std::string_view word) {
  return !word.empty() && word.find_first_not_of("0123456789") == std::string_view::npos;
}

/// Where a positional place stands: "8000", "0.0.0.0:8000", "[::1]:8000".
bool is_place(std::string_view word) {
  const auto colon = word.rfind(':');
  return !word.starts_with("-") && is_number(colon == std::string_view::npos ? word : word.substr(colon + 1));
}

/// The end of the server's own words: what stands behind `--` is for somebody else.
std::size_t end_of_words(const Words& command) {
  return static_cast<std::size_t>(std::find(command.begin(), command.end(), "--") - command.begin());
}

void add(Words& command, const Words& words, std::string& changes) {
  command.insert(command.begin() + static_cast<std::ptrdiff_t>(end_of_words(command)), words.begin(),
                 words.end());
  note(changes, "added " + joined(words));
}

/// The option that says the place in `word`, and what its value becomes; empty: it is none.
std::pair<std::string_view, std::string_view> place_option(const KnownServer& server, std::string_view word) {
  for (std::string_view option : server.port_options)
    if (is_option(word, option)) return {option, server.port_value};
  for (std::string_view option : server.number_options)
    if (is_option(word, option)) return {option, "{port}"};
  return {};
}

// Of the words, the first `fixed` cannot be changed. False: then nothing can be done. A second place is left
// out: it would be the old one's, too.
bool put_option(const KnownServer& server, std::size_t fixed, Words& command, std::string& changes) {
  bool put = false;
  for (std::size_t i = fixed; i < end_of_words(command);) {
    const auto [option, value] = place_option(server, command[i]);
    const auto between = option.empty() ? std::nullopt : joint(command[i], option);
    const std::size_t width = option.empty() || between ? 1 : 2;
    if (i + width > command.size()) return true;
    const auto at = command.begin() + static_cast<std::ptrdiff_t>(i);
    const auto words = [&] { return joined(std::span(command).subspan(i, width)); };
    if (!option.empty() && put) {
      note(changes, "left out " + words());
      command.erase(at, at + static_cast<std::ptrdiff_t>(width));
      continue;
    }
    if (!option.empty()) {
      const std::string before = words();
      std::string& word = command[i + width - 1];
      word = between ? std::string(option) + std::string(*between) + std::string(value) : std::string(value);
      note(changes, before + " became " + words());
      put = true;
    }
    i += width;
  }
  const auto own = std::span<const std::string>(command).first(fixed);
  if (put) return true;
  if (!server.last_wins && std::any_of(own.begin(), own.end(), [&](const std::string& word) {
        return !place_option(server, word).first.empty();
      }))
    return false;
  add(command, {std::string(server.port_options.front()), std::string(server.port_value)}, changes);
  return true;
}

bool put_place(const KnownServer& server, std::size_t arguments, std::size_t fixed, Words& command,
               std::string& changes) {
  const std::string value(server.port_value);
  for (std::size_t i = arguments; i < end_of_words(command); ++i) {
    // The value of an option is no place of its own: --bind 127.0.0.1 has no number behind a colon.
    if (!is_place(command[i])) continue;
    if (i < fixed) return false;
    note(changes, command[i] + " became " + value);
    command[i] = value;
    return true;
  }
  add(command, {value}, changes);
  return true;
}

/// Whether it was told its place already, in words that are not to be touched.
bool told_otherwise(const KnownServer& server, const Words& command) {
  if (has_option(command, server.told_otherwise)) return true;
  return std::any_of(command.begin(), command.end(), [&](const std::string& word) {
    return placeholder_mode(word) || word.find("unix:") != std::string::npos || word.starts_with("fd://");
  });
}

/// The words for a server whose pages lie below `base`.
Words at_base(const std::vector<std::string_view>& words, std::string_view base) {
  Words out(words.begin(), words.end());
  for (std::string& word : out)
    if (const auto at = word.find("{base}"); at != std::string::npos) word.replace(at, 6, base);
  return out;
}

std::optional<Recognised> equip(const Words& command, std::size_t fixed, std::string_view base) {
  const Match found = match(command);
  if (found.server == nullptr || told_otherwise(*found.server, command) || asks_for_any_port(command) ||
      end_of_words(command) < fixed)
    return std::nullopt;
  Recognised out{std::string(found.server->name),
                 command,
                 {},
                 std::string(found.server->ready_path),
                 std::string(found.server->caution)};
  const bool put = found.server->positional
                       ? put_place(*found.server, found.arguments, fixed, out.command, out.changes)
                       : put_option(*found.server, fixed, out.command, out.changes);
  if (!put) return std::nullopt;
  for (const Extra& extra : found.server->extras) {
    if (has_option(out.command, extra.unless)) continue;
    add(out.command, Words(extra.words.begin(), extra.words.end()), out.changes);
  }
  const Extra& below = found.server->below;
  if (base.empty() || below.words.empty()) return out;
  if (!has_option(out.command, below.unless)) add(out.command, at_base(below.words, base), out.changes);
  if (!out.ready_path.empty()) out.ready_path.insert(0, base);
  return out;
}

/// npm run NAME: the server that its script starts decides what npm is to pass on. The script's own words
/// stay; only what stands behind them can be changed.
std::optional<Recognised> equip_script(const Words& command, const ScriptOf& script_of,
                                       std::string_view base) {
  const std::string manager(command.empty() ? "" : last_part(command[0]));
  if (command.size() < 2 || (manager != "npm" && manager != "pnpm" && manager != "yarn")) return std::nullopt;
  const bool runs = command[1] == "run" || command[1] == "run-script";
  const std::size_t at = runs ? 2 : 1;
  if (command.size() <= at) return std::nullopt;
  const auto script = script_of(command[at]);
  const auto own = script ? script_words(*script) : std::nullopt;
  if (!own) return std::nullopt;

  // npm keeps what stands before `--` for itself.
  Words before = command;
  if (manager == "npm")
    before.resize(std::min(command.size(), end_of_words(command) + 1));
  else
    before.resize(at + 1);
  Words whole = *own;
  whole.insert(whole.end(), command.begin() + static_cast<std::ptrdiff_t>(before.size()), command.end());
  const auto inner = equip(whole, own->size(), base);
  if (!inner) return std::nullopt;

  if (manager == "npm" && end_of_words(before) == before.size()) before.emplace_back("--");
  before.insert(before.end(), inner->command.begin() + static_cast<std::ptrdiff_t>(own->size()),
                inner->command.end());
  return Recognised{manager + " (" + inner->name + ")", before, inner->changes, inner->ready_path,
                    inner->caution};
}

}  // namespace

std::optional<Recognised> recognise(const std::vector<std::string>& command, const ScriptOf& script_of,
                                    std::string_view base) {
  if (auto script = equip_script(command, script_of, base)) return script;
  return equip(command, 0, base);
}

}  // namespace berth
