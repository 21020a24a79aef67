// What a run came to, as its readers get it: the JSON report (docs/load.schema.json), the bounds that decide
// the exit code, and text for a terminal, which is made of the JSON alone so that both say the same.
#pragma once

#include <boost/json/object.hpp>
#include <chrono>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "bench/load/load.h"

namespace berth::load {

/// What restarted the server, once: the n-th belongs to the result's n-th window.
struct Restart {
  bool command = false;  ///< a command was run; else a berth was asked to swap
  bool ok = false;
  std::string message{};  ///< why not
  std::vector<std::pair<std::string, std::chrono::nanoseconds>> phases{};
};

struct Bounds {
  std::optional<double> max_failed{}, max_p99_ms{}, max_gap_ms{};
};

/// What the result does not know of its run.
struct RunFacts {
  std::string version{};
  std::string started{};  ///< RFC 3339, UTC
  std::vector<std::string> command{};
  std::vector<std::string> targets{};
  double rate = 0;
  unsigned connections = 0;
  std::string ended_by{};  ///< duration, requests, swaps or interrupt
  bool probed = false, streamed = false, socketed = false;
  std::vector<Restart> restarts{};
  Bounds bounds{};
};

boost::json::object report_json(const LoadResult& result, const RunFacts& facts);

/// The table at the end of a run.
std::string report_text(const boost::json::object& report);

/// Two reports side by side, with the second as a part of the first.
std::string compare_text(const boost::json::object& a, const boost::json::object& b,
                         const std::string& name_a, const std::string& name_b);

/// "1,234,567"
std::string grouped(std::uint64_t value);

/// Is it such a report? Otherwise what is wrong with it.
std::optional<std::string> misread_report(const boost::json::value& value);

}  // namespace berth::load
