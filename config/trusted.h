// Whom a listener believes when it says of whom a request is: the peers that are proxies of the user's own.
// Values and their texts. Pure.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace berth {

/// How the address of a peer of a unix socket is written, as nginx does.
inline constexpr std::string_view kUnixPeer = "unix:";

/// The key `trusted` of a listener: networks, and the word "unix". A value.
class TrustedPeers {
 public:
  /// Adds "10.0.0.0/8", "2001:db8::/32", one address, or "unix": the peers of a unix listener. Returns what
  /// is wrong with the word, with what to write instead behind a semicolon; or nothing.
  std::optional<std::string> add(std::string_view word);

  bool empty() const { return networks_.empty() && !unix_; }

  /// `peer`: "192.0.2.7", "2001:db8::1", or kUnixPeer. False of everything else.
  bool has(std::string_view peer) const { return !empty() && lists(peer); }

 private:
  /// IPv4 stands here in its IPv6 form (RFC 4291 §2.5.5.2).
  struct Network {
    std::array<std::uint8_t, 16> address{};
    unsigned bits = 128;
  };

  bool lists(std::string_view peer) const;

  std::vector<Network> networks_;
  bool unix_ = false;
};

/// Those of `words` that can be read.
TrustedPeers trusted_peers(const std::vector<std::string>& words);

/// "10.0.0.0/8, unix"
std::string trusted_text(const std::vector<std::string>& words);

/// True of an IPv4 or IPv6 address as inet_pton(3) reads it: without a port, a zone or brackets.
bool is_ip_address(std::string_view text);

/// Whether `peer`, as TrustedPeers::has() takes it, is on this machine.
bool is_local_peer(std::string_view peer);

}  // namespace berth
