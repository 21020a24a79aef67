#include "proxy/route/router.h"

#include <algorithm>
#include <tuple>

namespace berth::route {
namespace {

bool fits_host(std::string_view pattern, std::string_view host) {
  if (pattern.empty()) return true;
  if (!pattern.starts_with("*.")) return pattern == host;
  pattern.remove_prefix(1);
  return host.size() > pattern.size() && host.ends_with(pattern);
}

/// The most specific first: exact, suffixes by their length, any; then the longest path.
auto rank(const RouteRule& rule) {
  const int kind = rule.host.empty() ? 2 : (rule.host.starts_with("*.") ? 1 : 0);
  return std::tuple(kind, -static_cast<std::ptrdiff_t>(rule.host.size()),
                    -static_cast<std::ptrdiff_t>(rule.path.size()));
}

}  // namespace

bool fits_path(std::string_view prefix, std::string_view path) {
  if (prefix == "/") return true;
  if (!path.starts_with(prefix)) return false;
  return path.size() == prefix.size() || path[prefix.size()] == '/' || path[prefix.size()] == '?';
}

std::string_view host_name(std::string_view authority, std::string& buffer) {
  std::string_view name = authority;
  // "[::1]:8000": the colons within the brackets are no port.
  const auto bracket = name.rfind(']');
  const auto colon = name.rfind(':');
  if (colon != std::string_view::npos && (bracket == std::string_view::npos || colon > bracket))
    name = name.substr(0, colon);
  if (name.size() > 1 && name.ends_with('.')) name.remove_suffix(1);
  const auto is_upper = [](char c) { return c >= 'A' && c <= 'Z'; };
  if (std::none_of(name.begin(), name.end(), is_upper)) return name;
  buffer.assign(name);
  for (char& c : buffer)
    if (is_upper(c)) c = static_cast<char>(c - 'A' + 'a');
  return buffer;
}

Router::Router(std::vector<RouteRule> rules) : rules_(std::move(rules)) {
  std::stable_sort(rules_.begin(), rules_.end(),
                   [](const RouteRule& a, const RouteRule& b) { return rank(a) < rank(b); });
  simple_ = std::all_of(
                rules_.begin(), rules_.end(),
                [&](const RouteRule& rule) { return rule.path == "/" && rule.app == rules_.front().app; }) &&
            !rules_.empty() && rules_.back().host.empty();
}

std::optional<std::uint32_t> Router::only_app() const {
  return simple_ ? std::optional(rules_.front().app) : std::nullopt;
}

RouteMatch Router::find(std::string_view authority, std::string_view path) const {
  if (simple_) return {RouteMatch::Kind::Found, rules_.front().app, 0};
  std::string buffer;
  const std::string_view host = host_name(authority, buffer);
  RouteMatch match;
  for (const RouteRule& rule : rules_) {
    if (!fits_host(rule.host, host)) continue;
    match.kind = RouteMatch::Kind::NoPath;
    if (!fits_path(rule.path, path)) continue;
    const bool strips = rule.strip && rule.path != "/";
    return {RouteMatch::Kind::Found, rule.app, strips ? static_cast<std::uint32_t>(rule.path.size()) : 0};
  }
  return match;
}

}  // namespace berth::route
