// Finds out when a started command is ready: polls the kernel's table for its listener, checks who owns it,
// asks its check, and warms it up. Knows nothing of starting, stopping or deadlines. Lives on the control
// loop; destruction ends it silently.
#pragma once

#include <boost/asio/io_context.hpp>
#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "backend/backend.h"
#include "backend/check.h"
#include "backend/follow_rule.h"
#include "backend/linux_sock_diag.h"
#include "backend/output_ports.h"

namespace berth::backend {

struct ReadinessSpec {
  ReadyConfig config;
  PortMode mode = PortMode::Lease;
  Endpoint told;
  int root = 0;  ///< the keeper's pid
  FollowPolicy follow = FollowPolicy::Settle;
  StartCheck check;
  std::function<ReachPtr(const Endpoint& endpoint, const SocketRow& listener)> reach;
  OutputPorts* ports = nullptr;  ///< what the command's words say of its ports; outlives the Readiness
  std::function<Sign()> sign;    ///< of the kinds notify and log
  bool by_sign() const {
    return config.kind == ReadyConfig::Kind::Notify || config.kind == ReadyConfig::Kind::Log;
  }
};

/// Where the ready backend is.
struct ReadyAt {
  Endpoint endpoint;  ///< to connect to
  SocketRow listener;
  bool followed = false;
  std::string check;
};

/// Called from handlers, one of them once; may destroy the Readiness.
struct ReadinessEvents {
  std::function<void(const ReadyAt&)> on_ready;
  std::function<void(const std::vector<SocketRow>& strangers)> on_stolen;
  /// It will never be ready: before the deadline, and instead of it.
  std::function<void(const StartFailure&)> on_hopeless;
  /// Not one of these: "GET / gave 500 Internal Server Error" was the answer, `times` in a row.
  std::function<void(const std::string& answer, unsigned times)> on_unready;
};

class Readiness {
 public:
  Readiness(boost::asio::io_context& loop, ReadinessSpec spec, ReadinessEvents events);
  ~Readiness();
  Readiness(const Readiness&) = delete;
  Readiness& operator=(const Readiness&) = delete;

  /// Looks again without a pause: the backend has said that it is ready.
  void look_now();

  /// A line of its output.
  void hear(std::string_view line);

  /// What a user is told when the deadline has passed: Timeout or Elsewhere.
  StartFailure explain(std::chrono::milliseconds waited) const;

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace berth::backend
