#include "proxy/http/head_lines.h"

#include "proxy/http/octets.h"

namespace berth::http {
namespace {

constexpr std::string_view kHttp = "HTTP/1.";
constexpr int kVersion = 8;  ///< octets of "HTTP/1.1"

/// RFC 9112 §2.3; in upper case alone.
LineResult read_version(const char*& at, const char* last, int& version) {
  if (last - at < kVersion) return LineResult::NeedMore;
  const char minor = at[kVersion - 1];
  if (!std::string_view(at, kHttp.size()).starts_with(kHttp) || (minor != '0' && minor != '1'))
    return LineResult::OtherVersion;
  version = 10 + (minor - '0');
  at += kVersion;
  return LineResult::Whole;
}

}  // namespace

LineResult read_request_line(const char*& at, const char* last, RequestLine& line) {
  const char* p = skip(at, last, kToken);
  if (p == last) return LineResult::NeedMore;
  if (*p != ' ' || p == at) return LineResult::Malformed;
  line.method = {at, p};

  const char* const target = ++p;
  p = skip(p, last, kTarget);
  line.to_encode = p != last && is(*p, kToEncode);
  if (line.to_encode) p = skip(p, last, kTarget | kToEncode);
  if (p == last) return LineResult::NeedMore;
  if (*p != ' ' || p == target) return LineResult::Malformed;
  line.target = {target, p};

  ++p;
  LineResult result = read_version(p, last, line.version);
  if (result == LineResult::Whole) result = read_line_end(p, last, LineResult::OtherVersion);
  if (result == LineResult::Whole) at = p;
  return result;
}

LineResult read_status_line(const char*& at, const char* last, StatusLine& line) {
  constexpr int kStatus = 3;  // octets of "200"
  const char* p = at;
  const LineResult version = read_version(p, last, line.version);
  if (version != LineResult::Whole) return version;
  const char* const after_version = p;
  if (p == last) return LineResult::NeedMore;
  if (*p != ' ') return LineResult::OtherVersion;

  ++p;
  if (last - p <= kStatus) return LineResult::NeedMore;
  if (!is_digit(p[0]) || !is_digit(p[1]) || !is_digit(p[2])) return LineResult::Malformed;
  line.status = 100 * (p[0] - '0') + 10 * (p[1] - '0') + (p[2] - '0');

  p += kStatus;
  line.lacks_blank = *p != ' ';
  if (!line.lacks_blank) p = skip_text(p, last);
  if (p != last && *p != '\r') return LineResult::Malformed;
  const char* const text_end = p;
  const LineResult end = read_line_end(p, last, LineResult::Malformed);
  if (end != LineResult::Whole) return end;
  line.after_version = {after_version, line.lacks_blank ? text_end : p};
  at = p;
  return LineResult::Whole;
}

}  // namespace berth::http
