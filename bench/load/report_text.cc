#include <algorithm>
#include <array>
#include <boost/json/array.hpp>
#include <cstdio>
#include <functional>
#include <string>
#include <vector>

#include "bench/load/report.h"

namespace berth::load {
namespace {

namespace json = boost::json;

double number(const json::value& value) { return value.to_number<double>(); }
std::uint64_t count(const json::value& value) { return value.to_number<std::uint64_t>(); }

template <class... Values>
std::string format(const char* how, Values... values) {
  std::string text(static_cast<std::size_t>(std::snprintf(nullptr, 0, how, values...)), '\0');
  std::snprintf(text.data(), text.size() + 1, how, values...);
  return text;
}

/// Three digits, in milliseconds or seconds.
std::string time_text(double ms) {
  if (ms >= 10'000) return format("%.1f s", ms / 1000);
  if (ms >= 100) return format("%.0f ms", ms);
  if (ms >= 10) return format("%.1f ms", ms);
  return format("%.2f ms", ms);
}

std::string plural(std::uint64_t n, const char* what) {
  return grouped(n) + " " + what + (n == 1 ? "" : "s");
}

constexpr std::array<const char*, 6> kColumns = {"p50", "p90", "p99", "p99.9", "max", "mean"};

// A terminal of 80 columns shows every table unbroken.

std::string latency_head() {
  std::string line = format("%-12s %11s", "latency", "answers");
  for (const char* column : kColumns) line += format(" %8s", column);
  return line + "\n";
}

/// One figure of latencies; of none there is nothing to tell.
std::string figure(const json::value& of, const char* column) {
  return count(of.at("count")) == 0 ? "-" : time_text(number(of.at(column)));
}

std::string latency_row(const std::string& name, const json::value& of) {
  std::string line = format("%-12s %11s", name.c_str(), grouped(count(of.at("count"))).c_str());
  for (const char* column : kColumns) line += format(" %8s", figure(of, column).c_str());
  return line + "\n";
}

std::string failures_text(const json::object& failures) {
  std::string text;
  for (const auto& [name, value] : failures)
    if (count(value) != 0)
      text += (text.empty() ? "" : ", ") + grouped(count(value)) + " " + std::string(name);
  return text;
}

std::uint64_t failed_of(const json::object& report) {
  std::uint64_t sum = 0;
  for (const auto& [name, value] : report.at("failures").as_object()) sum += count(value);
  return sum;
}

constexpr std::size_t kMostSwaps = 20;  // more are in the JSON
constexpr std::array<const char*, 5> kSwapColumns = {"p50", "p90", "p99", "p99.9", "max"};

/// What users saw of each.
std::string swap_row(const json::object& swap) {
  const double begin = number(swap.at("begin_s"));
  std::string row =
      format("%4llu %7s %7s %6s", static_cast<unsigned long long>(count(swap.at("number"))),
             format("%.1f s", begin).c_str(), time_text((number(swap.at("end_s")) - begin) * 1000).c_str(),
             grouped(count(swap.at("failed"))).c_str());
  for (const char* column : kSwapColumns)
    row += format(" %7s", figure(swap.at("latency_ms"), column).c_str());
  row += format(" %7s\n", time_text(number(swap.at("longest_gap_ms"))).c_str());
  if (!swap.at("ok").as_bool()) row += "     FAILED: " + std::string(swap.at("message").as_string()) + "\n";
  return row;
}

/// How long each phase of each took; empty where none is known, as of commands.
std::string phases_text(const json::array& swaps, std::size_t rows) {
  std::vector<std::string> names;
  for (const auto& swap : swaps)
    for (const auto& [name, took] : swap.at("phases_ms").as_object())
      if (std::find(names.begin(), names.end(), std::string(name)) == names.end()) names.emplace_back(name);
  if (names.empty()) return {};
  std::string text = format("\n%4s", "swap");
  for (const std::string& name : names) text += format(" %9s", name.c_str());
  text += "\n";
  for (std::size_t i = 0; i < rows; ++i) {
    text += format("%4llu", static_cast<unsigned long long>(count(swaps[i].at("number"))));
    for (const std::string& name : names) {
      const auto* took = swaps[i].at("phases_ms").as_object().if_contains(name);
      text += format(" %9s", took == nullptr ? "-" : time_text(number(*took)).c_str());
    }
    text += "\n";
  }
  return text;
}

/// Was it a command of the user's that restarted the server each time, and no swap?
bool by_command(const json::array& swaps) {
  return std::all_of(swaps.begin(), swaps.end(), [](const json::value& swap) {
    const auto* kind = swap.as_object().if_contains("kind");
    return kind != nullptr && *kind == "command";
  });
}

std::string swaps_text(const json::array& swaps) {
  if (swaps.empty()) return {};
  const std::size_t rows = std::min(swaps.size(), kMostSwaps);
  std::string text = format("\n%4s %7s %7s %6s", by_command(swaps) ? "run" : "swap", "at", "took", "failed");
  for (const char* column : kSwapColumns) text += format(" %7s", column);
  text += format(" %7s\n", "gap");
  for (std::size_t i = 0; i < rows; ++i) text += swap_row(swaps[i].as_object());
  text += phases_text(swaps, rows);
  if (swaps.size() > rows)
    text += "  ... and " + std::to_string(swaps.size() - rows) + " more (--json, --html)\n";
  return text;
}

std::string clients_text(const json::object& report) {
  std::string text;
  if (const auto* probe = report.at("probe").if_object()) {
    text += "probe: " + grouped(count(probe->at("connected"))) + " connects, " +
            grouped(count(probe->at("refused"))) + " refused, " + grouped(count(probe->at("failed"))) +
            " failed, p99 " + time_text(number(probe->at("latency_ms").at("p99"))) + "\n";
  }
  if (const auto* events = report.at("events").if_object()) {
    text += "event streams: " + plural(count(events->at("received")), "event") + ", " +
            plural(count(events->at("reconnects")), "return") + ", " + grouped(count(events->at("gaps"))) +
            " missed, " + grouped(count(events->at("repeats"))) + " repeated\n";
  }
  if (const auto* sockets = report.at("websockets").if_object()) {
    std::string closes;
    for (const auto& [code, n] : sockets->at("closes").as_object())
      closes += (closes.empty() ? "" : ", ") + grouped(count(n)) + " by " + std::string(code);
    text += "WebSockets: " + plural(count(sockets->at("sent")), "text") + ", " +
            grouped(count(sockets->at("echoed"))) + " echoed, " + grouped(count(sockets->at("wrong"))) +
            " wrong, " + grouped(count(sockets->at("unanswered"))) +
            " unanswered; closed: " + (closes.empty() ? "none" : closes) + "\n";
  }
  return text;
}

/// "1,204 requests in 3.0 s: 1,200 answered (400/s), 4 FAILED, longest gap 12.0 ms"
std::string headline(const json::object& report) {
  const auto failed = failed_of(report);
  const double took = number(report.at("duration_s"));
  const auto answered = count(report.at("answered"));
  std::string text = plural(count(report.at("requests")), "request") + " in " + format("%.1f s", took) + ": ";
  if (answered == 0) {
    text += "none answered";
  } else {
    text += grouped(answered) + " answered";
    if (took > 0)
      text += " (" + grouped(static_cast<std::uint64_t>(static_cast<double>(answered) / took)) + "/s)";
  }
  text += ", " + (failed == 0 ? "0 failed" : grouped(failed) + " FAILED");
  if (const auto given_up = count(report.at("given_up")); given_up != 0)
    text += ", " + grouped(given_up) + " given up by hand";
  return text + ", longest gap " + time_text(number(report.at("longest_gap_ms"))) + "\n";
}

/// What the generator itself did not do as it was asked to.
std::string generator_text(const json::object& report) {
  std::string text;
  if (const double share = number(report.at("late").at("share")); share > 0)
    text += format("the generator was late for %.1f %% of requests (worst: %s)\n", share * 100,
                   time_text(number(report.at("late").at("worst_ms"))).c_str());
  const auto unsent = count(report.at("unsent"));
  if (unsent == 0) return text;
  const auto due = count(report.at("requests")) + unsent;
  return text + (report.at("rate_missed").as_bool() ? "the rate was NOT REACHED: " : "") + grouped(unsent) +
         " of " + grouped(due) + " requests that were due were never sent, for no connection was free (-c)\n";
}

/// A bound's figure, in its unit.
std::string bound_text(const json::object& bound, const char* which) {
  const auto& value = bound.at(which);
  if (value.is_null()) return "over 1 % were not answered";
  if (bound.at("name") == "max-failed") return grouped(static_cast<std::uint64_t>(number(value)));
  return time_text(number(value));
}

std::string bounds_text(const json::object& report) {
  std::string text;
  for (const auto& each : report.at("bounds").as_array()) {
    const auto& bound = each.as_object();
    text += (text.empty() ? "\n--" : "--") + std::string(bound.at("name").as_string()) + " " +
            bound_text(bound, "limit") + ": " + bound_text(bound, "value") + ", " +
            (bound.at("kept").as_bool() ? "kept" : "BROKEN") + "\n";
  }
  if (!text.empty() && report.at("rate_missed").as_bool())
    text += "the bounds count as BROKEN: the rate was not reached\n";
  return text;
}

}  // namespace

std::string grouped(std::uint64_t value) {
  std::string digits = std::to_string(value);
  for (auto at = static_cast<std::ptrdiff_t>(digits.size()) - 3; at > 0; at -= 3)
    digits.insert(static_cast<std::size_t>(at), ",");
  return digits;
}

std::string report_text(const json::object& report) {
  std::string text = headline(report) +
                     plural(count(report.at("keepalive_closed")), "keep-alive connection") +
                     " closed untold\n";
  if (failed_of(report) != 0) text += "failures: " + failures_text(report.at("failures").as_object()) + "\n";
  for (const auto& sample : report.at("failure_samples").as_array())
    text += "  " + std::string(sample.as_string()) + "\n";
  text += generator_text(report);
  text += "\n" + latency_head() + latency_row("all", report.at("latency_ms"));
  const auto& swaps = report.at("swaps").as_array();
  if (!swaps.empty()) {
    text += latency_row("steady", report.at("steady_ms"));
    text += latency_row(by_command(swaps) ? "around runs" : "around swaps", report.at("around_swaps_ms"));
  }
  if (report.at("kinds").as_array().size() > 1)
    for (const auto& kind : report.at("kinds").as_array())
      text += latency_row(std::string(kind.at("kind").as_string()), kind.at("latency_ms"));
  text += swaps_text(swaps);
  if (const auto clients = clients_text(report); !clients.empty()) text += "\n" + clients;
  return text + bounds_text(report);
}

std::string compare_text(const json::object& a, const json::object& b, const std::string& name_a,
                         const std::string& name_b) {
  std::string text = format("%-22s %16s %16s %8s\n", "", name_a.c_str(), name_b.c_str(), "ratio");
  const auto line = [&](const std::string& name, double left, double right, const std::string& left_text,
                        const std::string& right_text) {
    text += format("%-22s %16s %16s %8s\n", name.c_str(), left_text.c_str(), right_text.c_str(),
                   left > 0 ? format("%.2f", right / left).c_str() : "-");
  };
  const auto row = [&](const std::string& name, double left, double right,
                       const std::function<std::string(double)>& show) {
    line(name, left, right, show(left), show(right));
  };
  const auto whole = [](double value) { return grouped(static_cast<std::uint64_t>(value)); };
  const auto rate = [](const json::object& report) {
    const double took = number(report.at("duration_s"));
    return took > 0 ? number(report.at("answered")) / took : 0;
  };
  row("requests", number(a.at("requests")), number(b.at("requests")), whole);
  row("answered a second", rate(a), rate(b), whole);
  row("swaps", static_cast<double>(a.at("swaps").as_array().size()),
      static_cast<double>(b.at("swaps").as_array().size()), whole);
  row("failed", static_cast<double>(failed_of(a)), static_cast<double>(failed_of(b)), whole);
  // A kind may be known to one of them only: they may be of different versions.
  json::object kinds = a.at("failures").as_object();
  for (const auto& [name, value] : b.at("failures").as_object()) kinds.emplace(name, value);
  const auto failures = [](const json::object& report, std::string_view name) {
    const auto* value = report.at("failures").as_object().if_contains(name);
    return value == nullptr ? 0 : number(*value);
  };
  for (const auto& [name, value] : kinds) {
    const double left = failures(a, name), right = failures(b, name);
    if (left + right > 0) row("  " + std::string(name), left, right, whole);
  }
  row("longest gap", number(a.at("longest_gap_ms")), number(b.at("longest_gap_ms")), time_text);
  const std::array<std::pair<const char*, const char*>, 3> parts = {
      {{"latency_ms", "all"}, {"steady_ms", "steady"}, {"around_swaps_ms", "around swaps"}}};
  for (const auto& [key, name] : parts)
    for (const char* column : {"p50", "p99", "p99.9", "max"})
      line(std::string(name) + " " + column, number(a.at(key).at(column)), number(b.at(key).at(column)),
           figure(a.at(key), column), figure(b.at(key), column));
  return text;
}

}  // namespace berth::load
