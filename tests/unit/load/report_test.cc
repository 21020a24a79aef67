// The report of a fixed run: its JSON against docs/load.schema.json, the bounds, and its text.
#include "bench/load/report.h"

#include <doctest/doctest.h>

#include <boost/json/array.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <fstream>
#include <sstream>

using namespace std::chrono_literals;
using namespace berth::load;
namespace json = boost::json;

namespace {

/// What of `value` is not as its schema says; those words of JSON Schema that the file uses for values.
class Schema {
 public:
  Schema() {
    std::ifstream file(BERTH_LOAD_SCHEMA);
    std::stringstream text;
    text << file.rdbuf();
    root_ = json::parse(text.str()).as_object();
  }

  std::string misfits(const json::value& value) const {
    std::string wrong;
    look(value, root_, "report", wrong);
    return wrong;
  }

 private:
  static bool has_type(const json::value& value, std::string_view type) {
    if (type == "object") return value.is_object();
    if (type == "array") return value.is_array();
    if (type == "string") return value.is_string();
    if (type == "boolean") return value.is_bool();
    if (type == "null") return value.is_null();
    if (type == "integer") return value.is_int64() || value.is_uint64();
    return value.is_number();
  }

  void look(const json::value& value, const json::object& schema, const std::string& at,
            std::string& wrong) const {
    const auto* ref = schema.if_contains("$ref");
    if (ref != nullptr) {
      const std::string name(ref->as_string().subview(8));  // behind "#/$defs/"
      return look(value, root_.at("$defs").at(name).as_object(), at, wrong);
    }
    if (const auto* either = schema.if_contains("oneOf"); either != nullptr)
      return value.is_null() ? void() : look(value, either->at(1).as_object(), at, wrong);
    if (const auto* type = schema.if_contains("type"))
      if (!has_type(value, type->as_string())) wrong += at + " is no " + type->as_string().c_str() + "\n";
    if (const auto* same = schema.if_contains("const"))
      if (*same != value) wrong += at + " is another constant\n";
    if (const auto* words = schema.if_contains("enum")) {
      const auto& all = words->as_array();
      if (std::find(all.begin(), all.end(), value) == all.end()) wrong += at + " is none of the words\n";
    }
    if (const auto* least = schema.if_contains("minimum"); least != nullptr && value.is_number())
      if (value.to_number<double>() < least->to_number<double>()) wrong += at + " is too small\n";
    if (value.is_object() && schema.contains("required")) look_at_keys(value.as_object(), schema, at, wrong);
    if (!value.is_array() || !schema.contains("items") || !schema.at("items").is_object()) return;
    for (const auto& item : value.as_array()) look(item, schema.at("items").as_object(), at + "[]", wrong);
  }

  /// Every key that is required, and none that is not there.
  void look_at_keys(const json::object& value, const json::object& schema, const std::string& at,
                    std::string& wrong) const {
    for (const auto& name : schema.at("required").as_array())
      if (!value.contains(name.as_string())) wrong += at + " has no " + name.as_string().c_str() + "\n";
    const auto& known = schema.at("properties").as_object();
    for (const auto& [name, member] : value) {
      const std::string where = at + "." + std::string(name);
      if (!known.contains(name))
        wrong += where + " is not in the schema\n";
      else
        look(member, known.at(name).as_object(), where, wrong);
    }
  }

