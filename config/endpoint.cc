#include "config/endpoint.h"

#include <arpa/inet.h>

#include <algorithm>
#include <charconv>
#include <cstring>

namespace berth {
namespace {

std::optional<std::uint16_t> parse_port(std::string_view text) {
  unsigned value = 0;
  const char* end = text.data() + text.size();
  auto [stop, error] = std::from_chars(text.data(), end, value);
  if (text.empty() || error != std::errc{} || stop != end || value > 65535) return std::nullopt;
  return static_cast<std::uint16_t>(value);
}

/// RFC 4291 §2.5.5.2.
Endpoint unmapped(const Endpoint& endpoint) {
  constexpr std::array<std::uint8_t, 12> kMapped{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
  const auto& bytes = endpoint.address;
  if (!std::equal(kMapped.begin(), kMapped.end(), bytes.begin())) return endpoint;
  return Endpoint::v4({bytes[12], bytes[13], bytes[14], bytes[15]}, endpoint.port);
}

}  // namespace

Endpoint Endpoint::v4(std::array<std::uint8_t, 4> address, std::uint16_t port) {
  Endpoint e;
  std::copy(address.begin(), address.end(), e.address.begin());
  e.port = port;
  return e;
}

Endpoint Endpoint::v6(std::array<std::uint8_t, 16> address, std::uint16_t port) {
  Endpoint e;
  e.family = Family::V6;
  e.address = address;
  e.port = port;
  return e;
}

Endpoint Endpoint::loopback_v4(std::uint16_t port) { return v4({127, 0, 0, 1}, port); }

Endpoint Endpoint::loopback_v6(std::uint16_t port) {
  std::array<std::uint8_t, 16> address{};
  address[15] = 1;
  return v6(address, port);
}

Endpoint Endpoint::any_v4(std::uint16_t port) { return v4({0, 0, 0, 0}, port); }
Endpoint Endpoint::any_v6(std::uint16_t port) { return v6({}, port); }

Endpoint Endpoint::unix_path(std::string path) {
  Endpoint e;
  e.family = Family::Unix;
  e.path = std::move(path);
  return e;
}

std::optional<Endpoint> Endpoint::parse(std::string_view text) {
  if (text.starts_with("unix:")) {
    if (text.size() == 5) return std::nullopt;
    return unix_path(std::string(text.substr(5)));
  }
  auto colon = text.rfind(':');
  if (colon == std::string_view::npos) return std::nullopt;
  auto port = parse_port(text.substr(colon + 1));
  if (!port) return std::nullopt;
  std::string host(text.substr(0, colon));
  Endpoint e;
  e.port = *port;
  if (host.size() > 2 && host.front() == '[' && host.back() == ']') {
    host = host.substr(1, host.size() - 2);
    e.family = Family::V6;
    if (inet_pton(AF_INET6, host.c_str(), e.address.data()) != 1) return std::nullopt;
    return unmapped(e);
  }
  if (inet_pton(AF_INET, host.c_str(), e.address.data()) != 1) return std::nullopt;
  return e;
}

bool Endpoint::is_loopback() const {
  switch (family) {
    case Family::V4:
      return address[0] == 127;
    case Family::V6:
      return *this == loopback_v6(port);
    case Family::Unix:
      return true;
  }
  return false;
}

bool Endpoint::is_wildcard() const {
  return family != Family::Unix && std::all_of(address.begin(), address.end(), [](auto b) { return b == 0; });
}

std::string Endpoint::host() const {
  if (family == Family::Unix) return path;
  char buffer[INET6_ADDRSTRLEN];
  inet_ntop(family == Family::V4 ? AF_INET : AF_INET6, address.data(), buffer, sizeof buffer);
  return buffer;
}

std::string Endpoint::text() const {
  switch (family) {
    case Family::V4:
      return host() + ":" + std::to_string(port);
    case Family::V6:
      return "[" + host() + "]:" + std::to_string(port);
    case Family::Unix:
      return "unix:" + path;
  }
  return {};
}

}  // namespace berth
