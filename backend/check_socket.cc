#include "backend/check_socket.h"

#include <array>
#include <boost/asio/buffer.hpp>
#include <boost/asio/post.hpp>
#include <cerrno>

#include "backend/address.h"

namespace berth::backend {
namespace {

namespace asio = boost::asio;

constexpr std::chrono::milliseconds kWaitForPeer{200};

struct Goodbye : std::enable_shared_from_this<Goodbye> {
  explicit Goodbye(std::shared_ptr<CheckSocket> closing)
      : socket(std::move(closing)), timer(socket->get_executor()) {}

  void begin() {
    timer.expires_after(kWaitForPeer);
    timer.async_wait([self = shared_from_this()](boost::system::error_code error) {
      if (!error) self->close();
    });
    read();
  }

  void read() {
    socket->async_read_some(asio::buffer(rest),
                            [self = shared_from_this()](boost::system::error_code error, std::size_t) {
                              if (!error) return self->read();
                              self->timer.cancel();
                              self->close();
                            });
  }

  void close() {
    boost::system::error_code ignored;
    socket->close(ignored);
  }

  std::shared_ptr<CheckSocket> socket;
  LoopTimer timer;
  std::array<char, 4096> rest;
};

bool open_socket(CheckSocket& socket, const Endpoint& endpoint) {
  Descriptor fd = open_stream_socket(endpoint);
  if (!fd) return false;
  linger reset{.l_onoff = 1, .l_linger = 0};
  ::setsockopt(fd.get(), SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
  boost::system::error_code error;
  socket.assign(CheckProtocol(socket_address(endpoint).family(), 0), fd.get(), error);
  if (error) return false;
  fd.release();
  return true;
}

/// A connect to a closed port of the ephemeral range can meet itself (simultaneous open): that is a refusal.
bool connected_to_itself(const CheckSocket& socket) {
  boost::system::error_code error;
  auto local = socket.local_endpoint(error);
  auto remote = socket.remote_endpoint(error);
  return !error && local.protocol().family() != AF_UNIX && local == remote;
}

std::string connect_failure(int error) {
  switch (error) {
    case 0:
      return {};
    case ELOOP:
      return "its socket's file is a link, which is not followed";
    case EAGAIN:
      return "its queue of connections is full";
    default:
      return "connection refused";
  }
}

/// What is wrong with a connection that has been made, or has not.
std::string prove(CheckSocket& socket, const ReachPtr& to) {
  int error = 0;
  socklen_t size = sizeof error;
  ::getsockopt(socket.native_handle(), SOL_SOCKET, SO_ERROR, &error, &size);
  if (error != 0) return connect_failure(error);
  if (connected_to_itself(socket)) return connect_failure(ECONNREFUSED);
  switch (to->verdict(socket.native_handle())) {
    case 0:
      return {};
    case EAGAIN:
      return "its listener has just come: it is asked again";
    default:
      return "somebody else has taken the connection";
  }
}

}  // namespace

void connect_check(const std::shared_ptr<CheckSocket>& socket, const ReachPtr& to,
                   std::function<void(const std::string&)> done) {
  std::string failure;
  if (!open_socket(*socket, to->endpoint())) {
    failure = "no socket can be opened";
  } else if (const int error = to->connect(socket->native_handle()); error != EINPROGRESS) {
    failure = error == 0 ? prove(*socket, to) : connect_failure(error);
  } else {
    socket->async_wait(CheckSocket::wait_write,
                       [socket, to, done = std::move(done)](boost::system::error_code waited) {
                         if (waited != asio::error::operation_aborted) done(prove(*socket, to));
                       });
    return;
  }
  // Never from within the call that asks.
  asio::post(socket->get_executor(), [done = std::move(done), failure] { done(failure); });
}

void close_after_peer(std::shared_ptr<CheckSocket> socket) {
  std::make_shared<Goodbye>(std::move(socket))->begin();
}

}  // namespace berth::backend
