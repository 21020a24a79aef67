// Who is waited for while a front stops.
#include "proxy/stop_progress.h"

#include <doctest/doctest.h>

using namespace berth;
using Lines = std::vector<std::string>;

TEST_CASE("stop: a line says of each generation what is waited for, and for how long still") {
  control::AppStatus web;
  web.name = "web";
  const auto add = [&web](std::uint32_t number, const char* state, std::uint64_t holders,
                          std::int64_t left_ms, int pid = 0) {
    control::GenerationStatus& g = web.generations.emplace_back();
    g.generation = {number};
    g.state = state;
    g.holders = holders;
    g.left_ms = left_ms;
    g.pid = pid;
  };
  add(3, "draining", 2, 24'100);
  add(2, "draining", 1, 999);
  add(1, "stopping", 0, 8'000, 4001);
  add(4, "releasing", 0, -1);
  add(5, "pinned", 1, -1);
  add(6, "draining", 0, 5);
  add(7, "unreleased", 0, -1);
  add(8, "draining", 1, 0);
  add(9, "stopping", 0, 0);
  control::AppStatus idle;
  idle.name = "idle";
  CHECK(waiting_lines({web, idle}) ==
        Lines{"web: generation 3 still answers 2 requests, which are cut in 25s",
              "web: generation 2 still answers 1 request, which is cut in 1s",
              "web: generation 1 was asked to end (pid 4001); KILL comes in 8s",
              "web: generation 4 has ended; its port is being proven free",
              "web: generation 5 still answers 1 request", "web: generation 6 ends its last exchanges",
              "web: generation 8 still answers 1 request, which is cut now",
              "web: generation 9 was asked to end; KILL comes now"});
}
