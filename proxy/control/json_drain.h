// What a drain came to, by kind, as the API has it.
#pragma once

#include <boost/json/object.hpp>

#include "proxy/observe/drain_count.h"

namespace berth::control {

/// {"requests": {"finished": 12, "ended": 0, "cut": 0}, "event_streams": …}
boost::json::object to_json(const observe::DrainCount& count);

/// What is missing, or of another kind, is 0.
observe::DrainCount drain_count_from(const boost::json::object& object);

}  // namespace berth::control
