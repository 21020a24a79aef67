#include "config/trusted.h"

#include <arpa/inet.h>

#include <algorithm>
#include <charconv>

namespace berth {
namespace {

using Address = std::array<std::uint8_t, 16>;

constexpr std::size_t kV4At = 12;  ///< where the four octets of an IPv4 address stand
constexpr unsigned kV4Bits = 8 * kV4At;

struct Read {
  Address address{};
  bool v4 = false;
};

std::optional<Read> read_address(std::string_view text) {
  std::array<char, INET6_ADDRSTRLEN> copy{};
  if (text.empty() || text.size() >= copy.size() || text.find('\0') != std::string_view::npos)
    return std::nullopt;
  std::copy(text.begin(), text.end(), copy.begin());
  Read read;
  if (inet_pton(AF_INET, copy.data(), read.address.data() + kV4At) == 1) {
    read.address[10] = read.address[11] = 0xff;
    read.v4 = true;
    return read;
  }
  if (inet_pton(AF_INET6, copy.data(), read.address.data()) != 1) return std::nullopt;
  return read;
}

/// `address` with everything behind the first `bits` cleared.
Address network_of(Address address, unsigned bits) {
  for (std::size_t i = 0; i < address.size(); ++i) {
    const unsigned kept = std::clamp<int>(static_cast<int>(bits) - 8 * static_cast<int>(i), 0, 8);
    address[i] &= static_cast<std::uint8_t>(0xff00U >> kept);
  }
  return address;
}

std::string text_of(const Address& address, bool v4) {
  std::array<char, INET6_ADDRSTRLEN> text{};
  return v4 ? inet_ntop(AF_INET, address.data() + kV4At, text.data(), text.size())
            : inet_ntop(AF_INET6, address.data(), text.data(), text.size());
}

}  // namespace

std::optional<std::string> TrustedPeers::add(std::string_view word) {
  if (word == "unix") {
    unix_ = true;
    return std::nullopt;
  }
  const std::string quoted = "'" + std::string(word) + "'";
  const std::size_t slash = word.find('/');
  const auto read = read_address(word.substr(0, slash));
  if (!read)
    return quoted +
           " is not a network; write \"127.0.0.1/32\", \"10.0.0.0/8\", \"2001:db8::/32\" or \"unix\"";
  const unsigned most = read->v4 ? 32 : 128;
  unsigned bits = most;
  if (slash != std::string_view::npos) {
    const std::string_view number = word.substr(slash + 1);
    const auto [stop, error] = std::from_chars(number.data(), number.data() + number.size(), bits);
    if (number.empty() || error != std::errc{} || stop != number.data() + number.size() || bits > most)
      return quoted + " has no network size from 0 to " + std::to_string(most) +
             " after its slash; write \"" + text_of(read->address, read->v4) + "/" + std::to_string(most) +
             "\" for this one address";
  }
  const unsigned own = bits + (read->v4 ? kV4Bits : 0);
  const Address network = network_of(read->address, own);
  if (network != read->address)
    return quoted + " has bits set outside of its network; write \"" + text_of(network, read->v4) + "/" +
           std::to_string(bits) + "\"";
  networks_.push_back({network, own});
  return std::nullopt;
}

bool TrustedPeers::lists(std::string_view peer) const {
  if (peer == kUnixPeer) return unix_;
  const auto read = read_address(peer);
  return read && std::any_of(networks_.begin(), networks_.end(), [&](const Network& each) {
           return network_of(read->address, each.bits) == each.address;
         });
}

TrustedPeers trusted_peers(const std::vector<std::string>& words) {
  TrustedPeers peers;
  for (const std::string& word : words) peers.add(word);
  return peers;
}

std::string trusted_text(const std::vector<std::string>& words) {
  std::string text;
  for (const std::string& word : words) text += (text.empty() ? "" : ", ") + word;
  return text;
}

bool is_ip_address(std::string_view text) { return read_address(text).has_value(); }

bool is_local_peer(std::string_view peer) {
  return peer.starts_with("127.") || peer == "::1" || peer == kUnixPeer;
}

}  // namespace berth
