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
  NotYours,     ///< another user answers on the socket: nothing was said
  Nonsense,     ///< what answers is no berth: malformed, or more than a berth ever says
  TimedOut,     ///< the caller's own deadline
  Interrupted,  ///< SIGINT or SIGTERM to this client
};

struct CallResult {
  CallEnd end = CallEnd::Complete;
  int status = 0;     ///< HTTP's; 0: no head came
  std::string body;   ///< unless it was taken line by line
  std::string error;  ///< why, for NoBerth, NotYours, Nonsense and Lost
  unsigned user = 0;  ///< who answers, for NotYours
};

struct Following {
  std::function<void(std::string_view)> on_line;  ///< each line of a 200 answer, as it comes
  std::function<void()> on_tick;                  ///< every 100 ms, for a line that shows a running time
  /// Asked as often, for a caller that has the signals to itself. True: the call ends as Interrupted.
  std::function<bool()> given_up{};
  std::optional<std::chrono::milliseconds> timeout;
  /// Whoever answers is asked, too: for questions that tell nothing to who should not know it.
  bool any_user = false;
};

/// What a client takes of an answer. A berth stays far below; who stands in its place may not.
inline constexpr std::size_t kMostAnswer = std::size_t{64} * 1024 * 1024;  ///< bytes, unless it goes by lines
inline constexpr std::size_t kMostLine = std::size_t{16} * 1024 * 1024;    ///< bytes of one line

/// `socket`: a path. Speaks to berths of this process's own user and of root; root to root's alone, since
/// what is said may be a command or a secret. Returns when the answer is complete or can no longer be.
CallResult call(const std::string& socket, const Call& what, const Following& following = {});

}  // namespace berth::control
