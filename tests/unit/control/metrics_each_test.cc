// Each sample of the metrics, by itself: the one number that it stands for moves it, and no other sample.
#include <doctest/doctest.h>

#include <functional>
#include <map>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "proxy/control/metrics_text.h"

namespace berth::control {
namespace {

/// By the name and the labels of the sample.
std::map<std::string, std::string> samples(const FrontStatus& front) {
  std::map<std::string, std::string> all;
  std::istringstream text(metrics_text(front));
  for (std::string line; std::getline(text, line);) {
    const std::size_t at = line.rfind(' ');
    if (!line.starts_with('#')) all[line.substr(0, at)] = line.substr(at + 1);
  }
  return all;
}

struct Row {
  std::string sample;
  std::function<void(FrontStatus&)> change;
  std::string value = "7";
  std::set<std::string> with{};  ///< samples that are sums of it, too
};

template <class Member>
std::function<void(FrontStatus&)> counter(Member member) {
  return [member](FrontStatus& front) { front.apps[0].counters.*member = 7; };
}

Row generations(const std::string& state, bool retires) {
  const auto change = [state](FrontStatus& front) {
    GenerationStatus each;
    each.generation = Generation{7};
    each.state = state;
    front.apps[0].generations.push_back(each);
  };
  if (retires) return {"berth_retiring_generations{app=\"web\"}", change, "1"};
  return {state == "serving" ? "berth_generation{app=\"web\"}" : "", change};
}

std::vector<Row> rows() {
  using http::Counters;
  std::vector<Row> all{
      {"berth_uptime_seconds", [](FrontStatus& front) { front.uptime_ms = 7'000; }},
      {"berth_workers", [](FrontStatus& front) { front.workers = 7; }},
      {"berth_log_dropped_total", [](FrontStatus& front) { front.log_dropped = 7; }},
      {"berth_access_log_dropped_total", [](FrontStatus& front) { front.access_log_dropped = 7; }},
      {"berth_requests_failed_total{app=\"web\"}", counter(&Counters::failed)},
      {"berth_requests_retried_total{app=\"web\"}", counter(&Counters::retried)},
      {"berth_requests_held_total{app=\"web\"}", counter(&Counters::held_total)},
      {"berth_held_requests{app=\"web\"}", counter(&Counters::held)},
      {"berth_requests_in_flight{app=\"web\"}", counter(&Counters::in_flight)},
      {"berth_client_connections{app=\"web\"}", counter(&Counters::connections)},
      {"berth_tunnels{app=\"web\"}", counter(&Counters::tunnels)},
      {"berth_upstream_connections{app=\"web\",state=\"active\"}", counter(&Counters::upstream_active)},
      {"berth_upstream_connections{app=\"web\",state=\"idle\"}", counter(&Counters::upstream_idle)},
      {"berth_request_duration_seconds_sum{app=\"web\"}",
       [](FrontStatus& front) { front.apps[0].counters.tally.took_us = 7'000'000; }},
      {"berth_retirements_total{app=\"web\",outcome=\"released\"}",
       [](FrontStatus& front) { front.apps[0].swaps.released = 7; }},
      {"berth_retirements_total{app=\"web\",outcome=\"unreleased\"}",
       [](FrontStatus& front) { front.apps[0].swaps.unreleased = 7; }},
      generations("serving", false),
      generations("starting", false),
      generations("warm", true),
      generations("draining", true),
      generations("stopping", true),
      generations("releasing", true),
  };
  constexpr std::array<const char*, 6> kClasses{"none", "1xx", "2xx", "3xx", "4xx", "5xx"};
  for (std::size_t i = 0; i < kClasses.size(); ++i) {
    const std::string code = std::string(",code=\"") + kClasses[i] + "\"}";
    all.push_back({"berth_requests_total{app=\"web\"" + code,
                   [i](FrontStatus& front) { front.apps[0].counters.tally.by_class[i] = 7; }});
    all.push_back(
        {"berth_requests_total{app=\"\"" + code, [i](FrontStatus& front) { front.tally.by_class[i] = 7; }});
  }
  for (std::size_t i = 0; i < route::kLimits; ++i) {
    const std::string limit = ",limit=\"" + std::string(route::kLimitNames[i]) + "\"}";
    all.push_back({"berth_limit_hits_total{app=\"web\"" + limit,
                   [i](FrontStatus& front) { front.apps[0].counters.tally.hit[i] = 7; }});
    all.push_back(
        {"berth_limit_hits_total{app=\"\"" + limit, [i](FrontStatus& front) { front.tally.hit[i] = 7; }});
  }
  // A histogram's buckets are sums of those before them.
  constexpr std::array<const char*, 13> kBounds{"0.001", "0.0025", "0.005", "0.01", "0.025", "0.05", "0.1",
                                                "0.25",  "1",      "2.5",   "10",   "60",    "+Inf"};
  const auto bucket = [&](std::size_t i) {
    return std::string("berth_request_duration_seconds_bucket{app=\"web\",le=\"") + kBounds[i] + "\"}";
  };
  for (std::size_t i = 0; i < kBounds.size(); ++i) {
    Row row{bucket(i), [i](FrontStatus& front) { front.apps[0].counters.tally.took[i] = 7; }};
    for (std::size_t above = i + 1; above < kBounds.size(); ++above) row.with.insert(bucket(above));
    row.with.insert("berth_request_duration_seconds_count{app=\"web\"}");
    all.push_back(row);
  }
  constexpr std::array<const char*, 4> kOutcomes{"done", "failed", "cancelled", "unreleased"};
  for (std::size_t i = 0; i < kOutcomes.size(); ++i)
    all.push_back({std::string("berth_swaps_total{app=\"web\",outcome=\"") + kOutcomes[i] + "\"}",
                   [i](FrontStatus& front) { front.apps[0].swaps.by_outcome[i + 1] = 7; }});
  constexpr std::array<const char*, 6> kPhases{"start", "ready", "switch", "drain", "stop", "release"};
  for (std::size_t i = 0; i < kPhases.size(); ++i) {
    const std::string phase = std::string("{app=\"web\",phase=\"") + kPhases[i] + "\"}";
    all.push_back({"berth_swap_phase_seconds_count" + phase,
                   [i](FrontStatus& front) { front.apps[0].swaps.phases[i].count = 7; }});
    all.push_back({"berth_swap_phase_seconds_sum" + phase,
                   [i](FrontStatus& front) { front.apps[0].swaps.phases[i].sum = std::chrono::seconds(7); }});
  }
  return all;
}

FrontStatus empty_front() {
  FrontStatus front;
  front.apps.emplace_back().name = "web";
  return front;
}

}  // namespace

TEST_CASE("metrics: each sample moves with its own number alone, and every sample has a row here") {
  const auto before = samples(empty_front());
  std::set<std::string> seen{"berth_build_info{version=\"\"}",
                             "berth_request_duration_seconds_count{app=\"web\"}"};
  for (const Row& row : rows()) {
    CAPTURE(row.sample);
    FrontStatus front = empty_front();
    row.change(front);
    std::set<std::string> expected = row.with;
    if (!row.sample.empty()) expected.insert(row.sample);
    std::set<std::string> moved;
    for (const auto& [name, value] : samples(front)) {
      if (before.at(name) == value) continue;
      moved.insert(name);
      CHECK(value == row.value);
    }
    CHECK(moved == expected);
    seen.insert(row.sample);
  }
  for (const auto& each : before) {
    const std::string& name = each.first;
    CAPTURE(name);
    CHECK(seen.contains(name));
  }
}

}  // namespace berth::control
