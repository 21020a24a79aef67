// The lines of a head, one at a time: the grammar of RFC 9112 to the letter, which no octet passes that it
// does not name. What the fields mean is head.cc's. Pure.
//
// All of them read from `at`, never from `last` on, and move `at` behind the line if it is whole.
#pragma once

#include "proxy/http/head.h"
#include "proxy/http/octets.h"

namespace berth::http {

enum class LineResult : std::uint8_t {
  Whole,
  Empty,     ///< the line that ends the head (fields only)
  Folded,    ///< the next line goes on with this one (RFC 9112 §5.2; fields only)
  NeedMore,  ///< well-formed so far
  Malformed,
  OtherVersion,  ///< what should be HTTP/1.0 or HTTP/1.1 is not
};

/// RFC 9112 §3
struct RequestLine {
  std::string_view method;
  std::string_view target;
  bool to_encode = false;  ///< the target holds what must be percent-encoded
  int version = 11;
};

/// RFC 9112 §4
struct StatusLine {
  int version = 11;
  int status = 0;                  ///< 0 to 999
  std::string_view after_version;  ///< from the blank after the version to the line feed, inclusive
  bool lacks_blank = false;        ///< none follows the status, where after_version ends then
};

LineResult read_request_line(const char*& at, const char* last, RequestLine& line);

/// RFC 9112 §4 wants a blank after the status also where no reason follows. Servers forget it, and nobody
/// reads anything else into that: it may be missing.
LineResult read_status_line(const char*& at, const char* last, StatusLine& line);

/// CRLF, and nothing else: RFC 9112 §2.2 lets a reader take a line feed alone, and so two of them differ.
/// `otherwise`: what it is if it is not.
inline LineResult read_line_end(const char*& at, const char* last, LineResult otherwise) {
  if (last - at < 2) return LineResult::NeedMore;
  if (at[0] != '\r' || at[1] != '\n') return otherwise;
  at += 2;
  return LineResult::Whole;
}

/// What follows a field line.
enum class Behind : std::uint8_t {
  Octet,    ///< at least one octet, which is looked at for a fold
  Nothing,  ///< nothing has come yet; the line is not folded as far as it is known
};

/// RFC 9112 §5. Looks one octet behind the line, for a fold. Sets line, name and value of `field`. Inline,
/// since most of what a head costs is spent here.
template <Behind kBehind = Behind::Octet>
[[gnu::always_inline]] inline LineResult read_field_line(const char*& at, const char* last, Field& field) {
  if (last - at < 2) return LineResult::NeedMore;
  if (*at == '\r') {
    const LineResult end = read_line_end(at, last, LineResult::Malformed);
    return end == LineResult::Whole ? LineResult::Empty : end;
  }
  // RFC 9112 §5.1: no blank before the colon, which no token holds.
  const char* p = skip_name(at, last);
  if (p == last) return LineResult::NeedMore;
  if (*p != ':' || p == at) return LineResult::Malformed;
  field.line = at;
  field.name = {at, p};

  ++p;
  while (p != last && is_blank(*p)) ++p;
  const char* const value = p;
  p = skip_text(p, last);
  if (p == last) return LineResult::NeedMore;
  if (*p != '\r') return LineResult::Malformed;
  const char* end = p;
  while (end != value && is_blank(end[-1])) --end;
  field.value = {value, end};

  const LineResult line_end = read_line_end(p, last, LineResult::Malformed);
  if (line_end != LineResult::Whole) return line_end;
  if (p == last) {
    if constexpr (kBehind == Behind::Octet) return LineResult::NeedMore;
    at = p;
    return LineResult::Whole;
  }
  at = p;
  return is_blank(*p) ? LineResult::Folded : LineResult::Whole;
}

}  // namespace berth::http
