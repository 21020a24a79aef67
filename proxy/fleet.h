// The apps of the running front: each with its number in the data plane and its shell, started in the order
// that `after` asks for, added and taken away by a reload. Control loop.
#pragma once

#include <boost/asio/io_context.hpp>
#include <functional>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "config/config.h"
#include "proxy/control/service.h"
#include "proxy/http/data_plane.h"
#include "proxy/swap/app_events.h"
#include "proxy/swap/app_shell.h"
#include "proxy/swap/data_plane_adapter.h"
#include "proxy/swap/launcher.h"

namespace berth {

class Fleet {
 public:
  struct Settings {
    std::string control_path;  ///< for the backends
    std::string runtime_dir;
  };

  /// Everything referred to outlives it.
  Fleet(boost::asio::io_context& control, http::DataPlane& plane, swap::AppEvents& owner, Settings settings);
  ~Fleet();

  /// Not started yet: see start_ready(). `listeners`: of each of its addresses, for the
  /// status.
  void add(const AppConfig& app, std::vector<ListenerConfig> listeners, std::vector<std::string> addresses);
  /// Takes it out of service; it is forgotten when it has told its end: see ended().
  void remove(const std::string& app, std::function<void(control::SwapResult)> removed);
  /// An app that was asked to leave has left.
  void ended(const std::string& app);

  /// Another place in the order of starts.
  void adjust(const AppConfig& app);
  /// False: it waits for those that come before it.
  bool started(const std::string& app) const;
  /// Keeps the handle of a swap that nobody else follows, until `over` says so.
  void follow(const std::string& app, std::shared_ptr<void> swap, std::shared_ptr<bool> over);

  /// Starts every app whose `after` all serve, and that is not started yet.
  void start_ready();
  /// It has served for the first time.
  void serves(const std::string& app);

  bool has(const std::string& app) const;
  /// As the status has it.
  std::string state(const std::string& app) const;
  bool leaving(const std::string& app) const;
  swap::AppShell& shell(const std::string& app) const;
  http::AppId number_of(const std::string& app) const;
  std::vector<std::string> names() const;
  std::size_t size() const { return apps_.size(); }

  void status(std::function<void(std::vector<control::AppStatus>)> answer) const;
  /// Each `stopped` is called when that app is gone.
  void shutdown(const std::function<void(const control::SwapResult&)>& stopped);
  void hurry();

 private:
  struct Followed {
    std::shared_ptr<void> handle;
    std::shared_ptr<bool> over;
  };
  struct Served {
    http::AppId id;
    std::vector<std::string> after;
    std::unique_ptr<swap::DataPlaneAdapter> plane;
    std::unique_ptr<swap::AppShell> shell;
    std::vector<Followed> followed;  ///< the swaps of reloads
    bool started = false;
    bool leaves = false;
  };
  const Served* find(const std::string& app) const;
  std::string waits_for(const Served& served) const;

  boost::asio::io_context& control_;
  http::DataPlane& plane_;
  swap::AppEvents& owner_;
  const Settings settings_;
  swap::BackendLauncher launcher_;
  std::vector<Served> apps_;  ///< in the file's order, new ones behind
  std::set<std::string> serving_;
};

}  // namespace berth
