// The ports besides the told one that a starting command listens on, and how each has answered: what the rule
// of follow_rule.h decides from. Looks at nothing itself. Lives on the control loop.
#pragma once

#include <chrono>
#include <cstdint>
#include <vector>

#include "backend/follow_rule.h"
#include "backend/linux_sock_diag.h"
#include "backend/output_ports.h"

namespace berth::backend {

/// Of the listeners of one server the one that serves most addresses, IPv4 before IPv6. `rows` is not empty.
const SocketRow& preferred_listener(const std::vector<SocketRow>& rows);

class Elsewhere {
 public:
  using Clock = std::chrono::steady_clock;

  /// The tree's listeners on other ports as they are now, and what its words have said of them.
  void see(const std::vector<SocketRow>& rows, const OutputPorts& said, Clock::time_point now);

  FollowChoice choose(FollowPolicy policy, Clock::time_point now) const;
  /// Of a choice: where to ask.
  const SocketRow& listener(std::size_t index) const { return preferred_listener(places_[index].rows); }
  void asked(std::uint16_t port, bool answers);

 private:
  struct Place {
    OtherPort port;
    std::vector<SocketRow> rows;
  };
  std::vector<Place> places_;
  std::vector<std::uint64_t> inodes_;  ///< of those that are no debugger's, sorted
  Clock::time_point since_{};          ///< these are there
};

}  // namespace berth::backend
