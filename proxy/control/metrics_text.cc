#include "proxy/control/metrics_text.h"

#include <array>
#include <cstdio>
#include <initializer_list>
#include <utility>

#include "proxy/control/json_map.h"

namespace berth::control {
namespace {

using Label = std::pair<std::string_view, std::string_view>;
using Labels = std::initializer_list<Label>;

/// Backslash, quote and line feed are escaped; what else a label holds passes (the format's own rule).
void append_value(std::string& out, std::string_view value) {
  for (const char c : value) {
    if (c == '\\' || c == '"') out += '\\';
    if (c == '\n')
      out += "\\n";
    else
      out += c;
  }
}

class Page {
 public:
  void family(std::string_view name, std::string_view type, std::string_view help) {
    name_ = name;
    text_ += "# HELP " + name_ + " ";
    (text_ += help) += "\n# TYPE " + name_ + " ";
    (text_ += type) += "\n";
  }
  void sample(Labels labels, std::uint64_t value) { line("", labels, std::to_string(value)); }
  void sample(std::string_view suffix, Labels labels, std::uint64_t value) {
    line(suffix, labels, std::to_string(value));
  }
  void seconds(std::string_view suffix, Labels labels, double value) { line(suffix, labels, number(value)); }

  /// As short as it can be: "0.0025".
  static std::string number(double value) {
    char text[40];
    std::snprintf(text, sizeof text, "%.9g", value);
    return text;
  }
  std::string take() { return std::move(text_); }

 private:
  void line(std::string_view suffix, Labels labels, const std::string& value) {
    (text_ += name_) += suffix;
    char before = '{';
    for (const auto& [label, text] : labels) {
      text_ += std::exchange(before, ',');
      (text_ += label) += "=\"";
      append_value(text_, text);
      text_ += '"';
    }
    if (before == ',') text_ += '}';
    (text_ += ' ') += value;
    text_ += '\n';
  }

