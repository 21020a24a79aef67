// Servers that berth did not start: checked, never stopped, and waited for only where asked.
#include "backend/external.h"

#include <doctest/doctest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <filesystem>

#include "config/socket_address.h"
#include "tests/backend/witness.h"

using namespace berth;
using namespace berth::backend;
using namespace std::chrono_literals;
using test::listener_on;
using test::run_until;
using test::Witness;
using Verdict = ReleaseCertificate::Verdict;

namespace {

Endpoint address_of(const Descriptor& listener) {
  sockaddr_storage bound{};
  socklen_t size = sizeof bound;
  ::getsockname(listener.get(), static_cast<sockaddr*>(static_cast<void*>(&bound)), &size);
  return *endpoint_of(bound);
}

ReadyConfig ready_by(ReadyConfig::Kind kind, std::chrono::milliseconds timeout) {
  ReadyConfig ready;
  ready.kind = kind;
  ready.timeout = timeout;
  return ready;
}

/// One attached server and what was told of it.
struct Attached {
  explicit Attached(const Endpoint& endpoint, ReadyConfig::Kind kind = ReadyConfig::Kind::Tcp,
                    std::chrono::milliseconds timeout = 10s)
      : Attached(endpoint, ready_by(kind, timeout)) {}
  Attached(const Endpoint& endpoint, const ReadyConfig& ready) {
    external.emplace(world.loop, ExternalSpec{.generation = {3}, .endpoint = endpoint, .ready = ready},
                     world);
    external->start();
  }

  bool becomes_ready() {
    return run_until(world.loop, [this] { return world.ready.has_value(); });
  }
  bool stops() {
    external->stop();
    return run_until(world.loop, [this] { return world.stopped.has_value(); });
  }
  Verdict release(std::chrono::milliseconds deadline) {
    external->release(deadline);
    REQUIRE(run_until(world.loop, [this] { return world.released.has_value(); }));
    return world.released->verdict;
  }

  Witness world{LaunchSpec{}};
  std::optional<External> external;
};

}  // namespace

TEST_CASE("external: it passes as often in a row as asked for") {
  Descriptor listener = listener_on(Endpoint::loopback_v4(0));
  ReadyConfig ready = ready_by(ReadyConfig::Kind::Tcp, 10s);
  ready.successes = 3;
  Attached attached(address_of(listener), ready);
  REQUIRE(attached.becomes_ready());
  CHECK(attached.world.ready->check == "connect, 3 in a row");
}

TEST_CASE("external: what does not answer while it is warmed up is not ready") {
  Descriptor listener = listener_on(Endpoint::loopback_v4(0));
  ReadyConfig ready = ready_by(ReadyConfig::Kind::Tcp, 300ms);
  ready.warm = {"/"};
  Attached attached(address_of(listener), ready);
  REQUIRE(run_until(attached.world.loop, [&] { return attached.world.failure.has_value(); }));
  CHECK_FALSE(attached.world.ready.has_value());
}

TEST_CASE("external: a server that runs is ready, is not stopped, and keeps its port") {
  for (const auto kind : {ReadyConfig::Kind::Tcp, ReadyConfig::Kind::Listen}) {
    const Descriptor listener = listener_on(Endpoint::loopback_v4(0));
    Attached server(address_of(listener), kind);
    REQUIRE(server.becomes_ready());
    REQUIRE(server.world.started.size() == 1);
    CHECK(server.world.started[0].pid == 0);
    CHECK(server.world.started[0].mode == "external");
    CHECK(server.world.ready->endpoint == address_of(listener));
    REQUIRE(server.stops());
    CHECK(server.release(0ms) == Verdict::NoPort);
    CHECK(probe(address_of(listener)).state == ProbeResult::State::Listened);
  }
}

TEST_CASE("external: one that comes later is ready then") {
  const Descriptor bound = test::bound_to(Endpoint::loopback_v4(0));
  Attached server(address_of(bound));
  REQUIRE(run_until(server.world.loop, [&] { return !server.world.started.empty(); }));
  REQUIRE(::listen(bound.get(), 8) == 0);
  CHECK(server.becomes_ready());
}

TEST_CASE("external: one that never comes has failed at its deadline, with the reason") {
  const Descriptor bound = test::bound_to(Endpoint::loopback_v4(0));
  Attached server(address_of(bound), ReadyConfig::Kind::Tcp, 200ms);
  REQUIRE(run_until(server.world.loop, [&] { return server.world.failure.has_value(); }));
  CHECK(server.world.failure->kind == StartFailure::Kind::Timeout);
  CHECK(server.world.failure->what ==
        address_of(bound).text() + " was not ready within 200ms: connection refused");
  CHECK_FALSE(server.world.failure->hint.empty());
  CHECK(server.stops());
}

TEST_CASE("external: its port is waited for where that is asked") {
  Descriptor listener = listener_on(Endpoint::loopback_v4(0));
  Attached server(address_of(listener));
  REQUIRE(server.becomes_ready());
  REQUIRE(server.stops());
  server.external->release(20s);
  server.world.loop.restart();
  server.world.loop.poll();
  CHECK_FALSE(server.world.released);
  listener.reset();
  REQUIRE(run_until(server.world.loop, [&] { return server.world.released.has_value(); }));
  CHECK(server.world.released->released());
}

TEST_CASE("external: one that stays is named at the deadline") {
  const Descriptor listener = listener_on(Endpoint::loopback_v4(0));
  Attached server(address_of(listener));
  REQUIRE(server.becomes_ready());
  REQUIRE(server.stops());
  CHECK(server.release(100ms) == Verdict::Held);
  REQUIRE(server.world.released->holders.size() == 1);
  CHECK(server.world.released->holders[0].pid == ::getpid());
}

TEST_CASE("external: who took its port since is no failure") {
  Descriptor listener = listener_on(Endpoint::loopback_v4(0), test::Reuse::Yes);
  const Endpoint address = address_of(listener);
  Attached server(address);
  REQUIRE(server.becomes_ready());
  REQUIRE(server.stops());
  listener.reset();
  listener = listener_on(address, test::Reuse::Yes);
  REQUIRE(listener);
  CHECK(server.release(5s) == Verdict::TakenSince);
}

TEST_CASE("external: a unix socket is checked and waited for by connecting") {
  const std::string path =
      (std::filesystem::temp_directory_path() / ("berth-external-" + std::to_string(::getpid()))).string();
  Descriptor listener = listener_on(Endpoint::unix_path(path));
  REQUIRE(listener);
  Attached server(Endpoint::unix_path(path));
  CHECK(server.becomes_ready());
  REQUIRE(server.stops());
  CHECK(server.release(100ms) == Verdict::Held);
  REQUIRE(server.world.released->holders.size() == 1);
  CHECK(server.world.released->holders[0].pid == ::getpid());
  server.world.released.reset();
  listener.reset();
  CHECK(server.release(5s) == Verdict::StrictlyFree);
  std::filesystem::remove(path);
}
