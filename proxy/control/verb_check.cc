#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <filesystem>
#include <system_error>

#include "config/check_file.h"
#include "config/default_file.h"
#include "config/file_schema.h"
#include "config/json_text.h"
#include "config/mode_text.h"
#include "proxy/control/verbs.h"

namespace berth::control {
namespace {

namespace json = boost::json;

json::array words(const std::vector<std::string>& list) {
  json::array array;
  for (const std::string& word : list) array.emplace_back(word);
  return array;
}

json::object to_json(const ConfigError& error) {
  const FilePlace place = file_place(error.where);
  return {{"file", place.file},
          {"line", place.line},
          {"column", place.column},
          {"what", error.what},
          {"hint", error.hint}};
}

json::object to_json(const AppConfig& app) {
  return {{"name", app.name},     {"mode", mode_text(app.mode)},
          {"listen", app.listen}, {"host", words(app.hosts)},
          {"path", app.path},     {"command", words(app.command)}};
}

json::object to_json(const CheckedFile& checked) {
  json::array errors;
  json::array apps;
  for (const ConfigError& error : checked.errors) errors.push_back(to_json(error));
  // What could not be read would show as its default.
  if (checked.errors.empty())
    for (const AppConfig& app : checked.config.apps) apps.push_back(to_json(app));
  return {{"file", checked.name},
          {"ok", checked.errors.empty()},
          {"errors", std::move(errors)},
          {"apps", std::move(apps)}};
}

}  // namespace

int run_verb(const CheckVerb& verb, const Terminal& terminal) {
  if (verb.show != CheckVerb::Show::Faults) {
    terminal.out(verb.show == CheckVerb::Show::Schema ? file_schema() : default_file());
    return 0;
  }
  std::error_code ignored;
  const CheckedFile checked = check_file(verb.file, std::filesystem::current_path(ignored).string());
  const std::size_t faults = checked.errors.size();
  if (verb.json) terminal.json(json_text(to_json(checked)) + "\n");
  if (faults == 0) {
    if (!verb.json) terminal.out(description(checked) + "\n");
    return 0;
  }
  std::string text;
  for (const ConfigError& error : checked.errors) text += error.text() + "\n";
  terminal.err(text + "berth: " + std::to_string(faults) + (faults == 1 ? " fault\n" : " faults\n"));
  return 2;
}

}  // namespace berth::control
