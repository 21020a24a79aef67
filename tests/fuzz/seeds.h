// Where the mutations begin: messages of every kind, sound and not.
#pragma once

#include <string>
#include <vector>

namespace berth::fuzz {

const std::vector<std::string>& request_seeds();
const std::vector<std::string>& response_seeds();

}  // namespace berth::fuzz
