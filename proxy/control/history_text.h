// `berth history` as text: the commands that have served, one a line. Pure.
#pragma once

#include <string>
#include <vector>

#include "proxy/observe/history.h"

namespace berth::control {

/// A table, newest first, in which a command has what is left of `columns`. Ends with a newline.
std::string history_text(const std::vector<observe::ServedCommand>& rows, unsigned columns);

}  // namespace berth::control
