// What becomes of a WebSocket or an event stream when its backend retires (design section 8).
#include "proxy/http/exchange.h"
#include "proxy/http/field_text.h"
#include "proxy/http/flow.h"

namespace berth::http {
namespace {

/// For a client to answer a Close frame and for the backend to close its side.
constexpr std::chrono::milliseconds kCloseWait{5'000};

constexpr std::string_view kEventStream = "text/event-stream";

}  // namespace

/// Whether the response can be ended between two events, and its client comes back for more by itself: what
/// it is made of lies open, and it was asked for as a browser's EventSource does (WHATWG HTML, "Server-sent
/// events"). To any other client an end in good order would look like all that there was to say.
bool Exchange::walks_events(const ResponseHead& head) const {
  return opens_events_ && head.status == 200 &&
         equals_lower(media_type(field_value(head, "content-type")), kEventStream) &&
         field_value(head, "content-encoding").empty();
}

/// A response without a known length has begun; its head is not written yet.
void Exchange::become_long(const ResponseHead& head) {
  if (equals_lower(media_type(field_value(head, "content-type")), kEventStream))
    holder_.carries(route::Carried::EventStream);
  if (long_mode_ == LongMode::Pin) return holder_.stay(route::Stay::Pin);
  if (long_mode_ != LongMode::Cut || !walks_events(head)) return;
  events_.emplace();
  if (head.framing == Framing::Chunked) {  // its chunks need not end where an event does
    unchunk_ = true;
    rechunk_ = client_.takes_chunks(version_);
  }
  holder_.stay(route::Stay::Leave, route_.long_grace());
}

void Exchange::leave() {
  if (!events_ || stage_ != Stage::Body) return;
  leaving_ = true;
  if (!events_->at_boundary()) return;
  if (rechunk_) send_last_chunk();
  end_events();
}

/// The client has all of it that it is given.
void Exchange::end_events() {
  stage_ = Stage::Done;
  reusable_ = false;
  write_dead_ = true;
  holder_.left_by(route::Leave::Ended);
  give_up_upstream(false);
}

// What follows a 101: bytes both ways until both sides have finished. A side that has finished sending may
// still be sent to. A WebSocket that is to leave gets a Close frame behind the backend's last whole one; the
// client's answer to it goes to the backend, which then ends its side as after any other Close.
loop::Task<Exchange::End> Exchange::tunnel() {
  Flow down{.from = upstream_->stream(), .to = client_.stream(), .waiting = std::move(to_client_)};
  // In the order in which the client sent them: what of the request is not out yet, then what came behind it.
  Flow up{client_.stream(), upstream_->stream()};
  up.waiting.append(loop_.blocks(), head_.view().substr(sent_));
  up.waiting.append(loop_.blocks(), to_upstream_.view());
  up.waiting.append(loop_.blocks(), client_.pending().view());
  client_.pending().reset();
  to_upstream_.reset();
  FrameWalker frames;
  const bool walks = wants_websocket_ && long_mode_ == LongMode::Cut;
  if (walks) {
    down.frames = &frames;
    frames.feed(from_upstream_.view());
    holder_.stay(route::Stay::Leave, route_.long_grace());
  } else if (long_mode_ == LongMode::Pin) {
    holder_.stay(route::Stay::Pin);
  }
  down.waiting.append(loop_.blocks(), from_upstream_.view());
  from_upstream_.reset();
  ++route_.counters.tunnels;
  holder_.carries(wants_websocket_ ? route::Carried::WebSocket : route::Carried::Tunnel);

  loop::Tick close_until = 0;
  bool sound = down.flush() && up.flush();
  while (sound && !(down.passed_on && up.passed_on)) {
    client_.set_deadline(close_until != 0 ? close_until : loop_.deadline(route_.limits().stream_idle));
    const loop::Wakes wakes =
        co_await client_.gate().wait(wanted(up, down) | loop::kTimeout | loop::kCut | loop::kLeave);
    if ((wakes & (loop::kTimeout | loop::kCut)) != 0) break;
    if ((wakes & loop::kLeave) != 0) {
      down.last = close_frame(client_.stopping() ? CloseCode::GoingAway : CloseCode::ServiceRestart);
      sound = down.end_if_whole(loop_);
    }
    sound = sound && move(up, down, wakes, loop_);
    if (down.said_last && close_until == 0) {
      holder_.left_by(route::Leave::Ended);
      close_until = loop_.deadline(kCloseWait);
    }
  }
  --route_.counters.tunnels;
  body_sent_ += down.moved;
  const bool whole = down.passed_on && up.passed_on;
  give_up_upstream(whole);
  co_return whole || down.said_last ? End::Close : End::Reset;
}

}  // namespace berth::http
