#include <algorithm>
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <map>
#include <memory>
#include <sstream>
#include <system_error>

#include "config/check_file.h"
#include "config/first_file.h"
#include "config/json_text.h"
#include "config/machine_check.h"
#include "config/read_file.h"
#include "proxy/control/verbs.h"

namespace berth::control {
namespace {

namespace fs = std::filesystem;
namespace json = boost::json;

constexpr std::size_t kLargestRead = 1024UL * 1024;  // a larger file says nothing

std::string read_text(const fs::path& path) {
  return without_mark(read_file(path.string(), kLargestRead).text);
}

std::map<std::string, std::string> scripts_of(const std::string& package) {
  std::map<std::string, std::string> scripts;
  json::error_code error;
  const json::value value = json::parse(package, error);
  const auto* object = error ? nullptr : value.if_object();
  const auto* found = object == nullptr ? nullptr : object->if_contains("scripts");
  const auto* listed = found == nullptr ? nullptr : found->if_object();
  if (listed == nullptr) return scripts;
  for (const auto& [name, script] : *listed)
    if (const auto* text = script.if_string())
      scripts[std::string(name)] = std::string(text->data(), text->size());
  return scripts;
}

/// The name if a shell finds this very program by it, else its path.
std::string own_program() {
  std::error_code error;
  const fs::path self = fs::read_symlink("/proc/self/exe", error);
  const char* path = std::getenv("PATH");
  std::istringstream search(path == nullptr ? "" : path);
  for (std::string dir; std::getline(search, dir, ':');) {
    if (!is_program(fs::path(dir) / "berth")) continue;
    return fs::equivalent(fs::path(dir) / "berth", self, error) ? "berth" : self.string();
  }
  return self.string();
}

Directory directory_of(const fs::path& dir) {
  Directory directory;
  std::error_code error;
  for (fs::directory_iterator it(dir, error), end; !error && it != end; it.increment(error))
    if (it->is_regular_file(error)) directory.names.push_back(it->path().filename().string());
  std::sort(directory.names.begin(), directory.names.end());
  directory.scripts = scripts_of(read_text(dir / "package.json"));
  directory.read = [dir](const std::string& name) { return read_text(dir / name); };
  directory.has_program = [dir](const std::string& name) { return is_program(dir / name); };
  directory.berth = own_program();
  return directory;
}

/// 0, or errno. `replace` false: EEXIST where something is there.
int write_text(const fs::path& path, const std::string& text, bool replace) {
  const auto close = [](std::FILE* file) { return std::fclose(file); };
  std::unique_ptr<std::FILE, decltype(close)> file(std::fopen(path.c_str(), replace ? "we" : "wxe"), close);
  if (!file) return errno;
  if (std::fwrite(text.data(), 1, text.size(), file.get()) != text.size()) return errno;
  return std::fclose(file.release()) == 0 ? 0 : errno;
}

std::string written_text(const std::string& name, const FirstFile& file, const CheckedFile& checked) {
  std::string text = name + ": written; ";
  if (file.found.empty()) text += "nothing was found here that serves, so it serves the demo";
  for (std::size_t i = 0; i < file.found.size(); ++i) {
    const FoundApp& app = file.found[i];
    text += (i == 0   ? ""
             : i == 1 ? "\nalso found, as comments in it: "
                      : ", ") +
            command_text(app.command) + " (" + app.told_by + ")";
  }
  const std::string option = name == "berth.toml" ? "" : " -c " + name;
  if (checked.errors.empty()) return text + "\nnext: berth run" + option + "\n";
  text += "\nbefore it can run:\n";
  for (const ConfigError& error : checked.errors) text += "  " + error.text() + "\n";
  return text + "next: berth check" + option + "\n";
}

json::object written_json(const std::string& name, const FirstFile& file, const CheckedFile& checked) {
  json::array apps;
  for (const FoundApp& app : file.found) {
    json::array words;
    for (const std::string& word : app.command) words.emplace_back(word);
    apps.push_back(json::object{{"name", app.name}, {"command", std::move(words)}, {"told_by", app.told_by}});
  }
  return {{"file", name}, {"found", std::move(apps)}, {"ok", checked.errors.empty()}};
}

}  // namespace

int run_verb(const InitVerb& verb, const Terminal& terminal) {
  std::error_code ignored;
  const fs::path here = fs::current_path(ignored);
  const std::string name = verb.file.value_or("berth.toml");
  const fs::path path = (here / name).lexically_normal();
  const Target as_told{.control = {}, .app = {}, .json = verb.json};
  const FirstFile file = first_file(directory_of(path.parent_path()));
  const int error = write_text(path, file.text, verb.force);
  if (error == EEXIST)
    return tell_problem(
        {.exit_code = 2,
         .type = "file-exists",
         .title = "The file is there already",
         .detail = name + " is there already; look at it with berth check, or replace it with --force"},
        as_told, terminal);
  if (error != 0)
    return tell_problem({.exit_code = 1,
                         .type = "cannot-write",
                         .title = "The file cannot be written",
                         .detail = name + " cannot be written: " + std::generic_category().message(error)},
                        as_told, terminal);
  const CheckedFile checked = check_file(verb.file, here.string());
  if (verb.json)
    terminal.json(json_text(written_json(name, file, checked)) + "\n");
  else
    terminal.out(written_text(name, file, checked));
  return 0;
}

}  // namespace berth::control
