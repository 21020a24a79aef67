// The tables of the conformance suite, a file for each theme.
#pragma once

#include <vector>

#include "tests/conformance/row.h"

namespace berth::test {

Group length_rows();
Group coding_rows();
Group chunk_rows();
Group line_rows();
Group start_line_rows();
Group host_rows();
Group target_rows();
Group hop_rows();
Group body_rows();
Group answer_head_rows();
Group answer_body_rows();
Group pool_rows();
Group tunnel_rows();

/// All of them, in the order in which docs/conformance.md has them.
std::vector<Group> all_groups();

}  // namespace berth::test
