#include "proxy/route/recent_answers.h"

#include <algorithm>
#include <bit>
#include <cmath>

namespace berth::route {

std::size_t Latencies::bucket_of(std::uint64_t us) {
  us = std::min(us, (std::uint64_t{1} << kValueBits) - 1);
  if (us < kLinear) return us;
  const unsigned shift = static_cast<unsigned>(std::bit_width(us)) - kLinearBits;
  return kLinear + (shift - 1) * kHalf + ((us >> shift) - kHalf);
}

std::uint64_t Latencies::highest_in(std::size_t bucket) {
  if (bucket < kLinear) return bucket;
  const std::size_t above = bucket - kLinear;
  const auto shift = static_cast<unsigned>(above / kHalf) + 1;
  return ((above % kHalf + kHalf + 1) << shift) - 1;
}

void Latencies::record(std::chrono::microseconds took) {
  const auto us = static_cast<std::uint64_t>(std::max<std::int64_t>(took.count(), 0));
  ++counts_[bucket_of(us)];
  ++count_;
  max_ = std::max(max_, us);
}

Latencies& Latencies::operator+=(const Latencies& other) {
  for (std::size_t n = 0; n < kBuckets; ++n) counts_[n] += other.counts_[n];
  count_ += other.count_;
  max_ = std::max(max_, other.max_);
  return *this;
}

std::chrono::microseconds Latencies::percentile(double percent) const {
  const double share = std::clamp(percent, 0.0, 100.0) / 100.0;
  const auto wanted =
      std::max<std::uint64_t>(1, static_cast<std::uint64_t>(std::ceil(share * static_cast<double>(count_))));
  std::uint64_t seen = 0;
  for (std::size_t n = 0; n < kBuckets; ++n) {
    seen += counts_[n];
    if (seen >= wanted) return std::chrono::microseconds(std::min(highest_in(n), max_));
  }
  return max();
}

Recent& Recent::operator+=(const Recent& other) {
  latencies += other.latencies;
  window = std::max(window, other.window);
  return *this;
}

RecentAnswers::RecentAnswers(Clock::time_point now) : slice_begun_(now) {}

void RecentAnswers::advance(Clock::time_point now) {
  // After a long standstill nothing of the window is left: no need to turn it more often.
  for (std::size_t turns = 0; turns < kSlices && now - slice_begun_ >= kSlice; ++turns) {
    at_ = (at_ + 1) % kSlices;
    slices_[at_] = {};
    whole_ = std::min(whole_ + 1, kSlices - 1);
    slice_begun_ += kSlice;
  }
  if (now - slice_begun_ >= kSlice) slice_begun_ = now;
}

Recent RecentAnswers::sum(Clock::time_point now) const {
  Recent recent;
  for (const Latencies& slice : slices_) recent.latencies += slice;
  const auto reach = now - slice_begun_ + kSlice * whole_;
  recent.window =
      std::max(std::chrono::duration_cast<std::chrono::milliseconds>(reach), std::chrono::milliseconds(1));
  return recent;
}

}  // namespace berth::route
