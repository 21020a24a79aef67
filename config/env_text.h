// `$NAME` in the values of a file's `env`. Pure but for what the variables' source does.
#pragma once

#include <functional>
#include <optional>
#include <string>

namespace berth {

/// What `$VAR` in an `env` value stands for; nullopt: not set, which is an error.
using Variables = std::function<std::optional<std::string>(const std::string&)>;

/// `$NAME` and `${NAME}` replaced, `$$` is a dollar. `missing` becomes the name that is not set.
std::string expand_variables(const std::string& text, const Variables& variables, std::string& missing);

}  // namespace berth
