#include "proxy/control/status_text.h"

#include <algorithm>
#include <chrono>

#include "config/duration_text.h"
#include "config/limit_keys.h"
#include "config/trusted.h"
#include "proxy/control/status_table.h"
#include "proxy/control/terminal.h"

namespace berth::control {
namespace {

// Items after a label, wrapped below each other.
std::string wrapped(const std::string& label, const std::vector<std::string>& items, unsigned columns) {
  constexpr std::size_t kLabel = 14;
  std::string text = padded("  " + label, kLabel);
  std::size_t column = kLabel;
  for (const std::string& item : items) {
    if (column > kLabel && column + width_of(item) > columns) {
      text.resize(text.find_last_not_of(' ') + 1);
      text += "\n" + std::string(kLabel, ' ');
      column = kLabel;
    }
    text += item + "  ";
    column += width_of(item) + 2;
  }
  while (text.back() == ' ') text.pop_back();
  return text + "\n";
}

std::vector<std::string> listener_items(const ListenerConfig& listener) {
  std::vector<std::string> items;
  for (const auto& key : listener_limit_keys())
    items.push_back(std::string(key.name) + " " + limit_text(listener, key));
  if (!listener.trusted.empty()) items.push_back("trusted " + trusted_text(listener.trusted));
  return items;
}

/// One list where all addresses have the same settings, else one for each.
std::string listener_block(const AppStatus& app, unsigned columns) {
  if (app.listeners.empty()) return {};
  const std::vector<std::string> first = listener_items(app.listeners.front());
  const bool alike = std::all_of(app.listeners.begin(), app.listeners.end(),
                                 [&](const ListenerConfig& each) { return listener_items(each) == first; });
  if (alike) return wrapped("listener", first, columns);
  std::string text;
  for (const ListenerConfig& each : app.listeners) {
    std::vector<std::string> items = listener_items(each);
    items.insert(items.begin(), each.text + ":");
    text += wrapped("listener", items, columns);
  }
  return text;
}

std::string app_block(const AppStatus& app, unsigned columns) {
  std::string text;
  auto room = columns > 16 ? columns - 16 : 1;
  if (!app.external.empty()) text += wrapped("server", {app.external + ", not started by berth"}, columns);
  if (!app.command.empty()) text += wrapped("command", {shortened(command_text(app.command), room)}, columns);
  if (!app.dir.empty()) text += wrapped("in", {shortened(app.dir, room)}, columns);
  if (!app.ready.empty()) text += wrapped("ready", {shortened(app.ready, room)}, columns);
  if (!app.health.empty()) text += wrapped("health", {shortened(app.health, room)}, columns);
  const auto count = [](const char* name, std::uint64_t n) {
    return std::string(name) + " " + std::to_string(n);
  };
  std::vector<std::string> limits = {
      "drain " + duration_text(app.drain), "ready_timeout " + duration_text(app.ready_timeout),
      "stop_grace " + duration_text(app.stop_grace), count("max_retiring", app.max_retiring)};
  if (app.stop_to == StopTo::Group) limits.emplace_back("stop_to group");
  if (app.order == SwapOrder::StopStart) limits.insert(limits.begin(), "swap stop-start");
  // Nobody comes to it: the rest says nothing of it.
  if (app.addresses.empty()) return text + wrapped("limits", limits, columns);
  const http::Counters& c = app.counters;
  text +=
      wrapped("requests",
              {count("all", c.requests), count("failed", c.failed), count("retried", c.retried),
               count("held now", c.held), count("held ever", c.held_total), count("in flight", c.in_flight)},
              columns);
  if (app.recent.answered != 0) {
    const auto took = [](const char* name, std::int64_t us) {
      return std::string(name) + " " + elapsed_text(std::chrono::microseconds(us));
    };
    text += wrapped(
        "answered in",
        {took("p50", app.recent.p50_us), took("p99", app.recent.p99_us), took("at most", app.recent.max_us)},
        columns);
  }
  text += wrapped("connections",
                  {count("clients", c.connections), count("tunnels", c.tunnels),
                   count("to backend", c.upstream_active), count("pooled", c.upstream_idle)},
                  columns);
  for (const auto& key : app_limit_keys())
    limits.push_back(std::string(key.name) + " " + limit_text(app.limits, key));
  return text + wrapped("limits", limits, columns) + listener_block(app, columns);
}

}  // namespace

std::string status_text(const FrontStatus& front, unsigned columns, bool colour, const std::string& app) {
  const Paint paint(colour);
  std::string text = status_table(front, columns, colour);
  const bool only = app.empty() && front.apps.size() == 1;
  for (const AppStatus& each : front.apps) {
    if (!only && each.name != app) continue;
    text += "\n" + paint.bold(each.name) + "\n" + app_block(each, columns);
  }
  if (app.empty() && !only)
    text += paint.dim("`berth status APP` shows an app's command, requests and limits") + "\n";
  return text;
}

}  // namespace berth::control
