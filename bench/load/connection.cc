#include "bench/load/connection.h"

#include <sys/epoll.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

namespace berth::load {
namespace {

/// As curl does. A server that knows nothing of the expectation would never say that it may come.
constexpr std::chrono::seconds kWaitForContinue{1};
constexpr int kSwitching = 101;

std::string error_text(int error) { return std::strerror(error); }

}  // namespace

void Connection::close() {
  if (fd_ >= 0) ::close(fd_);
  fd_ = -1;
  busy_ = false;
  connecting_ = false;
}

Connection::Event Connection::begin(const Address& address, Clock::time_point now) {
  since_ = now;
  busy_ = true;
  send_failed_ = false;
  body_differs_ = false;
  holds_body_ = request_.expects;
  sent_ = 0;
  body_bytes_ = 0;
  crc_.reset();
  reader_.begin(request_.shape->method == "HEAD");
  if (!open()) {
    exchanges_ = 0;
    if (const auto event = connect(address); event != Event::None) return event;
  }
  ++exchanges_;
  return connecting_ ? Event::None : flush();
}

Connection::Event Connection::connect(const Address& address) {
  Dialled dialled = dial(epoll_, token_, address);
  fd_ = dialled.fd;
  connecting_ = dialled.connecting;
  return dialled.fault ? fail(dialled.fault->kind, std::move(dialled.fault->why)) : Event::None;
}

Connection::Event Connection::on_ready(std::uint32_t events) {
  if (!open()) return Event::None;
  if (connecting_ && (events & (EPOLLOUT | EPOLLERR | EPOLLHUP)) != 0) {
    if (auto fault = dial_fault(fd_)) return fail(fault->kind, std::move(fault->why));
    connecting_ = false;
  }
  if (connecting_) return Event::None;
  if (busy_ && (events & EPOLLOUT) != 0) {
    if (const auto event = flush(); event != Event::None) return event;
  }
  if ((events & (EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR)) == 0) return Event::None;
  const auto event = receive();
  if (event == Event::Finished && open() && (events & (EPOLLRDHUP | EPOLLHUP)) != 0) notice_close();
  return event;
}

// This edge told of the response and of the end: there will be no other for the end.
void Connection::notice_close() {
  char byte = 0;
  if (::recv(fd_, &byte, 1, MSG_PEEK) != 0) return;
  outcome_.reusable = false;
  outcome_.closed_untold = true;
  close();
}

Connection::Event Connection::flush() {
  const std::size_t total = holds_body_ ? request_.head : size();
  const std::size_t wire = std::min(request_.wire.size(), total);
  while (sent_ < total && !send_failed_) {
    std::array<iovec, 2> parts{};
    std::size_t count = 0;
    if (sent_ < wire) parts[count++] = {request_.wire.data() + sent_, wire - sent_};
    const std::size_t into_tail = sent_ < wire ? 0 : sent_ - wire;
    if (!holds_body_ && into_tail < request_.tail.size()) {
      parts[count++] = {const_cast<char*>(request_.tail.data()) + into_tail,
                        request_.tail.size() - into_tail};
    }
    msghdr message{};
    message.msg_iov = parts.data();
    message.msg_iovlen = count;
    const auto n = ::sendmsg(fd_, &message, MSG_NOSIGNAL);
    if (n >= 0) {
      sent_ += static_cast<std::size_t>(n);
    } else if (errno == EAGAIN) {
      break;
    } else if (errno != EINTR) {
      // The server may have answered before it closed: what it said is still to be read.
      send_failed_ = true;
      return receive();
    }
  }
  return Event::None;
}

Connection::Event Connection::release_body() {
  holds_body_ = false;
  return flush();
}

Connection::Event Connection::send_body_late(Clock::time_point now) {
  const bool waits = busy_ && holds_body_ && !connecting_ && now - since_ >= kWaitForContinue;
  return waits ? release_body() : Event::None;
}

Connection::Event Connection::receive() {
  static thread_local std::array<char, 256 * 1024> buffer;
  for (int turn = 0;; ++turn) {
    if (turn == kReadsInTurn) {
      tell_again(epoll_, fd_, token_);
      return Event::None;
    }
    const auto n = ::recv(fd_, buffer.data(), buffer.size(), 0);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0 && errno == EAGAIN) {
      return send_failed_ && busy_ ? ended_by_peer(EPIPE) : Event::None;
    }
    if (n <= 0) return ended_by_peer(n == 0 ? 0 : errno);
    const std::string_view bytes(buffer.data(), static_cast<std::size_t>(n));
    if (!busy_) {
      outcome_ = bytes.starts_with("HTTP/1.")
                     ? Outcome{.kind = FailureKind::Duplicate, .detail = "a second response"}
                     : Outcome{.kind = FailureKind::Malformed, .detail = "bytes on an idle connection"};
      close();
      return Event::IdleBytes;
    }
    auto event = take(bytes);
    if (event == Event::None && holds_body_ && reader_.interim() > 0) event = release_body();
    if (event != Event::None) return event;
  }
}

