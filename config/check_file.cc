#include "config/check_file.h"

#include <filesystem>
#include <system_error>
#include <utility>

#include "config/machine_check.h"
#include "config/toml_file.h"

namespace berth {
namespace {

namespace fs = std::filesystem;

std::string place_text(const AppConfig& app) {
  if (app.listen.empty()) return app.name + " without an address";
  std::string text = app.name + " on " + app.listen;
  for (std::size_t i = 0; i < app.hosts.size(); ++i) text += (i == 0 ? " at " : ", ") + app.hosts[i];
  if (app.path != "/") text += (app.hosts.empty() ? " at " : " ") + app.path;
  return app.mode == AppMode::Tcp ? text + " (tcp)" : text;
}

}  // namespace

CheckedFile check_file(const std::optional<std::string>& file, const std::string& working_dir) {
  CheckedFile checked{file.value_or("berth.toml"), {}, {}};
  const fs::path path = (fs::path(working_dir) / checked.name).lexically_normal();
  std::error_code error;
  if (!fs::exists(path, error)) {
    checked.errors.push_back({checked.name, "there is no such file",
                              file ? "berth init -c FILE writes one"
                                   : "berth init writes one, berth check -c FILE looks at another"});
    return checked;
  }
  FileResult read = load_file(path.string(), checked.name);
  checked.config = std::move(read.config);
  checked.errors = std::move(read.errors);
  for (ConfigError& each : machine_faults_to_check(checked.config, read.origins))
    checked.errors.push_back(std::move(each));
  sort_by_place(checked.errors);
  return checked;
}

std::string description(const CheckedFile& checked) {
  const std::vector<AppConfig>& apps = checked.config.apps;
  std::string text =
      checked.name + ": " + std::to_string(apps.size()) + (apps.size() == 1 ? " app: " : " apps: ");
  for (std::size_t i = 0; i < apps.size(); ++i) text += (i == 0 ? "" : "; ") + place_text(apps[i]);
  return text;
}

}  // namespace berth
