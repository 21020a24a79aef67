// A server behind berth, swapped again and again under users: nobody notices, nothing stays.
#pragma once

#include <string>

#include "tests/e2e/checks.h"

namespace berth::test {

struct ServerCase {
  Command command;
  std::string dir;
  std::string greeting;  ///< what GET / begins with
  bool posts = true;
  Command more{};  ///< options of berth run
};

/// Swaps `count` times under load; every old process is gone when its swap has ended.
void swap_under_load(BerthProcess& berth, const ServerCase& server, int count);

/// Twenty swaps, and memory and descriptors where they were.
void check_twenty_swaps(const ServerCase& server);

}  // namespace berth::test
