// Reports as `berth load` writes them, of runs that never were: seeded, the same at every call. For tests of
// what reads reports.
#pragma once

#include <boost/json/object.hpp>
#include <cstdint>
#include <string>

namespace berth::test {

/// A run to make up.
struct SampleRun {
  std::uint64_t seed = 1;
  int seconds = 10;
  int rate = 200;        ///< requests a second; 0: none at all
  int swaps = 0;         ///< spread evenly over the run
  bool failing = false;  ///< failures of every kind in its middle, every third swap failed, bounds broken
  double spread = 0.5;   ///< of the latencies' logarithms
};

/// The report of such a run (docs/load.schema.json).
boost::json::object sample_report(const SampleRun& run);

}  // namespace berth::test
