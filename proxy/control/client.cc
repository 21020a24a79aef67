#include "proxy/control/client.h"

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <boost/asio/connect.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/message.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/beast/http/write.hpp>
#include <cerrno>
#include <csignal>

#include "config/version.h"
#include "proxy/control/process_output.h"

namespace berth::control {
namespace {

namespace asio = boost::asio;
namespace bhttp = boost::beast::http;
using boost::system::error_code;

constexpr auto kTick = std::chrono::milliseconds(100);
constexpr std::size_t kMostBuffered = std::size_t{1024} * 1024;  ///< a head, or a chunk's size line

// The state of one call; lives as long as call() runs its loop.
class OneCall {
 public:
  OneCall(const Call& what, const Following& following)
      : following_(following),
        socket_(loop_),
        signals_(loop_, SIGINT, SIGTERM),
        deadline_(loop_),
        again_(loop_),
        tick_(loop_),
        buffer_(kMostBuffered) {
    request_.method_string(what.method);
    request_.target(what.target);
    request_.version(11);
    request_.set(bhttp::field::host, "berth");
    request_.set(bhttp::field::user_agent, "berth/" + std::string(kVersion));
    request_.set(bhttp::field::connection, "close");
    if (!what.body.empty()) request_.set(bhttp::field::content_type, "application/json");
    request_.body() = what.body;
    request_.prepare_payload();
    parser_.body_limit(boost::none);
  }

  CallResult run(const std::string& path) {
    if (path.size() >= sizeof(sockaddr_un::sun_path))
      return {CallEnd::NoBerth, 0, {}, "no socket has so long a path"};
    signals_.async_wait([this](error_code stopped, int) {
      if (stopped) return;
      hurry_output();
      end(CallEnd::Interrupted, {});
    });
    if (following_.timeout) {
      deadline_.expires_after(*following_.timeout);
      deadline_.async_wait([this](error_code stopped) {
        if (!stopped) end(CallEnd::TimedOut, {});
      });
    }
    if (following_.on_tick || following_.given_up) tick();
    path_ = path;
    connect();
    loop_.run();
    result_.status = parser_.is_header_done() ? static_cast<int>(parser_.get().result_int()) : 0;
    if (!by_line()) result_.body = parser_.get().body();
    return std::move(result_);
  }

 private:
  bool by_line() const {
    return following_.on_line && parser_.is_header_done() && parser_.get().result() == bhttp::status::ok;
  }

  /// Never waits in connect(2): a berth that is suspended may have a full queue.
  void connect() {
    error_code error;
    socket_.close(error);
    socket_.open(asio::local::stream_protocol(), error);
    if (!error) socket_.non_blocking(true, error);
    if (!error) socket_.connect(asio::local::stream_protocol::endpoint(path_), error);
    if (error == asio::error::would_block || error == asio::error::try_again) return connect_again();
    if (error) return end(CallEnd::NoBerth, error);
    // Whoever made the file could have made any: what is said here may be a command to run.
    ucred peer{};
    socklen_t length = sizeof peer;
    if (::getsockopt(socket_.native_handle(), SOL_SOCKET, SO_PEERCRED, &peer, &length) != 0)
      return end(CallEnd::NoBerth, error_code(errno, boost::system::system_category()));
    result_.user = peer.uid;
    if (peer.uid != ::geteuid() && peer.uid != 0 && !following_.any_user) return end(CallEnd::NotYours, {});
    bhttp::async_write(socket_, request_, [this](error_code failed, std::size_t) {
      // A server may answer before it has read everything: the answer decides.
      if (!failed || failed == asio::error::broken_pipe) return read();
      end(CallEnd::Lost, failed);
    });
  }

  void connect_again() {
    again_.expires_after(kTick);
    again_.async_wait([this](error_code stopped) {
      if (!stopped && !ended_) connect();
    });
  }

  void read() {
    bhttp::async_read_some(socket_, buffer_, parser_, [this](error_code error, std::size_t) {
      if (ended_) return;
      take_lines();
      if (parser_.get().body().size() > (by_line() ? kMostLine : kMostAnswer))
        return end(CallEnd::Nonsense, bhttp::make_error_code(bhttp::error::body_limit));
      if (parser_.is_done()) return end(CallEnd::Complete, {});
      const bool http = error.category() == bhttp::make_error_code(bhttp::error::end_of_stream).category();
      const bool ended = error == bhttp::error::end_of_stream || error == bhttp::error::partial_message;
      if (error) return end(http && !ended ? CallEnd::Nonsense : CallEnd::Lost, error);
      read();
    });
  }

  void take_lines() {
    if (!by_line()) return;
    std::string& body = parser_.get().body();
    std::size_t begin = 0;
    for (auto end = body.find('\n'); end != std::string::npos; end = body.find('\n', begin)) {
      following_.on_line(std::string_view(body).substr(begin, end - begin));
      begin = end + 1;
    }
    body.erase(0, begin);
  }

  void tick() {
    tick_.expires_after(kTick);
    tick_.async_wait([this](error_code stopped) {
      if (stopped || ended_) return;
      if (following_.given_up && following_.given_up()) return end(CallEnd::Interrupted, {});
      if (following_.on_tick) following_.on_tick();
      tick();
    });
  }

  void end(CallEnd how, error_code error) {
    if (ended_) return;
    ended_ = true;
    result_.end = how;
    if (error) result_.error = error.message();
    loop_.stop();
  }

  const Following& following_;
  asio::io_context loop_{1};
  asio::local::stream_protocol::socket socket_;
  asio::signal_set signals_;
  asio::steady_timer deadline_;
  asio::steady_timer again_;  ///< until the queue of a busy berth has room
  asio::steady_timer tick_;
  boost::beast::flat_buffer buffer_;
  std::string path_;
  bhttp::request<bhttp::string_body> request_;
  bhttp::response_parser<bhttp::string_body> parser_;
  CallResult result_;
  bool ended_ = false;
};

}  // namespace

CallResult call(const std::string& socket, const Call& what, const Following& following) {
  return OneCall(what, following).run(socket);
}

}  // namespace berth::control
