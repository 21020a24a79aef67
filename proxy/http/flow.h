// One direction of a tunnel or a relay: bytes from a stream through a block to another, with the end of the
// one told to the other. One loop only.
#pragma once

#include "proxy/loop/block.h"
#include "proxy/loop/loop.h"
#include "proxy/loop/stream.h"

namespace berth::http {

struct Flow {
  loop::Stream& from;
  loop::Stream& to;
  loop::Block waiting{};
  std::uint64_t moved = 0;  ///< read from `from`
  bool ended = false;       ///< `from` has finished
  bool passed_on = false;   ///< and `to` was told

  /// Whether more may be read: what was read before has gone out.
  bool reads() const { return waiting.empty() && !ended; }
  bool writes() const { return !waiting.empty(); }

  /// Writes what waits. False: the connection is broken.
  bool flush() {
    using Status = loop::IoResult::Status;
    while (!waiting.empty()) {
      const loop::IoResult result = to.write(waiting.data(), waiting.size());
      if (result.status == Status::Again) return true;
      if (result.status == Status::Error) return false;
      waiting.consume(result.bytes);
    }
    waiting.reset();
    if (ended && !passed_on) {
      to.shutdown_write();
      passed_on = true;
    }
    return true;
  }

  /// Reads once, if it may, and writes. False: the connection is broken.
  bool move(loop::Loop& loop) {
    using Status = loop::IoResult::Status;
    if (!reads()) return flush();
    loop::Block& into = loop.scratch();
    const loop::IoResult result = from.read({into.tail(), into.room()});
    if (result.status == Status::Again) return true;
    if (result.status == Status::Error) return false;
    if (result.status == Status::End) ended = true;
    moved += result.bytes;
    waiting.append(loop.blocks(), {into.tail(), result.bytes});
    return flush();
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
