// Runs the conformance tables against berth, nginx and HAProxy, and writes what each of them did as a page of
// Markdown: conformance FILE
#include <cstdio>
#include <exception>
#include <string>
#include <vector>

#include "tests/conformance/judge.h"
#include "tests/conformance/peer.h"
#include "tests/conformance/rows.h"
#include "tests/support/berth_process.h"

namespace berth::test {
namespace {

/// One column: who is asked, and what became of every row, in order.
struct Column {
  std::string name;
  std::string version;
  std::vector<std::string> cells;
  std::size_t right = 0;
};

std::string cell(const Row& row, const Outcome& outcome, Whose whose, Column& column) {
  const auto wrong = complaints(row, Manner::Whole, outcome, whose);
  if (wrong.empty()) {
    ++column.right;
    return outcome.statuses.empty() ? "closed" : std::to_string(outcome.statuses.back());
  }
  std::string text = "**" + describe(outcome) + "**";
  // What the counts do not show.
  const std::string& last = wrong.back();
  if (wrong.size() == 1 && last.find_first_of("\r\n") == std::string::npos) text += ": " + last;
  return text;
}

void run_column(Column& column, Whose whose, std::uint16_t port, RecordingBackend& backend) {
  backend.end();
  const Patience patience{std::chrono::milliseconds(whose == Whose::Berth ? 5'000 : 700)};
  for (const Group& group : all_groups())
    for (const Row& row : group.rows)
      column.cells.push_back(cell(row, run_row(row, Manner::Whole, port, backend, patience), whose, column));
  std::fprintf(stderr, "%s %s: %zu of %zu as the table asks\n", column.name.c_str(), column.version.c_str(),
               column.right, column.cells.size());
}

std::string escaped(const std::string& text) {
  std::string out;
  for (const char c : text) {
    if (c == '|' || c == '<' || c == '*') out += '\\';
    out += c;
  }
  return out;
}

void write_page(std::FILE* file, const std::vector<Column>& columns, const std::vector<PeerKind>& peers) {
  const auto put = [file](const std::string& text) { std::fputs(text.c_str(), file); };
  put("# Conformance\n\n"
      "What berth makes of HTTP/1.1 where it is subtle, case by case, beside two proxies that many trust. "
      "Each row is\n"
      "raw bytes from a client or from a backend, and what has to come of them on both sides; a backend that "
      "records\n"
      "every byte shows what arrived. The rows are in `tests/conformance`; berth is held to every one of "
      "them by its\n"
      "tests, in one piece and byte by byte. This page is written by `./dev conformance`.\n\n"
      "A cell shows the status that the client got. **Bold** is what differs from what the row asks for: "
      "the\n"
      "statuses, what became of the client's connection, and what was passed on to the backend. The rows ask "
      "for the\n"
      "strictest reading: a proxy that repairs a message and passes it on in one clear form differs here and "
      "may do no\n"
      "harm by it; of the others any refusal counts, whatever its status.\n\n| | as the table asks |\n| --- "
      "| --- |\n");
  for (const Column& column : columns)
    put("| " + column.name + (column.version.empty() ? "" : " ") + column.version + " | " +
        std::to_string(column.right) + " of " + std::to_string(column.cells.size()) + " |\n");
  std::size_t at = 0;
  for (const Group& group : all_groups()) {
    put("\n## " + group.name + "\n\n" + group.about + "\n\n| case | source |");
    for (const Column& column : columns) put(" " + column.name + " |");
    put("\n| --- | --- |");
    for (std::size_t i = 0; i < columns.size(); ++i) put(" --- |");
    put("\n");
    for (const Row& row : group.rows) {
      put("| " + escaped(row.name) + " | " + row.source + " |");
      for (const Column& column : columns) put(" " + column.cells[at] + " |");
      put("\n");
      ++at;
    }
  }
  put("\n## Settings\n\nberth: `berth run --workers 1 --external ADDRESS`, and nothing else.\n");
  for (const PeerKind& peer : peers)
    put("\n" + peer.name + " " + peer.version + ", from Debian:\n\n```\n" + peer.settings + "```\n");
}

int run(const char* path) {
  RecordingBackend backend;
  std::vector<Column> columns;
  std::vector<PeerKind> peers;
  {
    Column& column = columns.emplace_back(Column{"berth", "", {}, 0});
    BerthProcess berth({.more = {"--external", "127.0.0.1:" + std::to_string(backend.port()), "--ready",
                                 "tcp", "--workers", "1"}});
    if (!berth.wait_serving()) throw std::runtime_error("berth does not serve: " + berth.output());
    run_column(column, Whose::Berth, berth.port(), backend);
    berth.stop();
  }
  for (const PeerKind& kind : {nginx(), haproxy()}) {
    if (kind.version.empty()) throw std::runtime_error(kind.program + " is not there");
    peers.push_back(kind);
    Column& column = columns.emplace_back(Column{kind.name, kind.version, {}, 0});
    const Peer peer(kind, backend.port());
    run_column(column, Whose::Peer, peer.port(), backend);
  }
  std::FILE* file = std::fopen(path, "we");
  if (file == nullptr) throw std::runtime_error(std::string("cannot write ") + path);
  write_page(file, columns, peers);
  std::fclose(file);
  return columns.front().right == columns.front().cells.size() ? 0 : 1;
}

}  // namespace
}  // namespace berth::test

int main(int argc, char** argv) {
  if (argc != 2) {
    std::fputs("usage: conformance FILE\n", stderr);
    return 2;
  }
  try {
    return berth::test::run(argv[1]);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "conformance: %s\n", error.what());
    return 1;
  }
}
