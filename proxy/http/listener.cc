#include "proxy/http/listener.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <cstring>

namespace berth::http {
namespace {

constexpr int kBatch = 32;  ///< connections per event: the worker has others to serve

/// "192.0.2.7", "2001:db8::1"; an IPv4 address in IPv6's clothes as what it is.
std::string_view address_text(const sockaddr_storage& from, std::array<char, INET6_ADDRSTRLEN>& text) {
  const void* address = nullptr;
  int family = from.ss_family;
  sockaddr_in v4{};
  sockaddr_in6 v6{};
  if (family == AF_INET) {
    std::memcpy(&v4, &from, sizeof v4);
    address = &v4.sin_addr;
  } else if (family == AF_INET6) {
    std::memcpy(&v6, &from, sizeof v6);
    address = &v6.sin6_addr;
    if (IN6_IS_ADDR_V4MAPPED(&v6.sin6_addr)) {
      family = AF_INET;
      address = &v6.sin6_addr.s6_addr[12];
    }
  } else {
    return kUnixPeer;
  }
  return inet_ntop(family, address, text.data(), text.size());
}

}  // namespace

Listener::Listener(Worker& worker, loop::Fd fd, ListenerView& view)
    : worker_(worker), fd_(std::move(fd)), view_(view) {
  worker_.loop().watch(fd_.get(), *this, EPOLLIN);
}

void Listener::close() {
  if (!fd_.is_open()) return;
  worker_.loop().unwatch(fd_.get());  // its other dups keep the socket open, and this end watched
  fd_.reset();
}

void Listener::on_ready(std::uint32_t) {
  for (int i = 0; i < kBatch && fd_.is_open(); ++i) {
    if (accept_one() == Accepted::None) return;
  }
}

void Listener::accept_all() {
  while (fd_.is_open() && accept_one() == Accepted::One) {
  }
}

Listener::Accepted Listener::accept_one() {
  if (view_.state->connections.load(std::memory_order_relaxed) >= view_.config.max_connections) {
    worker_.journal.front.met(route::Limit::MaxConnections);
    return pause();
  }
  if (!worker_.loop().spare().keep()) return lack_descriptor();
  sockaddr_storage from{};
  socklen_t size = sizeof from;
  loop::Fd fd(::accept4(fd_.get(), reinterpret_cast<sockaddr*>(&from), &size, SOCK_NONBLOCK | SOCK_CLOEXEC));
  if (fd.is_open()) {
    std::array<char, INET6_ADDRSTRLEN> text;
    worker_.accepted(std::move(fd), address_text(from, text), view_);
    return Accepted::One;
  }
  if (errno == ECONNABORTED || errno == EINTR) return Accepted::One;
  if (loop::out_of_descriptors(errno)) return lack_descriptor();
  return errno == EAGAIN ? Accepted::None : pause();
}

Listener::Accepted Listener::lack_descriptor() {
  worker_.lacks_descriptor();
  return pause();
}

Listener::Accepted Listener::pause() {
  paused_ = true;
  worker_.loop().rewatch(fd_.get(), *this, 0);
  return Accepted::None;
}

void Listener::resume() {
  if (!paused_ || !fd_.is_open()) return;
  paused_ = false;
  worker_.loop().rewatch(fd_.get(), *this, EPOLLIN);
}

}  // namespace berth::http
