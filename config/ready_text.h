// The parts of a readiness check that are written as text in both the file and the options. Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "config/config.h"

namespace berth {

/// "http=/path", "http", "tcp", "listen", "notify", "log=REGEX", "exec=CMD ARG". Returns what is wrong, or
/// nothing.
std::optional<std::string> set_ready_check(ReadyConfig& ready, std::string_view text);

/// "200" or "200-299". Returns what is wrong, or nothing.
std::optional<std::string> set_ready_status(ReadyConfig& ready, std::string_view text);

/// The check in one line, as the options have it: "http=/health".
std::string ready_check_text(const ReadyConfig& ready);

/// The whole of it in one line: "http=/health, 3 in a row, warm / /slow".
std::string ready_text(const ReadyConfig& ready);

/// Cut at blanks; quotes of either kind keep what they enclose together, nothing else is special. nullopt: a
/// quote is not closed.
std::optional<std::vector<std::string>> split_words(std::string_view text);

}  // namespace berth
