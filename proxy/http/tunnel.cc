// What follows a 101: bytes both ways until both sides have finished. A side that has finished sending may
// still be sent to.
#include "proxy/http/exchange.h"
#include "proxy/http/flow.h"

namespace berth::http {

loop::Task<Exchange::End> Exchange::tunnel() {
  Flow down{.from = upstream_->stream(), .to = client_.stream(), .waiting = std::move(to_client_)};
  // In the order in which the client sent them: what of the request is not out yet, then what came behind it.
  Flow up{client_.stream(), upstream_->stream()};
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
    client_.set_deadline(loop_.deadline(route_.limits().stream_idle));
    const loop::Wakes wakes = co_await client_.gate().wait(wanted(up, down) | loop::kTimeout | loop::kCut);
    if ((wakes & (loop::kTimeout | loop::kCut)) != 0) break;
    sound = move(up, down, wakes, loop_);
  }
  --route_.counters.tunnels;
  body_sent_ += down.moved;
  const bool whole = down.passed_on && up.passed_on;
  give_up_upstream(whole);
  co_return whole ? End::Close : End::Reset;
}

}  // namespace berth::http
