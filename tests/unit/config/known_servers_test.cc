// Popular servers by their plain command lines: what is added, what is replaced, what is left alone.
#include "config/known_servers.h"

#include <doctest/doctest.h>

#include <map>

using namespace berth;

namespace {

std::vector<std::string> split(const std::string& text) {
  std::vector<std::string> words;
  std::size_t at = 0;
  for (auto end = text.find(' ');; end = text.find(' ', at)) {
    words.push_back(text.substr(at, end - at));
    if (end == std::string::npos) return words;
    at = end + 1;
  }
}

std::string join(const std::vector<std::string>& words) {
  std::string text;
  for (const auto& word : words) text += (text.empty() ? "" : " ") + word;
  return text;
}

std::optional<std::string> no_script(const ScriptCall&) { return std::nullopt; }

}  // namespace

TEST_CASE("known servers: each by its plain command line") {
  struct Row {
    const char* plain;
    const char* started;
    const char* name;
  };
  for (const Row& row : std::vector<Row>{
           {"uvicorn app:app", "uvicorn app:app --port {port}", "uvicorn"},
           {"/opt/venv/bin/uvicorn app:app --reload", "/opt/venv/bin/uvicorn app:app --reload --port {port}",
            "uvicorn"},
           {"uvicorn app:app --port 8000 --host 0.0.0.0", "uvicorn app:app --port {port} --host 0.0.0.0",
            "uvicorn"},
           {"uvicorn app:app --port=8000", "uvicorn app:app --port={port}", "uvicorn"},
           {"python3 -m uvicorn app:app", "python3 -m uvicorn app:app --port {port}", "uvicorn"},
           {"python3.11 -u -m uvicorn app:app", "python3.11 -u -m uvicorn app:app --port {port}", "uvicorn"},
           {"uv run uvicorn app:app", "uv run uvicorn app:app --port {port}", "uvicorn"},
           {"poetry run gunicorn app:app", "poetry run gunicorn app:app --bind 127.0.0.1:{port}", "gunicorn"},
           {"gunicorn -b 0.0.0.0:8000 app:app", "gunicorn -b 127.0.0.1:{port} app:app", "gunicorn"},
           {"hypercorn app:app", "hypercorn app:app --bind 127.0.0.1:{port}", "hypercorn"},
           {"flask run", "flask run --port {port}", "flask"},
           {"flask --app hello run -p 5001", "flask --app hello run -p {port}", "flask"},
           {"python -m flask --app hello run", "python -m flask --app hello run --port {port}", "flask"},
           {"python3 -m http.server", "python3 -m http.server {port} --bind 127.0.0.1", "http.server"},
           {"python3 -m http.server 9000", "python3 -m http.server {port} --bind 127.0.0.1", "http.server"},
           {"python3 -m http.server --bind 0.0.0.0 9000", "python3 -m http.server --bind 0.0.0.0 {port}",
            "http.server"},
           {"python manage.py runserver", "python manage.py runserver 127.0.0.1:{port}",
            "Django's runserver"},
           {"./manage.py runserver 0.0.0.0:8000", "./manage.py runserver 127.0.0.1:{port}",
            "Django's runserver"},
           {"vite", "vite --port {port} --strictPort --host 127.0.0.1", "vite"},
           {"npx vite preview --port 4000 --strictPort --host",
            "npx vite preview --port {port} --strictPort --host", "vite"},
           {"next dev", "next dev --port {port} --hostname 127.0.0.1", "next"},
           {"npx next start -p 3001", "npx next start -p {port} --hostname 127.0.0.1", "next"},
           {"next dev -p3001 -H 0.0.0.0", "next dev -p{port} -H 0.0.0.0", "next"},
           {"bin/rails server", "bin/rails server -p {port} -b 127.0.0.1 -P tmp/pids/server-{port}.pid",
            "rails"},
           {"ruby bin/rails s --binding=::1",
            "ruby bin/rails s --binding=::1 -p {port} -P tmp/pids/server-{port}.pid", "rails"},
           {"bundle exec rails s -p 4000",
            "bundle exec rails s -p {port} -b 127.0.0.1 -P tmp/pids/server-{port}.pid", "rails"},
           {"env A=b cross-env C=d npx vite --port 1",
            "env A=b cross-env C=d npx vite --port {port} --strictPort --host 127.0.0.1", "vite"},
           {"gunicorn -b0.0.0.0:8000 app:app", "gunicorn -b127.0.0.1:{port} app:app", "gunicorn"},
           {"streamlit run app.py --server.port=8501 --server.address 0.0.0.0",
            "streamlit run app.py --server.port={port} --server.address 0.0.0.0 --server.headless true",
            "streamlit"},
           {"python3 -m streamlit run app.py --server.headless=false",
            "python3 -m streamlit run app.py --server.headless=false --server.port {port} --server.address "
            "127.0.0.1",
            "streamlit"},
           {"puma -p 9292 config.ru", "puma -p {port} config.ru", "puma"},
           {"puma -b tcp://0.0.0.0:1 --port=2 x.ru", "puma -b tcp://127.0.0.1:{port} x.ru", "puma"},
           {"gunicorn -b localhost:8000 -b [::1]:8001 a:b", "gunicorn -b 127.0.0.1:{port} a:b", "gunicorn"},
           {"uvicorn a:b --port 1 --port=2", "uvicorn a:b --port {port}", "uvicorn"},
           {"bundle exec puma", "bundle exec puma -b tcp://127.0.0.1:{port}", "puma"},
           {"streamlit run app.py",
            "streamlit run app.py --server.port {port} --server.address 127.0.0.1 --server.headless true",
            "streamlit"},
           {"streamlit run app.py -- --mine",
            "streamlit run app.py --server.port {port} --server.address 127.0.0.1 --server.headless true -- "
            "--mine",
            "streamlit"},
           {"jupyter lab", "jupyter lab --port {port} --ServerApp.port_retries=0 --no-browser", "jupyter"},
           {"jupyter server --port 8888 --no-browser",
            "jupyter server --port {port} --no-browser --ServerApp.port_retries=0", "jupyter"},
           {"jupyter server --ServerApp.port=48080 --ServerApp.ip=0.0.0.0 --no-browser",
            "jupyter server --ServerApp.port={port} --ServerApp.ip=0.0.0.0 --no-browser "
            "--ServerApp.port_retries=0",
            "jupyter"},
           {"jupyter lab --ServerApp.port 48080 --port-retries 3 --port 48081",
            "jupyter lab --ServerApp.port {port} --port-retries 3 --no-browser", "jupyter"},
           {"jupyter notebook --NotebookApp.port=48080 --no-browser",
            "jupyter notebook --no-browser --port {port} --ServerApp.port_retries=0", "jupyter"},
           {"jupyter lab --port 1 --LabApp.port 2 --no-browser",
            "jupyter lab --port {port} --no-browser --ServerApp.port_retries=0", "jupyter"},
       }) {
    CAPTURE(std::string(row.plain));
    const auto found = recognise(split(row.plain), no_script);
    REQUIRE(found);
    CHECK(join(found->command) == row.started);
    CHECK(found->name == row.name);
    CHECK_FALSE(found->changes.empty());
  }
}

