// Whether what has come of a head can still become one: its octets, each looked at once, held to the grammar
// of RFC 9112. It finds the first octet after which nothing that follows makes a head of it, so that what is
// malformed is refused then, and not waited for. What the fields mean, and lines that are whole, are
// head.cc's. Pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "proxy/http/head.h"

namespace berth::http {

class HeadWatch {
 public:
  enum class Kind : std::uint8_t { Request, Response };
  /// Why nothing can become of it.
  enum class Fault : std::uint8_t {
    None,
    Malformed,
    Target,   ///< its target holds what must be percent-encoded
    Connect,  ///< its method is CONNECT
    Version,  ///< it names an HTTP version that is not 1.0 or 1.1
    Folded,   ///< a field line goes on in the next one
  };

  explicit HeadWatch(Kind kind) : kind_(kind) { restart(); }

  /// For the next head.
  void restart();

  /// Walks the octets of `head` that are new: it begins where it began before. False: see fault().
  bool walk(std::string_view head);
  Fault fault() const { return fault_; }

  /// Whether the last octet ended a field line or the start line.
  bool between_lines() const { return state_ == State::LineStart; }

  /// Whether to read `head` anew can tell more than NeedMore: it is new, a line of it has ended, or its
  /// fields have, it is as long as a head may be, or it is malformed. Reading it for each octet would cost
  /// its size in squares.
  bool worth_reading(std::string_view head, std::size_t most) {
    if (seen_ == 0) return true;
    const bool line = head.find('\n', seen_) != std::string_view::npos;
    return !walk(head) || line || state_ == State::LastLineFeed || head.size() >= most;
  }

  /// What reading `head` has given.
  void was_read(HeadResult result, std::string_view head) {
    if (result == HeadResult::NeedMore)
      walk(head);
    else if (seen_ != 0)
      restart();
  }

 private:
  enum class State : std::uint8_t {
    Method,
    TargetStart,
    Scheme,    ///< of an absolute target
    Asterisk,  ///< nothing but a blank follows
    Target,
    Version,
    AfterVersion,  ///< of a response: the blank before the status
    Status,
    AfterStatus,
    Reason,
    LineEnd,  ///< of a request's first line
    LineFeed,
    LineStart,  ///< of a field line, or of the empty line
    Name,
    Value,
    LastLineFeed,
    Done,
  };

  bool step(std::string_view head, char c);
  bool fail(Fault fault);
  bool expect(bool fits, State next);
  bool step_target(std::string_view head, char c);
  bool step_scheme(char c);
  bool step_version(char c);
  bool step_status(char c);

  Kind kind_;
  State state_ = State::Method;
  Fault fault_ = Fault::None;
  std::uint8_t at_ = 0;  ///< octets within a state that has a fixed text
  std::uint32_t seen_ = 0;
};

}  // namespace berth::http
