// X-Request-Id: which of a client's is kept, and new ones. Ids tell requests apart in logs; they are no
// secret.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace berth::http {

inline constexpr std::size_t kMostRequestId = 128;

/// One that may be passed on and logged: 1 to 128 token characters (RFC 9110 §5.6.2).
bool is_request_id(std::string_view text);

/// New ids of one loop. Seeded by the kernel once; no system call afterwards.
class RequestIds {
 public:
  using Text = std::array<char, 32>;

  RequestIds();
  /// 32 hex digits.
  void next(char* into);

 private:
  std::array<std::uint64_t, 2> state_;
};

}  // namespace berth::http
