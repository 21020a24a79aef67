// The parts of validate.h that each look at one matter. Private to the validation and to machine_check.h.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "config/config.h"
#include "config/config_error.h"

namespace berth {

/// Faults as they are found, each with the place of the key that it is about.
class FaultList {
 public:
  explicit FaultList(const Origins& origins) : origins_(origins) {}
  /// What follows only from a value that could not be read is not told: `key` has its fault already.
  void add(const std::string& key, std::string what, std::string hint = {}) {
    if (unread(key)) return;
    errors_.push_back(config_fault(place(key), std::move(what), std::move(hint)));
  }
  /// "berth.toml:12:3"
  std::string place(const std::string& key) const { return origins_.find(key); }
  /// So many that another one would help nobody.
  bool full() const { return errors_.size() >= kMostFaults; }
  bool unread(const std::string& key) const { return origins_.unread.contains(key); }
  std::vector<ConfigError> take() { return std::move(errors_); }

 private:
  const Origins& origins_;
  std::vector<ConfigError> errors_;
};

/// The words and variables of an app's command, check and hooks, whatever its port mode is.
void check_words(const std::string& key, const AppConfig& app, FaultList& faults);

/// That what the command and its variables name is what the port mode hands over.
void check_placeholders(const std::string& key, const AppConfig& app, FaultList& faults);

/// Hosts and paths of each app, and that no two apps answer the same requests of one listener. Hosts become
/// lower case, paths lose a slash at their end.
void check_routes(Config& config, FaultList& faults);

/// Gives every address that an app's `listen` names its ListenerConfig, and checks these: their values, that
/// each table is of an address that is listened on, and that no two addresses take each other's connections.
void check_listeners(Config& config, FaultList& faults);

/// That what `after` names exists, and that nothing waits for itself.
void check_start_order(const Config& config, FaultList& faults);

/// What an app is watched with once it runs: health, keep_old, hooks.
void check_watch(const std::string& key, const AppConfig& app, FaultList& faults);

}  // namespace berth
