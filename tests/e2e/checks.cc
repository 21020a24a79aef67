#include "tests/e2e/checks.h"

#include <doctest/doctest.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <random>
#include <sstream>

#include "tests/support/raw_client.h"
#include "tests/support/wait_until.h"

namespace berth::test {

using namespace std::chrono_literals;

load::LoadPlan users_of(std::uint16_t port, Posts posts) {
  load::LoadPlan plan;
  plan.port = port;
  plan.keep_alive_lanes = 4;
  plan.fresh_lanes = 2;
  plan.pause = 4ms;
  plan.request_timeout = 20s;
  plan.probe_every = 1ms;
  plan.shapes = {load::RequestShape{.target = "/", .weight = 2}};
  if (posts != Posts::None) {
    load::RequestShape post{
        .method = "POST", .target = "/echo", .body_min = 1, .body_max = 2'000, .echoed = true};
    plan.shapes.push_back(post);
    post.body_max = 200'000;
    plan.shapes.push_back(post);
    post.chunked = true;
    if (posts == Posts::Every) plan.shapes.push_back(post);
  }
  return plan;
}

void check_nothing_failed(const load::LoadResult& result) {
  INFO(result.text());
  CHECK(result.ok > 0);
  CHECK(result.failed() == 0);
  CHECK(result.probe.refused == 0);
  CHECK(result.probe.failed == 0);
}

bool wait_answers(const load::Load& load, std::uint64_t count) {
  const auto before = load.answered();
  return wait_until([&] { return load.answered() >= before + count; }, 30s);
}

void check_no_process_left() {
  const bool none = wait_until([] { return descendants(::getpid()).empty(); }, 5s);
  const auto left = descendants(::getpid());
  INFO("still running: ", text(left));
  CHECK(none);
  for (const auto& each : left) ::kill(each.pid, SIGKILL);
}

void check_clean_stop(BerthProcess& berth) {
  const auto exit = berth.stop();
  INFO(berth.output());
  REQUIRE(exit.has_value());
  CHECK_FALSE(exit->signalled);
  CHECK(exit->value == 0);
  check_no_process_left();
}

std::string who_answers(std::uint16_t port) {
  auto response = get(port, "/");
  if (!response.complete || response.status != 200) return "STATUS " + std::to_string(response.status);
  while (response.body.ends_with('\n')) response.body.pop_back();
  return response.body;
}

std::vector<Process> recorded(const std::string& pid_file) {
  std::istringstream lines(read_file(pid_file));
  std::vector<Process> result;
  for (int pid = 0; lines >> pid;) {
    if (auto found = process(pid)) result.push_back(*found);
  }
  return result;
}

std::string unwrapped(const std::string& text) {
  std::istringstream words(text);
  std::string line;
  for (std::string word; words >> word;) line += (line.empty() ? "" : " ") + word;
  return line;
}

void check_screen(const CommandResult& result, const std::vector<std::string>& parts) {
  const auto lower = [](std::string text) {
    std::transform(text.begin(), text.end(), text.begin(), [](unsigned char c) { return std::tolower(c); });
    return text;
  };
  const auto screen = lower(result.all());
  INFO("exit ", result.exit_code, ", screen:\n", result.all());
  for (const auto& part : parts) {
    CAPTURE(part);
    CHECK(screen.find(lower(part)) != std::string::npos);
  }
}

std::uint64_t test_seed() {
  const char* given = std::getenv("BERTH_TEST_SEED");
  const std::uint64_t seed = given != nullptr ? std::strtoull(given, nullptr, 10) : std::random_device{}();
  std::printf("BERTH_TEST_SEED=%llu\n", static_cast<unsigned long long>(seed));
  std::fflush(stdout);
  return seed;
}

}  // namespace berth::test
