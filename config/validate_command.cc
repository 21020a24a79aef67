#include <algorithm>

#include "config/placeholders.h"
#include "config/port_mode.h"
#include "config/validate_parts.h"

namespace berth {
namespace {

void check_reserved(const std::string& key, const std::vector<std::string>& words, FaultList& faults) {
  for (const std::string& word : words)
    if (const auto wrong = reserved_fault(word)) faults.add(key, *wrong);
}

void check_env(const std::string& key, const AppConfig& app, FaultList& faults) {
  for (const auto& [name, value] : app.env) {
    if (name.empty() || name.find('=') != std::string::npos || name.find('\0') != std::string::npos ||
        value.find('\0') != std::string::npos) {
      faults.add(key + ".env." + name, "'" + name + "' cannot be a variable of the environment",
                 "write a name without =");
    }
    check_reserved(key + ".env." + name, {value}, faults);
  }
}

}  // namespace

void check_words(const std::string& key, const AppConfig& app, FaultList& faults) {
  check_env(key, app, faults);
  check_reserved(key + ".command", app.command, faults);
  check_reserved(key + ".ready.exec", app.ready.exec, faults);
  check_reserved(key + ".hooks.ready", app.hooks.ready, faults);
  check_reserved(key + ".hooks.switched", app.hooks.switched, faults);
  check_reserved(key + ".hooks.released", app.hooks.released, faults);
  check_reserved(key + ".hooks.failed", app.hooks.failed, faults);
}

void check_placeholders(const std::string& key, const AppConfig& app, FaultList& faults) {
  const auto named = [&](std::string_view name) {
    const auto names_it = [&](const std::string& text) { return names_placeholder(text, name); };
    return std::any_of(app.command.begin(), app.command.end(), names_it) ||
           std::any_of(app.env.begin(), app.env.end(),
                       [&](const auto& each) { return names_it(each.second); });
  };
  const bool fd = named("fd");
  const bool socket = named("socket");
  const bool port = named("port");
  const PortMode mode = app.port.mode.value_or(chosen_port_mode(app.port, app.command, app.env));
  const std::string mode_is = "with port = \"" + std::string(port_mode_text(mode)) + "\"";
  const auto fault = [&](const char* of, const std::string& what, const char* hint) {
    faults.add(key + of, what, hint);
  };
  if (fd && mode != PortMode::Fd)
    fault(".command", "there is no {fd} " + mode_is, "leave out port: {fd} chooses it");
  if (socket && mode != PortMode::Unix)
    fault(".command", "there is no {socket} " + mode_is, "a command has one way to its port");
  if (port && mode == PortMode::Unix)
    fault(".command", "there is no {port} " + mode_is, "a command has one way to its port");
  if (mode == PortMode::Unix && !socket)
    fault(".command", "nothing tells the command its socket", "write {socket} where the path belongs");
  if (mode == PortMode::Fd && app.ready.kind == ReadyConfig::Kind::Listen)
    fault(".ready", "listen says nothing " + mode_is + ": berth itself listens", "use http or tcp");
}

}  // namespace berth
