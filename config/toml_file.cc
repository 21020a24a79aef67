#include "config/toml_file.h"

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <utility>

#include "config/key_table.h"
#include "config/mode_text.h"
#include "config/port_mode.h"
#include "config/program_hint.h"
#include "config/read_file.h"
#include "config/ready_text.h"
#include "config/toml_bounds.h"
#include "config/toml_table.h"
#include "config/validate.h"
#include "config/working_dir.h"

namespace berth {
namespace {

void read_env(const Variables& variables, Table table, AppConfig& app) {
  constexpr std::size_t kLongestEnvironment = 16 * kLongestVariable;
  std::size_t total = 0;
  for (const auto& [key, node] : table.raw()) {
    const std::string name(key.str());
    table.take(name);
    const auto* value = node.as_string();
    if (value == nullptr) {
      table.fault(name, "the variable '" + name + "' is not a text", "write it in quotes");
      continue;
    }
    std::string missing;
    app.env[name] = expand_variables(value->get(), variables, missing);
    if (app.env[name].size() > kLongestVariable || (total += app.env[name].size()) > kLongestEnvironment) {
      table.fault(name, "the variables of an app are longer than the kernel takes", "write shorter ones");
      return;
    }
    if (!missing.empty())
      table.fault(name, "$" + missing + " is not set in berth's environment", "write $$ for a dollar");
  }
}

void read_ready(Table table, ReadyConfig& ready) {
  using Kind = ReadyConfig::Kind;
  int checks = 0;
  const auto chosen = [&](const char* key, Kind kind, bool (toml::node::*fits)() const noexcept) {
    const toml::node* node = table.raw().get(key);
    if (node == nullptr) return false;
    ++checks;
    if ((node->*fits)()) ready.kind = kind;
    return true;
  };
  if (chosen("http", Kind::Http, &toml::node::is_string))
    table.text("http", ready.path, R"(a path: http = "/health")");
  if (chosen("log", Kind::Log, &toml::node::is_string))
    table.text("log", ready.log, R"(a pattern: log = "listening on")");
  if (chosen("exec", Kind::Exec, &toml::node::is_array)) table.words("exec", ready.exec);
  for (auto [key, kind] : {std::pair("tcp", Kind::Tcp), std::pair("listen", Kind::Listen),
                           std::pair("notify", Kind::Notify), std::pair("started", Kind::Started)}) {
    bool on = true;
    if (chosen(key, kind, &toml::node::is_boolean)) table.truth(key, on);
    if (!on) table.fault(key, std::string(key) + " can only be true", "write one of the others instead");
  }
  for (const char* key : {"http", "tcp", "listen", "notify", "log", "exec", "started"}) table.take(key);
  if (checks > 1)
    table.fault("", "a ready table has one check",
                "write one of http, tcp, listen, notify, log, exec and started");
  table.chosen("status", R"(a number or a text like "200-299")",
               [&](const std::string& text) { return set_ready_status(ready, text); });
  table.text("host", ready.host);
  table.count("successes", ready.successes);
  table.words("warm", ready.warm, R"(["/", "/slow"])");
  table.duration("timeout", ready.timeout);
  table.finish();
}

void read_stop(Table table, StopConfig& stop) {
  table.chosen("signal", R"(a name like "TERM")", [&](const std::string& text) -> std::optional<std::string> {
    stop.signal = parse_signal(text);
    if (stop.signal != 0) return std::nullopt;
    return "'" + text + "' is not a signal; write TERM, INT, QUIT, …";
  });
  table.chosen("to", R"("main" or "group")",
               [&](const std::string& text) { return set_stop_to(stop.to, text); });
  table.duration("grace", stop.grace);
  table.finish();
}

/// Where users come to this app.
void read_place(Table& table, AppConfig& app) {
  std::vector<std::string> words;
  table.word_or_words("listen", words, R"(["127.0.0.1:8000", "[::1]:8000"])");
  const toml::node* node = table.raw().get("listen");
  if (node != nullptr && node->is_array() && words.empty())
    table.fault("listen", "'listen' must name an address", R"(write listen = "127.0.0.1:8000")");
  app.listen.clear();
  for (const std::string& word : words) app.listen += (app.listen.empty() ? "" : ",") + word;
  table.word_or_words("host", app.hosts, R"(["example.org", "*.example.org"])");
  table.text("path", app.path, R"(a path: path = "/api")");
  table.truth("strip", app.strip);
  table.chosen("mode", R"("http" or "tcp")",
               [&](const std::string& text) { return set_mode(app.mode, text); });
}

/// How the command comes to its port, and as whom it runs.
void read_start(Table& table, AppConfig& app) {
  table.chosen("port", R"("lease", "fd", "discover", "unix" or a number)",
               [&](const std::string& text) { return set_port(app.port, text); });
  table.chosen("external", R"(an address like "127.0.0.1:9000", or "attach")",
               [&](const std::string& text) { return set_external(app, text); });
  table.chosen("swap", R"("overlap" or "stop-start")",
               [&](const std::string& text) { return set_swap_order(app.swap, text); });
  table.truth("plain", app.plain);
  table.text("user", app.user);
  table.truth("tty", app.tty);
  table.words("after", app.after, R"(["db"])");
}

void read_long(Table& table, LongConfig& into) {
  table.chosen("long", R"("cut", "drain" or "pin")",
               [&](const std::string& text) { return set_long_mode(into.mode, text); });
  table.duration("long_grace", into.grace);
  table.duration("pin", into.pin);
  if (auto paths = table.table("long_paths")) {
    for (const auto& [key, node] : paths->raw()) {
      const std::string path(key.str());
      paths->chosen(path, R"("cut", "drain" or "pin")",
                    [&](const std::string& text) { return set_long_mode(into.paths[path], text); });
    }
  }
}

void read_health(Table table, HealthConfig& health) {
  table.duration("every", health.every);
  table.duration("timeout", health.timeout);
  table.count("fall", health.fall);
  table.count("rise", health.rise);
  table.finish();
}

void read_hooks(Table table, HooksConfig& hooks) {
  table.words("ready", hooks.ready);
  table.words("switched", hooks.switched);
  table.words("released", hooks.released);
  table.words("failed", hooks.failed);
  table.duration("timeout", hooks.timeout);
  table.words("required", hooks.required, R"(["ready"])");
  table.finish();
}

void read_fields(Table table, ResponseFields& fields) {
  table.truth("request_id", fields.request_id);
  table.truth("server_timing", fields.server_timing);
  table.truth("generation", fields.generation);
  table.finish();
}

AppConfig read_app(const FileSource& source, const std::string& name, Table table) {
  AppConfig app;
  app.name = name;
  app.dir = source.dir;
  read_place(table, app);
  const toml::node* command = table.raw().get("command");
  if (command != nullptr && command->is_string()) {
    table.take("command");
    table.fault("command", "'command' is a list of words",
                "write " + words_of_text(command->as_string()->get()));
  } else {
    table.words("command", app.command);
  }
  read_start(table, app);
  std::string dir;
  table.text("dir", dir);
  if (!dir.empty()) app.dir = joined_path(source.dir, dir);
  if (app.dir.size() > 1 && app.dir.ends_with('/')) app.dir.pop_back();
  if (auto env = table.table("env")) read_env(source.variables, *env, app);
  if (app.listen.empty())
    app.ready.kind = ReadyConfig::Kind::Started;
  else if (app.mode == AppMode::Tcp)
    app.ready.kind = ReadyConfig::Kind::Tcp;
  if (auto ready = table.table("ready")) read_ready(*ready, app.ready);
  read_long(table, app.long_);
  table.duration("drain", app.drain);
  if (auto stop = table.table("stop")) read_stop(*stop, app.stop);
  table.count("max_retiring", app.max_retiring);
  table.duration("keep_old", app.keep_old);
  if (auto health = table.table("health")) read_health(*health, app.health);
  if (auto hooks = table.table("hooks")) read_hooks(*hooks, app.hooks);
  if (auto fields = table.table("fields")) read_fields(*fields, app.fields);
  if (auto limits = table.table("limits")) {
    limits->limits(app.limits, app_limit_keys());
    limits->finish();
  }
  table.finish();
  return app;
}

void read_log(const FileSource& source, Table table, LogConfig& log) {
  table.chosen("format", R"("human" or "json")",
               [&](const std::string& text) { return set_log_format(log.format, text); });
  table.chosen("level", R"("debug", "info", "warn" or "error")",
               [&](const std::string& text) { return set_log_level(log.level, text); });
  table.text("access", log.access, R"(a file's name, or "-")");
  if (!log.access.empty() && log.access != "-") log.access = joined_path(source.dir, log.access);
  table.chosen("access_format", R"("combined" or "json")",
               [&](const std::string& text) { return set_access_format(log.access_format, text); });
  table.finish();
}

void read_all(const FileSource& source, Reading& reading, const toml::table& root, Config& config) {
  Table top(reading, root, "");
  if (auto front = top.table("front")) {
    front->count("workers", config.front.workers);
    front->text("metrics", config.front.metrics, R"(an address like "127.0.0.1:9145")");
    if (auto log = front->table("log")) read_log(source, *log, config.front.log);
    front->finish();
  }
  if (auto listeners = top.table("listener")) {
    for (auto& [text, table] : listeners->tables()) {
      ListenerConfig& listener = config.listeners.emplace_back();
      listener.text = text;
      table.limits(listener, listener_limit_keys());
      table.word_or_words("trusted", listener.trusted, R"(["127.0.0.1/32", "unix"])");
      table.finish();
    }
  }
  if (auto apps = top.table("app")) {
    for (auto& [name, table] : apps->tables()) config.apps.push_back(read_app(source, name, table));
  }
  top.finish();
}

}  // namespace

FileResult parse_toml(std::string_view text, const FileSource& source) {
  FileResult result;
  Reading reading{.name = source.name, .home_of = tables_with};
  ConfigError wrong;
  const auto root = parse_toml_text(text, reading, wrong);
  if (!root) {
    result.errors.push_back(std::move(wrong));
    return result;
  }
  read_all(source, reading, *root, result.config);
  result.errors = std::move(reading.faults);
  auto crossed = complete(result.config, reading.origins);
  for (ConfigError& error : crossed) {
    if (error.where.empty()) error.where = source.name;
    result.errors.push_back(std::move(error));
  }
  sort_by_place(result.errors);
  bound(result.errors);
  result.origins = std::move(reading.origins);
  return result;
}

FileResult load_file(const std::string& path, const std::string& name, Milliseconds patience) {
  const FileText file = read_file(path, kLargestFile, patience);
  if (!file.fault.empty()) {
    FileResult result;
    result.errors.push_back(
        {name, "this file cannot be read: " + file.fault, "berth run -c FILE says which file to read"});
    return result;
  }
  auto variable = [](const std::string& key) -> std::optional<std::string> {
    const char* value = std::getenv(key.c_str());
    return value == nullptr ? std::nullopt : std::optional<std::string>(value);
  };
  return parse_toml(file.text, {name, std::filesystem::path(path).parent_path().string(), variable});
}

}  // namespace berth
