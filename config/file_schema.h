// The file's JSON schema for editors (draft-07, which taplo and Even Better TOML read), made of key_table.h.
// It holds what one value may be; what must hold between values is `berth check`'s. Pure.
#pragma once

#include <string>

namespace berth {

std::string file_schema();

}  // namespace berth
