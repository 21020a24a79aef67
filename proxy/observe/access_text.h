// Access records as lines: nginx's combined format, which every reader of logs knows, or JSON with
// everything. Bytes of clients are escaped, so that none ends a line or a field. Pure.
#pragma once

#include <ctime>
#include <string>

#include "config/config.h"
#include "proxy/observe/access_record.h"

namespace berth::observe {

/// Makes lines. A second's text is made once for all lines of that second. Not thread-safe.
class AccessText {
 public:
  /// Appends one line with its end. Local time in the combined format, UTC in JSON.
  void append(std::string& out, const AccessRecord& record, AccessFormat format);

 private:
  struct Second {
    std::time_t number = -1;
    std::string text{};
    /// As strftime(3) has it; `parts` is localtime_r or gmtime_r.
    const std::string& at(std::int64_t unix_us, std::tm* (*parts)(const std::time_t*, std::tm*),
                          const char* format);
  };
  void append_combined(std::string& out, const AccessRecord& record);
  void append_json(std::string& out, const AccessRecord& record);

  Second local_, utc_;
};

}  // namespace berth::observe
