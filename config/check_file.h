// `berth check`: a file read as `berth run` would read it, and nothing run. Reads the disk.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "config/config.h"
#include "config/config_error.h"

namespace berth {

struct CheckedFile {
  std::string name;                 ///< as the caller calls it
  Config config;                    ///< complete when `errors` is empty
  std::vector<ConfigError> errors;  ///< all there are, of the file and of this machine, in the file's order
};

/// `file`: absent is ./berth.toml; from `working_dir`, which is absolute.
CheckedFile check_file(const std::optional<std::string>& file, const std::string& working_dir);

/// "berth.toml: 2 apps: web on 127.0.0.1:8000; worker without an address". In one line.
std::string description(const CheckedFile& checked);

}  // namespace berth
