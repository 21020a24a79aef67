// Whether a connection that was just made has reached the backend itself, and not somebody who took its port
// when it died or closed its listener. Knows the listeners that the backend was seen with, and its tree. Any
// thread.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <functional>
#include <set>

#include "config/endpoint.h"

namespace berth::backend {

class OwnListener {
 public:
  /// `known`: the listeners of the tree under `root`, the keeper's pid. `on_stranger` is called, on the
  /// thread that asks and once for each, with the inode of a listener that is somebody else's.
  OwnListener(Endpoint endpoint, const std::set<std::uint64_t>& known, int root,
              std::function<void(std::uint64_t inode)> on_stranger);

  /// True: who listens now has listened since before the call and is the backend, so a connection made
  /// meanwhile is its. False also for the first connection to a new listener of its tree: the next one finds
  /// it known. Some microseconds.
  bool has_accepted();

 private:
  bool knows(std::uint64_t inode) const;
  void learn(std::uint64_t inode);

  Endpoint endpoint_;
  int root_;
  std::function<void(std::uint64_t)> on_stranger_;
  std::array<std::atomic<std::uint64_t>, 64> known_{};  ///< the oldest go first
  std::atomic<std::size_t> next_{0};
  std::atomic<std::uint64_t> told_{0};
};

}  // namespace berth::backend
