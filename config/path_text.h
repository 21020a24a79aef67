// Paths as they are compared: RFC 3986 §6.2.2 names two spellings of one path. Pure.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace berth {

/// `path` as two spellings of the same have it: an escape of an unreserved character is that character, any
/// other escape has its hex digits in upper case. A query stays as it is; so does a percent sign that begins
/// no escape. Stops at `most` bytes of the result, or after them.
std::string one_spelling(std::string_view path, std::size_t most = std::string_view::npos);

/// How many bytes of `path` those are that one_spelling() turns into its first `n`.
std::size_t size_as_spelt(std::string_view path, std::size_t n);

/// Whether `path` may differ from one_spelling(path).
inline bool has_escape(std::string_view path) { return path.find('%') != std::string_view::npos; }

}  // namespace berth
