# What `cmake --install BUILD --prefix PREFIX` puts where: the binaries, and the client library with its headers and a
# CMake package:
#
#   find_package(Warren CONFIG REQUIRED)
#   target_link_libraries(mine PRIVATE Warren::client)      # #include "warren/client/lib/client.h"

include(GNUInstallDirs)
include(CMakePackageConfigHelpers)

install(TARGETS warren warren-server warren-agent warren-nsexec RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})

# The library, and the libraries of ours below it. Headers include each other as they do in the source tree, from
# include/warren; the API's messages ("warren/v1/...") from include.
set(WARREN_CLIENT_TARGETS warren_client_lib warren_proto_grpc warren_proto warren_googleapis warren_common)
set_target_properties(warren_client_lib PROPERTIES EXPORT_NAME client)
set(include ${CMAKE_INSTALL_INCLUDEDIR})
foreach(target ${WARREN_CLIENT_TARGETS})
  target_include_directories(${target} INTERFACE
    $<INSTALL_INTERFACE:${include}> $<INSTALL_INTERFACE:${include}/warren>)
endforeach()
install(TARGETS ${WARREN_CLIENT_TARGETS} EXPORT WarrenTargets ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR})
set(lib ${CMAKE_SOURCE_DIR}/client/lib)
install(FILES ${lib}/address.h ${lib}/client.h ${lib}/exec.h ${lib}/retry.h ${lib}/status.h ${lib}/watch.h
  DESTINATION ${include}/warren/client/lib)
install(FILES ${CMAKE_SOURCE_DIR}/proto/common/names.h ${CMAKE_SOURCE_DIR}/proto/common/status_payload.h
  DESTINATION ${include}/warren/proto/common)
install(DIRECTORY ${WARREN_GEN}/warren/v1 DESTINATION ${include}/warren FILES_MATCHING PATTERN "*.pb.h")
# Not beside those that other packages may have.
install(DIRECTORY ${WARREN_GEN}/google DESTINATION ${include}/warren FILES_MATCHING PATTERN "*.pb.h")

set(package ${CMAKE_INSTALL_LIBDIR}/cmake/Warren)
install(EXPORT WarrenTargets NAMESPACE Warren:: DESTINATION ${package})
configure_package_config_file(${CMAKE_CURRENT_LIST_DIR}/WarrenConfig.cmake.in ${CMAKE_BINARY_DIR}/WarrenConfig.cmake
  INSTALL_DESTINATION ${package})
write_basic_package_version_file(${CMAKE_BINARY_DIR}/WarrenConfigVersion.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${CMAKE_BINARY_DIR}/WarrenConfig.cmake ${CMAKE_BINARY_DIR}/WarrenConfigVersion.cmake
  DESTINATION ${package})

# For grpcurl -protoset, and whoever generates clients in other languages.
install(FILES ${CMAKE_BINARY_DIR}/warren.protoset DESTINATION ${CMAKE_INSTALL_DATADIR}/warren)

# Manual pages and completions, written by the binaries themselves.
set(man ${CMAKE_BINARY_DIR}/man)
set(completions ${CMAKE_BINARY_DIR}/completions)
file(MAKE_DIRECTORY ${man}/man1 ${man}/man8 ${completions})
add_custom_command(OUTPUT ${man}/man1/warren.1 ${completions}/warren ${completions}/_warren
  COMMAND warren __man_pages ${man}/man1
  COMMAND warren completion bash > ${completions}/warren
  COMMAND warren completion zsh > ${completions}/_warren
  DEPENDS warren VERBATIM)
foreach(daemon warren-server warren-agent)
  add_custom_command(OUTPUT ${man}/man8/${daemon}.8
    COMMAND ${daemon} --man-page > ${man}/man8/${daemon}.8 DEPENDS ${daemon} VERBATIM)
endforeach()
add_custom_target(warren_client_pages ALL DEPENDS ${man}/man1/warren.1)
add_custom_target(warren_pages ALL DEPENDS ${man}/man8/warren-server.8 ${man}/man8/warren-agent.8)
install(DIRECTORY ${man}/man1 ${man}/man8 DESTINATION ${CMAKE_INSTALL_MANDIR})
install(FILES ${completions}/warren DESTINATION ${CMAKE_INSTALL_DATADIR}/bash-completion/completions)
install(FILES ${completions}/_warren DESTINATION ${CMAKE_INSTALL_DATADIR}/zsh/site-functions)
