// The API's server: HTTP with JSON over a unix socket, on the control loop. Owns its connections and their
// limits: a client that is slow, silent or gone costs itself, never the loop and never a swap. Knows what the
// API says (json_map.h) and asks a Service for everything else.
#pragma once

#include <boost/asio/io_context.hpp>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>

#include "proxy/control/service.h"

namespace berth::control {

struct ServerSettings {
  /// Connections. For one more the one goes whose client has been waited for longest, to ask or to take its
  /// answer, or else the one that has had the most answers; where all tell how something goes on, or answer
  /// their first request, the new one is told 503.
  std::size_t max_clients = 64;
  std::size_t max_followers = 48;        ///< of them: readers of events, and of logs with follow=1
  std::size_t max_streams = 56;          ///< those, and callers who wait for a swap or a reload
  std::uint32_t max_head = 16 * 1024;    ///< bytes of a request's head
  std::uint64_t max_body = 256 * 1024;   ///< bytes of a request's body
  std::size_t max_queued = 1024 * 1024;  ///< bytes a stream may be behind before it is cut off
  std::chrono::milliseconds request_timeout{10'000};  ///< a whole request, or the silence between two
  std::chrono::milliseconds write_timeout{10'000};    ///< one write to a client that does not read
  std::chrono::milliseconds answer_timeout{5'000};    ///< what the Service may take for a status
  std::chrono::milliseconds close_timeout{1'000};     ///< what close() lets streams finish
  std::chrono::milliseconds linger_timeout{1'000};    ///< what a refused client has to read why
};

class Server {
 public:
  /// Takes over `listening_fd`. `service` outlives the server; everything runs on `control`.
  Server(boost::asio::io_context& control, int listening_fd, Service& service,
         const ServerSettings& settings = {});
  /// Cuts every connection off. Callbacks of the Service that come later fall into the void.
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  /// From now on clients come to `listening_fd`, which it takes over; those that are there stay.
  void listen(int listening_fd);

  /// Accepts no more, ends what waits, lets answers under way reach their clients. `closed` is called (on the
  /// loop, not from within) when that is done, at the latest after close_timeout.
  void close(std::function<void()> closed);

 private:
  class Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace berth::control
