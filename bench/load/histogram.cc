#include "bench/load/histogram.h"

#include <algorithm>
#include <bit>
#include <cmath>

namespace berth::load {
namespace {

// 2,048 linear steps resolve 1 part in 1,000 over the upper half of each power of two (HDR's rule).
constexpr unsigned kLinearBits = 11;
constexpr std::uint64_t kLinear = std::uint64_t{1} << kLinearBits;
constexpr std::uint64_t kHalf = kLinear / 2;
constexpr unsigned kValueBits = 42;
constexpr std::uint64_t kLargest = (std::uint64_t{1} << kValueBits) - 1;
constexpr std::size_t kBuckets = kLinear + (kValueBits - kLinearBits) * kHalf;

}  // namespace

Histogram::Histogram() : counts_(kBuckets, 0) {}

std::size_t Histogram::bucket_of(std::uint64_t ns) {
  ns = std::min(ns, kLargest);
  if (ns < kLinear) return ns;
  const unsigned shift = static_cast<unsigned>(std::bit_width(ns)) - kLinearBits;
  return kLinear + (shift - 1) * kHalf + ((ns >> shift) - kHalf);
}

std::uint64_t Histogram::highest_in(std::size_t bucket) {
  if (bucket < kLinear) return bucket;
  const std::size_t above = bucket - kLinear;
  const unsigned shift = static_cast<unsigned>(above / kHalf) + 1;
  const std::uint64_t step = above % kHalf + kHalf;
  return ((step + 1) << shift) - 1;
}

void Histogram::record(std::chrono::nanoseconds value) {
  const auto ns = static_cast<std::uint64_t>(std::max<std::int64_t>(value.count(), 0));
  ++counts_[bucket_of(ns)];
  ++count_;
  min_ = std::min(min_, ns);
  max_ = std::max(max_, ns);
  sum_ += static_cast<double>(ns);
}

void Histogram::clear() {
  std::fill(counts_.begin(), counts_.end(), 0);
  count_ = 0;
  min_ = UINT64_MAX;
  max_ = 0;
  sum_ = 0;
}

void Histogram::merge(const Histogram& other) {
  for (std::size_t i = 0; i < counts_.size(); ++i) counts_[i] += other.counts_[i];
  count_ += other.count_;
  min_ = std::min(min_, other.min_);
  max_ = std::max(max_, other.max_);
  sum_ += other.sum_;
}

std::chrono::nanoseconds Histogram::min() const {
  return std::chrono::nanoseconds(count_ == 0 ? 0 : static_cast<std::int64_t>(min_));
}

std::chrono::nanoseconds Histogram::mean() const {
  if (count_ == 0) return std::chrono::nanoseconds(0);
  return std::chrono::nanoseconds(std::llround(sum_ / static_cast<double>(count_)));
}

std::chrono::nanoseconds Histogram::percentile(double percent) const {
  if (count_ == 0) return std::chrono::nanoseconds(0);
  const double share = std::clamp(percent, 0.0, 100.0) / 100.0;
  const auto wanted =
      std::max<std::uint64_t>(1, static_cast<std::uint64_t>(std::ceil(share * static_cast<double>(count_))));
  std::uint64_t seen = 0;
  for (std::size_t i = 0; i < counts_.size(); ++i) {
    seen += counts_[i];
    if (seen >= wanted) return std::chrono::nanoseconds(std::min(highest_in(i), max_));
  }
  return max();
}

}  // namespace berth::load
