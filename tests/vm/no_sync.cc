// Preloaded into a server: what it syncs is not synced. With it the power cut must lose something, or shows nothing.

#include <unistd.h>

extern "C" int fsync(int) { return 0; }
extern "C" int fdatasync(int) { return 0; }
