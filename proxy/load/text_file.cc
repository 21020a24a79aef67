#include "proxy/load/text_file.h"

#include <cerrno>
#include <fstream>
#include <iterator>
#include <system_error>

namespace berth::load_verb {

TextFile read_text_file(const std::string& path) {
  TextFile file;
  std::ifstream stream(path, std::ios::binary);
  bool failed = !stream.is_open();
  if (!failed) {
    stream.peek();  // a directory can be opened, and not read
    failed = stream.bad();
  }
  if (failed) {
    file.error = "cannot read " + path + ": " + std::generic_category().message(errno);
    return file;
  }
  file.text.assign(std::istreambuf_iterator<char>(stream), {});
  if (file.text.starts_with("\xef\xbb\xbf")) file.text.erase(0, 3);
  if (file.text.starts_with("\xff\xfe") || file.text.starts_with("\xfe\xff"))
    file.error = path + " is a file of UTF-16: save it as UTF-8";
  return file;
}

}  // namespace berth::load_verb
