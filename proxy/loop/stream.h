// Bytes both ways, never waiting: what a Socket is, what TLS or a stream of another protocol or of a test can
// be instead. Readiness is told to the Gate of whoever uses it.
#pragma once

#include <sys/uio.h>

#include <cstddef>
#include <cstdint>
#include <span>

namespace berth::loop {

/// What a read or a write came to.
struct IoResult {
  enum class Status : std::uint8_t {
    Done,   ///< `bytes` were moved (at least one)
    Again,  ///< not now: want() and sleep
    End,    ///< the peer has finished sending (reads only)
    Error,  ///< the connection is broken; `error` is the errno
  };
  Status status = Status::Again;
  std::size_t bytes = 0;
  int error = 0;
};

class Pipe;

/// One loop only. Reads and writes are tried at once; who must wait sleeps on the gate after want().
class Stream {
 public:
  Stream() = default;
  Stream(const Stream&) = delete;
  Stream& operator=(const Stream&) = delete;

  virtual IoResult read(std::span<char> into) = 0;
  virtual IoResult write(std::span<const iovec> parts) = 0;
  IoResult write(const char* data, std::size_t size) {
    const iovec part{const_cast<char*>(data), size};
    return write(std::span(&part, 1));
  }
  /// Whether its bytes can go through a Pipe: the kernel's socket has them as they are.
  virtual bool splices() const { return false; }
  /// As read() and write(), through an empty Pipe and from a filled one. Only where splices().
  virtual IoResult read_into(Pipe& /*pipe*/, std::size_t /*most*/) { return {}; }
  virtual IoResult write_from(Pipe& /*pipe*/) { return {}; }
  /// Makes sure that readiness for what is asked will be told.
  virtual void want(bool input, bool output) = 0;
  /// Says that nothing more will be written; reading goes on.
  virtual void shutdown_write() = 0;
  /// The peer was seen to have finished sending, by a read or without one.
  virtual bool peer_ended() const = 0;

 protected:
  ~Stream() = default;
};

}  // namespace berth::loop
