// The classes of octets that the grammar of a head is made of (RFC 9110 §5, RFC 9112). Pure.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#ifdef __SSE2__
#include <emmintrin.h>

#include <bit>
#endif

namespace berth::http {

/// tchar (RFC 9110 §5.6.2)
inline constexpr std::uint8_t kToken = 1;
/// HTAB, SP, VCHAR and obs-text: what a field's value and a reason phrase consist of (RFC 9110 §5.5)
inline constexpr std::uint8_t kText = 2;
/// What a request target may hold; RFC 3986 leaves out more, which clients send and backends take.
inline constexpr std::uint8_t kTarget = 4;
/// What ends no target, but has to be percent-encoded in one (RFC 3986 §2.1).
inline constexpr std::uint8_t kToEncode = 8;

inline constexpr std::array<std::uint8_t, 256> kOctets = [] {
  std::array<std::uint8_t, 256> table{};
  for (std::size_t c = 0; c < table.size(); ++c) {
    const bool visible = c > 0x20 && c < 0x7f;
    const bool alphanumeric = (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
    if (alphanumeric) table[c] |= kToken;
    if (c == '\t' || c == ' ' || visible || c >= 0x80) table[c] |= kText;
    if (c >= 0x80 || c == '#' || c == '"')
      table[c] |= kToEncode;
    else if (visible)
      table[c] |= kTarget;
  }
  for (const char c : std::string_view("!#$%&'*+-.^_`|~")) table[static_cast<std::uint8_t>(c)] |= kToken;
  return table;
}();

constexpr bool is(char c, std::uint8_t classes) {
  return (kOctets[static_cast<std::uint8_t>(c)] & classes) != 0;
}

constexpr bool is_digit(char c) { return c >= '0' && c <= '9'; }

/// OWS is made of these (RFC 9110 §5.6.3).
constexpr bool is_blank(char c) { return c == ' ' || c == '\t'; }

/// The first of [at, last) that is of none of `classes`; `last` if there is none.
constexpr const char* skip(const char* at, const char* last, std::uint8_t classes) {
  while (at != last && is(*at, classes)) ++at;
  return at;
}

/// skip() of kText, which is most of a head: 16 octets at a time where the machine can.
inline const char* skip_text(const char* at, const char* last) {
#ifdef __SSE2__
  const __m128i highest_control = _mm_set1_epi8(0x1f);
  for (; last - at >= 16; at += 16) {
    const __m128i octets = _mm_loadu_si128(reinterpret_cast<const __m128i*>(at));
    const __m128i control = _mm_cmpeq_epi8(_mm_min_epu8(octets, highest_control), octets);
    const __m128i tab = _mm_cmpeq_epi8(octets, _mm_set1_epi8('\t'));
    const __m128i del = _mm_cmpeq_epi8(octets, _mm_set1_epi8(0x7f));
    const __m128i no_text = _mm_or_si128(_mm_andnot_si128(tab, control), del);
    const unsigned other = static_cast<unsigned>(_mm_movemask_epi8(no_text));
    if (other != 0) return at + std::countr_zero(other);
  }
#endif
  return skip(at, last, kText);
}

/// skip() of kToken, for the names of fields: letters and hyphens, which most of them are, 16 at a time.
inline const char* skip_name(const char* at, const char* last) {
#ifdef __SSE2__
  for (; last - at >= 16; at += 16) {
    const __m128i octets = _mm_loadu_si128(reinterpret_cast<const __m128i*>(at));
    const __m128i lower = _mm_or_si128(octets, _mm_set1_epi8(0x20));
    const __m128i letter = _mm_and_si128(_mm_cmpgt_epi8(lower, _mm_set1_epi8('a' - 1)),
                                         _mm_cmplt_epi8(lower, _mm_set1_epi8('z' + 1)));
    const __m128i hyphen = _mm_cmpeq_epi8(octets, _mm_set1_epi8('-'));
    const unsigned other = static_cast<unsigned>(_mm_movemask_epi8(_mm_or_si128(letter, hyphen))) ^ 0xffffU;
    if (other == 0) continue;
    at += std::countr_zero(other);
    break;
  }
#endif
  return skip(at, last, kToken);
}

/// True of 1*tchar.
constexpr bool is_token(std::string_view text) {
  const char* const last = text.data() + text.size();
  return !text.empty() && skip(text.data(), last, kToken) == last;
}

}  // namespace berth::http
