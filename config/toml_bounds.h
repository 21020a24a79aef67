// What a TOML text may hold, asked before it is parsed: the parser, and whoever walks or frees what it made,
// recurses once for each level, and it does not stand every character everywhere. Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace berth {

/// The largest file that is read.
inline constexpr std::size_t kLargestFile = 1024 * 1024;

/// Where a text goes beyond a bound.
struct TomlBound {
  unsigned line = 0;    ///< from 1
  unsigned column = 0;  ///< from 1, in bytes
  std::string what;
};

/// nullopt: tables and lists of `text` lie at most 64 within each other, however they are written (a header,
/// a key with dots, brackets, braces), and characters beyond ASCII stand in strings and comments alone. Text
/// that is not TOML may pass, up to where the parser stops at it.
std::optional<TomlBound> toml_beyond_bounds(std::string_view text);

}  // namespace berth
