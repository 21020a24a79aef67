// What the demo server tells of itself, shared by its page, its sessions and its server. A plain value.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

namespace berth::demo {

/// One per process; written by the server's loop only.
struct Facts {
  std::string app;
  std::string base;        ///< the path that requests begin with, "/demo"; empty: none
  std::string generation;  ///< empty: not started by berth
  int pid = 0;
  std::uint16_t port = 0;
  std::chrono::steady_clock::time_point started = std::chrono::steady_clock::now();
  std::chrono::steady_clock::time_point ready_at = started;
  std::uint64_t requests = 0;
  bool stopping = false;
};

}  // namespace berth::demo
