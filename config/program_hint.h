// What was probably meant by a command whose program is not found, and what to type instead. Reads the file
// system, starts nothing.
#pragma once

#include <string>

namespace berth {

/// One sentence without a full stop; empty: nothing is known. `program`: the command's first word; `dir`:
/// where it would run, "" for here.
std::string program_hint(const std::string& program, const std::string& dir);

/// What a text is as the list of words that a file wants: ["flask", "run"]; what only a shell understands
/// becomes ["sh", "-c", "…"].
std::string words_of_text(const std::string& text);

}  // namespace berth
