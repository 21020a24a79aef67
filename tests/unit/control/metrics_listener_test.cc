// The addresses of their own that metrics have: what a client may cost, and what one too many is told.
#include "proxy/control/metrics_listener.h"

#include <arpa/inet.h>
#include <doctest/doctest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>
#include <memory>
#include <string>
#include <thread>

#include "tests/unit/control/fake_service.h"

namespace berth::control {
namespace {

/// A listener on a loop of its own.
class LiveMetrics {
 public:
  explicit LiveMetrics(const MetricsSettings& settings)
      : work_(boost::asio::make_work_guard(loop_)), fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    address_.sin_family = AF_INET;
    address_.sin_addr.s_addr = ::htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address_;
    REQUIRE(::bind(fd_, reinterpret_cast<sockaddr*>(&address_), size) == 0);
    REQUIRE(::listen(fd_, 64) == 0);
    REQUIRE(::getsockname(fd_, reinterpret_cast<sockaddr*>(&address_), &size) == 0);
    listener_ = std::make_unique<MetricsListener>(loop_, fd_, service_, settings);
    thread_ = std::thread([this] { loop_.run(); });
  }
  ~LiveMetrics() {
    boost::asio::post(loop_, [this] { listener_.reset(); });
    work_.reset();
    thread_.join();
  }
  LiveMetrics(const LiveMetrics&) = delete;
  LiveMetrics& operator=(const LiveMetrics&) = delete;

  int connect() const {
    const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    REQUIRE(::connect(fd, reinterpret_cast<const sockaddr*>(&address_), sizeof address_) == 0);
    timeval limit{10, 0};
    ::setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    return fd;
  }

 private:
  boost::asio::io_context loop_{1};
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work_;
  FakeService service_;
  sockaddr_in address_{};
  int fd_;
  std::unique_ptr<MetricsListener> listener_;
  std::thread thread_;
};

bool send_all(int fd, const std::string& bytes) {
  return ::send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL) == static_cast<ssize_t>(bytes.size());
}

/// Up to `end`, or the end of what comes.
std::string answer_of(int fd, const std::string& end) {
  std::string all;
  char buffer[4096];
  for (ssize_t n = 0; all.find(end) == std::string::npos && (n = ::recv(fd, buffer, sizeof buffer, 0)) > 0;)
    all.append(buffer, static_cast<std::size_t>(n));
  return all;
}

}  // namespace

TEST_CASE("metrics listener: one client too many reads why, whatever it has sent") {
  const LiveMetrics metrics({.max_clients = 1});
  const int silent = metrics.connect();
  REQUIRE(send_all(silent, "GET /met"));
  const int second = metrics.connect();
  REQUIRE(send_all(second, "GET /metrics HTTP/1.1\r\n\r\n"));
  const std::string answer = answer_of(second, "try again\n");
  CHECK(answer.starts_with("HTTP/1.1 503 "));
  CHECK(answer.ends_with("try again\n"));
  ::close(second);
  ::close(silent);
}

TEST_CASE("metrics listener: a head without an end is refused after a few bytes") {
  const LiveMetrics metrics({});
  const int fd = metrics.connect();
  REQUIRE(send_all(fd, "GET /metrics HTTP/1.1\r\nX: "));
  REQUIRE(send_all(fd, std::string(64 * 1024, 'x')));
  CHECK(answer_of(fd, "malformed").starts_with("HTTP/1.1 400 "));
  ::close(fd);
}

}  // namespace berth::control
