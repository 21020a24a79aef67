#include "tests/e2e/app_copy.h"

#include <cstdlib>
#include <filesystem>
#include <stdexcept>

#include "tests/support/berth_process.h"

namespace berth::test {
namespace {

const std::filesystem::path kModules = BERTH_NODE_MODULES;

}  // namespace

AppCopy::AppCopy(const std::string& name) {
  std::filesystem::copy(app_path(name), temp_.path(), std::filesystem::copy_options::recursive);
}

void AppCopy::link_node_modules() const {
  if (!std::filesystem::exists(kModules / ".bin"))
    throw std::runtime_error(kModules.string() + " is not there: ./dev test installs it from tests/node");
  std::filesystem::create_directory_symlink(kModules, temp_ / "node_modules");
}

std::map<std::string, std::string> node_env() {
  const char* path = std::getenv("PATH");
  return {{"PATH", (kModules / ".bin").string() + ":" + (path == nullptr ? "" : path)},
          {"NEXT_TELEMETRY_DISABLED", "1"},
          {"NEXT_IGNORE_INCORRECT_LOCKFILE", "1"},
          {"npm_config_update_notifier", "false"}};
}

}  // namespace berth::test
