// Where the body of one message ends: counts a Content-Length, walks chunks (Beast's parser with the strict
// rules of RFC 9112 §7.1), or waits for the end of the connection. Says which of the bytes received belong to
// it, and changes none. Pure.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "proxy/http/head.h"

namespace berth::http {

class ChunkWalker;

/// Whose trailers they are. None that frame or route a message are let through; in a request none either that
/// a server might take for what berth tells it of the client.
enum class Trailers : std::uint8_t { Any, OfClient };

/// What is to be done with bytes that were received.
struct BodyStep {
  std::size_t take = 0;  ///< that many from the start belong to the body and can go on
  bool bad = false;      ///< malformed: nothing more of this connection can be believed
};

class BodyReader {
 public:
  BodyReader();
  ~BodyReader();
  BodyReader(BodyReader&&) noexcept;
  BodyReader& operator=(BodyReader&&) noexcept;

  /// `bound`: of a chunk's header line, and of the trailer section, in bytes.
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
  std::size_t bound_ = 0;
  Trailers trailers_ = Trailers::Any;
  std::unique_ptr<ChunkWalker> walker_;
};

}  // namespace berth::http
