// The sum of what each worker counts.
#include <doctest/doctest.h>

#include <array>

#include "proxy/http/data_plane.h"

using namespace berth;
using http::Counters;

TEST_CASE("counters: what the workers count is summed, each number with its own") {
  constexpr std::array<std::uint64_t Counters::*, 10> kAll{
      &Counters::requests,    &Counters::failed,        &Counters::held_total,
      &Counters::retried,     &Counters::held,          &Counters::in_flight,
      &Counters::connections, &Counters::upstream_idle, &Counters::upstream_active,
      &Counters::tunnels};
  static_assert(sizeof(Counters) == kAll.size() * sizeof(std::uint64_t) + sizeof(route::Tally),
                "a new counter has to be summed, and to join this test");
  Counters one;
  Counters two;
  std::uint64_t next = 1;
  for (const auto member : kAll) {
    one.*member = next;
    two.*member = 1'000 * next++;
  }
  for (std::uint64_t& each : one.tally.by_class) each = next++;
  for (std::uint64_t& each : one.tally.took) each = next++;
  for (std::uint64_t& each : one.tally.hit) each = next++;
  one.tally.took_us = next;
  two.tally = one.tally;
  Counters sum = one;
  sum += two;
  for (const auto member : kAll) CHECK(sum.*member == 1'001 * (one.*member));
  for (std::size_t i = 0; i < sum.tally.by_class.size(); ++i)
    CHECK(sum.tally.by_class[i] == 2 * one.tally.by_class[i]);
  for (std::size_t i = 0; i < sum.tally.took.size(); ++i) CHECK(sum.tally.took[i] == 2 * one.tally.took[i]);
  for (std::size_t i = 0; i < sum.tally.hit.size(); ++i) CHECK(sum.tally.hit[i] == 2 * one.tally.hit[i]);
  CHECK(sum.tally.took_us == 2 * one.tally.took_us);
}
