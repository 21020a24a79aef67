// The parts of a readiness check that are written as text in both the file and the options. Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "config/config.h"

namespace berth {

/// "http=/path", "http", "tcp", "listen". Returns what is wrong, or nothing.
std::optional<std::string> set_ready_check(ReadyConfig& ready, std::string_view text);

/// "200" or "200-299". Returns what is wrong, or nothing.
std::optional<std::string> set_ready_status(ReadyConfig& ready, std::string_view text);

}  // namespace berth
