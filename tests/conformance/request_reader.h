// Reads requests as a strict server would, by a reader of its own: what it makes of the bytes that a proxy
// has sent is held against what the client meant. Knows no socket. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace berth::test {

/// A request as it came.
struct SeenRequest {
  std::string head;      ///< with its empty line
  std::string body;      ///< without its framing
  std::size_t size = 0;  ///< all of it, as it came
};

/// The request at the start of `bytes`; nullopt if it is not whole, or none that could be believed.
std::optional<SeenRequest> read_request(std::string_view bytes);

}  // namespace berth::test
