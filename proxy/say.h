// Straight to a descriptor: what must be seen even if nothing else works, and the address before all log
// lines.
#pragma once

#include <unistd.h>

#include <string>

#include "config/terminal_text.h"

namespace berth {

/// As terminal_text() lets it pass. Blocks until it is written, or cannot be.
inline void say(int fd, const std::string& words) {
  const auto colours = colours_wanted(fd) ? TextColours::Keep : TextColours::Strip;
  const std::string text = terminal_text(words, colours, TextLines::Many);
  std::size_t written = 0;
  while (written < text.size()) {
    const ssize_t n = ::write(fd, text.data() + written, text.size() - written);
    if (n <= 0) return;
    written += static_cast<std::size_t>(n);
  }
}

}  // namespace berth
