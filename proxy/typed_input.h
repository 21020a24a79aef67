// What is typed at berth's own terminal, line by line, for a command that reads one. The terminal stays as
// it is: it shows what is typed, and Ctrl-C and Ctrl-Z are berth's. Control loop.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <functional>
#include <string_view>

namespace berth {

class TypedInput {
 public:
  /// A line with its newline, or "\x04" where the user ended the input (Ctrl-D).
  using OnText = std::function<void(std::string_view)>;

  TypedInput(boost::asio::io_context& control, OnText on_text);

  /// Nothing happens where standard input is no terminal, or not berth's. In the background nothing is read:
  /// what is typed then is for who has the foreground.
  void start();

 private:
  void wait();
  void wait_in_background();
  bool in_foreground() const;
  void take();

  boost::asio::posix::basic_stream_descriptor<boost::asio::io_context::executor_type> terminal_;
  boost::asio::steady_timer pause_;
  OnText on_text_;
};

}  // namespace berth
