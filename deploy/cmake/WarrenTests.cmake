# Tests that drive the real binaries, in Python (standard library only).

find_package(Python3 3.11 REQUIRED COMPONENTS Interpreter)

# warren_program_test(NAME FILE script [ARGS arg...] [TIMEOUT seconds] [SKIP_WHERE regex] LABEL label)
# Runs in tests/sandbox with WARREN_BIN pointing at this build. SKIP_WHERE: what it prints where a tool it is all about is
# missing; ctest then says that it was skipped.
function(warren_program_test name)
  cmake_parse_arguments(ARG "" "FILE;TIMEOUT;SKIP_WHERE;LABEL" "ARGS" ${ARGN})
  if(NOT ARG_TIMEOUT)
    set(ARG_TIMEOUT 600)
  endif()
  # A sanitizer makes start and end take some times as long.
  if(WARREN_SANITIZE)
    set(slowness 4)
  else()
    set(slowness 1)
  endif()
  add_test(NAME ${name}
    COMMAND ${CMAKE_SOURCE_DIR}/tests/sandbox ${Python3_EXECUTABLE} -B ${CMAKE_CURRENT_SOURCE_DIR}/${ARG_FILE} ${ARG_ARGS})
  set_tests_properties(${name} PROPERTIES
    ENVIRONMENT "WARREN_BIN=${CMAKE_BINARY_DIR}/bin;WARREN_TEST_SLOWNESS=${slowness};WARREN_TEST_DEADLINE=120"
    LABELS ${ARG_LABEL} TIMEOUT ${ARG_TIMEOUT})
  if(ARG_SKIP_WHERE)
    set_tests_properties(${name} PROPERTIES SKIP_REGULAR_EXPRESSION ${ARG_SKIP_WHERE})
  endif()
endfunction()
