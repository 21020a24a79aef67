// What the front gives account by, beside its log and its API: the access log, which logrotate may rename,
// and the addresses of metrics. Opened before anything is started. Control loop.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "config/config.h"
#include "proxy/control/metrics_listener.h"
#include "proxy/control/service.h"
#include "proxy/inherited.h"
#include "proxy/observe/access_log.h"
#include "proxy/public_listen.h"

namespace berth {

class Accounts {
 public:
  explicit Accounts(boost::asio::io_context& control) : control_(control) {}

  /// Returns what is wrong; empty: nothing. `warn`: of lines that are lost; called on the writing thread.
  /// `standard`: where the access log "-" goes to.
  std::string open(const FrontConfig& config, const Inherited& inherited, int standard,
                   std::function<void(const std::string&)> warn);
  /// Answers GET /metrics by `service`, which outlives close(), and SIGUSR1.
  void serve(control::Service& service);
  void close() { metrics_.clear(); }

  /// nullptr: there is none.
  observe::AccessLog* access_log() { return access_log_.get(); }
  std::uint64_t dropped() const { return access_log_ ? access_log_->dropped() : 0; }
  /// "metrics on http://127.0.0.1:9145/metrics"
  std::vector<std::string> announcement() const;

 private:
  std::string open_metrics(const std::string& text, const Inherited& inherited);
  void await_reopen();

  boost::asio::io_context& control_;
  boost::asio::signal_set reopen_{control_};  ///< SIGUSR1: the file was renamed
  std::unique_ptr<observe::AccessLog> access_log_;
  std::vector<PublicSocket> sockets_;
  std::vector<std::unique_ptr<control::MetricsListener>> metrics_;
};

}  // namespace berth
