// What must hold of berth for whatever bytes: what a strict reader makes of the bytes that berth has sent is
// what the sender's bytes meant.
#pragma once

#include <string>
#include <string_view>

namespace berth::fuzz {

/// What is wrong; empty: all holds.
struct Verdict {
  std::string wrong;
  bool passed_on = false;  ///< something whole went through: the run is worth more
};

/// `bytes`: what a client sends. The first two say how they come in pieces.
Verdict try_request(std::string_view bytes);

/// `bytes`: what a backend answers. The first two say how they come in pieces, and what was asked.
Verdict try_response(std::string_view bytes);

/// `bytes`: what a backend answers to a check. The first two say how they come in pieces.
Verdict try_check(std::string_view bytes);

}  // namespace berth::fuzz
