// A kernel pipe that carries bytes from one socket to another without a copy into this process (splice(2)),
// and the few of them that a loop keeps. Only descriptors with nothing between them and the wire can be
// spliced.
#pragma once

#include <cstddef>
#include <vector>

#include "proxy/loop/fd.h"
#include "proxy/loop/stream.h"

namespace berth::loop {

class PipePool;

/// A pipe on loan, or none. Movable; goes back to the pool that it came from, which keeps it if it is empty.
/// Lives in one loop. Writing to a peer that is gone raises SIGPIPE, which must be ignored or blocked.
class Pipe {
 public:
  Pipe() = default;
  Pipe(Pipe&& other) noexcept { swap(other); }
  Pipe& operator=(Pipe&& other) noexcept {
    swap(other);
    return *this;
  }
  ~Pipe() { reset(); }

  bool is_open() const { return pool_ != nullptr; }
  /// Nothing waits in it.
  bool empty() const { return held_ == 0; }
  std::size_t size() const { return held_; }

  /// Takes at most `most` bytes from the socket `fd`. Only while it is empty: a full pipe and a silent socket
  /// both say Again.
  IoResult fill(int fd, std::size_t most);
  /// Gives to the socket `fd` what that takes now.
  IoResult drain(int fd);

  /// Gives it back, with what is left in it.
  void reset() {
    if (pool_ != nullptr) give_back();
  }

 private:
  friend class PipePool;
  void give_back();
  void swap(Pipe& other);

  PipePool* pool_ = nullptr;
  Fd in_;
  Fd out_;
  std::size_t held_ = 0;
};

/// The pipes of one loop. Outlives them.
class PipePool {
 public:
  static constexpr std::size_t kBytes = 256 * 1024;  ///< what one holds, where the kernel grants it
  static constexpr std::size_t kMost =
      128;  ///< on loan at once: each may lie full before a client that stalls
  static constexpr std::size_t kKept = 16;

  PipePool() = default;
  PipePool(const PipePool&) = delete;
  PipePool& operator=(const PipePool&) = delete;

  /// An empty one; not open where there is none to be had: then bytes are copied.
  Pipe take();
  std::size_t lent() const { return lent_; }

 private:
  friend class Pipe;
  struct Ends {
    Fd in;
    Fd out;
  };
  std::vector<Ends> kept_;
  std::size_t lent_ = 0;
};

}  // namespace berth::loop
