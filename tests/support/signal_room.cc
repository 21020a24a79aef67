// For programs that are watched by ThreadSanitizer and told to end by a signal. It makes a thread's room for
// signals at its first blocking call, and forgets the signal that comes in that very moment (GCC 12, SigCtx()
// in tsan_interceptors_posix.cpp): here that call is made before anybody knows of the process.
#include <poll.h>

namespace {

[[gnu::constructor]] void make_room_for_signals() { ::poll(nullptr, 0, 0); }

}  // namespace
