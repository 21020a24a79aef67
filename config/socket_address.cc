#include "config/socket_address.h"

#include <netinet/in.h>
#include <sys/un.h>

#include <cstring>

namespace berth {
namespace {

template <class Address>
SocketAddress stored(const Address& address) {
  SocketAddress out;
  std::memcpy(&out.storage, &address, sizeof address);
  out.size = sizeof address;
  return out;
}

template <class Address>
Address read_as(const sockaddr_storage& storage) {
  Address address{};
  std::memcpy(&address, &storage, sizeof address);
  return address;
}

}  // namespace

const sockaddr* SocketAddress::get() const {
  return static_cast<const sockaddr*>(static_cast<const void*>(&storage));
}

SocketAddress socket_address(const Endpoint& endpoint) {
  switch (endpoint.family) {
    case Endpoint::Family::V4: {
      sockaddr_in in{};
      in.sin_family = AF_INET;
      in.sin_port = htons(endpoint.port);
      std::memcpy(&in.sin_addr, endpoint.address.data(), sizeof in.sin_addr);
      return stored(in);
    }
    case Endpoint::Family::V6: {
      sockaddr_in6 in{};
      in.sin6_family = AF_INET6;
      in.sin6_port = htons(endpoint.port);
      std::memcpy(&in.sin6_addr, endpoint.address.data(), sizeof in.sin6_addr);
      return stored(in);
    }
    case Endpoint::Family::Unix: {
      sockaddr_un un{};
      un.sun_family = AF_UNIX;
      if (endpoint.path.size() >= sizeof un.sun_path) break;
      std::memcpy(un.sun_path, endpoint.path.data(), endpoint.path.size());
      return stored(un);
    }
  }
  return {};
}

std::optional<Endpoint> endpoint_of(const sockaddr_storage& storage) {
  switch (storage.ss_family) {
    case AF_INET: {
      const auto in = read_as<sockaddr_in>(storage);
      return endpoint_of(&in.sin_addr, false, ntohs(in.sin_port));
    }
    case AF_INET6: {
      const auto in = read_as<sockaddr_in6>(storage);
      return endpoint_of(&in.sin6_addr, true, ntohs(in.sin6_port));
    }
    case AF_UNIX: {
      const auto un = read_as<sockaddr_un>(storage);
      const std::size_t length = ::strnlen(un.sun_path, sizeof un.sun_path);
      if (length == 0) return std::nullopt;
      return Endpoint::unix_path({un.sun_path, length});
    }
    default:
      return std::nullopt;
  }
}

Endpoint endpoint_of(const void* address, bool v6, std::uint16_t port) {
  std::array<std::uint8_t, 16> bytes{};
  std::memcpy(bytes.data(), address, v6 ? 16 : 4);
  if (!v6) return Endpoint::v4({bytes[0], bytes[1], bytes[2], bytes[3]}, port);
  constexpr std::array<std::uint8_t, 12> kMapped{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
  if (std::memcmp(bytes.data(), kMapped.data(), kMapped.size()) == 0) {
    return Endpoint::v4({bytes[12], bytes[13], bytes[14], bytes[15]}, port);
  }
  return Endpoint::v6(bytes, port);
}

}  // namespace berth
