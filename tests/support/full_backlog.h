// A TCP listener with a full queue: a connection to it is begun and does not come about.
#pragma once

#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <stdexcept>
#include <string>

namespace berth::test {

/// Listens and never accepts: once it is full, a connection to it is begun and does not come about.
class FullBacklog {
 public:
  FullBacklog() {
    listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const auto* const wished = reinterpret_cast<const sockaddr*>(&address_);
    const bool listens = ::bind(listener_, wished, size_) == 0 && ::listen(listener_, 0) == 0 &&
                         ::getsockname(listener_, reinterpret_cast<sockaddr*>(&address_), &size_) == 0;
    if (!listens) throw std::runtime_error("no listener for a full queue");
  }
  ~FullBacklog() {
    for (const int fd : clients_) ::close(fd);
    ::close(listener_);
  }
  FullBacklog(const FullBacklog&) = delete;
  FullBacklog& operator=(const FullBacklog&) = delete;

  std::string address() const { return "127.0.0.1:" + std::to_string(ntohs(address_.sin_port)); }
  void fill() {
    for (int& fd : clients_) {
      fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
      // Begun; whether it comes about is what the queue decides.
      static_cast<void>(::connect(fd, reinterpret_cast<const sockaddr*>(&address_), size_));
    }
  }

 private:
  sockaddr_in address_{AF_INET, 0, {htonl(INADDR_LOOPBACK)}, {}};
  socklen_t size_ = sizeof address_;
  int listener_ = -1;
  int clients_[4] = {-1, -1, -1, -1};
};

}  // namespace berth::test
