// The words of a script of package.json: quotes are understood, and what only a shell can do is refused.
#include "config/script_words.h"

#include <doctest/doctest.h>

using berth::script_words;
using Words = std::vector<std::string>;

TEST_CASE("script words: blanks cut, quotes keep together and disappear") {
  CHECK(script_words("vite") == Words{"vite"});
  CHECK(script_words("  next\tdev  -p 1 ") == Words{"next", "dev", "-p", "1"});
  CHECK(script_words("A='b c' vite --mode \"x | y\"") == Words{"A=b c", "vite", "--mode", "x | y"});
  CHECK(script_words("vite '$HOME' \"it's\" ''") == Words{"vite", "$HOME", "it's", ""});
}

TEST_CASE("script words: what is more than one plain command has none") {
  for (const char* script :
       {"", "  ", "tsc && vite", "vite & wait", "vite | tee log", "a; b", "vite > log", "vite $PORT",
        "vite \"$PORT\"", "vite `port`", "(vite)", "vite *.html", "vite 'open", "vite \"open", "vite \\",
        "vite # x", "vite\nvite", "! vite", "vite ~/x"}) {
    CAPTURE(std::string(script));
    CHECK_FALSE(script_words(script));
  }
}
