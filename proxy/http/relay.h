// One connection of a client whose bytes are nobody's business (mode = "tcp"): one connection to the backend
// for it, and bytes both ways until both sides have finished. It waits for a backend as a request would, and
// is counted and written down as one; how long it lasted is no latency of the backend, and is no metric.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>

#include "proxy/http/connection.h"
#include "proxy/loop/socket.h"
#include "proxy/loop/task.h"
#include "proxy/route/app_route.h"

namespace berth::http {

class Relay final : public Connection {
 public:
  Relay(Worker& worker, loop::Fd fd, std::string_view address, ListenerView& listener, Counted counted);
  ~Relay() override;

  void start() override;
  void abandon() override { socket_.close_abruptly(); }
  void tell(loop::Wakes wakes) override { gate_.raise(wakes); }
  void on_tick(loop::Tick tick) override;

 private:
  loop::Task<> run();
  loop::Task<bool> obtain_upstream();
  loop::Task<bool> wait_in_queue();
  loop::Task<bool> connect(route::Target& target);
  loop::Task<bool> relay();
  /// Notes a client that has left. True: it has.
  bool left(loop::Wakes wakes);
  void note_end();
  void give_up_upstream(bool peer_closed);

  route::AppRoute& route_;
  loop::Gate gate_;
  route::Holder holder_;
  loop::Socket socket_;
  std::unique_ptr<route::Upstream> upstream_;
  loop::Tick deadline_ = 0;
  loop::Tick give_up_ = 0;  ///< waiting for a backend ends then; 0: never
  bool held_ = false;
  bool refused_ = false;    ///< the backend took no connection
  bool gone_ = false;       ///< the client has left, or has broken the connection
  bool timed_out_ = false;  ///< the backend took no connection within connect_timeout
  std::chrono::steady_clock::time_point begun_;
  std::chrono::steady_clock::time_point obtained_{};  ///< the connection to the backend, if there was one
  Generation generation_;                             ///< of that backend
  std::uint64_t sent_ = 0;                            ///< to the client
  std::uint64_t received_ = 0;                        ///< from the client
  bool whole_ = false;                                ///< both sides have finished
  loop::Task<> task_;
};

}  // namespace berth::http
