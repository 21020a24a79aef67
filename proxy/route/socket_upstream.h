// The connection to a backend over TCP or a unix socket.
#pragma once

#include <memory>

#include "proxy/loop/socket.h"
#include "proxy/route/upstream.h"

namespace berth::route {

class SocketUpstream final : public Upstream, private loop::IdleOwner {
 public:
  SocketUpstream(loop::Loop& loop, Target& target) : Upstream(target), loop_(loop) {}

  int connect(loop::Gate& gate) override;
  int connect_error() const override;
  loop::Stream& stream() override { return socket_; }
  void attach(loop::Gate& gate) override { socket_.attach(gate); }
  void lie_idle() override;
  bool is_quiet() const override { return socket_.is_quiet(); }
  void close(bool peer_closed) override;

 private:
  void on_idle_event() override;

  loop::Loop& loop_;
  loop::Socket socket_;
};

/// The Connector of every target whose endpoint is an address.
std::unique_ptr<Upstream> make_socket_upstream(loop::Loop& loop, Target& target);

}  // namespace berth::route
