#include "proxy/control/server.h"

#include <algorithm>
#include <boost/asio/buffer.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <exception>
#include <string>
#include <utility>
#include <vector>

#include "config/json_text.h"
#include "config/version.h"
#include "proxy/control/json_map.h"
#include "proxy/control/session.h"

namespace berth::control {

namespace asio = boost::asio;
using asio::local::stream_protocol;
using boost::system::error_code;

class Server::Impl : public std::enable_shared_from_this<Server::Impl> {
 public:
  Impl(asio::io_context& control, int fd, Service& service, const ServerSettings& settings)
      : control_(control), acceptor_(control), closing_(control), service_(&service), settings_(settings) {
    acceptor_.assign(stream_protocol(), fd);
  }

  void accept() {
    acceptor_.async_accept([self = shared_from_this()](error_code error, stream_protocol::socket socket) {
      if (self->service_ == nullptr || error == asio::error::operation_aborted) return;
      if (!error && self->sessions_.size() < self->settings_.max_clients) {
        self->start(std::move(socket));
      } else if (!error) {
        self->turn_away(socket);
      }
      if (!error) return self->accept();
      // Out of descriptors, most likely: again in a while, rather than in a circle.
      self->closing_.expires_after(std::chrono::milliseconds(100));
      self->closing_.async_wait([self](error_code stopped) {
        if (!stopped) self->accept();
      });
    });
  }

  void listen(int fd) {
    error_code ignored;
    acceptor_.close(ignored);
    closing_.cancel();
    acceptor_.assign(stream_protocol(), fd);
    accept();
  }

  void close(std::function<void()> closed) {
    closed_ = std::move(closed);
    error_code ignored;
    acceptor_.close(ignored);
    for (const auto& session : std::vector(sessions_)) session->finish();
    closing_.expires_after(settings_.close_timeout);
    closing_.async_wait([self = shared_from_this()](error_code error) {
      if (!error) self->tell_closed();
    });
    if (sessions_.empty()) tell_closed();
  }

  void abandon() {
    service_ = nullptr;
    closed_ = nullptr;
    error_code ignored;
    acceptor_.close(ignored);
    closing_.cancel();
    for (const auto& session : std::vector(sessions_)) session->abandon();
    sessions_.clear();
  }

 private:
  /// Without a session: one that is too many must cost nothing, not even a wait.
  void turn_away(stream_protocol::socket& socket) const {
    const std::string body =
        json_text(problem(503, "busy", "Too many clients",
                          "this berth already serves " + std::to_string(settings_.max_clients) +
                              " clients of its control socket: try again")) +
        "\n";
    const std::string answer =
        "HTTP/1.1 503 Service Unavailable\r\nServer: berth/" + std::string(kVersion) +
        "\r\nConnection: close\r\nContent-Type: application/problem+json\r\nContent-Length: " +
        std::to_string(body.size()) + "\r\n\r\n" + body;
    error_code ignored;
    socket.non_blocking(true, ignored);
    socket.write_some(asio::buffer(answer), ignored);
  }

  void start(stream_protocol::socket socket) {
    auto session = std::make_shared<Session>(std::move(socket), *service_, settings_);
    sessions_.push_back(session);
    // The session's end is the coroutine's end, whatever it came by; nothing of a client's may end the loop.
    asio::co_spawn(control_, Session::serve(session),
                   [self = shared_from_this(), session](const std::exception_ptr&) {
                     std::erase(self->sessions_, session);
                     if (self->sessions_.empty() && self->closed_) self->tell_closed();
                   });
  }

  void tell_closed() {
    if (!closed_) return;
    closing_.cancel();
    asio::post(control_, std::exchange(closed_, nullptr));
  }

  asio::io_context& control_;
  stream_protocol::acceptor acceptor_;
  asio::steady_timer closing_;
  Service* service_;
  ServerSettings settings_;
  std::vector<std::shared_ptr<Session>> sessions_;
  std::function<void()> closed_;
};

Server::Server(asio::io_context& control, int listening_fd, Service& service, const ServerSettings& settings)
    : impl_(std::make_shared<Impl>(control, listening_fd, service, settings)) {
  impl_->accept();
}

Server::~Server() { impl_->abandon(); }

void Server::listen(int listening_fd) { impl_->listen(listening_fd); }

void Server::close(std::function<void()> closed) { impl_->close(std::move(closed)); }

}  // namespace berth::control
