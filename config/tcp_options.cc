#include "config/tcp_options.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <string_view>

namespace berth {

void set_tcp_options(int fd, const Endpoint& endpoint) {
  if (endpoint.family == Endpoint::Family::Unix) return;
  const int on = 1;
  ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  if (!endpoint.is_loopback()) return;
  // In every kernel, and open to every user.
  constexpr std::string_view kUnpaced = "reno";
  ::setsockopt(fd, IPPROTO_TCP, TCP_CONGESTION, kUnpaced.data(), kUnpaced.size());
  // No more than the system allows; the kernel counts twice of it, half of that for its own.
  constexpr int kMostUnread = 512 * 1024;
  ::setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &kMostUnread, sizeof kMostUnread);
}

}  // namespace berth
