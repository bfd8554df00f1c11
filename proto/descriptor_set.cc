#include "proto/descriptor_set.h"

// The file as it is: as an array in C++ it would take the compiler seconds.
asm(".section .rodata\n"
    ".global warren_descriptor_set\n"
    "warren_descriptor_set:\n"
    ".incbin \"" WARREN_PROTOSET
    "\"\n"
    ".global warren_descriptor_set_end\n"
    "warren_descriptor_set_end:\n"
    ".byte 0\n"
    ".previous\n");

extern "C" const char warren_descriptor_set[];
extern "C" const char warren_descriptor_set_end[];

namespace warren {

std::string_view DescriptorSet() {
  return {warren_descriptor_set, static_cast<size_t>(warren_descriptor_set_end - warren_descriptor_set)};
}

}  // namespace warren
