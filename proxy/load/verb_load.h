// `berth load`: what users of a server see while it restarts. Drives the load client and what restarts the
// server, shows a live line, and leaves the report as text, JSON and a page.
#pragma once

#include "config/command_line.h"
#include "proxy/control/terminal.h"

namespace berth::load_verb {

/// To an exit code: 0 every bound kept, 1 a bound broken or nothing answered, 2 the call was wrong, 3 no
/// berth.
int run_load(const LoadVerb& verb, const control::Terminal& terminal);

}  // namespace berth::load_verb
