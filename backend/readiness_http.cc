// The HTTP check. The one file of this folder that uses Beast's message types.
#include <array>
#include <boost/asio/post.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>
#include <optional>

#include "backend/check.h"
#include "backend/check_socket.h"

namespace berth::backend {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
using boost::system::error_code;

struct HttpState : std::enable_shared_from_this<HttpState> {
  HttpState(asio::io_context& loop, const ReadyConfig& settings, CheckDone callback)
      : socket(std::make_shared<CheckSocket>(loop.get_executor())),
        timer(loop.get_executor()),
        config(settings),
        done(std::move(callback)) {}

  void begin(const Endpoint& endpoint, std::chrono::milliseconds timeout) {
    name = "GET " + config.path;
    request.version(11);
    request.method(http::verb::get);
    request.target(config.path);
    request.set(http::field::host, config.host);
    request.set(http::field::user_agent, "berth-check");
    request.set(http::field::accept, "*/*");
    request.set(http::field::connection, "close");
    timer.expires_after(timeout);
    timer.async_wait([self = shared_from_this(), timeout](error_code error) {
      if (!error) self->fail("gave no complete answer within " + std::to_string(timeout.count()) + " ms");
    });
    if (!open_check_socket(*socket, endpoint)) {
      asio::post(timer.get_executor(),
                 [self = shared_from_this()] { self->fail("failed: no socket can be opened"); });
      return;
    }
    socket->async_connect(check_endpoint(endpoint),
                          [self = shared_from_this()](error_code error) { self->connected(error); });
  }

  void connected(error_code error) {
    if (error || connected_to_itself(*socket)) return fail("failed: connection refused");
    http::async_write(*socket, request, [self = shared_from_this()](error_code write_error, std::size_t) {
      if (write_error) return self->fail("failed: " + write_error.message());
      self->read_head();
    });
  }

  void read_head() {
    parser.emplace();
    parser->body_limit(boost::none);
    parser->header_limit(64 * 1024);
    http::async_read_header(*socket, buffer, *parser,
                            [self = shared_from_this()](error_code error, std::size_t) {
                              if (error) return self->fail_read(error);
                              // 1xx is interim (RFC 9110 §15.2): the final response follows.
                              if (self->parser->get().result_int() < 200) return self->read_head();
                              self->read_body();
                            });
  }

  void read_body() {
    if (parser->is_done()) return judge();
    parser->get().body().data = scratch.data();
    parser->get().body().size = scratch.size();
    http::async_read(*socket, buffer, *parser, [self = shared_from_this()](error_code error, std::size_t) {
      if (error && error != http::error::need_buffer) return self->fail_read(error);
      self->read_body();
    });
  }

  void judge() {
    int status = static_cast<int>(parser->get().result_int());
    if (status >= config.status_min && status <= config.status_max) {
      return finish({true, name + " " + std::to_string(status)});
    }
    fail("gave " + std::to_string(status) + " " + std::string(parser->get().reason()));
  }

  void fail_read(error_code error) {
    if (error == http::error::end_of_stream || error == asio::error::connection_reset ||
        error == http::error::partial_message) {
      return fail("failed: the connection was closed without a complete answer");
    }
    if (error.category() == make_error_code(http::error::bad_version).category()) {
      return fail("got an answer that is not HTTP (" + error.message() + ")");
    }
    fail("failed: " + error.message());
  }

  void fail(const std::string& what) { finish({false, name + " " + what}); }

  void finish(const CheckResult& result) {
    if (!done) return;
    timer.cancel();
    if (parser && parser->is_done()) {
      close_after_peer(socket);
    } else {
      error_code ignored;
      socket->close(ignored);
    }
    std::exchange(done, nullptr)(result);
  }

  std::shared_ptr<CheckSocket> socket;
  LoopTimer timer;
  ReadyConfig config;
  CheckDone done;
  std::string name;
  http::request<http::empty_body> request;
  beast::flat_buffer buffer;
  std::optional<http::response_parser<http::buffer_body>> parser;
  std::array<char, 16 * 1024> scratch;
};

class HttpCheck final : public Check {
 public:
  explicit HttpCheck(std::shared_ptr<HttpState> state) : state_(std::move(state)) {}
  ~HttpCheck() override {
    if (!state_->done) return;
    state_->done = nullptr;
    state_->timer.cancel();
    error_code ignored;
    state_->socket->close(ignored);
  }

 private:
  std::shared_ptr<HttpState> state_;
};

}  // namespace

std::unique_ptr<Check> start_http_check(asio::io_context& loop, const Endpoint& endpoint,
                                        const ReadyConfig& config, std::chrono::milliseconds timeout,
                                        CheckDone done) {
  auto state = std::make_shared<HttpState>(loop, config, std::move(done));
  state->begin(endpoint, timeout);
  return std::make_unique<HttpCheck>(std::move(state));
}

}  // namespace berth::backend
