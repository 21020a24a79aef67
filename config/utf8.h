// Where a character of UTF-8 ends, and which one it is. Pure.
#pragma once

#include <cstddef>
#include <string_view>

namespace berth {

/// The length of the UTF-8 sequence that `text` begins with; 0: it is empty or begins with none (RFC 3629
/// §4).
std::size_t utf8_length(std::string_view text);

/// The code point of a sequence that utf8_length() has measured.
char32_t utf8_code_point(std::string_view sequence);

}  // namespace berth
