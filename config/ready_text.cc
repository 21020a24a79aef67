#include "config/ready_text.h"

#include <charconv>

namespace berth {

std::optional<std::string> set_ready_check(ReadyConfig& ready, std::string_view text) {
  if (text == "tcp") {
    ready.kind = ReadyConfig::Kind::Tcp;
  } else if (text == "listen") {
    ready.kind = ReadyConfig::Kind::Listen;
  } else if (text == "http") {
    ready.kind = ReadyConfig::Kind::Http;
  } else if (text.starts_with("http=")) {
    ready.kind = ReadyConfig::Kind::Http;
    ready.path = std::string(text.substr(5));
  } else {
    return "'" + std::string(text) + "' is not a check: write http=/path, tcp or listen";
  }
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
  if (!fine) return "'" + std::string(text) + "' is not a status: write 200 or 200-299";
  if (least > most)
    return "'" + std::string(text) + "' begins above its end: write the lower status first, as in 200-299";
  ready.status_min = least;
  ready.status_max = most;
  return std::nullopt;
}

}  // namespace berth
