// Regular expressions: what they match, what they refuse, and that none of them costs more than its text.
#include "config/pattern.h"

#include <doctest/doctest.h>

#include <string>

using namespace berth;

TEST_CASE("pattern: matches a part of a text, and knows where it begins and ends") {
  CHECK(Pattern("running on .*:[0-9]+").in("INFO: running on http://127.0.0.1:8000"));
  CHECK_FALSE(Pattern("^running").in("INFO: running"));
  CHECK(Pattern(R"(\bword$)").in("a word"));
  CHECK(Pattern("^$").in(""));
  CHECK(Pattern("(?i)STARTED").in("started"));
  CHECK(Pattern("gestartet für").in("gestartet für alle"));
  CHECK(Pattern("up").in("\xff\xfe up"));
  CHECK_FALSE(Pattern("^second").in("first\nsecond"));
  CHECK(Pattern("(?m)^second").in("first\nsecond"));
}

TEST_CASE("pattern: the first group is what it matched") {
  CHECK(Pattern(R"((\w+) = Flask\()").first_group("app = Flask(__name__)") == "app");
  CHECK_FALSE(Pattern(R"((\w+) = Flask\()").first_group("app = FastAPI()"));
}

TEST_CASE("pattern: what cannot be done is refused with what to write instead") {
  struct Row {
    const char* pattern;
    const char* hint;
  };
  for (const Row& row :
       {Row{"(up", "a backslash before one of"}, Row{R"((a)\1)", "no backreference"},
        Row{"up(?=!)", "no lookahead"}, Row{"up(?!!)", "no lookahead"}, Row{"(?<=a)up", "no lookbehind"},
        Row{"(?<!a)up", "no lookbehind"}, Row{R"(\u263a)", R"(\x{263A})"},
        Row{"((a{100}){100}){100}", "a backslash"}, Row{"(.{500}){2}", "fewer or smaller"}}) {
    CAPTURE(row.pattern);
    const auto fault = pattern_fault(row.pattern);
    REQUIRE(fault);
    CAPTURE(fault->what);
    CAPTURE(fault->hint);
    CHECK(fault->hint.find(row.hint) != std::string::npos);
    if (fault->hint.find("smaller") == std::string::npos) CHECK_FALSE(Pattern(row.pattern).in("up!"));
  }
  CHECK_FALSE(pattern_fault(".*started.*"));
}

// What a matcher that tries every way, or recurses for each character, does not come back from.
TEST_CASE("pattern: no pattern takes longer than its text, and none takes the stack") {
  CHECK_FALSE(Pattern("(a+)+b").in(std::string(8 * 1024, 'a')));
  CHECK_FALSE(Pattern(".*.*.*.*=.*started").in(std::string(8 * 1024, '=')));
  CHECK_FALSE(Pattern("(x|y)*z").in(std::string(1 << 20, 'x')));
  CHECK_FALSE(Pattern("(.*){1,20}[^a]").in(std::string(8 * 1024, 'a')));
  const std::string deep = std::string(100'000, '(') + std::string(100'000, ')');
  CHECK(pattern_fault(deep));
  CHECK(pattern_fault(std::string(1 << 20, '*')));
}
