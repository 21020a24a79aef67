#include "bench/load/report.h"

#include <algorithm>
#include <boost/json/array.hpp>
#include <cmath>

namespace berth::load {
namespace {

namespace json = boost::json;

constexpr std::string_view kSchema = "berth-load-1";

/// Three digits behind a millisecond's point are what a histogram can tell.
double rounded(double value) { return std::round(value * 1e4) / 1e4; }
double ms(std::chrono::nanoseconds time) { return rounded(static_cast<double>(time.count()) / 1e6); }
double seconds(std::chrono::nanoseconds time) { return rounded(static_cast<double>(time.count()) / 1e9); }

json::object latency(const LatencyFigures& of) {
  return {{"count", of.count}, {"min", ms(of.min)}, {"mean", ms(of.mean)},  {"p50", ms(of.p50)},
          {"p90", ms(of.p90)}, {"p99", ms(of.p99)}, {"p99.9", ms(of.p999)}, {"max", ms(of.max)}};
}
json::object latency(const Histogram& of) { return latency(LatencyFigures::of(of)); }

json::object failures(const FailureCounts& counts, bool zeros) {
  json::object object;
  for (std::size_t i = 0; i < kFailureKinds; ++i)
    if (zeros || counts[i] != 0) object[name_of(static_cast<FailureKind>(i))] = counts[i];
  return object;
}

json::array strings(const std::vector<std::string>& list) {
  json::array array;
  for (const std::string& each : list) array.emplace_back(each);
  return array;
}

/// Joins buckets until one spans a hundredth of its value: fine enough to draw, small enough to keep.
json::array buckets(const Histogram& histogram) {
  json::array list;
  double last = 0;
  std::uint64_t count = 0;
  histogram.each([&](std::chrono::nanoseconds highest, std::uint64_t n) {
    const auto upper = static_cast<double>(highest.count()) / 1e6;
    if (count != 0 && upper > last * 1.01) {
      list.push_back(json::array{rounded(last), count});
      count = 0;
    }
    if (count == 0) last = upper;
    count += n;
  });
  if (count != 0) list.push_back(json::array{rounded(last), count});
  return list;
}

json::array restarts(const LoadResult& result, const RunFacts& facts) {
  json::array list;
  for (std::size_t i = 0; i < std::min(result.windows.size(), facts.restarts.size()); ++i) {
    const auto& window = result.windows[i];
    const auto& restart = facts.restarts[i];
    json::object phases;
    for (const auto& [name, took] : restart.phases) phases[name] = ms(took);
    list.push_back(json::object{{"number", i + 1},
                                {"kind", restart.command ? "command" : "swap"},
                                {"begin_s", seconds(window.begin)},
                                {"end_s", seconds(window.end)},
                                {"ok", restart.ok},
                                {"message", restart.message},
                                {"phases_ms", std::move(phases)},
                                {"requests", window.requests},
                                {"failed", window.failed},
                                {"longest_gap_ms", ms(window.longest_gap)},
                                {"latency_ms", latency(window.latency)}});
  }
  return list;
}

json::array each_second(const LoadResult& result) {
  json::array list;
  for (const auto& second : result.seconds) {
    json::object row{{"t", second.second},    {"requests", second.requests}, {"failed", second.failed()},
                     {"p50", ms(second.p50)}, {"p99", ms(second.p99)},       {"max", ms(second.max)}};
    if (second.failed() != 0) row["failures"] = failures(second.failures, false);
    list.push_back(std::move(row));
  }
  return list;
}

json::array each_kind(const LoadResult& result) {
  json::array list;
  for (std::size_t i = 0; i < kRequestKinds; ++i) {
    const auto& kind = result.kinds[i];
    if (kind.requests == 0) continue;
    list.push_back(json::object{{"kind", name_of(static_cast<RequestKind>(i))},
                                {"requests", kind.requests},
                                {"failed", kind.failed},
                                {"latency_ms", latency(kind.latency)}});
  }
  return list;
}

json::value probe(const ProbeResult& of) {
  return json::object{{"connected", of.connected},
                      {"refused", of.refused},
                      {"failed", of.failed},
                      {"latency_ms", latency(of.latency)}};
}

json::value events(const EventFigures& of) {
  return json::object{{"streams", of.streams},
                      {"received", of.received},
                      {"gaps", of.gaps},
                      {"repeats", of.repeats},
                      {"reconnects", of.reconnects}};
}

json::value websockets(const WebSocketFigures& of) {
  json::object closes;
  for (const auto& [code, count] : of.closes) closes[std::to_string(code)] = count;
  return json::object{{"connections", of.connections}, {"sent", of.sent},
                      {"echoed", of.echoed},           {"wrong", of.wrong},
                      {"unanswered", of.unanswered},   {"closes", std::move(closes)},
                      {"reconnects", of.reconnects}};
}

/// Requests that were not answered as they should be, and those that were due and never sent.
std::uint64_t missing(const LoadResult& of) { return of.sent - std::min(of.ok, of.sent) + of.unsent; }

/// In milliseconds, of all that were due: what is missing counts as longer than any answer. nullopt: the
/// hundredth is missing itself.
std::optional<double> p99_of_all(const LoadResult& of) {
  const auto answered = static_cast<double>(of.ok);
  const auto all = answered + static_cast<double>(missing(of));
  if (all == 0) return 0;
  const double share = answered == 0 ? 101 : 99 * all / answered;
  if (share > 100) return std::nullopt;
  return ms(of.latency.percentile(share));
}

/// More than this share of what was due was never sent: that was another rate than the one asked for.
constexpr double kMostUnsent = 0.01;

bool rate_missed(const LoadResult& of) {
  return static_cast<double>(of.unsent) > kMostUnsent * static_cast<double>(of.sent + of.unsent);
}

json::array bounds(const LoadResult& result, const Bounds& of) {
  json::array list;
  const bool missed = rate_missed(result);  // what was measured is no answer to what was asked
  const auto add = [&](const char* name, const std::optional<double>& limit, std::optional<double> value) {
    if (!limit) return;
    list.push_back(json::object{{"name", name},
                                {"limit", *limit},
                                {"value", value ? json::value(*value) : json::value()},
                                {"kept", !missed && value && *value <= *limit}});
  };
  // What no request has failed by, as a WebSocket's failure, counts as well.
  const auto failed = result.failed() + result.given_up + result.unsent;
  add("max-failed", of.max_failed, static_cast<double>(failed));
  add("max-p99", of.max_p99_ms, p99_of_all(result));
  add("max-gap", of.max_gap_ms, ms(result.longest_gap));
  return list;
}

std::string_view verdict(const json::array& bounds) {
  if (bounds.empty()) return "none";
  const auto kept = [](const json::value& bound) { return bound.at("kept").as_bool(); };
  return std::all_of(bounds.begin(), bounds.end(), kept) ? "kept" : "broken";
}

}  // namespace

json::object report_json(const LoadResult& result, const RunFacts& facts) {
  json::object report;
  report["schema"] = kSchema;
  report["version"] = facts.version;
  report["started"] = facts.started;
  report["command"] = strings(facts.command);
  report["targets"] = strings(facts.targets);
  report["mode"] = facts.rate > 0 ? "open" : "closed";
  report["rate"] = facts.rate;
  report["connections"] = facts.connections;
  report["ended_by"] = facts.ended_by;
  report["duration_s"] = seconds(result.took);
  report["requests"] = result.sent;
  report["answered"] = result.ok;
  report["unsent"] = result.unsent;
  report["given_up"] = result.given_up;
  report["rate_missed"] = rate_missed(result);
  const auto share =
      result.sent == 0 ? 0 : static_cast<double>(result.late) / static_cast<double>(result.sent);
  report["late"] =
      json::object{{"requests", result.late}, {"share", rounded(share)}, {"worst_ms", ms(result.latest)}};
  report["bytes_in"] = result.bytes_in;
  report["bytes_out"] = result.bytes_out;
  report["connections_opened"] = result.connections;
  report["keepalive_closed"] = result.keepalive_closed;
  report["failures"] = failures(result.failures, true);
  report["failure_samples"] = strings(result.samples);
  report["latency_ms"] = latency(result.latency);
  report["steady_ms"] = latency(result.steady);
  report["around_swaps_ms"] = latency(result.around);
  report["histogram"] = buckets(result.latency);
  report["longest_gap_ms"] = ms(result.longest_gap);
  report["longest_gap_at_s"] = seconds(result.longest_gap_at);
  report["swaps"] = restarts(result, facts);
  report["seconds"] = each_second(result);
  report["kinds"] = each_kind(result);
  report["probe"] = facts.probed ? probe(result.probe) : json::value();
  report["events"] = facts.streamed ? events(result.events) : json::value();
  report["websockets"] = facts.socketed ? websockets(result.websockets) : json::value();
  auto list = bounds(result, facts.bounds);
  report["verdict"] = verdict(list);
  report["bounds"] = std::move(list);
  return report;
}

std::optional<std::string> misread_report(const json::value& value) {
  const auto* object = value.if_object();
  const auto* schema = object == nullptr ? nullptr : object->if_contains("schema");
  if (schema == nullptr || !schema->is_string()) return "it is no report of berth load (no \"schema\")";
  if (schema->get_string() != kSchema)
    return "it is a report of another version (" + std::string(schema->get_string().c_str()) + ")";
  for (const char* name : {"latency_ms", "steady_ms", "around_swaps_ms", "failures"})
    if (!object->contains(name) || !object->at(name).is_object())
      return std::string("it has no \"") + name + "\"";
  for (const char* name : {"requests", "answered", "duration_s", "longest_gap_ms"})
    if (!object->contains(name) || !object->at(name).is_number())
      return std::string("it has no \"") + name + "\"";
  for (const char* name : {"swaps", "bounds"})
    if (!object->contains(name) || !object->at(name).is_array())
      return std::string("it has no \"") + name + "\"";
  return std::nullopt;
}

}  // namespace berth::load
