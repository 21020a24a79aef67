#include "proxy/swap/port_watch.h"

#include <utility>

namespace berth::swap {

using std::chrono::duration_cast;
using std::chrono::milliseconds;

PortWatch::PortWatch(boost::asio::io_context& control, Events events, milliseconds patience)
    : events_(std::move(events)), patience_(patience), timer_(control), alive_(std::make_shared<char>()) {}

void PortWatch::serves(Generation generation) {
  if (generation == serving_) return;
  serving_ = generation;
  refusing_ = closed_ = false;
  timer_.cancel();
}

milliseconds PortWatch::closed_for() const {
  return closed_ ? duration_cast<milliseconds>(Clock::now() - since_) : milliseconds(0);
}

void PortWatch::told(Generation generation, bool refused) {
  if (generation != serving_) return;
  if (refused) {
    last_ = Clock::now();
    if (!std::exchange(refusing_, true)) begin();
    return;
  }
  refusing_ = false;
  timer_.cancel();
  if (!closed_) return;
  const milliseconds after = closed_for();
  closed_ = false;
  events_.on_open(generation, after);
}

void PortWatch::begin() {
  since_ = last_;
  timer_.expires_at(since_ + patience_);
  timer_.async_wait([this, alive = std::weak_ptr<char>(alive_)](boost::system::error_code error) {
    if (!error && !alive.expired()) look();
  });
}

void PortWatch::look() {
  if (!refusing_) return;
  if (last_ - since_ < patience_ / 2) {  // refused once, and nobody has asked since
    refusing_ = false;
    return;
  }
  closed_ = true;
  events_.on_closed(serving_);
}

}  // namespace berth::swap
