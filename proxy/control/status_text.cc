#include "proxy/control/status_text.h"

#include <algorithm>
#include <chrono>

#include "config/duration_text.h"
#include "config/limit_keys.h"
#include "proxy/control/terminal.h"
#include "proxy/observe/report.h"

namespace berth::control {
namespace {

std::string age_text(std::int64_t ms) {
  auto seconds = ms / 1000;
  if (seconds < 120) return std::to_string(seconds) + " s";
  if (seconds < 2 * 3600) return std::to_string(seconds / 60) + " min";
  if (seconds < 48 * 3600) return std::to_string(seconds / 3600) + " h";
  return std::to_string(seconds / 86400) + " d";
}

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

std::string state_painted(const std::string& state, const Paint& paint) {
  if (state == "serving") return paint.good(state);
  if (state == "failed" || state == "unreleased") return paint.bad(state);
  return paint.warn(state);
}

std::string generation_line(const GenerationStatus& g, const Paint& paint) {
  bool placed = g.endpoint.port != 0 || !g.endpoint.path.empty();
  std::string line = "  " + padded(std::to_string(g.generation.number), 12);
  line += padded(state_painted(g.state, paint), 12);
  line += padded(g.pid == 0 ? "-" : std::to_string(g.pid), 9);
  line += padded(placed ? g.endpoint.text() : "-", 23);
  line += padded(age_text(g.age_ms), 9);
  return line + std::to_string(g.holders) + "\n";
}

std::string app_block(const AppStatus& app, unsigned columns, const Paint& paint) {
  std::string addresses;
  for (const std::string& address : app.addresses) addresses += (addresses.empty() ? "" : ", ") + address;
  std::string text = paint.bold(app.name) + "  " + state_painted(app.state, paint) + "  on " + addresses;
  text += app.swap_queued ? "  (another swap waits)\n" : "\n";
  if (app.state == "cancelled") {
    text += "  " + std::string(observe::kWaitsForSwap) + "; requests are refused meanwhile\n";
  }
  if (app.state == "vacant") {
    text += "  waiting for `berth attach` or `berth swap`; requests are held meanwhile\n";
  }
  if (!app.generations.empty())
    text += paint.dim("  generation  state       pid      address                age      requests\n");
  for (const GenerationStatus& generation : app.generations) text += generation_line(generation, paint);
  auto room = columns > 16 ? columns - 16 : 1;
  if (!app.external.empty()) text += wrapped("server", {app.external + ", not started by berth"}, columns);
  if (!app.command.empty()) text += wrapped("command", {shortened(command_text(app.command), room)}, columns);
  if (!app.dir.empty()) text += wrapped("in", {shortened(app.dir, room)}, columns);
  if (!app.ready.empty()) text += wrapped("ready", {shortened(app.ready, room)}, columns);
  const http::Counters& c = app.counters;
  auto count = [](const char* name, std::uint64_t n) { return std::string(name) + " " + std::to_string(n); };
  text +=
      wrapped("requests",
              {count("all", c.requests), count("failed", c.failed), count("retried", c.retried),
               count("held now", c.held), count("held ever", c.held_total), count("in flight", c.in_flight)},
              columns);
  text += wrapped("connections",
                  {count("clients", c.connections), count("tunnels", c.tunnels),
                   count("to backend", c.upstream_active), count("pooled", c.upstream_idle)},
                  columns);
  std::vector<std::string> limits = {
      "drain " + duration_text(app.drain), "ready_timeout " + duration_text(app.ready_timeout),
      "stop_grace " + duration_text(app.stop_grace), count("max_retiring", app.max_retiring)};
  if (app.order == SwapOrder::StopStart) limits.insert(limits.begin(), "swap stop-start");
  for (const auto& key : app_limit_keys())
    limits.push_back(std::string(key.name) + " " + limit_text(app.limits, key));
  std::vector<std::string> listener;
  for (const auto& key : listener_limit_keys())
    listener.push_back(std::string(key.name) + " " + limit_text(app.listener, key));
  return text + wrapped("limits", limits, columns) + wrapped("listener", listener, columns);
}

}  // namespace

std::string status_text(const FrontStatus& front, unsigned columns, bool colour) {
  Paint paint(colour);
  std::string text = "berth " + front.version + "  pid " + std::to_string(front.pid) + "  " +
                     std::to_string(front.workers) + (front.workers == 1 ? " worker" : " workers") + "  up " +
                     age_text(front.uptime_ms);
  if (front.log_dropped != 0)
    text += "  " + paint.warn(std::to_string(front.log_dropped) + " log lines dropped");
  text += "\n";
  for (const AppStatus& app : front.apps) text += "\n" + app_block(app, columns, paint);
  return text;
}

}  // namespace berth::control
