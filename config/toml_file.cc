#include "config/toml_file.h"

#include <toml++/toml.h>
#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <set>
#include <sstream>
#include <utility>

#include "config/duration_text.h"
#include "config/limit_keys.h"
#include "config/port_mode.h"
#include "config/ready_text.h"
#include "config/validate.h"

namespace berth {
namespace {

// What all tables of one file share while they are read.
struct Reading {
  const FileSource& source;
  Origins origins;
  std::vector<std::pair<toml::source_position, ConfigError>> faults;

  std::string at(const toml::source_position& p) const {
    return source.name + ":" + std::to_string(p.line) + ":" + std::to_string(p.column);
  }
  void fault(const toml::source_position& p, std::string what, std::string hint = {}) {
    faults.push_back({p, {at(p), std::move(what), std::move(hint)}});
  }
};

// One table while its keys are taken; what nobody took is unknown.
class Table {
 public:
  Table(Reading& reading, const toml::table& table, std::string path)
      : reading_(&reading), table_(&table), path_(std::move(path)) {
    reading_->origins.of[path_] = reading_->at(table.source().begin);
  }

  const toml::node* take(const std::string& key) {
    if (std::find(known_.begin(), known_.end(), key) == known_.end()) known_.push_back(key);
    const toml::node* node = table_->get(key);
    if (node != nullptr) reading_->origins.of[path_ + "." + key] = reading_->at(node->source().begin);
    return node;
  }

  /// A value as text, a number as its digits; anything else is a fault that says `wanted`.
  std::optional<std::string> scalar(const std::string& key, const char* wanted) {
    const toml::node* node = take(key);
    if (node == nullptr) return std::nullopt;
    if (const auto* text = node->as_string()) return text->get();
    if (const auto* number = node->as_integer()) return std::to_string(number->get());
    fault(*node, "'" + key + "' must be " + wanted);
    return std::nullopt;
  }

  void text(const std::string& key, std::string& into, const char* wanted = "a text in quotes") {
    const toml::node* node = take(key);
    if (node == nullptr) return;
    if (const auto* value = node->as_string()) {
      into = value->get();
    } else {
      fault(*node, "'" + key + "' must be " + wanted);
    }
  }

  void duration(const std::string& key, Milliseconds& into) {
    auto value = scalar(key, R"(a duration like "30s")");
    if (!value) return;
    if (auto parsed = parse_duration(*value)) {
      into = *parsed;
    } else {
      fault(*table_->get(key), "'" + *value + R"(' is not a duration: write "250ms", "30s", "5m" or "off")");
    }
  }

  template <class Number>
  void count(const std::string& key, Number& into) {
    const toml::node* node = take(key);
    if (node == nullptr) return;
    const auto* value = node->as_integer();
    if (value != nullptr && value->get() >= 0 && value->get() <= INT32_MAX) {
      into = static_cast<Number>(value->get());
    } else {
      fault(*node, "'" + key + "' must be a whole number from 0");
    }
  }

  template <class Owner>
  void limits(Owner& owner, std::span<const LimitKey<Owner>> keys) {
    for (const LimitKey<Owner>& key : keys) {
      auto value = scalar(std::string(key.name), "a number or a text");
      if (!value) continue;
      if (auto what = set_limit(owner, key, *value)) fault(*table_->get(key.name), *what);
    }
  }

  void truth(const std::string& key, bool& into) {
    const toml::node* node = take(key);
    if (node == nullptr) return;
    if (const auto* value = node->as_boolean())
      into = value->get();
    else
      fault(*node, "'" + key + "' must be true or false");
  }

  void words(const std::string& key, std::vector<std::string>& into) {
    const toml::node* node = take(key);
    if (node == nullptr) return;
    const auto* array = node->as_array();
    if (array == nullptr) return fault(*node, "'" + key + R"(' must be a list: ["program", "argument"])");
    for (const toml::node& each : *array) {
      if (const auto* word = each.as_string()) {
        into.push_back(word->get());
      } else {
        fault(each, "every word of '" + key + "' stands in quotes");
      }
    }
  }

  /// A table within, or nullopt.
  std::optional<Table> table(const std::string& key) {
    const toml::node* node = take(key);
    if (node == nullptr) return std::nullopt;
    if (const auto* inner = node->as_table())
      return Table(*reading_, *inner, path_.empty() ? key : path_ + "." + key);
    fault(*node, "'" + key + "' must be a table");
    return std::nullopt;
  }

