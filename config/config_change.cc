#include "config/config_change.h"

#include <algorithm>
#include <array>
#include <span>
#include <string_view>

#include "config/limit_keys.h"

namespace berth {
namespace {

/// One key of an app, and whether two apps agree in it.
struct AppKey {
  std::string_view name;
  bool (*same)(const AppConfig&, const AppConfig&);
};

template <auto Field>
constexpr bool same(const AppConfig& a, const AppConfig& b) {
  return a.*Field == b.*Field;
}

using App = AppConfig;

/// What the command is started with: to change it is a swap.
constexpr std::array<AppKey, 9> kStartKeys{{{"command", same<&App::command>},
                                            {"dir", same<&App::dir>},
                                            {"env", same<&App::env>},
                                            {"port", same<&App::port>},
                                            {"external", same<&App::external>},
                                            {"external", same<&App::attached_later>},
                                            {"plain", same<&App::plain>},
                                            {"user", same<&App::user>},
                                            {"tty", same<&App::tty>}}};

template <auto Field>
constexpr bool same_long(const AppConfig& a, const AppConfig& b) {
  return a.long_.*Field == b.long_.*Field;
}

constexpr std::array<AppKey, 18> kOtherKeys{{{"listen", same<&App::listen>},
                                             {"host", same<&App::hosts>},
                                             {"path", same<&App::path>},
                                             {"strip", same<&App::strip>},
                                             {"after", same<&App::after>},
                                             {"swap", same<&App::swap>},
                                             {"ready", same<&App::ready>},
                                             {"drain", same<&App::drain>},
                                             {"long", same_long<&LongConfig::mode>},
                                             {"long_grace", same_long<&LongConfig::grace>},
                                             {"pin", same_long<&LongConfig::pin>},
                                             {"long_paths", same_long<&LongConfig::paths>},
                                             {"stop", same<&App::stop>},
                                             {"max_retiring", same<&App::max_retiring>},
                                             {"keep_old", same<&App::keep_old>},
                                             {"health", same<&App::health>},
                                             {"hooks", same<&App::hooks>},
                                             {"fields", same<&App::fields>}}};

struct LogKey {
  std::string_view name;
  bool (*same)(const LogConfig&, const LogConfig&);
};

template <auto Field>
constexpr bool same_log(const LogConfig& a, const LogConfig& b) {
  return a.*Field == b.*Field;
}

constexpr std::array<LogKey, 4> kLogKeys{{{"format", same_log<&LogConfig::format>},
                                          {"level", same_log<&LogConfig::level>},
                                          {"access", same_log<&LogConfig::access>},
                                          {"access_format", same_log<&LogConfig::access_format>}}};

template <class Owner>
void note_limits(const Owner& before, const Owner& after, std::span<const LimitKey<Owner>> keys,
                 const std::string& prefix, std::vector<std::string>& into) {
  for (const LimitKey<Owner>& key : keys)
    if (limit_text(before, key) != limit_text(after, key)) into.push_back(prefix + std::string(key.name));
}

const AppConfig* find(const Config& config, const std::string& name) {
  const auto at = std::find_if(config.apps.begin(), config.apps.end(),
                               [&](const AppConfig& app) { return app.name == name; });
  return at == config.apps.end() ? nullptr : &*at;
}

const ListenerConfig* find_listener(const Config& config, const std::string& text) {
  const auto at = std::find_if(config.listeners.begin(), config.listeners.end(),
                               [&](const ListenerConfig& listener) { return listener.text == text; });
  return at == config.listeners.end() ? nullptr : &*at;
}

AppChange compare_app(const AppConfig& before, const AppConfig& after) {
  AppChange change{AppChange::Kind::Adjusted, after.name, {}};
  for (const AppKey& key : kStartKeys) {
    if (key.same(before, after)) continue;
    change.kind = AppChange::Kind::Restarted;
    change.keys.emplace_back(key.name);
  }
  for (const AppKey& key : kOtherKeys)
    if (!key.same(before, after)) change.keys.emplace_back(key.name);
  note_limits(before.limits, after.limits, app_limit_keys(), "limits.", change.keys);
  return change;
}

}  // namespace

ConfigChange compare(const Config& before, const Config& after) {
  ConfigChange change;
  for (const AppConfig& app : before.apps)
    if (find(after, app.name) == nullptr) change.apps.push_back({AppChange::Kind::Removed, app.name, {}});
  for (const AppConfig& app : after.apps) {
    const AppConfig* old = find(before, app.name);
    if (old == nullptr) {
      change.apps.push_back({AppChange::Kind::Added, app.name, {}});
      continue;
    }
    AppChange one = compare_app(*old, app);
    if (!one.keys.empty()) change.apps.push_back(std::move(one));
    if (old->mode != app.mode || old->listen.empty() != app.listen.empty())
      change.restart.push_back("app." + app.name + (old->mode != app.mode ? ".mode" : ".listen"));
  }
  for (const ListenerConfig& listener : after.listeners) {
    const ListenerConfig* old = find_listener(before, listener.text);
    if (old == nullptr) continue;
    const std::string prefix = "listener.\"" + listener.text + "\".";
    note_limits(*old, listener, listener_limit_keys(), prefix, change.listeners);
    if (old->trusted != listener.trusted) change.listeners.push_back(prefix + "trusted");
  }
  if (before.front.workers != after.front.workers) change.restart.emplace_back("front.workers");
  if (before.front.metrics != after.front.metrics) change.front.emplace_back("front.metrics");
  for (const LogKey& key : kLogKeys)
    if (!key.same(before.front.log, after.front.log))
      change.front.push_back("front.log." + std::string(key.name));
  return change;
}

Config applicable(const Config& before, Config after) {
  after.front.workers = before.front.workers;
  for (AppConfig& app : after.apps) {
    const AppConfig* old = find(before, app.name);
    if (old == nullptr) continue;
    if (old->mode != app.mode || old->listen.empty() != app.listen.empty()) app = *old;
  }
  // Of an app that stays as it was, the listeners stay too.
  const auto is_wanted = [&](const ListenerConfig& listener) {
    return std::any_of(after.apps.begin(), after.apps.end(),
                       [&](const AppConfig& app) { return app.listen == listener.listen; });
  };
  const auto is_there = [&](const ListenerConfig& listener) {
    return std::any_of(after.listeners.begin(), after.listeners.end(), [&](const ListenerConfig& each) {
      return each.text == listener.text && each.listen == listener.listen;
    });
  };
  for (const ListenerConfig& listener : before.listeners)
    if (is_wanted(listener) && !is_there(listener)) after.listeners.push_back(listener);
  std::erase_if(after.listeners, [&](const ListenerConfig& listener) { return !is_wanted(listener); });
  return after;
}

}  // namespace berth
