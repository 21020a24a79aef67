#include "proxy/control/status_text.h"

#include <doctest/doctest.h>

#include <sstream>

#include "proxy/control/terminal.h"
#include "tests/unit/control/fake_service.h"

namespace berth::control {

TEST_CASE("status: fits into 80 columns, whatever the command is") {
  FrontStatus front = example_front();
  front.log_dropped = 12345;
  front.apps[0].command.emplace_back(300, 'x');
  front.apps[0].counters.requests = 123'456'789'012;
  front.apps[0].generations[0].endpoint = *Endpoint::parse("127.127.127.127:65535");
  std::string text = status_text(front, 80, false);
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    CAPTURE(line);
    CHECK(width_of(line) <= 80);
  }
  CHECK(text.find("12345 log lines dropped") != std::string::npos);
}

TEST_CASE("status: says who serves, who retires, and every limit") {
  std::string text = status_text(example_front(), 80, false);
  CAPTURE(text);
  for (const char* part : {"berth 0.1.0  pid 4000  2 workers  up 3 min\n",
                           "web  serving  on 127.0.0.1:8000\n",
                           "  7           serving     4132     127.0.0.1:41507        12 s     3\n",
                           "  6           draining    4100     [::1]:38211            5 min    1\n",
                           "drain 30s",
                           "ready       http=/health, 3 in a row, warm / /slow\n",
                           "ready_timeout 45s",
                           "stop_grace 7s",
                           "max_retiring 3",
                           "head_timeout 10s",
                           "idle_timeout 1m",
                           "max_head 64KiB",
                           "max_fields 99",
                           "max_connections 10000",
                           "max_per_client 0",
                           "hold_timeout 5s",
                           "stream_idle off",
                           "uvicorn app:app --port {port}",
                           "all 12345",
                           "in flight 4"}) {
    CAPTURE(part);
    CHECK(text.find(part) != std::string::npos);
  }
  CHECK(text.find('\x1b') == std::string::npos);
}

TEST_CASE("status: a cancelled app says what it waits for") {
  FrontStatus front = example_front();
  front.apps[0].state = "cancelled";
  const std::string text = status_text(front, 80, false);
  CHECK(text.find("web  cancelled  on 127.0.0.1:8000\n"
                  "  waiting for `berth swap` or `berth restart`; requests are refused meanwhile\n") !=
        std::string::npos);
}

}  // namespace berth::control
