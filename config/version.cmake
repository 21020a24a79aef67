# Writes version.cc anew when the revision has changed. Runs at every build, so that the answer of
# `berth --version` never lags behind the last commit; configure_file leaves an equal file alone.
set(BERTH_REVISION unknown)
find_program(GIT git)
if(GIT)
  execute_process(COMMAND ${GIT} -C ${SOURCE} rev-parse --short=12 HEAD
                  OUTPUT_VARIABLE revision OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET RESULT_VARIABLE failed)
  if(NOT failed)
    execute_process(COMMAND ${GIT} -C ${SOURCE} diff-index --quiet HEAD -- RESULT_VARIABLE changed ERROR_QUIET)
    set(BERTH_REVISION ${revision})
    if(changed)
      string(APPEND BERTH_REVISION +)
    endif()
  endif()
endif()
configure_file(${SOURCE}/config/version.cc.in ${OUTPUT} @ONLY)
