// The scripts of a Node package, as package managers find them: here, in a directory that the command names,
// or in a package of the workspace. Reads the disk, starts nothing.
#pragma once

#include <optional>
#include <string>

#include "config/wrappers.h"

namespace berth::backend {

/// The text of the script that `call` names, for a command that runs in `dir`; nullopt: there is none, or
/// package.json cannot be read.
std::optional<std::string> package_script(const std::string& dir, const ScriptCall& call);

}  // namespace berth::backend
