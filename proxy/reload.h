// A reload: the file as it is now, compared with the file as it was, applied to the running front. What is
// wrong with the file, or cannot be had, changes nothing. Control loop.
#pragma once

#include <functional>
#include <memory>
#include <set>
#include <string>

#include "config/config.h"
#include "config/config_change.h"
#include "config/run_config.h"
#include "proxy/accounts.h"
#include "proxy/control/service.h"
#include "proxy/fleet.h"
#include "proxy/http/data_plane.h"
#include "proxy/observe/log.h"
#include "proxy/public_listeners.h"

namespace berth {

class Reloader {
 public:
  /// What a reload changes.
  struct Parts {
    http::DataPlane& plane;
    PublicListeners& listeners;
    Fleet& fleet;
    Accounts& accounts;
    observe::Log& log;
    control::Service& service;  ///< answers at the addresses of metrics
  };

  /// Everything referred to outlives it. `config`: what runs, and what the next file is compared with.
  /// `reread`: the file as it is now; empty: there is none.
  Reloader(Config& config, const Parts& parts, std::function<RunConfig()> reread);

  /// Each change is told before it is done, and a swap again when it is done; `on_result` comes when the
  /// swaps and retirements that follow have ended. What the file asked for and did not come to serve is tried
  /// again by the next reload, unless somebody has swapped by hand since. Callbacks may come before this
  /// returns.
  void reload(const control::ReloadWatch& watch);

  /// An app as the configuration has it, with the addresses that it got.
  void add(const AppConfig& app);
  /// By the ways of the configuration as it is now.
  void serve();

 private:
  /// What the result waits for.
  struct Open;
  void apply(Config fresh, const control::ReloadWatch& watch);
  std::string open(const Config& next);
  std::string obstacle(const Config& fresh) const;
  void adjust(const AppConfig& app);
  bool still_owed(const std::string& app) const;
  void add_owed(ConfigChange& change) const;
  /// Of each address that the app listens on.
  std::vector<ListenerConfig> listeners_of(const AppConfig& app) const;

  Config& config_;
  http::DataPlane& plane_;
  PublicListeners& listeners_;
  Fleet& fleet_;
  Accounts& accounts_;
  observe::Log& log_;
  control::Service& service_;
  std::function<RunConfig()> reread_;
  std::set<std::string> owed_;  ///< apps whose last swap for the file failed
};

}  // namespace berth
