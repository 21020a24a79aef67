#include "tests/support/sample_reports.h"

#include <algorithm>
#include <boost/json/array.hpp>
#include <cmath>
#include <map>
#include <random>
#include <string>
#include <vector>

namespace berth::test {
namespace json = boost::json;
namespace {

constexpr const char* kKinds[] = {"refused",    "reset",     "timeout",   "1xx",          "2xx",
                                  "3xx",        "4xx",       "5xx",       "other_status", "truncated",
                                  "wrong_body", "duplicate", "malformed", "local"};

struct Answer {
  double at_s;
  double ms;
  bool at_swap;
};

double at_share(const std::vector<double>& sorted, double share) {
  return sorted[std::min(sorted.size() - 1,
                         static_cast<std::size_t>(share * static_cast<double>(sorted.size())))];
}

json::object latency(std::vector<double> all) {
  if (all.empty()) {
    return {{"count", 0}, {"min", 0}, {"mean", 0},  {"p50", 0},
            {"p90", 0},   {"p99", 0}, {"p99.9", 0}, {"max", 0}};
  }
  std::sort(all.begin(), all.end());
  double sum = 0;
  for (double ms : all) sum += ms;
  return {{"count", all.size()},
          {"min", all.front()},
          {"mean", sum / static_cast<double>(all.size())},
          {"p50", at_share(all, .5)},
          {"p90", at_share(all, .9)},
          {"p99", at_share(all, .99)},
          {"p99.9", at_share(all, .999)},
          {"max", all.back()}};
}

template <class Picks>
json::object latency_of(const std::vector<Answer>& answers, Picks picks) {
  std::vector<double> all;
  for (const Answer& answer : answers) {
    if (picks(answer)) all.push_back(answer.ms);
  }
  return latency(std::move(all));
}

constexpr auto kAny = [](const Answer&) { return true; };

json::array histogram_of(const std::vector<Answer>& answers) {
  std::map<int, int> buckets;  // some thirty to a decade
  for (const Answer& answer : answers) ++buckets[static_cast<int>(std::ceil(std::log10(answer.ms) * 30))];
  json::array rows;
  for (const auto& [bucket, count] : buckets) rows.push_back(json::array{std::pow(10, bucket / 30.0), count});
  return rows;
}

json::object swap_of(int number, double begin, double took, bool ok, const std::vector<Answer>& answers) {
  const double end = begin + took;
  const auto before = [](const Answer& answer, double at) { return answer.at_s < at; };
  const std::vector<Answer> inside(std::lower_bound(answers.begin(), answers.end(), begin, before),
                                   std::lower_bound(answers.begin(), answers.end(), end, before));
  json::object phases{{"start", 3.1},  {"ready", 1000 * took - 40},
                      {"switch", 0.4}, {"drain", 1.0},
                      {"stop", 20.0},  {"release", 0.3}};
  if (!ok) phases = {{"start", 3.2}};
  return {{"number", number},
          {"kind", "swap"},
          {"begin_s", begin},
          {"end_s", end},
          {"ok", ok},
          {"message", ok ? "" : "the candidate said </script><!-- and exited with 3"},
          {"phases_ms", phases},
          {"requests", inside.size()},
          {"failed", ok ? 0 : 2},
          {"longest_gap_ms", ok ? 2.1 : 240.0},
          {"latency_ms", latency_of(inside, kAny)}};
}

}  // namespace

json::object sample_report(const SampleRun& run) {
  std::mt19937_64 random(run.seed);
  std::lognormal_distribution<double> quick(std::log(0.4), run.spread), slow(std::log(0.7), run.spread * 1.3);
  const double every = run.swaps > 0 ? double(run.seconds) / run.swaps : 0, took = std::min(0.31, every / 3);
  std::vector<Answer> answers;
  json::array seconds;
  json::object by_kind;
  for (const char* kind : kKinds) by_kind[kind] = 0;
  std::int64_t failed = 0;
  const int down_from = run.seconds / 4 * 2;
  for (int t = 0; t < run.seconds; ++t) {
    std::vector<double> all;
    json::object failures;
    std::int64_t failed_now = 0;
    // Two seconds of nothing but failures, and fewer kinds around them.
    const bool down = run.failing && (t == down_from || t == down_from + 1);
    if (run.failing && t >= run.seconds / 4 && t < run.seconds * 3 / 4) {
      for (std::size_t i = 0; i < std::size(kKinds); ++i) {
        const std::int64_t count = down ? 4 + i * 3 : (t + i) % 4 == 0 ? 1 + i : 0;
        if (count == 0) continue;
        failures[kKinds[i]] = count;
        by_kind[kKinds[i]] = by_kind.at(kKinds[i]).as_int64() + count;
        failed_now += count;
      }
    }
    for (int i = 0; i < run.rate && !down; ++i) {
      const double at = t + double(i) / run.rate;
      const bool at_swap = run.swaps > 0 && std::fmod(at, every) < took;
      const double ms = at_swap ? slow(random) : quick(random);
      answers.push_back({at, ms, at_swap});
      all.push_back(ms);
    }
    failed += failed_now;
    const auto requests = static_cast<std::int64_t>(all.size()) + failed_now;
    const json::object now = latency(std::move(all));
    json::object second{{"t", t},
                        {"requests", requests},
                        {"failed", failed_now},
                        {"p50", now.at("p50")},
                        {"p99", now.at("p99")},
                        {"max", now.at("max")}};
    if (failed_now > 0) second["failures"] = failures;
    if (run.rate > 0) seconds.push_back(second);
  }
  json::array swaps;
  for (int i = 0; i < run.swaps; ++i) {
    swaps.push_back(swap_of(i + 1, i * every, took, !run.failing || i % 3 != 2, answers));
  }
  json::array samples;
  if (run.failing) {
    for (const char* kind : kKinds)
      samples.push_back(json::string("at 6.234 s: GET /<script>: " + std::string(kind)));
  }
  const auto all_ms = latency_of(answers, kAny);
  const double gap = answers.empty() ? 0 : run.failing ? 2004.0 : 12.3;
  json::object report{
      {"schema", "berth-load-1"},
      {"version", "0.1.0"},
      {"started", "2026-01-02T03:04:05Z"},
      {"command",
       {"berth", "load", "http://127.0.0.1:8000/", "--swaps", std::to_string(run.swaps), "--", "sh", "-c",
        "echo 'x' </dev/null"}},
      {"targets", json::array{"http://127.0.0.1:8000/"}},
      {"mode", "open"},
      {"rate", run.rate},
      {"connections", 16},
      {"ended_by", run.failing     ? "interrupt"
                   : run.swaps > 0 ? "swaps"
                                   : "duration"},
      {"duration_s", run.seconds == 0 ? 0.0 : run.seconds - 0.15},
      {"requests", answers.size() + failed},
      {"answered", answers.size()},
      {"unsent", 0},
      {"given_up", 0},
      {"rate_missed", false},
      {"late",
       {{"requests", run.failing ? 31 : 3}, {"share", run.failing ? 0.031 : 0.0002}, {"worst_ms", 1.9}}},
      {"bytes_in", answers.size() * 1234},
      {"bytes_out", answers.size() * 56},
      {"connections_opened", 20},
      {"keepalive_closed", run.failing ? 4 : 0},
      {"failures", by_kind},
      {"failure_samples", samples},
      {"latency_ms", all_ms},
      {"steady_ms", latency_of(answers, [](const Answer& answer) { return !answer.at_swap; })},
      {"around_swaps_ms", latency_of(answers, [](const Answer& answer) { return answer.at_swap; })},
      {"histogram", histogram_of(answers)},
      {"longest_gap_ms", gap},
      {"longest_gap_at_s", run.failing ? double(down_from) : run.seconds / 3.0},
      {"swaps", swaps},
      {"seconds", seconds},
      {"kinds", json::array{}},
      {"probe", nullptr},
      {"events", nullptr},
      {"websockets", nullptr},
      {"bounds", json::array{}},
      {"verdict", "none"}};
  if (!answers.empty()) {
    report["kinds"] = {
        {{"kind", "get"}, {"requests", answers.size() + failed}, {"failed", failed}, {"latency_ms", all_ms}},
        {{"kind", "upload"}, {"requests", 12}, {"failed", 0}, {"latency_ms", all_ms}}};
    const double p99 = all_ms.at("p99").as_double(), limit = run.failing ? 2 : 20;
    report["bounds"] = {{{"name", "max-failed"}, {"limit", 0}, {"value", failed}, {"kept", failed == 0}},
                        {{"name", "max-p99"}, {"limit", limit}, {"value", p99}, {"kept", p99 <= limit}}};
    report["verdict"] = failed == 0 && p99 <= limit ? "kept" : "broken";
  }
  if (run.failing) {
    report["probe"] = {{"connected", 1000}, {"refused", 7}, {"failed", 1}, {"latency_ms", all_ms}};
    report["events"] = {{"streams", 4}, {"received", 4100}, {"gaps", 1}, {"repeats", 2}, {"reconnects", 8}};
    report["websockets"] = {{"connections", 4}, {"sent", 900},     {"echoed", 899},
                            {"wrong", 1},       {"unanswered", 2}, {"closes", {{"1006", 1}, {"1012", 8}}},
                            {"reconnects", 8}};
  }
  return report;
}

}  // namespace berth::test
