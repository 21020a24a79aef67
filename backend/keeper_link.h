// The front's end of one keeper: spawns it, hears its news, gives it orders. Knows neither ports nor
// readiness. Lives on the control loop; its destruction closes the pipe, at which the keeper kills its tree.
#pragma once

#include <boost/asio/io_context.hpp>
#include <functional>
#include <memory>

#include "backend/keeper_protocol.h"

namespace berth::backend {

/// Called from handlers of the loop only. May destroy the link.
struct KeeperListener {
  std::function<void(const KeeperNews&)> on_news;
  std::function<void()> on_lost;  ///< the keeper ended without saying Empty
};

class KeeperLink {
 public:
  /// What the command is given besides its words.
  struct Handed {
    Descriptor out;
    Descriptor err;
    Descriptor listener;  ///< may be empty
  };
  /// Starts this very binary as a keeper and hands it the command and its descriptors. On failure `error` is
  /// an errno and nothing runs.
  static std::unique_ptr<KeeperLink> spawn(boost::asio::io_context& loop, KeeperCommand command,
                                           Handed handed, KeeperListener listener, int& error);
  ~KeeperLink();
  KeeperLink(const KeeperLink&) = delete;
  KeeperLink& operator=(const KeeperLink&) = delete;

  /// `signal` goes with the two stops.
  void order(KeeperOrder::Verb verb, int signal = 0);
  int keeper_pid() const;

 private:
  struct State;
  explicit KeeperLink(std::shared_ptr<State> state) : state_(std::move(state)) {}
  std::shared_ptr<State> state_;
};

/// RLIMIT_NOFILE as it was before main(): a front raises its own soft limit, its backends do not inherit
/// that.
const rlimit& descriptor_limit_at_start();

}  // namespace berth::backend
