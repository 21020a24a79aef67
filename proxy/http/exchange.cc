#include "proxy/http/exchange.h"

#include <algorithm>
#include <cerrno>

#include "proxy/http/client_address.h"
#include "proxy/http/error_reply.h"
#include "proxy/http/field_text.h"

namespace berth::http {

using loop::IoResult;
using loop::Wakes;
using Status = loop::IoResult::Status;

namespace {

constexpr std::chrono::milliseconds kRateGrace{5'000};  ///< before body_min_rate is held against a client
constexpr std::size_t kDiscard =
    1024 * 1024;  ///< of an unread request body, so that its connection can be kept

bool is_idempotent(std::string_view method) {
  return method == "GET" || method == "HEAD" || method == "OPTIONS" || method == "PUT" ||
         method == "DELETE" || method == "TRACE";  // RFC 9110 §9.2.2
}

}  // namespace

loop::Task<Exchange::End> serve_exchange(ClientStream& client, route::AppRoute& route,
                                         std::string_view view) {
  Exchange exchange(client, route);
  exchange.begin(view);
  auto run = exchange.run();
  const Exchange::End end = co_await run;
  co_return end;
}

Exchange::Exchange(ClientStream& client, route::AppRoute& route)
    : client_(client),
      loop_(client.loop()),
      heads_(client.heads()),
      route_(route),
      holder_(client.gate()),
      begun_(loop_.now()) {
  client_.gate().forget(loop::kTimeout | loop::kCut | loop::kLeave | loop::kAdmitted | loop::kRefused);
  ++route_.counters.requests;
  ++route_.counters.in_flight;
}

Exchange::~Exchange() {
  give_up_upstream(false);
  note_end();
  --route_.counters.in_flight;
}

void Exchange::begin(std::string_view view) {
  const RequestHead& head = heads_.request;
  to_head_ = head.method == "HEAD";
  idempotent_ = is_idempotent(head.method);
  keep_alive_ = head.keep_alive;
  wants_tunnel_ = wants_tunnel(head);
  wants_websocket_ = wants_tunnel_ && equals_lower(head.upgrade, "websocket");
  long_mode_ = route_.long_mode(head.path);
  expects_continue_ = head.expects_continue && head.version == 11;
  accepts_html_ = head.accepts_html;
  opens_events_ = head.accepts_events && head.method == "GET";
  version_ = static_cast<std::uint8_t>(head.version);

  ClientFacts facts = client_.facts();
  facts.request_id = choose_id(head, facts);
  if (!route_.signature.empty()) facts.via = route_.signature;
  if (head.has_via && came_through(head, route_.pseudonym))
    fail(508, "the request has come through here before: two servers pass it to each other");
  write_request_head(head, facts, loop_.blocks(), head_);
  if (client_.journal().access != nullptr) note_request(head, facts);
  std::size_t used = head.raw.size();
  if (head.framing != Framing::None) {
    request_body_.start(head.framing, head.length, client_.head_limits().bytes, Trailers::OfClient);
    const BodyStep step = request_body_.feed(view.substr(used));
    if (step.bad) fail(400, "the body of the request is malformed");
    head_.append(loop_.blocks(), view.substr(used, step.take));
    used += step.take;
  }
  body_in_head_ = request_body_.done();
  request_splices_ = head.framing == Framing::Length && request_body_.left() >= kSpliceFrom;
  body_begun_ = loop_.now();
  client_.use(view, used);
}

loop::Task<Exchange::End> Exchange::run() {
  while (verdict_ == Verdict::Going) {
    if (!upstream_ && !take_pooled(Turn::Newcomer)) {
      auto obtaining = obtain_upstream();
      const bool obtained = co_await obtaining;
      if (!obtained) break;
    }
    note_upstream();
    flush_to_upstream();
    while (verdict_ == Verdict::Going) {
      const Wakes wakes = co_await client_.gate().wait(interest());
      react(wakes);
    }
    if (verdict_ != Verdict::Retry) break;
    ++route_.counters.retried;
    if (retries_++ == 0) failed_on_ = holder_.target()->generation();
    give_up_upstream(true);
    holder_.let_go();
    sent_ = 0;
    write_dead_ = upstream_reset_ = false;
    stage_ = Stage::Head;
    from_upstream_.reset();
    answer_watch_.restart();
    interim_bytes_ = 0;
    answer_by_ = 0;
    verdict_ = Verdict::Going;
  }
  if (verdict_ == Verdict::Done) route_.answered(loop_.now() - begun_);
  if (verdict_ == Verdict::Done && request_body_.done()) {
    co_return client_keeps() ? End::KeepAlive : End::Linger;
  }
  auto finishing = finish();
  const End end = co_await finishing;
  co_return end;
}

bool Exchange::client_keeps() const { return keep_alive_ && !client_.stopping(); }

bool Exchange::request_sent() const {
  return sent_ == head_.size() && !upstream_owes() && request_body_.done();
}

void Exchange::fail(int status, std::string_view reason, int retry_after_s) {
  // Once a byte of a response is out, a reply of ours would only be taken for a part of it.
  verdict_ = stage_ == Stage::Head ? Verdict::Reply : Verdict::Broken;
  failure_ = {status, reason, retry_after_s};
  if (status >= 500 && !counted_failed_) {
    counted_failed_ = true;
    ++route_.counters.failed;
  }
}

/// What it waits for next, and until when.
Wakes Exchange::interest() {
  const bool body_wanted = !request_body_.done() && sent_ == head_.size() && !upstream_owes() && !write_dead_;
  if (!body_wanted) {  // its rate is measured only while nobody but the client is waited for
    body_begun_ = loop_.now();
    body_bytes_ = 0;
  }
  const bool to_upstream_waits = !write_dead_ && (sent_ < head_.size() || upstream_owes());
  const bool to_client_waits = client_owes();
  // Also behind a finished response, whose request is still on its way: the backend may close.
  const bool watch_upstream = upstream_ && !to_client_waits;
  // Whoever waits for a 100 owes nothing yet.
  const bool body_due = body_wanted && (!expects_continue_ || said_continue_ || body_bytes_ != 0);

  const Limits& limits = route_.limits();
  // For the answer alone is waited until one moment: nothing that comes before its head puts it off.
  const bool for_answer = stage_ == Stage::Head && !to_client_waits && !body_due && !to_upstream_waits;
  std::chrono::milliseconds wait = limits.stream_idle;
  if (left_in_silence()) wait = std::min(wait, limits.body_stall);
  if (to_client_waits)
    wait = limits.body_stall;
  else if (body_due && stage_ != Stage::Body)
    wait = body_wait();
  else if (stage_ != Stage::Body || to_upstream_waits)
    wait = limits.response_timeout;
  if (!for_answer) {
    if (!to_client_waits) answer_by_ = 0;
    client_.set_deadline(loop_.deadline(wait));
  } else {
    if (answer_by_ == 0) answer_by_ = loop_.deadline(wait);
    client_.set_deadline(answer_by_);
  }

  client_.stream().want(body_wanted, to_client_waits);
  if (upstream_) upstream_->stream().want(watch_upstream, to_upstream_waits);
  return loop::kClientGone | loop::kClientEnded | loop::kTimeout | loop::kCut | loop::kLeave |
         (body_wanted ? loop::kClientIn : 0) | (to_client_waits ? loop::kClientOut : 0) |
         (watch_upstream ? loop::kUpstreamIn : 0) | (to_upstream_waits ? loop::kUpstreamOut : 0);
}

/// A client that has finished sending may still read, but one that lets a silent stream go on has most likely
/// left: nothing but a write to it would tell.
bool Exchange::left_in_silence() const { return stage_ == Stage::Body && client_.stream().peer_ended(); }

/// How long the next piece of the request's body may take: body_stall, and what body_min_rate leaves of it.
std::chrono::milliseconds Exchange::body_wait() const {
  const Limits& limits = route_.limits();
  if (limits.body_min_rate == 0) return limits.body_stall;
  const auto earned = std::chrono::milliseconds(body_bytes_ * 1000 / limits.body_min_rate);
  const auto spent = std::chrono::duration_cast<std::chrono::milliseconds>(loop_.now() - body_begun_);
  return std::clamp(kRateGrace + earned - spent, std::chrono::milliseconds(0), limits.body_stall);
}

void Exchange::react(Wakes wakes) {
  if ((wakes & loop::kClientGone) != 0) {
    verdict_ = Verdict::Gone;
    return;
  }
  if ((wakes & loop::kCut) != 0) {
    counted_failed_ = true;  // in the drain's own count, not among the failures
    return fail(503, why_cut(), 1);
  }
  if ((wakes & loop::kClientOut) != 0) flush_to_client();
  const auto goes_on = [this] { return verdict_ == Verdict::Going && upstream_; };
  if ((wakes & loop::kUpstreamOut) != 0 && goes_on()) flush_to_upstream();
  if ((wakes & loop::kUpstreamIn) != 0 && goes_on() && !client_owes()) read_upstream();
  if ((wakes & loop::kClientIn) != 0 && goes_on() && !write_dead_) read_client();
  if ((wakes & loop::kLeave) != 0 && verdict_ == Verdict::Going) leave();
  if ((wakes & loop::kTimeout) != 0 && verdict_ == Verdict::Going) on_timeout();
  if (verdict_ != Verdict::Going || stage_ != Stage::Done) return;
  // Answered without the 100 that it waits for, the client may never send the rest; and a backend that closes
  // behind its answer wants none of it (RFC 9112 §9.6).
  const bool rest_unwanted = upstream_closes_ || (expects_continue_ && !said_continue_);
  if (!request_sent() && !write_dead_ && !rest_unwanted) return;
  // Given back before the client has everything: the backend is free for the next request now.
  if (!request_sent()) reusable_ = false;
  return_upstream();
  if (!client_owes()) verdict_ = Verdict::Done;
}

void Exchange::on_timeout() {
  if (client_owes()) {
    route_.tally.met(route::Limit::BodyStall);
    verdict_ = Verdict::Broken;  // the client has stopped reading
    return;
  }
  if (left_in_silence()) {
    verdict_ = Verdict::Gone;
    return;
  }
  if (stage_ == Stage::Done) {  // answered; only its body does not end
    keep_alive_ = false;
    verdict_ = Verdict::Done;
    return;
  }
  if (stage_ == Stage::Head && !request_body_.done() && !upstream_owes() && !write_dead_ &&
      (!expects_continue_ || said_continue_ || body_bytes_ != 0)) {
    route_.tally.met(route::Limit::BodyStall);
    return fail(408, "the body of the request stopped coming, or came too slowly");
  }
  route_.tally.met(stage_ == Stage::Head ? route::Limit::ResponseTimeout : route::Limit::StreamIdle);
  fail(504, stage_ == Stage::Head ? "the server behind it did not answer in time"
                                  : "the server behind it stopped in the middle of its answer");
}

void Exchange::flush_to_upstream() {
  while (sent_ < head_.size() || !to_upstream_.empty()) {
    loop::Stream& stream = upstream_->stream();
    const bool head = sent_ < head_.size();
    const IoResult result = head ? stream.write(head_.data() + sent_, head_.size() - sent_)
                                 : stream.write(to_upstream_.data(), to_upstream_.size());
    if (result.status == Status::Again) return;
    if (result.status == Status::Error) {
      if (sent_ == 0 && may_retry()) {
        verdict_ = Verdict::Retry;
        return;
      }
      write_failed(result.error);
      return;
    }
    if (head) {
      sent_ += result.bytes;
    } else {
      to_upstream_.consume(result.bytes);
      if (to_upstream_.empty()) to_upstream_.reset();
    }
  }
  if (!pipe_to_upstream_.empty() && !drain_pipe_to_upstream()) return;
  if (!request_body_.done() && !client_.pending().empty()) send_body(client_.pending().view());
}

/// The backend takes no more. It may have answered before it closed: reading tells.
void Exchange::write_failed(int error) {
  write_dead_ = true;
  // The write has used up what a read would have told. After an orderly close it is EPIPE instead.
  if (error == ECONNRESET) upstream_reset_ = true;
}

void Exchange::read_client() {
  if (request_splices_ && client_.pending().empty() && splice_request()) return;
  std::string_view view;
  const IoResult result = client_.receive(view);
  if (result.status == Status::Again) return;
  if (result.status != Status::Done) {
    verdict_ = Verdict::Gone;  // it left before its request was whole
    return;
  }
  send_body(view);
}

void Exchange::send_body(std::string_view view) {
  const BodyStep step = request_body_.feed(view);
  if (step.bad) return fail(400, "the body of the request is malformed");
  body_bytes_ += step.take;
  std::size_t written = 0;
  if (to_upstream_.empty() && step.take > 0) {
    const IoResult result = upstream_->stream().write(view.data(), step.take);
    if (result.status == Status::Error) write_failed(result.error);
    written = result.bytes;
  }
  if (!write_dead_ && written < step.take)
    to_upstream_.append(loop_.blocks(), view.substr(written, step.take - written));
  client_.use(view, step.take);
}

loop::Task<Exchange::End> Exchange::finish() {
  switch (verdict_) {
    case Verdict::Tunnel: {
      auto relaying = tunnel();
      const End end = co_await relaying;
      co_return end;
    }
    case Verdict::Reply: {
      auto replying = reply();
      const End end = co_await replying;
      co_return end;
    }
    case Verdict::Done: {
      auto discarding = discard_request_body();
      const End end = co_await discarding;
      co_return end;
    }
    case Verdict::Gone:
      co_return End::Close;
    case Verdict::Broken:
      co_return End::Reset;
    case Verdict::Going:
    case Verdict::Retry:
      break;
  }
  co_return End::Reset;
}

loop::Task<Exchange::End> Exchange::reply() {
  give_up_upstream(false);
  holder_.let_go();
  // Nothing is wrong with a request that only came to the wrong place.
  const bool sound = failure_.status >= 500 || failure_.status == 404 || failure_.status == 421;
  const bool keep = client_keeps() && request_body_.done() && sound;
  client_.put_error({.status = failure_.status,
                     .reason = failure_.reason,
                     .html = accepts_html_,
                     .keep_alive = keep,
                     .to_head = to_head_,
                     .retry_after_s = failure_.retry_after_s,
                     .request_id = id()},
                    to_client_);
  status_ = static_cast<std::uint16_t>(failure_.status);
  body_sent_ = to_client_.size() - std::min(to_client_.size(), to_client_.view().rfind("\r\n\r\n") + 4);
  auto draining = drain_to_client();
  const bool drained = co_await draining;
  if (!drained) co_return End::Close;
  route_.answered(loop_.now() - begun_);
  co_return keep ? End::KeepAlive : End::Linger;
}

loop::Task<bool> Exchange::drain_to_client() {
  for (;;) {
    flush_to_client();
    if (verdict_ == Verdict::Gone) co_return false;
    if (to_client_.empty()) co_return true;
    client_.set_deadline(loop_.deadline(route_.limits().body_stall));
    client_.stream().want(false, true);
    const Wakes wakes = co_await client_.gate().wait(loop::kClientOut | loop::kClientGone | loop::kTimeout);
    if ((wakes & loop::kClientOut) == 0) co_return false;
  }
}

/// The response is out and the request is not wholly in: read the rest away, so that it is never taken for
/// the next request. A client that was told nothing of 100 may never send it: that connection ends.
loop::Task<Exchange::End> Exchange::discard_request_body() {
  give_up_upstream(false);
  holder_.let_go();
  if (!client_keeps() || (expects_continue_ && !said_continue_)) co_return End::Linger;
  std::string_view view = client_.pending().view();
  std::size_t discarded = 0;
  for (;;) {
    const BodyStep step = request_body_.feed(view);
    if (step.bad) co_return End::Linger;
    client_.use(view, step.take);
    discarded += step.take;
    if (request_body_.done()) co_return End::KeepAlive;
    if (discarded > kDiscard) co_return End::Linger;
    client_.set_deadline(loop_.deadline(route_.limits().body_stall));
    client_.stream().want(true, false);
    const Wakes wakes = co_await client_.gate().wait(loop::kClientIn | loop::kTimeout);
    if ((wakes & loop::kTimeout) != 0) co_return End::Linger;
    const IoResult result = client_.receive(view);
    if (result.status == Status::Again) view = client_.pending().view();
    if (result.status == Status::End || result.status == Status::Error) co_return End::Close;
  }
}

}  // namespace berth::http
