// How clients spread over the workers.
#include <doctest/doctest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "tests/e2e/checks.h"
#include "tests/support/raw_client.h"

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
