// The socket of sd_notify(3) for one try of a command: hears READY=1 and STATUS= from the command's own tree
// alone, by the kernel's word on who has sent it. Lives on the control loop, as long as the command may send.
#pragma once

#include <boost/asio/io_context.hpp>
#include <functional>
#include <memory>
#include <string>

#include "backend/sign.h"

namespace berth::backend {

struct LaunchSpec;

class NotifySocket {
 public:
  struct Owner {
    std::function<int()> root;       ///< the keeper's pid; 0: nothing runs yet
    std::function<void()> on_ready;  ///< once, from a handler; may destroy the socket
  };

  /// Makes the socket in a private directory that the command's user can reach. nullptr: `error` is an errno.
  static std::unique_ptr<NotifySocket> open(boost::asio::io_context& loop, const LaunchSpec& spec,
                                            Owner owner, int& error);
  ~NotifySocket();
  NotifySocket(const NotifySocket&) = delete;
  NotifySocket& operator=(const NotifySocket&) = delete;

  const std::string& path() const;  ///< for NOTIFY_SOCKET
  Sign sign() const;

 private:
  struct State;
  explicit NotifySocket(std::shared_ptr<State> state) : state_(std::move(state)) {}
  std::shared_ptr<State> state_;
};

}  // namespace berth::backend
