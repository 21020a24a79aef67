// Says while a front stops who is waited for, and for how long still: after a second, and then now and again.
// Control loop.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <functional>
#include <string>
#include <vector>

#include "proxy/control/service.h"

namespace berth {

/// "web: generation 3 still answers 2 requests, which are cut in 25s", one of each generation that is waited
/// for.
std::vector<std::string> waiting_lines(const std::vector<control::AppStatus>& apps);

class StopProgress {
 public:
  using Apps = std::function<void(std::vector<control::AppStatus>)>;

  /// `ask`: for the apps as they are; `tell`: gets each line. Both outlive this.
  StopProgress(boost::asio::io_context& control, std::function<void(Apps)> ask,
               std::function<void(const std::string&)> tell)
      : timer_(control), ask_(std::move(ask)), tell_(std::move(tell)) {}

  void start();
  void stop() { timer_.cancel(); }

 private:
  void wait(std::chrono::seconds time);

  boost::asio::steady_timer timer_;
  std::function<void(Apps)> ask_;
  std::function<void(const std::string&)> tell_;
};

}  // namespace berth
