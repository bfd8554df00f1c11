// The `warren` command: wires standard streams to the command tree.

#include <iostream>

#include "client/cmd/run.h"

int main(int argc, char** argv) { return warren::cli::RunWarren(argc, argv, {std::cin, std::cout, std::cerr}); }
