#include "tests/conformance/recording_backend.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <stdexcept>

namespace berth::test {
namespace {

constexpr std::string_view kSettle = "GET /settle";
constexpr std::string_view kSettled = "HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\nsettled";

void send_all(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const auto n = ::send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (n <= 0) return;
    bytes.remove_prefix(static_cast<std::size_t>(n));
  }
}

void set_linger_zero(int fd) {
  const linger none{1, 0};
  ::setsockopt(fd, SOL_SOCKET, SO_LINGER, &none, sizeof none);
}

}  // namespace

RecordingBackend::RecordingBackend() {
  listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  wake_ = ::eventfd(0, EFD_CLOEXEC);
  sockaddr_in address{};
  socklen_t size = sizeof address;
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (::bind(listener_, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 ||
      ::listen(listener_, 512) != 0 ||
      ::getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size) != 0)
    throw std::runtime_error("the recording backend cannot listen");
  port_ = ntohs(address.sin_port);
  thread_ = std::thread([this] { run(); });
}

RecordingBackend::~RecordingBackend() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  const std::uint64_t one = 1;
  [[maybe_unused]] const auto n = ::write(wake_, &one, sizeof one);
  thread_.join();
  for (Connection& each : connections_) ::close(each.fd);
  ::close(listener_);
  ::close(wake_);
}

void RecordingBackend::begin(const Steps& steps) {
  const std::lock_guard lock(mutex_);
  steps_ = steps;
  done_ = 0;
  claimed_ = false;
  ended_.clear();
}

bool RecordingBackend::wait_done(std::chrono::milliseconds deadline) {
  std::unique_lock lock(mutex_);
  return changed_.wait_for(lock, deadline, [this] { return done_ == steps_.size(); });
}

std::vector<SeenConnection> RecordingBackend::seen() {
  const std::lock_guard lock(mutex_);
  std::vector<SeenConnection> all = ended_;
  for (const Connection& each : connections_)
    if (!each.seen.bytes.empty()) all.push_back(each.seen);
  return all;
}

void RecordingBackend::end() {
  std::unique_lock lock(mutex_);
  for (Connection& each : connections_) ::shutdown(each.fd, SHUT_WR);
  const auto gone = [this] { return connections_.empty(); };
  if (changed_.wait_for(lock, std::chrono::milliseconds(500), gone)) return;
  for (Connection& each : connections_) ::shutdown(each.fd, SHUT_RDWR);
  changed_.wait_for(lock, std::chrono::seconds(5), gone);
}

void RecordingBackend::run() {
  std::vector<pollfd> polled;
  for (;;) {
    polled.assign({{listener_, POLLIN, 0}, {wake_, POLLIN, 0}});
    {
      const std::lock_guard lock(mutex_);
      for (const Connection& each : connections_) polled.push_back({each.fd, POLLIN, 0});
    }
    ::poll(polled.data(), polled.size(), -1);
    const std::lock_guard lock(mutex_);
    if (stopping_) return;
    read_all();
    // What the proxy sent before it asked for /settle lies in some socket by now, and is recorded first.
    if (settles_ != 0) read_all();
    for (Connection& each : connections_)
      for (; each.settles != 0; --each.settles) send_all(each.fd, kSettled);
    settles_ = 0;
    connections_.remove_if([](const Connection& each) { return each.fd < 0; });
    changed_.notify_all();
  }
}

void RecordingBackend::read_all() {
  for (;;) {
    const int fd = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
    if (fd < 0) break;
    const int on = 1;
    ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    connections_.emplace_back().fd = fd;
  }
  for (Connection& each : connections_)
    if (each.fd >= 0) read(each);
}

void RecordingBackend::close(Connection& connection) {
  ::close(connection.fd);
  connection.fd = -1;
  if (!connection.seen.bytes.empty()) ended_.push_back(std::move(connection.seen));
}

void RecordingBackend::read(Connection& connection) {
  std::array<char, 64 * 1024> room;
  const auto n = ::recv(connection.fd, room.data(), room.size(), MSG_DONTWAIT);
  if (n < 0 && (errno == EAGAIN || errno == EINTR)) return;
  if (n <= 0) {
    if (connection.scripted && done_ < steps_.size() && steps_[done_].what == Step::Do::End) ++done_;
    return close(connection);
  }
  connection.seen.bytes.append(room.data(), static_cast<std::size_t>(n));
  take_requests(connection);
  if (connection.seen.bytes.empty()) return;
  if (!claimed_) connection.scripted = claimed_ = true;
  advance(connection);
}

void RecordingBackend::take_requests(Connection& connection) {
  SeenConnection& seen = connection.seen;
  for (;;) {
    auto request = read_request(std::string_view(seen.bytes).substr(seen.read));
    if (!request) return;
    if (request->head.starts_with(kSettle)) {
      seen.bytes.erase(seen.read, request->size);
      ++connection.settles;
      ++settles_;
      continue;
    }
    seen.read += request->size;
    seen.requests.push_back(std::move(*request));
  }
}

void RecordingBackend::advance(Connection& connection) {
  while (connection.scripted && done_ < steps_.size()) {
    if (!step(connection, steps_[done_])) return;
    ++done_;
  }
  while (connection.fd >= 0 && connection.taken < connection.seen.requests.size()) {
    ++connection.taken;
    send_all(connection.fd, kOk);
  }
}

/// False: it has to wait.
bool RecordingBackend::step(Connection& connection, const Step& step) {
  switch (step.what) {
    case Step::Do::Say:
      send_all(connection.fd, step.text);
      return true;
    case Step::Do::Hear: {
      const std::size_t at = connection.seen.bytes.find(step.text, connection.heard);
      if (at == std::string::npos) return false;
      connection.heard = at + step.text.size();
      return true;
    }
    case Step::Do::Request:
      if (connection.taken == connection.seen.requests.size()) return false;
      ++connection.taken;
      return true;
    case Step::Do::Finish:
      ::shutdown(connection.fd, SHUT_WR);
      return true;
    case Step::Do::Reset:
      set_linger_zero(connection.fd);
      close(connection);
      done_ = steps_.size() - 1;
      return true;
    case Step::Do::End:
      return false;
    case Step::Do::Backend:
      return true;
  }
  return true;
}

}  // namespace berth::test
