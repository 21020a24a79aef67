#include "config/pattern.h"

#include <re2/re2.h>

#include <algorithm>
#include <array>

namespace berth {
namespace {

// Of the compiled pattern and of what it remembers while it matches.
constexpr std::int64_t kMostMemory = 1 << 20;
constexpr int kLargestProgram = 1'000;  ///< instructions

RE2::Options options() {
  RE2::Options chosen;
  chosen.set_log_errors(false);
  chosen.set_max_mem(kMostMemory);
  return chosen;
}

re2::StringPiece piece(std::string_view text) { return {text.data(), text.size()}; }

struct Lack {
  std::string_view sign;
  std::string_view hint;
};

// What other libraries have and RE2 has not, by how it begins.
constexpr std::array<Lack, 6> kLacks{{{"(?=", "there is no lookahead: match what follows, too"},
                                      {"(?!", "there is no lookahead: list what may stand there, as in [^x]"},
                                      {"(?<", "there is no lookbehind: match what stands before, too"},
                                      {"\\k", "there is no backreference: write the repeated text twice"},
                                      {"\\u", "a character by its number is \\x{263A}"},
                                      {"\\c", "a control character by its number is \\x1B"}}};

bool is_backreference(std::string_view rest) {
  return rest.size() > 1 && rest[0] == '\\' && rest[1] >= '1' && rest[1] <= '9';
}

/// `wrong`: the part of the pattern that RE2 stumbled over.
std::string hint_for(std::string_view wrong) {
  if (is_backreference(wrong)) return "there is no backreference: write the repeated text twice";
  for (const Lack& lack : kLacks)
    if (wrong.starts_with(lack.sign)) return std::string(lack.hint);
  return "a backslash before one of ( ) [ ] { } . * + ? | takes it as it is";
}

}  // namespace

struct Pattern::Compiled {
  explicit Compiled(std::string_view pattern) : expression(piece(pattern), options()) {}
  RE2 expression;
};

std::optional<PatternFault> pattern_fault(std::string_view pattern) {
  const RE2 tried(piece(pattern), options());
  if (!tried.ok()) return PatternFault{tried.error(), hint_for(tried.error_arg())};
  if (tried.ProgramSize() > kLargestProgram)
    return PatternFault{"it is too large", "write fewer or smaller {repetitions}"};
  return std::nullopt;
}

Pattern::Pattern(std::string_view pattern) : compiled_(std::make_unique<Compiled>(pattern)) {}
Pattern::Pattern(Pattern&&) noexcept = default;
Pattern& Pattern::operator=(Pattern&&) noexcept = default;
Pattern::~Pattern() = default;

std::size_t Pattern::instructions() const {
  return static_cast<std::size_t>(std::max(1, compiled_->expression.ProgramSize()));
}

bool Pattern::in(std::string_view text) const {
  const RE2& expression = compiled_->expression;
  return expression.ok() && RE2::PartialMatch(piece(text), expression);
}

std::optional<std::string> Pattern::first_group(std::string_view text) const {
  const RE2& expression = compiled_->expression;
  std::string found;
  if (!expression.ok() || expression.NumberOfCapturingGroups() < 1 ||
      !RE2::PartialMatch(piece(text), expression, &found))
    return std::nullopt;
  return found;
}

}  // namespace berth
