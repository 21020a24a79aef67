// Reads HTTP/1.1 responses as a client must (RFC 9112 §6.3), strictly: what is not a response is Bad and
// never repaired. Owns the framing only; knows no socket and keeps no body. Pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "bench/load/head_fields.h"

namespace berth::load {

/// Takes the bytes of one connection, response after response. One per connection.
class ResponseReader {
 public:
  enum class State : std::uint8_t {
    Head,  ///< waiting for the (rest of the) head; 1xx responses but 101 are read over
    Body,  ///< the head is read, body bytes follow
    Done,  ///< the response is complete
    Bad,   ///< not an HTTP/1 response; see error()
  };

  /// What one call took: `consumed` bytes of the input, of which `body` (a part of the input) is body.
  struct Step {
    std::size_t consumed = 0;
    std::string_view body;
  };

  /// Before each response. `to_head`: the request's method was HEAD, so no body follows whatever the head
  /// says.
  void begin(bool to_head);

  /// Takes what it can of `input`, at most one run of body bytes; call again with the rest until nothing of
  /// it is left or the state is Done or Bad.
  Step feed(std::string_view input);

  /// The connection has ended: completes a response that is delimited by it. False: it was cut off.
  bool end_of_stream();

  State state() const { return state_; }
  int status() const { return status_; }
  /// Valid once Done: may the connection carry another request?
  bool keep_alive() const { return keep_alive_; }
  /// Valid once the head is read: the whole head, with its empty line.
  const std::string& head() const { return head_; }
  /// Any byte of the current response was seen.
  bool started() const { return started_; }
  /// How many interim responses (1xx but 101) came before the final one.
  unsigned interim() const { return interim_; }
  const char* error() const { return error_; }

 private:
  enum class Framing : std::uint8_t { None, Length, Chunked, UntilClose };
  enum class Chunk : std::uint8_t { Size, Data, DataEnd, Trailer };

  Step feed_head(std::string_view input);
  Step feed_chunked(std::string_view input);
  std::size_t take_line(std::string_view input, bool& complete);
  void await_head();
  void take_head_line();
  void end_head();
  bool read_status_line(std::string_view line);
  bool read_field(std::string_view line);
  void fail(const char* why);

  State state_ = State::Done;
  Framing framing_ = Framing::None;
  Chunk chunk_ = Chunk::Size;
  bool to_head_ = false;
  bool started_ = false;
  bool keep_alive_ = false;
  bool closes_ = false;
  bool has_length_ = false;
  unsigned interim_ = 0;
  std::size_t line_begin_ = 0;  ///< in head_, of the line that is coming
  int status_ = 0;
  std::uint64_t left_ = 0;
  std::string head_;
  std::string line_;
  const char* error_ = "";
};

}  // namespace berth::load
