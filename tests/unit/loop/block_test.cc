#include "proxy/loop/block.h"

#include <doctest/doctest.h>

#include <string>

using namespace berth::loop;

TEST_CASE("block: bytes are kept in order while it grows and is consumed") {
  BlockPool pool;
  Block block;
  std::string expected;
  for (int i = 0; i < 500; ++i) {
    const std::string piece(static_cast<std::size_t>(i * 7 % 900), static_cast<char>('a' + i % 26));
    block.append(pool, piece);
    expected += piece;
    const std::size_t eat = std::min<std::size_t>(block.size(), static_cast<std::size_t>(i * 5 % 400));
    block.consume(eat);
    expected.erase(0, eat);
    REQUIRE(block.view() == expected);
  }
}

TEST_CASE("block: room is made without losing what is there") {
  BlockPool pool;
  Block block;
  block.append(pool, "abc");
  block.reserve(pool, 300'000);
  CHECK(block.room() >= 300'000);
  CHECK(block.view() == "abc");
}

TEST_CASE("block: memory that was given back is taken again, the warmest first") {
  BlockPool pool;
  Block first = pool.take(100);
  const char* memory = first.data();
  first.reset();
  CHECK_FALSE(first.has_memory());
  const Block second = pool.take(200);
  CHECK(second.data() == memory);
}

TEST_CASE("block: moving leaves one owner") {
  BlockPool pool;
  Block a;
  a.append(pool, "abc");
  Block b = std::move(a);
  CHECK(b.view() == "abc");
  CHECK(a.empty());  // NOLINT(bugprone-use-after-move): an empty block is what a move leaves
}
