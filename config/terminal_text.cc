#include "config/terminal_text.h"

#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "config/utf8.h"

namespace berth {
namespace {

constexpr char kEscape = '\x1b';
constexpr char kBell = '\x07';
constexpr std::string_view kReset = "\x1b[0m";
/// What stands for bytes that were no UTF-8, in text that has come through the API.
constexpr char32_t kNoCharacter = 0xfffd;
constexpr std::size_t kLongestColour = 64;  ///< bytes between "ESC [" and "m"; colours of any kind need fewer

bool is_control(char32_t point) { return point < 0x20 || (point >= 0x7f && point < 0xa0); }

/// Changes the order in which text is shown, ends lines, or is nothing to be seen at all.
bool is_deceptive(char32_t point) {
  return point == 0x061c || point == 0x200e || point == 0x200f || (point >= 0x2028 && point <= 0x202e) ||
         (point >= 0x2066 && point <= 0x2069) || point == 0xfeff || (point >= 0xfff9 && point <= 0xfffb);
}

bool within(char c, char first, char last) { return c >= first && c <= last; }

/// The length of a control sequence "ESC [ … final" (ECMA-48 §5.4) that `text` begins with; 0: it is none.
std::size_t csi_length(std::string_view text) {
  std::size_t at = 2;
  while (at < text.size() && within(text[at], '\x30', '\x3f')) ++at;
  while (at < text.size() && within(text[at], '\x20', '\x2f')) ++at;
  return at < text.size() && within(text[at], '\x40', '\x7e') ? at + 1 : 0;
}

/// The length of a string to the terminal "ESC ] … BEL" or "… ESC \" (ECMA-48 §5.6); 0: it has no end here.
std::size_t string_length(std::string_view text) {
  for (std::size_t at = 2; at < text.size(); ++at) {
    if (text[at] == kBell) return at + 1;
    if (text[at] == kEscape) return at + 1 < text.size() && text[at + 1] == '\\' ? at + 2 : 0;
    if (text[at] == '\n') return 0;
  }
  return 0;
}

/// The length of the complete sequence that `text` begins with, an ESC in front; 0: it is none.
std::size_t sequence_length(std::string_view text) {
  if (text.size() < 2) return 0;
  const char kind = text[1];
  if (kind == '[') return csi_length(text);
  if (std::string_view("]PX^_").find(kind) != std::string_view::npos) return string_length(text);
  std::size_t at = 1;  // "ESC ( B" and the like (ECMA-35 §13.2)
  while (at < text.size() && within(text[at], '\x20', '\x2f')) ++at;
  return at > 1 && at < text.size() && within(text[at], '\x30', '\x7e') ? at + 1 : 0;
}

/// The numbers of an SGR sequence; nullopt: there is something else among them.
std::optional<std::vector<unsigned>> parameters(std::string_view text) {
  std::vector<unsigned> numbers;
  for (;;) {
    const auto end = std::min(text.find(';'), text.size());
    std::string_view one = text.substr(0, end);
    if (one.find_first_not_of("0123456789:") != std::string_view::npos) return std::nullopt;
    unsigned number = 0;
    std::from_chars(one.data(), one.data() + one.size(), number);
    numbers.push_back(number);
    if (end == text.size()) return numbers;
    text.remove_prefix(end + 1);
  }
}

/// Sets colours and the like, and does not hide text (8).
bool is_colour(std::string_view sequence) {
  if (!sequence.starts_with("\x1b[") || !sequence.ends_with('m') || sequence.size() > kLongestColour)
    return false;
  const auto numbers = parameters(sequence.substr(2, sequence.size() - 3));
  if (!numbers) return false;
  for (std::size_t n = 0; n < numbers->size(); ++n) {
    const unsigned number = (*numbers)[n];
    if (number == 8) return false;
    const bool takes_colour = number == 38 || number == 48 || number == 58;
    if (!takes_colour || n + 1 == numbers->size()) continue;
    const unsigned kind = (*numbers)[n + 1];
    if (kind == 5 || kind == 2) n += kind == 5 ? 2 : 4;
  }
  return true;
}

bool is_reset(std::string_view sequence) { return sequence == kReset || sequence == "\x1b[m"; }

}  // namespace

bool obeyed_by_terminals(char32_t point) { return is_control(point) || is_deceptive(point); }

std::string terminal_text(std::string_view text, TextColours colours, TextLines lines) {
  std::string out;
  out.reserve(text.size());
  bool painted = false;
  const auto end_colour = [&] {
    if (std::exchange(painted, false)) out += kReset;
  };
  while (!text.empty()) {
    const std::size_t sequence = text.front() == kEscape ? sequence_length(text) : 0;
    if (sequence != 0) {
      const std::string_view whole = text.substr(0, sequence);
      if (colours == TextColours::Keep && is_colour(whole)) {
        out += whole;
        painted = !is_reset(whole);
      }
      text.remove_prefix(sequence);
      continue;
    }
    const std::size_t length = utf8_length(text);
    const std::string_view character = text.substr(0, std::max<std::size_t>(length, 1));
    const char32_t point = length == 0 ? 0 : utf8_code_point(character);
    if (point == '\n' && lines == TextLines::Many) {
      end_colour();
      out += '\n';
    } else if (point == '\t') {
      out += '\t';
    } else if (point == kNoCharacter || obeyed_by_terminals(point)) {
      out += '?';
    } else {
      out += character;
    }
    text.remove_prefix(character.size());
  }
  end_colour();
  return out;
}

std::string terminal_json(std::string_view json) {
  constexpr std::string_view kHex = "0123456789abcdef";
  constexpr std::string_view kReplacement = "\xef\xbf\xbd";
  std::string out;
  out.reserve(json.size());
  while (!json.empty()) {
    const std::size_t length = utf8_length(json);
    const std::string_view character = json.substr(0, std::max<std::size_t>(length, 1));
    const char32_t point = length == 0 ? 0 : utf8_code_point(character);
    const bool between = point == '\n' || point == '\t' || point == '\r';  // RFC 8259 §2: outside of texts
    if (length == 0) {
      out += kReplacement;
    } else if (!between && obeyed_by_terminals(point)) {
      out += "\\u";
      for (int shift = 12; shift >= 0; shift -= 4) out += kHex[(point >> shift) & 15];
    } else {
      out += character;
    }
    json.remove_prefix(character.size());
  }
  return out;
}

bool cursor_moves(int fd) {
  const char* term = std::getenv("TERM");
  const bool dumb = term == nullptr || *term == '\0' || std::string_view(term) == "dumb";
  return !dumb && ::isatty(fd) == 1;
}

bool colours_wanted(int fd) {
  const char* no_color = std::getenv("NO_COLOR");
  return cursor_moves(fd) && (no_color == nullptr || *no_color == '\0');
}

}  // namespace berth
