#include "config/terminal_text.h"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <unistd.h>

#include <cstdlib>
#include <string>
#include <string_view>

namespace berth {
namespace {

using namespace std::string_view_literals;

std::string bare(std::string_view text) { return terminal_text(text, TextColours::Strip, TextLines::One); }
std::string painted(std::string_view text) { return terminal_text(text, TextColours::Keep, TextLines::One); }

}  // namespace

TEST_CASE("terminal text: what people write passes as it is") {
  for (const std::string_view text :
       {"plain \t~"sv, "caf\u00e9 \u2713 \u65e5\u672c \U0001f680"sv, "\u05e9\u05dc\u05d5\u05dd"sv,
        "\U0001f468\u200d\U0001f469\u200d\U0001f467"sv, "\u00a0"sv, ""sv}) {
    CHECK(bare(text) == text);
    CHECK(painted(text) == text);
  }
}

TEST_CASE("terminal text: nothing that a terminal obeys passes") {
  struct Row {
    std::string_view text;
    std::string_view shown;
  };
  constexpr Row kRows[] = {
      {"a\x1b[2Jb"sv, "ab"sv},      // clears the screen
      {"a\x1b[?1049hb"sv, "ab"sv},  // another screen
      {"a\x1b[6nb"sv, "ab"sv},      // answers into the shell's input
      {"a\x1b]52;c;cm0gLXJmIC8=\x07"
       "b"sv,
       "ab"sv},                            // writes to the clipboard
      {"a\x1b]0;title\x1b\\b"sv, "ab"sv},  // names the window
      {"a\x1bP$q\"p\x1b\\b"sv, "ab"sv},    // DCS
      {"a\x1b_x\x1b\\b"sv, "ab"sv},        // APC
      {"a\x1b(0b"sv, "ab"sv},              // another character set
      {"a\x1b"
       "cb"sv,
       "a?cb"sv},  // resets
      {"a\x1b"sv, "a?"sv},
      {"a\x1b["sv, "a?["sv},
      {"a\x1b[31"sv, "a?[31"sv},
      {"a\x1b]52;c;never"sv, "a?]52;c;never"sv},
      {"a\x1b]0;x\ny\x07"sv, "a?]0;x?y?"sv},
      {"a\x1b[3\x1b[2Jb"sv, "a?[3b"sv},
      {"bell\x07"sv, "bell?"sv},
      {"nul\0nul"sv, "nul?nul"sv},
      {"over\rwritten"sv, "over?written"sv},
      {"back\x08\x08"sv, "back??"sv},
      {"del\x7f"sv, "del?"sv},
      {"one\ntwo"sv, "one?two"sv},
      {"c1 \xc2\x9b"
       "31m"sv,
       "c1 ?31m"sv},  // CSI as one character
      {"c1 \xc2\x9d"
       "52;c;x\xc2\x9c"sv,
       "c1 ?52;c;x?"sv},
      {"c1 \xc2\x80\xc2\x85\xc2\x9f"sv, "c1 ???"sv},
      {"c1 \x9b"
       "31m"sv,
       "c1 ?31m"sv},  // and as one byte
      {"bidi \u202e\u202a\u202d"sv, "bidi ???"sv},
      {"bidi \u2066x\u2069\u200e\u200f\u061c"sv, "bidi ?x????"sv},
      {"lines \u2028\u2029"sv, "lines ??"sv},
      {"bom \ufeff"sv, "bom ?"sv},
      {"latin \xe9t\xe9"sv, "latin ?t?"sv},
      {"overlong \xc0\x9b\xe0\x80\x9b"sv, "overlong ?????"sv},
      {"surrogate \xed\xa0\x80"sv, "surrogate ???"sv},
      {"cut \xe2\x82"sv, "cut ??"sv},
      {"cut by the API \ufffd"sv, "cut by the API ?"sv},
  };
  for (const Row& row : kRows) {
    CAPTURE(row.shown);
    CHECK(bare(row.text) == row.shown);
    CHECK(painted(row.text) == row.shown);
  }
}

TEST_CASE("terminal text: colours pass where they are wanted, and end with the line") {
  CHECK(bare("\x1b[31mred\x1b[0m") == "red");
  CHECK(painted("\x1b[31mred\x1b[0m") == "\x1b[31mred\x1b[0m");
  CHECK(painted("\x1b[1;38;5;8;48;2;8;8;8mred\x1b[m") == "\x1b[1;38;5;8;48;2;8;8;8mred\x1b[m");
  CHECK(painted("\x1b[38:2::1:2:3mred") == "\x1b[38:2::1:2:3mred\x1b[0m");
  CHECK(terminal_text("\x1b[31mred\nmore", TextColours::Keep, TextLines::Many) == "\x1b[31mred\x1b[0m\nmore");
  // 8 hides what follows; "ESC [ > … m" sets how keys are sent.
  for (const char* text : {"\x1b[8mx", "\x1b[0;8mx", "\x1b[1;08mx", "\x1b[>4;2mx", "\x1b[?4mx", "\x1b[1 mx"})
    CHECK(painted(text) == "x");
  CHECK(painted("\x1b[" + std::string(200, '1') + "mx") == "x");
  CHECK(painted("\x1b[38mx\x1b[0m") == "\x1b[38mx\x1b[0m");
  CHECK(painted("\x1b[38;5mx\x1b[0m") == "\x1b[38;5mx\x1b[0m");
}

TEST_CASE("terminal text: JSON keeps its meaning") {
  CHECK(terminal_json("{\"a\": \"caf\u00e9 \\u001b\"}\n") == "{\"a\": \"caf\u00e9 \\u001b\"}\n");
  CHECK(terminal_json("[\"\u202e\xc2\x9b\x7f\"]") == "[\"\\u202e\\u009b\\u007f\"]");
  CHECK(terminal_json("[\"\x1b\"]") == "[\"\\u001b\"]");
  CHECK(terminal_json("[\"\xff\"]") == "[\"\ufffd\"]");
}

TEST_CASE("terminal text: no colours without a terminal, nor on one that has none") {
  const auto old = [](const char* name) {
    const char* value = ::getenv(name);
    return std::pair(value != nullptr, std::string(value == nullptr ? "" : value));
  };
  const auto [had_term, term] = old("TERM");
  const auto [had_no, no_color] = old("NO_COLOR");
  const int master = ::posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
  REQUIRE(master >= 0);
  ::unsetenv("NO_COLOR");
  ::setenv("TERM", "xterm", 1);
  CHECK(colours_wanted(master));
  CHECK(cursor_moves(master));
  ::setenv("NO_COLOR", "1", 1);
  CHECK_FALSE(colours_wanted(master));
  CHECK(cursor_moves(master));
  ::unsetenv("NO_COLOR");
  for (const char* dumb : {"dumb", ""}) {
    ::setenv("TERM", dumb, 1);
    CHECK_FALSE(colours_wanted(master));
  }
  ::unsetenv("TERM");
  CHECK_FALSE(colours_wanted(master));
  CHECK_FALSE(cursor_moves(master));
  ::close(master);
  if (had_term) ::setenv("TERM", term.c_str(), 1);
  if (had_no) ::setenv("NO_COLOR", no_color.c_str(), 1);
}

}  // namespace berth
