// A whole file as text, or one sentence that says why it cannot be read.
#pragma once

#include <string>

namespace berth::load_verb {

struct TextFile {
  std::string text;   ///< without a byte order mark
  std::string error;  ///< not empty: what is wrong, with the path
};
/// UTF-8 is taken as it is; a file of UTF-16 is refused. Blocks.
TextFile read_text_file(const std::string& path);

}  // namespace berth::load_verb
