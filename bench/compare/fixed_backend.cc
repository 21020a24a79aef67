// A backend for benchmarks that costs next to nothing: every read is taken for one request and answered with
// the same bytes. Takes its port from PORT (0: any), prints it. No bodies, no pipelining: the load must send
// neither.
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <string>

namespace {

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
  if (::bind(fd, reinterpret_cast<sockaddr*>(&address), size) != 0 || ::listen(fd, 4096) != 0) {
    std::perror("fixed_backend");
    std::exit(1);
  }
  ::getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size);
  std::printf("listening on 127.0.0.1:%u\n", ntohs(address.sin_port));
  std::fflush(stdout);
  return fd;
}

void watch(int set, int fd) {
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.fd = fd;
  ::epoll_ctl(set, EPOLL_CTL_ADD, fd, &event);
}

}  // namespace

int main(int argc, char** argv) {
  const char* text = std::getenv("PORT");
  const std::size_t bytes = argc > 1 ? std::strtoul(argv[1], nullptr, 10) : 100;
  const std::string response =
      "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nServer: fixed\r\nContent-Length: " +
      std::to_string(bytes) + "\r\n\r\n" + std::string(bytes, 'x');
  const int listener = listen_on(static_cast<std::uint16_t>(text != nullptr ? std::atoi(text) : 0));
  const int set = ::epoll_create1(EPOLL_CLOEXEC);
  watch(set, listener);
  std::array<epoll_event, 256> events;
  std::array<char, 65536> buffer;
  for (;;) {
    const int count = ::epoll_wait(set, events.data(), static_cast<int>(events.size()), -1);
    for (int i = 0; i < count; ++i) {
      const int fd = events[static_cast<std::size_t>(i)].data.fd;
      if (fd == listener) {
        const int accepted = ::accept4(listener, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (accepted >= 0) watch(set, accepted);
        continue;
      }
      const ssize_t got = ::recv(fd, buffer.data(), buffer.size(), 0);
      if (got < 0 && errno == EAGAIN) continue;
      if (got <= 0 || ::send(fd, response.data(), response.size(), MSG_NOSIGNAL) < 0) ::close(fd);
    }
  }
}
