#include "tests/support/raw_client.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <stdexcept>
#include <utility>

#include "bench/load/response_reader.h"

namespace berth::test {

using Clock = std::chrono::steady_clock;

std::string RawResponse::field(std::string_view name) const {
  return std::string(load::field_of(head, name));
}

RawClient::RawClient(std::uint16_t port, const std::string& host) {
  fd_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  ::inet_pton(AF_INET, host.c_str(), &address.sin_addr);
  if (::connect(fd_, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    const int error = errno;
    ::close(fd_);
    throw std::runtime_error("connect to " + std::to_string(port) + ": " + std::strerror(error));
  }
  const int on = 1;
  ::setsockopt(fd_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  // Sends block for a while if the peer does not read: not for ever.
  const timeval limit{20, 0};
  ::setsockopt(fd_, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
}

RawClient::~RawClient() {
  if (fd_ >= 0) ::close(fd_);
}

bool RawClient::send(std::string_view bytes) {
  while (!bytes.empty()) {
    const auto n = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(n));
  }
  return true;
}

void RawClient::leave() {
  const linger none{1, 0};
  ::setsockopt(fd_, SOL_SOCKET, SO_LINGER, &none, sizeof none);
  ::close(fd_);
  fd_ = -1;
}

void RawClient::finish_sending() { ::shutdown(fd_, SHUT_WR); }

bool RawClient::fill(Clock::time_point end) {
  if (closed_) return false;
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(end - Clock::now());
  pollfd fd{fd_, POLLIN, 0};
  if (left.count() < 0 || ::poll(&fd, 1, static_cast<int>(left.count())) <= 0) return false;
  std::array<char, 64 * 1024> bytes;
  const auto n = ::recv(fd_, bytes.data(), bytes.size(), 0);
  if (n <= 0) {
    closed_ = true;
    reset_ = n < 0;
    return false;
  }
  buffer_.append(bytes.data(), static_cast<std::size_t>(n));
  return true;
}

RawResponse RawClient::read_response(bool to_head, std::chrono::milliseconds deadline) {
  const auto end = Clock::now() + deadline;
  load::ResponseReader reader;
  reader.begin(to_head);
  RawResponse response;
  for (;;) {
    while (!buffer_.empty() && reader.state() < load::ResponseReader::State::Done) {
      const auto step = reader.feed(buffer_);
      response.body.append(step.body);
      buffer_.erase(0, step.consumed);
    }
    if (reader.state() >= load::ResponseReader::State::Done) break;
    if (fill(end)) continue;
    if (closed_ && !reset_ && reader.end_of_stream()) break;
    response.error = closed_ ? (reset_ ? "reset" : "closed") : "the deadline passed";
    break;
  }
  response.complete = reader.state() == load::ResponseReader::State::Done;
  if (reader.state() == load::ResponseReader::State::Bad) response.error = reader.error();
  response.status = reader.status();
  response.head = reader.head();
  return response;
}

std::string RawClient::read_until(std::string_view mark, std::chrono::milliseconds deadline) {
  const auto end = Clock::now() + deadline;
  while (buffer_.find(mark) == std::string::npos && fill(end)) {
  }
  const auto at = buffer_.find(mark);
  auto result = buffer_.substr(0, at == std::string::npos ? at : at + mark.size());
  buffer_.erase(0, result.size());
  return result;
}

std::string RawClient::read_exactly(std::size_t size, std::chrono::milliseconds deadline) {
  const auto end = Clock::now() + deadline;
  while (buffer_.size() < size && fill(end)) {
  }
  auto result = buffer_.substr(0, size);
  buffer_.erase(0, result.size());
  return result;
}

std::string RawClient::read_all(std::chrono::milliseconds deadline) {
  const auto end = Clock::now() + deadline;
  while (fill(end)) {
  }
  return std::exchange(buffer_, {});
}

RawResponse get(std::uint16_t port, const std::string& target, std::chrono::milliseconds deadline) {
  RawClient client(port);
  client.send("GET " + target + " HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
  return client.read_response(false, deadline);
}

}  // namespace berth::test
