// One output of a backend, a pipe or a terminal: read as it comes, so that the writer never stalls, and split
// into lines. Knows nothing of processes. Lives on the control loop.
#pragma once

#include <boost/asio/io_context.hpp>
#include <cstdint>
#include <functional>
#include <memory>
#include <string_view>

#include "backend/descriptor.h"

namespace berth::backend {

inline constexpr std::size_t kMaxLine = 64 * 1024;

/// What the command writes to.
enum class OutputKind : std::uint8_t {
  Pipe,
  Terminal,  ///< a pseudo-terminal, 24 by 80: programs write lines at once, and colours
};

/// Calls `on_line` for every line, without its newline (and CR), cut at kMaxLine; what is beyond is dropped.
/// A few lines at a time, whatever the writer has ready: in between, the loop does what else is due. With
/// Terminal a prompt, which has no newline, is a line once nothing has followed it for 100 ms.
class OutputPipe {
 public:
  using OnLine = std::function<void(std::string_view)>;

  /// `error` is an errno if the pipe cannot be made; then `write_end` stays empty.
  OutputPipe(boost::asio::io_context& loop, OutputKind kind, OnLine on_line, Descriptor& write_end,
             int& error);
  ~OutputPipe();
  OutputPipe(const OutputPipe&) = delete;
  OutputPipe& operator=(const OutputPipe&) = delete;

  /// Tells what is there now, an unfinished last line too, and calls `done` then, from a handler of the loop.
  /// The end of the pipe is not waited for: a grandchild may hold it, or write without end; after 2 MiB it is
  /// enough. One at a time.
  void drain(std::function<void()> done);

  /// What the command reads, with Terminal: as if typed there. What it does not take at once is dropped.
  void type(std::string_view text);

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace berth::backend
