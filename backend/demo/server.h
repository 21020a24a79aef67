// The demo's listener and the end of its sessions: accepts until SIGTERM, then lets what runs finish. Lives
// in the one loop of the demo; knows nothing of HTTP.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "backend/demo/facts.h"
#include "backend/demo/session.h"

namespace berth::demo {

/// Outlives the run of `loop`.
class Server {
 public:
  Server(boost::asio::io_context& loop, Facts& facts);

  /// Binds, listens and begins to accept; writes the number into Facts::port. Throws
  /// boost::system::system_error.
  void listen(const std::string& host, std::uint16_t port);

  /// Ends with exit code 1 after `time`, without asking anyone.
  void end_after(std::chrono::milliseconds time);

  int exit_code() const { return exit_code_; }

 private:
  boost::asio::awaitable<void> accept_all();
  boost::asio::awaitable<void> pause_accepting();
  void stop();

  boost::asio::io_context& loop_;
  Facts& facts_;
  boost::asio::ip::tcp::acceptor acceptor_;
  boost::asio::signal_set signals_;
  boost::asio::steady_timer timer_;
  boost::asio::steady_timer end_timer_;
  std::vector<std::weak_ptr<Session>> sessions_;
  int exit_code_ = 0;
};

}  // namespace berth::demo
