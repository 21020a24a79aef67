#include "proxy/http/request_id.h"

#include <sys/random.h>

#include <bit>
#include <chrono>
#include <cstring>

#include "proxy/http/octets.h"

namespace berth::http {
namespace {

/// Eight hex digits at once: a nibble in each byte, then '0' or 'a' - 10 added.
void put_hex(std::uint32_t value, char* into) {
  std::uint64_t x = value;
  x = ((x << 16) | x) & 0x0000ffff0000ffffU;
  x = ((x << 8) | x) & 0x00ff00ff00ff00ffU;
  x = ((x << 4) | x) & 0x0f0f0f0f0f0f0f0fU;
  const std::uint64_t letters = ((x + 0x0606060606060606U) >> 4) & 0x0101010101010101U;
  x += 0x3030303030303030U + letters * ('a' - 10 - '0');
  std::memcpy(into, &x, sizeof x);
}

}  // namespace

bool is_request_id(std::string_view text) { return text.size() <= kMostRequestId && is_token(text); }

RequestIds::RequestIds() {
  if (::getrandom(state_.data(), sizeof state_, 0) != static_cast<ssize_t>(sizeof state_)) {
    state_[0] = static_cast<std::uint64_t>(std::chrono::steady_clock::now().time_since_epoch().count());
    state_[1] = reinterpret_cast<std::uintptr_t>(this);
  }
  state_[0] |= 1;  // all zeros would stay so
}

/// xoroshiro128+ (Blackman and Vigna), twice.
void RequestIds::next(char* into) {
  for (int half = 0; half < 2; ++half) {
    const std::uint64_t value = state_[0] + state_[1];
    state_[1] ^= state_[0];
    state_[0] = std::rotl(state_[0], 24) ^ state_[1] ^ (state_[1] << 16);
    state_[1] = std::rotl(state_[1], 37);
    put_hex(static_cast<std::uint32_t>(value), into);
    put_hex(static_cast<std::uint32_t>(value >> 32), into + 8);
    into += 16;
  }
}

}  // namespace berth::http
