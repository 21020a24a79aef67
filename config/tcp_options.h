// The options that every TCP socket of berth's which carries traffic has in common.
#pragma once

#include "config/endpoint.h"

namespace berth {

/// Sends small pieces at once (TCP_NODELAY). On the loopback it also takes `reno` for the system's congestion
/// control: there is nothing to congest, and one that paces (bbr) costs a timer for each piece, half as much
/// again for a large body; and what was received and not read yet is bounded to 512 KiB, where the kernel
/// would let it grow up to its largest buffer: round trips are too short for more to be of use, and a reader
/// who stops is felt by the sender. Of a listener, before it listens or after: accepted sockets inherit them.
/// `endpoint` is where the socket is or will be; on a unix socket nothing is done. What the kernel does not
/// know stays as it is.
void set_tcp_options(int fd, const Endpoint& endpoint);

}  // namespace berth
