// Where the body of one message ends: counts a Content-Length, walks chunks, or waits for the end of the
// connection. Says which of the bytes received belong to it, and changes none. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "proxy/http/chunk_walker.h"
#include "proxy/http/head.h"

namespace berth::http {

class BodyReader {
 public:
  /// `bound`: of a chunk's header line, and of the last chunk with its trailers, in bytes.
  void start(Framing framing, std::uint64_t length, std::size_t bound, Trailers trailers = Trailers::Any);

  bool done() const { return done_; }
  Framing framing() const { return framing_; }
  /// Bytes that are still to come, with Framing::Length.
  std::uint64_t left() const { return left_; }

  /// Looks at what lies in front. What is not taken must be shown again, with more behind it. With `data`,
  /// the chunks' contents are also appended there, without their framing.
  BodyStep feed(std::string_view bytes, std::string* data = nullptr);

  /// `n` bytes of the body went past this, unseen. Only with Framing::Length, and no more than are left.
  void skip(std::uint64_t n) {
    left_ -= n;
    done_ = left_ == 0;
  }

  /// The connection has ended: true if the body was complete by that (RFC 9112 §8).
  bool end();

 private:
  Framing framing_ = Framing::None;
  bool done_ = true;
  std::uint64_t left_ = 0;
  ChunkWalker walker_;
};

}  // namespace berth::http
