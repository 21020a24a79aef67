// What was asked for as a plan: URLs, request files, and a mix as lanes and shapes.
#include "proxy/load/load_plan.h"

#include <doctest/doctest.h>

#include <algorithm>

#include "tests/support/temp_dir.h"

using namespace berth;
using namespace berth::load_verb;
using load::RequestKind;

namespace {

std::string text_of(const std::variant<Url, std::string>& parsed) {
  if (const auto* what = std::get_if<std::string>(&parsed)) return *what;
  const auto& url = std::get<Url>(parsed);
  return url.host + " " + url.port + " " + url.unix_path + " " + url.path + " " + url.host_field;
}

load::LoadPlan planned(const LoadVerb& verb) {
  auto result = plan_load(verb);
  INFO(result.error);
  REQUIRE(result.error.empty());
  return std::move(result.plan);
}

/// "get /x 80, post /echo 20": each shape with its weight.
std::string shapes_of(const load::LoadPlan& plan) {
  std::string text;
  for (const auto& shape : plan.shapes)
    text += (text.empty() ? "" : ", ") + std::string(name_of(shape.kind)) + " " + shape.method + " " +
            shape.target + " " + std::to_string(shape.weight);
  return text;
}

LoadVerb verb_of(std::vector<std::string> urls, std::vector<LoadVerb::Part> mix = {}) {
  LoadVerb verb;
  verb.urls = std::move(urls);
  verb.mix = std::move(mix);
  return verb;
}

constexpr const char* kUrl = "http://127.0.0.1:8000/x";

}  // namespace

TEST_CASE("load plan: URLs and their parts") {
  const std::string port = "its port is no number of a port";
  const std::string host = "it has no host: write http://127.0.0.1:8000/";
  const std::string path = "its path is malformed: a blank is written %20";
  const std::string tls = "berth load speaks plain HTTP: name the server that is behind the TLS";
  const std::string user =
      "a user's name and password are no part of it: give --header 'Authorization: Basic ...'";
  const std::string brackets = "an IPv6 address stands in brackets: http://[::1]:8000/";
  const std::string slashes = "two slashes follow http: as in http://127.0.0.1:8000/";
  const std::string unix_path = "a unix socket's path starts with /";
  const std::vector<std::pair<std::string, std::string>> rows = {
      {"http://127.0.0.1:8000/", "127.0.0.1 8000  / 127.0.0.1:8000"},
      {"127.0.0.1:8000", "127.0.0.1 8000  / 127.0.0.1:8000"},
      {"localhost:80/a/b?c=d&e", "localhost 80  /a/b?c=d&e localhost:80"},
      {"http://example.test", "example.test 80  / example.test"},
      {"http://example.test?q", "example.test 80  /?q example.test"},
      {"http://[::1]:8000/x", "::1 8000  /x [::1]:8000"},
      {"http://[::1]/", "::1 80  / [::1]"},
      {"http://unix:/run/a.sock", "  /run/a.sock / localhost"},
      {"unix:/run/a.sock:/x?y", "  /run/a.sock /x?y localhost"},
      {"http://unix:/run/a.sock:", path},
      {"http://unix:run/a.sock", unix_path},
      {"unix:", unix_path},
      {"https://a/", tls},
      {"HTTPS://a/", tls},
      {"wss://a/", tls},
      {"HTTP://127.0.0.1:8000/x", "127.0.0.1 8000  /x 127.0.0.1:8000"},
      {"ftp://a/", "berth load speaks http, and no ftp"},
      {"ws://a/", "write http:// and give --mix websocket=N"},
      {"http:/a/", slashes},
      {"http:///a/", host},
      {"http://user:secret@a/", user},
      {"user@a:80", user},
      {"http://a/x@y:z://", "a 80  /x@y:z:// a"},
      {"http://::1:8000/", brackets},
      {"http://[::1:8000/", brackets},
      {"http://[a]/", "what stands in brackets is no IPv6 address"},
      {"http://[fe80::1%25lo]:80/",
       "a host with % in it (an address with a zone, or an escape) is not supported"},
      {"http://a b/", host},
      {"http://a:80/\xc3\xa9?\xff", "a 80  /%C3%A9?%FF a:80"},
      {"a.localhost:80", "a.localhost 80  / a.localhost:80"},
      {"http://a:0/", port},
      {"http://a:65536/", port},
      {"http://a:/", port},
      {"http://a:8x/", port},
      {"http://a:123456/", port},
      {"", host},
      {"http://", host},
      {"http://:80/", host},
      {"http://user@host:80/", user},
      {"http://a:80/x y", path},
      {"http://a:80/x#y", "what follows # is never sent: leave it out"},
      {"http://a:80#y", "what follows # is never sent: leave it out"},
      {"http://a:80/\x01", path},
      {"http://a:80/x\r\ny", path},
  };
  for (const auto& row : rows) {
    INFO(row.first);
    CHECK(text_of(parse_url(row.first)) == row.second);
  }
}

