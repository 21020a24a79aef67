// Port modes as the user writes them, and which one a command chooses.
#include "config/port_mode.h"

#include <doctest/doctest.h>

using namespace berth;

namespace {

PortMode chosen(const std::vector<std::string>& command, const std::map<std::string, std::string>& env = {}) {
  return chosen_port_mode({}, command, env);
}

}  // namespace

TEST_CASE("port: the placeholders of the command and of its variables choose the mode") {
  CHECK(chosen({"serve"}) == PortMode::Lease);
  CHECK(chosen({"serve", "--port", "{port}"}) == PortMode::Lease);
  CHECK(chosen({"serve", "--fd={fd}"}) == PortMode::Fd);
  CHECK(chosen({"serve", "--uds", "{socket}"}) == PortMode::Unix);
  CHECK(chosen({"serve"}, {{"BIND", "unix:{socket}"}}) == PortMode::Unix);
  CHECK(chosen({"serve", "--port", "0"}) == PortMode::Discover);
  CHECK(chosen({"serve", "--port=0"}) == PortMode::Discover);
  CHECK(chosen({"serve", "{name}", "{ port }"}) == PortMode::Lease);
  CHECK(chosen_port_mode({.mode = PortMode::Fd}, {"serve"}, {}) == PortMode::Fd);
}

TEST_CASE("port: every mode has a name, and what is none says what is") {
  PortConfig port;
  for (const char* name : {"lease", "fd", "discover", "unix"}) {
    CHECK_FALSE(set_port(port, name));
    CHECK(port_mode_text(*port.mode) == name);
  }
  CHECK_FALSE(set_port(port, "8001"));
  CHECK(port.mode == PortMode::Fixed);
  CHECK(port.number == 8001);
  for (const char* wrong : {"", "0", "65536", "80a", "-1", "leased"}) {
    CAPTURE(std::string(wrong));
    CHECK(set_port(port, wrong));
  }
}

TEST_CASE("external: an address that can be reached, or attach") {
  AppConfig app;
  CHECK_FALSE(set_external(app, "localhost:9000"));
  CHECK(app.external == Endpoint::loopback_v4(9000));
  CHECK_FALSE(set_external(app, "9001"));
  CHECK(app.external == Endpoint::loopback_v4(9001));
  CHECK_FALSE(set_external(app, "unix:/run/app.sock"));
  CHECK(app.external->family == Endpoint::Family::Unix);
  CHECK(app.port.mode == PortMode::External);
  AppConfig later;
  CHECK_FALSE(set_external(later, "attach"));
  CHECK(later.attached_later);
  for (const char* wrong : {"", "99999", "unix:app.sock", "example.org:80", "127.0.0.1", "127.0.0.1:0",
                            "0.0.0.0:80", "[::]:80"}) {
    CAPTURE(std::string(wrong));
    CHECK(set_external(app, wrong));
  }
}

TEST_CASE("swap: overlap or stop-start") {
  SwapOrder order = SwapOrder::Overlap;
  CHECK_FALSE(set_swap_order(order, "stop-start"));
  CHECK(order == SwapOrder::StopStart);
  CHECK_FALSE(set_swap_order(order, "overlap"));
  CHECK(order == SwapOrder::Overlap);
  CHECK(set_swap_order(order, "restart"));
}
