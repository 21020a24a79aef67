#include "proxy/route/recent_answers.h"

#include <doctest/doctest.h>

using namespace std::chrono_literals;

namespace berth::route {
namespace {

RecentAnswers::Clock::time_point at(std::chrono::milliseconds since) {
  return RecentAnswers::Clock::time_point(since);
}

}  // namespace

TEST_CASE("recent answers: every value lies in its bucket, and a bucket is a sixteenth wide at most") {
  for (std::uint64_t us = 0; us < (1ULL << 32); us += 1 + us / 7) {
    const std::size_t bucket = Latencies::bucket_of(us);
    REQUIRE(bucket < Latencies::kBuckets);
    const std::uint64_t high = Latencies::highest_in(bucket);
    const std::uint64_t low = bucket == 0 ? 0 : Latencies::highest_in(bucket - 1) + 1;
    CAPTURE(us);
    CHECK(low <= us);
    CHECK(us <= high);
    CHECK((high - low) * 16 <= std::max<std::uint64_t>(low, 16));
  }
  CHECK(Latencies::bucket_of(UINT64_MAX) == Latencies::kBuckets - 1);
}

TEST_CASE("recent answers: percentiles over all loops, the largest exactly") {
  Latencies one;
  Latencies other;
  CHECK(one.percentile(99) == 0us);
  for (int n = 1; n <= 98; ++n) one.record(1ms);
  other.record(50ms);
  other.record(70ms);
  other.record(-1us);
  one += other;
  CHECK(one.count() == 101);
  CHECK(one.max() == 70ms);
  CHECK(one.percentile(50) >= 1ms);
  CHECK(one.percentile(50) <= 1063us);
  CHECK(one.percentile(99) >= 50ms);
  CHECK(one.percentile(99) <= 54ms);
  CHECK(one.percentile(100) == 70ms);
  CHECK(one.percentile(0) == 0us);
}

TEST_CASE("recent answers: the window says how far it reaches, and what is older is forgotten") {
  RecentAnswers recent(at(0ms));
  recent.record(5ms);
  CHECK(recent.sum(at(500ms)).window == 500ms);
  CHECK(recent.sum(at(500ms)).latencies.count() == 1);
  for (auto now = 250ms; now <= 11'750ms; now += 250ms) recent.advance(at(now));
  recent.record(1ms);
  CHECK(recent.sum(at(11'750ms)).window == 11'750ms);
  CHECK(recent.sum(at(11'750ms)).latencies.count() == 2);
  recent.advance(at(12'000ms));
  CHECK(recent.sum(at(12'000ms)).window == 10s);
  CHECK(recent.sum(at(12'000ms)).latencies.count() == 1);
  CHECK(recent.sum(at(12'000ms)).latencies.max() == 1ms);
  // A loop that stood still for long has nothing to tell.
  recent.advance(at(100s));
  CHECK(recent.sum(at(100s)).latencies.count() == 0);
  CHECK(recent.sum(at(101s)).window == 11s);
}

}  // namespace berth::route
