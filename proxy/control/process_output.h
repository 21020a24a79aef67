// Writes of a client verb to its own stdout and stderr, which a terminal may not take (Ctrl-S, an ssh that is
// stuck), nor a pager: a signal ends such a write. Knows nothing of what is written.
#pragma once

#include <string_view>

namespace berth::control {

/// All of `text`, however long the reader takes. 0, the errno, or EINTR: SIGINT, SIGTERM or SIGHUP came, or
/// hurry_output() was called, and the reader takes nothing. Whoever handles these signals gets them after the
/// write. Any thread; one write at a time.
int write_output(int fd, std::string_view text);

/// From now on nobody waits for a reader that takes nothing: somebody has asked for the end.
void hurry_output();

/// Whether a write of a line would not wait.
bool takes_output(int fd);

}  // namespace berth::control
