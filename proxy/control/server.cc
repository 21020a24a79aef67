#include "proxy/control/server.h"

#include <algorithm>
#include <boost/asio/buffer.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/basic_stream.hpp>
#include <exception>
#include <optional>
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
      if (!error && self->has_room()) {
        self->start(std::move(socket));
      } else if (!error) {
        self->turn_away(std::move(socket));
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
    for (const auto& stream : std::vector(refused_)) stream->close();
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
    for (const auto& stream : std::vector(refused_)) stream->close();
  }

 private:
  using Stream = boost::beast::basic_stream<stream_protocol>;

  /// Makes room, if need be, at the cost of the client that has been waited for longest: one that only holds
  /// its place, or takes nothing of its answers, must not keep out one that has something to say. Where berth
  /// waits for nobody, the connection goes that has had the most answers: its client may ask again on
  /// another.
  bool has_room() {
    if (sessions_.size() < settings_.max_clients) return true;
    std::shared_ptr<Session> leaves;
    std::optional<std::chrono::steady_clock::time_point> longest;
    std::size_t most_answers = 0;
    for (const auto& session : sessions_) {
      if (const auto since = session->idle_since()) {
        if (longest && *longest <= *since) continue;
        longest = since;
        leaves = session;
      } else if (!longest && session->answered_before() > most_answers) {
        most_answers = session->answered_before();
        leaves = session;
      }
    }
    if (!leaves) return false;
    std::erase(sessions_, leaves);
    leaves->abandon();
    return true;
  }

  std::string refusal() const {
    const std::string body =
        json_text(problem(503, "busy", "Too many clients",
                          "this berth already serves " + std::to_string(settings_.max_clients) +
                              " clients of its control socket: try again")) +
        "\n";
    return "HTTP/1.1 503 Service Unavailable\r\nServer: berth/" + std::string(kVersion) +
           "\r\nConnection: close\r\nContent-Type: application/problem+json\r\nContent-Length: " +
           std::to_string(body.size()) + "\r\n\r\n" + body;
  }

  static asio::awaitable<void> refuse(std::shared_ptr<Stream> stream, std::string answer,
                                      ServerSettings settings) {
    stream->expires_after(settings.write_timeout);
    error_code error;
    co_await asio::async_write(*stream, asio::buffer(answer),
                               asio::redirect_error(asio::use_awaitable, error));
    if (!error) co_await linger(*stream, settings.linger_timeout);
  }

  /// Without a session, and for as many as there may be sessions; who comes then is closed at once.
  void turn_away(stream_protocol::socket socket) {
    if (refused_.size() >= settings_.max_clients) return;
    const auto stream = refused_.emplace_back(std::make_shared<Stream>(std::move(socket)));
    asio::co_spawn(control_, refuse(stream, refusal(), settings_),
                   [self = shared_from_this(), stream](const std::exception_ptr&) {
                     std::erase(self->refused_, stream);
                   });
  }

  void start(stream_protocol::socket socket) {
    auto session = std::make_shared<Session>(std::move(socket), *service_, settings_, streams_);
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
  std::vector<std::shared_ptr<Stream>> refused_;
  const std::shared_ptr<Streams> streams_ = std::make_shared<Streams>();
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
