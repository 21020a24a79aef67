// One connection to a backend, and the addresses of sockets as the OS wants them. Lives in one loop; carries
// one exchange at a time or lies idle in its target's pool. Knows no HTTP.
#pragma once

#include <chrono>

#include "config/endpoint.h"
#include "proxy/loop/list.h"
#include "proxy/loop/loop.h"
#include "proxy/loop/socket.h"

namespace berth::route {

class Target;

class Upstream final : public loop::Disposable, public loop::IdleOwner, public loop::ListHook<Upstream> {
 public:
  explicit Upstream(Target& target) : target_(target) {}

  /// Begins to connect. False: the OS refused at once (errno). Connected when the socket becomes writable.
  bool connect(loop::Loop& loop, const Endpoint& endpoint, loop::Gate& gate);
  /// After it became writable: 0, or the errno of the attempt.
  int connect_error() const;

  loop::Socket& socket() { return socket_; }
  Target& target() { return target_; }

  bool fresh = true;                                ///< has carried no exchange yet
  std::chrono::steady_clock::time_point used_at{};  ///< when its last exchange ended
  loop::Tick idle_until = 0;

 private:
  void on_idle_event() override;

  Target& target_;
  loop::Socket socket_;
};

}  // namespace berth::route
