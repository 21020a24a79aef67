// The way of access records from one worker to the writing thread: a ring of fixed size, one writer, one
// reader, no lock. Full, it takes nothing and counts. Whoever writes is never stopped and makes no system
// call, but for waking the reader when the ring is half full.
#pragma once

#include <atomic>
#include <cstdint>
#include <cstring>
#include <functional>
#include <memory>

#include "proxy/observe/access_record.h"

namespace berth::observe {

class AccessRing {
 public:
  /// `slots`: a power of two.
  AccessRing(std::uint32_t slots, std::function<void()> half_full)
      : slots_(slots), records_(new AccessRecord[slots]), half_full_(std::move(half_full)) {}

  /// The worker's side.
  void push(const AccessRecord& record) {
    const std::uint32_t head = head_.load(std::memory_order_relaxed);
    const std::uint32_t waiting = head - tail_.load(std::memory_order_acquire);
    if (waiting == slots_) {
      dropped_.store(dropped_.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
      return;
    }
    // What is not used of the text is not copied.
    std::memcpy(static_cast<void*>(&records_[head & (slots_ - 1)]), &record,
                offsetof(AccessRecord, text) + record.used);
    head_.store(head + 1, std::memory_order_release);
    if (waiting == slots_ / 2) half_full_();
  }

  /// The reader's side: the oldest, or nullptr; valid until pop().
  const AccessRecord* front() const {
    const std::uint32_t tail = tail_.load(std::memory_order_relaxed);
    return tail == head_.load(std::memory_order_acquire) ? nullptr : &records_[tail & (slots_ - 1)];
  }
  void pop() { tail_.store(tail_.load(std::memory_order_relaxed) + 1, std::memory_order_release); }

  std::uint64_t dropped() const { return dropped_.load(std::memory_order_relaxed); }

 private:
  const std::uint32_t slots_;
  std::unique_ptr<AccessRecord[]> records_;
  std::function<void()> half_full_;
  alignas(64) std::atomic<std::uint32_t> head_{0};
  std::atomic<std::uint64_t> dropped_{0};
  alignas(64) std::atomic<std::uint32_t> tail_{0};
};

}  // namespace berth::observe
