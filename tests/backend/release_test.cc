#include "backend/release.h"

#include <doctest/doctest.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstring>

#include "backend/address.h"
#include "tests/backend/witness.h"

using namespace berth;
using namespace berth::backend;
using namespace std::chrono_literals;
using Verdict = ReleaseCertificate::Verdict;
using test::python;
using test::Reuse;
using test::run_until;
using test::Witness;

namespace {

/// A server that hands its listening socket to whoever connects to `path`: a holder outside its tree.
std::string hand_over(const std::string& path) {
  return R"(
import array, threading
listener = listen()
u = socket.socket(socket.AF_UNIX)
u.bind(')" +
         path + R"(')
u.listen()
def give():
    c, _ = u.accept()
    c.sendmsg([b'x'], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array('i', [listener.fileno()]))])
threading.Thread(target=give, daemon=True).start()
while True:
    c, _ = listener.accept()
    c.recv(4096)
    c.sendall(b'HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n')
    c.close()
)";
}

Descriptor take_over(const std::string& path) {
  auto at = Endpoint::unix_path(path);
  auto address = socket_address(at);
  Descriptor fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  REQUIRE(::connect(fd.get(), address.get(), address.size) == 0);
  char byte = 0;
  iovec part{&byte, 1};
  alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int))];
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  message.msg_control = control;
  message.msg_controllen = sizeof control;
  REQUIRE(::recvmsg(fd.get(), &message, MSG_CMSG_CLOEXEC) == 1);
  int received = -1;
  std::memcpy(&received, CMSG_DATA(CMSG_FIRSTHDR(&message)), sizeof received);
  return Descriptor(received);
}

struct SocketPath {
  SocketPath() {
    char name[] = "/tmp/quay-test-XXXXXX";
    int fd = ::mkstemp(name);
    ::close(fd);
    ::unlink(name);
    path = name;
  }
  ~SocketPath() { ::unlink(path.c_str()); }
  SocketPath(const SocketPath&) = delete;
  SocketPath& operator=(const SocketPath&) = delete;
  std::string path;
};

}  // namespace

TEST_CASE("release: after an orderly stop the port is strictly free, and can be bound") {
  Witness world(python("serve('127.0.0.1', PORT)"));
  world.backend->start();
  REQUIRE(world.becomes_ready());
  auto at = world.ready->endpoint;
  CHECK_FALSE(test::bound_to(at, Reuse::No));
  REQUIRE(world.stops());
  // The lease is kept until the release: closed to all, also to those who set SO_REUSEADDR.
  CHECK_FALSE(test::bound_to(at, Reuse::Yes));
  REQUIRE(world.releases());
  CHECK(world.released->verdict == Verdict::StrictlyFree);
  CHECK(world.released->text() == std::to_string(at.port) + " strictly free");
  CHECK(world.released->took < 1s);
  CHECK(test::listener_on(at));
}

