// The floor that a proxy is measured against: bytes from each client to a connection of its own to the
// backend and back, read by nobody. Either side's end closes both. usage: relay [--splice] HOST:PORT |
// unix:PATH    prints "listening on 127.0.0.1:PORT"
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>

namespace {

constexpr std::size_t kRead = 128 * 1024;
constexpr int kPipe = 256 * 1024;

/// One of the two sockets of a client's connection, and what waits to be written to it.
struct Side {
  int fd = -1;
  Side* other = nullptr;
  std::string waiting{};
  std::array<int, 2> pipe{-1, -1};
  std::size_t piped = 0;
  bool dead = false;
  bool owes() const { return !waiting.empty() || piped != 0; }
};

int set = -1;
bool splices = false;
std::array<char, kRead> buffer;
std::vector<Side*> ended;

void arm(int operation, Side& side, std::uint32_t events) {
  epoll_event event{};
  event.events = events;
  event.data.ptr = &side;
  ::epoll_ctl(set, operation, side.fd, &event);
}

/// After what waits for `to` has changed: reads from the other side only while nothing does.
void want(Side& to) {
  Side& from = *to.other;
  if (to.dead) return;
  arm(EPOLL_CTL_MOD, to, (to.owes() ? EPOLLOUT : 0U) | (from.owes() ? 0U : EPOLLIN));
  arm(EPOLL_CTL_MOD, from, (from.owes() ? EPOLLOUT : 0U) | (to.owes() ? 0U : EPOLLIN));
}

void end(Side& side) {
  if (side.dead) return;
  for (Side* each : {&side, side.other}) {
    each->dead = true;
    ended.push_back(each);
  }
}

/// True: all that waited for `to` is out.
bool flush(Side& to) {
  while (to.owes()) {
    const ssize_t n = to.piped != 0
                          ? ::splice(to.pipe[0], nullptr, to.fd, nullptr, to.piped, SPLICE_F_NONBLOCK)
                          : ::send(to.fd, to.waiting.data(), to.waiting.size(), MSG_NOSIGNAL);
    if (n < 0 && errno != EAGAIN) end(to);
    if (n <= 0) return false;
    if (to.piped != 0)
      to.piped -= static_cast<std::size_t>(n);
    else
      to.waiting.erase(0, static_cast<std::size_t>(n));
  }
  return true;
}

/// Reads once for `to`, and writes what goes.
void move(Side& from, Side& to) {
  ssize_t n = 0;
  if (splices) {
    if (to.pipe[0] < 0) {
      if (::pipe2(to.pipe.data(), O_CLOEXEC | O_NONBLOCK) != 0) return end(to);
      ::fcntl(to.pipe[1], F_SETPIPE_SZ, kPipe);
    }
    n = ::splice(from.fd, nullptr, to.pipe[1], nullptr, kPipe, SPLICE_F_NONBLOCK);
  } else {
    n = ::recv(from.fd, buffer.data(), buffer.size(), 0);
  }
  if (n < 0 && errno == EAGAIN) return;
  if (n <= 0) return end(from);
  const auto got = static_cast<std::size_t>(n);
  if (splices) {
    to.piped = got;
  } else {
    const ssize_t sent = ::send(to.fd, buffer.data(), got, MSG_NOSIGNAL);
    if (sent < 0 && errno != EAGAIN) return end(to);
    const auto out = static_cast<std::size_t>(sent < 0 ? 0 : sent);
    if (out < got) to.waiting.assign(buffer.data() + out, got - out);
  }
  if (!flush(to)) want(to);
}

void on_event(Side& side, std::uint32_t events) {
  if (side.dead) return;
  if ((events & EPOLLOUT) != 0 && side.owes() && flush(side)) want(side);
  if ((events & (EPOLLIN | EPOLLHUP | EPOLLERR)) != 0 && !side.other->owes() && !side.dead)
    move(side, *side.other);
}

/// Blocks: on loopback that is over at once.
int connect_to(const std::string& where) {
  if (where.starts_with("unix:")) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::strncpy(address.sun_path, where.c_str() + 5, sizeof address.sun_path - 1);
    const int fd = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (::connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0) return fd;
    ::close(fd);
    return -1;
  }
  const std::size_t colon = where.rfind(':');
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(std::atoi(where.c_str() + colon + 1)));
  ::inet_pton(AF_INET, where.substr(0, colon).c_str(), &address.sin_addr);
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const int on = 1;
  ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  if (::connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0) return fd;
  ::close(fd);
  return -1;
}

void accept_from(int listener, const std::string& backend) {
  const int client = ::accept4(listener, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
  if (client < 0) return;
  const int upstream = connect_to(backend);
  if (upstream < 0) {
    ::close(client);
    return;
  }
  ::fcntl(upstream, F_SETFL, O_NONBLOCK);
  const int on = 1;
  ::setsockopt(client, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  auto* a = new Side{.fd = client};
  auto* b = new Side{.fd = upstream, .other = a};
  a->other = b;
  arm(EPOLL_CTL_ADD, *a, EPOLLIN);
  arm(EPOLL_CTL_ADD, *b, EPOLLIN);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2) return 2;
  splices = std::string(argv[1]) == "--splice";
  const std::string backend = argv[argc - 1];
  std::signal(SIGPIPE, SIG_IGN);
  const int listener = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  if (::bind(listener, reinterpret_cast<sockaddr*>(&address), size) != 0 || ::listen(listener, 16'384) != 0)
    return 1;
  ::getsockname(listener, reinterpret_cast<sockaddr*>(&address), &size);
  std::printf("listening on 127.0.0.1:%u\n", ntohs(address.sin_port));
  std::fflush(stdout);
  set = ::epoll_create1(EPOLL_CLOEXEC);
  Side door{.fd = listener};
  arm(EPOLL_CTL_ADD, door, EPOLLIN);
  std::array<epoll_event, 256> events;
  for (;;) {
    const int count = ::epoll_wait(set, events.data(), static_cast<int>(events.size()), -1);
    for (int i = 0; i < count; ++i) {
      auto& event = events[static_cast<std::size_t>(i)];
      Side& side = *static_cast<Side*>(event.data.ptr);
      if (&side == &door)
        accept_from(listener, backend);
      else
        on_event(side, event.events);
    }
    for (Side* side : ended) {
      for (const int fd : {side->fd, side->pipe[0], side->pipe[1]})
        if (fd >= 0) ::close(fd);
      delete side;
    }
    ended.clear();
  }
}
