// Makes requests of shapes: their heads, and bodies cut at random from one block of random bytes. Owns
// the turn of the shapes and the randomness; knows no socket. Pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "bench/load/load.h"

namespace berth::load {

/// A request ready to be sent. `shape` and `body` live as long as the source that made it.
struct Request {
  const RequestShape* shape = nullptr;
  std::string wire;       ///< what goes out first: the head, and the chunked body if it is chunked
  std::string_view tail;  ///< what goes out after it: a body with a length
  std::string_view body;  ///< the bytes of the body themselves, for comparison with an echo
  std::size_t head = 0;   ///< how many bytes of `wire` are the head
  bool closes = false;    ///< it says Connection: close: it is the last one on its connection
  bool expects = false;   ///< it says Expect: 100-continue: its body waits for that, if not for long
};

/// One per driver.
class RequestSource {
 public:
  /// Throws std::invalid_argument for shapes that mean nothing. `host`: the field of shapes without their
  /// own.
  RequestSource(std::vector<RequestShape> shapes, const std::string& host, std::uint64_t seed);

  /// Writes the next request in turn into `request`, whose buffers are used again. `last`: it asks for the
  /// connection to be closed.
  void next(Request& request, bool last);

 private:
  std::string_view random_body(const RequestShape& shape);
  void append_chunked(std::string& wire, std::string_view body);

  std::vector<RequestShape> shapes_;
  /// Of each shape: the start line, Host and the fields, and what they promise.
  struct Head {
    std::string text;
    bool closes = false;
    bool expects = false;
  };
  std::vector<Head> heads_;
  std::uint64_t marks_ = 0;
  std::uint64_t seed_;
  std::vector<std::size_t> round_;
  std::size_t turn_ = 0;
  std::string block_;
  std::mt19937_64 random_;
};

}  // namespace berth::load
