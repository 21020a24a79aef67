#include "proxy/accounts.h"

#include <csignal>
#include <utility>
#include <variant>

#include "config/listen_text.h"

namespace berth {

std::string Accounts::open(const FrontConfig& config) {
  std::string wrong;
  if (!config.log.access.empty() && config.log.access != config_.log.access) {
    if (access_log_)
      wrong = observe::AccessLog::obstacle(config.log.access);
    else
      opened_.access_log =
          std::make_unique<observe::AccessLog>(observe::AccessLogSettings{.file = config.log.access,
                                                                          .standard = surroundings_.standard,
                                                                          .format = config.log.access_format,
                                                                          .warn = surroundings_.warn},
                                               wrong);
  }
  if (wrong.empty() && !config.metrics.empty() && config.metrics != config_.metrics)
    wrong = open_metrics(config.metrics);
  if (!wrong.empty()) discard();
  return wrong;
}

std::string Accounts::open_metrics(const std::string& text) {
  ListenerConfig listener;
  listener.text = text;
  const auto parsed = parse_listen(text);
  if (const auto* listen = std::get_if<ListenText>(&parsed)) {
    listener.addresses = listen->addresses;
    listener.by_name = listen->by_name;
    listener.inherited = listen->inherited;
  }
  PublicSockets opened = open_public(listener, surroundings_.inherited);
  opened_.sockets = std::move(opened.sockets);
  if (opened.error.empty()) return {};
  // Its last line speaks of -l.
  return "metrics: " + opened.error.substr(0, opened.error.rfind("\n  ")) +
         (opened.busy ? "\n  free that address, or choose another for `metrics` in [front]"
                      : "\n  choose another address for `metrics` in [front]");
}

void Accounts::discard() { opened_ = {}; }

void Accounts::apply(const FrontConfig& config, http::DataPlane& plane, control::Service& service) {
  if (config.metrics != config_.metrics) {
    sockets_ = std::move(opened_.sockets);
    metrics_.clear();
    for (PublicSocket& socket : sockets_)
      metrics_.push_back(std::make_unique<control::MetricsListener>(control_, socket.fd.release(), service));
  }
  apply_access_log(config.log, plane);
  opened_ = {};
  config_ = config;
}

void Accounts::apply_access_log(const LogConfig& config, http::DataPlane& plane) {
  if (access_log_ && !config.access.empty()) {
    const bool same =
        config.access == config_.log.access && config.access_format == config_.log.access_format;
    if (!same) access_log_->change(config.access, config.access_format);
  } else if (access_log_) {
    observe::AccessLog* former = former_.emplace_back(std::move(access_log_)).get();
    plane.set_access_log(nullptr, [this, former] {
      dropped_before_ += former->dropped();
      std::erase_if(former_, [&](const Log& log) { return log.get() == former; });
    });
  } else if (opened_.access_log) {
    access_log_ = std::move(opened_.access_log);
    plane.set_access_log(access_log_.get(), nullptr);
  }
}

void Accounts::await_signal() {
  reopen_.async_wait([this](boost::system::error_code error, int) {
    if (error) return;
    reopen();
    await_signal();
  });
}

void Accounts::reopen() {
  if (access_log_) access_log_->reopen();
}

std::uint64_t Accounts::dropped() const {
  std::uint64_t sum = dropped_before_ + (access_log_ ? access_log_->dropped() : 0);
  for (const Log& log : former_) sum += log->dropped();
  return sum;
}

std::vector<std::string> Accounts::announcement() const {
  std::vector<std::string> lines;
  for (const PublicSocket& socket : sockets_) {
    const bool unix_path = socket.bound.family == Endpoint::Family::Unix;
    lines.push_back("metrics on " +
                    (unix_path ? socket.bound.text() : "http://" + socket.bound.text() + "/metrics"));
  }
  return lines;
}

}  // namespace berth
