// The words in braces that berth replaces in commands and variables. `{port}` is replaced; `{{port}}` gives
// `{port}`; every other brace stays as it is. Pure.
#pragma once

#include <array>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace berth {

/// Those that have a value.
inline constexpr std::array<std::string_view, 4> kPlaceholders{"host", "port", "fd", "socket"};
/// Those that have none yet: written alone they are refused, so that a later berth can give them one.
inline constexpr std::array<std::string_view, 3> kReservedPlaceholders{"out", "instance", "branch"};

/// `text` with each `{NAME}` of kPlaceholders as `value_of(NAME)` has it, and each doubled one as a single
/// one.
std::string filled_in(std::string_view text,
                      const std::function<std::string(std::string_view name)>& value_of);

/// Whether `{name}` occurs, and not only doubled.
bool names_placeholder(std::string_view text, std::string_view name);

/// What is wrong with a reserved name in `text`: one sentence, and after "; write" what to do. nullopt:
/// nothing.
std::optional<std::string> reserved_fault(std::string_view text);

}  // namespace berth
