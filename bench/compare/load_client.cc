// The load client by itself: a fixed rate of requests, open loop, and what came of it as one line of JSON.
// usage: load_client PORT CONNECTIONS RATE SECONDS
#include <cstdio>
#include <cstdlib>

#include "bench/load/load.h"

int main(int argc, char** argv) {
  if (argc != 5) return 2;
  berth::load::LoadPlan plan;
  plan.port = static_cast<std::uint16_t>(std::atoi(argv[1]));
  plan.keep_alive_lanes = static_cast<unsigned>(std::atoi(argv[2]));
  plan.rate = std::atof(argv[3]);
  berth::load::Load load(plan);
  const auto result = load.run_for(std::chrono::milliseconds(static_cast<int>(std::atof(argv[4]) * 1000)));
  std::printf("{\"ok\": %llu, \"failed\": %llu}\n", static_cast<unsigned long long>(result.ok),
              static_cast<unsigned long long>(result.failed()));
}
