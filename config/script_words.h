// The words of a script of package.json, as the shell that npm starts would cut them. Only a script that is
// one plain command has them: berth reads it to see what it starts, and never rewrites it. Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace berth {

/// nullopt: it is empty, several commands, or one that means something only to a shell (a variable, a glob, a
/// redirection, an open quote), so words at its end might land elsewhere.
std::optional<std::vector<std::string>> script_words(std::string_view script);

}  // namespace berth
