#include "proxy/http/session.h"

#include <algorithm>

#include "proxy/http/error_reply.h"
#include "proxy/http/exchange.h"

namespace berth::http {

using loop::IoResult;
using loop::Wakes;

namespace {

constexpr std::size_t kRead = 16 * 1024;               ///< room for one read behind pending bytes
constexpr std::size_t kLingerBytes = 4 * 1024 * 1024;  ///< read and thrown away before a close, at the most
constexpr std::chrono::milliseconds kLingerTime{2'000};

}  // namespace

Session::Session(Worker& worker, loop::Fd fd, std::string_view address, std::shared_ptr<ListenerState> state)
    : worker_(worker), state_(std::move(state)) {
  address_size_ = static_cast<std::uint8_t>(std::min(address.size(), address_.size()));
  std::copy_n(address.begin(), address_size_, address_.begin());
  socket_.open(worker_.loop(), std::move(fd), loop::Socket::Side::Client);
  socket_.attach(gate_);
}

void Session::start() {
  task_ = run();
  task_.start();
}

IoResult Session::receive(std::string_view& view) {
  loop::Block* into = &pending_;
  if (pending_.empty()) {
    pending_.reset();
    into = &loop().scratch();
  } else {
    pending_.reserve(loop().blocks(), kRead);
  }
  const IoResult result = socket_.read({into->tail(), into->room()});
  into->commit(result.bytes);
  view = into->view();
  return result;
}

void Session::use(std::string_view view, std::size_t n) {
  if (!pending_.empty() && view.data() == pending_.data()) {
    pending_.consume(n);
    if (pending_.empty()) pending_.reset();
  } else {
    pending_.append(loop().blocks(), view.substr(n));
  }
}

HeadResult Session::look(std::string_view view, HeadError& error) {
  return read_request_head(view, state_->head_limits, worker_.request_head, error);
}

loop::Task<> Session::run() {
  loop::Tick head_deadline = 0;
  HeadError error;
  std::string_view view = pending_.view();
  for (;;) {
    // What is there may be a whole request already: pipelining.
    HeadResult result = HeadResult::NeedMore;
    for (;;) {
      if (!skipped_line_ && view.starts_with("\r\n")) {
        skipped_line_ = true;
        use(view, 2);
        view = pending_.view();
      }
      const bool may_be_line = !skipped_line_ && view == "\r";
      result = view.empty() || may_be_line ? HeadResult::NeedMore : look(view, error);
      if (result != HeadResult::NeedMore) break;
      if (pending_.empty()) use(view, 0);

      if (view.empty()) {
        head_deadline = 0;
        set_deadline(loop().deadline(state_->config.idle_timeout));
        if (worker_.stopping()) goto end;
      } else if (head_deadline == 0) {
        head_deadline = loop().deadline(state_->config.head_timeout);
      }
      if (head_deadline != 0) set_deadline(head_deadline);
      socket_.want(true, false);
      {
        const Wakes idle = pending_.empty() ? loop::kStopping : 0;
        const Wakes wakes = co_await gate_.wait(loop::kClientIn | loop::kTimeout | idle);
        if ((wakes & loop::kStopping) != 0) goto end;
        if ((wakes & loop::kTimeout) != 0) {
          if (pending_.empty()) goto end;
          error = {408, "the head of the request did not come in time"};
          result = HeadResult::Bad;
          break;
        }
      }
      const IoResult received = receive(view);
      if (received.status == IoResult::Status::Again) view = pending_.view();
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
      auto exchange = serve_exchange(*this, worker_.app(state_->app), view);
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
    view = pending_.view();
  }
end:
  worker_.ended(*this);
}

loop::Task<bool> Session::refuse(HeadError error) {
  const std::string reply = write_error_reply({.status = error.status, .reason = error.reason});
  set_deadline(loop().deadline(kLingerTime));
  std::size_t sent = 0;
  while (sent < reply.size()) {
    const IoResult result = socket_.write(reply.data() + sent, reply.size() - sent);
    sent += result.bytes;
    if (result.status == IoResult::Status::Error) co_return false;
    if (result.status == IoResult::Status::Done) continue;
    socket_.want(false, true);
    const Wakes wakes = co_await gate_.wait(loop::kClientOut | loop::kClientGone | loop::kTimeout);
    if ((wakes & loop::kClientOut) == 0) co_return false;
  }
  co_return true;
}

/// RFC 9112 §9.6: closing while the client still sends would reset the connection and may take our last reply
/// with it, so read to its end first, within bounds.
loop::Task<> Session::linger() {
  pending_.reset();
  socket_.shutdown_write();
  set_deadline(loop().deadline(kLingerTime));
  std::size_t thrown_away = 0;
  std::size_t unacknowledged = socket_.unacknowledged() + 1;
  while (thrown_away < kLingerBytes) {
    socket_.want(true, false);
    const Wakes wakes = co_await gate_.wait(loop::kClientIn | loop::kTimeout);
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
