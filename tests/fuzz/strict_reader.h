// What the letter of RFC 9112 makes of bytes: a reader of its own, strict and slow, whose word is held
// against berth's. Shares no code with berth. Pure.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace berth::fuzz {

using Fields =
    std::vector<std::pair<std::string, std::string>>;  ///< names in lower case, values without blanks

struct Message {
  enum class State {
    Whole,
    Cut,        ///< well-formed as far as it goes
    Malformed,  ///< or ambiguous
  };
  State state = State::Cut;
  bool has_head = false;  ///< a whole, well-formed one
  std::string method;     ///< of a request
  std::string target;
  int status = 0;  ///< of a response
  int minor = 1;   ///< of the version
  Fields fields;
  std::string body;  ///< without its framing; as far as it goes
  Fields trailers;
  bool until_close = false;  ///< its end is that of the connection
  std::size_t size = 0;      ///< when it is whole
};

/// The request at the start of `bytes`.
Message strict_request(std::string_view bytes);

/// The response at the start of `bytes`; `ended`: nothing follows. Interim ones are responses, too.
Message strict_response(std::string_view bytes, bool to_head, bool ended);

/// All values of `name`.
std::vector<std::string> values_of(const Fields& fields, std::string_view name);

std::string lowered(std::string_view text);

}  // namespace berth::fuzz
