// The front's listeners while it runs: opened before anything is started, served by the data plane, changed
// by a reload without a refused connection. Knows addresses and ways, nothing of what is behind them. Control
// loop.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "config/config.h"
#include "proxy/http/data_plane.h"
#include "proxy/inherited.h"
#include "proxy/public_listen.h"

namespace berth {

/// An app's number by its name.
using AppNumbers = std::function<http::AppId(const std::string&)>;

/// The ways of what listens on that `listen`: each app by its hosts (every host, if it names none) and its
/// path, and by NAME.localhost.
std::shared_ptr<const route::Router> router_of(const Config& config, const std::string& listen,
                                               const AppNumbers& number_of);

class PublicListeners {
 public:
  /// `inherited` outlives it.
  explicit PublicListeners(const Inherited& inherited) : inherited_(inherited) {}

  /// Whether an address that is busy may be waited for; see await_public().
  using Open = std::function<PublicSockets(const ListenerConfig&, const Inherited&)>;

  /// Opens what of `wanted` is not open, the addresses of one `listen` together. What is open, and belongs to
  /// a `listen` that is not wanted any more, is kept where a new one names the same address. Otherwise what
  /// is wrong, and nothing has changed.
  std::string open(const std::vector<ListenerConfig>& wanted, const Open& open_one);

  /// Serves what is open by the ways and limits of `config`; closes what `config` does not have. After
  /// open().
  void serve(http::DataPlane& plane, const Config& config, const AppNumbers& number_of);

  /// No new connections anywhere; the files of unix sockets are gone. `closed`: whoever has connected before
  /// is taken, and every worker has closed its ends.
  void close(http::DataPlane& plane, std::function<void()> closed);

  /// "127.0.0.1:8000", of one `listen`, and of all in the order of opening.
  std::vector<std::string> addresses(const std::string& listen) const;
  std::vector<std::string> addresses() const;
  /// Of everything opened last.
  const std::vector<std::string>& warnings() const { return warnings_; }
  /// What systemd handed over and no listener of `config` takes.
  std::vector<std::string> left_over(const Config& config) const;

 private:
  struct One {
    PublicSocket socket;
    bool served = false;
    http::ListenerId id{};
  };
  struct Entry {
    std::string text;  ///< the whole `listen`
    AppMode mode = AppMode::Http;
    std::vector<One> sockets;
  };
  /// A socket that is open, and the listener that is to have it.
  struct Move {
    std::string from;
    Endpoint asked;
  };
  bool has(const std::string& text) const;
  const One* left_behind(const std::vector<ListenerConfig>& wanted, AppMode mode, const Endpoint& asked,
                         std::string& from) const;
  One take(const Move& move);

  const Inherited& inherited_;
  std::vector<Entry> open_;
  std::vector<std::string> warnings_;
};

}  // namespace berth
