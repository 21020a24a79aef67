// Writes the seeds into a directory for each target, a file each: where libFuzzer's corpus begins.
#include <fstream>

#include "tests/fuzz/control_oracle.h"
#include "tests/fuzz/seeds.h"

namespace {

void write(const std::string& to, const std::vector<std::string>& seeds) {
  for (std::size_t n = 0; n < seeds.size(); ++n)
    std::ofstream(to + "/seed-" + std::to_string(n), std::ios::binary) << std::string(2, '\0') << seeds[n];
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 4) return 2;
  write(argv[1], berth::fuzz::request_seeds());
  write(argv[2], berth::fuzz::response_seeds());
  write(argv[3], berth::fuzz::control_seeds());
}
