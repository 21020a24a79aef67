// One stream socket in a loop: TCP and unix alike, non-blocking, readiness told to a Gate. Reads and writes
// are tried at once and never wait; who must wait sleeps on the gate after want().
#pragma once

#include <cstddef>
#include <span>

#include "proxy/loop/gate.h"
#include "proxy/loop/loop.h"
#include "proxy/loop/stream.h"

namespace berth::loop {

/// What the kernel may hold of one TCP connection before it is sent (TCP_NOTSENT_LOWAT), so that a reader who
/// has stopped is soon felt by the sender: left to itself it takes as much as fits into its largest buffer.
inline constexpr int kMostUnsent = 1024 * 1024;

/// Told of readiness while no gate is attached: the owner of an idle connection.
class IdleOwner {
 public:
  virtual void on_idle_event() = 0;

 protected:
  ~IdleOwner() = default;
};

/// Lives in one loop. Its bits at the gate are kClient* or, shifted, kUpstream*.
class Socket final : public Watched, public Stream {
 public:
  enum class Side : std::uint8_t { Client = 0, Upstream = 3 };

  Socket() = default;
  ~Socket() { close(); }

  /// Takes a non-blocking descriptor and watches it for input.
  void open(Loop& loop, Fd fd, Side side, bool for_output = false);
  bool is_open() const { return fd_.is_open(); }
  int fd() const { return fd_.get(); }
  void close();
  /// Closes at once and leaves no TIME_WAIT: for a peer that has closed already.
  void close_abruptly();

  /// Whose events they are from now on; nullptr with an owner: idle.
  void attach(Gate& gate) { gate_ = &gate, owner_ = nullptr; }
  void idle(IdleOwner& owner) { gate_ = nullptr, owner_ = &owner; }

  /// Nothing has come and the peer has not closed: one syscall, nothing is read.
  bool is_quiet() const;
  /// Bytes written that the peer has not acknowledged.
  std::size_t unacknowledged() const;
  using Stream::write;
  IoResult read(std::span<char> into) override;
  IoResult write(std::span<const iovec> parts) override;
  bool splices() const override { return true; }
  IoResult read_into(Pipe& pipe, std::size_t most) override;
  IoResult write_from(Pipe& pipe) override;
  /// No syscall where it is watched already.
  void want(bool input, bool output) override;
  void shutdown_write() override;
  bool peer_ended() const override { return peer_ended_; }

  void on_ready(std::uint32_t events) override;

 private:
  void arm(std::uint32_t events);
  void forget();

  Loop* loop_ = nullptr;
  Gate* gate_ = nullptr;
  IdleOwner* owner_ = nullptr;
  Fd fd_;
  std::uint8_t armed_ = 0;  ///< EPOLLIN | EPOLLOUT as the kernel has it
  Side side_ = Side::Client;
  bool watched_ = false;
  bool peer_ended_ = false;
};

}  // namespace berth::loop
