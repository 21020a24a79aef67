#include "config/run_config.h"

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <functional>
#include <map>
#include <system_error>
#include <utility>

#include "config/duration_text.h"
#include "config/limit_keys.h"
#include "config/listen_text.h"
#include "config/machine_check.h"
#include "config/mode_text.h"
#include "config/port_mode.h"
#include "config/ready_text.h"
#include "config/validate.h"
#include "config/working_dir.h"

namespace berth {
namespace {

namespace fs = std::filesystem;

// Fills one app from the options and notes which option each value came from.
class OptionReader {
 public:
  OptionReader(const RunVerb& verb, std::string working_dir)
      : verb_(verb), working_dir_(std::move(working_dir)) {}

  RunConfig read() {
    AppConfig& app = result_.config.apps.emplace_back();
    app.command = verb_.command;
    app.env = verb_.env;
    if (verb_.name) app.name = *verb_.name;
    key_ = "app." + app.name;
    origins_.of[key_] = verb_.name ? "--name" : "";
    origins_.of[key_ + ".command"] = "after --";
    origins_.of[key_ + ".env"] = "--env";
    read_listen(app);
    app.dir = verb_.dir ? joined_path(working_dir_, *verb_.dir) : working_dir_;
    read_start(app);
    read_ready(app.ready);
    duration("--drain", "drain", verb_.drain, app.drain);
    read_stop(app.stop);
    count("--max-retiring", key_ + ".max_retiring", verb_.max_retiring, app.max_retiring);
    count("--workers", "front.workers", verb_.workers, result_.config.front.workers);
    for (const std::string& limit : verb_.limits) read_limit(app, limit);
    listener_.trusted = verb_.trusted;
    add_listeners(app.listen);
    for (ConfigError& error : complete(result_.config, origins_)) add_once(std::move(error));
    result_.origins = std::move(origins_);
    return std::move(result_);
  }

 private:
  void fault(std::string where, std::string what) {
    result_.errors.push_back({std::move(where), std::move(what), {}});
  }

  void read_listen(AppConfig& app) {
    if (!verb_.listen.empty()) app.listen = verb_.listen.front();
    for (std::size_t i = 1; i < verb_.listen.size(); ++i) app.listen += "," + verb_.listen[i];
    origins_.of[key_ + ".listen"] = "--listen";
  }

  /// The options are for every address.
  void add_listeners(const std::string& listen) {
    if (listen.empty()) {
      origins_.unread.insert(key_ + ".listen");
      return fault("--listen", std::get<std::string>(parse_listen(listen)));
    }
    for (const std::string& item : listen_items(listen)) {
      listener_.text = item;
      result_.config.listeners.push_back(listener_);
      origins_.of["listener." + item] = "--listen";
      origins_.of["listener." + item + ".trusted"] = "--trusted";
      for (const auto& [name, option] : listener_origins_)
        origins_.of["listener." + item + "." + name] = option;
    }
  }

  /// What is wrong with an option is wrong for each address, and told once.
  void add_once(ConfigError error) {
    const bool told = std::any_of(result_.errors.begin(), result_.errors.end(),
                                  [&](const ConfigError& each) { return each.text() == error.text(); });
    if (!told) result_.errors.push_back(std::move(error));
  }

  void read_start(AppConfig& app) {
    const auto read = [&](const char* key, const std::optional<std::string>& text, auto set) {
      origins_.of[key_ + "." + key] = std::string("--") + key;
      if (!text) return;
      auto what = set(*text);
      if (!what) return;
      fault(std::string("--") + key, *what);
      origins_.unread.insert(key_ + "." + key);
    };
    read("port", verb_.port, [&](const std::string& text) { return set_port(app.port, text); });
    read("external", verb_.external, [&](const std::string& text) { return set_external(app, text); });
    read("mode", verb_.mode, [&](const std::string& text) { return set_mode(app.mode, text); });
    if (app.mode == AppMode::Tcp) app.ready.kind = ReadyConfig::Kind::Tcp;
    read("swap", verb_.swap, [&](const std::string& text) { return set_swap_order(app.swap, text); });
    app.user = verb_.user.value_or("");
    app.plain = verb_.plain;
    app.tty = verb_.tty;
    origins_.of[key_ + ".user"] = "--user";
    origins_.of[key_ + ".dir"] = "--dir";
  }

