// One line of the access log before it is a line: numbers, and the few texts as they came, cut where they are
// too long. Trivially copyable, of one size: a worker writes it into its ring and formats nothing.
#pragma once

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace berth::observe {

struct AccessRecord {
  /// Http: a request. Tcp: a whole connection, which has no texts but its address and app.
  enum class Protocol : std::uint8_t { Http, Tcp };
  enum class Text : std::uint8_t { Address, Method, Target, Referer, UserAgent, RequestId, App };
  static constexpr std::size_t kTexts = 7;
  /// The most that is kept of each.
  static constexpr std::array<std::uint16_t, kTexts> kMost{48, 24, 1024, 384, 384, 128, 64};
  static constexpr std::size_t kBytes = 48 + 24 + 1024 + 384 + 384 + 128 + 64;

  std::int64_t unix_us = 0;    ///< when it ended
  std::uint64_t bytes = 0;     ///< that the client was sent: of the body, or of all (Tcp)
  std::uint64_t received = 0;  ///< from the client (Tcp)
  std::uint64_t total_us = 0;  ///< a tunnel may last for days
  std::uint32_t generation = 0;
  std::uint32_t held_us = 0;
  std::uint32_t upstream_us = 0;  ///< to the first byte of its answer
  std::uint16_t status = 0;       ///< 499: the client left before there was one
  Protocol protocol = Protocol::Http;
  std::uint8_t version = 0;  ///< 10 or 11; 0: the head was not understood
  bool complete = true;      ///< false: the answer ended in its middle
  std::uint16_t used = 0;    ///< of `text`
  std::uint8_t cut = 0;      ///< a bit for each text that was longer
  std::array<std::uint16_t, kTexts> begins{};
  std::array<std::uint16_t, kTexts> sizes{};
  std::array<char, kBytes> text;  // not filled: only what is used is copied

  void put(Text which, std::string_view value) {
    const auto i = static_cast<std::size_t>(which);
    const std::size_t n = std::min<std::size_t>(value.size(), kMost[i]);
    if (n < value.size()) cut |= static_cast<std::uint8_t>(1U << i);
    begins[i] = used;
    sizes[i] = static_cast<std::uint16_t>(n);
    if (n != 0) std::memcpy(text.data() + used, value.data(), n);
    used = static_cast<std::uint16_t>(used + n);
  }
  std::string_view get(Text which) const {
    const auto i = static_cast<std::size_t>(which);
    return {text.data() + begins[i], sizes[i]};
  }
  bool was_cut(Text which) const { return (cut >> static_cast<unsigned>(which) & 1U) != 0; }
};

/// As the fields of a record have it.
inline std::int64_t unix_us_now() {
  using namespace std::chrono;
  return duration_cast<microseconds>(system_clock::now().time_since_epoch()).count();
}
inline std::uint64_t in_us(std::chrono::steady_clock::duration time) {
  return static_cast<std::uint64_t>(std::chrono::duration_cast<std::chrono::microseconds>(time).count());
}

}  // namespace berth::observe
