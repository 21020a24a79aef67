// A regular expression of somebody's own: RE2's syntax (https://github.com/google/re2/wiki/Syntax), matched
// in time that grows with the text alone, in bounded memory and without recursion. The only door to RE2.
// Pure.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace berth {

/// Why a pattern cannot be used.
struct PatternFault {
  std::string what;  ///< "missing ): (up"
  std::string hint;  ///< what to write instead
};

/// nullopt: the pattern can be used. What RE2 cannot do (backreferences, lookaround) is a fault with a hint.
std::optional<PatternFault> pattern_fault(std::string_view pattern);

/// A pattern that has no fault; one that has matches nothing. ^ and $ are the text's ends, and with (?m)
/// those of each line.
class Pattern {
 public:
  explicit Pattern(std::string_view pattern);
  Pattern(Pattern&&) noexcept;
  Pattern& operator=(Pattern&&) noexcept;
  ~Pattern();

  /// How many instructions it is compiled to, 1 at least: a byte of a text costs at most a look at each.
  std::size_t instructions() const;
  /// Whether any part of the text matches. The text may be any bytes.
  bool in(std::string_view text) const;
  /// What the pattern's first group matched; nullopt: nothing matches.
  std::optional<std::string> first_group(std::string_view text) const;

 private:
  struct Compiled;
  std::unique_ptr<Compiled> compiled_;
};

}  // namespace berth
