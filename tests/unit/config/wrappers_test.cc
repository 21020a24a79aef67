// Options of known servers that take a value, and the options of what starts them.
#include "config/wrappers.h"

#include <doctest/doctest.h>

#include <sstream>
#include <string>
#include <vector>

#include "config/known_servers.h"
#include "config/server_table.h"

using namespace berth;

namespace {

using Words = std::vector<std::string>;

Words split(std::string_view text) {
  Words words;
  std::istringstream in{std::string(text)};
  for (std::string word; in >> word;) words.push_back(word);
  return words;
}

std::string join(const Words& words) {
  std::string text;
  for (const std::string& word : words) text += (text.empty() ? "" : " ") + word;
  return text;
}

std::string recognised(std::string_view text) {
  const auto found = recognise(split(text), [](const ScriptCall&) { return std::optional<std::string>(); });
  return found ? join(found->command) : "nobody";
}

}  // namespace

TEST_CASE("known servers: the value of an option is nobody's place, for every server and every option") {
  int looked_at = 0;
  for (const KnownServer& server : server_table()) {
    std::string begin = server.programs.empty() ? "python3 -m " + std::string(server.modules.front())
                                                : std::string(server.programs.front());
    if (!server.subcommands.empty()) begin += " " + std::string(server.subcommands.front());
    for (const std::string& option : split(server.value_options)) {
      const std::string plain = begin + " " + option + " 7777";
      CAPTURE(plain);
      const std::string started = recognised(plain);
      CHECK(started.starts_with(begin + " " + option + " 7777"));
      CHECK(started.find("{port}") != std::string::npos);
      ++looked_at;
    }
  }
  CHECK(looked_at > 150);
}

TEST_CASE("known servers: a place behind an option's value is found, and a port in one is not touched") {
  struct Row {
    const char* plain;
    const char* started;
  };
  for (const Row& row : {
           Row{"manage.py runserver -v 3", "manage.py runserver -v 3 127.0.0.1:{port}"},
           Row{"manage.py runserver -v 3 8000", "manage.py runserver -v 3 127.0.0.1:{port}"},
           Row{"manage.py runserver --verbosity=3 0.0.0.0:80",
               "manage.py runserver --verbosity=3 127.0.0.1:{port}"},
           Row{"manage.py runserver --verb 2", "manage.py runserver --verb 2 127.0.0.1:{port}"},
           Row{"manage.py runserver -v3 8000", "manage.py runserver -v3 127.0.0.1:{port}"},
           Row{"python3 -m http.server -d 8000", "python3 -m http.server -d 8000 {port} --bind 127.0.0.1"},
           Row{"python3 -m http.server --directory 1 2 -b ::1",
               "python3 -m http.server --directory 1 {port} -b ::1"},
           Row{"gunicorn -n -b -w 2 app:app", "gunicorn -n -b -w 2 app:app --bind 127.0.0.1:{port}"},
           Row{"flask --app run run", "flask --app run run --port {port}"},
           Row{"flask --app run routes", "nobody"},
           Row{"rails -e s console", "nobody"},
           Row{"streamlit run --server.maxUploadSize 8501 a.py",
               "streamlit run --server.maxUploadSize 8501 a.py --server.port {port} --server.address "
               "127.0.0.1 "
               "--server.headless true"},
       }) {
    CAPTURE(row.plain);
    CHECK(recognised(row.plain) == row.started);
  }
}

