# The few functions every CMakeLists.txt here is written in.

# warren_compile_together(NAME [file...]): with WARREN_UNITY, all but those files.
function(warren_compile_together name)
  set_target_properties(${name} PROPERTIES UNITY_BUILD ${WARREN_UNITY} UNITY_BUILD_BATCH_SIZE 12)
  if(ARGN)
    set_source_files_properties(${ARGN} PROPERTIES SKIP_UNITY_BUILD_INCLUSION ON)
  endif()
endfunction()

# warren_library(NAME SRCS file... DEPS target... [ALONE file...])
# One room. DEPS are public: what a room's headers include, its users may link. ALONE: those of SRCS whose file-local names
# are also another file's, so that WARREN_UNITY must compile them by themselves.
function(warren_library name)
  cmake_parse_arguments(ARG "" "" "SRCS;DEPS;ALONE" ${ARGN})
  add_library(${name} STATIC ${ARG_SRCS})
  warren_compile_together(${name} ${ARG_ALONE})
  target_include_directories(${name} PUBLIC $<BUILD_INTERFACE:${CMAKE_SOURCE_DIR}>)
  target_link_libraries(${name} PUBLIC ${ARG_DEPS})
endfunction()

# warren_binary(NAME SRCS file... DEPS target...), to build/bin.
function(warren_binary name)
  cmake_parse_arguments(ARG "" "" "SRCS;DEPS" ${ARGN})
  add_executable(${name} ${ARG_SRCS})
  target_include_directories(${name} PRIVATE ${CMAKE_SOURCE_DIR})
  target_link_libraries(${name} PRIVATE ${ARG_DEPS})
endfunction()

# warren_test(NAME SRCS file... DEPS target... [ALONE file...] [SANDBOX] [TSAN] [TIMEOUT seconds])
# A GoogleTest binary and its ctest entry. SANDBOX: in network and mount namespaces of its own, checked for leftovers
# (tests/sandbox). TSAN: free of gRPC, so that ThreadSanitizer judges it too; built by target tsan_tests.
function(warren_test name)
  cmake_parse_arguments(ARG "SANDBOX;TSAN" "TIMEOUT" "SRCS;DEPS;ALONE" ${ARGN})
  add_executable(${name} ${ARG_SRCS})
  warren_compile_together(${name} ${ARG_ALONE})
  target_include_directories(${name} PRIVATE ${CMAKE_SOURCE_DIR})
  target_link_libraries(${name} PRIVATE ${ARG_DEPS} GTest::gmock_main)
  set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/tests)
  if(ARG_SANDBOX)
    add_test(NAME ${name} COMMAND ${CMAKE_SOURCE_DIR}/tests/sandbox $<TARGET_FILE:${name}>)
  else()
    add_test(NAME ${name} COMMAND ${name})
  endif()
  if(NOT ARG_TIMEOUT)
    set(ARG_TIMEOUT 300)
  endif()
  set_tests_properties(${name} PROPERTIES TIMEOUT ${ARG_TIMEOUT})
  if(ARG_TSAN)
    set_tests_properties(${name} PROPERTIES LABELS tsan)
    add_dependencies(tsan_tests ${name})
  endif()
endfunction()
add_custom_target(tsan_tests)

# warren_add_rooms(): every folder below this one that has a CMakeLists.txt.
function(warren_add_rooms)
  file(GLOB rooms CONFIGURE_DEPENDS RELATIVE ${CMAKE_CURRENT_SOURCE_DIR}
    ${CMAKE_CURRENT_SOURCE_DIR}/*/CMakeLists.txt)
  foreach(room ${rooms})
    get_filename_component(folder ${room} DIRECTORY)
    add_subdirectory(${folder})
  endforeach()
endfunction()

# warren_protos(NAME ROOT dir FILES proto... [GRPC] DEPS target...)
# Compiles protos (paths relative to ROOT) into a library; with GRPC, into a second one, NAME_grpc, the service stubs.
set(WARREN_GEN ${CMAKE_BINARY_DIR}/gen)
set(WARREN_PROTO_PATH -I${CMAKE_SOURCE_DIR}/proto -I${WARREN_GOOGLEAPIS_DIR} -I${WARREN_GRPC_PROTO_DIR})
function(warren_protos name)
  cmake_parse_arguments(ARG "GRPC" "ROOT" "FILES;DEPS" ${ARGN})
  file(MAKE_DIRECTORY ${WARREN_GEN})
  foreach(file ${ARG_FILES})
    string(REGEX REPLACE "\\.proto$" "" base ${file})
    set(pb ${WARREN_GEN}/${base}.pb.cc ${WARREN_GEN}/${base}.pb.h)
    set(grpc ${WARREN_GEN}/${base}.grpc.pb.cc ${WARREN_GEN}/${base}.grpc.pb.h)
    add_custom_command(OUTPUT ${pb}
      COMMAND protobuf::protoc ${WARREN_PROTO_PATH} -I${ARG_ROOT} --cpp_out=${WARREN_GEN} ${file}
      DEPENDS ${ARG_ROOT}/${file} VERBATIM)
    list(APPEND pb_files ${pb})
    if(ARG_GRPC)
      add_custom_command(OUTPUT ${grpc}
        COMMAND protobuf::protoc ${WARREN_PROTO_PATH} -I${ARG_ROOT} --grpc_out=${WARREN_GEN}
                --plugin=protoc-gen-grpc=$<TARGET_FILE:gRPC::grpc_cpp_plugin> ${file}
        DEPENDS ${ARG_ROOT}/${file} VERBATIM)
      list(APPEND grpc_files ${grpc})
    endif()
  endforeach()
  add_library(${name} STATIC ${pb_files})
  target_include_directories(${name} SYSTEM PUBLIC $<BUILD_INTERFACE:${WARREN_GEN}>)
  target_compile_options(${name} PRIVATE -w)
  target_link_libraries(${name} PUBLIC protobuf::libprotobuf ${ARG_DEPS})
  if(ARG_GRPC)
    add_library(${name}_grpc STATIC ${grpc_files})
    target_compile_options(${name}_grpc PRIVATE -w)
    target_link_libraries(${name}_grpc PUBLIC ${name} gRPC::grpc++)
  endif()
endfunction()
