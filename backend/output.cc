#include "backend/output.h"

#include <fcntl.h>
#include <pty.h>
#include <termios.h>

#include <algorithm>
#include <array>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <cerrno>
#include <chrono>
#include <string>

namespace berth::backend {
namespace {

namespace asio = boost::asio;
using Stream = asio::posix::basic_stream_descriptor<asio::io_context::executor_type>;

/// A terminal's line without an end is a prompt, once nothing more has come for so long.
constexpr std::chrono::milliseconds kPromptPause{100};

/// What is told in one turn of the loop: most lines take microseconds, one that is matched against a large
/// pattern takes milliseconds.
constexpr int kLinesPerTurn = 64;
constexpr std::chrono::milliseconds kLongestTurn{5};
constexpr std::size_t kMostDrained = 2 * 1024 * 1024;

enum class ReadResult { More, Nothing, End };

/// Ours and the command's end. 0, or the errno.
int open_terminal(std::array<int, 2>& ends) {
  const winsize size{.ws_row = 24, .ws_col = 80, .ws_xpixel = 0, .ws_ypixel = 0};
  if (::openpty(&ends[0], &ends[1], nullptr, nullptr, &size) != 0) return errno;
  for (int fd : ends) ::fcntl(fd, F_SETFD, FD_CLOEXEC);
  // What is typed is shown where it was typed.
  termios settings{};
  ::tcgetattr(ends[1], &settings);
  settings.c_lflag &= ~static_cast<tcflag_t>(ECHO);
  ::tcsetattr(ends[1], TCSANOW, &settings);
  return 0;
}

}  // namespace

struct OutputPipe::State : std::enable_shared_from_this<OutputPipe::State> {
  State(asio::io_context& loop, OutputKind what, OnLine callback)
      : kind(what), pipe(loop.get_executor()), prompt_pause(loop), on_line(std::move(callback)) {}

  void wait() {
    if (std::exchange(waits, true)) return;
    pipe.async_wait(Stream::wait_read, [self = shared_from_this()](boost::system::error_code error) {
      self->waits = false;
      if (!error && self->open) self->turn();
    });
  }

  void turn_soon() {
    if (std::exchange(due, true)) return;
    asio::post(pipe.get_executor(), [self = shared_from_this()] {
      self->due = false;
      if (self->open) self->turn();
    });
  }

  /// One piece is read, and some of its lines are told: a backend that floods its log must not starve the
  /// loop.
  void turn() {
    if (unread.empty()) last_read = read_once();
    tell_some();
    const bool drains = on_drained && last_read == ReadResult::More && drained < kMostDrained;
    if (!unread.empty() || drains) return turn_soon();
    if (on_drained) {
      flush();
      std::exchange(on_drained, nullptr)();
      if (!open) return;
    }
    if (last_read == ReadResult::End) return flush();
    await_prompt();
    wait();
  }

  void await_prompt() {
    prompt_pause.cancel();
    if (kind != OutputKind::Terminal || !unfinished) return;
    prompt_pause.expires_after(kPromptPause);
    prompt_pause.async_wait([self = shared_from_this()](boost::system::error_code error) {
      if (!error && self->open) self->flush();
    });
  }

  ReadResult read_once() {
    std::array<char, 64 * 1024> buffer;
    ssize_t n = ::read(pipe.native_handle(), buffer.data(), buffer.size());
    if (n < 0) return errno == EAGAIN || errno == EINTR ? ReadResult::Nothing : ReadResult::End;
    if (n == 0) return ReadResult::End;
    unread.assign(buffer.data(), static_cast<std::size_t>(n));
    drained += unread.size();
    return ReadResult::More;
  }

  void tell_some() {
    const auto end_of_turn = std::chrono::steady_clock::now() + kLongestTurn;
    for (int lines = 0; lines < kLinesPerTurn && told < unread.size(); ++lines) {
      if (lines != 0 && std::chrono::steady_clock::now() >= end_of_turn) return;
      const auto data = std::string_view(unread).substr(told);
      const auto end = data.find('\n');
      const auto piece = data.substr(0, end);
      partial.append(piece.substr(0, kMaxLine - std::min(kMaxLine, partial.size())));
      unfinished = end == std::string_view::npos;
      told += unfinished ? data.size() : end + 1;
      if (!unfinished) emit();
    }
    if (told < unread.size()) return;
    unread.clear();
    told = 0;
  }

  void emit() {
    if (!partial.empty() && partial.back() == '\r') partial.pop_back();
    on_line(partial);
    partial.clear();
  }

  void flush() {
    if (std::exchange(unfinished, false)) emit();
  }

  const OutputKind kind;
  Stream pipe;
  asio::steady_timer prompt_pause;
  OnLine on_line;
  std::function<void()> on_drained;
  std::size_t drained = 0;  ///< octets read since the drain began
  bool waits = false;       ///< for something to read
  bool due = false;         ///< the next turn is posted
  ReadResult last_read = ReadResult::Nothing;
  std::string unread;    ///< the piece that is being told
  std::size_t told = 0;  ///< octets of it
  std::string partial;
  bool unfinished = false;  ///< bytes since the last newline
  bool open = true;
};

OutputPipe::OutputPipe(asio::io_context& loop, OutputKind kind, OnLine on_line, Descriptor& write_end,
                       int& error)
    : state_(std::make_shared<State>(loop, kind, std::move(on_line))) {
  std::array<int, 2> ends{-1, -1};
  const int failed =
      kind == OutputKind::Terminal ? open_terminal(ends) : (::pipe2(ends.data(), O_CLOEXEC) != 0 ? errno : 0);
  if (failed != 0) {
    error = failed;
    return;
  }
  ::fcntl(ends[0], F_SETFL, O_NONBLOCK);
  write_end.reset(ends[1]);
  state_->pipe.assign(ends[0]);
  state_->wait();
}

OutputPipe::~OutputPipe() {
  state_->open = false;
  state_->on_drained = nullptr;
  state_->prompt_pause.cancel();
  boost::system::error_code ignored;
  state_->pipe.close(ignored);
}

void OutputPipe::type(std::string_view text) {
  [[maybe_unused]] const ssize_t n = ::write(state_->pipe.native_handle(), text.data(), text.size());
}

void OutputPipe::drain(std::function<void()> done) {
  state_->on_drained = std::move(done);
  state_->drained = 0;
  state_->turn_soon();
}

}  // namespace berth::backend
