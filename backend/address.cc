#include "backend/address.h"

#include <netinet/in.h>
#include <sys/socket.h>

namespace berth::backend {

Endpoint local_endpoint(int fd) {
  sockaddr_storage storage{};
  socklen_t size = sizeof storage;
  if (::getsockname(fd, static_cast<sockaddr*>(static_cast<void*>(&storage)), &size) != 0) return {};
  return endpoint_of(storage).value_or(Endpoint{});
}

bool overlaps(const Endpoint& wanted, const Endpoint& bound, bool bound_v6only) {
  if (wanted.port != bound.port) return false;
  if (wanted.family == bound.family) {
    return wanted.is_wildcard() || bound.is_wildcard() || wanted.address == bound.address;
  }
  if (bound.family == Endpoint::Family::V6) return bound.is_wildcard() && !bound_v6only;
  return wanted.is_wildcard();
}

Descriptor open_stream_socket(const Endpoint& endpoint) {
  int family = AF_INET;
  if (endpoint.family == Endpoint::Family::V6) family = AF_INET6;
  if (endpoint.family == Endpoint::Family::Unix) family = AF_UNIX;
  Descriptor fd(::socket(family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (fd && family == AF_INET6) {
    int v6only = endpoint.is_wildcard() ? 0 : 1;
    ::setsockopt(fd.get(), IPPROTO_IPV6, IPV6_V6ONLY, &v6only, sizeof v6only);
  }
  return fd;
}

Endpoint reachable(const Endpoint& bound, bool bound_v6only) {
  if (!bound.is_wildcard()) return bound;
  if (bound.family == Endpoint::Family::V6 && bound_v6only) return Endpoint::loopback_v6(bound.port);
  return Endpoint::loopback_v4(bound.port);
}

}  // namespace berth::backend