TEST_CASE("wrappers: npm exec gets a -- before what is the server's, and the others need none") {
  struct Row {
    const char* plain;
    const char* started;
  };
  const std::string vite = " --port {port} --strictPort --host 127.0.0.1";
  for (const Row& row :
       {Row{"npm exec vite", "npm exec vite --"}, Row{"npm x vite", "npm x vite --"},
        Row{"npm exec -y vite", "npm exec -y vite --"},
        Row{"npm exec vite -y preview -w web", "npm exec vite -y preview -w web --"},
        Row{"A=1 npm exec cross-env B=2 vite", "A=1 npm exec cross-env B=2 vite --"},
        Row{"npm exec vite -- --open", "npm exec vite -- --open"},
        Row{"npm exec vite@5", "npm exec vite@5 --"}, Row{"npm exec -- vite", "npm exec -- vite"},
        Row{"npm exec -- vite@5", "npm exec -- vite@5"}, Row{"pnpm exec vite", "pnpm exec vite"},
        Row{"yarn dlx vite", "yarn dlx vite"}, Row{"bun x vite", "bun x vite"}}) {
    CAPTURE(row.plain);
    CHECK(recognised(row.plain) == row.started + vite);
  }
  CHECK(recognised("npm exec vite -- --port 3000") ==
        "npm exec vite -- --port {port} --strictPort --host 127.0.0.1");
  CHECK(recognised("npm exec next dev") == "npm exec next dev -- --port {port} --hostname 127.0.0.1");
  CHECK(recognised("npm exec next -- dev -p 1") == "npm exec next -- dev -p {port} --hostname 127.0.0.1");
  for (const char* plain :
       {"npm exec", "npm exec -y", "npm exec tsc", "npm exec next build", "npm exec --"}) {
    CAPTURE(plain);
    CHECK(recognised(plain) == "nobody");
  }
}

TEST_CASE("wrappers: what runs packages sees their versions, and nothing else does") {
  const std::string vite = " --port {port} --strictPort --host 127.0.0.1";
  for (const char* plain :
       {"npx vite@5", "npx -y vite@latest", "npx @scope/vite@1", "npx @scope/vite", "npx -- vite@^5.0.0",
        "pnpm dlx vite@5", "pnpx vite@5", "yarn dlx vite@5", "bunx vite@5", "bun x vite@5",
        "npx vite@npm:rolldown-vite@latest", "npx cross-env@7 A=1 vite"}) {
    CAPTURE(plain);
    CHECK(recognised(plain) == plain + vite);
  }
  CHECK(recognised("npx next@14 dev -p 1") == "npx next@14 dev -p {port} --hostname 127.0.0.1");
  for (const char* plain : {"uvx uvicorn@0.30", "uvx uvicorn[standard]", "uvx uvicorn[standard]@0.30",
                            "uvx uvicorn==0.30", "uvx uvicorn>=0.30", "uv tool run uvicorn~=0.30"}) {
    CAPTURE(plain);
    CHECK(recognised(plain + std::string(" app:app")) == plain + std::string(" app:app --port {port}"));
  }
  for (const char* plain :
       {"vite@5", "pnpm exec vite@5", "yarn vite@5", "npx env vite@5", "uv run uvicorn@0.30 app:app",
        "uvicorn[standard] app:app", "npx vitest@5", "uvx gunicorn-x@1 app:app"}) {
    CAPTURE(plain);
    CHECK(recognised(plain) == "nobody");
  }
}

TEST_CASE("wrappers: their options are passed over, with the values that they take") {
  const std::string vite = "vite --port {port} --strictPort --host 127.0.0.1";
  const std::string uvicorn = "uvicorn app:app --port {port}";
  for (const char* wrapper : {"npx -y",
                              "npx --yes --package vite@5",
                              "npx -p vite --",
                              "npx --no-install",
                              "npm exec -y --",
                              "npm x -w web --",
                              "pnpm exec",
                              "pnpm --filter web exec",
                              "pnpm -C web dlx",
                              "yarn --cwd web exec",
                              "yarn",
                              "pnpm",
                              "bunx",
                              "bun x",
                              "env -i -u HOME A=1",
                              "env -C /srv --",
                              "env --chdir=/srv",
                              "cross-env A=1",
                              "nice -n 5",
                              "stdbuf -oL -e 0",
                              "nohup",
                              "A=1 B=2"}) {
    CAPTURE(wrapper);
    CHECK(recognised(std::string(wrapper) + " vite") == std::string(wrapper) + " " + vite);
  }
  for (const char* wrapper :
       {"uv run", "uv run --with x", "uv run --with=x -p 3.12 --env-file .env",
        "uv --project . run --extra dev", "uv run -q --", "uvx --from uvicorn[standard]",
        "uv tool run --with x", "poetry -C api run", "poetry run", "pipenv --python 3 run", "pdm run -p .",
        "hatch -e prod run", "conda run -n web", "/usr/local/bin/uv run --no-sync",
        "python3 -X dev -W ignore -m", "python3 -u -m", "uv run -m", "uv run --module", "uv run python -m"}) {
    CAPTURE(wrapper);
    CHECK(recognised(std::string(wrapper) + " uvicorn app:app") == std::string(wrapper) + " " + uvicorn);
  }
  CHECK(
      recognised("bundle exec --gemfile G rails s").starts_with("bundle exec --gemfile G rails s -p {port}"));
  CHECK(recognised("env -C puma puma -C x.rb") == "nobody");
  CHECK(recognised("env -C dir puma") == "env -C dir puma -b tcp://127.0.0.1:{port}");
}

