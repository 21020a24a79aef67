// The command of a launch as it is really started: a known server gets the words that put it where berth
// wants it. Reads package.json for npm's scripts; starts nothing.
#pragma once

#include <string>

namespace berth::backend {

struct LaunchSpec;

/// Changes the command, and the readiness path where the user has not chosen one. Gives the one line that
/// says so, with {port} in it; empty: nothing was done.
std::string equip(LaunchSpec& spec);

}  // namespace berth::backend
