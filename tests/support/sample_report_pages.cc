// sample_report_pages DIR: writes pages of made-up runs, each with its report beside it as JSON.
#include <boost/json/array.hpp>
#include <boost/json/serialize.hpp>
#include <fstream>
#include <iostream>

#include "bench/load/report_page.h"
#include "tests/support/sample_reports.h"

using berth::test::sample_report;

int main(int argc, char** argv) {
  if (argc != 2) {
    std::cerr << "usage: sample_report_pages DIR\n";
    return 2;
  }
  const auto write = [&](const std::string& name, const boost::json::object& report) {
    const std::string text = boost::json::serialize(report), to = argv[1] + std::string("/") + name;
    std::ofstream(to + ".json") << text;
    std::ofstream(to + ".html") << berth::load::report_page(text);
  };
  const auto good = sample_report({.seed = 1, .seconds = 101, .rate = 300, .swaps = 50});
  const auto failing =
      sample_report({.seed = 2, .seconds = 24, .rate = 300, .swaps = 8, .failing = true, .spread = 0.9});
  write("good", good);
  write("failing", failing);
  write("empty", sample_report({.seconds = 0, .rate = 0}));
  write("second", sample_report({.seed = 3, .seconds = 1, .rate = 100, .swaps = 1}));
  // Latencies from 50 ns to hours, and more swaps than a plot has pixels.
  write("hour", sample_report({.seed = 4, .seconds = 3600, .rate = 20, .swaps = 2000, .spread = 2.5}));
  write("compare", {{"compare", {good, failing}}, {"names", {"behind berth.json", "alone.json"}}});
}
