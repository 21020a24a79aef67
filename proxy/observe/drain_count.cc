#include "proxy/observe/drain_count.h"

#include <vector>

namespace berth::observe {

std::string kinds_text(const DrainCount& count, std::uint64_t DrainKind::*which) {
  static constexpr std::array<std::string_view, kCarried> kNames{"request", "event stream", "WebSocket",
                                                                 "tunnel", "connection"};
  std::vector<std::string> parts;
  for (std::size_t n = 0; n < kCarried; ++n) {
    const std::uint64_t many = count.kinds[n].*which;
    if (many == 0) continue;
    parts.push_back(std::to_string(many) + " " + std::string(kNames[n]) + (many == 1 ? "" : "s"));
  }
  std::string text;
  for (std::size_t n = 0; n < parts.size(); ++n)
    text += (n == 0 ? "" : n + 1 == parts.size() ? " and " : ", ") + parts[n];
  return text;
}

}  // namespace berth::observe
