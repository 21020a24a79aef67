#include "bench/load/histogram.h"

#include <doctest/doctest.h>

#include <random>

using namespace std::chrono_literals;
using berth::load::Histogram;

TEST_CASE("histogram: every value lies in the bucket that claims it, within a part in a thousand") {
  std::mt19937_64 random(7);
  for (int i = 0; i < 100'000; ++i) {
    const std::uint64_t value = random() >> (22 + random() % 42);
    const auto bucket = Histogram::bucket_of(value);
    const auto highest = Histogram::highest_in(bucket);
    REQUIRE(highest >= value);
    REQUIRE(static_cast<double>(highest - value) <= static_cast<double>(value) / 1000.0);
    REQUIRE(Histogram::bucket_of(highest) == bucket);
    REQUIRE(Histogram::bucket_of(highest + 1) == bucket + (highest + 1 >= (std::uint64_t{1} << 42) ? 0 : 1));
  }
}

TEST_CASE("histogram: percentiles of a known series") {
  Histogram histogram;
  for (int i = 1; i <= 1000; ++i) histogram.record(std::chrono::microseconds(i));
  CHECK(histogram.count() == 1000);
  CHECK(histogram.min() == 1us);
  CHECK(histogram.max() == 1000us);
  CHECK(histogram.mean() == 500'500ns);
  CHECK(histogram.percentile(0) >= 1us);
  CHECK(std::chrono::abs(histogram.percentile(50) - 500us) <= 1us);
  CHECK(std::chrono::abs(histogram.percentile(99) - 990us) <= 1us);
  CHECK(histogram.percentile(100) == 1000us);
}

TEST_CASE("histogram: an empty one answers zero, and extremes are kept within bounds") {
  Histogram histogram;
  CHECK(histogram.percentile(99) == 0ns);
  CHECK(histogram.min() == 0ns);
  histogram.record(-5ns);
  CHECK(histogram.min() == 0ns);
  histogram.record(std::chrono::hours(100));
  CHECK(histogram.max() == std::chrono::hours(100));
  CHECK(histogram.percentile(100) > std::chrono::hours(1));
}

TEST_CASE("histogram: merged histograms count as one") {
  Histogram a, b, both;
  for (int i = 0; i < 500; ++i) {
    a.record(std::chrono::microseconds(i));
    b.record(std::chrono::milliseconds(i));
    both.record(std::chrono::microseconds(i));
    both.record(std::chrono::milliseconds(i));
  }
  a.merge(b);
  CHECK(a.count() == both.count());
  CHECK(a.min() == both.min());
  CHECK(a.max() == both.max());
  for (const double percent : {1.0, 25.0, 50.0, 75.0, 99.0, 99.9}) {
    CHECK(a.percentile(percent) == both.percentile(percent));
  }
}
