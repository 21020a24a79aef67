#include "proxy/control/live_screen.h"

#include <doctest/doctest.h>

#include <utility>

namespace berth::control {
namespace {

struct Screen {
  std::string out;
  Terminal terminal{[this](std::string_view text) { out += text; }, {}};
  Screen() { terminal.live = true; }
  Screen(const Screen&) = delete;
  Screen& operator=(const Screen&) = delete;
  std::string taken() { return std::exchange(out, {}); }
};

}  // namespace

TEST_CASE("live screen: what was drawn is drawn over, and the cursor comes back") {
  Screen screen;
  {
    LiveScreen live(screen.terminal);
    CHECK(screen.taken() == "\x1b[?25l");
    live.draw("one\ntwo\n", {.columns = 80, .rows = 24});
    CHECK(screen.taken() == "\rone\x1b[K\ntwo\x1b[K\n\x1b[J");
    live.draw("three\n", {.columns = 80, .rows = 24});
    CHECK(screen.taken() == "\r\x1b[2Athree\x1b[K\n\x1b[J");
  }
  CHECK(screen.out == "\x1b[?25h");
}

TEST_CASE("live screen: a terminal that got narrower has wrapped what was drawn") {
  Screen screen;
  LiveScreen live(screen.terminal);
  live.draw("0123456789012345\nx\n", {.columns = 80, .rows = 24});
  screen.taken();
  live.draw("y\n", {.columns = 10, .rows = 24});
  CHECK(screen.taken().starts_with("\r\x1b[3Ay"));
  live.draw("\x1b[32m0123456789\x1b[0m\nz\n", {.columns = 10, .rows = 24});
  screen.taken();
  live.draw("y\n", {.columns = 10, .rows = 24});
  CHECK(screen.taken().starts_with("\r\x1b[2Ay"));
}

TEST_CASE("live screen: what does not fit into the height is counted, and never scrolls") {
  Screen screen;
  LiveScreen live(screen.terminal);
  screen.taken();
  live.draw("1\n2\n3\n4\n5\n", {.columns = 80, .rows = 4});
  CHECK(screen.taken() == "\r1\x1b[K\n2\x1b[K\n… 3 more lines\x1b[K\n\x1b[J");
  live.draw("1\n2\n3\n", {.columns = 80, .rows = 4});
  CHECK(screen.taken() == "\r\x1b[3A1\x1b[K\n2\x1b[K\n3\x1b[K\n\x1b[J");
}

TEST_CASE("live screen: without a terminal there are blocks with a blank line between them") {
  Screen screen;
  screen.terminal.live = false;
  {
    LiveScreen live(screen.terminal);
    live.draw("one\n", {});
    live.draw("two\n", {});
  }
  CHECK(screen.out == "one\n\ntwo\n");
}

TEST_CASE("live screen: a signal that has come is seen before the pause") {
  Pulse pulse;
  CHECK_FALSE(pulse.asked());
  ::pthread_kill(::pthread_self(), SIGINT);
  CHECK(pulse.asked());
  CHECK(pulse.wait(std::chrono::seconds(10)) == Pulse::End::Asked);
  CHECK_FALSE(pulse.asked());
}

TEST_CASE("live screen: a signal ends the pause") {
  Pulse pulse;
  ::raise(SIGWINCH);
  CHECK(pulse.wait(std::chrono::seconds(20)) == Pulse::End::Resized);
  ::raise(SIGINT);
  CHECK(pulse.wait(std::chrono::seconds(20)) == Pulse::End::Asked);
  CHECK(pulse.wait(std::chrono::milliseconds(1)) == Pulse::End::Time);
}

}  // namespace berth::control