  void read_ready(ReadyConfig& ready) {
    origins_.of[key_ + ".ready"] = "--ready";
    origins_.of[key_ + ".ready.status"] = "--ready-status";
    origins_.of[key_ + ".ready.host"] = "--ready-host";
    origins_.of[key_ + ".ready.warm"] = "--ready-warm";
    if (verb_.ready) {
      if (auto what = set_ready_check(ready, *verb_.ready)) fault("--ready", *what);
    }
    if (verb_.ready_status) {
      if (auto what = set_ready_status(ready, *verb_.ready_status)) fault("--ready-status", *what);
    }
    if (verb_.ready_host) ready.host = *verb_.ready_host;
    count("--ready-successes", key_ + ".ready.successes", verb_.ready_successes, ready.successes);
    ready.warm = verb_.ready_warm;
    duration("--ready-timeout", "ready.timeout", verb_.ready_timeout, ready.timeout);
  }

  void read_stop(StopConfig& stop) {
    if (verb_.stop_signal) {
      stop.signal = parse_signal(*verb_.stop_signal);
      if (stop.signal == 0)
        fault("--stop-signal", "'" + *verb_.stop_signal + "' is not a signal; write TERM, INT, QUIT, …");
    }
    if (verb_.stop_to) {
      if (auto what = set_stop_to(stop.to, *verb_.stop_to)) fault("--stop-to", *what);
    }
    duration("--stop-grace", "stop.grace", verb_.stop_grace, stop.grace);
  }

  void duration(const std::string& option, const std::string& key, const std::optional<std::string>& text,
                Milliseconds& into) {
    origins_.of[key_ + "." + key] = option;
    if (!text) return;
    if (auto value = parse_duration(*text)) {
      into = *value;
    } else {
      fault(option, "'" + *text + R"(' is not a duration; write "250ms", "30s", "5m" or "off")");
    }
  }

  template <class Number>
  void count(const std::string& option, const std::string& key, const std::optional<std::string>& text,
             Number& into) {
    origins_.of[key] = option;
    if (!text) return;
    auto [stop, error] = std::from_chars(text->data(), text->data() + text->size(), into);
    if (error != std::errc{} || stop != text->data() + text->size()) {
      fault(option, "'" + *text + "' is not a whole number from 0");
    }
  }

  void read_limit(AppConfig& app, const std::string& word) {
    auto equals = word.find('=');
    std::string name = word.substr(0, equals);
    if (equals == std::string::npos) return fault("--limit", "'" + word + "' is not KEY=VALUE");
    std::string value = word.substr(equals + 1);
    std::vector<std::string> known;
    if (set_from(app_limit_keys(), app.limits, name, value, known)) {
      origins_.of[key_ + ".limits." + name] = "--limit " + name;
      return;
    }
    if (set_from(listener_limit_keys(), listener_, name, value, known)) {
      listener_origins_[name] = "--limit " + name;
      return;
    }
    std::string near = nearest_word(name, known);
    fault("--limit",
          "there is no limit '" + name + "'" + (near.empty() ? "" : ": did you mean '" + near + "'?"));
  }

  template <class Owner>
  bool set_from(std::span<const LimitKey<Owner>> keys, Owner& owner, const std::string& name,
                const std::string& value, std::vector<std::string>& known) {
    for (const LimitKey<Owner>& key : keys) {
      known.emplace_back(key.name);
      if (key.name != name) continue;
      if (auto what = set_limit(owner, key, value)) fault("--limit " + name, *what);
      return true;
    }
    return false;
  }