TEST_CASE("known servers: what was told its place, or is no server, is left alone") {
  for (const char* plain : {"uvicorn app:app --port {port}",
                            "uvicorn app:app --fd {fd}",
                            "uvicorn app:app --uds /run/x",
                            "uvicorn app:app --port 0",
                            "gunicorn -b unix:/run/x app:app",
                            "gunicorn -b fd://3 app:app",
                            "flask shell",
                            "flask --app x routes",
                            "next build",
                            "rails console",
                            "python3 app.py",
                            "python3 -c print(1)",
                            "node app.js",
                            "npm start",
                            "puma -C config/puma.rb",
                            "puma -Cconfig/puma.rb",
                            "streamlit hello",
                            "env A=b",
                            "A=b",
                            "jupyter server --sock /run/j",
                            "my-uvicorn app:app",
                            "uv",
                            "npx",
                            "python3 -m",
                            "python3",
                            "manage.py migrate"}) {
    CAPTURE(std::string(plain));
    CHECK_FALSE(recognise(split(plain), no_script));
  }
}

TEST_CASE("known servers: the one line says what was done") {
  CHECK(recognise(split("uvicorn app:app"), no_script)->changes == "added --port {port}");
  CHECK(recognise(split("uvicorn app:app --port 1"), no_script)->changes == "--port 1 became --port {port}");
  CHECK(recognise(split("python3 -m http.server"), no_script)->changes ==
        "added {port}, added --bind 127.0.0.1");
  CHECK(recognise(split("streamlit run a.py"), no_script)->ready_path == "/_stcore/health");
  CHECK(recognise(split("next dev"), no_script)->caution.find(".next") != std::string::npos);
  CHECK(recognise(split("next start"), no_script)->caution.empty());
}

