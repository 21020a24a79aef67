#include "proxy/route/socket_upstream.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <cerrno>

#include "config/socket_address.h"
#include "config/tcp_options.h"
#include "proxy/route/target.h"

namespace berth::route {
namespace {

int open_socket(const SocketAddress& to) {
  return ::socket(to.family(), SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
}

/// 0, EINPROGRESS, or the errno.
int begin(Reach* reach, int fd, const SocketAddress& to) {
  const int error = reach != nullptr ? reach->connect(fd) : ::connect(fd, to.get(), to.size) == 0 ? 0 : errno;
  // EAGAIN: the queue of a unix listener is full. It counts as a refusal: the request is held, and the next
  // tick tries again. Tried at once, it would be full for as long as nobody there accepts.
  return error == EAGAIN ? ECONNREFUSED : error;
}

}  // namespace

int SocketUpstream::connect(loop::Gate& gate) {
  const Endpoint& endpoint = target().endpoint();
  const SocketAddress to = socket_address(endpoint);
  loop::Fd fd(open_socket(to));
  if (!fd.is_open() && loop::out_of_descriptors(errno) &&
      (target().close_eldest_idle() || loop_.spare().let_go()))
    fd.reset(open_socket(to));
  if (!fd.is_open()) return errno;
  set_tcp_options(fd.get(), endpoint);
  if (endpoint.family != Endpoint::Family::Unix) {
    const int on = 1;
    ::setsockopt(fd.get(), SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
    ::setsockopt(fd.get(), IPPROTO_TCP, TCP_NOTSENT_LOWAT, &loop::kMostUnsent, sizeof loop::kMostUnsent);
  }
  if (const int error = begin(target().reach(), fd.get(), to); error != 0 && error != EINPROGRESS)
    return error;
  socket_.open(loop_, std::move(fd), loop::Socket::Side::Upstream, true);
  socket_.attach(gate);
  return 0;
}

int SocketUpstream::connect_error() const {
  int error = 0;
  socklen_t size = sizeof error;
  ::getsockopt(socket_.fd(), SOL_SOCKET, SO_ERROR, &error, &size);
  return error != 0 || target().reach() == nullptr ? error : target().reach()->verdict(socket_.fd());
}

void SocketUpstream::lie_idle() {
  socket_.idle(*this);
  socket_.want(true, false);
}

void SocketUpstream::close(bool peer_closed) {
  if (peer_closed)
    socket_.close_abruptly();
  else
    socket_.close();
}

void SocketUpstream::on_idle_event() { target().idle_ended(*this); }

std::unique_ptr<Upstream> make_socket_upstream(loop::Loop& loop, Target& target) {
  return std::make_unique<SocketUpstream>(loop, target);
}

}  // namespace berth::route
