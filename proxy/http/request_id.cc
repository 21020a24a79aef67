#include "proxy/http/request_id.h"

#include <sys/random.h>

#include <bit>
#include <chrono>

#include "proxy/http/octets.h"

namespace berth::http {
namespace {

/// 16 hex digits.
void put_hex(std::uint64_t value, char* into) {
#ifdef __SSE2__
  const __m128i octets = _mm_loadl_epi64(reinterpret_cast<const __m128i*>(&value));
  const __m128i fifteen = _mm_set1_epi8(15);
  const __m128i high = _mm_and_si128(_mm_srli_epi16(octets, 4), fifteen);
  const __m128i nibbles = _mm_unpacklo_epi8(high, _mm_and_si128(octets, fifteen));
  const __m128i letters =
      _mm_and_si128(_mm_cmpgt_epi8(nibbles, _mm_set1_epi8(9)), _mm_set1_epi8('a' - 10 - '0'));
  const __m128i digits = _mm_add_epi8(_mm_add_epi8(nibbles, _mm_set1_epi8('0')), letters);
  _mm_storeu_si128(reinterpret_cast<__m128i*>(into), digits);
#else
  for (int i = 0; i < 16; ++i) into[i] = "0123456789abcdef"[(value >> (4 * i)) & 15];
#endif
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
    put_hex(value, into);
    into += 16;
  }
}

}  // namespace berth::http
