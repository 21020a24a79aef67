// The response's way through an exchange: from the upstream connection to the client.
#include <array>
#include <charconv>

#include "proxy/http/exchange.h"

namespace berth::http {

using loop::IoResult;
using Status = loop::IoResult::Status;

namespace {

constexpr std::size_t kRead = 32 * 1024;  ///< room for one read behind pending bytes

constexpr std::string_view kLastChunk = "0\r\n\r\n";

iovec part(std::string_view bytes) { return {const_cast<char*>(bytes.data()), bytes.size()}; }

/// How long the backend keeps the connection for sure. It counts from when it has sent its answer, and closes
/// when its time is up: a second less.
std::chrono::milliseconds kept_for(const ResponseHead& head) {
  using std::chrono::milliseconds;
  const auto told = told_keep_alive(head);
  if (!told) return milliseconds::max();
  const milliseconds kept = *told;
  return kept > milliseconds(1'000) ? kept - milliseconds(1'000) : kept / 4;
}

/// "1f40\r\n"
std::string_view chunk_line(std::size_t size, std::array<char, 20>& text) {
  char* end = std::to_chars(text.data(), text.data() + 16, size, 16).ptr;
  *end++ = '\r';
  *end++ = '\n';
  return {text.data(), static_cast<std::size_t>(end - text.data())};
}

}  // namespace

void Exchange::read_upstream() {
  if (response_splices_ && stage_ == Stage::Body && splice_response()) return;
  loop::Block* into = &from_upstream_;
  if (from_upstream_.empty()) {
    from_upstream_.reset();
    into = &loop_.scratch();
  } else {
    from_upstream_.reserve(loop_.blocks(), kRead);
  }
  const IoResult result = upstream_->stream().read({into->tail(), into->room()});
  switch (result.status) {
    case Status::Again:
      return;
    case Status::End:
      return upstream_ended(false);
    case Status::Error:
      return upstream_ended(true);
    case Status::Done:
      break;
  }
  into->commit(result.bytes);
  if (stage_ == Stage::Done) {
    reusable_ = false;  // bytes that nobody asked for: never an answer to the next request
    into->clear();
    return;
  }
  take_response(into->view(), *into);
}

/// `bytes` lie at the start of `from`, which is the scratch block or from_upstream_.
void Exchange::take_response(std::string_view bytes, loop::Block& from) {
  const bool own = &from == &from_upstream_;
  const HeadLimits& limits = client_.head_limits();
  loop::Block out;
  while (stage_ == Stage::Head) {
    ResponseHead& head = heads_.response;
    HeadResult result = HeadResult::NeedMore;
    if (answer_watch_.worth_reading(bytes, limits.bytes)) {
      HeadError error;
      result = read_response_head(bytes, limits, to_head_, head, error);
      answer_watch_.was_read(result, bytes);
    }
    if (result == HeadResult::Bad) return fail(502, "the server behind it gave a malformed answer");
    if (result == HeadResult::NeedMore) {
      if (own)
        from_upstream_.consume(from_upstream_.size() - bytes.size());
      else
        from_upstream_.append(loop_.blocks(), bytes);
      if (from_upstream_.empty()) from_upstream_.reset();
      return;
    }
    bytes.remove_prefix(head.raw.size());
    if (head.status == 101) {
      if (!wants_tunnel_ || !takes_upgrade(head, head_.view()))
        return fail(502, "the server behind it switched protocols unasked");
      verdict_ = Verdict::Tunnel;
      note_answer(head.status);
      AddedRoom added;
      client_.put_head(head, {.tunnel = true, .added = added_fields(head, added)}, to_client_);
      loop::Block rest;
      rest.append(loop_.blocks(), bytes);
      from_upstream_ = std::move(rest);
      return;
    }
    if (head.status < 200) {
      on_interim(head);
      if (verdict_ != Verdict::Going || bytes.empty()) {
        if (own) from_upstream_.reset();
        return;
      }
      continue;
    }
    on_final(head);
    if (head.framing == Framing::Chunked || head.framing == Framing::Close) become_long(head);
    AddedRoom added;
    client_.put_head(head,
                     {.client_version = version_,
                      .keep_alive = client_keeps(),
                      .drop_framing = unchunk_,
                      .add_chunked = rechunk_,
                      .added = added_fields(head, added)},
                     out);
  }
  take_body(bytes, out, from);
}

/// All of them together may be as long as one head: who sends more of them has no answer to give.
void Exchange::on_interim(const ResponseHead& head) {
  interim_bytes_ += head.raw.size();
  if (interim_bytes_ > client_.head_limits().bytes)
    return fail(502, "the server behind it sent too many interim answers");
  if (version_ < 11) return;  // RFC 9110 §15.2
  if (head.status == 100) said_continue_ = true;
  loop::Block out;
  client_.put_head(head, {}, out);
  iovec whole = part(out.view());
  send_client({&whole, 1});
}

void Exchange::on_final(const ResponseHead& head) {
  note_answer(head.status);
  stage_ = Stage::Body;
  reusable_ = head.keep_alive && head.framing != Framing::Close;
  const bool takes_chunks = client_.takes_chunks(version_);
  rechunk_ = head.framing == Framing::Close && takes_chunks;
  unchunk_ = head.framing == Framing::Chunked && !takes_chunks;
  if ((head.framing == Framing::Close && !takes_chunks) || unchunk_) keep_alive_ = false;
  // A body that was never asked for with 100 may come or not: only closing is sure (RFC 9110 §10.1.1).
  if (expects_continue_ && !said_continue_ && !request_body_.done()) keep_alive_ = false;
  upstream_closes_ = !head.keep_alive;
  if (upstream_closes_ && !request_sent()) keep_alive_ = false;
  if (reusable_) upstream_->keep_alive = kept_for(head);
  response_body_.start(head.framing, head.length, client_.head_limits().bytes);
  response_splices_ = head.framing == Framing::Length && head.length >= kSpliceFrom;
}

void Exchange::take_body(std::string_view bytes, loop::Block& head, loop::Block& from) {
  const bool own = &from == &from_upstream_;
  std::string plain;
  const BodyStep step = response_body_.feed(bytes, unchunk_ ? &plain : nullptr);
  std::string_view body = unchunk_ ? std::string_view(plain) : bytes.substr(0, step.take);
  const std::string_view rest = bytes.substr(step.take);
  const bool done = response_body_.done();
  bool ends = false;
  if (events_) {
    body = body.substr(0, events_->feed(body, leaving_));
    ends = leaving_ && events_->at_boundary() && !done;
  }
  body_sent_ += body.size();
  if (done) {
    stage_ = Stage::Done;
    // What answers before it was told everything may say more.
    if (!rest.empty() || !request_sent()) reusable_ = false;
  }

  std::array<char, 20> line;
  std::array<iovec, 5> parts;
  std::size_t count = 0;
  if (!head.empty()) parts[count++] = part(head.view());
  if (rechunk_ && !body.empty()) parts[count++] = part(chunk_line(body.size(), line));
  if (!body.empty()) parts[count++] = part(body);
  if (rechunk_ && !body.empty()) parts[count++] = part("\r\n");
  if (rechunk_ && (ends || (done && unchunk_))) parts[count++] = part(kLastChunk);
  if (count != 0) send_client({parts.data(), count});

  if (step.bad && verdict_ == Verdict::Going) {
    stage_ = Stage::Body;
    return fail(502, "the server behind it gave a malformed answer");
  }
  if (ends && verdict_ == Verdict::Going) {
    from_upstream_.reset();
    return end_events();
  }
  if (own) {
    from_upstream_.consume(from_upstream_.size() - rest.size());
    if (from_upstream_.empty() || stage_ == Stage::Done) from_upstream_.reset();
  } else if (stage_ != Stage::Done) {
    from_upstream_.append(loop_.blocks(), rest);
  }
}

/// Writes what the client takes now; the rest goes to to_client_ and stops the reading of the backend.
void Exchange::send_client(std::span<iovec> parts) {
  std::size_t written = 0;
  if (to_client_.empty()) {
    const IoResult result = client_.stream().write(parts);
    if (result.status == Status::Error) {
      verdict_ = Verdict::Gone;
      return;
    }
    written = result.bytes;
  }
  for (const iovec& each : parts) {
    const std::size_t skip = std::min(written, each.iov_len);
    written -= skip;
    to_client_.append(loop_.blocks(), {static_cast<const char*>(each.iov_base) + skip, each.iov_len - skip});
  }
}

void Exchange::send_last_chunk() {
  iovec last = part(kLastChunk);
  send_client({&last, 1});
}

void Exchange::flush_to_client() {
  while (!to_client_.empty()) {
    const IoResult result = client_.stream().write(to_client_.data(), to_client_.size());
    if (result.status == Status::Again) return;
    if (result.status == Status::Error) {
      verdict_ = Verdict::Gone;
      return;
    }
    to_client_.consume(result.bytes);
  }
  to_client_.reset();
  drain_pipe_to_client();
}

void Exchange::upstream_ended(bool in_error) {
  switch (stage_) {
    case Stage::Head:
      if (from_upstream_.empty() && may_retry()) {
        verdict_ = Verdict::Retry;
        return;
      }
      give_up_upstream(true);
      return fail(502, from_upstream_.empty()
                           ? "the server behind it closed the connection without an answer"
                           : "the server behind it closed the connection within its answer's head");
    case Stage::Body:
      if (!in_error && !upstream_reset_ && response_body_.end()) {
        stage_ = Stage::Done;
        give_up_upstream(true);
        if (rechunk_) send_last_chunk();
        write_dead_ = true;
        return;
      }
      give_up_upstream(true);
      return fail(502, "the server behind it ended in the middle of its answer");
    case Stage::Done:
      give_up_upstream(true);
      write_dead_ = true;
      return;
  }
}

}  // namespace berth::http
