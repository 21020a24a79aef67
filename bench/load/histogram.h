// A log-linear histogram of durations in HDR's bucket layout: three significant digits from a nanosecond to
// over an hour, in fixed memory, without rounding that grows with the value. Knows no clock. Pure.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace berth::load {

/// Counts durations. A value; copied and merged freely. Not thread-safe.
class Histogram {
 public:
  Histogram();

  /// Negative durations count as zero, those above an hour and some as the largest that fits.
  void record(std::chrono::nanoseconds value);

  /// Adds what `other` counted.
  void merge(const Histogram& other);

  /// As new.
  void clear();

  /// Calls `see(highest, count)` for each bucket that counted something, from the lowest on.
  template <class See>
  void each(See see) const {
    for (std::size_t i = 0; i < counts_.size(); ++i)
      if (counts_[i] != 0) see(std::chrono::nanoseconds(highest_in(i)), counts_[i]);
  }

  std::uint64_t count() const { return count_; }
  std::chrono::nanoseconds min() const;  ///< 0 without values
  std::chrono::nanoseconds max() const { return std::chrono::nanoseconds(max_); }
  std::chrono::nanoseconds mean() const;  ///< 0 without values

  /// The largest duration that is equivalent (to three digits) to the one below which `percent` of all values
  /// lie, never above max(). `percent` is within [0, 100]; 0 without values.
  std::chrono::nanoseconds percentile(double percent) const;

  /// The bucket that a value falls into, and the largest value of a bucket.
  static std::size_t bucket_of(std::uint64_t ns);
  static std::uint64_t highest_in(std::size_t bucket);

 private:
  std::vector<std::uint64_t> counts_;
  std::uint64_t count_ = 0;
  std::uint64_t min_ = UINT64_MAX;
  std::uint64_t max_ = 0;
  double sum_ = 0;
};

}  // namespace berth::load
