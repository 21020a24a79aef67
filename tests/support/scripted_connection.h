// One connection of the scripted backend, on a thread of its own with blocking calls: reads requests, answers
// by path and by the options. Simple rather than strict: what it gets was sent by a test.
//
//   /            the name or pid          /echo     the request's body (chunked if it came chunked)
//   /slow?MS     after so long            /forever  chunks until it ends
//   /half        half a body, then exit   /die      exit without an answer
//   /head        the request's head       /raw      the bytes of --reply, then close
//   /early       answers before the body is read, then closes
//   /cut         half a body, then closes
#pragma once

#include <string>

#include "tests/support/scripted_options.h"

namespace berth::test {

/// Serves `fd` until it ends, and closes it.
void serve_scripted(int fd, const ScriptedOptions& options);

/// Appends to a file in one write.
void append_to(const std::string& path, const std::string& text);

}  // namespace berth::test
