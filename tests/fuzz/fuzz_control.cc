// For libFuzzer: ./dev fuzz control.
#include <cstdio>
#include <cstdlib>

#include "tests/fuzz/control_oracle.h"

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  const auto verdict = berth::fuzz::try_control({reinterpret_cast<const char*>(data), size});
  if (verdict.wrong.empty()) return 0;
  std::fprintf(stderr, "%s\n", verdict.wrong.c_str());
  std::abort();
}
