#include "proxy/http/authority.h"

#include <arpa/inet.h>

#include <algorithm>
#include <array>

#include "proxy/http/octets.h"

namespace berth::http {
namespace {

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

/// inet_pton(3) is as strict as RFC 3986 §3.2.2: no zone, no leading zeros.
bool is_ipv6(std::string_view text) {
  std::array<char, INET6_ADDRSTRLEN> copy{};
  in6_addr address{};
  if (text.size() >= copy.size() || text.find('\0') != std::string_view::npos) return false;
  std::copy(text.begin(), text.end(), copy.begin());
  return ::inet_pton(AF_INET6, copy.data(), &address) == 1;
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
