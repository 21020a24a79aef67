// `berth demo`: the embedded server that shows a swap and serves the tests: a page that follows its
// generation, and endpoints for echo, slow answers, streams, events, WebSocket, big bodies, statuses and
// crashes. Knows nothing of the front; what it shows of itself comes from its environment.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace berth::demo {

struct DemoOptions {
  std::string host = "127.0.0.1";     ///< an IP address or "localhost" (127.0.0.1)
  std::optional<std::uint16_t> port;  ///< default: $PORT, else 0 (the OS chooses; the number is printed)
  std::chrono::milliseconds ready_after{0};  ///< until then every answer is 503
  std::chrono::milliseconds exit_after{0};   ///< ends by itself with exit code 1 after that; 0: never
};

/// Serves until SIGTERM or SIGINT: then stops accepting, lets running requests finish, ends streams and idle
/// connections. Returns the exit code: 0; 1 if it could not listen (said on stderr) or for `exit_after`.
/// Single-threaded.
int demo_main(const DemoOptions& options);

/// `berth demo` as it was typed, the verb left out: --host H, --port N, --ready-after MS, --exit-after MS.
/// Help for
/// --help; exit code 2 and a line on stderr for anything else.
int demo_main(const std::vector<std::string>& arguments);

}  // namespace berth::demo