TEST_CASE("wrappers: where only a shell would find the program, nothing is touched") {
  for (const char* plain :
       {"npx -c vite", "npx --call=vite", "env -S vite", "env --split-string=vite", "npx", "uv run",
        "uv pip vite", "env", "npx -y", "uv run --with vite", "poetry install vite", "npm install vite",
        "bundle install", "python3 -c vite", "env -u vite"}) {
    CAPTURE(plain);
    CHECK(recognised(plain) == "nobody");
  }
}

TEST_CASE("wrappers: which script of which package is called, whatever options stand between") {
  struct Row {
    const char* command;
    const char* call;  ///< script@place in dir of package
  };
  const auto text = [](const std::optional<ScriptCall>& call) {
    return call ? call->script + "@" + std::to_string(call->at) + " in '" + call->dir + "' of '" +
                      call->package + "'"
                : "none";
  };
  for (const Row& row : {
           Row{"npm run dev", "dev@2 in '' of ''"},
           Row{"npm start", "start@1 in '' of ''"},
           Row{"npm --prefix . run dev", "dev@4 in '.' of ''"},
           Row{"npm --prefix=web run dev", "dev@3 in 'web' of ''"},
           Row{"npm run --prefix web dev", "dev@4 in 'web' of ''"},
           Row{"npm run dev --prefix web", "dev@2 in 'web' of ''"},
           Row{"npm run dev -- --prefix web", "dev@2 in '' of ''"},
           Row{"npm -w web run dev", "dev@4 in '' of 'web'"},
           Row{"npm run dev --workspace=@a/web", "dev@2 in '' of '@a/web'"},
           Row{"npm --silent run-script dev", "dev@3 in '' of ''"},
           Row{"pnpm dev", "dev@1 in '' of ''"},
           Row{"pnpm --filter web dev", "dev@3 in '' of 'web'"},
           Row{"pnpm -F web run dev --filter x", "dev@4 in '' of 'web'"},
           Row{"pnpm -C web dev", "dev@3 in 'web' of ''"},
           Row{"yarn --cwd web dev", "dev@3 in 'web' of ''"},
           Row{"yarn workspace web dev", "dev@3 in '' of 'web'"},
           Row{"yarn workspace web run dev", "dev@4 in '' of 'web'"},
           Row{"bun --cwd=web run dev", "dev@3 in 'web' of ''"},
           Row{"npm run", "none"},
           Row{"npm", "none"},
           Row{"npm --prefix", "none"},
           Row{"node dev", "none"},
       }) {
    CAPTURE(row.command);
    CHECK(text(script_call(split(row.command))) == row.call);
  }
}

TEST_CASE("known servers: a script is passed its words wherever its package is") {
  const auto vite = [](const ScriptCall&) { return std::optional<std::string>("vite"); };
  const std::string words = "--port {port} --strictPort --host 127.0.0.1";
  for (const char* plain :
       {"pnpm --filter web dev", "yarn --cwd web dev", "yarn workspace web dev", "bun run dev"}) {
    CAPTURE(plain);
    CHECK(join(recognise(split(plain), vite)->command) == std::string(plain) + " " + words);
  }
  for (const char* plain : {"npm --prefix . run dev", "npm -w web run dev", "npm run dev --prefix web"}) {
    CAPTURE(plain);
    CHECK(join(recognise(split(plain), vite)->command) == std::string(plain) + " -- " + words);
  }
}
