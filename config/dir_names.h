// The names in a directory.
#pragma once

#include <string>
#include <vector>

namespace berth {

/// Sorted, without "." and "..". As far as they can be read: of a directory that is not there, none.
std::vector<std::string> names_in(const std::string& directory);

}  // namespace berth
