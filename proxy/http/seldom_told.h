// What all workers meet in the same moment, and again and again while it lasts.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <limits>
#include <utility>

namespace berth::http {

/// Calls `tell` when it is met, but once a minute at most. From any thread, on which `tell` is called.
class SeldomTold {
 public:
  explicit SeldomTold(std::function<void()> tell) : tell_(std::move(tell)) {}

  void met() {
    const std::int64_t now =
        std::chrono::ceil<std::chrono::seconds>(std::chrono::steady_clock::now().time_since_epoch()).count();
    std::int64_t next = next_s_.load();
    if (now >= next && next_s_.compare_exchange_strong(next, now + 60)) tell_();
  }

 private:
  const std::function<void()> tell_;
  std::atomic<std::int64_t> next_s_{std::numeric_limits<std::int64_t>::min()};
};

}  // namespace berth::http
