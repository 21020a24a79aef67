// The field Date (RFC 9110 §6.6.1), written once a second.
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <string_view>

namespace berth::http {

/// Lives in one loop.
class HttpDate {
 public:
  using Clock = std::chrono::steady_clock;

  /// "Date: Sun, 06 Nov 1994 08:49:37 GMT\r\n", valid until the next call. `now` tells when the second is
  /// over, so that the time of day is asked for once a second only.
  std::string_view line(Clock::time_point now) {
    if (now >= until_) write(now);
    return {text_.data(), size_};
  }

 private:
  void write(Clock::time_point now);

  Clock::time_point until_{};
  std::array<char, 48> text_{};
  std::size_t size_ = 0;
};

}  // namespace berth::http
