// The words in braces: which are replaced, which stay, which are kept for later.
#include "config/placeholders.h"

#include <doctest/doctest.h>

#include <string>

using namespace berth;

namespace {

std::string filled(std::string_view text) {
  return filled_in(text, [](std::string_view name) { return "<" + std::string(name) + ">"; });
}

}  // namespace

TEST_CASE("placeholders: a known name in braces is replaced, doubled it is itself, all else stays") {
  struct Row {
    const char* text;
    const char* filled;
  };
  for (const Row& row :
       {Row{"{port}", "<port>"}, Row{"{host}:{port}", "<host>:<port>"},
        Row{"a{socket}b{fd}", "a<socket>b<fd>"}, Row{"{{port}}", "{port}"}, Row{"{{{port}}}", "{{port}}"},
        Row{"{{port}", "{<port>"}, Row{"{port}}", "<port>}"}, Row{"{{.Names}}", "{{.Names}}"},
        Row{"{}", "{}"}, Row{"{", "{"}, Row{"{{", "{{"}, Row{"{PORT}", "{PORT}"}, Row{"{ port }", "{ port }"},
        Row{"{{out}}", "{out}"}, Row{"{out}", "{out}"}, Row{"{{instance}}{{branch}}", "{instance}{branch}"},
        Row{"${port}", "$<port>"}, Row{"awk '{print {port}}'", "awk '{print <port>}'"}, Row{"", ""}}) {
    CAPTURE(row.text);
    CHECK(filled(row.text) == row.filled);
  }
}

TEST_CASE("placeholders: what a value holds is not looked at again") {
  CHECK(filled_in("{socket}", [](std::string_view) { return std::string("/run/{port}"); }) == "/run/{port}");
}

TEST_CASE("placeholders: a doubled name names nothing") {
  CHECK(names_placeholder("--port={port}", "port"));
  CHECK_FALSE(names_placeholder("--format={{port}}", "port"));
  CHECK(names_placeholder("{{port}} {port}", "port"));
  CHECK_FALSE(names_placeholder("{port}", "fd"));
}

TEST_CASE("placeholders: a reserved name alone is refused with the way to write it") {
  const auto fault = reserved_fault("--out={out}");
  REQUIRE(fault);
  CHECK(*fault ==
        "'--out={out}': the name {out} is reserved for a later berth; write {{out}} where the command is to "
        "get "
        "{out}");
  CHECK(reserved_fault("{instance}"));
  CHECK(reserved_fault("x{branch}y"));
  CHECK_FALSE(reserved_fault("{{out}} {port} {other} out"));
}
