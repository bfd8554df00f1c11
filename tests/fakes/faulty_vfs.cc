#include "tests/fakes/faulty_vfs.h"

#include <cstring>
#include <new>

namespace warren {
namespace {

// The real file lies behind it, in the same block.
struct File {
  sqlite3_file base;
  const FaultyVfs* vfs;

  sqlite3_file* real() { return reinterpret_cast<sqlite3_file*>(this + 1); }
};

File& Of(sqlite3_file* file) { return *reinterpret_cast<File*>(file); }
const sqlite3_io_methods& Real(sqlite3_file* file) { return *Of(file).real()->pMethods; }

int Close(sqlite3_file* f) { return Real(f).xClose(Of(f).real()); }
int Read(sqlite3_file* f, void* to, int size, sqlite3_int64 at) { return Real(f).xRead(Of(f).real(), to, size, at); }
int Write(sqlite3_file* f, const void* from, int size, sqlite3_int64 at) {
  if (const int code = Of(f).vfs->write_code(); code != SQLITE_OK) return code;
  return Real(f).xWrite(Of(f).real(), from, size, at);
}
int Truncate(sqlite3_file* f, sqlite3_int64 size) {
  if (const int code = Of(f).vfs->write_code(); code != SQLITE_OK) return code;
  return Real(f).xTruncate(Of(f).real(), size);
}
int Sync(sqlite3_file* f, int flags) {
  if (const int code = Of(f).vfs->sync_code(); code != SQLITE_OK) return code;
  return Real(f).xSync(Of(f).real(), flags);
}
int FileSize(sqlite3_file* f, sqlite3_int64* size) { return Real(f).xFileSize(Of(f).real(), size); }
int Lock(sqlite3_file* f, int level) { return Real(f).xLock(Of(f).real(), level); }
int Unlock(sqlite3_file* f, int level) { return Real(f).xUnlock(Of(f).real(), level); }
int CheckReservedLock(sqlite3_file* f, int* out) { return Real(f).xCheckReservedLock(Of(f).real(), out); }
int FileControl(sqlite3_file* f, int op, void* argument) { return Real(f).xFileControl(Of(f).real(), op, argument); }
int SectorSize(sqlite3_file* f) { return Real(f).xSectorSize(Of(f).real()); }
int Characteristics(sqlite3_file* f) { return Real(f).xDeviceCharacteristics(Of(f).real()); }
int ShmMap(sqlite3_file* f, int page, int size, int extend, void volatile** out) {
  return Real(f).xShmMap(Of(f).real(), page, size, extend, out);
}
int ShmLock(sqlite3_file* f, int offset, int n, int flags) { return Real(f).xShmLock(Of(f).real(), offset, n, flags); }
void ShmBarrier(sqlite3_file* f) { Real(f).xShmBarrier(Of(f).real()); }
int ShmUnmap(sqlite3_file* f, int remove) { return Real(f).xShmUnmap(Of(f).real(), remove); }

// Version 2: without memory-mapped reads, so that everything passes here.
constexpr sqlite3_io_methods kMethods = {2,
                                         Close,
                                         Read,
                                         Write,
                                         Truncate,
                                         Sync,
                                         FileSize,
                                         Lock,
                                         Unlock,
                                         CheckReservedLock,
                                         FileControl,
                                         SectorSize,
                                         Characteristics,
                                         ShmMap,
                                         ShmLock,
                                         ShmBarrier,
                                         ShmUnmap,
                                         nullptr,
                                         nullptr};

}  // namespace

FaultyVfs::FaultyVfs() : real_(sqlite3_vfs_find(nullptr)), vfs_(*real_) {
  // The rest (delete, access, full path…) is the real one's and looks at nothing of it but its functions.
  vfs_.zName = "warren-faulty";
  vfs_.szOsFile = static_cast<int>(sizeof(File)) + real_->szOsFile;
  vfs_.pNext = nullptr;
  vfs_.pAppData = this;
  vfs_.xOpen = [](sqlite3_vfs* vfs, const char* name, sqlite3_file* file, int flags, int* out_flags) {
    const auto* self = static_cast<const FaultyVfs*>(vfs->pAppData);
    File& made = *new (file) File{{nullptr}, self};
    memset(static_cast<void*>(made.real()), 0, static_cast<size_t>(self->real_->szOsFile));
    const int code = self->real_->xOpen(self->real_, name, made.real(), flags, out_flags);
    if (code == SQLITE_OK) made.base.pMethods = &kMethods;
    return code;
  };
  sqlite3_vfs_register(&vfs_, 1);
}

FaultyVfs::~FaultyVfs() {
  sqlite3_vfs_register(real_, 1);
  sqlite3_vfs_unregister(&vfs_);
}

}  // namespace warren
