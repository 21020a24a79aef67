// A backend for benchmarks that costs next to nothing: every read is taken for one request and answered with
// the same bytes. No request bodies, no pipelining: the load must send neither.
// usage: fixed_backend [BYTES [SOCKET_PATH]]    without a path: 127.0.0.1, the port from PORT (0: any),
// printed
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>

namespace {

void bound(int result) {
  if (result == 0) return;
  std::perror("fixed_backend");
  std::exit(1);
}

int listen_on(std::uint16_t port) {
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const int on = 1;
  ::setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  bound(::bind(fd, reinterpret_cast<sockaddr*>(&address), size));
  bound(::listen(fd, 16'384));
  ::getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size);
  std::printf("listening on 127.0.0.1:%u\n", ntohs(address.sin_port));
  std::fflush(stdout);
  return fd;
}

int listen_on(const char* path) {
  const int fd = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::strncpy(address.sun_path, path, sizeof address.sun_path - 1);
  bound(::bind(fd, reinterpret_cast<sockaddr*>(&address), sizeof address));
  bound(::listen(fd, 16'384));
  std::printf("listening on unix:%s\n", path);
  std::fflush(stdout);
  return fd;
}

/// By descriptor: how much of the response is still to be sent.
std::vector<std::size_t> owed;

void watch(int set, int fd, int operation, std::uint32_t events) {
  epoll_event event{};
  event.events = events;
  event.data.fd = fd;
  ::epoll_ctl(set, operation, fd, &event);
}

/// False: the connection is over.
bool send_owed(int set, int fd, const std::string& response, bool waited) {
  std::size_t& left = owed[static_cast<std::size_t>(fd)];
  while (left != 0) {
    const ssize_t n = ::send(fd, response.data() + response.size() - left, left, MSG_NOSIGNAL);
    if (n < 0 && errno != EAGAIN) return false;
    if (n < 0) break;
    left -= static_cast<std::size_t>(n);
  }
  if (left != 0 && !waited) watch(set, fd, EPOLL_CTL_MOD, EPOLLOUT);
  if (left == 0 && waited) watch(set, fd, EPOLL_CTL_MOD, EPOLLIN);
  return true;
}

}  // namespace

int main(int argc, char** argv) {
  const char* text = std::getenv("PORT");
  const std::size_t bytes = argc > 1 ? std::strtoul(argv[1], nullptr, 10) : 100;
  const std::string response =
      "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nServer: fixed\r\nContent-Length: " +
      std::to_string(bytes) + "\r\n\r\n" + std::string(bytes, 'x');
  const int listener = argc > 2
                           ? listen_on(argv[2])
                           : listen_on(static_cast<std::uint16_t>(text != nullptr ? std::atoi(text) : 0));
  const int set = ::epoll_create1(EPOLL_CLOEXEC);
  watch(set, listener, EPOLL_CTL_ADD, EPOLLIN);
  std::array<epoll_event, 256> events;
  std::array<char, 65536> buffer;
  for (;;) {
    const int count = ::epoll_wait(set, events.data(), static_cast<int>(events.size()), -1);
    for (int i = 0; i < count; ++i) {
      const epoll_event& event = events[static_cast<std::size_t>(i)];
      const int fd = event.data.fd;
      if (fd == listener) {
        const int accepted = ::accept4(listener, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (accepted < 0) continue;
        if (owed.size() <= static_cast<std::size_t>(accepted))
          owed.resize(static_cast<std::size_t>(accepted) + 1024);
        owed[static_cast<std::size_t>(accepted)] = 0;
        watch(set, accepted, EPOLL_CTL_ADD, EPOLLIN);
        continue;
      }
      const bool waited = (event.events & EPOLLOUT) != 0;
      if (!waited) {
        const ssize_t got = ::recv(fd, buffer.data(), buffer.size(), 0);
        if (got < 0 && errno == EAGAIN) continue;
        if (got <= 0) {
          ::close(fd);
          continue;
        }
        owed[static_cast<std::size_t>(fd)] = response.size();
      }
      if (!send_owed(set, fd, response, waited)) ::close(fd);
    }
  }
}
