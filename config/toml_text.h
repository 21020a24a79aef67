// Values as the file would write them: the way back from toml_file.h. Texts and lists of them are JSON, too.
// Pure.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "config/config.h"

namespace berth {

/// A name as it stands in a table's header: in quotes where it has to.
std::string toml_key(std::string_view name);
/// In quotes, with escapes where they are needed.
std::string toml_text(std::string_view text);
std::string toml_words(const std::vector<std::string>& words);
std::string toml_truth(bool value);
/// "30s", in quotes
std::string toml_duration(Milliseconds value);
/// { NAME = "value" }
std::string toml_variables(const std::map<std::string, std::string>& variables);

}  // namespace berth
