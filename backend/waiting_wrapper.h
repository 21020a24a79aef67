// Programs that only start another one and wait for it (npm, a shell), and do not pass the stop signal to it.
// If they alone got the signal, the server would never hear of it. Pure.
#pragma once

#include <string>
#include <vector>

namespace berth::backend {

/// Whether the program with these words (as in /proc/PID/cmdline) is known to start another one without
/// passing `signal` to it. False for every program that is not known.
bool keeps_signal_to_itself(const std::vector<std::string>& words, int signal);

}  // namespace berth::backend
