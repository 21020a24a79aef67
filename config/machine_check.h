// What a Config needs of this machine: directories, users, programs, addresses. Asks the file system, the
// user database and the kernel; starts nothing.
#pragma once

#include <string>
#include <vector>

#include "config/config.h"
#include "config/config_error.h"

namespace berth {

/// Whether a file is there that may be executed.
bool is_program(const std::string& path);

/// Directories that are not there and users that do not exist or cannot be become: nothing may run.
std::vector<ConfigError> machine_faults(const Config& config, const Origins& origins);

/// The same for who only looks: also programs that are not found and addresses that this machine lacks, which
/// `berth run` finds when it needs them, and nothing that only root could do. A port that is taken is no
/// fault.
std::vector<ConfigError> machine_faults_to_check(const Config& config, const Origins& origins);

}  // namespace berth
