// Clients and backends that take without end: what berth holds of theirs is bounded, and it is well
// afterwards.
#include <doctest/doctest.h>
#include <poll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <filesystem>
#include <memory>
#include <set>
#include <sstream>

#include "tests/conformance/recording_backend.h"
#include "tests/e2e/checks.h"
#include "tests/support/held_socket.h"
#include "tests/support/raw_client.h"
#include "tests/support/temp_dir.h"
#include "tests/support/wait_until.h"

using namespace std::chrono_literals;
using namespace berth::test;

namespace {

constexpr std::size_t kMiB = 1024 * 1024;
// A sanitizer keeps what is freed, and takes its time.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr std::size_t kLargeBody = 4 * kMiB, kMemoryKiB = 1024 * 1024;
#else
constexpr std::size_t kLargeBody = 64 * kMiB, kMemoryKiB = 16 * 1024;
#endif
constexpr std::string_view kGet = "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n";
constexpr std::string_view kPost = "POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\n\r\nhi";

BerthOptions before(std::uint16_t backend, const std::vector<std::string>& more = {}) {
  BerthOptions options{
      .more = {"--external", "127.0.0.1:" + std::to_string(backend), "--ready", "tcp", "--workers", "1"}};
  options.more.insert(options.more.end(), more.begin(), more.end());
  return options;
}

/// A number of /proc/PID/status, in KiB.
std::size_t memory(const BerthProcess& berth, const std::string& name) {
  std::istringstream lines(read_file("/proc/" + std::to_string(berth.pid()) + "/status"));
  for (std::string line; std::getline(lines, line);)
    if (line.starts_with(name + ":")) return std::stoul(line.substr(name.size() + 1));
  return 0;
}

std::set<int> descriptors(const BerthProcess& berth) {
  std::set<int> open;
  for (const auto& entry :
       std::filesystem::directory_iterator("/proc/" + std::to_string(berth.pid()) + "/fd"))
    open.insert(std::stoi(entry.path().filename()));
  return open;
}

using Clients = std::vector<std::unique_ptr<RawClient>>;

/// Leaves berth room for a few descriptors, however many it has, and lets clients that say nothing yet take
/// it. More of them wait in the kernel's queue.
Clients take_descriptors(const BerthProcess& berth) {
  const std::set<int> used = descriptors(berth);
  int most = 0;
  for (int room = 4; room > 0; ++most)
    if (!used.contains(most)) --room;
  rlimit limit{};
  REQUIRE(::prlimit(berth.pid(), RLIMIT_NOFILE, nullptr, &limit) == 0);
  limit.rlim_cur = static_cast<rlim_t>(most);
  REQUIRE(::prlimit(berth.pid(), RLIMIT_NOFILE, &limit, nullptr) == 0);
  Clients clients;
  for (int i = 0; i < 16; ++i) clients.push_back(std::make_unique<RawClient>(berth.port()));
  REQUIRE(wait_until([&] {
    const std::set<int> now = descriptors(berth);
    return std::distance(now.begin(), now.lower_bound(most)) == most;
  }));
  return clients;
}

/// CPU time of the process so far, in clock ticks.
long cpu_ticks(const BerthProcess& berth) {
  const std::string stat = read_file("/proc/" + std::to_string(berth.pid()) + "/stat");
  std::istringstream words(stat.substr(stat.rfind(')') + 2));
  std::string word;
  for (int i = 0; i < 11; ++i) words >> word;
  long user = 0;
  long system = 0;
  words >> user >> system;
  return user + system;
}

/// Sends until the other side has taken nothing for half a second: how much it was.
std::size_t send_until_stuck(int fd, std::size_t most) {
  const std::string piece(64 * 1024, 'x');
  std::size_t sent = 0;
  while (sent < most) {
    const auto n = ::send(fd, piece.data(), piece.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
    if (n > 0) {
      sent += static_cast<std::size_t>(n);
      continue;
    }
    if (n < 0 && errno != EAGAIN) break;
    pollfd writable{fd, POLLOUT, 0};
    if (::poll(&writable, 1, 500) <= 0) break;
  }
  return sent;
}

/// Small buffers in the kernel, so that what is measured is what berth took.
void shrink(int fd, int which) {
  const int size = 16 * 1024;
  ::setsockopt(fd, SOL_SOCKET, which, &size, sizeof size);
}

}  // namespace

TEST_CASE("abuse: the deadline of a head counts from its first byte, however it trickles") {
  RecordingBackend backend;
  BerthProcess berth(before(backend.port(), {"--limit", "head_timeout=400ms"}));
  REQUIRE(berth.wait_serving());
  RawClient client(berth.port());
  client.send("GET / HTTP/1.1\r\nX: ");
  int sent = 0;
  while (sent < 1'000 && client.send("a") && !client.read_more(std::chrono::steady_clock::now() + 10ms))
    ++sent;
  CHECK(client.unread().starts_with("HTTP/1.1 408"));
  CHECK(sent < 300);
  check_clean_stop(berth);
}

TEST_CASE("abuse: bodies of 64 MiB pass either way within 16 MiB of memory") {
  RecordingBackend backend;
  BerthProcess berth(before(backend.port()));
  REQUIRE(berth.wait_serving());
  const std::size_t start = memory(berth, "VmRSS");
  const std::string body(kLargeBody, 'x');
  const std::string length = "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n";
  {
    RawClient client(berth.port());
    REQUIRE(client.send("POST / HTTP/1.1\r\nHost: a\r\n" + length));
    REQUIRE(client.send(body));
    CHECK(client.read_response().status == 200);
  }
  backend.end();
  backend.begin({whole_request(), say("HTTP/1.1 200 OK\r\n" + length + body)});
  RawClient client(berth.port());
  client.send(kGet);
  client.read_until("\r\n\r\n");
  CHECK(client.read_exactly(body.size()).size() == body.size());
  CHECK(memory(berth, "VmHWM") < start + kMemoryKiB);
  check_clean_stop(berth);
}

TEST_CASE("abuse: who does not read stops who sends within 4 MiB, either way") {
  HeldSocket server({});
  shrink(server.fd(), SO_SNDBUF);
  shrink(server.fd(), SO_RCVBUF);
  BerthProcess berth(before(server.port()));
  for (const bool upload : {true, false}) {
    CAPTURE(upload);
    RawClient client(berth.port());
    shrink(client.fd(), SO_SNDBUF);
    shrink(client.fd(), SO_RCVBUF);
    client.send(upload ? "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000000\r\n\r\n" : kGet);
    const int fd = server.accept_request(upload ? "POST" : "GET");
    REQUIRE(fd >= 0);
    const std::string head = "HTTP/1.1 200 OK\r\nContent-Length: 1000000000\r\n\r\n";
    if (!upload) REQUIRE(::send(fd, head.data(), head.size(), MSG_NOSIGNAL) > 0);
    const std::size_t sent = send_until_stuck(upload ? client.fd() : fd, 64 * kMiB);
    MESSAGE("it took " << sent / 1024 << " KiB");
    CHECK(sent < 4 * kMiB);
    ::close(fd);
  }
  check_clean_stop(berth);
}

TEST_CASE("abuse: out of descriptors berth does not spin, turns nobody away, and recovers in full") {
  RecordingBackend backend;
  BerthProcess berth(before(backend.port()));
  REQUIRE(berth.wait_serving());
  {
    Clients clients = take_descriptors(berth);
    for (int i = 0; i < 40; ++i) clients.push_back(std::make_unique<RawClient>(berth.port()));
    const long before_it = cpu_ticks(berth);
    RawClient one_more(berth.port());
    one_more.send(kGet);
    one_more.read_response(false, 500ms);  // in vain: those before it stay connected
    CHECK(cpu_ticks(berth) - before_it < ::sysconf(_SC_CLK_TCK) / 8);
    for (auto& client : clients) client->send(kGet);
    // Each that leaves makes room for another, in the order in which they came.
    for (auto& client : clients) {
      CHECK(client->read_response().status == 200);
      client.reset();
    }
    CHECK(one_more.read_response().status == 200);
  }
  for (int i = 0; i < 20; ++i) CHECK(get(berth.port(), "/").status == 200);
  check_clean_stop(berth);
  const std::string said = "out of file descriptors: ";
  const auto first = berth.output().find(said);
  CHECK(first != std::string::npos);
  CHECK(berth.output().find(said, first + 1) == std::string::npos);
}

TEST_CASE("abuse: without a descriptor left for backends, requests take turns on one connection") {
  RecordingBackend backend;
  BerthProcess berth(before(backend.port()));
  REQUIRE(berth.wait_serving());
  Clients clients;
  for (int i = 0; i < 8; ++i) {
    clients.push_back(std::make_unique<RawClient>(berth.port()));
    clients.back()->send(kGet);
    REQUIRE(clients.back()->read_response().status == 200);
  }
  backend.end();
  const Clients silent = take_descriptors(berth);
  for (const std::string_view request : {kGet, kPost}) {
    for (auto& client : clients) CHECK(client->send(request));
    for (auto& client : clients) {
      const auto response = client->read_response();
      INFO(request, response.body);
      CHECK(response.status == 200);
    }
  }
  check_clean_stop(berth);
}