TEST_CASE("load plan: a request file is METHOD PATH [BODY], a line each") {
  const auto requests = parse_requests("# a comment\n\nGET /a\r\nPOST /b {\"x\": 1} y\nHEAD /c?d");
  REQUIRE(requests.index() == 0);
  const auto& shapes = std::get<0>(requests);
  REQUIRE(shapes.size() == 3);
  CHECK(shapes[0].method == "GET");
  CHECK(shapes[0].target == "/a");
  CHECK(shapes[0].body.empty());
  CHECK(shapes[1].method == "POST");
  CHECK(shapes[1].target == "/b");
  CHECK(shapes[1].body == "{\"x\": 1} y");
  CHECK(shapes[1].kind == RequestKind::Post);
  CHECK(shapes[2].method == "HEAD");
  const std::string how = "a line is METHOD PATH [BODY], as in `GET /health`";
  const std::vector<std::pair<std::string, std::string>> wrong = {
      {"", "1: there is no request in it"},
      {"# none\n", "1: there is no request in it"},
      {"GET", "1: " + how},
      {"GET /\nGET ", "2: " + how},
      {"GET x", "1: " + how},
      {"\n/a GET", "2: " + how},
      {"\xef\xbb\xbfGET /", "1: " + how},
      {"G\"T /", "1: " + how},
      {"GET /a\tb", "1: its path is malformed: a blank is written %20"},
      {"GET /a#b", "1: what follows # is never sent: leave it out"},
  };
  for (const auto& row : wrong) {
    const auto read = parse_requests(row.first);
    INFO(row.first);
    REQUIRE(read.index() == 1);
    CHECK(std::get<1>(read) == row.second);
  }
}

TEST_CASE("load plan: what is sent is what was asked for, and nothing else") {
  struct Row {
    std::vector<LoadVerb::Part> mix;
    std::string shapes;
    unsigned kept, fresh;
  };
  const std::vector<Row> rows = {
      {{}, "get GET /x 1", 16, 0},
      {{{"get", 100, true, "/y"}}, "get GET /y 1", 16, 0},
      {{{"post", 25, true, "/echo"}}, "get GET /x 3, post POST /echo 1", 16, 0},
      {{{"fresh", 100, true, ""}}, "fresh GET /x 1", 0, 16},
      {{{"fresh", 25, true, "/f"}}, "get GET /x 3, fresh GET /f 1", 12, 4},
      {{{"fresh", 50, true, ""}, {"post", 50, true, ""}}, "fresh GET /x 1, post POST /x 1", 8, 8},
      {{{"websocket", 4, false, "/ws"}}, "", 0, 0},
      {{{"events", 2, false, ""}, {"get", 10, true, ""}}, "get GET /x 1", 16, 0},
      {{{"download", 2, false, ""}}, "", 0, 0},
  };
  for (const Row& row : rows) {
    const auto plan = planned(verb_of({kUrl}, row.mix));
    INFO(row.shapes);
    CHECK(shapes_of(plan) == row.shapes);
    CHECK(plan.keep_alive_lanes == row.kept);
    CHECK(plan.fresh_lanes == row.fresh);
    CHECK_NOTHROW(load::Load{plan});
  }
}

