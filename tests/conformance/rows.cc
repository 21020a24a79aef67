#include "tests/conformance/rows.h"

namespace berth::test {

std::vector<Group> all_groups() {
  return {length_rows(),      coding_rows(), chunk_rows(), line_rows(), start_line_rows(),
          host_rows(),        target_rows(), hop_rows(),   body_rows(), answer_head_rows(),
          answer_body_rows(), pool_rows(),   tunnel_rows()};
}

}  // namespace berth::test
