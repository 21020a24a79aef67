#include "proxy/route/router.h"

#include <algorithm>
#include <utility>

#include "config/path_text.h"

namespace berth::route {
namespace {

bool lies_below(std::string_view prefix, std::string_view path) {
  if (prefix == "/") return true;
  if (!path.starts_with(prefix)) return false;
  return path.size() == prefix.size() || path[prefix.size()] == '/' || path[prefix.size()] == '?';
}

}  // namespace

bool fits_path(std::string_view prefix, std::string_view path) {
  if (!has_escape(path) && !has_escape(prefix)) return lies_below(prefix, path);
  const std::string spelt = one_spelling(prefix);
  return lies_below(spelt, one_spelling(path, spelt.size() + 1));
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

template <class Value>
Value& Router::Words<Value>::operator[](const std::string& word) {
  if (std::find(lengths_.begin(), lengths_.end(), word.size()) == lengths_.end()) {
    lengths_.push_back(word.size());
    std::sort(lengths_.begin(), lengths_.end(), std::greater<>());
  }
  return values_[word];
}

template <class Value>
const Value* Router::Words<Value>::find(std::string_view word) const {
  const auto found = values_.find(word);
  return found == values_.end() ? nullptr : &found->second;
}

Router::Router(std::vector<RouteRule> rules) {
  const bool one_app = std::all_of(rules.begin(), rules.end(), [&](const RouteRule& rule) {
    return rule.path == "/" && rule.app == rules.front().app;
  });
  // Backwards: the first of two rules for the same is the one that stays.
  std::for_each(rules.rbegin(), rules.rend(), [&](RouteRule& rule) {
    rule.path = one_spelling(rule.path);
    longest_path_ = std::max(longest_path_, rule.path.size());
    if (rule.host.empty()) {
      if (!any_) any_.emplace();
      (*any_)[rule.path] = rule;
    } else if (rule.host.starts_with("*.")) {
      suffixes_[rule.host.substr(1)][rule.path] = rule;
    } else {
      hosts_[rule.host][rule.path] = rule;
    }
  });
  if (any_ && one_app) only_ = rules.front().app;
}

const RouteRule* Router::rule_for(const Paths& paths, std::string_view path) {
  for (const std::size_t length : paths.lengths()) {
    if (length == 1) return paths.find("/");
    if (length > path.size()) continue;
    if (length < path.size() && path[length] != '/' && path[length] != '?') continue;
    if (const RouteRule* rule = paths.find(path.substr(0, length))) return rule;
  }
  return nullptr;
}

RouteMatch Router::find(std::string_view authority, std::string_view path) const {
  if (only_) return {RouteMatch::Kind::Found, *only_, 0};
  if (!has_escape(path)) return find_spelt(authority, path);
  const std::string spelt = one_spelling(path, longest_path_ + 1);
  RouteMatch match = find_spelt(authority, spelt);
  match.strip = static_cast<std::uint32_t>(size_as_spelt(path, match.strip));
  return match;
}

RouteMatch Router::find_spelt(std::string_view authority, std::string_view path) const {
  std::string buffer;
  const std::string_view host = host_name(authority, buffer);
  RouteMatch match;
  const auto found_in = [&](const Paths* paths) {
    if (paths == nullptr) return false;
    match.kind = RouteMatch::Kind::NoPath;
    const RouteRule* rule = rule_for(*paths, path);
    if (rule == nullptr) return false;
    const bool strips = rule->strip && rule->path != "/";
    match = {RouteMatch::Kind::Found, rule->app, strips ? static_cast<std::uint32_t>(rule->path.size()) : 0};
    return true;
  };
  if (found_in(hosts_.find(host))) return match;
  for (const std::size_t length : suffixes_.lengths())
    if (length < host.size() && found_in(suffixes_.find(host.substr(host.size() - length)))) return match;
  found_in(any_ ? &*any_ : nullptr);
  return match;
}

}  // namespace berth::route
