#include "proxy/control/status_table.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <vector>

#include "config/duration_text.h"
#include "proxy/control/phase_text.h"
#include "proxy/control/terminal.h"
#include "proxy/observe/report.h"

namespace berth::control {
namespace {

enum Column : std::uint8_t { App, Address, Gen, Pid, Port, Age, State, Rate, P99, Held, Draining };
constexpr std::size_t kColumns = 11;
constexpr std::array<std::string_view, kColumns> kHeads{"app",   "address", "gen", "pid",  "port",    "age",
                                                        "state", "req/s",   "p99", "held", "draining"};
constexpr std::array<Column, 5> kDispensable{Pid, Age, Address, Port, Draining};
constexpr std::size_t kLeastName = 10;

using Row = std::array<std::string, kColumns>;

bool is_text(std::size_t column) { return column == App || column == Address || column == State; }

std::string rate_text(const RecentStatus& recent) {
  if (recent.window_ms == 0) return "-";
  // What began a moment ago would seem to have a rate that it has not.
  const auto window_ms = std::max<std::int64_t>(recent.window_ms, 1000);
  const double rate = static_cast<double>(recent.answered) * 1000 / static_cast<double>(window_ms);
  char text[32];
  std::snprintf(text, sizeof text, rate != 0 && rate < 9.95 ? "%.1f" : "%.0f", rate);
  return text;
}

std::string address_text(const AppStatus& app) {
  if (app.addresses.empty()) return "-";
  const std::size_t more = app.addresses.size() - 1;
  return app.addresses.front() + (more == 0 ? "" : " +" + std::to_string(more));
}

void put(Row& row, const GenerationStatus& g) {
  row[Gen] = std::to_string(g.generation.number);
  row[Pid] = g.pid == 0 ? "-" : std::to_string(g.pid);
  row[Port] = !g.endpoint.path.empty() ? "unix"
              : g.endpoint.port == 0   ? "-"
                                       : std::to_string(g.endpoint.port);
  row[Age] = age_text(g.age_ms);
}

bool leaves(const GenerationStatus& g) { return g.state != "serving" && g.state != "starting"; }

// The app with the generation that serves, or is to; below it the others.
void add_rows(const AppStatus& app, std::vector<Row>& rows) {
  Row first;
  first.fill("-");
  first[App] = app.name;
  first[Address] = address_text(app);
  first[State] = app.state;
  first[Rate] = rate_text(app.recent);
  if (app.recent.answered != 0) first[P99] = elapsed_text(std::chrono::microseconds(app.recent.p99_us));
  first[Held] = std::to_string(app.counters.held);
  std::uint64_t draining = 0;
  for (const GenerationStatus& g : app.generations) draining += leaves(g) ? g.holders : 0;
  first[Draining] = std::to_string(draining);
  // Nobody comes to it, so there is nothing to count.
  if (app.addresses.empty()) first[Rate] = first[Held] = first[Draining] = "-";
  const bool leads = !app.generations.empty() && !leaves(app.generations.front());
  if (leads) put(first, app.generations.front());
  rows.push_back(first);
  for (std::size_t n = leads ? 1 : 0; n < app.generations.size(); ++n) {
    const GenerationStatus& g = app.generations[n];
    Row row;
    put(row, g);
    row[State] = g.state;
    if (leaves(g)) row[Draining] = std::to_string(g.holders);
    rows.push_back(row);
  }
}

// How wide each column is; 0: left out.
struct Layout {
  std::array<std::size_t, kColumns> widths{};
  std::size_t gap = 2;

