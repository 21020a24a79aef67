// What restarts the server while `berth load` looks: a running berth that is asked to swap, or a command.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "bench/load/report.h"

namespace berth::load_verb {

/// Called about every 100 ms while one waits. True: give up.
using Tick = std::function<bool()>;

/// Asks the berth behind `socket` to bring in a new generation of `app`, and waits until the old one is
/// released. The request itself goes on when one gives up.
load::Restart ask_for_swap(const std::string& socket, const std::string& app, const Tick& tick);

/// Runs the command to its end; what it writes is shown if it fails. It is ended when one gives up.
load::Restart run_command(const std::vector<std::string>& command, const Tick& tick);

}  // namespace berth::load_verb
