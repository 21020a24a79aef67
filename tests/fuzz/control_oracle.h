// What must hold of the control API's server for whatever bytes a client sends: it answers in whole messages
// of valid HTTP and JSON, asks of the Service only what is sound, and is done once the client has gone.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "tests/fuzz/oracle.h"

namespace berth::fuzz {

/// `bytes`: what a client sends. The first two say how they come in pieces. Passed on: the Service was asked.
Verdict try_control(std::string_view bytes);

/// Requests of every kind, sound and not.
const std::vector<std::string>& control_seeds();

}  // namespace berth::fuzz
