#include "backend/demo/server.h"

#include <fcntl.h>
#include <sys/socket.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <csignal>

namespace berth::demo {
namespace asio = boost::asio;
using asio::ip::tcp;

Server::Server(asio::io_context& loop, Facts& facts)
    : loop_(loop),
      facts_(facts),
      acceptor_(loop),
      signals_(loop, SIGTERM, SIGINT),
      timer_(loop),
      end_timer_(loop) {}

void Server::listen(const std::string& host, std::uint16_t port) {
  const tcp::endpoint endpoint(asio::ip::make_address(host), port);
  acceptor_.open(endpoint.protocol());
  // Asio's sockets are inherited by children unless told otherwise.
  ::fcntl(acceptor_.native_handle(), F_SETFD, FD_CLOEXEC);
  acceptor_.set_option(tcp::acceptor::reuse_address(true));
  acceptor_.bind(endpoint);
  acceptor_.listen(1024);
  facts_.port = acceptor_.local_endpoint().port();
  signals_.async_wait([this](const boost::system::error_code& error, int) {
    if (!error) stop();
  });
  asio::co_spawn(loop_, accept_all(), asio::detached);
}

void Server::end_after(std::chrono::milliseconds time) {
  end_timer_.expires_after(time);
  end_timer_.async_wait([this](const boost::system::error_code& error) {
    if (error) return;
    exit_code_ = 1;
    loop_.stop();
  });
}

asio::awaitable<void> Server::accept_all() {
  while (!facts_.stopping) {
    boost::system::error_code error;
    tcp::socket socket(loop_);
    socket = co_await acceptor_.async_accept(asio::redirect_error(asio::use_awaitable, error));
    if (facts_.stopping) co_return;
    if (error) {
      // Out of descriptors: one connection must end before another can begin.
      co_await pause_accepting();
      continue;
    }
    ::fcntl(socket.native_handle(), F_SETFD, FD_CLOEXEC);
    boost::system::error_code ignored;
    socket.set_option(tcp::no_delay(true), ignored);
    std::erase_if(sessions_, [](const auto& session) { return session.expired(); });
    sessions_.push_back(start_session(std::move(socket), facts_));
  }
}

asio::awaitable<void> Server::pause_accepting() {
  boost::system::error_code error;
  timer_.expires_after(std::chrono::milliseconds(20));
  co_await timer_.async_wait(asio::redirect_error(asio::use_awaitable, error));
}

void Server::stop() {
  facts_.stopping = true;
  boost::system::error_code ignored;
  acceptor_.close(ignored);
  timer_.cancel();
  end_timer_.cancel();
  for (const auto& weak : sessions_) {
    if (const auto session = weak.lock()) session->end_soon();
  }
}

}  // namespace berth::demo
