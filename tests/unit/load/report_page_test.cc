// The page as a text: where the report goes, and that nothing gets out of its element. A browser looks at
// what it shows (tests/e2e/report_page_browser.py).
#include <doctest/doctest.h>

#include <regex>
#include <string>

#include "bench/load/report_page.h"

using berth::load::report_page;

namespace {

std::size_t times(const std::string& text, std::string_view part) {
  std::size_t found = 0;
  for (auto at = text.find(part); at != std::string::npos; at = text.find(part, at + part.size())) ++found;
  return found;
}

}  // namespace

TEST_CASE("report page: the report lies once in its element, byte for byte") {
  const std::string report = R"({"verdict":"kept","command":["berth","load","@REPORT@","@PAGE_JS@"]})";
  const std::string page = report_page(report);
  CHECK(times(page, "<script type=\"application/json\" id=\"report\">" + report + "</script>") == 1);
  CHECK(times(page, "@REPORT@") == 1);
  CHECK(times(page, "@PAGE_JS@") == 1);
  CHECK(page.find("@PAGE_CSS@") == std::string::npos);
  CHECK(page.starts_with("<!doctype html>"));
  CHECK(page.ends_with("</html>\n"));
}

TEST_CASE("report page: no string of a report ends its element, or begins a comment") {
  const std::size_t ends = times(report_page("{}"), "</script>");
  for (const char* evil : {"</script><script>boom()</script>", "<!--<script>", "</SCRIPT >", "a < b"}) {
    const std::string page = report_page("{\"message\":\"" + std::string(evil) + "\"}");
    INFO(evil);
    CHECK(times(page, "</script>") == ends);
    CHECK(page.find(evil) == std::string::npos);
  }
  CHECK(report_page(R"({"m":"</script>"})").find(R"({"m":"\u003c/script>"})") != std::string::npos);
}

TEST_CASE("report page: it is one file") {
  std::string page = report_page("{}");
  // SVG's name is an address that nobody opens.
  page = std::regex_replace(page, std::regex(R"('http://www\.w3\.org/2000/svg')"), "");
  CHECK_FALSE(std::regex_search(
      page, std::regex(R"(https?://|url\(['"]?[^#]|@import|<(script|img|iframe)[^>]*\ssrc)")));
  CHECK(times(page, "<link") == 1);
  CHECK(page.find("<link rel=\"icon\" href=\"data:,\">") != std::string::npos);
  CHECK(page.find("default-src 'none'") != std::string::npos);
}
