// The time of a simulated world: what is due next, in order. Knows nothing of what it runs.
#pragma once

#include <functional>
#include <map>
#include <utility>

#include "proxy/swap/patience.h"

namespace berth::sim {

class Clockwork {
 public:
  swap::Moment now() const { return now_; }

  /// Runs `task` at `time`, after everything that was due then already.
  void at(swap::Moment time, std::function<void()> task) { due_.emplace(time, std::move(task)); }
  void in(swap::Moment wait, std::function<void()> task) { at(now_ + wait, std::move(task)); }

  /// When the next task is due; kNever: none is.
  swap::Moment next() const { return due_.empty() ? swap::kNever : due_.begin()->first; }

  void run_next() {
    now_ = due_.begin()->first;
    const std::function<void()> task = std::move(due_.begin()->second);
    due_.erase(due_.begin());
    task();
  }

  void pass_to(swap::Moment time) { now_ = time; }

 private:
  swap::Moment now_{0};
  std::multimap<swap::Moment, std::function<void()>> due_;
};

}  // namespace berth::sim
