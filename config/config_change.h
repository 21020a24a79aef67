// What differs between two configurations of one file: what a reload has to do, in the file's own words.
// Pure.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "config/config.h"

namespace berth {

/// One app that is not as it was.
struct AppChange {
  enum class Kind : std::uint8_t {
    Added,
    Removed,
    Restarted,  ///< what is started differs: a swap
    Adjusted,   ///< the rest: for the next request, or the next swap
  };
  Kind kind = Kind::Adjusted;
  std::string app;
  std::vector<std::string> keys;  ///< "command", "limits.hold_timeout"; none with Added and Removed
};

struct ConfigChange {
  std::vector<AppChange> apps;         ///< removed ones first, then in the new order
  std::vector<std::string> listeners;  ///< "listener.\"127.0.0.1:8000\".head_timeout"
  std::vector<std::string> front;      ///< "front.metrics", "front.log.access"
  std::vector<std::string> restart;    ///< keys that only a new start of berth applies

  bool none() const { return apps.empty() && listeners.empty() && front.empty() && restart.empty(); }
};

ConfigChange compare(const Config& before, const Config& after);

/// `after` as far as it can be applied to a front that runs with `before`.
Config applicable(const Config& before, Config after);

}  // namespace berth
