// What metrics count of one app in one loop: plain numbers, summed on demand. Kept small: every finished
// request touches it, and a status asks every loop for a copy.
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace berth::route {

/// A bound of the configuration that a request, or a connection, has met.
enum class Limit : std::uint8_t {
  MaxHead,          ///< 431 and 414, max_fields included
  HeadTimeout,      ///< 408
  BodyStall,        ///< 408, body_min_rate included; also a client that stopped reading
  HoldRequests,     ///< 503
  HoldTimeout,      ///< 503
  ConnectTimeout,   ///< 504
  ResponseTimeout,  ///< 504
  StreamIdle,       ///< a response that stopped in its middle
  MaxPerClient,     ///< a connection that is turned away
  MaxConnections,   ///< times that accepting paused
  Descriptors,      ///< times that accepting paused, or a connection to a backend was not to be had
};
inline constexpr std::size_t kLimits = 11;

/// As the configuration calls them; the last is the system's.
inline constexpr std::array<std::string_view, kLimits> kLimitNames{
    "max_head",       "head_timeout",    "body_stall",       "hold_requests",
    "hold_timeout",   "connect_timeout", "response_timeout", "stream_idle",
    "max_per_client", "max_connections", "descriptors",
};

struct Tally {
  /// Upper bounds of the buckets of `took`, in microseconds; one more bucket has the rest.
  static constexpr std::array<std::uint32_t, 12> kBounds{1'000,     2'500,     5'000,      10'000,
                                                         25'000,    50'000,    100'000,    250'000,
                                                         1'000'000, 2'500'000, 10'000'000, 60'000'000};

  std::array<std::uint64_t, 6> by_class{};  ///< finished requests; [0]: without an answer
  std::array<std::uint64_t, kBounds.size() + 1> took{};
  std::uint64_t took_us = 0;
  std::array<std::uint64_t, kLimits> hit{};

  void met(Limit limit) { ++hit[static_cast<std::size_t>(limit)]; }

  /// `status` 0: the client left without an answer.
  void finished(int status, std::chrono::nanoseconds time) {
    const auto code = static_cast<std::size_t>(status) / 100;
    ++by_class[code < by_class.size() ? code : 0];
    const auto us = static_cast<std::uint64_t>(time.count()) / 1000;
    std::size_t bucket = 0;
    while (bucket < kBounds.size() && us > kBounds[bucket]) ++bucket;
    ++took[bucket];
    took_us += us;
  }

  /// Without a duration that says anything of a backend: answered without having been understood, or a whole
  /// connection that was relayed. `status` as above.
  void ended(int status) { ++by_class[static_cast<std::size_t>(status) / 100]; }

  Tally& operator+=(const Tally& other) {
    for (std::size_t i = 0; i < by_class.size(); ++i) by_class[i] += other.by_class[i];
    for (std::size_t i = 0; i < took.size(); ++i) took[i] += other.took[i];
    for (std::size_t i = 0; i < hit.size(); ++i) hit[i] += other.hit[i];
    took_us += other.took_us;
    return *this;
  }
};

}  // namespace berth::route
