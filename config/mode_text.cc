#include "config/mode_text.h"

#include <algorithm>
#include <array>
#include <utility>

namespace berth {
namespace {

template <class Value, std::size_t N>
using Words = std::array<std::pair<std::string_view, Value>, N>;

constexpr Words<AppMode, 2> kModes{{{"http", AppMode::Http}, {"tcp", AppMode::Tcp}}};
constexpr Words<LongMode, 3> kLongModes{
    {{"cut", LongMode::Cut}, {"drain", LongMode::Drain}, {"pin", LongMode::Pin}}};
constexpr Words<StopTo, 2> kStopTos{{{"main", StopTo::Main}, {"group", StopTo::Group}}};
constexpr Words<LogFormat, 2> kFormats{{{"human", LogFormat::Human}, {"json", LogFormat::Json}}};
constexpr Words<AccessFormat, 2> kAccessFormats{
    {{"combined", AccessFormat::Combined}, {"json", AccessFormat::Json}}};
constexpr Words<LogLevel, 4> kLevels{{{"debug", LogLevel::Debug},
                                      {"info", LogLevel::Info},
                                      {"warn", LogLevel::Warn},
                                      {"error", LogLevel::Error}}};

template <class Value, std::size_t N>
std::optional<std::string> choose(Value& into, std::string_view text, const Words<Value, N>& words,
                                  std::string_view kind) {
  std::string known;
  for (std::size_t i = 0; i < N; ++i) {
    if (words[i].first == text) {
      into = words[i].second;
      return std::nullopt;
    }
    known += i == 0 ? "" : i + 1 < N ? ", " : " or ";
    known += words[i].first;
  }
  return "'" + std::string(text) + "' is not " + std::string(kind) + "; write " + known;
}

template <class Value, std::size_t N>
std::string_view word_of(Value value, const Words<Value, N>& words) {
  const auto found =
      std::find_if(words.begin(), words.end(), [&](const auto& each) { return each.second == value; });
  return found == words.end() ? std::string_view() : found->first;
}

}  // namespace

std::optional<std::string> set_mode(AppMode& mode, std::string_view text) {
  return choose(mode, text, kModes, "a mode");
}

std::optional<std::string> set_long_mode(LongMode& mode, std::string_view text) {
  return choose(mode, text, kLongModes, "a way to end a long connection");
}

std::optional<std::string> set_stop_to(StopTo& to, std::string_view text) {
  return choose(to, text, kStopTos, "a receiver of the stop signal");
}

std::optional<std::string> set_log_format(LogFormat& format, std::string_view text) {
  return choose(format, text, kFormats, "a log format");
}

std::optional<std::string> set_log_level(LogLevel& level, std::string_view text) {
  return choose(level, text, kLevels, "a log level");
}

std::optional<std::string> set_access_format(AccessFormat& format, std::string_view text) {
  return choose(format, text, kAccessFormats, "a format of the access log");
}

std::string_view mode_text(AppMode mode) { return word_of(mode, kModes); }
std::string_view long_mode_text(LongMode mode) { return word_of(mode, kLongModes); }
std::string_view stop_to_text(StopTo to) { return word_of(to, kStopTos); }
std::string_view log_format_text(LogFormat format) { return word_of(format, kFormats); }
std::string_view log_level_text(LogLevel level) { return word_of(level, kLevels); }
std::string_view access_format_text(AccessFormat format) { return word_of(format, kAccessFormats); }

}  // namespace berth
