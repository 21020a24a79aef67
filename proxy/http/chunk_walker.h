// The grammar of a chunked body (RFC 9112 §7.1), octet by octet: each is looked at once, and what is
// malformed is known at the octet that makes it so. Says which bytes can go on, and changes none. Pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace berth::http {

/// Whose trailers they are. None that frame or route a message are let through; in a request none either that
/// a server might take for what berth tells it of the client.
enum class Trailers : std::uint8_t { Any, OfClient };

/// What is to be done with bytes that were received.
struct BodyStep {
  std::size_t take = 0;  ///< that many from the start belong to the body and can go on
  bool bad = false;      ///< malformed behind these: nothing more of this connection can be believed
};

class ChunkWalker {
 public:
  /// For a new body. `bound`: of a chunk's header line, and of the last chunk with its trailers, in bytes.
  void start(std::size_t bound, Trailers whose);

  /// Looks at what lies in front. What is not taken (an unfinished line, the trailers) must be shown again,
  /// with more after it. With `data`, the chunks' contents are also appended there, without their framing.
  BodyStep feed(std::string_view bytes, std::string* data);

  bool done() const { return state_ == State::Done; }

 private:
  enum class State : std::uint8_t {
    Size,
    SizeBlank,  ///< only an extension follows
    ExtensionStart,
    ExtensionName,
    ExtensionNameBlank,
    ExtensionValueStart,
    ExtensionValue,
    ExtensionValueBlank,
    Quoted,
    QuotedPair,
    QuotedEnd,
    SizeLineFeed,
    Data,
    DataReturn,
    DataLineFeed,
    TrailerStart,
    TrailerName,
    TrailerValue,
    TrailerLineFeed,
    LastLineFeed,
    Done,
  };

  bool step(char c);
  bool go(bool fits, State next);
  bool step_size(char c);
  bool step_extension(char c);
  bool may_go_on(std::string_view name, char c) const;
  bool is_allowed(std::string_view name) const;

  State state_ = State::Size;
  Trailers whose_ = Trailers::Any;
  std::uint8_t digits_ = 0;
  std::uint16_t trailers_ = 0;
  std::size_t bound_ = 0;
  std::size_t seen_ = 0;  ///< of what was shown and not taken
  std::size_t name_ = 0;  ///< where the trailer under way begins, in that
  std::uint64_t left_ = 0;
};

}  // namespace berth::http
