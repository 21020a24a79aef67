#include "proxy/loop/spare.h"

#include <fcntl.h>

#include <cerrno>

namespace berth::loop {

bool out_of_descriptors(int error) { return error == EMFILE || error == ENFILE; }

bool Spare::keep() {
  if (!fd_.is_open()) fd_.reset(::open("/dev/null", O_RDONLY | O_CLOEXEC));
  return fd_.is_open();
}

bool Spare::let_go() {
  const bool had = fd_.is_open();
  fd_.reset();
  return had;
}

}  // namespace berth::loop
