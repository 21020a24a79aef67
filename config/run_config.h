// From `berth run` as it was typed to the Config that runs: the file, or one app from the options. The one
// place that reads the disk for it. Knows neither TOML's syntax nor the parser of the command line.
#pragma once

#include <string>
#include <vector>

#include "config/command_line.h"
#include "config/config.h"
#include "config/config_error.h"
#include "config/toml_file.h"

namespace berth {

struct RunConfig {
  Config config;
  std::string file{};               ///< absolute; empty: the options speak for themselves
  std::string control{};            ///< --control; empty: by the rules of the control socket
  std::vector<ConfigError> errors;  ///< not empty: nothing may run
  bool nothing_to_run = false;      ///< neither command nor file: print run_explanation(), exit 2
  Milliseconds wait{0};             ///< --wait: for a busy address
  Origins origins{};                ///< where each value came from
};

/// `working_dir`: absolute, the caller's; relative directories and ./berth.toml are found from it.
/// `patience`: how long a pipe in the file's place is waited for.
RunConfig make_run_config(const RunVerb& verb, const std::string& working_dir,
                          Milliseconds patience = kPipePatience);

/// The faults as one text for stderr.
std::string errors_text(const std::vector<ConfigError>& errors);

}  // namespace berth
