#include "proxy/loop/socket.h"

#include <linux/sockios.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <cerrno>
#include <utility>

#include "proxy/loop/pipe.h"

namespace berth::loop {
namespace {

IoResult failed() {
  if (errno == EAGAIN || errno == EINTR) return {};
  return {IoResult::Status::Error, 0, errno};
}

}  // namespace

void Socket::open(Loop& loop, Fd fd, Side side, bool for_output) {
  loop_ = &loop;
  fd_ = std::move(fd);
  side_ = side;
  watched_ = peer_ended_ = false;
  arm(for_output ? (EPOLLIN | EPOLLOUT) : EPOLLIN);
}

void Socket::close() {
  forget();
  fd_.reset();
}

void Socket::close_abruptly() {
  if (!is_open()) return;
  const linger none{1, 0};
  ::setsockopt(fd_.get(), SOL_SOCKET, SO_LINGER, &none, sizeof none);
  close();
}

void Socket::shutdown_write() { ::shutdown(fd_.get(), SHUT_WR); }

bool Socket::is_quiet() const {
  char byte = 0;
  return ::recv(fd_.get(), &byte, 1, MSG_PEEK) < 0 && errno == EAGAIN;
}

std::size_t Socket::unacknowledged() const {
  int bytes = 0;
  return ::ioctl(fd_.get(), SIOCOUTQ, &bytes) == 0 ? static_cast<std::size_t>(bytes) : 0;
}

IoResult Socket::read(std::span<char> into) {
  const ssize_t n = ::recv(fd_.get(), into.data(), into.size(), 0);
  if (n > 0) return {IoResult::Status::Done, static_cast<std::size_t>(n), 0};
  if (n == 0) {
    peer_ended_ = true;
    return {IoResult::Status::End, 0, 0};
  }
  return failed();
}

IoResult Socket::write(std::span<const iovec> parts) {
  ssize_t n = 0;
  if (parts.size() == 1) {
    n = ::send(fd_.get(), parts[0].iov_base, parts[0].iov_len, MSG_NOSIGNAL);
  } else {
    msghdr message{};
    message.msg_iov = const_cast<iovec*>(parts.data());
    message.msg_iovlen = parts.size();
    n = ::sendmsg(fd_.get(), &message, MSG_NOSIGNAL);
  }
  if (n >= 0) return {IoResult::Status::Done, static_cast<std::size_t>(n), 0};
  return failed();
}

IoResult Socket::read_into(Pipe& pipe, std::size_t most) {
  const IoResult result = pipe.fill(fd_.get(), most);
  if (result.status == IoResult::Status::End) peer_ended_ = true;
  return result;
}

IoResult Socket::write_from(Pipe& pipe) { return pipe.drain(fd_.get()); }

void Socket::want(bool input, bool output) {
  if (!is_open()) return;
  const std::uint32_t events = (input ? EPOLLIN : 0U) | (output ? EPOLLOUT : 0U);
  // Input that is watched and not wanted stays until it fires: nearly always it never does.
  if ((armed_ & events) != events) arm(armed_ | events);
}

/// Closing alone does not take a socket out of an epoll set while a process that is just being spawned still
/// has a copy of the descriptor: its events would come for an object that is gone.
void Socket::forget() {
  if (std::exchange(watched_, false)) loop_->unwatch(fd_.get());
}

void Socket::arm(std::uint32_t events) {
  armed_ = static_cast<std::uint8_t>(events);
  // A client that has finished sending while nobody reads from it: told once.
  const std::uint32_t end = side_ == Side::Client && !peer_ended_ ? EPOLLRDHUP : 0U;
  if (watched_)
    loop_->rewatch(fd_.get(), *this, events | end);
  else
    loop_->watch(fd_.get(), *this, events | end);
  watched_ = true;
}

void Socket::on_ready(std::uint32_t events) {
  if (!is_open()) return;  // closed earlier in this batch
  if (gate_ == nullptr) {
    owner_->on_idle_event();
    return;
  }
  const auto shift = static_cast<unsigned>(side_);
  Wakes bits = 0;
  if ((events & EPOLLIN) != 0) bits |= kClientIn << shift;
  if ((events & EPOLLOUT) != 0) bits |= kClientOut << shift;
  if ((events & (EPOLLHUP | EPOLLERR)) != 0) bits |= (kClientIn | kClientOut | kClientGone) << shift;
  const Wakes wanted = gate_->wanted();
  // Whoever reads comes to the end by itself.
  const bool ended = (events & EPOLLRDHUP) != 0 && (wanted & (kClientIn << shift)) == 0;
  if (ended) {
    peer_ended_ = true;
    bits |= kClientEnded;
  }
  if ((events & (EPOLLHUP | EPOLLERR)) != 0 && (bits & wanted) == 0) {
    // The kernel tells of a hang-up whether asked or not: out of the set until somebody wants to know.
    forget();
    armed_ = 0;
    return;
  }
  // Level-triggered: what fires and is not waited for now would fire without end.
  std::uint32_t keep = armed_;
  if ((bits & ~wanted & (kClientIn << shift)) != 0) keep &= ~static_cast<std::uint32_t>(EPOLLIN);
  if ((armed_ & EPOLLOUT) != 0 && (events & EPOLLOUT) != 0) keep &= ~static_cast<std::uint32_t>(EPOLLOUT);
  if (keep != armed_ || ended) arm(keep);
  gate_->raise(bits);
}

}  // namespace berth::loop
