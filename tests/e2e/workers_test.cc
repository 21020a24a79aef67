// How clients spread over the workers.
#include <doctest/doctest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "tests/e2e/checks.h"
#include "tests/support/raw_client.h"
#include "tests/support/temp_dir.h"
#include "tests/support/thread_pause.h"
#include "tests/support/wait_until.h"

using namespace std::chrono_literals;
using namespace berth::test;

namespace {

/// How many descriptors each epoll set of the process watches, the largest first (proc(5), fdinfo).
std::vector<int> watched(pid_t pid) {
  std::vector<int> sizes;
  for (const auto& entry : std::filesystem::directory_iterator("/proc/" + std::to_string(pid) + "/fdinfo")) {
    std::ifstream lines(entry.path());
    int size = 0;
    for (std::string line; std::getline(lines, line);) size += line.starts_with("tfd:") ? 1 : 0;
    if (size != 0) sizes.push_back(size);
  }
  std::sort(sizes.begin(), sizes.end(), std::greater<>());
  return sizes;
}

}  // namespace

TEST_CASE("workers: clients are handed out evenly, whoever accepts them") {
  BerthOptions options{.command = scripted({})};
  options.more = {"--workers", "2"};
  BerthProcess berth(options);
  REQUIRE(berth.wait_serving());
  constexpr int kClients = 60;
  std::vector<std::unique_ptr<RawClient>> clients;
  for (int i = 0; i < kClients; ++i) {
    clients.push_back(std::make_unique<RawClient>(berth.port()));
    clients.back()->send("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n");
    CHECK(clients.back()->read_response().status == 200);
  }
  const std::vector<int> sizes = watched(berth.pid());
  REQUIRE(sizes.size() >= 2);
  CHECK(sizes[0] + sizes[1] >= kClients);
  CHECK(sizes[0] - sizes[1] <= kClients / 10);
  clients.clear();
  check_clean_stop(berth);
}

TEST_CASE("P4: the old one is not taken out before every worker has the new target, also one that is busy") {
  BerthOptions options{.command = scripted({"--name", "old"})};
  options.more = {"--workers", "2"};
  BerthProcess berth(options);
  REQUIRE(berth.wait_serving());
  const std::vector<pid_t> workers = threads_of(berth.pid(), "berth-worker");
  REQUIRE(workers.size() == 2);
  for (const pid_t worker : workers) {
    const TempDir dir;
    // It listens once the worker is busy: what comes before the switch asks every worker.
    ChildProcess swap(
        berth.call_options("swap", {}, scripted({"--announce", dir / "announced", "--go", dir / "go"})));
    REQUIRE(wait_until([&] { return std::filesystem::exists(dir / "announced"); }));
    std::optional<ThreadPause> busy(worker);
    const std::size_t before = berth.output().size();
    std::ofstream(dir / "go") << "go";
    // berth says so itself, a moment after the switch.
    CHECK(wait_until([&] { return berth.output().find("a worker is late", before) != std::string::npos; }));
    const std::string said = berth.output().substr(before);
    INFO(said);
    CHECK(said.find("stopped: ") == std::string::npos);
    CHECK(said.find("released: ") == std::string::npos);
    busy.reset();
    CHECK(swap.wait_exit(20s) == ExitStatus{false, 0});
  }
  check_clean_stop(berth);
}
