// The request targets that the demo understands: path, and numbers out of the query. Pure.
#pragma once

#include <cstdint>
#include <string_view>

namespace berth::demo {

/// The part before the query, without `base` ("/demo"; empty: none) where it lies below that: "/" for the
/// base itself.
std::string_view path_of(std::string_view target, std::string_view base);

/// The number behind `name=` in the query, at most `limit`; `fallback` if it is absent or no number.
std::uint64_t number_in(std::string_view target, std::string_view name, std::uint64_t fallback,
                        std::uint64_t limit);

}  // namespace berth::demo
