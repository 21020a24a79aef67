// The way of access records from one worker to the writing thread: a ring of fixed size, one writer, one
// reader, no lock. Full, it takes nothing and counts. Whoever writes is never stopped and makes no system
// call, but for waking the reader when the ring is half full.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <functional>
#include <memory>

#include "proxy/observe/access_record.h"

namespace berth::observe {

/// Records lie in it end to end, without the room of their texts that is not used: a busy worker comes back
/// to memory that its caches still hold. None is split at the ring's end: a mark says there that it goes on
/// at the begin.
class AccessRing {
 public:
  /// `bytes`: a power of two, and room for two of the largest records at least.
  AccessRing(std::uint32_t bytes, std::function<void()> half_full)
      : bytes_(bytes),
        // A record is looked at as a whole one, and so may be said to reach beyond the last octet.
        memory_(new (std::align_val_t{kAlign}) std::byte[bytes + sizeof(AccessRecord)]),
        half_full_(std::move(half_full)) {}

  /// The worker's side.
  void push(const AccessRecord& record) {
    const std::uint64_t head = head_.load(std::memory_order_relaxed);
    const std::uint64_t waiting = head - tail_.load(std::memory_order_acquire);
    const std::size_t size = size_of(record);
    const std::size_t left = bytes_ - place(head);
    const std::size_t skipped = left < size ? left : 0;
    if (waiting + skipped + size > bytes_) {
      dropped_.store(dropped_.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
      return;
    }
    if (skipped != 0) std::memcpy(memory_.get() + place(head), &kGoesOn, sizeof kGoesOn);
    std::memcpy(memory_.get() + place(head + skipped), &record, size_used(record));
    const std::uint64_t next = waiting + skipped + size;
    head_.store(head + skipped + size, std::memory_order_release);
    if (waiting < bytes_ / 2 && next >= bytes_ / 2) half_full_();
  }

  /// The reader's side: the oldest, or nullptr; valid until pop().
  const AccessRecord* front() {
    std::uint64_t tail = tail_.load(std::memory_order_relaxed);
    if (tail == head_.load(std::memory_order_acquire)) return nullptr;
    std::int64_t mark = 0;
    std::memcpy(&mark, memory_.get() + place(tail), sizeof mark);
    if (mark == kGoesOn) {
      tail += bytes_ - place(tail);
      tail_.store(tail, std::memory_order_release);
    }
    return reinterpret_cast<const AccessRecord*>(memory_.get() + place(tail));
  }
  /// Of what front() told.
  void pop() {
    const std::uint64_t tail = tail_.load(std::memory_order_relaxed);
    const auto& record = *reinterpret_cast<const AccessRecord*>(memory_.get() + place(tail));
    tail_.store(tail + size_of(record), std::memory_order_release);
  }

  std::uint64_t dropped() const { return dropped_.load(std::memory_order_relaxed); }

 private:
  static constexpr std::size_t kAlign = alignof(AccessRecord);
  /// In the place of a record's time.
  static constexpr std::int64_t kGoesOn = INT64_MIN;
  static_assert(offsetof(AccessRecord, unix_us) == 0 && kAlign >= sizeof kGoesOn);

  struct Free {
    void operator()(std::byte* memory) const { ::operator delete[](memory, std::align_val_t{kAlign}); }
  };

  static std::size_t size_used(const AccessRecord& record) {
    return offsetof(AccessRecord, text) + record.used;
  }
  static std::size_t size_of(const AccessRecord& record) {
    return (size_used(record) + kAlign - 1) & ~(kAlign - 1);
  }
  std::size_t place(std::uint64_t at) const { return static_cast<std::size_t>(at & (bytes_ - 1)); }

  const std::uint64_t bytes_;
  std::unique_ptr<std::byte[], Free> memory_;
  std::function<void()> half_full_;
  alignas(64) std::atomic<std::uint64_t> head_{0};
  std::atomic<std::uint64_t> dropped_{0};
  alignas(64) std::atomic<std::uint64_t> tail_{0};
};

}  // namespace berth::observe