  std::size_t total() const {
    std::size_t sum = 0;
    for (const std::size_t width : widths) sum += width == 0 ? 0 : width + gap;
    return sum - gap;
  }
};

Layout fitting(const std::vector<Row>& rows, std::size_t columns) {
  Layout layout;
  for (std::size_t n = 0; n < kColumns; ++n) {
    layout.widths[n] = kHeads[n].size();
    for (const Row& row : rows) layout.widths[n] = std::max(layout.widths[n], width_of(row[n]));
  }
  if (layout.total() > columns) layout.gap = 1;
  for (const Column column : {Address, App}) {
    const std::size_t least = std::max(kHeads[column].size(), kLeastName);
    std::size_t& width = layout.widths[column];
    while (layout.total() > columns && width > least) --width;
  }
  for (const Column column : kDispensable)
    if (layout.total() > columns) layout.widths[column] = 0;
  return layout;
}

std::string state_painted(const std::string& state, const Paint& paint) {
  if (state == "serving") return paint.good(state);
  if (state == "failed" || state == "unhealthy" || state == "unreachable" || state == "closed" ||
      state == "unreleased")
    return paint.bad(state);
  return paint.warn(state);
}

std::string cell_text(const std::string& cell, std::size_t column, const Paint& paint) {
  if (column == State) return state_painted(cell, paint);
  return column == App ? paint.bold(cell) : cell;
}

std::string line_text(const Row& row, const Layout& layout, const Paint& paint) {
  std::string line;
  for (std::size_t n = 0; n < kColumns; ++n) {
    const std::size_t width = layout.widths[n];
    if (width == 0) continue;
    const std::string cell = shortened(row[n], width);
    const std::string blank(width - width_of(cell), ' ');
    const std::string text = cell_text(cell, n, paint);
    line += (is_text(n) ? text + blank : blank + text) + std::string(layout.gap, ' ');
  }
  line.resize(line.find_last_not_of(' ') + 1);
  return line + "\n";
}

std::string pause_text(const AppStatus& app) {
  const PauseStatus& pause = app.pause;
  return "paused since " + clock_text(pause.since_unix_ms) + ", " + std::to_string(app.counters.held) +
         " held" +
         (pause.left_ms != 0 ? ", resumes in " + age_text(pause.left_ms + 999) : ", until `berth resume`") +
         (pause.message.empty() ? "" : ": " + pause.message);
}

// What somebody should know who sees that state.
std::string note_on(const AppStatus& app, const Paint& paint) {
  std::string note;
  const std::string why = "`berth why " + app.name + "` says why";
  if (app.state == "waiting")
    note = "starts when " + app.waits_for + " serves" + (app.addresses.empty() ? "" : "; requests are held");
  if (app.state == "cancelled") note = std::string(observe::kWaitsForSwap) + "; requests are refused";
  if (app.state == "vacant") note = "waiting for `berth attach` or `berth swap`; requests are held";
  if (app.state == "unhealthy") note = "its checks fail, and requests are held: " + why;
  if (app.state == "unreachable")
    note = "nothing takes connections on " + app.external +
           "; berth did not start that server: start it again, or `berth attach` another";
  if (app.state == "closed") note = "runs, but its port is closed, and requests are held: " + why;
  if (app.state == "failed") note = "did not start, and is tried again: " + why;
  if (app.state == "restarting") note = "ended by itself, and is started again: " + why;
  for (const GenerationStatus& g : app.generations) {
    if (g.state == "unreleased" && note.empty())
      note = "the port of generation " + std::to_string(g.generation.number) + " is not proven free: " + why;
  }
  const std::string lead = paint.bold(app.name) + ": ";
  std::string text = note.empty() ? "" : lead + note + "\n";
  if (app.pause.paused) text += lead + pause_text(app) + "\n";
  if (app.swap_queued) text += lead + "another swap waits for the running one\n";
  return text;
}

}  // namespace

std::string age_text(std::int64_t ms) {
  const auto seconds = ms / 1000;
  if (seconds < 120) return std::to_string(seconds) + " s";
  if (seconds < 2 * 3600) return std::to_string(seconds / 60) + " min";
  if (seconds < 48 * 3600) return std::to_string(seconds / 3600) + " h";
  return std::to_string(seconds / 86400) + " d";
}

std::string status_table(const FrontStatus& front, unsigned columns, bool colour) {
  const Paint paint(colour);
  std::string text = "berth " + front.version + "  pid " + std::to_string(front.pid) + "  " +
                     std::to_string(front.workers) + (front.workers == 1 ? " worker" : " workers") + "  up " +
                     age_text(front.uptime_ms);
  if (front.log_dropped != 0)
    text += "  " + paint.warn(std::to_string(front.log_dropped) + " log lines dropped");
  if (front.access_log_dropped != 0)
    text += "  " + paint.warn(std::to_string(front.access_log_dropped) + " access log lines dropped");
  text += "\n\n";
  std::vector<Row> rows;
  for (const AppStatus& app : front.apps) add_rows(app, rows);
  const Layout layout = fitting(rows, columns);
  Row heads;
  for (std::size_t n = 0; n < kColumns; ++n) heads[n] = kHeads[n];
  std::string head_line = line_text(heads, layout, Paint(false));
  head_line.pop_back();
  text += paint.dim(head_line) + "\n";
  for (const Row& row : rows) text += line_text(row, layout, paint);
  text += "\n";
  for (const AppStatus& app : front.apps) text += note_on(app, paint);
  return text + paint.dim("req/s and p99 are of the last 10 s") + "\n";
}

}  // namespace berth::control