  const RunVerb& verb_;
  std::string working_dir_;
  std::string key_;
  ListenerConfig listener_;  ///< what the options say of every address
  std::map<std::string, std::string> listener_origins_;
  RunConfig result_;
  Origins origins_;
};

bool has_app_options(const RunVerb& verb) {
  return !verb.listen.empty() || verb.name || verb.dir || !verb.env.empty() || verb.ready ||
         verb.ready_status || verb.ready_host || verb.ready_successes || !verb.ready_warm.empty() ||
         verb.ready_timeout || verb.drain || verb.stop_signal || verb.stop_to || verb.stop_grace ||
         verb.max_retiring || verb.port || verb.swap || verb.mode || verb.user || verb.plain || verb.tty ||
         !verb.limits.empty() || !verb.trusted.empty();
}

RunConfig from_file(const RunVerb& verb, const std::string& working_dir, Milliseconds patience) {
  const std::string path = joined_path(working_dir, verb.file.value_or("berth.toml"));
  FileResult file = load_file(path, verb.file.value_or("berth.toml"), patience);
  RunConfig result{.config = std::move(file.config),
                   .file = path,
                   .errors = std::move(file.errors),
                   .origins = std::move(file.origins)};
  if (has_app_options(verb)) {
    result.errors.push_back(
        {"", "the options of an app go with a command after `--`; here the file speaks for its apps",
         "leave them out, or leave the file out: -c, --control, --log-format, --log-level, --wait and "
         "--workers go with a file"});
  }
  if (verb.workers) {
    unsigned workers = 0;
    auto [stop, error] =
        std::from_chars(verb.workers->data(), verb.workers->data() + verb.workers->size(), workers);
    bool fine = error == std::errc{} && *stop == '\0' && workers <= 256;
    if (!fine)
      result.errors.push_back({"--workers", "'" + *verb.workers + "' is not a number from 0 to 256", {}});
    result.config.front.workers = workers;
  }
  return result;
}

/// They go with a file, too: what somebody wants to see now.
void read_log(const RunVerb& verb, RunConfig& result) {
  LogConfig& log = result.config.front.log;
  if (verb.log_format) {
    if (auto what = set_log_format(log.format, *verb.log_format))
      result.errors.push_back({"--log-format", *what, {}});
  }
  if (verb.log_level) {
    if (auto what = set_log_level(log.level, *verb.log_level))
      result.errors.push_back({"--log-level", *what, {}});
  }
}

}  // namespace

RunConfig make_run_config(const RunVerb& verb, const std::string& working_dir, Milliseconds patience) {
  RunConfig result;
  std::error_code error;
  const bool without_file = !verb.command.empty() || verb.external;
  if (without_file && verb.file) {
    result.errors.push_back(
        {"", "a file and a command were both given", "leave out -c, or the command after `--`"});
    return result;
  }
  if (without_file) {
    result = OptionReader(verb, working_dir).read();
  } else if (verb.file || fs::exists(fs::path(working_dir) / "berth.toml", error)) {
    result = from_file(verb, working_dir, patience);
  } else {
    result.nothing_to_run = true;
    return result;
  }
  result.control = verb.control.value_or("");
  read_log(verb, result);
  if (verb.wait) {
    const auto wait = parse_duration(*verb.wait);
    if (!wait) {
      result.errors.push_back(
          {"--wait", "'" + *verb.wait + R"(' is not a duration; write "250ms", "30s", "5m" or "off")", {}});
    }
    result.wait = wait.value_or(Milliseconds(0));
  }
  if (result.errors.empty()) result.errors = machine_faults(result.config, result.origins);
  return result;
}

std::string errors_text(const std::vector<ConfigError>& errors) {
  std::string text;
  for (const ConfigError& error : errors) text += "berth: " + error.text() + "\n";
  return text;
}

}  // namespace berth
