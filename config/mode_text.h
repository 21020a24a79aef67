// The words of keys that choose one of a few: text to value and back. Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "config/config.h"

namespace berth {

// Each returns what is wrong with `text`, or nothing.
std::optional<std::string> set_mode(AppMode& mode, std::string_view text);
std::optional<std::string> set_long_mode(LongMode& mode, std::string_view text);
std::optional<std::string> set_stop_to(StopTo& to, std::string_view text);
std::optional<std::string> set_log_format(LogFormat& format, std::string_view text);
std::optional<std::string> set_log_level(LogLevel& level, std::string_view text);
std::optional<std::string> set_access_format(AccessFormat& format, std::string_view text);

/// "http", "tcp"
std::string_view mode_text(AppMode mode);
/// "cut", "drain", "pin"
std::string_view long_mode_text(LongMode mode);
/// "main", "group"
std::string_view stop_to_text(StopTo to);
std::string_view log_format_text(LogFormat format);
std::string_view log_level_text(LogLevel level);
std::string_view access_format_text(AccessFormat format);

}  // namespace berth
