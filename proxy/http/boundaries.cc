#include "proxy/http/boundaries.h"

#include <algorithm>

namespace berth::http {

std::size_t FrameWalker::feed(std::string_view bytes, bool stop) {
  std::size_t at = 0;
  while (at < bytes.size() && !(stop && at_boundary())) {
    if (head_ != 0 || payload_ == 0) {
      head_byte(static_cast<unsigned char>(bytes[at++]));
      continue;
    }
    const auto step = std::min<std::uint64_t>(payload_, bytes.size() - at);
    payload_ -= step;
    at += static_cast<std::size_t>(step);
  }
  return at;
}

void FrameWalker::head_byte(unsigned char byte) {
  constexpr unsigned char kMask = 0x80;
  if (head_ == 0) {
    closed_ = closed_ || (byte & 0x0f) == 0x08;
  } else if (head_ == 1) {
    masked_ = (byte & kMask) != 0;
    const unsigned length = byte & ~kMask;
    const unsigned extended = length == 126 ? 2U : length == 127 ? 8U : 0U;
    payload_ = extended == 0 ? length : 0;
    head_size_ = static_cast<std::uint8_t>(2 + extended + (masked_ ? 4 : 0));
  } else if (head_ < head_size_ - (masked_ ? 4 : 0)) {
    payload_ = payload_ << 8 | byte;
  }
  if (++head_ < head_size_) return;
  head_ = 0;
  head_size_ = 2;
}

std::size_t EventWalker::feed(std::string_view bytes, bool stop) {
  std::size_t at = 0;
  for (; at < bytes.size(); ++at) {
    const char c = bytes[at];
    // The second half of a CR LF belongs to the line that has ended.
    const bool tail = c == '\n' && after_cr_;
    if (stop && blank_ && !tail) return at;
    after_cr_ = c == '\r';
    if (tail) continue;
    const bool line_end = c == '\n' || c == '\r';
    blank_ = line_end && line_empty_;
    line_empty_ = line_end;
  }
  return at;
}

std::string_view close_frame(CloseCode code) {
  using namespace std::string_view_literals;
  // FIN and opcode 8; the length; the code, big-endian; the reason.
  if (code == CloseCode::GoingAway) return "\x88\x0c\x03\xe9going away"sv;
  return "\x88\x11\x03\xf4service restart"sv;
}

}  // namespace berth::http
