// The kernel's table of TCP and UDP sockets, read by NETLINK_SOCK_DIAG, v4 and v6. Knows addresses, states
// and inodes; not which process has a socket (linux_proc.h).
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "config/endpoint.h"

namespace berth::backend {

/// One socket of the kernel's table.
struct SocketRow {
  Endpoint local;
  bool v6only = false;
  std::uint8_t state = 0;   ///< TCP_LISTEN and so on, netinet/tcp.h; kBoundInactive
  std::uint64_t inode = 0;  ///< 0: no process has it (TIME_WAIT)
  std::uint32_t uid = 0;
  std::optional<std::chrono::milliseconds> ends_in;  ///< the kernel's timer of a TIME_WAIT or FIN_WAIT2
};

/// Bound, neither connected nor listening. Listed by Linux 6.8 and newer only: asked for as the pseudo-state
/// 13, and told as TCP_CLOSE.
inline constexpr std::uint8_t kBoundInactive = 7;

/// Every listening TCP socket; with `port` not 0 only those with that local port (filtered in the kernel).
/// 80 microseconds for ten listeners. Empty also when the kernel refuses: `error` then holds the errno.
std::vector<SocketRow> listening_sockets(std::uint16_t port = 0, int* error = nullptr);

/// The TCP listener that a connection to `endpoint` meets now, as the kernel itself finds it: some
/// microseconds. nullopt: there is none, it is bound to a device, or the kernel refuses.
std::optional<SocketRow> listener_of(const Endpoint& endpoint);

/// TCP sockets in any state with that local port, bound-only ones where the kernel lists them.
std::vector<SocketRow> sockets_on_port(std::uint16_t port);

/// Bound UDP sockets without a peer.
std::vector<SocketRow> udp_sockets();

/// "3 in TIME_WAIT, 1 in FIN_WAIT2": the rows that neither listen nor are bound only; empty if there are
/// none.
std::string describe_leftovers(const std::vector<SocketRow>& rows);

/// Those rows.
std::vector<SocketRow> leftovers_of(std::vector<SocketRow> rows);

}  // namespace berth::backend
