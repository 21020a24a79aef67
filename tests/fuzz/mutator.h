// Changes of messages that tend to matter, chosen by a seed: for runs that can be repeated where libFuzzer is
// not.
#pragma once

#include <random>
#include <string>
#include <vector>

namespace berth::fuzz {

/// One of `seeds`, changed a few times, behind two bytes that say how it comes.
std::string mutated(const std::vector<std::string>& seeds, std::mt19937_64& chance);

}  // namespace berth::fuzz
