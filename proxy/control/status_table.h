// The apps of a berth as a table that is read at a glance, a line for each generation, made to fit: narrow
// terminals get narrower columns, then fewer. Pure.
#pragma once

#include <string>

#include "proxy/control/service.h"

namespace berth::control {

/// The front in one line, the table, and what wants somebody's eye. Ends with a newline.
std::string status_table(const FrontStatus& front, unsigned columns, bool colour);

/// "12 s", "3 min", "5 h", "2 d"
std::string age_text(std::int64_t ms);

}  // namespace berth::control
