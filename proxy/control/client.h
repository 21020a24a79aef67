// One call to a berth's API from the command line: blocking for its caller, with a deadline, Ctrl-C and a
// clock tick inside. Owns the connection; knows neither the verbs nor what the lines mean.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace berth::control {

struct Call {
  std::string method = "GET";
  std::string target;
  std::string body;
};

enum class CallEnd : std::uint8_t {
  Complete,     ///< the whole answer came
  NoBerth,      ///< nobody answers on the socket
  Lost,         ///< the connection ended inside the answer
  TimedOut,     ///< the caller's own deadline
  Interrupted,  ///< SIGINT or SIGTERM to this client
};

struct CallResult {
  CallEnd end = CallEnd::Complete;
  int status = 0;     ///< HTTP's; 0: no head came
  std::string body;   ///< unless it was taken line by line
  std::string error;  ///< of the system, for NoBerth and Lost
};

struct Following {
  std::function<void(std::string_view)> on_line;  ///< each line of a 200 answer, as it comes
  std::function<void()> on_tick;                  ///< every 100 ms, for a line that shows a running time
  /// Asked as often, for a caller that has the signals to itself. True: the call ends as Interrupted.
  std::function<bool()> given_up{};
  std::optional<std::chrono::milliseconds> timeout;
};

/// `socket`: a path. Returns when the answer is complete or can no longer be.
CallResult call(const std::string& socket, const Call& what, const Following& following = {});

}  // namespace berth::control
