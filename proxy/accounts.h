// What the front gives account by, beside its log and its API: the access log, which logrotate may rename,
// and the addresses of metrics. Opened before anything is started, changed by a reload. Control loop.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <csignal>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "config/config.h"
#include "proxy/control/metrics_listener.h"
#include "proxy/control/service.h"
#include "proxy/http/data_plane.h"
#include "proxy/inherited.h"
#include "proxy/observe/access_log.h"
#include "proxy/public_listen.h"

namespace berth {

class Accounts {
 public:
  struct Surroundings {
    const Inherited& inherited;  ///< outlives this
    int standard = 1;            ///< where the access log "-" goes to
    /// Told of lines that are lost, on the writing thread.
    std::function<void(const std::string&)> warn{};
  };

  Accounts(boost::asio::io_context& control, Surroundings surroundings)
      : control_(control), surroundings_(std::move(surroundings)) {}

  /// Opens what `config` asks for and is not open. Otherwise what is wrong, and nothing has changed. Nothing
  /// is served before apply().
  std::string open(const FrontConfig& config);
  /// What was opened takes the place of what is there. `service` answers GET /metrics, and outlives close().
  void apply(const FrontConfig& config, http::DataPlane& plane, control::Service& service);
  /// What open() has opened is not wanted after all.
  void discard();
  /// SIGUSR1 and reopen(): the file of the access log was renamed.
  void await_signal();
  void reopen();
  void close() { metrics_.clear(); }

  std::uint64_t dropped() const;
  /// "metrics on http://127.0.0.1:9145/metrics"
  std::vector<std::string> announcement() const;

 private:
  using Log = std::unique_ptr<observe::AccessLog>;
  /// What open() has opened, until apply().
  struct Opened {
    Log access_log;
    std::vector<PublicSocket> sockets;
  };
  std::string open_metrics(const std::string& text);
  void apply_access_log(const LogConfig& config, http::DataPlane& plane);

  boost::asio::io_context& control_;
  const Surroundings surroundings_;
  /// Taken without an access log, too: a signal too many is no reason to die.
  boost::asio::signal_set reopen_{control_, SIGUSR1};
  FrontConfig config_;  ///< as it was applied last
  Opened opened_;
  Log access_log_;           ///< nullptr: there is none
  std::vector<Log> former_;  ///< until no worker writes to it any more
  std::uint64_t dropped_before_ = 0;
  std::vector<PublicSocket> sockets_;  ///< of metrics
  std::vector<std::unique_ptr<control::MetricsListener>> metrics_;
};

}  // namespace berth
