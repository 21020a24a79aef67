// Addresses as values: what a user writes, what a socket is bound to. Owns text to value and back;
// knows no socket and no Asio. Pure.
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace berth {

/// Which incarnation of an app's backend, counted from 1 within one front. 0: none.
struct Generation {
  std::uint32_t number = 0;
  auto operator<=>(const Generation&) const = default;
};

/// One address that a stream socket can have: IPv4, IPv6 or a unix path. A value; comparable.
struct Endpoint {
  enum class Family : std::uint8_t {
    V4,    ///< `address` holds 4 bytes
    V6,    ///< `address` holds 16 bytes
    Unix,  ///< `path` holds the path
  };

  Family family = Family::V4;
  std::array<std::uint8_t, 16> address{};  ///< network byte order
  std::uint16_t port = 0;                  ///< host byte order; 0: the OS chooses
  std::string path;

  static Endpoint v4(std::array<std::uint8_t, 4> address, std::uint16_t port);
  static Endpoint v6(std::array<std::uint8_t, 16> address, std::uint16_t port);
  static Endpoint loopback_v4(std::uint16_t port);
  static Endpoint loopback_v6(std::uint16_t port);
  static Endpoint any_v4(std::uint16_t port);
  static Endpoint any_v6(std::uint16_t port);
  static Endpoint unix_path(std::string path);

  /// "1.2.3.4:80", "[::1]:80", "unix:/path". "[::ffff:1.2.3.4]:80" is 1.2.3.4:80: that is what a socket of it
  /// speaks. No names: those are resolved by the caller. nullopt: not an address.
  static std::optional<Endpoint> parse(std::string_view text);

  bool is_loopback() const;
  bool is_wildcard() const;
  std::string host() const;  ///< "1.2.3.4", "::1" (no brackets), or the unix path
  std::string text() const;  ///< as parse() takes it

  auto operator<=>(const Endpoint&) const = default;
};

}  // namespace berth
