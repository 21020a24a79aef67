// Stream sockets of an endpoint's kind, and which addresses overlap for bind(2). Knows neither processes nor
// what a socket is used for.
#pragma once

#include "backend/descriptor.h"
#include "config/endpoint.h"
#include "config/socket_address.h"

namespace berth::backend {

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
