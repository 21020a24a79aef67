// What a socket and those accepted from it have. Loopback only, ports that the system chooses.
#include "config/tcp_options.h"

#include <doctest/doctest.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <string>

#include "config/socket_address.h"

using namespace berth;

namespace {

std::string congestion_control(int fd) {
  std::array<char, 16> name{};
  socklen_t size = name.size();
  REQUIRE(::getsockopt(fd, IPPROTO_TCP, TCP_CONGESTION, name.data(), &size) == 0);
  return name.data();
}

bool sends_at_once(int fd) {
  int on = 0;
  socklen_t size = sizeof on;
  REQUIRE(::getsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, &size) == 0);
  return on != 0;
}

/// As the kernel counts it: twice what it was asked for.
int most_unread(int fd) {
  int bytes = 0;
  socklen_t size = sizeof bytes;
  REQUIRE(::getsockopt(fd, SOL_SOCKET, SO_RCVBUF, &bytes, &size) == 0);
  return bytes;
}

struct Seen {
  std::string congestion_control;
  bool at_once;
  int most_unread;
};

/// Of a socket that a listener has accepted which was given the options of `endpoint`.
Seen accepted(const Endpoint& endpoint) {
  const int listener = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  set_tcp_options(listener, endpoint);
  SocketAddress at = socket_address(Endpoint::loopback_v4(0));
  REQUIRE(::bind(listener, at.get(), at.size) == 0);
  REQUIRE(::listen(listener, 1) == 0);
  REQUIRE(::getsockname(listener, reinterpret_cast<sockaddr*>(&at.storage), &at.size) == 0);
  const int client = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  REQUIRE(::connect(client, at.get(), at.size) == 0);
  const int served = ::accept(listener, nullptr, nullptr);
  Seen seen{congestion_control(served), sends_at_once(served), most_unread(served)};
  for (const int fd : {served, client, listener}) ::close(fd);
  return seen;
}

}  // namespace

TEST_CASE("tcp options: nothing paces or grows on the loopback, elsewhere the system's choice holds") {
  const int plain = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const std::string usual = congestion_control(plain);
  ::close(plain);
  const Seen here = accepted(Endpoint::loopback_v4(0));
  CHECK(here.congestion_control == "reno");
  CHECK(here.at_once);
  const int plain_socket = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const int asked = 512 * 1024;  // the system may grant less
  REQUIRE(::setsockopt(plain_socket, SOL_SOCKET, SO_RCVBUF, &asked, sizeof asked) == 0);
  CHECK(here.most_unread == most_unread(plain_socket));
  ::close(plain_socket);
  const Seen there = accepted(Endpoint::any_v4(0));
  CHECK(there.congestion_control == usual);
  CHECK(there.at_once);
}
