#include "bench/load/long_wire.h"

#include <sys/epoll.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>

namespace berth::load {

void LongWire::close() {
  if (fd_ >= 0) ::close(fd_);
  fd_ = -1;
}

bool LongWire::failed(FailureKind kind, const char* what, int error) {
  kind_ = kind;
  why_ = std::string(what) + ": " + std::strerror(error);
  close();
  return false;
}

bool LongWire::open(int epoll, std::uint64_t token, const Address& address, std::string first) {
  out_ = std::move(first);
  why_.clear();
  connecting_ = false;
  fd_ = ::socket(address.storage.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd_ < 0) return failed(FailureKind::Local, "socket", errno);
  epoll_event interest{};
  interest.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET;
  interest.data.u64 = token;
  if (::epoll_ctl(epoll, EPOLL_CTL_ADD, fd_, &interest) != 0)
    return failed(FailureKind::Local, "epoll_ctl", errno);
  if (::connect(fd_, reinterpret_cast<const sockaddr*>(&address.storage), address.size) == 0) return true;
  connecting_ = errno == EINPROGRESS;
  if (connecting_) return true;
  return failed(refuses(address, errno) ? FailureKind::Refused : FailureKind::Local, "connect", errno);
}

bool LongWire::on_ready(std::uint32_t events, std::string& in) {
  if (!is_open()) return false;
  if (connecting_) {
    int error = 0;
    socklen_t size = sizeof error;
    ::getsockopt(fd_, SOL_SOCKET, SO_ERROR, &error, &size);
    if (error != 0)
      return failed(error == ECONNREFUSED ? FailureKind::Refused : FailureKind::Reset, "connect", error);
    if ((events & EPOLLOUT) == 0) return true;
    connecting_ = false;
  }
  flush();
  std::array<char, 16 * 1024> buffer;
  for (;;) {
    const auto n = ::recv(fd_, buffer.data(), buffer.size(), 0);
    if (n > 0) {
      in.append(buffer.data(), static_cast<std::size_t>(n));
      continue;
    }
    if (n < 0 && errno == EINTR) continue;
    if (n < 0 && errno == EAGAIN) return true;
    if (n < 0) return failed(FailureKind::Reset, "read", errno);
    close();
    return false;
  }
}

void LongWire::send(std::string_view bytes) {
  out_.append(bytes);
  if (is_open() && !connecting_) flush();
}

void LongWire::flush() {
  while (!out_.empty()) {
    const auto n = ::send(fd_, out_.data(), out_.size(), MSG_NOSIGNAL);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return;  // EAGAIN: an event will come; anything else: reading tells
    out_.erase(0, static_cast<std::size_t>(n));
  }
}

}  // namespace berth::load
