#include "config/file_options.h"

namespace berth {

void FileVerbs::add(CLI::App& root) {
  CLI::App* check = root.add_subcommand("check", "every fault of the file, or what it describes");
  add_valued_option(*check, "-c,--config", check_.file, "FILE", "which file (berth.toml)");
  check->add_option("FILE", word_, "which file")->type_name("");
  check->add_flag("--defaults", defaults_, "prints the commented file of all defaults instead");
  check->add_flag("--schema", schema_, "prints the file's JSON schema for editors instead");
  check->add_flag("--json", check_.json, "one object instead of text");
  check->footer(R"(
A fault is told as FILE:LINE:COLUMN: what is wrong; what to write. Nothing is started, and no berth asked.
exit codes: 0 the file can be served here · 2 it has faults

  berth check                          ./berth.toml
  berth check --defaults | less        every key, with its default and its meaning
  berth check -c new.toml && mv new.toml berth.toml)");

  CLI::App* init = root.add_subcommand("init", "write a first berth.toml from what is found here");
  add_valued_option(*init, "-c,--config", init_.file, "FILE", "which file to write (berth.toml)");
  init->add_option("FILE", word_, "which file to write")->type_name("");
  init->add_flag("--force", init_.force, "replaces a file that is there");
  init->add_flag("--json", init_.json, "one object instead of text");
  init->footer(R"(
Looks at the file's directory: package.json's scripts, manage.py, Python files with a FastAPI, Flask or other app,
config.ru, notebooks, index.html. Where nothing is found, the file serves the demo. Nothing is started.
exit codes: 0 written · 1 it could not be written · 2 the file is there already

  berth init && berth run)");
}

std::optional<Verb> FileVerbs::finish(const std::string& name) {
  if (name != "init" && name != "check") return std::nullopt;
  std::optional<std::string>& file = name == "init" ? init_.file : check_.file;
  if (word_ && file)
    return ShowText{
        "berth: two files were given, " + *file + " and " + *word_ + "\nsee: berth " + name + " --help\n", 2};
  if (word_) file = word_;
  if (name == "init") return std::move(init_);
  if (defaults_ && schema_)
    return ShowText{"berth: --defaults and --schema were both given\nsee: berth check --help\n", 2};
  if (defaults_) check_.show = CheckVerb::Show::Defaults;
  if (schema_) check_.show = CheckVerb::Show::Schema;
  return std::move(check_);
}

}  // namespace berth
