#include "backend/port.h"

#include <doctest/doctest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>

#include "backend/address.h"
#include "tests/backend/witness.h"

using namespace berth;
using namespace berth::backend;
using State = ProbeResult::State;
using test::Reuse;

namespace {

std::uint16_t port_of(const Descriptor& fd) { return local_endpoint(fd.get()).port; }

Descriptor v6only_listener(std::uint16_t port) {
  Descriptor fd(::socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0));
  int on = 1;
  ::setsockopt(fd.get(), IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on);
  auto address = socket_address(Endpoint::any_v6(port));
  if (::bind(fd.get(), address.get(), address.size) != 0 || ::listen(fd.get(), 1) != 0) fd.reset();
  return fd;
}

/// Leaves a TIME_WAIT on the listener's port: the accepting side closes first.
void leave_time_wait(const Descriptor& listener) {
  auto at = local_endpoint(listener.get());
  Descriptor client(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  auto address = socket_address(at);
  REQUIRE(::connect(client.get(), address.get(), address.size) == 0);
  Descriptor server(::accept4(listener.get(), nullptr, nullptr, SOCK_CLOEXEC));
  REQUIRE(server);
  server.reset();
  char byte = 0;
  CHECK(::read(client.get(), &byte, 1) == 0);
}

}  // namespace

TEST_CASE("probe: a port that nobody has is free, and stays so after the probe") {
  std::uint16_t port = port_of(test::bound_to(Endpoint::loopback_v4(0)));
  for (int i = 0; i < 2; ++i) {
    auto result = probe(Endpoint::loopback_v4(port));
    CHECK(result.state == State::Free);
    CHECK(result.error == 0);
  }
}

TEST_CASE("probe: a listener is named with its pid, command line, user and address") {
  auto server = test::listener_on(Endpoint::loopback_v4(0));
  auto result = probe(local_endpoint(server.get()));
  CHECK(result.state == State::Listened);
  CHECK(result.error == EADDRINUSE);
  REQUIRE(result.holders.size() == 1);
  const auto& holder = result.holders.front();
  CHECK(holder.pid == ::getpid());
  CHECK(holder.uid == ::getuid());
  CHECK(holder.command_line.find("berth_backend_tests") != std::string::npos);
  CHECK(holder.address == local_endpoint(server.get()));
  CHECK(holder.started_unix_s > 1'600'000'000);
  CHECK_FALSE(holder.shared);
  CHECK(holder.text().find("pid " + std::to_string(::getpid())) == 0);
}

TEST_CASE("probe: the wildcard overlaps every address, two addresses do not overlap each other") {
  auto server = test::listener_on(Endpoint::loopback_v4(0));
  auto port = port_of(server);
  CHECK(probe(Endpoint::any_v4(port)).state == State::Listened);
  CHECK(probe(Endpoint::any_v6(port)).state == State::Listened);
  CHECK(probe(Endpoint::v4({127, 0, 0, 2}, port)).state == State::Free);
  CHECK(probe(Endpoint::loopback_v6(port)).state == State::Free);
  CHECK(holders(Endpoint::v4({127, 0, 0, 2}, port)).empty());
  CHECK(holders(Endpoint::loopback_v6(port)).empty());
}

TEST_CASE("probe: a dual [::] listener overlaps IPv4, one for IPv6 only does not") {
  {
    auto dual = test::listener_on(Endpoint::any_v6(0));
    CHECK(probe(Endpoint::loopback_v4(port_of(dual))).state == State::Listened);
    CHECK(holders(Endpoint::loopback_v4(port_of(dual))).size() == 1);
  }
  auto six = v6only_listener(0);
  REQUIRE(six);
  CHECK(probe(Endpoint::loopback_v4(port_of(six))).state == State::Free);
  CHECK(holders(Endpoint::loopback_v4(port_of(six))).empty());
  CHECK(probe(Endpoint::loopback_v6(port_of(six))).state == State::Listened);
}

TEST_CASE("probe: a socket that is bound and does not listen is told apart") {
  auto bound = test::bound_to(Endpoint::loopback_v4(0));
  CHECK(probe(local_endpoint(bound.get())).state == State::Bound);
}

TEST_CASE("probe: a port kept by TIME_WAIT only is told apart and says how many") {
  auto server = test::listener_on(Endpoint::loopback_v4(0));
  auto at = local_endpoint(server.get());
  leave_time_wait(server);
  CHECK(probe(at).state == State::Listened);
  server.reset();
  auto result = probe(at);
  CHECK(result.state == State::Leftovers);
  CHECK(result.leftovers == "1 in TIME_WAIT");
  CHECK(result.holders.empty());
}

TEST_CASE("probe: an address that is not ours is denied") {
  auto result = probe(Endpoint::v4({192, 0, 2, 1}, 18'080));
  CHECK(result.state == State::Denied);
  CHECK(result.error == EADDRNOTAVAIL);
}

TEST_CASE("holders: listeners that share an address by SO_REUSEPORT say so") {
  auto make = [](std::uint16_t port) {
    Descriptor fd = open_stream_socket(Endpoint::loopback_v4(port));
    int on = 1;
    ::setsockopt(fd.get(), SOL_SOCKET, SO_REUSEPORT, &on, sizeof on);
    auto address = socket_address(Endpoint::loopback_v4(port));
    REQUIRE(::bind(fd.get(), address.get(), address.size) == 0);
    REQUIRE(::listen(fd.get(), 1) == 0);
    return fd;
  };
  auto first = make(0);
  auto second = make(port_of(first));
  auto found = holders(Endpoint::loopback_v4(port_of(first)));
  REQUIRE(found.size() == 2);
  CHECK(found[0].shared);
  CHECK(found[1].shared);
}

TEST_CASE("probe: a unix path is listened on, refused or absent") {
  char dir[] = "/tmp/quay-test-XXXXXX";
  REQUIRE(::mkdtemp(dir) != nullptr);
  auto at = Endpoint::unix_path(std::string(dir) + "/s");
  CHECK(probe(at).state == State::Free);
  {
    auto server = test::listener_on(at);
    REQUIRE(server);
    auto result = probe(at);
    CHECK(result.state == State::Listened);
    REQUIRE(result.holders.size() == 1);
    CHECK(result.holders.front().pid == ::getpid());
  }
  CHECK(probe(at).state == State::Free);
  ::unlink(at.path.c_str());
  ::rmdir(dir);
}
