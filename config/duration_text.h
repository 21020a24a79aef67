// Durations and sizes as the user writes them ("250ms", "30s", "5m", "off", "64KiB") and as berth shows them.
// Knows neither which option it reads nor where the text stood. Pure.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "config/config.h"

namespace berth {

/// "250ms", "1.5s", "5m", "2h", "0", "off" (kOff). Without a unit only 0 is taken. nullopt: not a duration.
std::optional<Milliseconds> parse_duration(std::string_view text);

/// "512" (bytes), "64KiB", "1MiB", "2GiB"; "kB" and the like are not taken, so that 1000 and 1024 are never
/// confused. nullopt: not a size.
std::optional<std::uint64_t> parse_size(std::string_view text);

/// As parse_duration() takes it, in the largest unit that needs no fraction: "30s", "90s", "off".
std::string duration_text(Milliseconds value);

/// As parse_size() takes it: "64KiB", "1000".
std::string size_text(std::uint64_t bytes);

/// A measured time for people: "0.3 ms", "38 ms", "4.21 s", "2 min 5 s".
std::string elapsed_text(std::chrono::microseconds took);

}  // namespace berth