  json::object root_;
};

Histogram histogram_of(std::initializer_list<std::chrono::microseconds> values) {
  Histogram histogram;
  for (const auto value : values) histogram.record(value);
  return histogram;
}

/// A run of three seconds with two swaps, of which one failed, and every kind of client.
LoadResult fixed_result() {
  LoadResult result;
  result.sent = 1'204;
  result.ok = 1'200;
  result.failures[static_cast<std::size_t>(FailureKind::Reset)] = 3;
  result.failures[static_cast<std::size_t>(FailureKind::WrongBody)] = 1;
  result.connections = 21;
  result.keepalive_closed = 1;
  result.bytes_in = 10'000;
  result.bytes_out = 20'000;
  result.steady = histogram_of({1ms, 2ms});
  result.around = histogram_of({30ms});
  result.latency = histogram_of({1ms, 2ms, 30ms});
  result.kinds[0] = {.requests = 1'000, .failed = 3, .latency = histogram_of({1ms})};
  result.kinds[2] = {.requests = 204, .failed = 1, .latency = histogram_of({2ms})};
  SecondFigures second{.second = 0, .requests = 400, .p50 = 1ms, .p99 = 2ms, .max = 2ms};
  result.seconds.push_back(second);
  second.second = 1;
  second.failures = result.failures;
  result.seconds.push_back(second);
  result.windows = {{.begin = 500ms, .end = 620ms, .requests = 50, .failed = 0, .longest_gap = 3ms},
                    {.begin = 1500ms, .end = 1510ms, .requests = 40, .failed = 4, .longest_gap = 12'345us}};
  result.windows[0].latency = LatencyFigures::of(result.around);
  result.late = 12;
  result.latest = 4ms;
  result.unsent = 2;
  result.longest_gap = 12'345us;
  result.longest_gap_at = 1500ms;
  result.took = 3s;
  result.events = {.streams = 2, .received = 1'000, .gaps = 1, .repeats = 2, .reconnects = 3};
  result.websockets = {
      .connections = 4, .sent = 90, .echoed = 88, .wrong = 1, .unanswered = 1, .reconnects = 2};
  result.websockets.closes = {{1006, 1}, {1012, 2}};
  result.probe = {.connected = 3'000, .refused = 1, .failed = 0, .latency = histogram_of({100us})};
  result.samples = {"1.505 s  GET / (keep-alive): reset: closed by the server before the response"};
  return result;
}

RunFacts fixed_facts() {
  RunFacts facts;
  facts.version = "1.2.3";
  facts.started = "2026-01-02T03:04:05Z";
  facts.command = {"berth", "load", "http://a/"};
  facts.targets = {"http://a/"};
  facts.rate = 400;
  facts.connections = 16;
  facts.ended_by = "duration";
  facts.probed = facts.streamed = facts.socketed = true;
  facts.restarts = {{.ok = true, .phases = {{"start", 3ms}, {"ready", 100ms}}},
                    {.command = true, .message = "exit code 1: no"}};
  facts.bounds = {.max_failed = 0, .max_p99_ms = 50, .max_gap_ms = 20};
  return facts;
}

std::string verdict_of(const Bounds& bounds) {
  auto facts = fixed_facts();
  facts.bounds = bounds;
  return report_json(fixed_result(), facts).at("verdict").as_string().c_str();
}

}  // namespace

TEST_CASE("report: every key that the schema requires is there, and none else") {
  const Schema schema;
  const auto report = report_json(fixed_result(), fixed_facts());
  CHECK(schema.misfits(report) == "");
  CHECK(schema.misfits(report_json({}, {.started = "", .ended_by = "interrupt"})) == "");
  // The look itself sees what is missing, new, or of another type.
  auto broken = report;
  broken.erase("late");
  broken["websockets"].as_object().erase("unanswered");
  broken["more"] = 1;
  broken["swaps"].as_array()[0].as_object()["failed"] = "0";
  CHECK(schema.misfits(broken) ==
        "report has no late\nreport.swaps[].failed is no integer\nreport.websockets has no unanswered\n"
        "report.more is not in the schema\n");
}

TEST_CASE("report: every kind of failure is in the schema, of the run and of a second") {
  LoadResult result;
  result.seconds.emplace_back();
  for (std::size_t i = 0; i < kFailureKinds; ++i) result.failures[i] = result.seconds[0].failures[i] = 1;
  CHECK(Schema().misfits(report_json(result, {.ended_by = "duration"})) == "");
}

TEST_CASE("report: what a run without restarts, streams and probes leaves out is null or empty") {
  const auto report = report_json({}, {});
  CHECK(report.at("probe").is_null());
  CHECK(report.at("events").is_null());
  CHECK(report.at("websockets").is_null());
  CHECK(report.at("swaps").as_array().empty());
  CHECK(report.at("mode") == "closed");
  CHECK(report.at("verdict") == "none");
  CHECK(report.at("failures").as_object().size() == kFailureKinds);
}

TEST_CASE("report: the figures are the run's") {
  const auto report = report_json(fixed_result(), fixed_facts());
  CHECK(report.at("requests") == 1'204);
  CHECK(report.at("longest_gap_ms") == 12.345);
  CHECK(report.at("longest_gap_at_s") == 1.5);
  CHECK(report.at("latency_ms").at("count") == 3);
  CHECK(report.at("steady_ms").at("count") == 2);
  CHECK(report.at("latency_ms").at("max") == 30.0);
  CHECK(report.at("histogram").as_array().size() == 3);
  CHECK(report.at("seconds").at(1).at("failures") == json::object{{"reset", 3}, {"wrong_body", 1}});
  CHECK(report.at("swaps").at(0).at("phases_ms") == json::object{{"start", 3.0}, {"ready", 100.0}});
  CHECK(report.at("swaps").at(1).at("kind") == "command");
  CHECK(report.at("swaps").at(1).at("message") == "exit code 1: no");
  CHECK(report.at("websockets").at("closes") == json::object{{"1006", 1}, {"1012", 2}});
  CHECK(report.at("kinds").as_array().size() == 2);
}

TEST_CASE("report: a bound is kept up to its limit, and one that is broken decides") {
  CHECK(verdict_of({}) == "none");
  CHECK(verdict_of({.max_failed = 6}) == "kept");
  CHECK(verdict_of({.max_failed = 5}) == "broken");  // 4 that failed, and 2 that were never sent
  CHECK(verdict_of({.max_p99_ms = 31}) == "kept");
  CHECK(verdict_of({.max_p99_ms = 29}) == "broken");
  CHECK(verdict_of({.max_gap_ms = 12.345}) == "kept");
  CHECK(verdict_of({.max_gap_ms = 12}) == "broken");
  CHECK(verdict_of({.max_failed = 6, .max_p99_ms = 50, .max_gap_ms = 12}) == "broken");
}

TEST_CASE("report: the 99th percentile of a bound is that of all that were due, answered or not") {
  LoadResult result;
  for (int i = 0; i < 1'000; ++i) result.latency.record(i < 985 ? 1ms : 40ms);
  result.ok = result.sent = 1'000;
  const RunFacts facts{.rate = 100, .ended_by = "requests", .bounds = {.max_p99_ms = 50}};
  const auto bound = [&] { return report_json(result, facts).at("bounds").at(0).as_object(); };
  const auto value = [&] { return bound().at("value").to_number<double>(); };
  CHECK(value() == doctest::Approx(40).epsilon(0.001));
  // Each that is missing is slower than all others: it pushes the hundredth toward the slow ones.
  result.latency = {};
  for (int i = 0; i < 992; ++i) result.latency.record(i < 985 ? 1ms : 40ms);
  result.ok = 992;
  result.sent = 1'000;
  CHECK(value() == doctest::Approx(40).epsilon(0.001));
  CHECK(bound().at("kept") == true);
  // More than one in a hundred: there is none, whatever the answers took.
  for (const auto& each : {std::tuple{989, 1'000, 0}, {500, 1'000, 0}, {0, 10, 0}, {980, 980, 20}}) {
    const auto [ok, sent, unsent] = each;
    const int answered = ok;
    CAPTURE(answered);
    result.ok = static_cast<std::uint64_t>(ok);
    result.sent = static_cast<std::uint64_t>(sent);
    result.unsent = static_cast<std::uint64_t>(unsent);
    CHECK(bound().at("value").is_null());
    CHECK(bound().at("kept") == false);
    const auto report = report_json(result, facts);
    CHECK(Schema().misfits(report) == "");
    CHECK(report.at("verdict") == "broken");
    CHECK(report_text(report).find("--max-p99 50.0 ms: over 1 % were not answered, BROKEN\n") !=
          std::string::npos);
  }
}

TEST_CASE("report: a run whose rate was not reached says so, and keeps no bound") {
  LoadResult result;
  result.ok = result.sent = 990;
  result.latency = histogram_of({1ms});
  result.unsent = 10;  // one in a hundred: as good as the rate
  const auto report = [&](const Bounds& bounds) {
    return report_json(result, {.rate = 100, .bounds = bounds});
  };
  CHECK(report({.max_gap_ms = 20}).at("rate_missed") == false);
  CHECK(report({.max_gap_ms = 20}).at("verdict") == "kept");
  CHECK(report({.max_failed = 9}).at("verdict") == "broken");
  result.unsent = 11;
  CHECK(report({}).at("verdict") == "none");
  const auto missed = report({.max_gap_ms = 20});
  CHECK(missed.at("rate_missed") == true);
  CHECK(missed.at("bounds").at(0).at("kept") == false);
  CHECK(missed.at("verdict") == "broken");
  const auto text = report_text(missed);
  CHECK(text.find("the rate was NOT REACHED: 11 of 1,001 requests that were due were never sent") !=
        std::string::npos);
  CHECK(
      text.ends_with("--max-gap 20.0 ms: 0.00 ms, BROKEN\n"
                     "the bounds count as BROKEN: the rate was not reached\n"));
}

TEST_CASE("report: what was given up counts as failed for a bound, and is told") {
  LoadResult result;
  result.sent = 711;
  result.given_up = 16;
  result.took = 2s;
  result.failures[static_cast<std::size_t>(FailureKind::Refused)] = 695;
  const auto report = report_json(result, {.bounds = {.max_failed = 700}});
  CHECK(report.at("bounds").at(0).at("value").to_number<int>() == 711);
  CHECK(report_text(report).starts_with(
      "711 requests in 2.0 s: none answered, 695 FAILED, 16 given up by hand, longest gap 0.00 ms\n"));
}

TEST_CASE("report: what a command did is called a run, and no swap") {
  auto facts = fixed_facts();
  facts.restarts[0].command = true;
  const auto text = report_text(report_json(fixed_result(), facts));
  CHECK(text.find("around runs ") != std::string::npos);
  CHECK(text.find("\n run      at ") != std::string::npos);
  CHECK(text.find("around swaps") == std::string::npos);
}

TEST_CASE("report: the text says what the JSON says") {
  CHECK(report_text(report_json(fixed_result(), fixed_facts())) ==
        R"(1,204 requests in 3.0 s: 1,200 answered (400/s), 4 FAILED, longest gap 12.3 ms
1 keep-alive connection closed untold
failures: 3 reset, 1 wrong_body
  1.505 s  GET / (keep-alive): reset: closed by the server before the response
the generator was late for 1.0 % of requests (worst: 4.00 ms)
2 of 1,206 requests that were due were never sent, for no connection was free (-c)

latency          answers      p50      p90      p99    p99.9      max     mean
all                    3  2.00 ms  30.0 ms  30.0 ms  30.0 ms  30.0 ms  11.0 ms
steady                 2  1.00 ms  2.00 ms  2.00 ms  2.00 ms  2.00 ms  1.50 ms
around swaps           1  30.0 ms  30.0 ms  30.0 ms  30.0 ms  30.0 ms  30.0 ms
get                    1  1.00 ms  1.00 ms  1.00 ms  1.00 ms  1.00 ms  1.00 ms
post                   1  2.00 ms  2.00 ms  2.00 ms  2.00 ms  2.00 ms  2.00 ms

swap      at    took failed     p50     p90     p99   p99.9     max     gap
   1   0.5 s  120 ms      0 30.0 ms 30.0 ms 30.0 ms 30.0 ms 30.0 ms 3.00 ms
   2   1.5 s 10.0 ms      4       -       -       -       -       - 12.3 ms
     FAILED: exit code 1: no

swap     start     ready
   1   3.00 ms    100 ms
   2         -         -

probe: 3,000 connects, 1 refused, 0 failed, p99 0.10 ms
event streams: 1,000 events, 3 returns, 1 missed, 2 repeated
WebSockets: 90 texts, 88 echoed, 1 wrong, 1 unanswered; closed: 1 by 1006, 2 by 1012

--max-failed 0: 6, BROKEN
--max-p99 50.0 ms: 30.0 ms, kept
--max-gap 20.0 ms: 12.3 ms, kept
)");
}

TEST_CASE("report: the text of a run without failures and restarts is short") {
  LoadResult result;
  result.sent = result.ok = 1;
  result.latency = result.steady = histogram_of({12'345us});
  result.took = 12'345ms;
  result.longest_gap = 11s;
  CHECK(report_text(report_json(result, {})) ==
        R"(1 request in 12.3 s: 1 answered (0/s), 0 failed, longest gap 11.0 s
0 keep-alive connections closed untold

latency          answers      p50      p90      p99    p99.9      max     mean
all                    1  12.3 ms  12.3 ms  12.3 ms  12.3 ms  12.3 ms  12.3 ms
)");
}

TEST_CASE("report: two reports side by side") {
  auto result = fixed_result();
  const auto a = report_json(result, fixed_facts());
  result.ok = result.sent = 2'400;
  result.failures = {};
  result.failures[static_cast<std::size_t>(FailureKind::Status5xx)] = 1;
  result.longest_gap = 24'690us;
  const auto b = report_json(result, fixed_facts());
  CHECK(compare_text(a, b, "before.json", "after.json") ==
        R"(                            before.json       after.json    ratio
requests                          1,204            2,400     1.99
answered a second                   400              800     2.00
swaps                                 2                2     1.00
failed                                4                1     0.25
  reset                               3                0     0.00
  5xx                                 0                1        -
  wrong_body                          1                0     0.00
longest gap                     12.3 ms          24.7 ms     2.00
all p50                         2.00 ms          2.00 ms     1.00
all p99                         30.0 ms          30.0 ms     1.00
all p99.9                       30.0 ms          30.0 ms     1.00
all max                         30.0 ms          30.0 ms     1.00
steady p50                      1.00 ms          1.00 ms     1.00
steady p99                      2.00 ms          2.00 ms     1.00
steady p99.9                    2.00 ms          2.00 ms     1.00
steady max                      2.00 ms          2.00 ms     1.00
around swaps p50                30.0 ms          30.0 ms     1.00
around swaps p99                30.0 ms          30.0 ms     1.00
around swaps p99.9              30.0 ms          30.0 ms     1.00
around swaps max                30.0 ms          30.0 ms     1.00
)");
  // A kind that only the second knows is a row as well.
  auto older = a;
  older["failures"].as_object().erase("5xx");
  CHECK(compare_text(older, b, "a", "b").find("\n  5xx ") != std::string::npos);
  // A long name moves its column and loses nothing.
  const std::string name(300, 'n');
  CHECK(compare_text(a, b, name, "b").find(name) != std::string::npos);
}

TEST_CASE("report: what is no report is told by what it lacks") {
  CHECK_FALSE(misread_report(report_json(fixed_result(), fixed_facts())).has_value());
  CHECK(misread_report(json::value(3)).value() == "it is no report of berth load (no \"schema\")");
  CHECK(misread_report(json::object{}).value() == "it is no report of berth load (no \"schema\")");
  CHECK(misread_report(json::object{{"schema", "berth-load-9"}}).value() ==
        "it is a report of another version (berth-load-9)");
  for (const char* name : {"latency_ms", "failures", "requests", "swaps", "bounds"}) {
    auto report = report_json({}, {});
    report[name] = "x";
    CHECK(misread_report(report).value() == std::string("it has no \"") + name + "\"");
  }
}
