// GET /metrics on addresses of its own, for a Prometheus that cannot reach the control socket. Answers that
// and nothing else, one request a connection, each within a deadline. Control loop.
#pragma once

#include <boost/asio/io_context.hpp>
#include <chrono>
#include <cstddef>
#include <memory>

#include "proxy/control/service.h"

namespace berth::control {

struct MetricsSettings {
  std::size_t max_clients = 16;                      ///< one more is told 503
  std::chrono::milliseconds timeout{10'000};         ///< of a whole request and its answer
  std::chrono::milliseconds refusal_timeout{1'000};  ///< what a refused client has to read why
};

class MetricsListener {
 public:
  /// Takes over `listening_fd`. `service` outlives it.
  MetricsListener(boost::asio::io_context& control, int listening_fd, Service& service,
                  const MetricsSettings& settings = {});
  ~MetricsListener();
  MetricsListener(const MetricsListener&) = delete;
  MetricsListener& operator=(const MetricsListener&) = delete;

 private:
  class Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace berth::control
