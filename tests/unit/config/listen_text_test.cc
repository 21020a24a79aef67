#include "config/listen_text.h"

#include <doctest/doctest.h>

namespace berth {
namespace {

using Names = std::vector<std::string>;

ListenText listen(std::string_view text) {
  auto parsed = parse_listen(text);
  CAPTURE(text);
  REQUIRE(parsed.index() == 0);
  return std::get<0>(parsed);
}

std::vector<Endpoint> endpoints(std::string_view text) { return listen(text).addresses; }

std::string overlaps(std::string_view a, std::string_view b) { return overlap_text(listen(a), listen(b)); }

}  // namespace

TEST_CASE("listen: addresses, lists and localhost") {
  CHECK(endpoints("127.0.0.1:8000") == std::vector<Endpoint>{Endpoint::loopback_v4(8000)});
  CHECK(endpoints("[::]:80") == std::vector<Endpoint>{Endpoint::any_v6(80)});
  CHECK(endpoints("localhost:80") ==
        std::vector<Endpoint>{Endpoint::loopback_v4(80), Endpoint::loopback_v6(80)});
  CHECK(endpoints("127.0.0.1:1, [::1]:2") ==
        std::vector<Endpoint>{Endpoint::loopback_v4(1), Endpoint::loopback_v6(2)});
  CHECK(listen("localhost:80,[::1]:1").by_name == endpoints("localhost:80"));
  CHECK(endpoints("8000") == std::vector<Endpoint>{Endpoint::loopback_v4(8000)});
  CHECK(endpoints("127.0.0.1:0").front().port == 0);
  CHECK(endpoints("unix:/run/a.sock") == std::vector<Endpoint>{Endpoint::unix_path("/run/a.sock")});
}

TEST_CASE("listen: what systemd hands over, by name or all of it") {
  CHECK(listen("systemd").inherited == Names{""});
  CHECK(listen("systemd:").inherited == Names{""});
  CHECK(listen("systemd:web").inherited == Names{"web"});
  CHECK(listen("systemd:web, 127.0.0.1:80, systemd:x").inherited == Names{"web", "x"});
  CHECK(endpoints("systemd:web, 127.0.0.1:80") == std::vector<Endpoint>{Endpoint::loopback_v4(80)});
}

TEST_CASE("listen: what is not an address says how to write one") {
  struct Row {
    std::string text;
    const char* says;
  };
  for (const Row& row : {Row{"", "HOST:PORT"},
                         {"65536", "must be a number"},
                         {"http://example.org/", "is a URL; write HOST:PORT"},
                         {":8000", "write 0.0.0.0:8000"},
                         {"localhost", "has no port"},
                         {"127.0.0.1:x", "must be a number"},
                         {"127.0.0.1:65536", "must be a number"},
                         {"::1:80", "in brackets"},
                         {"http://127.0.0.1:80", "is a URL; write 127.0.0.1:80"},
                         {"[fe80::1%lo]:80", "with a zone"},
                         {"example.org:80", "names are not looked up"},
                         {"unix:", "has no path"},
                         {"unix:x.sock", "write the whole path"},
                         {"unix:/run/", "names a directory"},
                         {"unix:/" + std::string(107, 'x'), "at most 107 bytes, this one has 108"},
                         {"127.0.0.1:1,", "missing"}}) {
    CAPTURE(row.text);
    auto parsed = parse_listen(row.text);
    REQUIRE(parsed.index() == 1);
    CHECK(std::get<1>(parsed).find(row.says) != std::string::npos);
  }
}

TEST_CASE("listen: two that cannot both be had name each other") {
  CHECK(overlaps("127.0.0.1:80", "127.0.0.1:80") == "127.0.0.1:80 overlaps 127.0.0.1:80");
  CHECK(overlaps("127.0.0.1:80", "0.0.0.0:80") == "127.0.0.1:80 overlaps 0.0.0.0:80");
  CHECK(overlaps("127.0.0.1:80", "[::]:80") == "127.0.0.1:80 overlaps [::]:80");
  CHECK(overlaps("127.0.0.1:80", "[::1]:80").empty());
  CHECK(overlaps("127.0.0.1:0", "127.0.0.1:0").empty());
  CHECK(overlaps("unix:/a", "unix:/a") == "unix:/a overlaps unix:/a");
  CHECK(overlaps("unix:/a", "unix:/b").empty());
  CHECK(overlaps("systemd", "systemd:web") == "systemd overlaps systemd:web");
  CHECK(overlaps("systemd:api", "systemd:web").empty());
  CHECK(overlap_text(listen("localhost:80,127.0.0.1:80")) == "127.0.0.1:80 overlaps 127.0.0.1:80");
  CHECK(overlap_text(listen("localhost:0,[::1]:0")) ==
        "[::1]:0 overlaps [::1]:0: all :0 of one list are one number");
  CHECK(overlap_text(listen("localhost:0,192.0.2.1:0")).empty());
  CHECK(overlap_text(listen("systemd:a,systemd:a")) == "systemd:a overlaps systemd:a");
  CHECK(overlap_text(listen("localhost:80,127.0.0.1:81,systemd:a,systemd:b,unix:/a")).empty());
}

}  // namespace berth
