// The configuration file: TOML in, values and every fault with its line out. The only part that knows TOML;
// knows neither the command line nor what the values are for.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "config/config.h"
#include "config/config_error.h"
#include "config/env_text.h"

namespace berth {

struct FileResult {
  Config config;                      ///< complete when `errors` is empty
  Origins origins{};                  ///< where each value stands
  std::vector<ConfigError> errors{};  ///< a syntax error is alone; else all there are, in the file's order
};

struct FileSource {
  std::string name;  ///< how errors call it
  std::string dir;   ///< absolute: relative `dir`s are found from it
  Variables variables;
};

/// Reads `text`. Pure but for what `variables` does.
FileResult parse_toml(std::string_view text, const FileSource& source);

/// How long a pipe in a file's place is waited for, where nothing else waits meanwhile.
inline constexpr Milliseconds kPipePatience{5'000};

/// Reads the file at `path` (absolute), called `name` in errors, with the process's environment. Of a pipe it
/// waits for the end, `patience` at most.
FileResult load_file(const std::string& path, const std::string& name, Milliseconds patience = kPipePatience);

}  // namespace berth
