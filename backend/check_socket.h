// The connection of a readiness check, which must leave no TIME_WAIT on the backend's port and must not take
// a connection to itself for an answer. Knows no protocol.
#pragma once

#include <boost/asio/basic_stream_socket.hpp>
#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/asio/io_context.hpp>
#include <functional>
#include <memory>
#include <string>

#include "backend/loop_timer.h"
#include "backend/reach.h"

namespace berth::backend {

using CheckProtocol = boost::asio::generic::stream_protocol;  ///< TCP and unix alike
using CheckSocket = boost::asio::basic_stream_socket<CheckProtocol, boost::asio::io_context::executor_type>;

/// Opens it CLOEXEC, with linger 0 (whenever it is closed, no state stays behind), connects it, and proves
/// the connection. Calls `done` from a handler with what went wrong, which is empty where the backend has the
/// connection. Closing the socket ends it without a call.
void connect_check(const std::shared_ptr<CheckSocket>& socket, const ReachPtr& to,
                   std::function<void(const std::string& failure)> done);

/// Waits for the peer's end, a fifth of a second at most, then closes: a server that is still writing or
/// reading is not shown a reset. The socket is the function's own from then on.
void close_after_peer(std::shared_ptr<CheckSocket> socket);

}  // namespace berth::backend
