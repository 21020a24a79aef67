// One connection to the API's server: requests in, answers and streams out, a bounded queue between the
// Service's callbacks and a client that may be slow. Lives on the control loop, kept alive by its coroutine.
// Included by the server alone: it brings Beast with it.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/beast/core/basic_stream.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/message.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/json/object.hpp>
#include <deque>
#include <memory>
#include <optional>
#include <string>

#include "proxy/control/api_route.h"
#include "proxy/control/server.h"
#include "proxy/control/service.h"

namespace berth::control {

/// How many sessions stream; of one server, shared with its sessions.
struct Streams {
  std::size_t followers = 0;  ///< of events and logs
  std::size_t all = 0;        ///< and those who wait for a swap or a reload
};

/// Says to a client that nothing follows, and takes what it still sends for `time` at most: closed with bytes
/// unread, the socket would take the answer away from it.
boost::asio::awaitable<void> linger(boost::beast::basic_stream<boost::asio::local::stream_protocol>& stream,
                                    std::chrono::milliseconds time);

class Session : public std::enable_shared_from_this<Session> {
 public:
  using Socket = boost::asio::local::stream_protocol::socket;

  Session(Socket socket, Service& service, const ServerSettings& settings, std::shared_ptr<Streams> streams);

  /// Serves until the client goes, a limit is reached or the server closes.
  static boost::asio::awaitable<void> serve(std::shared_ptr<Session> self);

  /// No request after the one under way; a stream whose end has not come is ended.
  void finish();
  /// At once, and the Service is not touched again.
  void abandon();

  /// Since when it has waited for its client: for a whole request, or for room for what it writes. nullopt:
  /// it works on a request, or its client takes what it gets.
  std::optional<std::chrono::steady_clock::time_point> idle_since();
  /// How many requests it has answered, where it answers one at present that ends by itself. 0: it tells how
  /// something goes on, or answers its first request.
  std::size_t answered_before() const { return streaming_ ? 0 : answered_; }

 private:
  using Parser = boost::beast::http::request_parser<boost::beast::http::string_body>;
  using Request = boost::beast::http::request<boost::beast::http::string_body>;

  struct Reply {
    int status = 200;
    boost::json::object body;
    std::string allow;
    std::string metrics{};  ///< instead of `body`
    std::string_view type = "application/json";
  };

  boost::asio::awaitable<bool> answer(const Request& request);
  boost::asio::awaitable<bool> reply(const Request& request, Reply reply);
  /// Of a request that could not be read to its end.
  boost::asio::awaitable<void> refuse_unread(const Request& request, boost::system::error_code error);
  boost::asio::awaitable<bool> refuse(const Request& request, int status, std::string type, std::string title,
                                      std::string detail, std::string allow = {});
  boost::asio::awaitable<bool> reply_status(const Request& request, ApiCallKind kind, std::string app);
  boost::asio::awaitable<bool> stream(const Request& request);
  boost::asio::awaitable<void> woken();
  boost::asio::awaitable<bool> write(std::string bytes);

  std::string head(int status, std::string_view fields) const;
  bool known(const std::string& app) const;
  void begin_swap(const std::string& app, SwapRequest request, bool until_switch);
  void begin_reload();
  void begin_stop();
  void begin_logs(const ApiCall& call);
  void begin_events();
  void push(const boost::json::object& line);
  void push_log(const LogLine& line);
  void push_more_log();
  /// Among the streams, if the call is one. False: there are too many.
  bool take_place(const ApiCall& call);
  void end_stream();
  void watch_for_end();
  void close();

  boost::beast::basic_stream<boost::asio::local::stream_protocol> stream_;
  boost::beast::flat_buffer buffer_;  ///< bounded: a head, a chunk's size line, a trailer has to fit
  boost::asio::steady_timer wake_;
  Service* service_;  ///< null once abandoned
  ServerSettings settings_;

  std::shared_ptr<Streams> streams_;
  std::shared_ptr<void> place_;                                         ///< among the streams
  std::optional<std::chrono::steady_clock::time_point> silent_since_;   ///< no whole request has come
  std::optional<std::chrono::steady_clock::time_point> writing_since_;  ///< a write is under way
  std::size_t answered_ = 0;                                            ///< requests

  std::shared_ptr<void> handle_;  ///< of the swap or log that is followed
  std::deque<std::string> queue_;
  std::size_t queued_ = 0;
  ApiCall log_call_;             ///< of a log: what was asked for
  std::uint64_t last_line_ = 0;  ///< of a log: the last that was queued
  std::uint64_t until_line_ = 0;
  bool log_goes_on_ = false;  ///< there is more of it than may be queued at once
  bool streaming_ = false;
  bool ended_ = false;    ///< the stream has its last line
  bool watched_ = false;  ///< watch_for_end() has begun
  bool gone_ = false;     ///< the client closed, or was cut off
  bool finishing_ = false;
  bool last_ = false;  ///< the answer says that the connection closes
};

}  // namespace berth::control
