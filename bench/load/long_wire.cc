#include "bench/load/long_wire.h"

#include <sys/epoll.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

namespace berth::load {

void LongWire::close() {
  if (fd_ >= 0) ::close(fd_);
  fd_ = -1;
}

bool LongWire::failed(DialFault fault) {
  kind_ = fault.kind;
  why_ = std::move(fault.why);
  close();
  return false;
}

bool LongWire::open(int epoll, std::uint64_t token, const Address& address, std::string first) {
  epoll_ = epoll;
  token_ = token;
  out_ = std::move(first);
  why_.clear();
  Dialled dialled = dial(epoll, token, address);
  fd_ = dialled.fd;
  connecting_ = dialled.connecting;
  return dialled.fault ? failed(std::move(*dialled.fault)) : true;
}

bool LongWire::on_ready(std::uint32_t events, std::string& in) {
  if (!is_open()) return false;
  if (connecting_) {
    if (auto fault = dial_fault(fd_)) return failed(std::move(*fault));
    if ((events & EPOLLOUT) == 0) return true;
    connecting_ = false;
  }
  flush();
  std::array<char, 16 * 1024> buffer;
  for (int turn = 0;; ++turn) {
    if (turn == kReadsInTurn) {
      tell_again(epoll_, fd_, token_);
      return true;
    }
    const auto n = ::recv(fd_, buffer.data(), buffer.size(), 0);
    if (n > 0) {
      in.append(buffer.data(), static_cast<std::size_t>(n));
      continue;
    }
    if (n < 0 && errno == EINTR) continue;
    if (n < 0 && errno == EAGAIN) return true;
    if (n < 0) return failed({FailureKind::Reset, std::string("read: ") + std::strerror(errno)});
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
