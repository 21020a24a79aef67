#include "config/duration_text.h"

#include <array>
#include <charconv>
#include <cmath>
#include <cstdio>
#include <utility>

namespace berth {
namespace {

struct Unit {
  std::string_view name;
  std::int64_t factor;
};

constexpr std::array<Unit, 4> kTimes{{{"h", 3'600'000}, {"m", 60'000}, {"s", 1'000}, {"ms", 1}}};
constexpr std::array<Unit, 4> kSizes{{{"GiB", 1 << 30}, {"MiB", 1 << 20}, {"KiB", 1 << 10}, {"B", 1}}};

// A hundred days: longer waits are typing errors, and "off" says for ever.
constexpr double kLongestMs = 100.0 * 24 * 3'600'000;

std::string shortened(const char* format, double value) {
  char buffer[48];
  std::snprintf(buffer, sizeof buffer, format, value);
  return buffer;
}

}  // namespace

std::optional<Milliseconds> parse_duration(std::string_view text) {
  if (text == "off") return kOff;
  double number = 0;
  const char* end = text.data() + text.size();
  auto [stop, error] = std::from_chars(text.data(), end, number, std::chars_format::fixed);
  if (error != std::errc{} || number < 0 || !std::isfinite(number)) return std::nullopt;
  std::string_view unit(stop, static_cast<std::size_t>(end - stop));
  if (unit.empty()) return number == 0 ? std::optional(Milliseconds(0)) : std::nullopt;
  for (const Unit& known : kTimes) {
    if (unit != known.name) continue;
    double ms = number * static_cast<double>(known.factor);
    if (ms > kLongestMs || (ms > 0 && ms < 1)) return std::nullopt;
    return Milliseconds(std::llround(ms));
  }
  return std::nullopt;
}

std::optional<std::uint64_t> parse_size(std::string_view text) {
  std::uint64_t number = 0;
  const char* end = text.data() + text.size();
  auto [stop, error] = std::from_chars(text.data(), end, number);
  if (error != std::errc{}) return std::nullopt;
  std::string_view unit(stop, static_cast<std::size_t>(end - stop));
  if (unit.empty()) return number;
  for (const Unit& known : kSizes) {
    if (unit != known.name) continue;
    auto factor = static_cast<std::uint64_t>(known.factor);
    if (number > UINT64_MAX / factor) return std::nullopt;
    return number * factor;
  }
  return std::nullopt;
}

std::string duration_text(Milliseconds value) {
  if (value == kOff) return "off";
  if (value.count() == 0) return "0";
  for (const Unit& unit : kTimes) {
    if (value.count() % unit.factor != 0) continue;
    // "90s" is read faster than "1.5m", but "2m" faster than "120s".
    return std::to_string(value.count() / unit.factor) + std::string(unit.name);
  }
  return std::to_string(value.count()) + "ms";
}

std::string size_text(std::uint64_t bytes) {
  for (const Unit& unit : kSizes) {
    auto factor = static_cast<std::uint64_t>(unit.factor);
    if (factor == 1 || bytes == 0 || bytes % factor != 0) continue;
    return std::to_string(bytes / factor) + std::string(unit.name);
  }
  return std::to_string(bytes);
}

std::string elapsed_text(std::chrono::microseconds took) {
  double ms = static_cast<double>(took.count()) / 1000;
  if (ms < 0.05) return "<0.1 ms";  // a zero would look like nothing was done
  if (ms < 9.95) return shortened("%.1f ms", ms);
  if (ms < 999.5) return shortened("%.0f ms", ms);
  if (ms < 9'995) return shortened("%.2f s", ms / 1000);
  if (ms < 119'950) return shortened("%.1f s", ms / 1000);
  auto seconds = std::llround(ms / 1000);
  return std::to_string(seconds / 60) + " min " + std::to_string(seconds % 60) + " s";
}

}  // namespace berth
