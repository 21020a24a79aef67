// The HTTP check: asks once, and reads the answer to its end.
#include <array>
#include <boost/asio/write.hpp>
#include <utility>

#include "backend/check.h"
#include "backend/check_answer.h"
#include "backend/check_socket.h"

namespace berth::backend {
namespace {

namespace asio = boost::asio;
using boost::system::error_code;

struct HttpState : std::enable_shared_from_this<HttpState> {
  HttpState(asio::io_context& loop, const ReadyConfig& settings, CheckDone callback)
      : socket(std::make_shared<CheckSocket>(loop.get_executor())),
        timer(loop.get_executor()),
        config(settings),
        done(std::move(callback)) {}

  void begin(const ReachPtr& to, std::chrono::milliseconds timeout) {
    name = "GET " + config.path;
    request = name + " HTTP/1.1\r\nHost: " + config.host +
              "\r\nUser-Agent: berth-check\r\nAccept: */*\r\nConnection: close\r\n\r\n";
    timer.expires_after(timeout);
    timer.async_wait([self = shared_from_this(), timeout](error_code error) {
      if (!error) self->fail("gave no complete answer within " + std::to_string(timeout.count()) + " ms");
    });
    connect_check(socket, to,
                  [self = shared_from_this()](const std::string& failure) { self->connected(failure); });
  }

  void connected(const std::string& failure) {
    if (!done) return;
    if (!failure.empty()) return fail("failed: " + failure);
    asio::async_write(*socket, asio::buffer(request),
                      [self = shared_from_this()](error_code error, std::size_t) {
                        if (error) return self->fail("failed: " + error.message());
                        self->read();
                      });
  }

  void read() {
    socket->async_read_some(asio::buffer(piece),
                            [self = shared_from_this()](error_code error, std::size_t size) {
                              if (self->done) self->take(error, {self->piece.data(), size});
                            });
  }

  void take(error_code error, std::string_view bytes) {
    const bool ended = error == asio::error::eof;
    const bool reset = error == asio::error::connection_reset;
    if (error && !ended && !reset) return fail("failed: " + error.message());
    switch (error ? answer.end(ended) : answer.take(bytes)) {
      case CheckAnswer::State::Going:
        return read();
      case CheckAnswer::State::Whole:
        return judge();
      case CheckAnswer::State::Broken:
        return fail(answer.failure());
    }
  }

  void judge() {
    const int status = answer.status();
    const bool wanted = status >= config.status_min && status <= config.status_max;
    const std::string text =
        wanted ? " " + std::to_string(status) : " gave " + std::to_string(status) + " " + answer.reason();
    finish({.passed = wanted, .text = name + text, .status = status, .debugger = answer.is_debugger()});
  }

  void fail(const std::string& what) { finish({false, name + " " + what}); }

  void finish(const CheckResult& result) {
    if (!done) return;
    timer.cancel();
    if (answer.state() == CheckAnswer::State::Whole) {
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
  std::string request;
  CheckAnswer answer;
  std::array<char, 16 * 1024> piece;
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

std::unique_ptr<Check> start_http_check(asio::io_context& loop, const ReachPtr& to, const ReadyConfig& config,
                                        std::chrono::milliseconds timeout, CheckDone done) {
  auto state = std::make_shared<HttpState>(loop, config, std::move(done));
  state->begin(to, timeout);
  return std::make_unique<HttpCheck>(std::move(state));
}

}  // namespace berth::backend
