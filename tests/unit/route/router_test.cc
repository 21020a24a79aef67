#include "proxy/route/router.h"

#include <doctest/doctest.h>

namespace berth::route {
namespace {

using Kind = RouteMatch::Kind;

struct Row {
  const char* host;
  const char* path;
  Kind kind;
  std::uint32_t app = 0;
  std::uint32_t strip = 0;
};

void check(const Router& router, const std::vector<Row>& rows) {
  for (const Row& row : rows) {
    CAPTURE(row.host);
    CAPTURE(row.path);
    const RouteMatch match = router.find(row.host, row.path);
    CHECK(match.kind == row.kind);
    CHECK(match.app == row.app);
    CHECK(match.strip == row.strip);
  }
}

}  // namespace

TEST_CASE("router: one app takes everything") {
  check(Router({{"", "/", false, 7}}),
        {{"a", "/", Kind::Found, 7}, {"", "/x?y", Kind::Found, 7}, {"[::1]:8", "*", Kind::Found, 7}});
}

TEST_CASE("router: the longest prefix of whole segments") {
  check(Router({{"", "/", false, 1}, {"", "/api", false, 2}, {"", "/api/v2", true, 3}}),
        {{"h", "/", Kind::Found, 1},
         {"h", "/api", Kind::Found, 2},
         {"h", "/api/", Kind::Found, 2},
         {"h", "/api?q", Kind::Found, 2},
         {"h", "/apis", Kind::Found, 1},
         {"h", "/API", Kind::Found, 1},
         {"h", "/api/v2", Kind::Found, 3, 7},
         {"h", "/api/v2/x", Kind::Found, 3, 7},
         {"h", "/api/v20", Kind::Found, 2}});
}

TEST_CASE("router: two spellings of one path go to the same app") {
  check(Router({{"", "/", false, 1},
                {"", "/caf%C3%A9", true, 2},
                {"", "/api", true, 3},
                {"", "/b%2fc", false, 4}}),
        {{"h", "/caf%C3%A9", Kind::Found, 2, 10},
         {"h", "/caf%c3%a9", Kind::Found, 2, 10},
         {"h", "/caf%c3%A9/x?y", Kind::Found, 2, 10},
         {"h", "/%61p%69/x", Kind::Found, 3, 8},
         {"h", "/%61p%69?x", Kind::Found, 3, 8},
         {"h", "/%61p%69s", Kind::Found, 1},
         {"h", "/api%2Fx", Kind::Found, 1},
         {"h", "/b%2Fc", Kind::Found, 4},
         {"h", "/b/c", Kind::Found, 1},
         {"h", "/x?/caf%c3%a9", Kind::Found, 1}});
  CHECK(fits_path("/caf%C3%A9", "/caf%c3%a9/x"));
  CHECK(fits_path("/terminals", "/%74erminals?x"));
  CHECK_FALSE(fits_path("/terminals", "/%74erminalsx"));
}

TEST_CASE("router: exact hosts before suffixes, longer suffixes before shorter, any host last") {
  check(Router({{"", "/", false, 1},
                {"*.example.org", "/", false, 2},
                {"*.dev.example.org", "/", false, 3},
                {"app.example.org", "/", false, 4}}),
        {{"app.example.org", "/", Kind::Found, 4},
         {"APP.Example.ORG:8000", "/", Kind::Found, 4},
         {"app.example.org.", "/", Kind::Found, 4},
         {"b.example.org", "/", Kind::Found, 2},
         {"x.dev.example.org", "/", Kind::Found, 3},
         {"example.org", "/", Kind::Found, 1},
         {"badexample.org", "/", Kind::Found, 1},
         {"[::1]:8000", "/", Kind::Found, 1}});
}

TEST_CASE("router: where a host lacks the path, a wider one is asked, and 404 is not 421") {
  check(Router({{"a.example", "/web", false, 1}, {"", "/api", false, 2}}),
        {{"a.example", "/web/x", Kind::Found, 1},
         {"a.example", "/api", Kind::Found, 2},
         {"a.example", "/", Kind::NoPath},
         {"b.example", "/", Kind::NoPath}});
  check(Router({{"a.example", "/web", false, 1}, {"[::1]", "/", false, 2}}),
        {{"a.example", "/", Kind::NoPath},
         {"evil.example", "/web", Kind::NoHost},
         {"", "/web", Kind::NoHost},
         {"[::1]:80", "/web", Kind::Found, 2},
         {"[::1]", "/web", Kind::Found, 2}});
  check(Router(), {{"a", "/", Kind::NoHost}});
}

TEST_CASE("router: a thousand apps are each found, and of two rules for the same the first") {
  std::vector<RouteRule> rules;
  for (std::uint32_t n = 0; n < 1000; ++n)
    rules.push_back({"a" + std::to_string(n / 2) + ".example", n % 2 == 0 ? "/" : "/p", false, n});
  rules.push_back({"a7.example", "/p", false, 5000});
  const Router router(rules);
  for (std::uint32_t n = 0; n < 1000; ++n) {
    const std::string host = "A" + std::to_string(n / 2) + ".example:80";
    check(router, {{host.c_str(), n % 2 == 0 ? "/q/p" : "/p/q", Kind::Found, n}});
  }
  check(router, {{"a500.example", "/", Kind::NoHost}});
}

TEST_CASE("router: a host's name without what it may carry") {
  std::string buffer;
  CHECK(host_name("Example.ORG:80", buffer) == "example.org");
  CHECK(host_name("example.org.", buffer) == "example.org");
  CHECK(host_name("[::1]:80", buffer) == "[::1]");
  CHECK(host_name("[::1]", buffer) == "[::1]");
  CHECK(host_name("", buffer).empty());
  CHECK(host_name(".", buffer) == ".");
}

}  // namespace berth::route
