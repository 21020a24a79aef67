#include "backend/address.h"

#include <sys/un.h>

#include <cstring>

namespace berth::backend {

const sockaddr* SocketAddress::get() const {
  return static_cast<const sockaddr*>(static_cast<const void*>(&storage));
}

SocketAddress to_socket_address(const Endpoint& endpoint) {
  SocketAddress out;
  switch (endpoint.family) {
    case Endpoint::Family::V4: {
      sockaddr_in in{};
      in.sin_family = AF_INET;
      in.sin_port = htons(endpoint.port);
      std::memcpy(&in.sin_addr, endpoint.address.data(), 4);
      std::memcpy(&out.storage, &in, sizeof in);
      out.length = sizeof in;
      break;
    }
    case Endpoint::Family::V6: {
      sockaddr_in6 in{};
      in.sin6_family = AF_INET6;
      in.sin6_port = htons(endpoint.port);
      std::memcpy(&in.sin6_addr, endpoint.address.data(), 16);
      std::memcpy(&out.storage, &in, sizeof in);
      out.length = sizeof in;
      break;
    }
    case Endpoint::Family::Unix: {
      sockaddr_un un{};
      un.sun_family = AF_UNIX;
      if (endpoint.path.size() >= sizeof un.sun_path) break;
      std::memcpy(un.sun_path, endpoint.path.data(), endpoint.path.size());
      std::memcpy(&out.storage, &un, sizeof un);
      out.length = sizeof un;
      break;
    }
  }
  return out;
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

Endpoint local_endpoint(int fd) {
  sockaddr_storage storage{};
  socklen_t length = sizeof storage;
  if (::getsockname(fd, static_cast<sockaddr*>(static_cast<void*>(&storage)), &length) != 0) return {};
  if (storage.ss_family == AF_INET) {
    sockaddr_in in{};
    std::memcpy(&in, &storage, sizeof in);
    return endpoint_of(&in.sin_addr, false, ntohs(in.sin_port));
  }
  if (storage.ss_family == AF_INET6) {
    sockaddr_in6 in{};
    std::memcpy(&in, &storage, sizeof in);
    return endpoint_of(&in.sin6_addr, true, ntohs(in.sin6_port));
  }
  return {};
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
