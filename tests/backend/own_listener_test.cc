// Whose listener a connection meets, told by the kernel's own lookup.
#include "backend/own_listener.h"

#include <doctest/doctest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <vector>

#include "backend/address.h"
#include "backend/linux_sock_diag.h"

using namespace berth;
using namespace berth::backend;

namespace {

Descriptor listening(const Endpoint& endpoint) {
  Descriptor fd = open_stream_socket(endpoint);
  const auto address = socket_address(endpoint);
  REQUIRE(::bind(fd.get(), address.get(), address.size) == 0);
  REQUIRE(::listen(fd.get(), 4) == 0);
  return fd;
}

/// This test's own children are the tree; it has none, so what it opens itself is a stranger's.
struct Asked {
  Asked(const Endpoint& endpoint, const std::set<std::uint64_t>& known)
      : own(endpoint, known, ::getpid(), [this](std::uint64_t inode) { strangers.push_back(inode); }) {}
  std::vector<std::uint64_t> strangers;
  OwnListener own;
};

/// Of the only listener on the port.
std::uint64_t inode_on(std::uint16_t port) {
  const auto rows = listening_sockets(port);
  REQUIRE(rows.size() == 1);
  return rows.front().inode;
}

/// Whether `endpoint` is taken for a backend's own, of which one listener was known before.
bool is_own(const Endpoint& endpoint, std::uint64_t known) {
  return Asked(endpoint, {known}).own.has_accepted();
}

}  // namespace

TEST_CASE("own listener: the kernel finds the one that a connection would meet, of either family") {
  for (const auto& bound : {Endpoint::loopback_v4(0), Endpoint::any_v4(0), Endpoint::any_v6(0)}) {
    CAPTURE(bound.text());
    const auto fd = listening(bound);
    const auto port = local_endpoint(fd.get()).port;
    const auto found = listener_of(Endpoint::loopback_v4(port));
    REQUIRE(found);
    CHECK(found->local.port == port);
    const auto rows = listening_sockets(port);
    REQUIRE(rows.size() == 1);
    CHECK(rows.front().inode == found->inode);
  }
}

TEST_CASE("own listener: one that was known before is its own, another is a stranger and told") {
  auto fd = listening(Endpoint::loopback_v4(0));
  const auto endpoint = local_endpoint(fd.get());
  const std::uint64_t inode = inode_on(endpoint.port);
  Asked known(endpoint, {inode});
  CHECK(known.own.has_accepted());
  Asked strange(endpoint, {inode + 1});
  CHECK_FALSE(strange.own.has_accepted());
  CHECK(strange.strangers == std::vector<std::uint64_t>{inode});
  fd.reset();
  CHECK_FALSE(known.own.has_accepted());
  CHECK(known.strangers.empty());
}

TEST_CASE("own listener: one that is bound to a device is its own only if it was known") {
  const Descriptor fd = open_stream_socket(Endpoint::loopback_v4(0));
  constexpr char kDevice[] = "lo";
  if (::setsockopt(fd.get(), SOL_SOCKET, SO_BINDTODEVICE, kDevice, sizeof kDevice) != 0) {
    MESSAGE("skipped: no socket may be bound to a device here (CAP_NET_RAW)");
    return;
  }
  const auto address = socket_address(Endpoint::loopback_v4(0));
  REQUIRE(::bind(fd.get(), address.get(), address.size) == 0);
  REQUIRE(::listen(fd.get(), 4) == 0);
  const auto endpoint = local_endpoint(fd.get());
  const std::uint64_t inode = inode_on(endpoint.port);
  CHECK(is_own(endpoint, inode));
  CHECK_FALSE(is_own(endpoint, inode + 1));
}
