// One output pipe of a backend: read as it comes, so that the writer never stalls, and split into lines.
// Knows nothing of processes. Lives on the control loop.
#pragma once

#include <boost/asio/io_context.hpp>
#include <functional>
#include <memory>
#include <string_view>

#include "backend/descriptor.h"

namespace berth::backend {

inline constexpr std::size_t kMaxLine = 8 * 1024;

/// Calls `on_line` for every line, without its newline (and CR), cut at kMaxLine; what is beyond is dropped.
class OutputPipe {
 public:
  using OnLine = std::function<void(std::string_view)>;

  /// `error` is an errno if the pipe cannot be made; then `write_end` stays empty.
  OutputPipe(boost::asio::io_context& loop, OnLine on_line, Descriptor& write_end, int& error);
  ~OutputPipe();
  OutputPipe(const OutputPipe&) = delete;
  OutputPipe& operator=(const OutputPipe&) = delete;

  /// Reads what is there now, an unfinished last line too. The end of the pipe is not waited for: a
  /// grandchild may hold it.
  void drain();

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace berth::backend
