// Prints the best instruction set of this machine: CMakeLists.txt asks, for a build that is not to leave it.
#include "machine.h"

#include <cstdio>

int main() {
  for (const char* isa : hitherto::ISAS) {
    if (hitherto::machine_has(isa)) return std::printf("%s", isa) < 0;
  }
}
