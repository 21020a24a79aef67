#include "config/loopback_name.h"

#include <algorithm>

namespace berth {
namespace {

constexpr std::string_view kLocalhost = "localhost";

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c; }

}  // namespace

bool is_loopback_name(std::string_view host) {
  if (host.ends_with('.')) host.remove_suffix(1);
  if (host.size() < kLocalhost.size()) return false;
  const auto last = host.substr(host.size() - kLocalhost.size());
  if (!std::equal(last.begin(), last.end(), kLocalhost.begin(), [](char a, char b) { return lower(a) == b; }))
    return false;
  const auto before = host.substr(0, host.size() - last.size());
  // No empty label and no character that no name has: "..localhost", "a b.localhost".
  return before.empty() || (before.size() > 1 && before.ends_with('.') && !before.starts_with('.') &&
                            before.find("..") == std::string_view::npos &&
                            before.find_first_of(" /@:[]") == std::string_view::npos);
}

}  // namespace berth
