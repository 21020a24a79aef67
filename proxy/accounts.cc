#include "proxy/accounts.h"

#include <csignal>
#include <utility>
#include <variant>

#include "config/listen_text.h"

namespace berth {

std::string Accounts::open(const FrontConfig& config, const Inherited& inherited, int standard,
                           std::function<void(const std::string&)> warn) {
  if (!config.log.access.empty()) {
    std::string wrong;
    access_log_ =
        std::make_unique<observe::AccessLog>(observe::AccessLogSettings{.file = config.log.access,
                                                                        .standard = standard,
                                                                        .format = config.log.access_format,
                                                                        .warn = std::move(warn)},
                                             wrong);
    if (!wrong.empty()) return wrong;
  }
  return config.metrics.empty() ? std::string() : open_metrics(config.metrics, inherited);
}

std::string Accounts::open_metrics(const std::string& text, const Inherited& inherited) {
  ListenerConfig listener;
  listener.text = text;
  const auto parsed = parse_listen(text);
  if (const auto* listen = std::get_if<ListenText>(&parsed)) {
    listener.addresses = listen->addresses;
    listener.inherited = listen->inherited;
  }
  PublicSockets opened = open_public(listener, inherited);
  sockets_ = std::move(opened.sockets);
  if (opened.error.empty()) return {};
  // Its last line speaks of -l.
  return "metrics: " + opened.error.substr(0, opened.error.rfind("\n  ")) +
         "\n  stop that program, or choose another address for `metrics` in [front]";
}

void Accounts::serve(control::Service& service) {
  for (PublicSocket& socket : sockets_)
    metrics_.push_back(std::make_unique<control::MetricsListener>(control_, socket.fd.release(), service));
  // Without an access log it is taken, too: a signal too many is no reason to die.
  reopen_.add(SIGUSR1);
  await_reopen();
}

void Accounts::await_reopen() {
  reopen_.async_wait([this](boost::system::error_code error, int) {
    if (error) return;
    if (access_log_) access_log_->reopen();
    await_reopen();
  });
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
