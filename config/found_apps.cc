#include "config/found_apps.h"

#include <algorithm>
#include <array>
#include <optional>
#include <string_view>
#include <utility>

#include "config/known_servers.h"
#include "config/pattern.h"

namespace berth {
namespace {

using Words = std::vector<std::string>;

bool has(const Directory& directory, std::string_view name) {
  return std::find(directory.names.begin(), directory.names.end(), name) != directory.names.end();
}

/// `pattern` sees each line by itself: ^ is where a line begins.
bool has_line(const std::string& text, std::string_view pattern) {
  return Pattern("(?m)" + std::string(pattern)).in(text);
}

std::optional<Recognised> known(const Directory& directory, const Words& command) {
  return recognise(command, [&](const ScriptCall& call) -> std::optional<std::string> {
    const auto found = directory.scripts.find(call.script);
    return found == directory.scripts.end() ? std::nullopt : std::optional(found->second);
  });
}

std::optional<FoundApp> node_app(const Directory& directory) {
  const std::string manager = has(directory, "pnpm-lock.yaml") ? "pnpm"
                              : has(directory, "yarn.lock")    ? "yarn"
                                                               : "npm";
  std::optional<FoundApp> first;
  for (const char* script : {"dev", "start", "serve"}) {
    if (!directory.scripts.contains(script)) continue;
    FoundApp app{"frontend", {manager, "run", script}, std::string("package.json's script ") + script};
    // A server that is known by name is a better guess than a script that may be anything.
    if (known(directory, app.command)) return app;
    if (!first) first = std::move(app);
  }
  return first;
}

std::optional<FoundApp> django_app(const Directory& directory) {
  if (!has(directory, "manage.py")) return std::nullopt;
  return FoundApp{"django", {"python3", "manage.py", "runserver"}, "manage.py"};
}

/// The words that start a program of the directory's own Python.
Words python_words(const Directory& directory, Words command) {
  for (const char* bin : {".venv/bin/", "venv/bin/"}) {
    if (!directory.has_program(bin + command.front())) continue;
    command.front() = bin + command.front();
    return command;
  }
  constexpr std::array<std::pair<std::string_view, const char*>, 3> kRunners{
      {{"uv.lock", "uv"}, {"poetry.lock", "poetry"}, {"Pipfile.lock", "pipenv"}}};
  for (const auto& [lock, runner] : kRunners) {
    if (!has(directory, lock)) continue;
    command.insert(command.begin(), {runner, "run"});
    break;
  }
  return command;
}

/// What one Python file says that it serves.
std::optional<Words> python_command(const std::string& file, const std::string& text) {
  const std::string module = file.substr(0, file.size() - 3);
  // At the beginning of a line: what a function makes has no name to serve it by.
  const Pattern asgi(R"((?m)^(\w+)\s*(:[^=\n]*)?=\s*(\w+\.)*(FastAPI|Starlette|Quart|Litestar)\()");
  const Pattern flask(R"((?m)^(\w+)\s*(:[^=\n]*)?=\s*(\w+\.)*Flask\()");
  if (const auto name = asgi.first_group(text)) return Words{"uvicorn", module + ":" + *name};
  if (const auto name = flask.first_group(text)) {
    const bool usual = *name == "app" || *name == "application";
    return Words{"flask", "--app", usual ? module : module + ":" + *name, "run"};
  }
  if (has_line(text, R"(^(import|from) streamlit\b)")) return Words{"streamlit", "run", file};
  return std::nullopt;
}

std::optional<FoundApp> python_app(const Directory& directory) {
  Words files = {"app.py", "main.py", "asgi.py", "wsgi.py", "server.py", "api.py"};
  for (const std::string& name : directory.names)
    if (name.ends_with(".py") && std::find(files.begin(), files.end(), name) == files.end())
      files.push_back(name);
  for (const std::string& file : files) {
    if (!has(directory, file)) continue;
    if (auto command = python_command(file, directory.read(file)))
      return FoundApp{"python", python_words(directory, std::move(*command)), file};
  }
  return std::nullopt;
}

std::optional<FoundApp> ruby_app(const Directory& directory) {
  const bool gems = has(directory, "Gemfile");
  if (gems && has_line(directory.read("Gemfile"), R"(^\s*gem\s+["']rails["'])")) {
    if (directory.has_program("bin/rails"))
      return FoundApp{"ruby", {"bin/rails", "server"}, "Gemfile and bin/rails"};
    return FoundApp{"ruby", {"bundle", "exec", "rails", "server"}, "Gemfile"};
  }
  if (!has(directory, "config.ru")) return std::nullopt;
  return FoundApp{"ruby", gems ? Words{"bundle", "exec", "puma"} : Words{"puma"}, "config.ru"};
}

std::optional<FoundApp> notebook_app(const Directory& directory) {
  const auto found = std::find_if(directory.names.begin(), directory.names.end(),
                                  [](const std::string& name) { return name.ends_with(".ipynb"); });
  if (found == directory.names.end()) return std::nullopt;
  return FoundApp{"notebook", python_words(directory, {"jupyter", "lab"}), *found};
}

std::optional<FoundApp> page_app(const Directory& directory) {
  if (!has(directory, "index.html")) return std::nullopt;
  return FoundApp{"page", {"python3", "-m", "http.server"}, "index.html"};
}

}  // namespace

std::vector<FoundApp> found_apps(const Directory& directory) {
  std::vector<FoundApp> apps;
  for (auto* find : {django_app, ruby_app, python_app, node_app, notebook_app, page_app}) {
    auto app = find(directory);
    if (!app) continue;
    // With a server of its own, a page is a part of that.
    if (find == page_app && !apps.empty()) continue;
    if (const auto server = known(directory, app->command)) {
      app->note = server->name + (server->changes.empty() ? "" : ": " + server->changes);
      app->caution = server->caution;
    }
    apps.push_back(std::move(*app));
  }
  return apps;
}

}  // namespace berth
