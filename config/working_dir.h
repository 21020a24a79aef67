// Where a program was started, as its user sees it. Reads the environment and the file system.
#pragma once

#include <string>

namespace berth {

/// The working directory: $PWD where that names it, so that a link on the way stays one (as `pwd -L`), else
/// its real path. Empty: it has been removed.
std::string working_dir();

/// `path` as `base` has it, without . and .. where the kernel would come to the same place without them:
/// behind a link it need not.
std::string joined_path(const std::string& base, const std::string& path);

}  // namespace berth
