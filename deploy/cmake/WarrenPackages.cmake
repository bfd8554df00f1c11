# Every package Warren uses, found on the system: nothing is vendored or downloaded. deploy/install-deps.sh installs them.

find_package(Threads REQUIRED)
find_package(PkgConfig REQUIRED)
find_package(Protobuf CONFIG QUIET)
if(NOT Protobuf_FOUND)
  find_package(Protobuf REQUIRED)
endif()
find_package(absl CONFIG REQUIRED)
find_package(gRPC CONFIG REQUIRED)
find_package(prometheus-cpp CONFIG REQUIRED)
find_package(spdlog CONFIG REQUIRED)
find_package(CLI11 CONFIG REQUIRED)
find_package(yaml-cpp CONFIG REQUIRED)
find_package(SQLite3 REQUIRED)
find_package(ZLIB REQUIRED)
find_package(Boost 1.81 REQUIRED)  # headers only: Asio and Beast
pkg_check_modules(JEMALLOC REQUIRED IMPORTED_TARGET jemalloc)
pkg_check_modules(LIBNL REQUIRED IMPORTED_TARGET libnl-3.0 libnl-route-3.0)
if(BUILD_TESTING)
  find_package(GTest REQUIRED)
endif()

# google/api/annotations.proto and google/rpc/*.proto.
find_path(WARREN_GOOGLEAPIS_DIR google/api/annotations.proto
  PATHS /usr/share/gocode/src/github.com/gogo/googleapis /usr/share/googleapis REQUIRED)
# grpc/health/v1/health.proto, so that reflection can describe the health service.
find_path(WARREN_GRPC_PROTO_DIR grpc/health/v1/health.proto PATHS /usr/share/grpc-proto /usr/include)

# The archives of gRPC, protobuf and Abseil, where they are installed, instead of some 60 shared libraries: those were
# 3.5 MiB of an idle agent's memory, and 0.1 s of every start. What is patched more often than these, such as OpenSSL,
# stays shared; so does everything where a sanitizer judges. An archive's order on the command line does not matter to lld.
option(WARREN_LINK_ARCHIVES "Link gRPC, protobuf and Abseil into the programs" ON)
if(WARREN_LINK_ARCHIVES AND WARREN_LLD AND NOT WARREN_SANITIZE)
  add_link_options(-Wl,--gc-sections)
  get_property(imported DIRECTORY PROPERTY IMPORTED_TARGETS)
  list(FILTER imported INCLUDE REGEX "^(gRPC|absl|protobuf)::")
  foreach(target ${imported})
    get_target_property(type ${target} TYPE)
    if(NOT type STREQUAL "SHARED_LIBRARY" AND NOT type STREQUAL "UNKNOWN_LIBRARY")
      continue()
    endif()
    get_target_property(configurations ${target} IMPORTED_CONFIGURATIONS)
    list(TRANSFORM configurations PREPEND "_")
    foreach(suffix "" ${configurations})
      get_target_property(shared ${target} IMPORTED_LOCATION${suffix})
      string(REGEX REPLACE "\\.so[.0-9]*$" ".a" archive "${shared}")
      if(shared AND NOT archive STREQUAL shared AND EXISTS "${archive}")
        set_target_properties(${target} PROPERTIES IMPORTED_LOCATION${suffix} "${archive}")
      endif()
    endforeach()
  endforeach()
endif()
