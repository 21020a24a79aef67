#include "proxy/observe/access_log.h"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <condition_variable>
#include <cstdlib>
#include <deque>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <mutex>
#include <random>
#include <string>

#include "proxy/observe/access_text.h"
#include "tests/support/wait_until.h"
#include "tests/unit/observe/stuck_terminal.h"

namespace berth::observe {
namespace {

namespace fs = std::filesystem;
using Text = AccessRecord::Text;
using test::wait_until;

AccessRecord example() {
  AccessRecord record;
  record.unix_us = 1'795'229'098'586'123;
  record.status = 200;
  record.bytes = 5274;
  record.version = 11;
  record.generation = 7;
  record.held_us = 68;
  record.upstream_us = 4'087;
  record.total_us = 12'345'678;
  record.put(Text::Address, "192.0.2.7");
  record.put(Text::Method, "GET");
  record.put(Text::Target, "/a?b=c");
  record.put(Text::UserAgent, "curl/7");
  record.put(Text::RequestId, "id-1");
  record.put(Text::App, "web");
  return record;
}

std::string line(const AccessRecord& record, AccessFormat format) {
  std::string out;
  AccessText().append(out, record, format);
  return out;
}

bool has(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

struct Folder {
  fs::path path;
  Folder() {
    std::string name = (fs::temp_directory_path() / "berth-access-XXXXXX").string();
    REQUIRE(mkdtemp(name.data()) != nullptr);
    path = name;
  }
  ~Folder() { fs::remove_all(path); }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
};

std::string read(const fs::path& file) {
  std::ifstream stream(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(stream), {}};
}

}  // namespace

TEST_CASE("access log: the combined format is nginx's") {
  setenv("TZ", "UTC", 1);
  CHECK(line(example(), AccessFormat::Combined) ==
        "192.0.2.7 - - [21/Nov/2026:02:44:58 +0000] \"GET /a?b=c HTTP/1.1\" 200 5274 \"-\" \"curl/7\"\n");
  AccessRecord bad;
  bad.status = 400;
  bad.put(Text::Address, "192.0.2.7");
  CHECK(has(line(bad, AccessFormat::Combined), "] \"-\" 400 0 \"-\" \"-\"\n"));
}

TEST_CASE("access log: as JSON it has everything") {
  CHECK(line(example(), AccessFormat::Json) ==
        "{\"time\":\"2026-11-21T02:44:58.586Z\",\"client\":\"192.0.2.7\",\"method\":\"GET\",\"target\":\"/"
        "a?b=c\","
        "\"version\":\"HTTP/1.1\",\"status\":200,\"bytes\":5274,\"referer\":\"\",\"user_agent\":\"curl/7\","
        "\"request_id\":\"id-1\",\"app\":\"web\",\"generation\":7,\"held_ms\":0.068,\"upstream_ms\":4.087,"
        "\"total_ms\":12345.678,\"complete\":true}\n");
}

TEST_CASE("access log: a relayed connection has its bytes both ways, and no request") {
  AccessRecord record = example();
  record.protocol = AccessRecord::Protocol::Tcp;
  record.version = 0;
  record.received = 311;
  record.total_us = 86'400'000'000;  // a day
  CHECK(line(record, AccessFormat::Json) ==
        "{\"time\":\"2026-11-21T02:44:58.586Z\",\"client\":\"192.0.2.7\",\"protocol\":\"tcp\",\"status\":200,"
        "\"bytes\":5274,\"received\":311,\"app\":\"web\",\"generation\":7,\"held_ms\":0.068,"
        "\"total_ms\":86400000.000,\"complete\":true}\n");
}

TEST_CASE("access log: bytes of clients end no line and no field") {
  AccessRecord record = example();
  record.put(Text::UserAgent, "a\"b\\c\t\xc3\xa9\xff\x7f\nGET");
  record.put(Text::Target, std::string(2000, '"'));
  const std::string combined = line(record, AccessFormat::Combined);
  CHECK(has(combined, "\"a\\x22b\\x5Cc\\x09\\xC3\\xA9\\xFF\\x7F\\x0AGET\"\n"));
  CHECK(has(combined, "\\x22... HTTP/1.1\" 200"));
  const std::string json = line(record, AccessFormat::Json);
  CHECK(has(json, "\"user_agent\":\"a\\\"b\\\\c\\t\xc3\xa9\xef\xbf\xbd\\u007f\\nGET\""));
  CHECK(has(json, "\\\"...\",\"version\""));
  CHECK(std::count(json.begin(), json.end(), '\n') == 1);
}

TEST_CASE("access log: every record fits, however long its texts are") {
  AccessRecord record;
  for (std::size_t i = 0; i < AccessRecord::kTexts; ++i)
    record.put(static_cast<Text>(i), std::string(10'000, static_cast<char>('a' + i)));
  CHECK(record.used == AccessRecord::kBytes);
  CHECK(record.get(Text::App) == std::string(64, 'g'));
}

TEST_CASE("access log: each second has its own time, in either format") {
  AccessText text;
  AccessRecord later = example();
  later.unix_us += 1'000'000;
  for (const AccessFormat format : {AccessFormat::Combined, AccessFormat::Json}) {
    std::string lines;
    for (const AccessRecord& record : {example(), later, example()}) text.append(lines, record, format);
    CHECK(lines == line(example(), format) + line(later, format) + line(example(), format));
    CHECK(line(example(), format) != line(later, format));
  }
}

TEST_CASE(
    "access log: a ring gives what was put into it, in order, however long each is and wherever it lies") {
  const auto seed = std::random_device{}();
  INFO("seed ", seed);
  std::mt19937 random(seed);
  int woken = 0;
  AccessRing ring(8 * 1024, [&] { ++woken; });
  std::deque<std::string> waiting;
  int taken = 0;
  const auto take = [&] {
    const AccessRecord* record = ring.front();
    REQUIRE(record != nullptr);
    CHECK(record->get(Text::Target) == waiting.front());
    CHECK(record->status == waiting.front().size());
    waiting.pop_front();
    ring.pop();
    ++taken;
  };
  while (taken < 5'000) {
    if (random() % 2 == 0 && !waiting.empty()) {
      take();
      continue;
    }
    AccessRecord record;
    const std::string target(random() % (AccessRecord::kMost[2] + 1U),
                             static_cast<char>('a' + random() % 26));
    record.put(Text::Target, target);
    record.status = static_cast<std::uint16_t>(target.size());
    const auto before = ring.dropped();
    ring.push(record);
    if (ring.dropped() == before) waiting.push_back(target);
  }
  CHECK(ring.dropped() > 0);
  CHECK(woken > 0);
  while (!waiting.empty()) take();
  CHECK(ring.front() == nullptr);
}

TEST_CASE("access log: lines of all workers are in the file at its end, and a full ring drops and counts") {
  Folder folder;
  const std::string file = folder.path / "a.log";
  std::mutex mutex;
  std::condition_variable changed;
  std::string warned;
  std::uint64_t dropped = 0;
  {
    std::string wrong;
    AccessLog log({.file = file,
                   .ring_bytes = 8 * 1024,
                   .warn =
                       [&](const std::string& text) {
                         const std::lock_guard lock(mutex);
                         warned += text;
                         changed.notify_one();
                       }},
                  wrong);
    REQUIRE(wrong.empty());
    AccessRing& one = log.add_ring();
    AccessRing& two = log.add_ring();
    two.push(example());
    // Faster than anybody writes.
    for (int i = 0; i < 100'000 && log.dropped() == 0; ++i) one.push(example());
    dropped = log.dropped();
    std::unique_lock lock(mutex);
    CHECK(changed.wait_for(lock, std::chrono::seconds(20), [&] { return !warned.empty(); }));
  }
  CHECK(dropped > 0);
  CHECK(has(warned, "lines of the access log dropped"));
  const std::string text = read(file);
  CHECK(std::count(text.begin(), text.end(), '\n') >= 5);
}

TEST_CASE("access log: a file that was renamed is opened anew, when asked to") {
  Folder folder;
  const fs::path file = folder.path / "a.log";
  const fs::path old = folder.path / "a.log.1";
  {
    std::string wrong;
    AccessLog log({.file = file.string(), .between_looks = std::chrono::hours(1)}, wrong);
    AccessRing& ring = log.add_ring();
    ring.push(example());
    REQUIRE(wait_until([&] { return !read(file).empty(); }));
    fs::rename(file, old);
    log.reopen();
    REQUIRE(wait_until([&] { return fs::exists(file); }));
    AccessRecord second = example();
    second.put(Text::Target, "/second");
    ring.push(second);
  }
  CHECK(has(read(old), "/a?b=c"));
  CHECK_FALSE(has(read(old), "/second"));
  CHECK(has(read(file), "/second"));
}

TEST_CASE("access log: a renamed file is seen without being asked") {
  Folder folder;
  const fs::path file = folder.path / "a.log";
  std::string wrong;
  AccessLog log({.file = file.string()}, wrong);
  fs::rename(file, folder.path / "a.log.1");
  REQUIRE(wait_until([&] { return fs::exists(file); }));
}

TEST_CASE("access log: a reader that never reads does not stop the end") {
  Folder folder;
  const fs::path pipe = folder.path / "pipe";
  REQUIRE(mkfifo(pipe.c_str(), 0600) == 0);
  std::string wrong;
  { const AccessLog unread({.file = pipe.string()}, wrong); }
  CHECK(has(wrong, "cannot open the access log"));
  const int reader = open(pipe.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC);
  wrong.clear();
  const auto begun = std::chrono::steady_clock::now();
  {
    AccessLog log({.file = pipe.string(), .flush_deadline = std::chrono::milliseconds(50)}, wrong);
    CHECK(wrong.empty());
    AccessRing& ring = log.add_ring();
    for (int i = 0; i < 4'000; ++i) ring.push(example());
  }
  CHECK(std::chrono::steady_clock::now() - begun < std::chrono::seconds(20));
  close(reader);
}

TEST_CASE("access log: a terminal that takes nothing any more does not hold the end") {
  const test::StuckTerminal terminal;
  const auto begun = std::chrono::steady_clock::now();
  {
    std::string wrong;
    AccessLog log({.file = "-", .standard = terminal.fd(), .flush_deadline = std::chrono::milliseconds(50)},
                  wrong);
    REQUIRE(wrong.empty());
    AccessRing& ring = log.add_ring();
    for (int n = 0; n < 2'000; ++n) ring.push(example());
  }
  CHECK(std::chrono::steady_clock::now() - begun < std::chrono::seconds(5));
  CHECK(terminal.is_full());
}

}  // namespace berth::observe
