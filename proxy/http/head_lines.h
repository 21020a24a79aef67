// The lines of a head, one at a time: the grammar of RFC 9112 to the letter, which no octet passes that it
// does not name. What the fields mean is head.cc's. Pure.
//
// All of them read from `at`, never from `last` on, and move `at` behind the line if it is whole.
#pragma once

#include "proxy/http/head.h"

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
  std::string_view after_version;  ///< from the blank behind the version to the line feed, inclusive
};

LineResult read_request_line(const char*& at, const char* last, RequestLine& line);

LineResult read_status_line(const char*& at, const char* last, StatusLine& line);

/// RFC 9112 §5. Looks one octet behind the line, for a fold. Sets line, name and value of `field`.
LineResult read_field_line(const char*& at, const char* last, Field& field);

}  // namespace berth::http
