// The one filter for text on its way to a terminal. Whatever comes from outside (a backend's output, a
// server's header, another process's command line, a file) may hold bytes that a terminal obeys: they move
// the cursor, write to the clipboard, or show text in another order than it is read. Pure, except for
// colours_wanted().
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace berth {

enum class TextColours : std::uint8_t {
  Strip,  ///< sequences that set colours are left out
  Keep,   ///< they pass, and end with the line at the latest
};

enum class TextLines : std::uint8_t {
  One,   ///< a newline is shown as '?'
  Many,  ///< a newline passes
};

/// `text` without anything that a terminal obeys, as valid UTF-8. Tabs pass, and with Keep also SGR sequences
/// (ECMA-48 §8.3.117) but for those that hide text. Other complete sequences (CSI, OSC and the like) are left
/// out; every other control character (C0, DEL, C1), every control of writing direction (U+202E and its kin)
/// and every byte that is no UTF-8 is shown as '?', as is U+FFFD, which stands for such bytes.
std::string terminal_text(std::string_view text, TextColours colours, TextLines lines);

/// JSON that means the same, and that a terminal takes as nothing but text: characters that terminal_text()
/// would not let pass become \u escapes, bytes that are no UTF-8 become U+FFFD.
std::string terminal_json(std::string_view json);

/// A character that terminal_text() shows as '?': a control, or one that deceives about the order of text.
bool obeyed_by_terminals(char32_t point);

/// Whether colours may be written to `fd`: a terminal that has them (TERM is set, and is not "dumb"), and
/// NO_COLOR is not set (no-color.org).
bool colours_wanted(int fd);

/// Whether `fd` is a terminal whose cursor can be moved.
bool cursor_moves(int fd);

}  // namespace berth
