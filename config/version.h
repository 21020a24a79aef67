// Which berth this is: the version of the release and the revision it was built from.
#pragma once

#include <string_view>

namespace berth {

extern const std::string_view kVersion;  ///< "0.1.0"
extern const std::string_view
    kRevision;  ///< "3f2a91c0b7d4", with "+" for a changed tree; "unknown" without git

}  // namespace berth
