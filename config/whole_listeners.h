// The listeners of one `listen` as one: a list's addresses are opened together, because all :0 of a list get
// one number. Pure.
#pragma once

#include <vector>

#include "config/config.h"

namespace berth {

/// One for each `listen` of `listeners`, in their order, with all addresses of the list in the list's order.
/// The `text` is the list's. The limits and `trusted` are the defaults: each address has its own.
std::vector<ListenerConfig> whole_listeners(const std::vector<ListenerConfig>& listeners);

}  // namespace berth
