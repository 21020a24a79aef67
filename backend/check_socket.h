// The connection of a readiness check, which must leave no TIME_WAIT on the backend's port and must not take
// a connection to itself for an answer. Knows no protocol.
#pragma once

#include <boost/asio/basic_stream_socket.hpp>
#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/asio/io_context.hpp>
#include <memory>

#include "backend/loop_timer.h"
#include "config/endpoint.h"

namespace berth::backend {

using CheckProtocol = boost::asio::generic::stream_protocol;  ///< TCP and unix alike
using CheckSocket = boost::asio::basic_stream_socket<CheckProtocol, boost::asio::io_context::executor_type>;

/// Opens it CLOEXEC, with linger 0: whenever it is closed, no state stays behind.
bool open_check_socket(CheckSocket& socket, const Endpoint& endpoint);

CheckProtocol::endpoint check_endpoint(const Endpoint& endpoint);

/// A connect to a closed port of the ephemeral range can meet itself (simultaneous open): that is a refusal.
bool connected_to_itself(const CheckSocket& socket);

/// Waits for the peer's end, a fifth of a second at most, then closes: a server that is still writing or
/// reading is not shown a reset. The socket is the function's own from then on.
void close_after_peer(std::shared_ptr<CheckSocket> socket);

}  // namespace berth::backend
