#include <doctest/doctest.h>

#include "bench/load/event_streams.h"

using namespace berth::load;

namespace {

/// The figures of a text, and those of its bytes one by one must be the same.
EventFigures read(const std::string& text) {
  EventFigures whole, single;
  EventReader reader, slow;
  reader.feed(text, whole);
  for (const char c : text) slow.feed({&c, 1}, single);
  CHECK(whole.received == single.received);
  CHECK(whole.gaps == single.gaps);
  CHECK(whole.repeats == single.repeats);
  CHECK(reader.last_id() == slow.last_id());
  CHECK(reader.at_boundary() == slow.at_boundary());
  return whole;
}

std::string ids(std::initializer_list<int> of) {
  std::string text;
  for (const int id : of) text += "id:" + std::to_string(id) + "\ndata: x\n\n";
  return text;
}

}  // namespace

TEST_CASE("event reader: what an empty line ends is an event, with any end of line, and comments are none") {
  CHECK(read("data: a\n\ndata: b\r\n\r\n").received == 2);
  CHECK(read(": hello\n\n\n\n: again\n\n").received == 0);
  CHECK(read("event: x\ndata: 1\ndata: 2\n\ndata: cut").received == 1);
}

TEST_CASE("event reader: lines end by CR, by LF or by both, and a byte order mark is no part of the first") {
  for (const std::string end : {"\n", "\r", "\r\n"}) {
    CAPTURE(end);
    std::string text;
    for (const char* id : {"1", "2", "5"}) text += std::string("id: ") + id + end + "data: x" + end + end;
    for (const std::string mark : {"", "\xef\xbb\xbf"}) {
      const auto figures = read(mark + text);
      CHECK(figures.received == 3);
      CHECK(figures.gaps == 2);
      CHECK(figures.repeats == 0);
    }
  }
  EventFigures figures;
  EventReader reader;
  for (const char* stream :
       {"\xef\xbb\xbfid: 7\r\n\r", "\xef\xbb\xbfid: 8\n\n"}) {  // each stream has its own begin
    reader.restart();
    reader.feed(stream, figures);
    CHECK(reader.at_boundary());
  }
  CHECK(reader.last_id() == "8");
  CHECK(figures.received == 2);
  // Elsewhere it is a character as others are.
  CHECK(read("id: 1\n\n\xef\xbb\xbfid: 9\n\n").gaps == 0);
}

TEST_CASE("event reader: a line without an end is kept up to a MiB, and then known as overlong") {
  EventFigures figures;
  EventReader reader;
  const std::string piece(1024 * 1024, 'x');
  reader.feed(piece, figures);
  CHECK_FALSE(reader.overlong());
  reader.feed(piece, figures);
  CHECK(reader.overlong());
  reader.restart();
  CHECK_FALSE(reader.overlong());
}

TEST_CASE("event reader: gaps are the ids left out, repeats those that come again") {
  struct Row {
    std::initializer_list<int> ids;
    std::uint64_t gaps, repeats;
  };
  const std::vector<Row> rows = {{{1, 2, 3}, 0, 0},       {{7, 8}, 0, 0},       {{1, 3}, 1, 0},
                                 {{1, 5, 9}, 6, 0},       {{1, 2, 2, 3}, 0, 1}, {{1, 2, 3, 2, 3, 4}, 0, 2},
                                 {{1, 2, 3, 1, 5}, 1, 1}, {{0, 1}, 0, 0}};
  for (const Row& row : rows) {
    const auto figures = read(ids(row.ids));
    INFO(ids(row.ids));
    CHECK(figures.gaps == row.gaps);
    CHECK(figures.repeats == row.repeats);
    CHECK(figures.received == row.ids.size());
  }
  // Ids that are no numbers are not counted, and a number behind one begins anew.
  const auto words = read("id: 1\n\nid: b\n\nid: 9\n\nid: 9x\n\n");
  CHECK(words.gaps + words.repeats == 0);
}

TEST_CASE("event reader: an event that was cut is not had, and comes again without being a repeat") {
  EventFigures figures;
  EventReader reader;
  CHECK(reader.at_boundary());
  reader.feed("id: 1\ndata: x\n\nid: 2\ndata: x\n", figures);
  CHECK_FALSE(reader.at_boundary());
  CHECK(reader.last_id() == "1");
  reader.restart();
  CHECK(reader.at_boundary());
  reader.feed("id: 2\ndata: x\n\n", figures);
  CHECK(reader.last_id() == "2");
  CHECK(figures.received == 2);
  CHECK(figures.gaps == 0);
  CHECK(figures.repeats == 0);
}
