// What restarts the server while `berth load` looks: a running berth that is asked to swap, or a command.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "bench/load/report.h"

namespace berth::load_verb {

/// How the user takes the wait.
enum class Patience : std::uint8_t {
  Waits,
  GivesUp,  ///< a first Ctrl-C: in good order
  Insists,  ///< a second one: at once
};

/// Called about every 100 ms while one waits.
using Tick = std::function<Patience()>;

/// Asks the berth behind `socket` to bring in a new generation of `app`, and waits until the old one is
/// released. The request itself goes on when one gives up.
load::Restart ask_for_swap(const std::string& socket, const std::string& app, const Tick& tick);

/// Runs the command to its end; what it writes is shown if it fails. When one gives up it gets TERM, two
/// seconds later, or when one insists, KILL.
load::Restart run_command(const std::vector<std::string>& command, const Tick& tick);

}  // namespace berth::load_verb
