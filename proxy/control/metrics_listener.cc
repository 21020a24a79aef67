#include "proxy/control/metrics_listener.h"

#include <array>
#include <boost/asio/buffer.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/error.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <functional>
#include <set>
#include <string>
#include <utility>

#include "config/version.h"
#include "proxy/control/metrics_text.h"

namespace berth::control {

namespace asio = boost::asio;
namespace bhttp = boost::beast::http;
using asio::ip::tcp;
using boost::system::error_code;

namespace {

constexpr std::uint32_t kMostHead = 8 * 1024;
constexpr std::size_t kMostBuffered = std::size_t{2} * kMostHead;

std::string answer(int status, std::string_view reason, std::string_view type, std::string_view body,
                   bool to_head) {
  std::string text = "HTTP/1.1 " + std::to_string(status) + " ";
  ((text += reason) += "\r\nServer: berth/") += kVersion;
  if (status == 405) text += "\r\nAllow: GET, HEAD";
  (text += "\r\nConnection: close\r\nContent-Type: ") += type;
  text += "\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n";
  if (!to_head) text += body;
  return text;
}

std::string refusal(int status, std::string_view reason, std::string_view body) {
  return answer(status, reason, "text/plain; charset=utf-8", body, false);
}

/// One connection: one request, one answer.
class Scrape : public std::enable_shared_from_this<Scrape> {
 public:
  Scrape(tcp::socket socket, Service& service, std::function<void(Scrape*)> over)
      : socket_(std::move(socket)),
        deadline_(socket_.get_executor()),
        service_(&service),
        over_(std::move(over)) {
    parser_.header_limit(kMostHead);
  }
  ~Scrape() {
    if (over_) over_(this);
  }
  Scrape(const Scrape&) = delete;
  Scrape& operator=(const Scrape&) = delete;

  void start(std::chrono::milliseconds timeout) {
    end_after(timeout);
    bhttp::async_read_header(
        socket_, buffer_, parser_,
        [self = shared_from_this()](error_code error, std::size_t) { self->on_head(error); });
  }
  /// Says that there are too many, whatever it would have asked.
  void refuse(std::chrono::milliseconds timeout) {
    end_after(timeout);
    say(refusal(503, "Service Unavailable", "too many clients are served already: try again\n"));
  }
  /// The owner goes.
  void abandon() {
    service_ = nullptr;
    over_ = nullptr;
    close();
  }

 private:
  void end_after(std::chrono::milliseconds timeout) {
    deadline_.expires_after(timeout);
    deadline_.async_wait([weak = weak_from_this()](error_code error) {
      if (auto self = weak.lock(); self && !error) self->close();
    });
  }

  void on_head(error_code error) {
    if (service_ == nullptr) return;
    if (error == bhttp::error::end_of_stream || error == bhttp::error::partial_message) return close();
    if (error && error.category() != bhttp::make_error_code(bhttp::error::end_of_stream).category())
      return close();
    if (error) return say(refusal(400, "Bad Request", "the request is malformed\n"));
    const auto& request = parser_.get();
    const std::string target(request.target().data(), request.target().size());
    if (target.substr(0, target.find('?')) != "/metrics")
      return say(refusal(404, "Not Found", "there is only /metrics here\n"));
    const bool to_head = request.method() == bhttp::verb::head;
    if (!to_head && request.method() != bhttp::verb::get)
      return say(refusal(405, "Method Not Allowed", "use GET\n"));
    service_->status([weak = weak_from_this(), to_head](const FrontStatus& front) {
      if (auto self = weak.lock()) self->say(answer(200, "OK", kMetricsType, metrics_text(front), to_head));
    });
    // Until the workers have answered, its deadline keeps it.
    waiting_ = shared_from_this();
  }

  void say(std::string text) {
    const auto self = shared_from_this();
    waiting_.reset();
    text_ = std::move(text);
    asio::async_write(socket_, asio::buffer(text_), [self](error_code, std::size_t) {
      // What the client may still send must not take the answer with it: it closes, or the deadline does.
      error_code ignored;
      self->socket_.shutdown(tcp::socket::shutdown_send, ignored);
      self->drain();
    });
  }

  void drain() {
    socket_.async_read_some(asio::buffer(rest_), [self = shared_from_this()](error_code error, std::size_t) {
      if (error) return self->close();
      self->drain();
    });
  }

  void close() {
    const auto self = shared_from_this();
    waiting_.reset();
    deadline_.cancel();
    error_code ignored;
    socket_.close(ignored);
  }

  tcp::socket socket_;
  asio::steady_timer deadline_;
  Service* service_;
  std::function<void(Scrape*)> over_;
  boost::beast::flat_buffer buffer_{kMostBuffered};
  bhttp::request_parser<bhttp::empty_body> parser_;
  std::string text_;
  std::array<char, 1024> rest_;
  std::shared_ptr<Scrape> waiting_;
};

}  // namespace

class MetricsListener::Impl : public std::enable_shared_from_this<Impl> {
 public:
  Impl(asio::io_context& control, int fd, Service& service, const MetricsSettings& settings)
      : acceptor_(control), pause_(control), service_(service), settings_(settings) {
    // Of either family: only accept(2) is asked of it.
    acceptor_.assign(tcp::v4(), fd);
  }

  void accept() {
    acceptor_.async_accept([self = shared_from_this()](error_code error, tcp::socket socket) {
      if (self->gone_ || error == asio::error::operation_aborted) return;
      if (!error) {
        self->start(std::move(socket));
        return self->accept();
      }
      self->pause_.expires_after(std::chrono::milliseconds(100));
      self->pause_.async_wait([self](error_code stopped) {
        if (!stopped) self->accept();
      });
    });
  }

  void abandon() {
    gone_ = true;
    error_code ignored;
    acceptor_.close(ignored);
    pause_.cancel();
    for (Scrape* scrape : std::exchange(open_, {})) scrape->abandon();
  }

 private:
  /// As many again are told why they are refused; more are closed at once.
  void start(tcp::socket socket) {
    const bool refused = open_.size() >= settings_.max_clients;
    if (open_.size() >= 2 * settings_.max_clients) return;
    const auto scrape = std::make_shared<Scrape>(
        std::move(socket), service_, [self = shared_from_this()](Scrape* over) { self->open_.erase(over); });
    open_.insert(scrape.get());
    if (refused)
      scrape->refuse(settings_.refusal_timeout);
    else
      scrape->start(settings_.timeout);
  }

  tcp::acceptor acceptor_;
  asio::steady_timer pause_;
  Service& service_;
  MetricsSettings settings_;
  std::set<Scrape*> open_;
  bool gone_ = false;
};

MetricsListener::MetricsListener(asio::io_context& control, int listening_fd, Service& service,
                                 const MetricsSettings& settings)
    : impl_(std::make_shared<Impl>(control, listening_fd, service, settings)) {
  impl_->accept();
}

MetricsListener::~MetricsListener() { impl_->abandon(); }

}  // namespace berth::control
