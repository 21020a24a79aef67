// What must hold between the values of a Config, whatever they came from: addresses that parse and do not
// overlap, limits that can be kept, names that fit into a path of the API. Knows no file and no command line.
// Pure: whether a directory exists is asked elsewhere.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "config/config.h"
#include "config/config_error.h"

namespace berth {

/// "TERM", "SIGTERM", "15" -> 15. 0: not a signal that can stop a process.
int parse_signal(std::string_view text);
/// 15 -> "TERM"; "34" for one without a name.
std::string signal_text(int signal);

/// Fills in what follows from the rest (a listener for every app, their addresses) and finds every fault.
std::vector<ConfigError> complete(Config& config, const Origins& origins);

}  // namespace berth
