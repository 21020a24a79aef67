#include "backend/lease.h"

#include <sys/socket.h>

#include <cerrno>

#include "backend/address.h"

namespace berth::backend {
namespace {

Descriptor bound_to(const Endpoint& endpoint) {
  Descriptor fd = open_stream_socket(endpoint);
  if (!fd) return fd;
  auto address = socket_address(endpoint);
  if (::bind(fd.get(), address.get(), address.size) != 0) fd.reset();
  return fd;
}

bool child_could_bind(std::uint16_t port) {
  Descriptor fd = open_stream_socket(Endpoint::loopback_v4(port));
  int on = 1;
  ::setsockopt(fd.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  auto address = socket_address(Endpoint::loopback_v4(port));
  return ::bind(fd.get(), address.get(), address.size) == 0;
}

}  // namespace

std::optional<Lease> Lease::take() {
  Lease lease;
  lease.fd_ = bound_to(Endpoint::any_v6(0));
  if (!lease.fd_) lease.fd_ = bound_to(Endpoint::loopback_v4(0));
  if (!lease.fd_) return std::nullopt;
  lease.port_ = local_endpoint(lease.fd_.get()).port;
  if (lease.port_ == 0) return std::nullopt;
  return lease;
}

bool Lease::works() {
  static const bool result = [] {
    auto lease = take();
    if (!lease) return false;
    bool closed_first = !child_could_bind(lease->port());
    bool opened = lease->open_door() && child_could_bind(lease->port());
    bool closed_again = lease->close_door() && !child_could_bind(lease->port());
    return closed_first && opened && closed_again;
  }();
  return result;
}

bool Lease::open_door() { return set_reuse(1); }
bool Lease::close_door() { return set_reuse(0); }

bool Lease::set_reuse(int on) {
  return ::setsockopt(fd_.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) == 0;
}

int Lease::try_listen() { return ::listen(fd_.get(), 1) == 0 ? 0 : errno; }

}  // namespace berth::backend
