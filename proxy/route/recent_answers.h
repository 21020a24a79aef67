// How many requests an app has answered in the last seconds and how long they took, as one loop counts it:
// plain numbers in bounded memory, an increment for each request. Knows no clock and no HTTP. Pure.
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>

namespace berth::route {

/// Counts durations in log-linear buckets of microseconds: exact below 32, and a sixteenth off at most
/// beyond, up to an hour. A value; summed over loops.
class Latencies {
 public:
  static constexpr unsigned kLinearBits = 5;
  static constexpr unsigned kValueBits = 32;
  static constexpr std::uint64_t kLinear = std::uint64_t{1} << kLinearBits;
  static constexpr std::uint64_t kHalf = kLinear / 2;
  static constexpr std::size_t kBuckets = kLinear + (kValueBits - kLinearBits) * kHalf;

  void record(std::chrono::microseconds took);
  Latencies& operator+=(const Latencies& other);

  std::uint64_t count() const { return count_; }
  std::chrono::microseconds max() const { return std::chrono::microseconds(max_); }
  /// The largest duration in the bucket of the one below which `percent` of all lie, never above max(). 0
  /// without values.
  std::chrono::microseconds percentile(double percent) const;

  /// The bucket of a value, and the largest value of a bucket.
  static std::size_t bucket_of(std::uint64_t us);
  static std::uint64_t highest_in(std::size_t bucket);

 private:
  std::array<std::uint32_t, kBuckets> counts_{};
  std::uint64_t count_ = 0;
  std::uint64_t max_ = 0;
};

/// What was answered within a window that ends now.
struct Recent {
  Latencies latencies;
  std::chrono::milliseconds window{0};  ///< how far it reaches back: ten to twelve seconds, less at first
  Recent& operator+=(const Recent& other);
};

/// The window of one loop: slices of two seconds, the oldest of which is forgotten for a new one.
class RecentAnswers {
 public:
  using Clock = std::chrono::steady_clock;
  static constexpr std::chrono::seconds kSlice{2};
  static constexpr std::size_t kSlices = 6;

  explicit RecentAnswers(Clock::time_point now);

  /// A request was answered to its last byte.
  void record(Clock::duration took) {
    slices_[at_].record(std::chrono::duration_cast<std::chrono::microseconds>(took));
  }
  /// Several times a second: begins a new slice when it is time.
  void advance(Clock::time_point now);
  Recent sum(Clock::time_point now) const;

 private:
  std::array<Latencies, kSlices> slices_;
  std::size_t at_ = 0;
  std::size_t whole_ = 0;          ///< slices before the current one that count
  Clock::time_point slice_begun_;  ///< the current one
};

}  // namespace berth::route
