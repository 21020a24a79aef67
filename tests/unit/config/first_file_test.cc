#include "config/first_file.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <set>

#include "config/toml_file.h"

namespace berth {
namespace {

struct Here {
  std::map<std::string, std::string> files{};
  std::map<std::string, std::string> scripts{};
  std::set<std::string> programs{};
};

FirstFile found_in(const Here& here) {
  Directory directory;
  for (const auto& [name, text] : here.files) directory.names.push_back(name);
  directory.scripts = here.scripts;
  directory.read = [&](const std::string& name) {
    const auto found = here.files.find(name);
    return found == here.files.end() ? std::string() : found->second;
  };
  directory.has_program = [&](const std::string& name) { return here.programs.contains(name); };
  return first_file(directory);
}

Config good(const std::string& text) {
  const FileResult read =
      parse_toml(text, {"berth.toml", "/srv/site", [](const std::string&) { return std::nullopt; }});
  for (const ConfigError& error : read.errors) FAIL_CHECK(error.text());
  return read.config;
}

/// The file with every key that it only shows.
std::string opened(const std::string& text) {
  std::string out = text;
  for (std::size_t at = out.find("\n#"); at != std::string::npos; at = out.find("\n#", at + 1))
    if (out[at + 2] != ' ') out.erase(at + 1, 1);
  return out;
}

}  // namespace

TEST_CASE("init: what lies in a directory tells the command") {
  using Words = std::vector<std::string>;
  struct Row {
    Here here;
    Words command;
  };
  const Row rows[] = {
      {{.files = {{"main.py", "import x\napp = FastAPI(title='x')\n"}}}, {"uvicorn", "main:app"}},
      {{.files = {{"main.py", "api: FastAPI = fastapi.FastAPI()\n"}}}, {"uvicorn", "main:api"}},
      {{.files = {{"app.py", "app = Flask(__name__)\n"}}}, {"flask", "--app", "app", "run"}},
      {{.files = {{"site.py", "web = flask.Flask(__name__)\n"}}}, {"flask", "--app", "site:web", "run"}},
      {{.files = {{"app.py", "app = Starlette()\n"}}, .programs = {".venv/bin/uvicorn"}},
       {".venv/bin/uvicorn", "app:app"}},
      {{.files = {{"app.py", "app = Quart(__name__)\n"}, {"uv.lock", ""}}},
       {"uv", "run", "uvicorn", "app:app"}},
      {{.files = {{"page.py", "import streamlit as st\n"}}}, {"streamlit", "run", "page.py"}},
      {{.files = {{"manage.py", ""}, {"app.py", "app = FastAPI()\n"}}},
       {"python3", "manage.py", "runserver"}},
      {{.files = {{"package.json", ""}}, .scripts = {{"dev", "vite"}, {"start", "node x.js"}}},
       {"npm", "run", "dev"}},
      {{.files = {{"package.json", ""}}, .scripts = {{"dev", "tsc && node x.js"}, {"start", "next start"}}},
       {"npm", "run", "start"}},
      {{.files = {{"package.json", ""}, {"pnpm-lock.yaml", ""}}, .scripts = {{"start", "node x.js"}}},
       {"pnpm", "run", "start"}},
      {{.files = {{"package.json", ""}, {"yarn.lock", ""}}, .scripts = {{"serve", "x"}}},
       {"yarn", "run", "serve"}},
      {{.files = {{"config.ru", ""}}}, {"puma"}},
      {{.files = {{"config.ru", ""}, {"Gemfile", "gem 'puma'\n"}}}, {"bundle", "exec", "puma"}},
      {{.files = {{"config.ru", ""}, {"Gemfile", "source 'x'\ngem \"rails\", '~> 6'\n"}}},
       {"bundle", "exec", "rails", "server"}},
      {{.files = {{"Gemfile", "gem 'rails'\n"}}, .programs = {"bin/rails"}}, {"bin/rails", "server"}},
      {{.files = {{"a.ipynb", ""}}}, {"jupyter", "lab"}},
      {{.files = {{"index.html", ""}}}, {"python3", "-m", "http.server"}},
      {{.files = {{"index.html", ""}, {"package.json", ""}}, .scripts = {{"dev", "vite"}}},
       {"npm", "run", "dev"}},
      {{.files = {{"notes.py", "def make():\n  app = Flask(__name__)\n"}}}, {"berth", "demo"}},
      {{}, {"berth", "demo"}},
  };
  for (const Row& row : rows) {
    const FirstFile file = found_in(row.here);
    CAPTURE(file.text);
    const Config config = good(file.text);
    REQUIRE(config.apps.size() == 1);
    CHECK(config.apps[0].name == "web");
    CHECK(config.apps[0].listen == "127.0.0.1:8000");
    CHECK(config.apps[0].command == row.command);
    CHECK(good(opened(file.text)).apps.size() == std::max<std::size_t>(file.found.size(), 1));
  }
}

TEST_CASE("init: what else is found stands there as a comment") {
  const FirstFile file = found_in({.files = {{"app.py", "app = Flask(__name__)\n"}, {"package.json", ""}},
                                   .scripts = {{"dev", "next dev"}}});
  REQUIRE(file.found.size() == 2);
  CHECK(file.found[0].name == "web");
  CHECK(good(file.text).apps.size() == 1);
  const Config all = good(opened(file.text));
  REQUIRE(all.apps.size() == 2);
  CHECK(all.apps[1].name == "frontend");
  CHECK(all.apps[1].listen == "127.0.0.1:8001");
  CHECK(all.apps[1].command == std::vector<std::string>{"npm", "run", "dev"});
  CHECK(all.apps[1].swap == SwapOrder::StopStart);
}

TEST_CASE("init: a page beside a server is a part of that") {
  const FirstFile file =
      found_in({.files = {{"index.html", ""}, {"package.json", ""}}, .scripts = {{"dev", "vite"}}});
  REQUIRE(file.found.size() == 1);
  CHECK(file.found[0].told_by == "package.json's script dev");
}

TEST_CASE("init: a server whose swaps have to be stop-start gets them, and is told why") {
  const FirstFile file = found_in({.files = {{"package.json", ""}}, .scripts = {{"dev", "next dev"}}});
  CHECK(good(file.text).apps.at(0).swap == SwapOrder::StopStart);
  CHECK(file.text.find("spoil each other's .next") != std::string::npos);
}

}  // namespace berth
