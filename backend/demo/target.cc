#include "backend/demo/target.h"

#include <algorithm>
#include <charconv>

namespace berth::demo {

std::string_view path_of(std::string_view target, std::string_view base) {
  const auto path = target.substr(0, target.find('?'));
  if (base.empty() || !path.starts_with(base)) return path;
  const auto below = path.substr(base.size());
  if (below.empty()) return "/";
  return below.front() == '/' ? below : path;
}

std::uint64_t number_in(std::string_view target, std::string_view name, std::uint64_t fallback,
                        std::uint64_t limit) {
  const auto mark = target.find('?');
  if (mark == std::string_view::npos) return fallback;
  auto query = target.substr(mark + 1);
  while (!query.empty()) {
    const auto pair = query.substr(0, query.find('&'));
    query.remove_prefix(std::min(query.size(), pair.size() + 1));
    if (!pair.starts_with(name) || pair.size() <= name.size() || pair[name.size()] != '=') continue;
    const auto text = pair.substr(name.size() + 1);
    std::uint64_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc() || end != text.data() + text.size()) return fallback;
    return std::min(value, limit);
  }
  return fallback;
}

}  // namespace berth::demo
