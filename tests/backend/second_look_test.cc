// What changes between two looks: a listener that goes as its check passes, one that comes anew, a holder on
// another address, and one that is gone when it is looked for.
#include <doctest/doctest.h>

#include "backend/address.h"
#include "backend/external.h"
#include "backend/port.h"
#include "backend/release.h"
#include "tests/backend/witness.h"

using namespace berth;
using namespace berth::backend;
using namespace std::chrono_literals;
using test::bound_to;
using test::listener_on;
using test::python;
using test::Reuse;
using test::run_until;
using test::Witness;
using Verdict = ReleaseCertificate::Verdict;

namespace {

ReleaseCertificate released(const ReleaseSpec& spec, std::chrono::milliseconds deadline) {
  boost::asio::io_context loop;
  std::optional<ReleaseCertificate> told;
  const Release release(loop, {.lease = std::nullopt, .endpoint = spec.endpoint, .inodes = spec.inodes},
                        deadline, [&](const ReleaseCertificate& certificate) { told = certificate; });
  REQUIRE(run_until(loop, [&] { return told.has_value(); }));
  return *told;
}

/// Answers `answers` requests and has no listener any more when it answers the last.
LaunchSpec closes_before_answer(int answers) {
  LaunchSpec spec = python("s = listen()\nfor left in range(" + std::to_string(answers) + R"(, 0, -1):
    c, _ = s.accept()
    c.recv(4096)
    if left == 1: s.close()
    c.sendall(b'HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n')
    c.close()
stay()
)");
  spec.ready.timeout = 3s;
  return spec;
}

}  // namespace

TEST_CASE("ready: a listener that was closed before its check was answered is not ready") {
  Witness world(closes_before_answer(1));
  world.backend->start();
  REQUIRE(world.fails());
  CHECK_FALSE(world.ready);
  CHECK(world.stops());
}

TEST_CASE("ready: a listener that was closed before its warm-up was answered is not ready") {
  LaunchSpec spec = closes_before_answer(2);
  spec.ready.warm = {"/warm"};
  Witness world(spec);
  world.backend->start();
  REQUIRE(world.fails());
  CHECK_FALSE(world.ready);
  CHECK(world.stops());
}

TEST_CASE("release: a listener of its own on another address of the port holds it") {
  const std::uint16_t port = test::free_number();
  const Descriptor other = listener_on(Endpoint::loopback_v6(port));
  REQUIRE(other);
  const Endpoint told = Endpoint::loopback_v4(port);
  CHECK(probe(told).state == ProbeResult::State::Free);
  const auto inodes = listener_inodes(Endpoint::loopback_v6(port));
  const auto certificate =
      released({.lease = {}, .endpoint = told, .inodes = {inodes.begin(), inodes.end()}}, 100ms);
  CHECK(certificate.verdict == Verdict::Held);
  REQUIRE(certificate.holders.size() == 1);
  // Somebody else's there is none of its business.
  CHECK(released({.lease = {}, .endpoint = told, .inodes = {1}}, 100ms).verdict == Verdict::StrictlyFree);
}

TEST_CASE("release: what is in the way and has no holder is looked at again, not told as taken") {
  const Endpoint told = Endpoint::loopback_v4(test::free_number());
  Descriptor bound = bound_to(told);  // without a listener: some kernels name nobody for it
  REQUIRE(bound);
  if (!probe(told).holders.empty()) {
    MESSAGE("skipped: this kernel names who has bound an address without listening");
    return;
  }
  boost::asio::io_context loop;
  std::optional<ReleaseCertificate> certificate;
  const Release release(loop, {.lease = std::nullopt, .endpoint = told, .inodes = {}}, 20s,
                        [&](const ReleaseCertificate& of) { certificate = of; });
  for (int i = 0; i < 5; ++i) loop.run_one_for(1s);
  CHECK_FALSE(certificate);
  bound.reset();
  REQUIRE(run_until(loop, [&] { return certificate.has_value(); }));
  CHECK(certificate->verdict == Verdict::StrictlyFree);
}

TEST_CASE("external: one that has listened anew still holds its port") {
  Descriptor listener = listener_on(Endpoint::loopback_v4(test::free_number()), Reuse::Yes);
  REQUIRE(listener);
  const Endpoint address = local_endpoint(listener.get());
  ReadyConfig ready;
  ready.kind = ReadyConfig::Kind::Tcp;
  ready.timeout = 10s;
  Witness world{LaunchSpec{}};
  External external(world.loop, {.generation = {3}, .endpoint = address, .ready = ready}, world);
  external.start();
  REQUIRE(run_until(world.loop, [&] { return world.ready.has_value(); }));
  listener.reset();
  listener = listener_on(address, Reuse::Yes);
  REQUIRE(listener);
  external.stop();
  REQUIRE(run_until(world.loop, [&] { return world.stopped.has_value(); }));
  external.release(100ms);
  REQUIRE(run_until(world.loop, [&] { return world.released.has_value(); }));
  CHECK(world.released->verdict == Verdict::Held);
}

TEST_CASE("lease: it is closed to all as soon as the command has ended, though its children run") {
  Witness world(python(R"(
subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(1000)'])
say('up')
)"));
  world.backend->start();
  REQUIRE(world.fails());
  CHECK_FALSE(bound_to(world.started.at(0).told, Reuse::Yes));
  CHECK_FALSE(world.stopped);
  CHECK(world.stops());
}
