# Writes OUTPUT: page.html with its style and its scripts in it, as the two texts around the report.
#   cmake -DPAGE=this folder -DOUTPUT=file.cc -P page.cmake
file(READ ${PAGE}/page.html page)
file(READ ${PAGE}/page.css style)
set(scripts text.js plot.js charts.js tables.js report.js compare.js start.js)
set(code "")
foreach(script IN LISTS scripts)
  file(READ ${PAGE}/${script} text)
  string(APPEND code "${text}")
endforeach()
# No script can end the element or the literal that it lies in.
foreach(part IN ITEMS style code)
  string(FIND "${${part}}" "</" at)
  if(NOT at EQUAL -1)
    message(FATAL_ERROR "the ${part} of the report page holds \"</\"")
  endif()
endforeach()
string(REPLACE "@PAGE_CSS@" "${style}" page "${page}")
string(REPLACE "@PAGE_JS@" "${code}" page "${page}")

set(place "@REPORT@")
string(FIND "${page}" "${place}" at)
string(FIND "${page}" "${place}" last REVERSE)
if(at EQUAL -1 OR NOT at EQUAL last)
  message(FATAL_ERROR "the report page needs one ${place}")
endif()
string(LENGTH "${place}" length)
string(SUBSTRING "${page}" 0 ${at} before)
math(EXPR after_at "${at} + ${length}")
string(SUBSTRING "${page}" ${after_at} -1 after)
file(WRITE ${OUTPUT} "#include <string_view>

namespace berth::load {
extern const std::string_view kPageBefore;
extern const std::string_view kPageAfter;
const std::string_view kPageBefore = R\"page(${before})page\";
const std::string_view kPageAfter = R\"page(${after})page\";
}  // namespace berth::load
")
