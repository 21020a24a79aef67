// One client connection of the demo: its requests, one after the other, until either side ends it. The only
// file beneath it that uses Beast. Lives in the demo's loop and keeps itself alive while it runs.
#pragma once

#include <boost/asio/ip/tcp.hpp>
#include <memory>

#include "backend/demo/facts.h"

namespace berth::demo {

class Session {
 public:
  virtual ~Session() = default;
  /// The server stops: an idle connection is closed now, a stream ends after what it is sending, a running
  /// request is answered and then the connection is closed. Facts::stopping is already set.
  virtual void end_soon() = 0;
};

/// Begins to serve `socket`. `facts` outlives the loop's run. The result only serves for end_soon().
std::weak_ptr<Session> start_session(boost::asio::ip::tcp::socket socket, Facts& facts);

}  // namespace berth::demo
