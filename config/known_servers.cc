#include "config/known_servers.h"

#include <algorithm>
#include <array>
#include <span>

#include "config/port_mode.h"

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
  bool positional = false;                         ///< the place is a word of its own
  std::vector<std::string_view> told_otherwise{};  ///< options after which nothing is touched
  std::vector<Extra> extras{};
  std::string_view ready_path{};
};

// Sources: each server's own manual and --help.
const std::vector<KnownServer>& table() {
  static const std::vector<KnownServer> servers = {
      {.name = "uvicorn",
       .programs = {"uvicorn"},
       .modules = {"uvicorn"},
       .port_options = {"--port"},
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
       .port_options = {"--port", "-p"}},
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
       .extras = {{{"--strictPort"}, {"--strictPort"}}, {{"--host"}, {"--host", "127.0.0.1"}}}},
      {.name = "next",
       .programs = {"next"},
       .subcommands = {"dev", "start"},
       .port_options = {"--port", "-p"}},
      {.name = "rails",
       .programs = {"rails"},
       .subcommands = {"server", "s"},
       .port_options = {"-p", "--port"},
       .extras = {{{"-P", "--pid"}, {"-P", "tmp/pids/server-{port}.pid"}}}},
      {.name = "puma",
       .programs = {"puma"},
       .port_options = {"-b", "--bind"},
       .port_value = "tcp://127.0.0.1:{port}",
       .told_otherwise = {"-p", "--port", "-C", "--config"}},
      {.name = "streamlit",
       .programs = {"streamlit"},
       .modules = {"streamlit"},
       .subcommands = {"run"},
       .port_options = {"--server.port"},
       .extras = {{{"--server.address"}, {"--server.address", "127.0.0.1"}},
                  {{"--server.headless"}, {"--server.headless", "true"}}},
       .ready_path = "/_stcore/health"},
      {.name = "jupyter",
       .programs = {"jupyter", "jupyter-server", "jupyter-lab", "jupyter-notebook"},
       .modules = {"jupyter", "jupyterlab", "notebook", "jupyter_server"},
       .port_options = {"--port"},
       .told_otherwise = {"--sock", "--ServerApp.sock"},
       .extras = {{{"--ServerApp.port_retries"}, {"--ServerApp.port_retries=0"}},
                  {{"--no-browser"}, {"--no-browser"}}}},
  };
  return servers;
}

/// Words that only start another program, which follows them.
constexpr std::array<std::array<std::string_view, 2>, 7> kWrappers{{{"uv", "run"},
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

/// "--port" in "--port", "--port=8000"
bool is_option(std::string_view word, std::string_view option) {
  return word == option || (word.starts_with(option) && word.substr(option.size()).starts_with("="));
}

bool has_option(const Words& command, std::span<const std::string_view> options) {
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

Match match(const Words& command) {
  std::size_t at = 0;
  for (const auto& wrapper : kWrappers) {
    if (command.empty() || last_part(command[0]) != wrapper[0]) continue;
    if (wrapper[1].empty()) at = 1;
    if (command.size() > 1 && command[1] == wrapper[1]) at = 2;
  }
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

void put_option(const KnownServer& server, Words& command, std::string& changes) {
  const std::string value(server.port_value);
  for (std::size_t i = 0; i < end_of_words(command); ++i) {
    for (std::string_view option : server.port_options) {
      if (!is_option(command[i], option)) continue;
      if (command[i] == option && i + 1 >= command.size()) return;
      const bool apart = command[i] == option;
      const std::string before = apart ? command[i] + " " + command[i + 1] : command[i];
      std::string& word = command[apart ? i + 1 : i];
      word = apart ? value : std::string(option) + "=" + value;
      note(changes, before + " became " + (apart ? command[i] + " " + word : word));
      return;
    }
  }
  add(command, {std::string(server.port_options.front()), value}, changes);
}

void put_place(const KnownServer& server, std::size_t arguments, Words& command, std::string& changes) {
  const std::string value(server.port_value);
  for (std::size_t i = arguments; i < end_of_words(command); ++i) {
    // The value of an option is no place of its own: --bind 127.0.0.1 has no number behind a colon.
    if (!is_place(command[i])) continue;
    note(changes, command[i] + " became " + value);
    command[i] = value;
    return;
  }
  add(command, {value}, changes);
}

/// Whether it was told its place already, in words that are not to be touched.
bool told_otherwise(const KnownServer& server, const Words& command) {
  if (has_option(command, server.told_otherwise)) return true;
  return std::any_of(command.begin(), command.end(), [&](const std::string& word) {
    return placeholder_mode(word) || word.find("unix:") != std::string::npos || word.starts_with("fd://");
  });
}

std::optional<Recognised> equip(const Words& command) {
  const Match found = match(command);
  if (found.server == nullptr || told_otherwise(*found.server, command) || asks_for_any_port(command))
    return std::nullopt;
  Recognised out{std::string(found.server->name), command, {}, std::string(found.server->ready_path)};
  if (found.server->positional)
    put_place(*found.server, found.arguments, out.command, out.changes);
  else
    put_option(*found.server, out.command, out.changes);
  for (const Extra& extra : found.server->extras) {
    if (has_option(out.command, extra.unless)) continue;
    add(out.command, Words(extra.words.begin(), extra.words.end()), out.changes);
  }
  return out;
}

Words split(const std::string& text) {
  Words words;
  std::size_t at = 0;
  while ((at = text.find_first_not_of(" \t", at)) != std::string::npos) {
    const auto end = text.find_first_of(" \t", at);
    words.push_back(text.substr(at, end - at));
    at = end == std::string::npos ? text.size() : end;
  }
  return words;
}

/// npm run NAME: what its script starts decides what npm is to pass on behind `--`.
std::optional<Recognised> equip_script(const Words& command, const ScriptOf& script_of) {
  if (command.size() < 2 || (command[0] != "npm" && command[0] != "pnpm" && command[0] != "yarn"))
    return std::nullopt;
  const bool runs = command[1] == "run" || command[1] == "run-script";
  if (runs && command.size() < 3) return std::nullopt;
  const auto script = script_of(runs ? command[2] : command[1]);
  if (!script || script->find_first_of("&|;<>$`'\"\\") != std::string::npos) return std::nullopt;
  const Words words = split(*script);
  auto inner = equip(words);
  // What cannot be said by words at the end is left alone: only additions can pass through npm.
  if (!inner || inner->command.size() <= words.size() ||
      !std::equal(words.begin(), words.end(), inner->command.begin()))
    return std::nullopt;
  Recognised out{command[0] + " (" + inner->name + ")", command, inner->changes, inner->ready_path};
  const bool separated = end_of_words(command) != command.size();
  if (!separated && command[0] == "npm") out.command.emplace_back("--");
  out.command.insert(out.command.end(), inner->command.begin() + static_cast<std::ptrdiff_t>(words.size()),
                     inner->command.end());
  return out;
}

}  // namespace

std::optional<Recognised> recognise(const std::vector<std::string>& command, const ScriptOf& script_of) {
  if (auto script = equip_script(command, script_of)) return script;
  return equip(command);
}

}  // namespace berth
