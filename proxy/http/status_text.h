// The reason phrases of the statuses that a server sends by itself. Pure.
#pragma once

#include <string_view>

namespace berth::http {

/// "Bad Gateway": the phrase of a status from 400 to 599, as IANA's registry has it; of one that it does not
/// have, "Client Error" or "Server Error".
std::string_view status_text(int status);

}  // namespace berth::http
