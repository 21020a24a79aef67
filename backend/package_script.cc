#include "backend/package_script.h"

#include <algorithm>
#include <boost/json/parse.hpp>
#include <filesystem>
#include <system_error>
#include <vector>

#include "config/read_file.h"

namespace berth::backend {
namespace {

namespace fs = std::filesystem;
namespace json = boost::json;

constexpr std::size_t kLargestPackage = 1024UL * 1024;
constexpr std::size_t kMostDirectories = 256;

std::optional<json::object> package_of(const fs::path& dir) {
  const FileText file = read_file((dir / "package.json").string(), kLargestPackage);
  if (!file.fault.empty()) return std::nullopt;
  boost::system::error_code error;
  const json::value package = json::parse(without_mark(file.text), error);
  if (error || !package.is_object()) return std::nullopt;
  return package.get_object();
}

std::vector<fs::path> directories_in(const fs::path& dir) {
  std::vector<fs::path> found;
  std::error_code error;
  for (fs::directory_iterator it(dir, error), end; !error && it != end; it.increment(error)) {
    const std::string name = it->path().filename().string();
    if (name.starts_with(".") || name == "node_modules" || found.size() >= kMostDirectories) continue;
    std::error_code ignored;
    if (it->is_directory(ignored)) found.push_back(it->path());
  }
  std::sort(found.begin(), found.end());
  return found;
}

bool is_package(const fs::path& dir, const std::string& name) {
  const auto package = package_of(dir);
  if (!package) return false;
  const json::value* own = package->if_contains("name");
  return own != nullptr && own->is_string() && std::string_view(own->get_string()) == name;
}

/// Where the workspace at `root` has the package, by its name or its path: in a directory, or in one of those
/// directories' directories, where workspaces keep their packages.
std::optional<fs::path> package_dir(const fs::path& root, const std::string& name) {
  std::error_code error;
  const fs::path by_path = root / name;
  if (fs::is_regular_file(by_path / "package.json", error)) return by_path;
  std::vector<fs::path> all = directories_in(root);
  const std::size_t groups = all.size();
  for (std::size_t i = 0; i < groups && all.size() < kMostDirectories; ++i)
    for (fs::path& each : directories_in(all[i])) all.push_back(std::move(each));
  for (const fs::path& dir : all)
    if (is_package(dir, name)) return dir;
  for (const fs::path& dir : all)
    if (dir.filename() == name && fs::is_regular_file(dir / "package.json", error)) return dir;
  return std::nullopt;
}

}  // namespace

std::optional<std::string> package_script(const std::string& dir, const ScriptCall& call) {
  fs::path from = fs::path(dir.empty() ? "." : dir) / call.dir;
  if (!call.package.empty()) {
    const auto found = package_dir(from, call.package);
    if (!found) return std::nullopt;
    from = *found;
  }
  const auto package = package_of(from);
  const json::value* scripts = package ? package->if_contains("scripts") : nullptr;
  if (scripts == nullptr || !scripts->is_object()) return std::nullopt;
  const json::value* script = scripts->get_object().if_contains(call.script);
  if (script == nullptr || !script->is_string()) return std::nullopt;
  return std::string(script->get_string());
}

}  // namespace berth::backend
