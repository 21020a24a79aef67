// Where a long connection can be ended without tearing anything: between two frames of a WebSocket (RFC 6455
// §5.2), between two events of an event stream (WHATWG HTML, "Server-sent events"). Both walk the bytes as
// they pass, and change none. Pure.
#pragma once

#include <cstdint>
#include <string_view>

namespace berth::http {

/// One direction of a WebSocket, from its first byte behind the 101.
class FrameWalker {
 public:
  /// Whether the last byte ended a frame; true before the first byte.
  bool at_boundary() const { return head_ == 0 && payload_ == 0; }
  /// Whether a Close frame has begun: it is the last one.
  bool closed() const { return closed_; }
  /// Walks `bytes`. With `stop`: only to the first boundary, which may be where it stands. Returns how many
  /// were walked.
  std::size_t feed(std::string_view bytes, bool stop = false);

 private:
  void head_byte(unsigned char byte);

  std::uint8_t head_ = 0;       ///< bytes of the frame's head that have come; 0: between frames
  std::uint8_t head_size_ = 2;  ///< as far as it is known
  bool masked_ = false;
  bool closed_ = false;
  std::uint64_t payload_ = 0;  ///< of the length, while the head is read; then what is still to come
};

/// The content of an event stream, without its transfer coding.
class EventWalker {
 public:
  /// Whether the last byte ended an event (an empty line), or nothing has come.
  bool at_boundary() const { return blank_; }
  /// As FrameWalker::feed.
  std::size_t feed(std::string_view bytes, bool stop = false);

 private:
  bool line_empty_ = true;
  bool after_cr_ = false;
  bool blank_ = true;
};

/// What a server tells a client of a WebSocket that it ends (RFC 6455 §7.4.1, and 1012 of IANA's registry).
enum class CloseCode : std::uint16_t {
  GoingAway = 1001,       ///< the server goes down
  ServiceRestart = 1012,  ///< come again
};

/// A whole Close frame from a server, with its reason; lives as long as the program.
std::string_view close_frame(CloseCode code);

}  // namespace berth::http
