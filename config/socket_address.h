// Endpoints as the kernel's socket addresses and back: the one place that knows how sockaddr is laid out.
// Opens no socket and asks the kernel nothing.
#pragma once

#include <sys/socket.h>

#include <cstdint>
#include <optional>

#include "config/endpoint.h"

namespace berth {

/// A socket address with its size, as bind(2) and connect(2) take it. A value.
struct SocketAddress {
  sockaddr_storage storage{};
  socklen_t size = 0;
  const sockaddr* get() const;
  int family() const { return storage.ss_family; }
};

/// A unix path longer than 107 bytes gives size 0, which no system call takes.
SocketAddress socket_address(const Endpoint& endpoint);

/// nullopt: neither IPv4, IPv6 nor a unix path. IPv4-mapped IPv6 becomes IPv4: that is what such a socket
/// talks.
std::optional<Endpoint> endpoint_of(const sockaddr_storage& storage);

/// The same of a bare address in network byte order, 16 bytes if `v6`, else 4; `port` in host byte order.
Endpoint endpoint_of(const void* address, bool v6, std::uint16_t port);

}  // namespace berth
