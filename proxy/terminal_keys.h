// Single keys from berth's own terminal: takes it out of line mode and echo, reads it safely (typed_input.h),
// and gives it back as it was, at the end, while berth is suspended, and when a fatal signal ends it. Ctrl-C
// and Ctrl-Z stay signals. Control loop; one per process.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
#include <functional>

#include "proxy/typed_input.h"

namespace berth {

class TerminalKeys {
 public:
  TerminalKeys(boost::asio::io_context& control, std::function<void(char)> on_key);
  ~TerminalKeys();
  TerminalKeys(const TerminalKeys&) = delete;
  TerminalKeys& operator=(const TerminalKeys&) = delete;

  /// False, and nothing is changed, where standard input or output is no terminal, or in the background.
  bool start();

 private:
  void await_signal();
  void suspend();
  /// Takes the terminal again, once berth is in its foreground.
  void resume();

  TypedInput typed_;
  boost::asio::signal_set signals_;
  boost::asio::steady_timer pause_;
};

}  // namespace berth