  /// The tables within, in the file's order.
  std::vector<std::pair<std::string, Table>> tables() {
    std::vector<std::pair<std::string, Table>> found;
    for (const auto& [key, node] : *table_) {
      std::string name(key.str());
      if (const auto* inner = node.as_table()) {
        found.emplace_back(name, Table(*reading_, *inner, path_ + "." + name));
        known_.push_back(name);
      } else {
        fault(node, "[" + path_ + "] holds tables only: write [" + path_ + ".NAME]");
        known_.push_back(name);
      }
    }
    auto line = [](const auto& pair) { return pair.second.position(); };
    std::stable_sort(found.begin(), found.end(), [&](const auto& a, const auto& b) {
      return std::pair(line(a).line, line(a).column) < std::pair(line(b).line, line(b).column);
    });
    return found;
  }

  /// Reports the keys that nobody took.
  void finish() {
    for (const auto& [key, node] : *table_) {
      std::string name(key.str());
      if (std::find(known_.begin(), known_.end(), name) != known_.end()) continue;
      std::string place = path_.empty() ? "at the top of the file" : "in [" + path_ + "]";
      std::string near = nearest_word(name, known_);
      reading_->fault(key.source().begin, "there is no key '" + name + "' " + place,
                      near.empty() ? known_text() : "did you mean '" + near + "'?");
    }
  }

  const toml::table& raw() const { return *table_; }
  toml::source_position position() const { return table_->source().begin; }
  void fault(const toml::node& node, std::string what) {
    reading_->fault(node.source().begin, std::move(what));
  }

 private:
  std::string known_text() const {
    std::string text = "known are: ";
    for (std::size_t i = 0; i < known_.size(); ++i) text += (i ? ", " : "") + known_[i];
    return text;
  }

