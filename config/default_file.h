// The commented file of all defaults, made of key_table.h. Pure.
#pragma once

#include <string>

namespace berth {

/// A file that serves one app, with every key at its default behind a `#` and its sentence above it. Taking
/// those `#` away changes nothing.
std::string default_file();

}  // namespace berth
