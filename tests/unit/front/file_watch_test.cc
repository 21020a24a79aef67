// A file that is watched, through every link of its path.
#include <doctest/doctest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "config/path_names.h"
#include "proxy/linux_file_watch.h"

using namespace berth;
using namespace std::chrono_literals;

namespace {

namespace fs = std::filesystem;
using Names = std::set<std::string>;

class Watched {
 public:
  Watched() {
    std::string name = (fs::temp_directory_path() / "berth-watch-XXXXXX").string();
    REQUIRE(::mkdtemp(name.data()) != nullptr);
    dir = fs::canonical(name);
  }
  ~Watched() { fs::remove_all(dir); }
  Watched(const Watched&) = delete;
  Watched& operator=(const Watched&) = delete;

  void write(const fs::path& file, const std::string& text) const {
    fs::create_directories((dir / file).parent_path());
    std::ofstream(dir / file, std::ios::trunc) << text;
  }
  /// As `ln -sfn`, in one step.
  void link(const fs::path& target, const fs::path& name) const {
    fs::create_directories((dir / name).parent_path());
    const fs::path fresh = dir / (name.string() + ".new");
    fs::create_symlink(target, fresh);
    fs::rename(fresh, dir / name);
  }
  void watch(const fs::path& file) {
    REQUIRE(watch_.start((dir / file).string(), [this] { ++told; }) == "");
  }
  /// Whether it is told once more.
  bool hears() {
    const int before = told;
    const auto end = std::chrono::steady_clock::now() + 20s;
    while (told == before && std::chrono::steady_clock::now() < end) io.run_one_for(50ms);
    return told > before;
  }

  boost::asio::io_context io;
  fs::path dir;
  int told = 0;

 private:
  FileWatch watch_{io};
};

}  // namespace

TEST_CASE("watch: the names of a path are its parts and those of every link on the way") {
  const Watched it;
  it.write("releases/1/conf/berth.toml", "1");
  it.link("releases/1", "current");
  it.link("../current/conf/berth.toml", "etc/berth.toml");
  const auto names = path_names((it.dir / "etc/berth.toml").string());
  CHECK(names.at((it.dir / "etc").string()) == Names{"berth.toml"});
  CHECK(names.at((it.dir / "releases/1/conf").string()) == Names{"berth.toml"});
  CHECK(names.at((it.dir / "releases").string()) == Names{"1"});
  CHECK(names.at(it.dir.string()) == Names{"current", "etc", "releases"});
  CHECK(names.contains("/"));
}

TEST_CASE("watch: links in a circle, and a path that is not there, are no endless walk") {
  const Watched it;
  it.link("b", "a");
  it.link("a", "b");
  CHECK(path_names((it.dir / "a").string()).at(it.dir.string()) == Names{"a", "b"});
  CHECK(path_names((it.dir / "no/where").string()).contains((it.dir / "no").string()));
}

TEST_CASE("watch: the file behind a link is written, the link moved, a directory on the way replaced") {
  Watched it;
  it.write("one/berth.toml", "1");
  it.write("two/berth.toml", "two");
  it.link("one", "current");
  it.link("../current/berth.toml", "etc/berth.toml");
  it.watch("etc/berth.toml");
  it.write("one/berth.toml", "changed");
  CHECK(it.hears());
  it.link("two", "current");
  CHECK(it.hears());
  // It is the new one that is watched now.
  it.write("two/berth.toml", "changed, too");
  CHECK(it.hears());
  fs::rename(it.dir / "two", it.dir / "old");
  it.write("fresh/berth.toml", "a directory of another name");
  fs::rename(it.dir / "fresh", it.dir / "two");
  CHECK(it.hears());
}

TEST_CASE("watch: what is written beside the file does not put off that it is told") {
  Watched it;
  it.write("berth.toml", "1");
  it.write("berth.log", "");
  it.watch("berth.toml");
  it.write("berth.toml", "22");
  // Every turn of the loop finds the log written anew, as a server beside it would.
  const auto end = std::chrono::steady_clock::now() + 20s;
  while (it.told == 0 && std::chrono::steady_clock::now() < end) {
    it.write("berth.log", "line");
    it.io.run_one_for(10ms);
  }
  CHECK(it.told == 1);
}

TEST_CASE("watch: a file that is written without a pause is told all the same") {
  Watched it;
  it.write("berth.toml", "1");
  it.watch("berth.toml");
  std::string text = "1";
  const auto end = std::chrono::steady_clock::now() + 20s;
  while (it.told == 0 && std::chrono::steady_clock::now() < end) {
    it.write("berth.toml", text += "2");
    it.io.run_one_for(10ms);
  }
  CHECK(it.told >= 1);
}

TEST_CASE("watch: what is written twice in a moment is told once") {
  Watched it;
  it.write("berth.toml", "1");
  it.watch("berth.toml");
  it.write("berth.toml", "22");
  it.io.poll();
  it.write("berth.toml", "333");
  CHECK(it.hears());
  it.write("berth.toml", "4444");
  CHECK(it.hears());
  CHECK(it.told == 2);
}

TEST_CASE("watch: a file that is away for a moment and comes back as it was is not told") {
  Watched it;
  it.write("berth.toml", "1");
  it.watch("berth.toml");
  fs::rename(it.dir / "berth.toml", it.dir / "away");
  it.io.run_for(300ms);  // longer than berth waits for an editor's next step
  fs::rename(it.dir / "away", it.dir / "berth.toml");
  it.io.run_for(300ms);
  CHECK(it.told == 0);
  it.write("berth.toml", "22");
  CHECK(it.hears());
  CHECK(it.told == 1);
}