  std::string text_;
  std::string name_;
};

constexpr std::array<std::string_view, 6> kClasses{"none", "1xx", "2xx", "3xx", "4xx", "5xx"};

template <class Get>
void each_app(Page& page, const FrontStatus& front, std::string_view name, std::string_view type,
              std::string_view help, Get get) {
  page.family(name, type, help);
  for (const AppStatus& app : front.apps) page.sample({{"app", app.name}}, get(app));
}

void put_front(Page& page, const FrontStatus& front) {
  page.family("berth_build_info", "gauge", "Which berth this is; always 1.");
  page.sample({{"version", front.version}}, 1);
  page.family("berth_uptime_seconds", "gauge", "How long this berth has been running.");
  page.seconds("", {}, static_cast<double>(front.uptime_ms) / 1000);
  page.family("berth_workers", "gauge", "Threads that serve.");
  page.sample({}, front.workers);
  page.family("berth_log_dropped_total", "counter", "Lines of berth's log lost because its reader was slow.");
  page.sample({}, front.log_dropped);
  page.family("berth_access_log_dropped_total", "counter", "Lines of the access log lost.");
  page.sample({}, front.access_log_dropped);
}

/// What came to no app has an empty one.
void put_classes(Page& page, std::string_view app, const route::Tally& tally) {
  for (std::size_t i = 0; i < kClasses.size(); ++i)
    page.sample({{"app", app}, {"code", kClasses[i]}}, tally.by_class[i]);
}

void put_durations(Page& page, const AppStatus& app) {
  const route::Tally& tally = app.counters.tally;
  std::uint64_t sum = 0;
  for (std::size_t i = 0; i < tally.took.size(); ++i) {
    sum += tally.took[i];
    const std::string bound =
        i < route::Tally::kBounds.size() ? Page::number(route::Tally::kBounds[i] / 1e6) : "+Inf";
    page.sample("_bucket", {{"app", app.name}, {"le", bound}}, sum);
  }
  page.seconds("_sum", {{"app", app.name}}, static_cast<double>(tally.took_us) / 1e6);
  page.sample("_count", {{"app", app.name}}, sum);
}

void put_requests(Page& page, const FrontStatus& front) {
  page.family("berth_requests_total", "counter",
              "Finished requests by the class of their status; none: the client left before it had one.");
  for (const AppStatus& app : front.apps) put_classes(page, app.name, app.counters.tally);
  put_classes(page, "", front.tally);
  page.family("berth_request_duration_seconds", "histogram",
              "From a request's head to the last byte of its response.");
  for (const AppStatus& app : front.apps) put_durations(page, app);
  each_app(page, front, "berth_requests_failed_total", "counter",
           "Requests answered by berth with a 5xx, or cut off through no fault of the client.",
           [](const AppStatus& app) { return app.counters.failed; });
  each_app(page, front, "berth_requests_retried_total", "counter", "Requests sent to a backend once more.",
           [](const AppStatus& app) { return app.counters.retried; });
  each_app(page, front, "berth_requests_held_total", "counter", "Requests that had to wait for a backend.",
           [](const AppStatus& app) { return app.counters.held_total; });
  each_app(page, front, "berth_held_requests", "gauge", "Requests that wait for a backend now.",
           [](const AppStatus& app) { return app.counters.held; });
  each_app(page, front, "berth_requests_in_flight", "gauge", "Requests under way now, held ones included.",
           [](const AppStatus& app) { return app.counters.in_flight; });
  each_app(page, front, "berth_client_connections", "gauge", "Connections of clients now.",
           [](const AppStatus& app) { return app.counters.connections; });
  each_app(page, front, "berth_tunnels", "gauge", "Upgraded connections now.",
           [](const AppStatus& app) { return app.counters.tunnels; });
  page.family("berth_upstream_connections", "gauge", "Connections to backends now.");
  for (const AppStatus& app : front.apps) {
    page.sample({{"app", app.name}, {"state", "active"}}, app.counters.upstream_active);
    page.sample({{"app", app.name}, {"state", "idle"}}, app.counters.upstream_idle);
  }
}

void put_limits(Page& page, const FrontStatus& front) {
  page.family("berth_limit_hits_total", "counter",
              "How often a limit of the configuration was met; without an app, before one was known.");
  for (std::size_t i = 0; i < route::kLimits; ++i) {
    for (const AppStatus& app : front.apps)
      page.sample({{"app", app.name}, {"limit", route::kLimitNames[i]}}, app.counters.tally.hit[i]);
    page.sample({{"app", ""}, {"limit", route::kLimitNames[i]}}, front.tally.hit[i]);
  }
}

std::uint64_t serving_generation(const AppStatus& app) {
  for (const GenerationStatus& each : app.generations)
    if (each.state == "serving") return each.generation.number;
  return 0;
}

void put_swaps(Page& page, const FrontStatus& front) {
  each_app(page, front, "berth_generation", "gauge", "The generation that serves; 0: none does.",
           serving_generation);
  each_app(page, front, "berth_retiring_generations", "gauge", "Old generations that are not gone yet.",
           [](const AppStatus& app) {
             std::uint64_t count = 0;
             for (const GenerationStatus& each : app.generations)
               if (each.state != "serving" && each.state != "starting") ++count;
             return count;
           });
  page.family("berth_swaps_total", "counter",
              "Starts and swaps by their outcome, counted when the old generation is gone.");
  for (const AppStatus& app : front.apps)
    for (std::size_t i = 1; i < app.swaps.by_outcome.size(); ++i)
      page.sample({{"app", app.name}, {"outcome", word(static_cast<observe::SwapOutcome>(i))}},
                  app.swaps.by_outcome[i]);
  page.family("berth_swap_phase_seconds", "summary", "How long the phases of swaps took that were done.");
  for (const AppStatus& app : front.apps) {
    for (std::size_t i = 0; i < app.swaps.phases.size(); ++i) {
      const std::string_view phase = word(static_cast<observe::PhaseName>(i));
      const auto& sum = app.swaps.phases[i];
      page.seconds("_sum", {{"app", app.name}, {"phase", phase}}, static_cast<double>(sum.sum.count()) / 1e6);
      page.sample("_count", {{"app", app.name}, {"phase", phase}}, sum.count);
    }
  }
  page.family("berth_retirements_total", "counter",
              "Old generations that are gone, or (unreleased) not provably.");
  for (const AppStatus& app : front.apps) {
    page.sample({{"app", app.name}, {"outcome", "released"}}, app.swaps.released);
    page.sample({{"app", app.name}, {"outcome", "unreleased"}}, app.swaps.unreleased);
  }
}

}  // namespace

std::string metrics_text(const FrontStatus& front) {
  Page page;
  put_front(page, front);
  put_requests(page, front);
  put_limits(page, front);
  put_swaps(page, front);
  return page.take();
}

}  // namespace berth::control
