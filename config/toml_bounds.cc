#include "config/toml_bounds.h"

#include <algorithm>
#include <cstdio>
#include <utility>
#include <vector>

namespace berth {
namespace {

constexpr std::size_t kDeepest = 64;
constexpr std::string_view kByteOrderMark = "\xef\xbb\xbf";

class Scan {
 public:
  explicit Scan(std::string_view text) : text_(text) {}

  std::optional<TomlBound> run() {
    if (auto wrong = control_character()) return wrong;
    if (text_.starts_with(kByteOrderMark)) at_ = kByteOrderMark.size();
    while (at_ < text_.size()) {
      // Strings and comments are stepped over as a whole. In the place of a key or a value the parser takes
      // for granted that such a character is no blank, in a way that is undefined where it is not
      // (toml++ 3.3).
      if (static_cast<unsigned char>(text_[at_]) >= 0x80)
        return bound("this character is not ASCII: put the name or the text that it belongs to in quotes");
      step();
      if (depth() <= kDeepest) continue;
      --at_;
      return bound("tables and lists lie more than " + std::to_string(kDeepest) + " deep within each other");
    }
    return std::nullopt;
  }

 private:
  TomlBound bound(std::string what) const {
    return {line_, static_cast<unsigned>(at_ - line_begin_ + 1), std::move(what)};
  }

  /// The parser of Debian 12 asserts, where one stands in the place of a key.
  std::optional<TomlBound> control_character() const {
    unsigned line = 1;
    std::size_t begin = 0;
    for (std::size_t i = 0; i < text_.size(); ++i) {
      const auto byte = static_cast<unsigned char>(text_[i]);
      if (byte == '\n') {
        ++line;
        begin = i + 1;
      }
      if ((byte >= 0x20 && byte != 0x7f) || byte == '\n' || byte == '\t' || byte == '\r') continue;
      char code[8];
      std::snprintf(code, sizeof code, "\\u%04x", byte);
      return TomlBound{
          line, static_cast<unsigned>(i - begin + 1),
          "a control character stands here, which TOML has as " + std::string(code) + " in a text"};
    }
    return std::nullopt;
  }

  /// What is open: a bracket or a brace, and the dots of the key before it.
  struct Level {
    std::size_t dots = 0;
    char open = 0;
  };

  std::size_t depth() const { return header_ + above_ + levels_.size() + dots_; }

  void step() {
    const char c = text_[at_];
    if (c == '"' || c == '\'') return skip_string(c);
    if (c == '#') return skip_comment();
    ++at_;
    switch (c) {
      case '\n':
        return end_line();
      case '.':
        ++dots_;
        return;
      case '[':
      case '{':
        return open(c);
      case ']':
      case '}':
        return close();
      case ',':
        dots_ = 0;
        return;
      case ' ':
      case '\t':
      case '\r':
        return;
      default:
        begun_ = true;
    }
  }

  /// A bracket that begins a line outside all others begins a header.
  void open(char c) {
    const bool within = !levels_.empty();
    if (!begun_ && !within) header_ = 0;
    in_header_ = in_header_ || (!begun_ && !within);
    levels_.push_back({dots_, c});
    above_ += dots_;
    dots_ = 0;
    begun_ = true;
  }

  void close() {
    if (levels_.empty()) return;
    if (in_header_) header_ = std::max(header_, dots_);
    above_ -= levels_.back().dots;
    levels_.pop_back();
    dots_ = 0;
  }

  void end_line() {
    ++line_;
    line_begin_ = at_;
    // Only a list and, with newer texts, an inline table goes on in the next line; a header does not.
    if (in_header_) {
      levels_.clear();
      above_ = 0;
    }
    in_header_ = false;
    begun_ = !levels_.empty();
    dots_ = 0;
  }

  void skip_comment() {
    while (at_ < text_.size() && text_[at_] != '\n') ++at_;
  }

  void skip_string(char quote) {
    begun_ = true;
    const std::string fence(3, quote);
    const bool many = text_.substr(at_, 3) == fence;
    at_ += many ? 3 : 1;
    while (at_ < text_.size()) {
      const char c = text_[at_];
      if (c == '\\' && quote == '"' && at_ + 1 < text_.size() && text_[at_ + 1] != '\n') {
        at_ += 2;
        continue;
      }
      if (c == '\n' && !many) return;  // the parser stops here
      if (c == '\n') {
        ++line_;
        line_begin_ = at_ + 1;
      }
      if (c == quote && !many) {
        ++at_;
        return;
      }
      if (many && text_.substr(at_, 3) == fence) {
        at_ += 3;
        // Two more quotes may belong to the text (TOML 1.0, Strings).
        for (int more = 0; more < 2 && at_ < text_.size() && text_[at_] == quote; ++more) ++at_;
        return;
      }
      ++at_;
    }
  }

  std::string_view text_;
  std::size_t at_ = 0;
  unsigned line_ = 1;
  std::size_t line_begin_ = 0;
  std::vector<Level> levels_;
  std::size_t above_ = 0;   ///< the dots of the keys that what is open belongs to
  std::size_t dots_ = 0;    ///< of the key, or the number, under way
  std::size_t header_ = 0;  ///< the dots of the last header: the table that keys go to
  bool begun_ = false;      ///< the line has more than blanks
  bool in_header_ = false;
};

}  // namespace

std::optional<TomlBound> toml_beyond_bounds(std::string_view text) { return Scan(text).run(); }

}  // namespace berth
