#include "proxy/loop/pipe.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <utility>

namespace berth::loop {
namespace {

constexpr unsigned kFlags = SPLICE_F_MOVE | SPLICE_F_NONBLOCK;

IoResult failed() {
  if (errno == EAGAIN || errno == EINTR) return {};
  return {IoResult::Status::Error, 0, errno};
}

}  // namespace

IoResult Pipe::fill(int fd, std::size_t most) {
  const ssize_t n = ::splice(fd, nullptr, in_.get(), nullptr, std::min(most, PipePool::kBytes), kFlags);
  if (n < 0) return failed();
  if (n == 0) return {IoResult::Status::End, 0, 0};
  held_ += static_cast<std::size_t>(n);
  return {IoResult::Status::Done, static_cast<std::size_t>(n), 0};
}

IoResult Pipe::drain(int fd) {
  const ssize_t n = ::splice(out_.get(), nullptr, fd, nullptr, held_, kFlags);
  if (n == 0) return {};
  if (n < 0) return failed();
  held_ -= static_cast<std::size_t>(n);
  return {IoResult::Status::Done, static_cast<std::size_t>(n), 0};
}

void Pipe::swap(Pipe& other) {
  std::swap(pool_, other.pool_);
  std::swap(in_, other.in_);
  std::swap(out_, other.out_);
  std::swap(held_, other.held_);
}

void Pipe::give_back() {
  PipePool& pool = *std::exchange(pool_, nullptr);
  --pool.lent_;
  if (held_ == 0 && pool.kept_.size() < PipePool::kKept)
    pool.kept_.push_back({std::move(in_), std::move(out_)});
  in_.reset();
  out_.reset();
  held_ = 0;
}

Pipe PipePool::take() {
  Pipe pipe;
  if (lent_ == kMost) return pipe;
  if (!kept_.empty()) {
    pipe.in_ = std::move(kept_.back().in);
    pipe.out_ = std::move(kept_.back().out);
    kept_.pop_back();
  } else {
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC | O_NONBLOCK) != 0) return pipe;
    pipe.out_ = Fd(ends[0]);
    pipe.in_ = Fd(ends[1]);
    ::fcntl(ends[1], F_SETPIPE_SZ, static_cast<int>(kBytes));  // a smaller one will do, too
  }
  pipe.pool_ = this;
  ++lent_;
  return pipe;
}

}  // namespace berth::loop
