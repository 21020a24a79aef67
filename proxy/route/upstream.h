// One connection to a backend as an exchange and the pool know it, whatever carries it. It speaks HTTP/1.1; a
// backend of another protocol is met by a kind that translates. Lives in one loop; carries one exchange at a
// time or lies idle in its target's pool. Knows no HTTP.
#pragma once

#include <chrono>
#include <cstdint>

#include "proxy/loop/gate.h"
#include "proxy/loop/list.h"
#include "proxy/loop/loop.h"
#include "proxy/loop/stream.h"

namespace berth::route {

class Target;

class Upstream : public loop::Disposable, public loop::ListHook<Upstream> {
 public:
  explicit Upstream(Target& target) : target_(target) {}

  /// Begins to connect to the target; raises kUpstreamOut once it is known how that went. Returns 0, or the
  /// errno of what could not begin.
  virtual int connect(loop::Gate& gate) = 0;
  /// After that: 0, or the errno of the attempt. EAGAIN: the next one will do.
  virtual int connect_error() const = 0;
  /// Raises kUpstream* at the gate that it was given last.
  virtual loop::Stream& stream() = 0;

  /// An exchange begins on it.
  virtual void attach(loop::Gate& gate) = 0;
  /// It lies in the pool: whatever happens to it there is told to Target::idle_ended().
  virtual void lie_idle() = 0;
  /// Nothing has come and the peer has not closed.
  virtual bool is_quiet() const = 0;
  /// `peer_closed`: everything was read to the end, so that no TIME_WAIT is due (design section 5).
  virtual void close(bool peer_closed) = 0;

  Target& target() { return target_; }
  const Target& target() const { return target_; }

  std::chrono::steady_clock::time_point used_at{};  ///< when its last exchange ended
  loop::Tick idle_until = 0;
  std::uint32_t place = 0;  ///< which of the target's places it was made for
  /// How long the backend has said that it keeps it open, with a margin; max: it has not.
  std::chrono::milliseconds keep_alive = std::chrono::milliseconds::max();

  /// It may be asked again: the backend has not had the time to close it by its own word.
  bool is_kept(std::chrono::steady_clock::time_point now) const {
    return keep_alive == std::chrono::milliseconds::max() || now - used_at < keep_alive;
  }

 private:
  Target& target_;
};

/// How a target comes to its connections.
using Connector = std::unique_ptr<Upstream> (*)(loop::Loop& loop, Target& target);

}  // namespace berth::route
