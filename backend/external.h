// A server that berth did not start: somebody else's, reached at an address. Checked like any other before it
// gets a request, and never stopped; its port is waited for only where that is asked. Lives on the control
// loop and tells its owner what a Backend tells.
#pragma once

#include <boost/asio/io_context.hpp>
#include <chrono>
#include <memory>

#include "backend/backend.h"
#include "config/config.h"

namespace berth::backend {

/// Where it is, and when it counts as ready.
struct ExternalSpec {
  Generation generation;
  Endpoint endpoint;
  ReadyConfig ready;
};

/// Destroying it ends what is under way, silently.
class External {
 public:
  External(boost::asio::io_context& control, ExternalSpec spec, BackendEvents& owner);
  ~External();
  External(const External&) = delete;
  External& operator=(const External&) = delete;

  /// on_started with pid 0 and the mode "external"; then on_ready or on_start_failed within ready.timeout.
  void start();

  /// Asks it once, as its readiness was asked. nullptr: `done` was called already.
  std::unique_ptr<Check> check(std::chrono::milliseconds timeout, CheckDone done);

  /// Answered at once: there is no process of berth's.
  void stop();

  /// Only after on_stopped. 0: berth has no part in its port, and says so. Otherwise waits up to `deadline`
  /// until none of the listeners that it was seen with is left on its address; Held names who still listens.
  void release(std::chrono::milliseconds deadline);

 private:
  class Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace berth::backend