TEST_CASE("load plan: lanes of their own, servers, headers and the rest") {
  auto verb = verb_of({kUrl, "http://unix:/tmp/none.sock:/y", "127.0.0.1:8000/z"},
                      {{"upload", 2, false, "/up"}, {"events", 3, false, "/ev"}, {"get", 50, true, ""}});
  verb.headers = {"A: b", "hOsT:  other.test"};
  verb.seed = 9;
  verb.timeout = std::chrono::milliseconds(70);
  verb.rate = 100;
  verb.requests = 11;
  const auto plan = planned(verb);
  CHECK(shapes_of(plan) == "get GET /x 1, get GET /y 1, get GET /z 1");
  REQUIRE(plan.targets.size() == 2);
  CHECK(plan.targets[0].port == 8000);
  CHECK(plan.targets[1].unix_path == "/tmp/none.sock");
  CHECK(plan.shapes[1].server == 1);
  CHECK(plan.shapes[2].server == 0);
  for (const auto& shape : plan.shapes) {
    CHECK(shape.fields == "A: b\r\n");
    CHECK(shape.host == "other.test");
  }
  REQUIRE(plan.dedicated.size() == 1);
  CHECK(plan.dedicated[0].lanes == 2);
  CHECK(plan.dedicated[0].shape.target == "/up");
  CHECK(plan.dedicated[0].shape.echoed);
  CHECK(plan.events.lanes == 3);
  CHECK(plan.events.target == "/ev");
  CHECK(plan.keep_alive_lanes == 256);
  CHECK(plan.rate == 100);
  CHECK(plan.seed == 9);
  CHECK(plan.most_requests == 11);
  CHECK(plan.request_timeout == std::chrono::milliseconds(70));
}

TEST_CASE("load plan: a request file takes the place of the URL's path, and what is wrong says where") {
  const test::TempDir dir;
  auto verb = verb_of({kUrl});
  verb.request_file = dir / "requests";
  test::write_file(*verb.request_file, "GET /a\nPOST /b body\n");
  CHECK(shapes_of(planned(verb)) == "get GET /a 1, post POST /b 1");
  test::write_file(*verb.request_file, "GET /a\nnonsense\n");
  CHECK(plan_load(verb).error ==
        *verb.request_file + ":2: a line is METHOD PATH [BODY], as in `GET /health`");
  verb.request_file = dir / "none";
  CHECK(plan_load(verb).error == "cannot read " + *verb.request_file + ": No such file or directory");
  verb.request_file = dir.path();
  CHECK(plan_load(verb).error == "cannot read " + dir.path() + ": Is a directory");
  // An editor's mark of UTF-8 is no part of the first method.
  verb.request_file = dir / "marked";
  test::write_file(*verb.request_file, "\xef\xbb\xbfGET /a\r\n");
  CHECK(shapes_of(planned(verb)) == "get GET /a 1");
  test::write_file(*verb.request_file, std::string("\xff\xfeG\0E\0T\0", 8));
  CHECK(plan_load(verb).error == *verb.request_file + " is a file of UTF-16: save it as UTF-8");
  test::write_file(*verb.request_file, "");
  CHECK(plan_load(verb).error == *verb.request_file + ":1: there is no request in it");
  verb.request_file.reset();
  CHECK(plan_load(verb_of({"http://a:0/"})).error == "'http://a:0/': its port is no number of a port");
  CHECK(plan_load(verb_of({"http://a..b/"})).error.find("does not resolve") != std::string::npos);
}

TEST_CASE("load plan: a header that would contradict the request is refused, in one sentence") {
  const std::string length = "how long a body is, the load client says itself";
  const std::string one_host = "a request has one Host, and it is not empty";
  const std::string name = "a name is letters, digits and hyphens";
  struct Row {
    std::vector<std::string> headers;
    std::string error;
  };
  for (const Row& row : {Row{{"Content-Length: 3"}, "--header 'Content-Length: 3': " + length},
                         {{"transfer-ENCODING: chunked"}, "--header 'transfer-ENCODING: chunked': " + length},
                         {{"Host: a", "host: b"}, "--header 'host: b': " + one_host},
                         {{"Host: "}, "--header 'Host: ': " + one_host},
                         {{"a b: c"}, "--header 'a b: c': " + name},
                         {{" a: c"}, "--header ' a: c': " + name},
                         {{"a: b\x01"}, "--header 'a: b\x01': a control character is no part of a value"}}) {
    auto verb = verb_of({kUrl});
    verb.headers = row.headers;
    CHECK(plan_load(verb).error == row.error);
  }
  auto verb = verb_of({kUrl}, {{"get", 10, true, "/x\r\ny"}});
  CHECK(plan_load(verb).error.find("its path is malformed") != std::string::npos);
}

TEST_CASE("load plan: localhost and every name below it is the loopback, without a resolver") {
  for (const char* url : {"http://localhost:1/", "http://a.b.LocalHost:1/", "http://[::ffff:127.0.0.1]:1/"}) {
    CAPTURE(url);
    const auto plan = planned(verb_of({url}));
    CHECK(plan.targets.at(0).address == "127.0.0.1");
    CHECK(plan.targets.at(0).port == 1);
  }
}
