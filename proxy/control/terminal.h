// Where a verb's text goes, and what that place can show. Tests put strings in its place.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "config/terminal_text.h"

namespace berth::control {

struct TerminalSize {
  unsigned columns = 80;
  unsigned rows = 24;
};

/// Everything but raw() passes the filter of terminal_text.h, whoever the text came from.
struct Terminal {
  std::function<void(std::string_view)> to_stdout;  ///< as it is: for the functions below alone
  std::function<void(std::string_view)> to_stderr;  ///< the same
  bool live = false;                                ///< a line can be rewritten in place
  bool colour = false;                              ///< as colours_wanted() says
  unsigned columns = 80;
  std::function<TerminalSize()> measure{};  ///< for whom goes on while it is resized; may be empty
  std::function<bool()> takes{};            ///< whether stdout takes a line without waiting; empty: it does

  /// Whole lines, or whole parts of a line, for people. Colours pass if `colour` is set.
  void out(std::string_view text) const;
  /// The same, without colours.
  void err(std::string_view text) const;
  /// Lines of JSON for programs, which a terminal shows without harm.
  void json(std::string_view text) const { to_stdout(terminal_json(text)); }
  /// What out() would write of `text`.
  std::string shown(std::string_view text) const;
  /// Bytes as they are: berth's own movements of the cursor, or what the user has asked for unfiltered.
  void raw(std::string_view bytes) const { to_stdout(bytes); }

  /// Whether what is drawn anew all the time should be drawn now: nobody waits for a terminal to take it.
  bool takes_frame() const { return live && (!takes || takes()); }

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
