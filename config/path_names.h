// The way that the kernel takes from a path to its file, link by link. Reads links; opens nothing.
#pragma once

#include <map>
#include <set>
#include <string>

namespace berth {

/// The directories that `path`, which is absolute, leads through, each with the names in it that matter: its
/// parts, and those of every link's target. The last file, under its real name, is among them. What is not
/// there is taken as it is written.
std::map<std::string, std::set<std::string>> path_names(const std::string& path);

}  // namespace berth
