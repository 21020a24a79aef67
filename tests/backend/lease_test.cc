#include "backend/lease.h"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/socket.h>

#include <cerrno>

#include "backend/address.h"
#include "tests/backend/witness.h"

using namespace berth;
using namespace berth::backend;
using test::Reuse;

TEST_CASE("lease: this kernel reads the door when others bind") { CHECK(Lease::works()); }

TEST_CASE("lease: closed, nobody can bind its number on any local address, with SO_REUSEADDR or without") {
  auto lease = Lease::take();
  REQUIRE(lease);
  for (auto reuse : {Reuse::No, Reuse::Yes}) {
    CHECK_FALSE(test::bound_to(Endpoint::loopback_v4(lease->port()), reuse));
    CHECK_FALSE(test::bound_to(Endpoint::v4({127, 0, 0, 2}, lease->port()), reuse));
    CHECK_FALSE(test::bound_to(Endpoint::any_v4(lease->port()), reuse));
    CHECK_FALSE(test::bound_to(Endpoint::loopback_v6(lease->port()), reuse));
    CHECK_FALSE(test::bound_to(Endpoint::any_v6(lease->port()), reuse));
  }
}

TEST_CASE("lease: open, a server with SO_REUSEADDR can listen and one without it cannot") {
  auto lease = Lease::take();
  REQUIRE(lease);
  REQUIRE(lease->open_door());
  CHECK_FALSE(test::bound_to(Endpoint::loopback_v4(lease->port()), Reuse::No));
  CHECK(test::listener_on(Endpoint::any_v6(lease->port()), Reuse::Yes));
  CHECK(test::listener_on(Endpoint::any_v4(lease->port()), Reuse::Yes));
  auto server = test::listener_on(Endpoint::loopback_v4(lease->port()), Reuse::Yes);
  CHECK(server);
  CHECK_FALSE(test::listener_on(Endpoint::any_v4(lease->port()), Reuse::Yes));
}

TEST_CASE("lease: its listen tells a listener, leftovers and a free port apart, and keeps the number") {
  auto lease = Lease::take();
  REQUIRE(lease);
  auto port = lease->port();
  lease->open_door();
  auto server = test::listener_on(Endpoint::loopback_v4(port), Reuse::Yes);
  REQUIRE(server);
  CHECK(lease->try_listen() == EADDRINUSE);
  lease->close_door();
  CHECK(lease->try_listen() == EADDRINUSE);
  CHECK(local_endpoint(lease->fd()).port == port);
  server.reset();
  CHECK(lease->try_listen() == 0);
  CHECK(local_endpoint(lease->fd()).port == port);
}

TEST_CASE("lease: it is closed on exec") {
  auto lease = Lease::take();
  REQUIRE(lease);
  CHECK((::fcntl(lease->fd(), F_GETFD) & FD_CLOEXEC) != 0);
}
