// One worker's end of a listening socket: accepts, and passes the connection on. Where it may not
// accept, or there are no descriptors, it pauses: connections wait in the kernel's queue, and nobody is
// refused.
#pragma once

#include <memory>

#include "proxy/http/worker.h"
#include "proxy/loop/loop.h"

namespace berth::http {

class Listener final : public loop::Watched, public loop::Disposable {
 public:
  /// `fd`: non-blocking, listening; this worker's own dup.
  Listener(Worker& worker, loop::Fd fd, ListenerView& view);
  ListenerId id() const { return view_.state->id; }
  void close();
  /// What waits in the kernel's queue now.
  void accept_all();
  /// Takes up accepting again after a pause: when a connection has ended, whose place or descriptor is free
  /// now, and at each tick, since others may have freed one as well.
  void resume();
  void on_ready(std::uint32_t events) override;

 private:
  enum class Accepted : std::uint8_t { One, None };
  Accepted accept_one();
  Accepted lack_descriptor();
  Accepted pause();

  Worker& worker_;
  loop::Fd fd_;
  ListenerView& view_;
  bool paused_ = false;
};

}  // namespace berth::http
