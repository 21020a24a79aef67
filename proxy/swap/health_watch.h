// Asks the backend that serves whether it still does: performs what the health machine decides. Knows no
// swap. Lives on the control loop.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <functional>
#include <memory>
#include <string>

#include "backend/check.h"
#include "proxy/swap/health_machine.h"

namespace berth::swap {

class HealthWatch {
 public:
  /// Starts one check of `timeout`; nullptr: `done` was called already.
  using Ask = std::function<std::unique_ptr<backend::Check>(Milliseconds timeout, backend::CheckDone done)>;

  struct Events {
    std::function<void()> on_fell;  ///< also each time that it has failed as often again
    std::function<void()> on_rose;
  };

  HealthWatch(boost::asio::io_context& control, const HealthConfig& config, Events events);
  ~HealthWatch();
  HealthWatch(const HealthWatch&) = delete;
  HealthWatch& operator=(const HealthWatch&) = delete;

  /// Another backend serves; `ask` is called until the next call of serves() or leaves().
  void serves(Ask ask);
  void leaves();
  /// Other thresholds: at once for a healthy backend, for the next one else.
  void configure(const HealthConfig& config);

  bool unhealthy() const { return health_.verdict == Verdict::Unhealthy; }
  /// "GET /health gave 500 Internal Server Error": the last answer that was none.
  const std::string& last_failure() const { return last_failure_; }

 private:
  Moment now() const;
  void feed(HealthEvent event);
  void ask();
  void arm();

  Health health_;
  Events events_;
  Ask ask_;
  bool serving_ = false;
  std::unique_ptr<backend::Check> running_;
  std::uint64_t questions_ = 0;  ///< an answer to an older one means nothing
  std::string last_failure_;
  boost::asio::steady_timer timer_;
  std::shared_ptr<char> alive_;  ///< what outlives the watch asks it first
};

}  // namespace berth::swap
