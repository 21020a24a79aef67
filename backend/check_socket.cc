#include "backend/check_socket.h"

#include <array>
#include <boost/asio/buffer.hpp>

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

}  // namespace

bool open_check_socket(CheckSocket& socket, const Endpoint& endpoint) {
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

CheckProtocol::endpoint check_endpoint(const Endpoint& endpoint) {
  auto address = socket_address(endpoint);
  return {address.get(), address.size};
}

bool connected_to_itself(const CheckSocket& socket) {
  boost::system::error_code error;
  auto local = socket.local_endpoint(error);
  auto remote = socket.remote_endpoint(error);
  return !error && local.protocol().family() != AF_UNIX && local == remote;
}

void close_after_peer(std::shared_ptr<CheckSocket> socket) {
  std::make_shared<Goodbye>(std::move(socket))->begin();
}

}  // namespace berth::backend
