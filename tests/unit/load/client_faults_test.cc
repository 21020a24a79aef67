// The load client against servers with known faults: it must see each, call it by its name, and count nothing
// else.
#include <doctest/doctest.h>

#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <stdexcept>

#include "bench/load/load.h"
#include "tests/support/berth_process.h"
#include "tests/support/child_process.h"
#include "tests/support/temp_dir.h"
#include "tests/support/wait_until.h"

using namespace std::chrono_literals;
using namespace berth::load;
using berth::test::ChildProcess;

namespace {

/// A scripted backend on a port of the OS's choice.
class Server {
 public:
  explicit Server(const std::vector<std::string>& options)
      : child_(berth::test::ChildOptions{berth::test::scripted(options), {}, {{"PORT", "0"}}}) {
    if (!child_.wait_output("listening", 10s)) throw std::runtime_error(child_.err());
    port_ = berth::test::listening_port(child_.out()).value();
  }
  std::uint16_t port() const { return port_; }
  ChildProcess& child() { return child_; }

 private:
  ChildProcess child_;
  std::uint16_t port_ = 0;
};

/// Runs until `answers` requests have ended, whatever their end.
LoadResult run(const LoadPlan& plan, std::uint64_t answers = 20) {
  Load load(plan);
  load.start();
  CHECK(berth::test::wait_until([&] { return load.answered() >= answers; }, 20s));
  return load.stop();
}

LoadPlan plan_for(std::uint16_t port, const std::string& target = "/") {
  LoadPlan plan;
  plan.port = port;
  plan.keep_alive_lanes = 2;
  plan.shapes = {RequestShape{.target = target}};
  plan.pause = 1ms;
  return plan;
}

void check_only(const LoadResult& result, FailureKind kind) {
  INFO(result.text());
  CHECK(result.failed(kind) > 0);
  CHECK(result.failed() == result.failed(kind));
  CHECK_FALSE(result.samples.empty());
}

/// A port that nobody listens on while this lives.
class ClosedPort {
 public:
  ClosedPort() : fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    static_cast<void>(::bind(fd_, reinterpret_cast<sockaddr*>(&address), size));
    ::getsockname(fd_, reinterpret_cast<sockaddr*>(&address), &size);
    port_ = ntohs(address.sin_port);
  }
  ~ClosedPort() { ::close(fd_); }
  std::uint16_t port() const { return port_; }

 private:
  int fd_;
  std::uint16_t port_ = 0;
};

}  // namespace

TEST_CASE("load client: a sound server gives no failure, kept alive and fresh, with every echo verified") {
  Server server({});
  auto plan = plan_for(server.port());
  plan.fresh_lanes = 2;
  plan.probe_every = 1ms;
  RequestShape post{.method = "POST", .target = "/echo", .body_max = 300'000, .echoed = true};
  plan.shapes.push_back(post);
  post.chunked = true;
  plan.shapes.push_back(post);
  const auto result = run(plan, 300);
  INFO(result.text());
  CHECK(result.failed() == 0);
  CHECK(result.ok == result.sent);
  CHECK(result.bytes_out > 0);
  CHECK(result.connections >= 3);
  CHECK(result.probe.connected > 0);
  CHECK(result.probe.refused + result.probe.failed == 0);
  CHECK(result.latency.count() == result.ok);
}

TEST_CASE("load client: nobody listens is refused") {
  ClosedPort port;
  auto plan = plan_for(port.port());
  plan.probe_every = 1ms;
  const auto result = run(plan);
  check_only(result, FailureKind::Refused);
  CHECK(result.probe.refused > 0);
  CHECK(result.probe.connected == 0);
}

TEST_CASE("load client: a unix socket that is not there, or whose queue is full, is refused") {
  const berth::test::TempDir dir;
  const int fd = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  (dir / "full").copy(address.sun_path, sizeof address.sun_path - 1);
  REQUIRE(::bind(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0);
  REQUIRE(::listen(fd, 0) == 0);  // one connection waits, and nobody accepts it
  for (const char* name : {"none", "full"}) {
    LoadPlan plan;
    plan.targets = {{.unix_path = dir / name}};
    plan.probe_every = 1ms;
    plan.request_timeout = 10s;
    INFO(name);
    Load load(plan);
    load.start();
    CHECK(berth::test::wait_until([&] { return load.answered() >= 20; }, 20s));
    if (name == std::string("full")) ::close(fd);  // ends the one that waits
    const auto result = load.stop();
    INFO(result.text());
    CHECK(result.failed(FailureKind::Refused) >= 20);
    CHECK(result.failed(FailureKind::Local) == 0);
    CHECK(result.probe.refused > 0);
    CHECK(result.probe.failed == 0);
  }
}

TEST_CASE("load client: a server that takes the request and dies is a reset") {
  Server server({});
  auto plan = plan_for(server.port(), "/die");
  plan.keep_alive_lanes = 1;
  const auto result = run(plan, 1);
  INFO(result.text());
  CHECK(result.failed(FailureKind::Reset) == 1);
}

TEST_CASE("load client: a silent server is a timeout") {
  Server server({"--mute"});
  auto plan = plan_for(server.port());
  plan.request_timeout = 50ms;
  check_only(run(plan, 4), FailureKind::Timeout);
}

TEST_CASE("load client: another status than expected is a failure of its own") {
  Server server({"--status", "500"});
  check_only(run(plan_for(server.port())), FailureKind::Status5xx);
}

TEST_CASE("load client: half a body is truncated") {
  Server server({});
  check_only(run(plan_for(server.port(), "/cut")), FailureKind::Truncated);
}

TEST_CASE("load client: a body that is not the one expected is wrong") {
  Server server({"--name", "other"});
  auto plan = plan_for(server.port());
  plan.shapes = {RequestShape{.method = "POST", .body_min = 6, .body_max = 6, .echoed = true}};
  check_only(run(plan), FailureKind::WrongBody);
  plan.shapes = {RequestShape{.expect_bytes = 7}};
  check_only(run(plan), FailureKind::WrongBody);
}

TEST_CASE("load client: what is not HTTP is malformed") {
  Server server({"--nonsense"});
  check_only(run(plan_for(server.port())), FailureKind::Malformed);
}

TEST_CASE("load client: a connection that ends between requests is counted and no failure") {
  Server server({"--idle-close", "5"});
  auto plan = plan_for(server.port());
  plan.keep_alive_lanes = 1;
  plan.pause = 1s;
  const auto result = run(plan, 4);
  INFO(result.text());
  CHECK(result.failed() == 0);
  CHECK(result.keepalive_closed >= 3);
  CHECK(result.connections >= 4);
}

TEST_CASE("load client: a connection that ends as its response said is neither failure nor surprise") {
  Server server({"--close"});
  const auto result = run(plan_for(server.port()));
  INFO(result.text());
  CHECK(result.failed() == 0);
  CHECK(result.keepalive_closed == 0);
  CHECK(result.closed_as_told + 2 >= result.ok);
}
