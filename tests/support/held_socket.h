// A TCP socket that a test holds, bound just as it wishes: what `berth port` is asked about, and who tries to
// join an address. Knows nothing of berth.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace berth::test {

struct SocketWish {
  std::string address = "127.0.0.1";  ///< IPv4 or IPv6; "::" is dual stack
  std::uint16_t port = 0;
  bool reuse_address = false;
  bool reuse_port = false;
  bool listening = true;
  bool v6only = false;
};

/// Bound as wished, or `error`. Closed by the destructor.
class HeldSocket {
 public:
  explicit HeldSocket(const SocketWish& wish);
  ~HeldSocket();
  HeldSocket(const HeldSocket&) = delete;
  HeldSocket& operator=(const HeldSocket&) = delete;

  bool is_open() const { return error_ == 0; }
  int error() const { return error_; }  ///< errno of what failed; 0: it is open
  std::uint16_t port() const { return port_; }
  int fd() const { return fd_; }
  void close();
  /// The next connection whose first bytes are those; others (a ready check's) are closed. The descriptor is
  /// the caller's; -1: the socket does not listen.
  int accept_request(std::string_view first_bytes);
  /// Accepts a connection of its own and closes it first, so that this port keeps the TIME_WAIT.
  void leave_time_wait();

 private:
  int fd_ = -1;
  int error_ = 0;
  std::uint16_t port_ = 0;
};

/// A number that the kernel gives to nobody by itself, and that is free now on every address.
std::uint16_t free_number();

/// An IPv4 address of this machine that is not 127.0.0.1: of a real interface where there is one.
std::string other_address();

/// How many of the four SO_REUSEADDR and SO_REUSEPORT combinations can bind and listen on `wish`, tried by a
/// child process with this uid; -1: the uid could not be taken.
int joins_as(unsigned uid, SocketWish wish);

}  // namespace berth::test
