// A pause of a program that has nothing to do but wait: SIGINT, SIGTERM and SIGHUP end it at once. For
// blocking waits before there is a loop; who serves has its own signal_set.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <chrono>

namespace berth::loop {

/// While it lives, these signals do not end the process (an ignored SIGHUP, as under nohup, stays ignored).
class SignalPause {
 public:
  SignalPause();

  /// True after `time`; false at once when more than `seen` such signals come or have come.
  bool wait(std::chrono::milliseconds time, unsigned seen = 0);

  /// How many have come until now.
  unsigned count();

 private:
  void await();

  boost::asio::io_context io_{1};
  boost::asio::signal_set signals_{io_};
  unsigned came_ = 0;
};

}  // namespace berth::loop
