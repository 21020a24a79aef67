// One command of the user's beside a backend, its check or a hook: run once, under a keeper of its own and
// with a time limit. Knows neither readiness nor swaps. Lives on the control loop.
#pragma once

#include <boost/asio/io_context.hpp>
#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "config/endpoint.h"

namespace berth::backend {

struct LaunchSpec;

struct ErrandSpec {
  std::string purpose;                           ///< for its keeper's name: "ready hook"
  std::vector<std::string> words;                ///< the command, with placeholders; not empty
  std::optional<Endpoint> endpoint;              ///< for PORT, HOST and the placeholders; absent: not known
  std::map<std::string, std::string> variables;  ///< in place of what the environment has of these names
  std::chrono::milliseconds timeout{0};
};

struct ErrandEnd {
  enum class Kind : std::uint8_t {
    Passed,    ///< it ended with 0
    Failed,    ///< it ended otherwise, or its keeper did
    TimedOut,  ///< it was killed at the timeout
    NotRun,    ///< it cannot be run
    Ended,     ///< it was told to
  };
  Kind kind = Kind::Failed;
  std::string text;  ///< "ended with exit 1", "did not end within 2s and was killed", "cannot be run: …"
};

/// Called from handlers of the loop. Only on_end may destroy the errand.
struct ErrandEvents {
  std::function<void(bool is_stderr, std::string_view line)> on_line;
  std::function<void(const ErrandEnd&)> on_end;  ///< once, when nothing of the command is left
};

/// Destroying it ends the callbacks, and kills the command with its whole tree.
class Errand {
 public:
  virtual ~Errand() = default;
  /// Kills what runs of it, before its time; on_end follows.
  virtual void end() = 0;
};

/// Runs the command where and as whom `launch` says, with its environment. When it has ended, or at the
/// timeout, its whole tree is killed; on_end follows within seconds even if the kernel keeps some of it.
std::unique_ptr<Errand> start_errand(boost::asio::io_context& loop, const LaunchSpec& launch, ErrandSpec what,
                                     ErrandEvents events);

}  // namespace berth::backend
