#include "backend/check.h"
#include "backend/check_socket.h"

namespace berth::backend {
namespace {

struct TcpState : std::enable_shared_from_this<TcpState> {
  TcpState(boost::asio::io_context& loop, CheckDone callback)
      : socket(std::make_shared<CheckSocket>(loop.get_executor())),
        timer(loop.get_executor()),
        done(std::move(callback)) {}

  void begin(const ReachPtr& to, std::chrono::milliseconds timeout) {
    timer.expires_after(timeout);
    timer.async_wait([self = shared_from_this()](boost::system::error_code error) {
      if (!error) self->finish({false, "no connection within " + std::to_string(self->timeout_ms) + " ms"});
    });
    timeout_ms = timeout.count();
    connect_check(socket, to, [self = shared_from_this()](const std::string& failure) {
      self->finish({failure.empty(), failure.empty() ? "connect" : failure});
    });
  }

  void finish(const CheckResult& result) {
    if (!done) return;
    timer.cancel();
    boost::system::error_code ignored;
    if (result.passed) {
      // Our end first: the server sees an orderly end and closes, TIME_WAIT is never on its side.
      socket->shutdown(CheckSocket::shutdown_send, ignored);
      close_after_peer(socket);
    } else {
      socket->close(ignored);
    }
    std::exchange(done, nullptr)(result);
  }

  std::shared_ptr<CheckSocket> socket;
  LoopTimer timer;
  CheckDone done;
  long long timeout_ms = 0;
};

class TcpCheck final : public Check {
 public:
  explicit TcpCheck(std::shared_ptr<TcpState> state) : state_(std::move(state)) {}
  ~TcpCheck() override {
    if (!state_->done) return;
    state_->done = nullptr;
    state_->timer.cancel();
    boost::system::error_code ignored;
    state_->socket->close(ignored);
  }

 private:
  std::shared_ptr<TcpState> state_;
};

}  // namespace

std::unique_ptr<Check> start_tcp_check(boost::asio::io_context& loop, const ReachPtr& to,
                                       std::chrono::milliseconds timeout, CheckDone done) {
  auto state = std::make_shared<TcpState>(loop, std::move(done));
  state->begin(to, timeout);
  return std::make_unique<TcpCheck>(std::move(state));
}

}  // namespace berth::backend
