// Whether the port of what serves takes connections, as the workers find when they connect. A port that is
// closed for a moment, while a server begins anew, is not worth a word. Lives on the control loop.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <functional>
#include <memory>

#include "config/endpoint.h"

namespace berth::swap {

class PortWatch {
 public:
  struct Events {
    std::function<void(Generation)> on_closed;  ///< it has been refusing for a while
    /// It takes connections again, `after` it was found closed.
    std::function<void(Generation, std::chrono::milliseconds after)> on_open;
  };

  /// How long a port refuses before it is called closed.
  static constexpr std::chrono::milliseconds kPatience{1'000};

  PortWatch(boost::asio::io_context& control, Events events, std::chrono::milliseconds patience = kPatience);

  /// Another one serves; what is told of any other from now on means nothing.
  void serves(Generation generation);
  /// A worker has connected to the generation, or was refused.
  void told(Generation generation, bool refused);

  /// The port of what serves is closed, and that was told.
  bool closed() const { return closed_; }
  /// Since when, as far as it was noticed; 0: it is open.
  std::chrono::milliseconds closed_for() const;

 private:
  using Clock = std::chrono::steady_clock;
  void begin();
  void look();

  Events events_;
  const std::chrono::milliseconds patience_;
  Generation serving_{};
  bool refusing_ = false;
  bool closed_ = false;
  Clock::time_point since_{};
  Clock::time_point last_{};
  boost::asio::steady_timer timer_;
  std::shared_ptr<char> alive_;  ///< what outlives the watch asks it first
};

}  // namespace berth::swap
