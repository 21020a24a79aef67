// One direction of a WebSocket that is to end: the Close frame after a whole frame, in every state of it.
#include "proxy/http/flow.h"

#include <doctest/doctest.h>

#include <string>

#include "tests/unit/http/memory_stream.h"

using namespace berth;
using namespace berth::http;
using berth::test::Fate;
using berth::test::MemoryStream;

namespace {

/// A text frame of a server (RFC 6455 §5.2), with the three forms of a length.
std::string frame(std::size_t size) {
  std::string bytes = "\x81";
  if (size < 126) {
    bytes += static_cast<char>(size);
  } else if (size < 65'536) {
    bytes += {126, static_cast<char>(size >> 8), static_cast<char>(size)};
  } else {
    bytes += '\x7f';
    for (int shift = 56; shift >= 0; shift -= 8) bytes += static_cast<char>(size >> shift);
  }
  return bytes + std::string(size, 'x');
}

/// A tunnel's way from a backend to its client.
struct Way {
  Way() { flow.frames = &frames; }
  void comes(std::string_view bytes) {
    from.input += bytes;
    while (!from.input.empty() && flow.reads()) REQUIRE(flow.move(loop));
  }
  void leave() {
    flow.last = kClose;
    REQUIRE(flow.end_if_whole(loop));
  }
  static inline const std::string_view kClose = close_frame(CloseCode::ServiceRestart);
  Fate fate;
  loop::Loop loop;
  MemoryStream from{fate};
  MemoryStream to{fate};
  FrameWalker frames;
  Flow flow{from, to};
};

}  // namespace

TEST_CASE("frames: whatever has come of one when its backend is to go, Close follows its last byte") {
  for (const std::size_t size : {0U, 5U, 200U, 70'000U}) {
    CAPTURE(size);
    const std::string whole = frame(size);
    const std::size_t head = whole.size() - size;
    for (std::size_t cut = 1; cut < whole.size();
         cut += cut <= head + 1 || cut + 2 >= whole.size() ? 1 : 997) {
      CAPTURE(cut);
      Way way;
      way.comes(std::string_view(whole).substr(0, cut));
      way.leave();
      CHECK_FALSE(way.flow.said_last);
      CHECK(way.to.output == whole.substr(0, cut));
      // The rest, and what nobody is told any more.
      way.comes(whole.substr(cut) + frame(7));
      CHECK(way.flow.said_last);
      CHECK((way.to.output == whole + std::string(Way::kClose)));
    }
  }
}

TEST_CASE("frames: between two of them Close goes out at once, and after the backend's own one no other") {
  Way idle;
  idle.leave();
  CHECK(idle.to.output == Way::kClose);
  Way between;
  between.comes(frame(3));
  between.leave();
  CHECK(between.to.output == frame(3) + std::string(Way::kClose));
  Way closed;
  const std::string own("\x88\x02\x03\xe8", 4);
  closed.comes(own.substr(0, 3));
  closed.leave();
  closed.comes(own.substr(3));
  CHECK(closed.to.output == own);
  CHECK(closed.flow.said_last);
}
