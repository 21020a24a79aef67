// The report of `berth load` as one page of HTML: the page's template is part of the program
// (bench/load/page), the report goes into it as it is. Knows nothing of what a report says. Pure.
#pragma once

#include <string>
#include <string_view>

namespace berth::load {

/// The page that shows `json`: a report (docs/load.schema.json), or {"compare": [REPORT, ...], "names":
/// ["a.json",
/// ...]} for runs side by side. It is one file, and asks no network. `json` is taken as JSON and not looked
/// at: text that is none gives a page that says nothing. No byte of it can end the element that it lies in
/// (HTML, "restrictions for contents of script elements").
std::string report_page(std::string_view json);

}  // namespace berth::load