  Reading* reading_;
  const toml::table* table_;
  std::string path_;
  std::vector<std::string> known_;
};

void read_env(Reading& reading, Table table, AppConfig& app) {
  for (const auto& [key, node] : table.raw()) {
    const auto* value = node.as_string();
    if (value == nullptr) {
      table.fault(node, "the variable '" + std::string(key.str()) + "' must be a text in quotes");
      continue;
    }
    std::string missing;
    app.env[std::string(key.str())] = expand_variables(value->get(), reading.source.variables, missing);
    if (!missing.empty()) {
      reading.fault(node.source().begin, "$" + missing + " is not set in berth's environment",
                    "write $$ for a dollar");
    }
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
  for (auto [key, kind] :
       {std::pair("tcp", Kind::Tcp), std::pair("listen", Kind::Listen), std::pair("notify", Kind::Notify)}) {
    bool on = true;
    if (chosen(key, kind, &toml::node::is_boolean)) table.truth(key, on);
    if (!on) table.fault(*table.raw().get(key), std::string(key) + " can only be true");
  }
  for (const char* key : {"http", "tcp", "listen", "notify", "log", "exec"}) table.take(key);
  if (checks > 1)
    table.fault(table.raw(), "a ready table has one of http, tcp, listen, notify, log and exec");
  if (auto status = table.scalar("status", R"(a number or a text like "200-299")")) {
    if (auto what = set_ready_status(ready, *status)) table.fault(*table.raw().get("status"), *what);
  }
  table.text("host", ready.host);
  table.count("successes", ready.successes);
  table.words("warm", ready.warm);
  table.duration("timeout", ready.timeout);
  table.finish();
}

void read_stop(Table table, StopConfig& stop) {
  if (auto signal = table.scalar("signal", R"(a name like "TERM")")) {
    stop.signal = parse_signal(*signal);
    if (stop.signal == 0)
      table.fault(*table.raw().get("signal"), "'" + *signal + "' is not a signal: write TERM, INT, QUIT, …");
  }
  table.duration("grace", stop.grace);
  table.finish();
}

void read_listen(Table& table, AppConfig& app) {
  const toml::node* node = table.raw().get("listen");
  if (node == nullptr || !node->is_array()) return table.text("listen", app.listen);
  std::vector<std::string> words;
  table.words("listen", words);
  if (words.empty()) table.fault(*node, "'listen' must name an address");
  app.listen.clear();
  for (const std::string& word : words) app.listen += (app.listen.empty() ? "" : ",") + word;
}

/// How the command comes to its port, and as whom it runs.
void read_start(Table& table, AppConfig& app) {
  const auto read = [&](const char* key, const char* kind, auto set) {
    auto text = table.scalar(key, kind);
    if (!text) return;
    if (auto what = set(*text)) table.fault(*table.raw().get(key), *what);
  };
  read("port", R"("lease", "fd", "discover", "unix" or a number)",
       [&](const std::string& text) { return set_port(app.port, text); });
  read("external", R"(an address like "127.0.0.1:9000", or "attach")",
       [&](const std::string& text) { return set_external(app, text); });
  read("swap", R"("overlap" or "stop-start")",
       [&](const std::string& text) { return set_swap_order(app.swap, text); });
  table.truth("plain", app.plain);
  table.text("user", app.user);
  table.truth("tty", app.tty);
}

AppConfig read_app(Reading& reading, const std::string& name, Table table) {
  AppConfig app;
  app.name = name;
  app.dir = reading.source.dir;
  read_listen(table, app);
  table.words("command", app.command);
  read_start(table, app);
  std::string dir;
  table.text("dir", dir);
  if (!dir.empty()) app.dir = (std::filesystem::path(reading.source.dir) / dir).lexically_normal().string();
  if (auto env = table.table("env")) read_env(reading, *env, app);
  if (auto ready = table.table("ready")) read_ready(*ready, app.ready);
  table.duration("drain", app.drain);
  if (auto stop = table.table("stop")) read_stop(*stop, app.stop);
  table.count("max_retiring", app.max_retiring);
  if (auto limits = table.table("limits")) {
    limits->limits(app.limits, app_limit_keys());
    limits->finish();
  }
  table.finish();
  return app;
}

void read_all(Reading& reading, const toml::table& root, Config& config) {
  Table top(reading, root, "");
  if (auto front = top.table("front")) {
    front->count("workers", config.front.workers);
    front->finish();
  }
  if (auto listeners = top.table("listener")) {
    for (auto& [text, table] : listeners->tables()) {
      ListenerConfig& listener = config.listeners.emplace_back();
      listener.text = text;
      table.limits(listener, listener_limit_keys());
      table.finish();
    }
  }
  if (auto apps = top.table("app")) {
    for (auto& [name, table] : apps->tables()) config.apps.push_back(read_app(reading, name, table));
  }
  top.finish();
}

}  // namespace

FileResult parse_toml(std::string_view text, const FileSource& source) {
  FileResult result;
  Reading reading{source, {}, {}};
  toml::table root;
  try {
    root = toml::parse(text, source.name);
  } catch (const toml::parse_error& error) {
    result.errors.push_back({reading.at(error.source().begin), std::string(error.description()), {}});
    return result;
  }
  read_all(reading, root, result.config);
  std::stable_sort(reading.faults.begin(), reading.faults.end(), [](const auto& a, const auto& b) {
    return std::pair(a.first.line, a.first.column) < std::pair(b.first.line, b.first.column);
  });
  for (auto& [position, error] : reading.faults) result.errors.push_back(std::move(error));
  auto crossed = complete(result.config, reading.origins);
  for (ConfigError& error : crossed) {
    if (error.where.empty()) error.where = source.name;
    result.errors.push_back(std::move(error));
  }
  return result;
}

FileResult load_file(const std::string& path, const std::string& name) {
  std::ifstream file(path, std::ios::binary);
  std::stringstream text;
  // A directory opens but does not read; an empty file reads as nothing, which << takes for a failure.
  const bool empty = file && file.peek() == std::ifstream::traits_type::eof() && !file.bad();
  if (!empty && (!file || !(text << file.rdbuf()))) {
    FileResult result;
    result.errors.push_back({name, "this file cannot be read", "berth run -c FILE says which file to read"});
    return result;
  }
  auto variable = [](const std::string& key) -> std::optional<std::string> {
    const char* value = std::getenv(key.c_str());
    return value == nullptr ? std::nullopt : std::optional<std::string>(value);
  };
  return parse_toml(text.str(), {name, std::filesystem::path(path).parent_path().string(), variable});
}

}  // namespace berth
