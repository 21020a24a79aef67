// Clients and backends that take without end: what berth holds of theirs is bounded, and it is well
// afterwards.
#include <dirent.h>
#include <doctest/doctest.h>
#include <poll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <memory>
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

int descriptors(const BerthProcess& berth) {
  DIR* folder = ::opendir(("/proc/" + std::to_string(berth.pid()) + "/fd").c_str());
  int count = -2;  // . and ..
  while (folder != nullptr && ::readdir(folder) != nullptr) ++count;
  if (folder != nullptr) ::closedir(folder);
  return count;
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
    int fd = -1;
    std::string request;
    while (!request.starts_with(upload ? "POST" : "GET")) {  // the ready check's connections come first
      ::close(fd);
      fd = ::accept(server.fd(), nullptr, nullptr);
      REQUIRE(fd >= 0);
      std::array<char, 4096> bytes;
      request.assign(bytes.data(), static_cast<std::size_t>(
                                       std::max<ssize_t>(0, ::recv(fd, bytes.data(), bytes.size(), 0))));
    }
    const std::string head = "HTTP/1.1 200 OK\r\nContent-Length: 1000000000\r\n\r\n";
    if (!upload) REQUIRE(::send(fd, head.data(), head.size(), MSG_NOSIGNAL) > 0);
    const std::size_t sent = send_until_stuck(upload ? client.fd() : fd, 64 * kMiB);
    MESSAGE("it took " << sent / 1024 << " KiB");
    CHECK(sent < 4 * kMiB);
    ::close(fd);
  }
  check_clean_stop(berth);
}

TEST_CASE("abuse: out of descriptors berth does not spin, and recovers in full") {
  RecordingBackend backend;
  BerthProcess berth(before(backend.port()));
  REQUIRE(berth.wait_serving());
  rlimit old{};
  REQUIRE(::prlimit(berth.pid(), RLIMIT_NOFILE, nullptr, &old) == 0);
  const rlimit tight{static_cast<rlim_t>(descriptors(berth) + 8), old.rlim_max};
  REQUIRE(::prlimit(berth.pid(), RLIMIT_NOFILE, &tight, nullptr) == 0);
  {
    std::vector<std::unique_ptr<RawClient>> clients;
    clients.reserve(60);
    for (int i = 0; i < 60; ++i) clients.push_back(std::make_unique<RawClient>(berth.port()));
    for (auto& client : clients) client->send(kGet);
    REQUIRE(wait_until([&] { return descriptors(berth) >= static_cast<int>(tight.rlim_cur) - 1; }));
    const long before_it = cpu_ticks(berth);
    RawClient one_more(berth.port());
    one_more.send(kGet);
    one_more.read_response(false, 500ms);  // most likely in vain
    CHECK(cpu_ticks(berth) - before_it < ::sysconf(_SC_CLK_TCK) / 8);
  }
  CHECK(berth.wait_serving());
  for (int i = 0; i < 20; ++i) CHECK(get(berth.port(), "/").status == 200);
  check_clean_stop(berth);
}
