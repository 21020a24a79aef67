// Endpoints as the kernel's socket addresses, and which addresses overlap for bind(2). Knows neither
// processes nor what a socket is used for.
#pragma once

#include <netinet/in.h>
#include <sys/socket.h>

#include "backend/descriptor.h"
#include "config/endpoint.h"

namespace berth::backend {

/// A socket address with its length, as bind(2) and connect(2) take it.
struct SocketAddress {
  sockaddr_storage storage{};
  socklen_t length = 0;
  const sockaddr* get() const;
};

/// Unix paths longer than 107 bytes give length 0.
SocketAddress to_socket_address(const Endpoint& endpoint);

/// IPv4-mapped IPv6 becomes IPv4: that is what such a socket talks.
Endpoint endpoint_of(const void* address, bool v6, std::uint16_t port);

/// What getsockname(2) says; port 0 and 0.0.0.0 on failure.
Endpoint local_endpoint(int fd);

/// Could a strict bind to `wanted` meet a socket bound to `bound`? The wildcard overlaps every address of its
/// family, [::] without IPV6_V6ONLY overlaps all of both (`wanted` [::] is taken as dual). Ports must be
/// equal.
bool overlaps(const Endpoint& wanted, const Endpoint& bound, bool bound_v6only);

/// A stream socket of the endpoint's family, CLOEXEC and non-blocking; [::] is dual stack. Empty: see errno.
Descriptor open_stream_socket(const Endpoint& endpoint);

/// Where to connect to reach a listener bound to `bound`: wildcards become the loopback that they serve.
Endpoint reachable(const Endpoint& bound, bool bound_v6only);

}  // namespace berth::backend
