// Which files of a directory tell of a server. Private to first_file.h. Pure.
#pragma once

#include <vector>

#include "config/first_file.h"

namespace berth {

/// The likeliest first.
std::vector<FoundApp> found_apps(const Directory& directory);

}  // namespace berth