TEST_CASE("known servers: below a path, those that write it into their pages are told of it") {
  const auto script_of = [](const ScriptCall&) { return std::optional<std::string>("vite"); };
  struct Row {
    const char* plain;
    const char* added;
    const char* ready;
  };
  for (const Row& row :
       std::vector<Row>{{"vite", " --base /lab/", ""},
                        {"npm run dev", " --base /lab/", ""},
                        {"jupyter lab", " --ServerApp.base_url=/lab/", ""},
                        {"streamlit run a.py", " --server.baseUrlPath /lab", "/lab/_stcore/health"},
                        {"vite --base /lab/x/", "", ""},
                        {"uvicorn app:app", "", ""}}) {
    CAPTURE(std::string(row.plain));
    const auto below = recognise(split(row.plain), script_of, "/lab");
    const auto alone = recognise(split(row.plain), script_of);
    REQUIRE(below);
    REQUIRE(alone);
    CHECK(join(below->command) == join(alone->command) + row.added);
    CHECK(below->ready_path == row.ready);
  }
}

TEST_CASE("known servers: npm passes on what its script's server needs") {
  const std::map<std::string_view, std::string> scripts{
      {"dev", "vite --open"},
      {"start", "next start"},
      {"set", "NODE_ENV=test A='b c' vite"},
      {"cross", "cross-env NODE_ENV=test next dev"},
      {"quoted", "vite --mode \"my mode\""},
      {"fixed", "next dev -p 3000"},
      {"both", "tsc && vite"},
      {"variable", "vite --port $MY_PORT"},
      {"rest", "vite -- x"},
      {"twice", "gunicorn -b 127.0.0.1:1 app:app"},
      {"placed", "python3 -m http.server 8000"},
      {"node", "PORT=3000 node server.js"},
      {"exec", "npm exec vite"},
      {"passing", "npm exec vite -- --open"},
      {"passed", "npm exec http-server -- --port 1"},
      {"package", "npx next@14 dev"},
  };
  const auto script_of = [&](const ScriptCall& call) -> std::optional<std::string> {
    const auto found = scripts.find(call.script);
    return found == scripts.end() ? std::nullopt : std::optional(found->second);
  };
  const std::string vite = " --port {port} --strictPort --host 127.0.0.1";
  const std::string next = " --port {port} --hostname 127.0.0.1";
  struct Row {
    std::string plain;
    std::string started;
  };
  for (const Row& row : std::vector<Row>{
           {"npm run dev", "npm run dev --" + vite},
           {"npm run dev --silent", "npm run dev --silent --" + vite},
           {"npm run dev -- --port 3000", "npm run dev -- --port {port} --strictPort --host 127.0.0.1"},
           {"npm run dev -- --host ::1", "npm run dev -- --host ::1 --port {port} --strictPort"},
           {"/usr/bin/npm run set", "/usr/bin/npm run set --" + vite},
           {"npm run cross", "npm run cross --" + next},
           {"npm run quoted", "npm run quoted --" + vite},
           {"npm run fixed", "npm run fixed --" + next},
           {"npm start", "npm start --" + next},
           {"yarn start", "yarn start" + next},
           {"npm run exec", "npm run exec -- --" + vite},
           {"npm run passing", "npm run passing --" + vite},
           {"npm run package", "npm run package --" + next},
           {"pnpm run start -p 1", "pnpm run start -p {port} --hostname 127.0.0.1"},
       }) {
    CAPTURE(row.plain);
    const auto found = recognise(split(row.plain), script_of);
    REQUIRE(found);
    CHECK(join(found->command) == row.started);
  }
  CHECK(recognise(split("npm run dev"), script_of)->name == "npm (vite)");
  CHECK_FALSE(recognise(split("npm run fixed"), script_of)->caution.empty());
  for (const char* plain :
       {"npm run both", "npm run variable", "npm run rest", "npm run twice", "npm run placed", "npm run node",
        "npm run passed", "npm run none", "npm run", "npm"}) {
    CAPTURE(std::string(plain));
    CHECK_FALSE(recognise(split(plain), script_of));
  }
}
