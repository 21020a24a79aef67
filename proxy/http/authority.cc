#include "proxy/http/authority.h"

#include <algorithm>
#include <array>

namespace berth::http {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_hex(char c) { return is_digit(c) || ((c | 0x20) >= 'a' && (c | 0x20) <= 'f'); }

/// unreserved and sub-delims; a percent sign is looked at by itself.
constexpr std::array<bool, 256> kNameChars = [] {
  std::array<bool, 256> table{};
  for (const char c :
       std::string_view("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~!$&'()*+,;="))
    table[static_cast<unsigned char>(c)] = true;
  return table;
}();

/// How long the name at the start of `host` is; npos: a malformed escape.
std::size_t name_size(std::string_view host) {
  const char* at = host.data();
  const char* const end = at + host.size();
  for (;;) {
    while (at != end && kNameChars[static_cast<unsigned char>(*at)]) ++at;
    if (at == end || *at != '%') return static_cast<std::size_t>(at - host.data());
    if (end - at < 3 || !is_hex(at[1]) || !is_hex(at[2])) return std::string_view::npos;
    at += 3;
  }
}

/// Four numbers up to 255 (RFC 3986 §3.2.2).
bool is_ipv4(std::string_view text) {
  int numbers = 0;
  while (!text.empty()) {
    const std::size_t dot = std::min(text.find('.'), text.size());
    const std::string_view number = text.substr(0, dot);
    if (number.empty() || number.size() > 3 || !std::all_of(number.begin(), number.end(), is_digit))
      return false;
    int value = 0;
    for (const char c : number) value = value * 10 + (c - '0');
    if (value > 255 || ++numbers > 4) return false;
    if (dot == text.size()) break;
    text.remove_prefix(dot + 1);
    if (text.empty()) return false;
  }
  return numbers == 4;
}

/// Groups between colons; -1: malformed. `last`: an IPv4 address may end them, and counts as two.
int count_groups(std::string_view text, bool last) {
  int groups = 0;
  while (!text.empty()) {
    const std::size_t colon = std::min(text.find(':'), text.size());
    const std::string_view group = text.substr(0, colon);
    const bool ends = colon == text.size();
    if (last && ends && group.find('.') != std::string_view::npos) return is_ipv4(group) ? groups + 2 : -1;
    if (group.empty() || group.size() > 4 || !std::all_of(group.begin(), group.end(), is_hex)) return -1;
    ++groups;
    if (ends) break;
    text.remove_prefix(colon + 1);
    if (text.empty()) return -1;
  }
  return groups;
}

bool is_ipv6(std::string_view text) {
  const std::size_t gap = text.find("::");
  if (gap == std::string_view::npos) return count_groups(text, true) == 8;
  const int before = count_groups(text.substr(0, gap), false);
  const int behind = count_groups(text.substr(gap + 2), true);
  return before >= 0 && behind >= 0 && before + behind <= 7;
}

bool is_port(std::string_view text) {
  unsigned value = 0;
  for (const char c : text) {
    const unsigned digit = static_cast<unsigned char>(c) - unsigned{'0'};
    value = value * 10 + digit;
    if (digit > 9 || value > 65535) return false;
  }
  return true;
}

}  // namespace

bool is_host(std::string_view host) {
  if (host.empty()) return true;
  std::size_t end = 0;
  if (host[0] == '[') {
    end = host.find(']');
    if (end == std::string_view::npos || !is_ipv6(host.substr(1, end - 1))) return false;
    ++end;
  } else {
    end = name_size(host);
    if (end == 0 || end == std::string_view::npos) return false;
  }
  if (end == host.size()) return true;
  return host[end] == ':' && is_port(host.substr(end + 1));
}

}  // namespace berth::http
