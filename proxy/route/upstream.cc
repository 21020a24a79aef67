#include "proxy/route/upstream.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <cerrno>
#include <cstring>

#include "proxy/route/target.h"

namespace berth::route {
namespace {

struct Address {
  sockaddr_storage storage{};
  socklen_t size = 0;
};

Address address_of(const Endpoint& endpoint) {
  Address a;
  switch (endpoint.family) {
    case Endpoint::Family::V4: {
      sockaddr_in in{};
      in.sin_family = AF_INET;
      in.sin_port = htons(endpoint.port);
      std::memcpy(&in.sin_addr, endpoint.address.data(), 4);
      std::memcpy(&a.storage, &in, sizeof in);
      a.size = sizeof in;
      break;
    }
    case Endpoint::Family::V6: {
      sockaddr_in6 in{};
      in.sin6_family = AF_INET6;
      in.sin6_port = htons(endpoint.port);
      std::memcpy(&in.sin6_addr, endpoint.address.data(), 16);
      std::memcpy(&a.storage, &in, sizeof in);
      a.size = sizeof in;
      break;
    }
    case Endpoint::Family::Unix: {
      sockaddr_un un{};
      un.sun_family = AF_UNIX;
      std::strncpy(un.sun_path, endpoint.path.c_str(), sizeof un.sun_path - 1);
      std::memcpy(&a.storage, &un, sizeof un);
      a.size = sizeof un;
      break;
    }
  }
  return a;
}

}  // namespace

bool Upstream::connect(loop::Loop& loop, const Endpoint& endpoint, loop::Gate& gate) {
  const Address to = address_of(endpoint);
  loop::Fd fd(::socket(to.storage.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!fd.is_open()) return false;
  if (endpoint.family != Endpoint::Family::Unix) {
    const int on = 1;
    ::setsockopt(fd.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    ::setsockopt(fd.get(), SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
  }
  if (::connect(fd.get(), reinterpret_cast<const sockaddr*>(&to.storage), to.size) != 0 &&
      errno != EINPROGRESS)
    return false;
  socket_.open(loop, std::move(fd), loop::Socket::Side::Upstream, true);
  socket_.attach(gate);
  return true;
}

int Upstream::connect_error() const {
  int error = 0;
  socklen_t size = sizeof error;
  ::getsockopt(socket_.fd(), SOL_SOCKET, SO_ERROR, &error, &size);
  return error;
}

void Upstream::on_idle_event() { target_.idle_ended(*this); }

}  // namespace berth::route
