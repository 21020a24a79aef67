// Popular servers behind berth, swapped twenty times under users: nobody notices, nothing stays.
#include <doctest/doctest.h>

#include <algorithm>

#include "tests/e2e/checks.h"
#include "tests/support/temp_dir.h"
#include "tests/support/wait_until.h"

using namespace std::chrono_literals;
using namespace berth::test;

namespace {

constexpr int kWarmUp = 4;
constexpr int kSwaps = 20;

struct ServerCase {
  Command command;
  std::string dir;
  std::string greeting;  ///< what GET / begins with
  bool posts = true;
};

/// Swaps `count` times under load; every old process is gone when its swap has ended.
void swap_under_load(BerthProcess& berth, const ServerCase& server, int count) {
  berth::load::Load load(users_of(berth.port(), server.posts));
  load.start();
  REQUIRE(wait_answers(load, 20));
  for (int i = 0; i < count; ++i) {
    CAPTURE(i);
    const auto old = descendants(berth.pid());
    auto options = berth.call_options("swap", {}, i % 2 == 0 ? Command{} : server.command);
    options.dir = server.dir;
    const auto swap = run_command(options);
    INFO(swap.all(), berth.child().wait_exit(0ms) ? "berth has ended" : "");
    REQUIRE(swap.exit_code == 0);
    CHECK(swap.all().find("free") != std::string::npos);
    const auto same = std::count_if(old.begin(), old.end(), still_runs);
    INFO("before: ", text(old), "\nnow: ", text(descendants(berth.pid())));
    CHECK(same == 0);
    CHECK(descendants(berth.pid()).size() == old.size());
    REQUIRE(wait_answers(load, 10));
  }
  check_nothing_failed(load.stop());
}

void check_twenty_swaps(const ServerCase& server) {
  BerthProcess berth({.command = server.command, .ready_timeout = "60s", .dir = server.dir});
  REQUIRE(berth.wait_serving(30s));
  CHECK(who_answers(berth.port()).starts_with(server.greeting));
  swap_under_load(berth, server, kWarmUp);
  // Idle connections to the backend leave after some seconds: what counts is where it settles.
  wait_until([&] { return open_descriptors(berth.pid()) <= 40; }, 6s);
  const auto descriptors = open_descriptors(berth.pid());
  const auto resident = resident_kib(berth.pid());
  swap_under_load(berth, server, kSwaps);
  CHECK(wait_until([&] { return open_descriptors(berth.pid()) <= descriptors; }, 10s));
  INFO("descriptors ", descriptors, " then ", open_descriptors(berth.pid()), ", KiB ", resident, " then ",
       resident_kib(berth.pid()));
  CHECK(open_descriptors(berth.pid()) <= descriptors);
  CHECK(resident_kib(berth.pid()) <= resident + std::max<std::size_t>(resident / 5, 4096));
  check_clean_stop(berth);
}

}  // namespace

TEST_CASE("swap: http.server twenty times under load") {
  TempDir pages;
  write_file(pages / "index.html", "a page\n");
  check_twenty_swaps({{"/usr/bin/python3", "-m", "http.server", "{port}", "--bind", "127.0.0.1"},
                      pages.path(),
                      "a page",
                      false});
}

TEST_CASE("swap: Flask's development server twenty times under load") {
  check_twenty_swaps(
      {{"/usr/bin/python3", "-m", "flask", "--app", app_path("flask_app.py"), "run", "--port", "{port}"},
       "/tmp",
       "flask"});
}

TEST_CASE("swap: uvicorn on a lease twenty times under load") {
  check_twenty_swaps(
      {{"/usr/bin/python3", "-m", "uvicorn", "--app-dir", app_path(""), "asgi_app:app", "--port", "{port}"},
       "/tmp",
       "asgi"});
}

TEST_CASE("swap: uvicorn on a port of its own choice is followed twenty times under load") {
  check_twenty_swaps(
      {{"/usr/bin/python3", "-m", "uvicorn", "--app-dir", app_path(""), "asgi_app:app", "--port", "0"},
       "/tmp",
       "asgi"});
}

TEST_CASE("swap: Node's http twenty times under load") {
  check_twenty_swaps({{"node", app_path("node_app.mjs")}, "/tmp", "node"});
}

TEST_CASE("swap: the demo server twenty times under load") {
  check_twenty_swaps({demo(), "/tmp", "<!doctype html>"});
}
