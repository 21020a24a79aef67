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

class Session : public std::enable_shared_from_this<Session> {
 public:
  using Socket = boost::asio::local::stream_protocol::socket;

  Session(Socket socket, Service& service, const ServerSettings& settings);

  /// Serves until the client goes, a limit is reached or the server closes.
  static boost::asio::awaitable<void> serve(std::shared_ptr<Session> self);

  /// No request after the one under way; a stream whose end has not come is ended.
  void finish();
  /// At once, and the Service is not touched again.
  void abandon();

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
  boost::asio::awaitable<bool> refuse(const Request& request, int status, std::string type, std::string title,
                                      std::string detail, std::string allow = {});
  boost::asio::awaitable<bool> reply_status(const Request& request, ApiCallKind kind, std::string app);
  boost::asio::awaitable<bool> stream(const Request& request);
  boost::asio::awaitable<void> woken();
  boost::asio::awaitable<bool> write(std::string bytes);

  bool known(const std::string& app) const;
  void begin_swap(const std::string& app, SwapRequest request, bool until_switch);
  void begin_reload();
  void begin_stop();
  void begin_logs(const ApiCall& call);
  void begin_events();
  void push(const boost::json::object& line);
  void push_log(const LogLine& line);
  void end_stream();
  void watch_for_end();
  void close();

  boost::beast::basic_stream<boost::asio::local::stream_protocol> stream_;
  boost::beast::flat_buffer buffer_;
  boost::asio::steady_timer wake_;
  Service* service_;  ///< null once abandoned
  ServerSettings settings_;

  std::shared_ptr<void> handle_;  ///< of the swap or log that is followed
  std::deque<std::string> queue_;
  std::size_t queued_ = 0;
  std::uint64_t last_line_ = 0;
  bool streaming_ = false;
  bool ended_ = false;    ///< the stream has its last line
  bool watched_ = false;  ///< watch_for_end() has begun
  bool gone_ = false;     ///< the client closed, or was cut off
  bool finishing_ = false;
};

}  // namespace berth::control
