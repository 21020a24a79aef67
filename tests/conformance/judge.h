// Holds what came of a row against what it wants, and says it in few words. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "tests/conformance/run_row.h"

namespace berth::test {

/// Whose outcome it is: of berth exactly the row's status is wanted, of others any refusal where it refuses.
enum class Whose : std::uint8_t { Berth, Peer };

/// What is not as it should be, a line each; empty: all is well.
std::vector<std::string> complaints(const Row& row, Manner manner, const Outcome& outcome, Whose whose);

/// "400, closed, nothing passed on"
std::string describe(const Outcome& outcome);

}  // namespace berth::test
