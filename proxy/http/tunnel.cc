// What follows a 101: bytes both ways until both sides have finished. A side that has finished sending may
// still be sent to.
#include "proxy/http/exchange.h"

namespace berth::http {

using loop::IoResult;
using loop::Wakes;
using Status = loop::IoResult::Status;

namespace {

/// One direction: from a socket through a block to another.
struct Flow {
  loop::Stream& from;
  loop::Stream& to;
  loop::Block waiting;
  bool ended = false;      ///< `from` has finished
  bool passed_on = false;  ///< and `to` was told

  /// False: the connection is broken.
  bool flush() {
    while (!waiting.empty()) {
      const IoResult result = to.write(waiting.data(), waiting.size());
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

  bool move(loop::Loop& loop) {
    if (!waiting.empty() || ended) return flush();
    loop::Block& into = loop.scratch();
    const IoResult result = from.read({into.tail(), into.room()});
    if (result.status == Status::Again) return true;
    if (result.status == Status::Error) return false;
    if (result.status == Status::End) ended = true;
    waiting.append(loop.blocks(), {into.tail(), result.bytes});
    return flush();
  }
};

}  // namespace

loop::Task<Exchange::End> Exchange::tunnel() {
  Flow down{upstream_->stream(), client_.stream(), std::move(to_client_)};
  // In the order in which the client sent them: what of the request is not out yet, then what came behind it.
  Flow up{client_.stream(), upstream_->stream(), {}};
  up.waiting.append(loop_.blocks(), head_.view().substr(sent_));
  up.waiting.append(loop_.blocks(), to_upstream_.view());
  up.waiting.append(loop_.blocks(), client_.pending().view());
  client_.pending().reset();
  to_upstream_.reset();
  down.waiting.append(loop_.blocks(), from_upstream_.view());
  from_upstream_.reset();
  ++route_.counters.tunnels;

  bool sound = down.flush() && up.flush();
  while (sound && !(down.passed_on && up.passed_on)) {
    const bool read_up = up.waiting.empty() && !up.ended;
    const bool read_down = down.waiting.empty() && !down.ended;
    client_.set_deadline(loop_.deadline(route_.limits().stream_idle));
    up.from.want(read_up, !down.waiting.empty());
    down.from.want(read_down, !up.waiting.empty());
    const Wakes wakes = co_await client_.gate().wait(
        (read_up ? loop::kClientIn : 0) | (read_down ? loop::kUpstreamIn : 0) |
        (down.waiting.empty() ? 0 : loop::kClientOut) | (up.waiting.empty() ? 0 : loop::kUpstreamOut) |
        loop::kTimeout | loop::kCut);
    if ((wakes & (loop::kTimeout | loop::kCut)) != 0) break;
    if ((wakes & (loop::kClientIn | loop::kUpstreamOut)) != 0) sound = up.move(loop_);
    if (sound && (wakes & (loop::kUpstreamIn | loop::kClientOut)) != 0) sound = down.move(loop_);
  }
  --route_.counters.tunnels;
  const bool whole = down.passed_on && up.passed_on;
  give_up_upstream(whole);
  co_return whole ? End::Close : End::Reset;
}

}  // namespace berth::http
