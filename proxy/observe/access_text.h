// Access records as lines: nginx's combined format, which every reader of logs knows, or JSON with
// everything. Bytes of clients are escaped, so that none ends a line or a field. Pure.
#pragma once

#include <string>

#include "config/config.h"
#include "proxy/observe/access_record.h"

namespace berth::observe {

/// Appends one line with its end. Local time in the combined format, UTC in JSON.
void append_access_line(std::string& out, const AccessRecord& record, AccessFormat format);

}  // namespace berth::observe
