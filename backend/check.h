// One readiness check against one endpoint: connect, ask, say whether the answer is good. Knows neither when
// to ask again nor what else a backend needs. Lives on the control loop; destroying a check cancels it.
#pragma once

#include <boost/asio/io_context.hpp>
#include <chrono>
#include <functional>
#include <memory>
#include <string>

#include "backend/reach.h"
#include "backend/sign.h"
#include "config/config.h"

namespace berth::backend {

struct LaunchSpec;

struct CheckResult {
  bool passed = false;
  std::string text;       ///< "GET / 200", "GET / gave 500 Internal Server Error", "connection refused"
  int status = 0;         ///< of a complete HTTP answer
  bool debugger = false;  ///< the answer is that of a debugger, which is no server
};

/// Called once, from a handler; may destroy the check.
using CheckDone = std::function<void(const CheckResult&)>;

class Check {
 public:
  virtual ~Check() = default;
  /// What a user is told if it has to end now: "the check command had not ended". Empty: nothing of note.
  virtual std::string unfinished() const { return {}; }
};

/// Passes with a complete final response whose status lies within the configured range.
std::unique_ptr<Check> start_http_check(boost::asio::io_context& loop, const ReachPtr& to,
                                        const ReadyConfig& config, std::chrono::milliseconds timeout,
                                        CheckDone done);

/// Passes when the connection is accepted.
std::unique_ptr<Check> start_tcp_check(boost::asio::io_context& loop, const ReachPtr& to,
                                       std::chrono::milliseconds timeout, CheckDone done);

/// Runs `spec.ready.exec` where and as whom the backend runs, with its environment; PORT, HOST and the
/// placeholders say where it is reached. Passes when it ends with 0; then, or at the timeout, its whole tree
/// is killed before `done` is called. What cannot be run does not pass.
std::unique_ptr<Check> start_exec_check(boost::asio::io_context& loop, const Endpoint& endpoint,
                                        const LaunchSpec& spec, std::chrono::milliseconds timeout,
                                        CheckDone done);

/// Requests each path of `config.warm`, one after the other. Passes when each has given a complete final
/// response, whatever its status; ends at the first that has not. Each may take as long as the whole start.
std::unique_ptr<Check> start_warm_up(boost::asio::io_context& loop, const ReachPtr& to,
                                     const ReadyConfig& config, CheckDone done);

/// Asks one listener once. nullptr: `done` was called already.
using StartCheck = std::function<std::unique_ptr<Check>(const ReachPtr& to, std::chrono::milliseconds timeout,
                                                        CheckDone done)>;

/// The check that `spec` asks for, which must outlive it. `sign` is what the backend has said by itself.
StartCheck check_of(boost::asio::io_context& loop, const LaunchSpec& spec, std::function<Sign()> sign);

}  // namespace berth::backend
