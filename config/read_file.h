// A file of somebody's own, read whole and within bounds: whatever stands under its name (a directory, a FIFO
// that nobody writes to, /dev/zero), the caller goes on. Reads the disk.
#pragma once

#include <string>

#include "config/config.h"

namespace berth {

struct FileText {
  std::string text;
  std::string fault{};  ///< why it cannot be read: "it is a directory"; empty: `text` is all of it
};

/// The bytes of the file at `path`, which may be at most `most`. A pipe or a terminal is read to its end, and
/// waited for until `patience` has passed; 0: not at all.
FileText read_file(const std::string& path, std::size_t most, Milliseconds patience = Milliseconds(0));

/// Without the byte order mark that some editors begin a text with (RFC 8259 §8.1 lets a reader ignore it).
std::string without_mark(std::string text);

}  // namespace berth
