#include "proxy/http/boundaries.h"

#include <doctest/doctest.h>

#include <string>
#include <vector>

using namespace berth::http;
using namespace std::string_literals;

namespace {

std::string frame(std::uint8_t first, std::size_t size, bool masked = false) {
  std::string out(1, static_cast<char>(first));
  const auto mask = static_cast<std::uint8_t>(masked ? 0x80 : 0);
  const auto put = [&](std::uint64_t value) { out += static_cast<char>(value & 0xff); };
  if (size < 126) {
    put(mask | size);
  } else if (size < 65536) {
    put(mask | 126U);
    put(size >> 8);
    put(size);
  } else {
    put(mask | 127U);
    for (int shift = 56; shift >= 0; shift -= 8) put(size >> shift);
  }
  if (masked) out += "mask";
  return out + std::string(size, 'x');
}

/// The boundaries that a walker finds in `bytes`, given in pieces of `piece`.
template <class Walker>
std::vector<std::size_t> boundaries(const std::string& bytes, std::size_t piece) {
  Walker walker;
  std::vector<std::size_t> all;
  for (std::size_t at = 0; at < bytes.size();) {
    std::string_view view = std::string_view(bytes).substr(at, piece);
    const auto walk = [&](std::string_view some, bool stop) {
      const std::size_t walked = walker.feed(some, stop);
      view.remove_prefix(walked);
      at += walked;
      return walked;
    };
    if (walker.at_boundary()) {
      // It stops where it stands, but for the LF of a CR LF; one byte gets it going.
      if (walk(view, true) != 0) all.back() = at;
      CHECK(at == (all.empty() ? 0 : all.back()));
      if (view.empty()) continue;
      walk(view.substr(0, 1), false);
      if (walker.at_boundary()) {
        all.push_back(at);
        continue;
      }
    }
    walk(view, true);
    if (walker.at_boundary()) all.push_back(at);
  }
  return all;
}

}  // namespace

TEST_CASE("frames: every length and mask has its boundary, however the bytes come") {
  std::string bytes;
  std::vector<std::size_t> ends;
  for (const bool masked : {false, true}) {
    for (const std::size_t size : {0, 1, 125, 126, 300, 65535, 65536, 70000}) {
      bytes += frame(0x82, size, masked);
      ends.push_back(bytes.size());
    }
  }
  for (const std::size_t piece : {1, 2, 3, 7, 1000, 1000000})
    CHECK(boundaries<FrameWalker>(bytes, piece) == ends);
}

TEST_CASE("frames: within a head or a payload there is no boundary") {
  FrameWalker walker;
  CHECK(walker.at_boundary());
  const std::string bytes = frame(0x81, 200, true);
  for (std::size_t at = 0; at + 1 < bytes.size(); ++at) {
    walker.feed({&bytes[at], 1});
    CHECK_FALSE(walker.at_boundary());
  }
  walker.feed({&bytes.back(), 1});
  CHECK(walker.at_boundary());
}

TEST_CASE("frames: a Close frame is noticed, and what we send is one") {
  for (const CloseCode code : {CloseCode::GoingAway, CloseCode::ServiceRestart}) {
    FrameWalker walker;
    CHECK_FALSE(walker.closed());
    const std::string_view close = close_frame(code);
    CHECK(walker.feed(close, false) == close.size());
    CHECK(walker.at_boundary());
    CHECK(walker.closed());
    const auto high = static_cast<unsigned char>(close[2]);
    CHECK((high << 8 | static_cast<unsigned char>(close[3])) == static_cast<int>(code));
  }
  FrameWalker data;
  data.feed(frame(0x81, 3));
  CHECK_FALSE(data.closed());
}

TEST_CASE("events: an empty line ends one, whatever the line ends are, however the bytes come") {
  struct Row {
    std::string bytes;
    std::vector<std::size_t> ends;
  };
  const Row rows[] = {
      {"data: a\n\ndata: b\n\n", {9, 18}},
      {"data: a\r\n\r\ndata: b\r\n\r\n", {11, 22}},
      {"data: a\r\rdata: b\r\r", {9, 18}},
      {": beat\n\nid: 1\ndata: x\n\n", {8, 23}},
      {"data: a\n", {}},
      {"data: a\r\n", {}},
      {"data: a\n\n\n\n", {9, 10, 11}},
  };
  for (const Row& row : rows) {
    CAPTURE(row.bytes);
    for (std::size_t piece = 1; piece < 30; ++piece) {
      CAPTURE(piece);
      CHECK(boundaries<EventWalker>(row.bytes, piece) == row.ends);
    }
  }
}

TEST_CASE("events: nothing yet is a boundary, half an event is none") {
  EventWalker walker;
  CHECK(walker.at_boundary());
  walker.feed("data: half");
  CHECK_FALSE(walker.at_boundary());
  walker.feed("\n");
  CHECK_FALSE(walker.at_boundary());
  walker.feed("\n");
  CHECK(walker.at_boundary());
}
