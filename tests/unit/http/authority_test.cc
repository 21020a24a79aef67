#include "proxy/http/authority.h"

#include <doctest/doctest.h>

#include <string>

using berth::http::is_host;

TEST_CASE("authority: names and addresses, with a port or without") {
  for (const char* good : {"",
                           "a",
                           "example.test",
                           "EXAMPLE.test.",
                           "a:",
                           "a:0",
                           "a:65535",
                           "127.0.0.1:80",
                           "a-b_c~d",
                           "caf%C3%A9.test",
                           "a,b;c=d",
                           "[::]",
                           "[::1]",
                           "[::1]:80",
                           "[1:2:3:4:5:6:7:8]",
                           "[1::8]",
                           "[2001:db8::1:2]",
                           "[::ffff:192.0.2.7]",
                           "[1:2:3:4:5:6:192.0.2.7]",
                           "[1:2:3:4:5:6:7::]"}) {
    CAPTURE(std::string(good));
    CHECK(is_host(good));
  }
}

TEST_CASE("authority: no userinfo, no path, no half of anything") {
  for (const char* bad : {":80",
                          "u@a",
                          "u:p@a",
                          "a b",
                          "a/b",
                          "a?b",
                          "a#b",
                          "a\\b",
                          "\"a\"",
                          "<a>",
                          "a:x",
                          "a:-1",
                          "a:65536",
                          "a:4294967376",
                          "a:80:80",
                          "a%",
                          "a%4",
                          "a%4g",
                          "\xc3\xa9",
                          "[",
                          "]",
                          "[]",
                          "[:]",
                          "[:::]",
                          "[::1",
                          "::1",
                          "[::1]x",
                          "[::1]80",
                          "[a]",
                          "[1:2:3:4:5:6:7]",
                          "[1:2:3:4:5:6:7:8:9]",
                          "[1::2::3]",
                          "[1:2:3:4:5:6:7:8::]",
                          "[12345::]",
                          "[g::]",
                          "[:1]",
                          "[1:]",
                          "[::192.0.2]",
                          "[::192.0.2.256]",
                          "[::192.0.2.7.1]",
                          "[::192.0.2.7:1]",
                          "[192.0.2.7::]",
                          "[::1%25eth0]",
                          "[v1.x]"}) {
    CAPTURE(std::string(bad));
    CHECK_FALSE(is_host(bad));
  }
}
