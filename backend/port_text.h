// What backend/port.h found out, as sentences for people: the same words in `berth port`, `berth run` and
// wherever a holder is named. Asks nothing of the kernel but the user's own number and the local time.
#pragma once

#include <string>
#include <vector>

#include "backend/port.h"

namespace berth::backend {

/// "127.0.0.1:8000 is taken", then lines with two blanks before each: the holders and what can be done. No
/// newline at the end.
std::string port_text(const Endpoint& endpoint, const ProbeResult& result);

/// Only those further lines, each after a newline: for who has a first line of its own.
std::string port_details(const ProbeResult& result);

/// "3 in TIME_WAIT, for 58 s still".
std::string leftovers_text(const ProbeResult& result);

/// One line for each of the neighbours, each after a newline: "  note: 10.0.0.1:8000 is listened on by …, so
/// 0.0.0.0:8000 is not free".
std::string neighbours_text(const std::vector<Holder>& neighbours);

}  // namespace berth::backend
