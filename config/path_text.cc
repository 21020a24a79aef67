#include "config/path_text.h"

#include <algorithm>
#include <array>

namespace berth {
namespace {

int hex_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  const char lower = static_cast<char>(c | 0x20);
  return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

/// RFC 3986 §2.3
bool is_unreserved(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-' || c == '.' ||
         c == '_' || c == '~';
}

/// What stands at the start of a path: how many bytes it takes there, and how it is spelt.
struct Step {
  std::size_t taken = 1;
  std::size_t size = 1;
  std::array<char, 3> text{};
};

Step next_step(std::string_view path) {
  Step step{.text = {path[0]}};
  if (path[0] != '%' || path.size() < 3) return step;
  const int high = hex_value(path[1]);
  const int low = hex_value(path[2]);
  if (high < 0 || low < 0) return step;
  step.taken = 3;
  const char decoded = static_cast<char>(16 * high + low);
  if (is_unreserved(decoded)) {
    step.text[0] = decoded;
    return step;
  }
  constexpr std::string_view kDigits = "0123456789ABCDEF";
  step.size = 3;
  step.text = {'%', kDigits[static_cast<std::size_t>(high)], kDigits[static_cast<std::size_t>(low)]};
  return step;
}

}  // namespace

std::string one_spelling(std::string_view path, std::size_t most) {
  const std::string_view query = path.substr(std::min(path.find('?'), path.size()));
  path.remove_suffix(query.size());
  std::string text;
  while (!path.empty() && text.size() < most) {
    const Step step = next_step(path);
    text.append(step.text.data(), step.size);
    path.remove_prefix(step.taken);
  }
  if (path.empty()) text += query;
  return text;
}

std::size_t size_as_spelt(std::string_view path, std::size_t n) {
  std::size_t taken = 0;
  for (std::size_t size = 0; size < n && taken < path.size();) {
    const Step step = next_step(path.substr(taken));
    size += step.size;
    taken += step.taken;
  }
  return taken;
}

}  // namespace berth
