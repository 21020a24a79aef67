// A port number that the kernel gives to nobody else: a socket bound to [::]:0, never listening, kept from
// before the spawn until the release. Knows nothing of who is to use the number.
#pragma once

#include <cstdint>
#include <optional>

#include "backend/descriptor.h"
#include "config/endpoint.h"

namespace berth::backend {

/// Dual stack, or 127.0.0.1 where the host has no IPv6. Closed to all (no SO_REUSEADDR) until opened.
class Lease {
 public:
  /// Takes a fresh number from the OS. nullopt: see errno.
  static std::optional<Lease> take();

  /// Whether this kernel reads SO_REUSEADDR of the lease when others bind (older ones keep what it was at the
  /// first bind). Tried once per process; where it is false a child cannot bind while the lease is held.
  static bool works();

  std::uint16_t port() const { return port_; }
  int fd() const { return fd_.get(); }

  /// From spawn to stop: a server that sets SO_REUSEADDR can bind and listen.
  bool open_door();
  /// Before and after: nobody can.
  bool close_door();

  /// listen() on the lease: 0, or the errno. Door closed: 0 means strictly free. Door open: 0 means that
  /// nobody listens (TIME_WAIT and the like are ignored). After 0 the lease listens itself: close it.
  int try_listen();

 private:
  bool set_reuse(int on);
  Descriptor fd_;
  std::uint16_t port_ = 0;
};

}  // namespace berth::backend
