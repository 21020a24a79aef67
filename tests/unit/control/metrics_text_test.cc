#include "proxy/control/metrics_text.h"

#include <doctest/doctest.h>

#include <boost/json/parse.hpp>
#include <fstream>
#include <iterator>
#include <regex>
#include <set>
#include <string>

#include "tests/unit/control/fake_service.h"

namespace berth::control {
namespace {

bool has(const std::string& text, const std::string& line) {
  return text.find("\n" + line + "\n") != std::string::npos;
}

FrontStatus counted_front() {
  FrontStatus front = example_front();
  AppStatus& app = front.apps.front();
  using std::chrono::microseconds;
  app.counters.tally.finished(200, microseconds(900));
  app.counters.tally.finished(204, microseconds(1'000));
  app.counters.tally.finished(503, microseconds(1'001));
  app.counters.tally.finished(0, std::chrono::seconds(70));
  app.counters.tally.met(route::Limit::HoldRequests);
  front.tally.ended(431);
  front.tally.met(route::Limit::MaxHead);
  app.swaps.closed(example_report());
  return front;
}

/// The names of all samples, suffixes included.
std::set<std::string> names_in(const std::string& text) {
  std::set<std::string> names;
  const std::regex sample("\n(berth_[a-z_]+)[{ ]");
  for (std::sregex_iterator it(text.begin(), text.end(), sample), end; it != end; ++it)
    names.insert((*it)[1].str());
  return names;
}

}  // namespace

TEST_CASE("metrics: counters, a cumulative histogram, limits and swaps") {
  const std::string text = metrics_text(counted_front());
  CAPTURE(text);
  for (const char* line : {
           "# TYPE berth_requests_total counter",
           "berth_build_info{version=\"0.1.0\"} 1",
           "berth_uptime_seconds 185",
           "berth_requests_total{app=\"web\",code=\"2xx\"} 2",
           "berth_requests_total{app=\"web\",code=\"5xx\"} 1",
           "berth_requests_total{app=\"web\",code=\"none\"} 1",
           "berth_requests_total{app=\"\",code=\"4xx\"} 1",
           "# TYPE berth_request_duration_seconds histogram",
           "berth_request_duration_seconds_bucket{app=\"web\",le=\"0.001\"} 2",
           "berth_request_duration_seconds_bucket{app=\"web\",le=\"0.0025\"} 3",
           "berth_request_duration_seconds_bucket{app=\"web\",le=\"60\"} 3",
           "berth_request_duration_seconds_bucket{app=\"web\",le=\"+Inf\"} 4",
           "berth_request_duration_seconds_sum{app=\"web\"} 70.002901",
           "berth_request_duration_seconds_count{app=\"web\"} 4",
           "berth_requests_in_flight{app=\"web\"} 4",
           "berth_limit_hits_total{app=\"web\",limit=\"hold_requests\"} 1",
           "berth_limit_hits_total{app=\"\",limit=\"max_head\"} 1",
           "berth_generation{app=\"web\"} 7",
           "berth_retiring_generations{app=\"web\"} 1",
           "berth_swaps_total{app=\"web\",outcome=\"done\"} 1",
           "berth_swaps_total{app=\"web\",outcome=\"failed\"} 0",
           "berth_swap_phase_seconds_sum{app=\"web\",phase=\"ready\"} 0.412",
           "berth_swap_phase_seconds_count{app=\"web\",phase=\"ready\"} 1",
           "berth_retirements_total{app=\"web\",outcome=\"released\"} 1",
           "berth_retirements_total{app=\"web\",outcome=\"unreleased\"} 0",
       }) {
    CAPTURE(line);
    CHECK(has(text, line));
  }
}

TEST_CASE("metrics: every sample has its HELP and TYPE before it, each family once") {
  const std::string text = metrics_text(counted_front());
  std::set<std::string> families;
  const std::regex type("# HELP (\\w+) [^\n]+\n# TYPE (\\w+) (counter|gauge|histogram|summary)\n");
  for (std::sregex_iterator it(text.begin(), text.end(), type), end; it != end; ++it) {
    CHECK((*it)[1].str() == (*it)[2].str());
    CHECK(families.insert((*it)[1].str()).second);
  }
  for (const std::string& name : names_in(text)) {
    CAPTURE(name);
    CHECK(families.contains(std::regex_replace(name, std::regex("_(bucket|sum|count)$"), "")));
  }
  CHECK(families.size() > 15);
}

TEST_CASE("metrics: what a label holds cannot end it") {
  FrontStatus front = counted_front();
  front.apps.front().name = "a\"b\\c\nd";
  CHECK(has(metrics_text(front), "berth_generation{app=\"a\\\"b\\\\c\\nd\"} 7"));
}

TEST_CASE("metrics: the dashboard is JSON and names nothing that is not exported") {
  std::ifstream file(BERTH_DASHBOARD);
  const std::string text{std::istreambuf_iterator<char>(file), {}};
  const auto dashboard = boost::json::parse(text).as_object();
  const std::set<std::string> exported = names_in(metrics_text(counted_front()));
  std::set<std::string> used;
  std::set<std::int64_t> ids;
  const std::regex name("berth_[a-z_]+");
  for (const auto& panel : dashboard.at("panels").as_array()) {
    CHECK(ids.insert(panel.at("id").as_int64()).second);
    for (const auto& target : panel.at("targets").as_array()) {
      const std::string expr(target.at("expr").as_string());
      CAPTURE(expr);
      CHECK(std::regex_search(expr, name));
      for (std::sregex_iterator it(expr.begin(), expr.end(), name), end; it != end; ++it) {
        CHECK(exported.contains(it->str()));
        used.insert(it->str());
      }
    }
  }
  for (const std::string& each : exported) {
    const bool part =
        each == "berth_request_duration_seconds_sum" || each == "berth_request_duration_seconds_count";
    CAPTURE(each);
    if (!part) CHECK(used.contains(each));
  }
}

}  // namespace berth::control