Connection::Event Connection::take(std::string_view bytes) {
  while (!bytes.empty() && reader_.state() < ResponseReader::State::Done) {
    const auto step = reader_.feed(bytes);
    bytes.remove_prefix(step.consumed);
    if (step.body.empty()) continue;
    if (request_.shape->echoed && !body_differs_) {
      const auto place = static_cast<std::size_t>(body_bytes_);
      body_differs_ =
          place > request_.body.size() || request_.body.substr(place, step.body.size()) != step.body;
    }
    if (request_.shape->learned) crc_.process_bytes(step.body.data(), step.body.size());
    body_bytes_ += step.body.size();
  }
  if (reader_.state() == ResponseReader::State::Bad) return fail(FailureKind::Malformed, reader_.error());
  if (reader_.state() == ResponseReader::State::Done) return complete(bytes);
  return Event::None;
}

bool Connection::verified(std::string& why) const {
  const auto& shape = *request_.shape;
  const auto expected = shape.echoed ? static_cast<std::int64_t>(request_.body.size()) : shape.expect_bytes;
  if (expected >= 0 && expected != static_cast<std::int64_t>(body_bytes_)) {
    why = std::to_string(body_bytes_) + " body bytes instead of " + std::to_string(expected);
    return false;
  }
  if (body_differs_) why = "the echoed body differs";
  return !body_differs_;
}

Connection::Event Connection::complete(std::string_view behind) {
  const auto& shape = *request_.shape;
  const int status = reader_.status();
  const bool wanted =
      shape.expect_status == 0 ? status >= 200 && status < 400 : status == shape.expect_status;
  const std::string_view seen = shape.marked ? field_of(reader_.head(), "x-load-seen") : std::string_view();
  std::string why;
  if (behind.starts_with("HTTP/1.")) return fail(FailureKind::Duplicate, "a second response");
  if (!behind.empty()) return fail(FailureKind::Malformed, "bytes after the response");
  if (!wanted) {
    const auto server = std::string(field_of(reader_.head(), "server"));
    outcome_ = {.kind = failure_of_status(status),
                .detail = std::to_string(status) + " from \"" + server + "\"" +
                          (status == kSwitching ? ", which ends HTTP on the connection" : "")};
  } else if (!seen.empty() && seen != "1") {
    outcome_ = {.kind = FailureKind::Duplicate,
                .detail = "the server has seen it " + std::string(seen) + " times"};
  } else if (!verified(why)) {
    outcome_ = {.kind = FailureKind::WrongBody, .detail = why};
  } else {
    outcome_ = {};
    outcome_.ok = true;
    outcome_.crc = crc_.checksum();
  }
  busy_ = false;
  outcome_.reusable =
      reader_.keep_alive() && sent_ == size() && !send_failed_ && !request_.closes && status != kSwitching;
  if (!outcome_.reusable) close();
  return Event::Finished;
}

Connection::Event Connection::ended_by_peer(int error) {
  if (!busy_) {
    close();
    return Event::IdleClosed;
  }
  if (error == 0 && reader_.end_of_stream()) return complete({});
  const std::string how = error == 0 ? "closed by the server" : error_text(error);
  if (!reader_.started()) {
    const std::string which = exchanges_ > 1 ? " on a kept-alive connection" : "";
    return fail(FailureKind::Reset, how + " before the response" + which);
  }
  return fail(FailureKind::Truncated, how + " after " + std::to_string(body_bytes_) + " body bytes");
}

Connection::Event Connection::time_out() {
  return fail(FailureKind::Timeout,
              connecting_         ? "not connected"
              : reader_.started() ? "response incomplete after " + std::to_string(body_bytes_) + " body bytes"
                                  : "no response");
}

Connection::Event Connection::fail(FailureKind kind, std::string detail) {
  outcome_ = {.kind = kind, .detail = std::move(detail)};
  close();
  return Event::Finished;
}

}  // namespace berth::load
