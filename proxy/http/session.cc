#include "proxy/http/session.h"

#include <algorithm>

#include "proxy/http/client_address.h"
#include "proxy/http/error_reply.h"
#include "proxy/http/exchange.h"

namespace berth::http {

using loop::IoResult;
using loop::Wakes;

namespace {

constexpr std::size_t kLingerBytes = 4 * 1024 * 1024;  ///< read and thrown away before a close, at the most
constexpr std::chrono::milliseconds kLingerTime{2'000};

}  // namespace

Session::Session(Worker& worker, loop::Fd fd, std::string_view address, ListenerView& listener,
                 Counted counted)
    : Connection(worker, address, listener, counted) {
  socket_.open(worker_.loop(), std::move(fd), loop::Socket::Side::Client);
  socket_.attach(gate());
}

void Session::on_tick(loop::Tick tick) {
  if (deadline() == 0 || tick < deadline()) return;
  set_deadline(0);
  gate().raise(loop::kTimeout);
}

void Session::start() {
  task_ = run();
  task_.start();
}

ClientFacts Session::facts() const {
  ClientFacts facts{.address = address(),
                    .client = address(),
                    .trusted = listener_.trusted.has(address()),
                    .listener = listener_.state->bound,
                    .strip = strip_};
  if (facts.trusted) facts.client = client_of(worker_.heads.request, address(), listener_.trusted);
  return facts;
}

/// Where the request in heads() goes.
route::AppRoute& Session::route() {
  const RequestHead& head = worker_.heads.request;
  const std::string_view host = !head.authority.empty() ? head.authority : head.host;
  const route::RouteMatch match = listener_.router->find(host, head.path);
  strip_ = match.strip;
  if (match.kind == route::RouteMatch::Kind::NoPath) return worker_.nowhere(404);
  if (match.kind == route::RouteMatch::Kind::NoHost) return worker_.nowhere(421);
  app_ = AppId{match.app};
  return worker_.app(*app_);
}

void Session::put_head(const ResponseHead& head, const ResponseRules& rules, loop::Block& out) {
  write_response_head(head, rules, loop().blocks(), out);
}

void Session::put_error(const ErrorReply& reply, loop::Block& out) {
  out.append(loop().blocks(), write_error_reply(reply));
}

HeadResult Session::look(std::string_view view, HeadError& error) {
  if (!watch_.worth_reading(view, listener_.head_limits.bytes)) return HeadResult::NeedMore;
  const HeadResult result = read_request_head(view, listener_.head_limits, worker_.heads.request, error);
  watch_.was_read(result, view);
  return result;
}

loop::Task<> Session::run() {
  loop::Tick head_deadline = 0;
  HeadError error;
  std::string_view view = pending().view();
  for (;;) {
    // What is there may be a whole request already: pipelining.
    HeadResult result = HeadResult::NeedMore;
    for (;;) {
      if (!skipped_line_ && view.starts_with("\r\n")) {
        skipped_line_ = true;
        use(view, 2);
        view = pending().view();
      }
      const bool may_be_line = !skipped_line_ && view == "\r";
      result = view.empty() || may_be_line ? HeadResult::NeedMore : look(view, error);
      if (result != HeadResult::NeedMore) break;
      if (pending().empty()) use(view, 0);

      if (view.empty()) {
        head_deadline = 0;
        set_deadline(loop().deadline(listener_.config.idle_timeout));
      } else if (head_deadline == 0) {
        head_deadline = loop().deadline(listener_.config.head_timeout);
      }
      if (head_deadline != 0) set_deadline(head_deadline);
      socket_.want(true, false);
      // At a stop nothing more is waited for, but a request that has come already is served.
      if (!view.empty() || !stopping()) {
        const Wakes idle = pending().empty() ? loop::kStopping : 0;
        const Wakes wakes = co_await gate().wait(loop::kClientIn | loop::kTimeout | idle);
        if ((wakes & loop::kTimeout) != 0) {
          if (pending().empty()) goto end;
          error = {408, "the head of the request did not come in time"};
          result = HeadResult::Bad;
          break;
        }
      }
      const IoResult received = receive(view);
      if (received.status == IoResult::Status::Again) {
        view = pending().view();
        if (view.empty() && stopping()) goto end;
      }
      if (received.status == IoResult::Status::End || received.status == IoResult::Status::Error) goto end;
    }
    set_deadline(0);
    if (result == HeadResult::Bad) {
      const bool sent = co_await refuse(error);
      if (sent) co_await linger();
      break;
    }

    Exchange::End end_of_exchange;
    {
      // Within its own coroutine, so that an idle connection does not keep the memory of an exchange.
      auto exchange = serve_exchange(*this, route(), view);
      busy_ = true;
      end_of_exchange = co_await exchange;
      busy_ = false;
    }
    set_deadline(0);
    head_deadline = 0;
    skipped_line_ = false;
    if (end_of_exchange == Exchange::End::Linger) co_await linger();
    if (end_of_exchange == Exchange::End::Reset) socket_.close_abruptly();
    if (end_of_exchange != Exchange::End::KeepAlive) break;
    view = pending().view();
  }
end:
  worker_.ended(*this);
}

/// What is not understood belongs to no app.
void Session::note_refusal(const HeadError& error, std::string_view id, std::size_t bytes) {
  route::Tally& tally = journal().front;
  tally.ended(error.status);
  if (error.status == 431 || error.status == 414) tally.met(route::Limit::MaxHead);
  if (error.status == 408) tally.met(route::Limit::HeadTimeout);
  if (journal().access == nullptr) return;
  observe::AccessRecord record;
  record.unix_us = observe::unix_us_now();
  record.status = static_cast<std::uint16_t>(error.status);
  record.bytes = bytes;
  record.put(observe::AccessRecord::Text::Address, address());
  record.put(observe::AccessRecord::Text::RequestId, id);
  journal().access->push(record);
}

loop::Task<bool> Session::refuse(HeadError error) {
  RequestIds::Text text;
  journal().ids.next(text.data());
  const bool asked_for = !app_ || worker_.app(*app_).fields.request_id;
  const std::string_view id(text.data(), asked_for ? text.size() : 0);
  const std::string reply =
      write_error_reply({.status = error.status, .reason = error.reason, .request_id = id});
  note_refusal(error, id, reply.size() - reply.find("\r\n\r\n") - 4);
  set_deadline(loop().deadline(kLingerTime));
  std::size_t sent = 0;
  while (sent < reply.size()) {
    const IoResult result = socket_.write(reply.data() + sent, reply.size() - sent);
    sent += result.bytes;
    if (result.status == IoResult::Status::Error) co_return false;
    if (result.status == IoResult::Status::Done) continue;
    socket_.want(false, true);
    const Wakes wakes = co_await gate().wait(loop::kClientOut | loop::kClientGone | loop::kTimeout);
    if ((wakes & loop::kClientOut) == 0) co_return false;
  }
  co_return true;
}

/// RFC 9112 §9.6: closing while the client still sends would reset the connection and may take our last reply
/// with it, so read to its end first, within bounds.
loop::Task<> Session::linger() {
  pending().reset();
  socket_.shutdown_write();
  set_deadline(loop().deadline(kLingerTime));
  std::size_t thrown_away = 0;
  std::size_t unacknowledged = socket_.unacknowledged() + 1;
  while (thrown_away < kLingerBytes) {
    socket_.want(true, false);
    const Wakes wakes = co_await gate().wait(loop::kClientIn | loop::kTimeout);
    if ((wakes & loop::kTimeout) != 0) {
      // A slow line that still carries our last bytes is not a client that does not end.
      const std::size_t left = socket_.unacknowledged();
      if (left == 0 || left >= unacknowledged) co_return;
      unacknowledged = left;
      set_deadline(loop().deadline(kLingerTime));
      continue;
    }
    loop::Block& into = loop().scratch();
    const IoResult result = socket_.read({into.tail(), into.room()});
    thrown_away += result.bytes;
    if (result.status == IoResult::Status::End || result.status == IoResult::Status::Error) co_return;
  }
}

}  // namespace berth::http
