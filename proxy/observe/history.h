// The commands that have served an app, as its readers see them: what could be gone back to. Plain values;
// who writes them is proxy/swap, who shows them proxy/control.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "config/config.h"

namespace berth::observe {

/// Why a command serves no longer, or that it does.
enum class ServedOutcome : std::uint8_t {
  Serving,
  Replaced,   ///< by a swap
  Crashed,    ///< it ended by itself
  Unhealthy,  ///< it did not answer its checks
  Detached,   ///< berth let go of it
};

/// One command with its directory and variables, from its first switch to its last end: restarts of the same
/// are no new row.
struct ServedCommand {
  std::uint64_t number = 0;  ///< counts up from 1 within one app, and is never given again
  std::vector<std::string> command{};
  std::string external{};  ///< the address of a server that berth did not start, instead of a command
  std::string dir{};
  std::vector<std::string> env{};  ///< the names of its variables; what they hold may be secret
  Generation first{};
  Generation last{};
  std::int64_t since_unix_ms = 0;
  std::int64_t until_unix_ms = 0;  ///< 0: it serves
  ServedOutcome outcome = ServedOutcome::Serving;
  std::string detail{};  ///< "ended by itself: exit 3"; may be empty
};

}  // namespace berth::observe
