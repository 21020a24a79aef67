// A directory that goes with the test that made it.
#pragma once

#include <string>
#include <string_view>

namespace berth::test {

/// Made under $TMPDIR or /tmp, short enough for a unix socket in it; removed with all it holds.
class TempDir {
 public:
  TempDir();
  ~TempDir();
  TempDir(const TempDir&) = delete;
  TempDir& operator=(const TempDir&) = delete;
  const std::string& path() const { return path_; }
  std::string operator/(std::string_view name) const { return path_ + "/" + std::string(name); }

 private:
  std::string path_;
};

/// The whole file; empty if there is none.
std::string read_file(const std::string& path);
void write_file(const std::string& path, std::string_view text);

}  // namespace berth::test
