// Where a verb's text goes, and what that place can show. Tests put strings in its place.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace berth::control {

struct TerminalSize {
  unsigned columns = 80;
  unsigned rows = 24;
};

struct Terminal {
  std::function<void(std::string_view)> out;
  std::function<void(std::string_view)> err;
  bool live = false;    ///< a line can be rewritten in place
  bool colour = false;  ///< a terminal, and NO_COLOR is not set
  unsigned columns = 80;
  std::function<TerminalSize()> measure{};  ///< for whom goes on while it is resized; may be empty

  TerminalSize size_now() const { return measure ? measure() : TerminalSize{.columns = columns}; }
  /// stdout and stderr of this process.
  static Terminal of_process();
};

/// A verb's exit code, or 1 in the place of 0 where the process's stdout did not take what was written to it,
/// as a full disk does: that is said on stderr.
int exit_code_of_output(int exit_code);

/// Colours where they are wanted, the bare text otherwise.
class Paint {
 public:
  explicit Paint(bool colour) : colour_(colour) {}
  std::string good(std::string_view text) const { return wrap("32", text); }
  std::string bad(std::string_view text) const { return wrap("1;31", text); }
  std::string warn(std::string_view text) const { return wrap("33", text); }
  std::string bold(std::string_view text) const { return wrap("1", text); }
  std::string dim(std::string_view text) const { return wrap("2", text); }
  /// One of six colours, the next number's is another.
  std::string of_number(std::uint64_t number, std::string_view text) const;

 private:
  std::string wrap(std::string_view code, std::string_view text) const;
  bool colour_;
};

/// How many columns UTF-8 text takes, colours left out and every character taken for one column wide.
std::size_t width_of(std::string_view text);
/// `text` filled up with blanks to `width` columns; longer text gets one blank.
std::string padded(std::string_view text, std::size_t width);
/// At most `width` columns of text without colours, cut with "…".
std::string shortened(std::string_view text, std::size_t width);
/// Words joined as a shell would take them.
std::string command_text(const std::vector<std::string>& command);

}  // namespace berth::control
