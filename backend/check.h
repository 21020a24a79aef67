// One readiness check against one endpoint: connect, ask, say whether the answer is good. Knows neither
// processes nor when to ask again. Lives on the control loop; destroying a check cancels it.
#pragma once

#include <boost/asio/io_context.hpp>
#include <chrono>
#include <functional>
#include <memory>
#include <string>

#include "config/config.h"

namespace berth::backend {

struct CheckResult {
  bool passed = false;
  std::string text;  ///< "GET / 200", "GET / gave 500 Internal Server Error", "connection refused"
};

/// Called once, from a handler; may destroy the check.
using CheckDone = std::function<void(const CheckResult&)>;

class Check {
 public:
  virtual ~Check() = default;
};

/// Passes with a complete final response whose status lies within the configured range.
std::unique_ptr<Check> start_http_check(boost::asio::io_context& loop, const Endpoint& endpoint,
                                        const ReadyConfig& config, std::chrono::milliseconds timeout,
                                        CheckDone done);

/// Passes when the connection is accepted.
std::unique_ptr<Check> start_tcp_check(boost::asio::io_context& loop, const Endpoint& endpoint,
                                       std::chrono::milliseconds timeout, CheckDone done);

}  // namespace berth::backend
