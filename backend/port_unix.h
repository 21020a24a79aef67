// The truth about a unix socket's path, as port.h tells it of TCP ports, whose part it is.
#pragma once

#include <sys/socket.h>

#include <vector>

#include "backend/port.h"

namespace berth::backend {

/// Connects, which a listener sees. Free: no such file, and the directory takes one. Leftovers: the file is
/// there and nobody listens. Denied: ENOENT (no such directory), ENOTSOCK, EACCES and the like.
ProbeResult probe_unix(const Endpoint& endpoint);

/// Who listens at `endpoint`, from the credentials of a connection to it; empty: the kernel does not say.
std::vector<Holder> unix_holders(const ucred& peer, const Endpoint& endpoint);

}  // namespace berth::backend
