#include "bench/load/report_page.h"

namespace berth::load {

/// What page.cmake makes of the files in page/, up to the report and after it.
extern const std::string_view kPageBefore;
extern const std::string_view kPageAfter;

std::string report_page(std::string_view json) {
  std::string page;
  page.reserve(kPageBefore.size() + json.size() + kPageAfter.size());
  page += kPageBefore;
  // In JSON '<' stands in strings alone, where its escape means the same; without it there is neither
  // "</script" nor
  // "<!--".
  for (char c : json) {
    if (c == '<') {
      page += "\\u003c";
    } else {
      page += c;
    }
  }
  page += kPageAfter;
  return page;
}

}  // namespace berth::load
