// What the errno of an attempt to connect says of the port.
#pragma once

#include <cerrno>

namespace berth::route {

/// Whether nobody listens there. Other errors may be for want of something on this side.
inline bool means_closed(int error) { return error == ECONNREFUSED || error == ENOENT; }

}  // namespace berth::route
