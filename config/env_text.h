// `$NAME` in the values of a file's `env`. Pure but for what the variables' source does.
#pragma once

#include <functional>
#include <optional>
#include <string>

namespace berth {

/// What `$VAR` in an `env` value stands for; nullopt: not set, which is an error.
using Variables = std::function<std::optional<std::string>(const std::string&)>;

/// What one variable may hold at most: the kernel's own bound (MAX_ARG_STRLEN, execve(2)).
inline constexpr std::size_t kLongestVariable = 128UL * 1024;

/// `$NAME` and `${NAME}` replaced, `$$` is a dollar. `missing` becomes the name that is not set. What is
/// longer than kLongestVariable ends somewhere behind it.
std::string expand_variables(const std::string& text, const Variables& variables, std::string& missing);

}  // namespace berth
