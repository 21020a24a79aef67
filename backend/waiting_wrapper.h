// Programs that only start another one and wait for it, and that pass a stop signal on to nobody: sent to
// them alone, it would reach nobody else. Pure.
#pragma once

#include <string>
#include <vector>

namespace berth::backend {

/// Whether the program with these words (as in /proc/PID/cmdline) is known to outlive `signal`, or to end by
/// it without a word to what it has started, and to have nothing to do at its own end. What is not known
/// passes it on or ends, and then the rest of its group gets the signal from berth.
bool keeps_signal_to_itself(const std::vector<std::string>& words, int signal);

}  // namespace berth::backend
