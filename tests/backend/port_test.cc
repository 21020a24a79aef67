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
  const std::uint16_t port = test::free_number();
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
  auto server = test::listener_on(Endpoint::loopback_v4(test::free_number()));
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
  auto six = v6only_listener(test::free_number());
  REQUIRE(six);
  CHECK(probe(Endpoint::loopback_v4(port_of(six))).state == State::Free);
  CHECK(holders(Endpoint::loopback_v4(port_of(six))).empty());
  CHECK(probe(Endpoint::loopback_v6(port_of(six))).state == State::Listened);
}

TEST_CASE("probe: a socket that is bound and does not listen is told apart") {
  auto bound = test::bound_to(Endpoint::loopback_v4(0));
  auto result = probe(local_endpoint(bound.get()));
  CHECK(result.state == State::Bound);
  // Linux before 6.8 does not list it.
  if (!result.holders.empty()) {
    CHECK(result.holders.front().pid == ::getpid());
    CHECK(result.holders.front().address == local_endpoint(bound.get()));
  }
}

TEST_CASE("probe: sockets that share an address by SO_REUSEADDR, and do not listen, share no SO_REUSEPORT") {
  auto first = test::bound_to(Endpoint::loopback_v4(0), Reuse::Yes);
  auto second = test::bound_to(local_endpoint(first.get()), Reuse::Yes);
  REQUIRE(second);
  for (const auto& holder : probe(local_endpoint(first.get())).holders) CHECK_FALSE(holder.shared);
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
  REQUIRE(result.leftovers_end_in.has_value());
  CHECK(*result.leftovers_end_in > std::chrono::seconds(30));
  CHECK(*result.leftovers_end_in <= std::chrono::seconds(60));
  // The listener had not set SO_REUSEADDR, so it helps nobody.
  CHECK_FALSE(result.reusable);
  CHECK_FALSE(result.is_free());
}

TEST_CASE("probe: leftovers of a server that set SO_REUSEADDR are free for the next that does") {
  auto server = test::listener_on(Endpoint::loopback_v4(0), Reuse::Yes);
  auto at = local_endpoint(server.get());
  leave_time_wait(server);
  server.reset();
  auto result = probe(at);
  CHECK(result.state == State::Leftovers);
  CHECK(result.reusable);
  CHECK(result.is_free());
  CHECK(test::listener_on(at, Reuse::Yes));
}

TEST_CASE("probe: a connection that has the number is named, since SO_REUSEADDR does not help") {
  auto server = test::listener_on(Endpoint::loopback_v4(0));
  Descriptor client(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  // connect(2) lets connections share a number where their ends differ: on this address nobody else has one.
  auto own = socket_address(Endpoint::v4({127, 0, 0, 9}, 0));
  REQUIRE(::bind(client.get(), own.get(), own.size) == 0);
  auto address = socket_address(local_endpoint(server.get()));
  REQUIRE(::connect(client.get(), address.get(), address.size) == 0);
  auto result = probe(local_endpoint(client.get()));
  CHECK(result.state == State::Leftovers);
  CHECK(result.leftovers == "1 in ESTABLISHED");
  CHECK_FALSE(result.leftovers_end_in.has_value());
  CHECK_FALSE(result.is_free());
  REQUIRE(result.holders.size() == 1);
  CHECK(result.holders.front().pid == ::getpid());
}

TEST_CASE("probe: bound with SO_REUSEADDR and bound without are told apart") {
  auto open = test::bound_to(Endpoint::loopback_v4(0), Reuse::Yes);
  CHECK(probe(local_endpoint(open.get())).reusable);
  CHECK_FALSE(probe(local_endpoint(open.get())).is_free());
  auto closed = test::bound_to(Endpoint::loopback_v4(0));
  CHECK_FALSE(probe(local_endpoint(closed.get())).reusable);
}

TEST_CASE("neighbours: who listens on the number elsewhere, and is in the way of the wildcard only") {
  auto server = test::listener_on(Endpoint::loopback_v4(test::free_number()));
  auto port = port_of(server);
  CHECK(neighbours(Endpoint::loopback_v4(port)).empty());
  CHECK(neighbours(Endpoint::any_v4(port)).empty());
  auto found = neighbours(Endpoint::loopback_v6(port));
  REQUIRE(found.size() == 1);
  CHECK(found.front().address == Endpoint::loopback_v4(port));
}

TEST_CASE("wait released: it ends at the release, at the deadline with the holder, or when told to stop") {
  using End = WaitOutcome::End;
  auto server = test::listener_on(Endpoint::loopback_v4(test::free_number()));
  auto at = local_endpoint(server.get());
  int pauses = 0;
  auto released = wait_released({at, Endpoint::loopback_v6(at.port)}, std::chrono::seconds(20), [&](auto) {
    if (++pauses == 3) server.reset();
    return true;
  });
  CHECK(released.end == End::Released);
  CHECK(pauses == 3);
  REQUIRE(released.last.size() == 2);
  CHECK(released.last[0].is_free());

  server = test::listener_on(Endpoint::loopback_v4(0));
  at = local_endpoint(server.get());
  auto expired = wait_released({at}, std::chrono::milliseconds(5), [](auto) { return true; });
  CHECK(expired.end == End::Expired);
  CHECK(expired.took >= std::chrono::milliseconds(4));
  REQUIRE(expired.last.front().holders.size() == 1);
  CHECK(expired.last.front().holders.front().pid == ::getpid());

  auto stopped = wait_released({at}, std::chrono::seconds(20), [](auto) { return false; });
  CHECK(stopped.end == End::Interrupted);
  CHECK(stopped.last.front().holders.size() == 1);
  auto refused = wait_released({Endpoint::v4({198, 51, 100, 1}, 18'080)}, std::chrono::seconds(20),
                               [](auto) { return true; });
  CHECK(refused.end == End::Denied);
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

TEST_CASE("probe: a unix path is listened on, stale, absent or no socket") {
  char dir[] = "/tmp/berth-test-XXXXXX";
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
  auto stale = probe(at);
  CHECK(stale.state == State::Leftovers);
  CHECK(stale.error == EADDRINUSE);
  CHECK(stale.is_free());
  ::unlink(at.path.c_str());
  auto no_socket = probe(Endpoint::unix_path(dir));
  CHECK(no_socket.state == State::Denied);
  CHECK(no_socket.error == ENOTSOCK);
  CHECK(probe(Endpoint::unix_path(std::string(dir) + "/none/s")).error == ENOENT);
  CHECK(probe(Endpoint::unix_path(std::string(200, 'x'))).error == ENAMETOOLONG);
  ::rmdir(dir);
}
