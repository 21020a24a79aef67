#include "proxy/loop/list.h"

#include <doctest/doctest.h>

#include <memory>
#include <string>

using berth::loop::List;
using berth::loop::ListHook;

namespace {

struct Item : ListHook<Item> {
  explicit Item(char c) : name(c) {}
  char name;
};

std::string names(List<Item, Item>& list) {
  std::string all;
  list.for_each([&](Item& item) { all += item.name; });
  return all;
}

}  // namespace

TEST_CASE("list: order at both ends, and leaving from the middle") {
  List<Item, Item> list;
  Item a('a'), b('b'), c('c'), d('d');
  list.push_back(b);
  list.push_back(c);
  list.push_front(a);
  list.push_back(d);
  CHECK(names(list) == "abcd");
  c.unlink();
  CHECK_FALSE(c.linked());
  CHECK(names(list) == "abd");
  CHECK(list.front()->name == 'a');
  CHECK(list.back()->name == 'd');
}

TEST_CASE("list: an element leaves when it is destroyed, also while it is visited") {
  List<Item, Item> list;
  Item a('a'), c('c');
  auto b = std::make_unique<Item>('b');
  list.push_back(a);
  list.push_back(*b);
  list.push_back(c);
  list.for_each([&](Item& item) {
    if (item.name == 'b') b.reset();
  });
  CHECK(names(list) == "ac");
}

TEST_CASE("list: a list that ends lets its elements go") {
  Item a('a');
  {
    List<Item, Item> list;
    list.push_back(a);
  }
  CHECK_FALSE(a.linked());
}
