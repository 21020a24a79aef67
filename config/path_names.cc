#include "config/path_names.h"

#include <filesystem>
#include <system_error>
#include <vector>

namespace berth {
namespace {

namespace fs = std::filesystem;

constexpr int kMostLinks = 40;  ///< as the kernel has it (path_resolution(7))

}  // namespace

std::map<std::string, std::set<std::string>> path_names(const std::string& path) {
  std::map<std::string, std::set<std::string>> names;
  std::vector<std::string> rest;
  const auto put_before = [&rest](const fs::path& parts) {
    std::vector<std::string> before;
    for (const fs::path& part : parts)
      if (part != "/" && part != "." && !part.empty()) before.push_back(part.string());
    rest.insert(rest.begin(), before.begin(), before.end());
  };
  put_before(path);
  fs::path at = "/";
  for (int links = 0; !rest.empty();) {
    const std::string name = rest.front();
    rest.erase(rest.begin());
    if (name == "..") {
      at = at.parent_path();
      continue;
    }
    names[at.string()].insert(name);
    std::error_code error;
    const fs::path target = fs::read_symlink(at / name, error);
    if (error) {
      at /= name;
      continue;
    }
    if (++links > kMostLinks) break;
    if (target.is_absolute()) at = "/";
    put_before(target);
  }
  return names;
}

}  // namespace berth
