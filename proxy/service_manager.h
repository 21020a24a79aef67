// What berth tells the service manager that started it (sd_notify(3)): that it serves, and that it stops.
// Knows nothing of what berth does. Any thread.
#pragma once

#include <string_view>

namespace berth {

/// Sends `state` ("READY=1", "STOPPING=1") to the socket in $NOTIFY_SOCKET, a path or an abstract name
/// ("@..."). Never blocks. Does nothing if the variable is not set; a message that cannot be sent is lost, as
/// sd_notify(3) advises, because a service must also run without its manager.
void notify_service_manager(std::string_view state);

}  // namespace berth