TEST_CASE("release: from the stop on the lease is closed to all, though the command still runs") {
  Witness world(python(R"(
s = listen()
def close(*a):
    s.close()
    os.write(1, b'closed\n')  # it may have interrupted a print, which refuses another one within it
signal.signal(signal.SIGTERM, close)
stay()
)"));
  world.backend->start();
  REQUIRE(world.says("up"));
  world.backend->stop();
  REQUIRE(world.says("closed"));
  CHECK_FALSE(test::bound_to(world.started[0].told, Reuse::Yes));
  world.backend->hurry();
  REQUIRE(run_until(world.loop, [&] { return world.stopped.has_value(); }));
  REQUIRE(world.releases());
  CHECK(world.released->verdict == Verdict::StrictlyFree);
}

TEST_CASE("release: TIME_WAIT is named and is no failure") {
  Witness world(python("serve('127.0.0.1', PORT)"));
  world.backend->start();
  REQUIRE(world.becomes_ready());
  // A client that lets the server close first (HTTP/1.0) and then closes in the ordinary way.
  {
    Descriptor client(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    auto address = socket_address(world.ready->endpoint);
    REQUIRE(::connect(client.get(), address.get(), address.size) == 0);
    constexpr char kRequest[] = "GET / HTTP/1.0\r\n\r\n";
    REQUIRE(::send(client.get(), kRequest, sizeof kRequest - 1, 0) > 0);
    char buffer[4096];
    while (::recv(client.get(), buffer, sizeof buffer, 0) > 0) {
    }
  }
  REQUIRE(world.stops());
  REQUIRE(world.releases());
  CHECK(world.released->verdict == Verdict::Leftovers);
  CHECK(world.released->leftovers == "1 in TIME_WAIT");
  CHECK(world.released->released());
  CHECK(world.released->text() == std::to_string(world.ready->endpoint.port) + " free, 1 in TIME_WAIT");
}

TEST_CASE("release: the backend's own socket in another process is held, and its holder is named") {
  SocketPath socket;
  Witness world(python(hand_over(socket.path)));
  world.backend->start();
  REQUIRE(world.becomes_ready());
  auto escaped = take_over(socket.path);
  REQUIRE(escaped);
  REQUIRE(world.stops());
  REQUIRE(world.releases(100ms));
  CHECK(world.released->verdict == Verdict::Held);
  CHECK_FALSE(world.released->released());
  CHECK(world.released->took >= 100ms);
  REQUIRE(world.released->holders.size() == 1);
  CHECK(world.released->holders[0].pid == ::getpid());
  CHECK(world.released->text().find(" still held by pid " + std::to_string(::getpid())) != std::string::npos);
}

TEST_CASE("release: a held port is waited for, and free as soon as its holder goes") {
  SocketPath socket;
  Witness world(python(hand_over(socket.path)));
  world.backend->start();
  REQUIRE(world.becomes_ready());
  auto escaped = take_over(socket.path);
  REQUIRE(world.stops());
  world.backend->release(20s);
  // Some looks find it held before it goes.
  for (int i = 0; i < 5; ++i) world.loop.run_one_for(1s);
  CHECK_FALSE(world.released);
  escaped.reset();
  REQUIRE(run_until(world.loop, [&] { return world.released.has_value(); }));
  CHECK(world.released->verdict == Verdict::StrictlyFree);
}

TEST_CASE("release: a stranger on a followed port is taken since, and no failure") {
  Witness world(python("serve('127.0.0.1', 0)"));
  world.backend->start();
  REQUIRE(world.becomes_ready());
  REQUIRE(world.ready->followed);
  REQUIRE(world.stops());
  auto stranger = test::listener_on(world.ready->endpoint, Reuse::Yes);
  REQUIRE(stranger);
  REQUIRE(world.releases());
  CHECK(world.released->verdict == Verdict::TakenSince);
  CHECK(world.released->released());
  REQUIRE(world.released->holders.size() == 1);
  CHECK(world.released->text().find(" taken since by pid " + std::to_string(::getpid())) !=
        std::string::npos);
}

TEST_CASE("release: a backend that never got as far as a port has none") {
  LaunchSpec spec = test::shell("true");
  spec.dir = "/nowhere/at/all";
  Witness world(spec);
  world.backend->start();
  REQUIRE(world.fails());
  REQUIRE(world.stops());
  REQUIRE(world.releases());
  CHECK(world.released->verdict == Verdict::NoPort);
  CHECK(world.released->text() == "no port");
}

TEST_CASE("release: destroying the backend meanwhile is quiet") {
  SocketPath socket;
  Witness world(python(hand_over(socket.path)));
  world.backend->start();
  REQUIRE(world.becomes_ready());
  auto escaped = take_over(socket.path);
  REQUIRE(world.stops());
  world.backend->release(20s);
  world.loop.run_one_for(1s);
  world.backend.reset();
  world.loop.restart();
  world.loop.run_for(200ms);
  CHECK_FALSE(world.released);
}
