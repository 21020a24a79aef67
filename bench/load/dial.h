// How the load client comes to a connection: addresses, a connect that does not block, and what became of it.
// Knows no protocol.
#pragma once

#include <sys/socket.h>

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

#include "bench/load/load.h"

namespace berth::load {

using Clock = std::chrono::steady_clock;

/// A socket address that is passed about by value.
struct Address {
  sockaddr_storage storage{};
  socklen_t size = 0;
  /// Throws std::invalid_argument if `ip` is not an IP address.
  static Address of(const std::string& ip, std::uint16_t port);
  /// Throws as well if the path is too long for a socket's.
  static Address of(const LoadTarget& target);
};

/// Does this error of a connect say that nobody takes connections there? For a unix socket: no path, no
/// listener, or a queue of a server that accepts nothing.
bool refuses(const Address& address, int error);

/// Why there is no connection.
struct DialFault {
  FailureKind kind = FailureKind::Local;
  std::string why;  ///< "connect: Connection refused"
};

/// A connect that was begun.
struct Dialled {
  int fd = -1;              ///< the caller's to close, also beside a fault; -1: there is none
  bool connecting = false;  ///< an EPOLLOUT will tell: ask dial_fault() then
  std::optional<DialFault> fault{};
};

/// Begins to connect. The socket is in the epoll set at once, under `token`, edge-triggered for all that may
/// happen: no epoll_ctl on the path of a request.
Dialled dial(int epoll, std::uint64_t token, const Address& address);

/// Asks for another edge of what is still to be read. Who has read its share lets others have theirs.
void tell_again(int epoll, int fd, std::uint64_t token);

/// How often one connection is read in its turn: a peer that sends faster than that is read must not keep the
/// loop for itself.
inline constexpr int kReadsInTurn = 64;

/// Of a connect that was under way: what it came to; nullopt: it is there.
std::optional<DialFault> dial_fault(int fd);

}  // namespace berth::load
