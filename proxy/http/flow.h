// One direction of a tunnel or a relay: bytes from a stream through a block to another, with the end of the
// one told to the other. One loop only.
#pragma once

#include <string_view>

#include "proxy/http/boundaries.h"
#include "proxy/loop/block.h"
#include "proxy/loop/gate.h"
#include "proxy/loop/loop.h"
#include "proxy/loop/stream.h"

namespace berth::http {

struct Flow {
  loop::Stream& from;
  loop::Stream& to;
  loop::Block waiting{};
  std::uint64_t moved = 0;               ///< read from `from`
  bool ended = false;                    ///< `from` has finished
  bool passed_on = false;                ///< and `to` was told
  const loop::Stream* broken = nullptr;  ///< which of the two has failed
  // A WebSocket's way to its client (see Exchange::tunnel).
  FrameWalker* frames = nullptr;
  std::string_view last{};  ///< goes out behind the frame that is under way; nothing follows it
  bool said_last = false;

  /// Whether more may be read: what was read before has gone out.
  bool reads() const { return waiting.empty() && !ended; }
  bool writes() const { return !waiting.empty(); }

  /// Writes what waits. False: the connection is broken.
  bool flush() {
    using Status = loop::IoResult::Status;
    while (!waiting.empty()) {
      const loop::IoResult result = to.write(waiting.data(), waiting.size());
      if (result.status == Status::Again) return true;
      if (result.status == Status::Error) return fail(to);
      waiting.consume(result.bytes);
    }
    waiting.reset();
    if (ended && !passed_on) {
      to.shutdown_write();
      passed_on = true;
    }
    return true;
  }

  /// Sends what is last, if no frame is under way. False: the connection is broken.
  bool end_if_whole(loop::Loop& loop) {
    if (frames == nullptr || last.empty() || said_last || !frames->at_boundary()) return true;
    said_last = true;
    if (!frames->closed()) waiting.append(loop.blocks(), last);
    return flush();
  }

  /// Reads once, if it may, and writes. False: the connection is broken.
  bool move(loop::Loop& loop) {
    using Status = loop::IoResult::Status;
    if (!reads()) return flush();
    loop::Block& into = loop.scratch();
    const loop::IoResult result = from.read({into.tail(), into.room()});
    if (result.status == Status::Again) return true;
    if (result.status == Status::Error) return fail(from);
    if (result.status == Status::End) ended = true;
    moved += result.bytes;
    std::string_view got{into.tail(), result.bytes};
    if (said_last)
      got = {};
    else if (frames != nullptr)
      got = got.substr(0, frames->feed(got, !last.empty()));
    waiting.append(loop.blocks(), got);
    return flush() && end_if_whole(loop);
  }

 private:
  bool fail(const loop::Stream& which) {
    broken = &which;
    return false;
  }
};

/// What a pair of flows sleeps for, after it has asked both streams for it.
inline loop::Wakes wanted(const Flow& up, const Flow& down) {
  up.from.want(up.reads(), down.writes());
  down.from.want(down.reads(), up.writes());
  return (up.reads() ? loop::kClientIn : 0) | (down.reads() ? loop::kUpstreamIn : 0) |
         (down.writes() ? loop::kClientOut : 0) | (up.writes() ? loop::kUpstreamOut : 0);
}

/// Does what `wakes` allows. False: broken.
inline bool move(Flow& up, Flow& down, loop::Wakes wakes, loop::Loop& loop) {
  bool sound = true;
  if ((wakes & (loop::kClientIn | loop::kUpstreamOut)) != 0) sound = up.move(loop);
  if (sound && (wakes & (loop::kUpstreamIn | loop::kClientOut)) != 0) sound = down.move(loop);
  return sound;
}

}  // namespace berth::http
