#include "config/ready_text.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

namespace berth {

namespace {

using Kind = ReadyConfig::Kind;

constexpr std::array<std::pair<std::string_view, Kind>, 7> kKinds{{{"http", Kind::Http},
                                                                   {"tcp", Kind::Tcp},
                                                                   {"listen", Kind::Listen},
                                                                   {"notify", Kind::Notify},
                                                                   {"log", Kind::Log},
                                                                   {"exec", Kind::Exec},
                                                                   {"started", Kind::Started}}};

}  // namespace

std::optional<std::string> set_ready_check(ReadyConfig& ready, std::string_view text) {
  const auto equals = text.find('=');
  const bool has_value = equals != std::string_view::npos;
  const std::string value(has_value ? text.substr(equals + 1) : std::string_view());
  const auto* found = std::find_if(kKinds.begin(), kKinds.end(),
                                   [&](const auto& each) { return each.first == text.substr(0, equals); });
  const bool wants_value =
      found != kKinds.end() && (found->second == Kind::Log || found->second == Kind::Exec);
  const bool fits = found != kKinds.end() && (found->second == Kind::Http || wants_value == has_value);
  if (!fits)
    return "'" + std::string(text) +
           "' is not a check; write http=/path, tcp, listen, notify, log=REGEX or exec='COMMAND ARG'";
  if (found->second == Kind::Exec) {
    auto words = split_words(value);
    if (!words) return "a quote in '" + value + "' is not closed";
    ready.exec = std::move(*words);
  }
  ready.kind = found->second;
  if (ready.kind == Kind::Http && has_value) ready.path = value;
  if (ready.kind == Kind::Log) ready.log = value;
  return std::nullopt;
}

std::optional<std::string> set_ready_status(ReadyConfig& ready, std::string_view text) {
  int least = 0;
  const char* end = text.data() + text.size();
  auto first = std::from_chars(text.data(), end, least);
  int most = least;
  const char* stop = first.ptr;
  bool fine = first.ec == std::errc{};
  if (fine && stop != end) {
    auto second = std::from_chars(stop + 1, end, most);
    fine = *stop == '-' && second.ec == std::errc{} && second.ptr == end;
  }
  if (!fine) return "'" + std::string(text) + "' is not a status; write 200 or 200-299";
  if (least > most)
    return "'" + std::string(text) + "' begins above its end; write the lower status first, as in 200-299";
  ready.status_min = least;
  ready.status_max = most;
  return std::nullopt;
}

std::string ready_check_text(const ReadyConfig& ready) {
  const auto* found =
      std::find_if(kKinds.begin(), kKinds.end(), [&](const auto& each) { return each.second == ready.kind; });
  std::string text(found->first);
  if (ready.kind == Kind::Http) text += "=" + ready.path;
  if (ready.kind == Kind::Log) text += "=" + ready.log;
  for (std::size_t i = 0; ready.kind == Kind::Exec && i < ready.exec.size(); ++i)
    text += (i == 0 ? "=" : " ") + ready.exec[i];
  return text;
}

std::string ready_text(const ReadyConfig& ready) {
  std::string text = ready_check_text(ready);
  if (ready.successes > 1) text += ", " + std::to_string(ready.successes) + " in a row";
  for (std::size_t i = 0; i < ready.warm.size(); ++i) text += (i == 0 ? ", warm " : " ") + ready.warm[i];
  return text;
}

std::optional<std::vector<std::string>> split_words(std::string_view text) {
  std::vector<std::string> words;
  char quote = 0;
  bool within = false;
  for (char c : text) {
    if (quote == 0 && (c == ' ' || c == '\t')) {
      within = false;
      continue;
    }
    if (!std::exchange(within, true)) words.emplace_back();
    if (quote == 0 && (c == '\'' || c == '"')) {
      quote = c;
    } else if (c == quote) {
      quote = 0;
    } else {
      words.back() += c;
    }
  }
  if (quote != 0) return std::nullopt;
  return words;
}

}  // namespace berth
