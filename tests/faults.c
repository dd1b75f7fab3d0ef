/* Failures on request, for LD_PRELOAD: of calls on files below one folder, or of allocations. And a record of what is
   done to those files.

   faults_arm(folder, kind, nth, number, more) - from now on count the calls of that kind; the nth fails with errno
                                                 `number`, and with `more` all after it too. Kind FILES counts calls on
                                                 files below `folder`, MEMORY allocations, and SHORT cuts the nth
                                                 read or write to half of what was asked for, which is no failure.
   faults_disarm()                             - back to order; gives how many were counted
   faults_record(folder, log)                  - from now on write down in descriptor `log` what changes files below
                                                 `folder`: a line for each call, and after `write` its data
   faults_note(text)                           - a line of the caller's own
   The caller must be the only thread. */
#define _GNU_SOURCE
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <unistd.h>

enum { NOTHING, FILES, MEMORY, SHORT };

static char below[4096];
static unsigned char ours[4096]; /* descriptors of files below the folder */
static int kind, number, more;
static long nth, counted;
static int log_to = -1;

void faults_arm(const char *folder, int what, long at, int error, int all) {
  strncpy(below, folder, sizeof below - 1);
  kind = what, nth = at, number = error, more = all, counted = 0;
}

long faults_disarm(void) {
  kind = NOTHING;
  return counted;
}

void faults_record(const char *folder, int log) {
  strncpy(below, folder, sizeof below - 1);
  log_to = log;
}

void faults_note(const char *text) { dprintf(log_to, "note %s\n", text); }

static int fails(int what) {
  if (kind != what) return 0;
  ++counted;
  if (counted < nth || (counted > nth && !more)) return 0;
  errno = number;
  return 1;
}

static int is_ours(int fd) { return fd >= 0 && fd < (int)sizeof ours && ours[fd]; }
static int fd_fails(int fd) { return kind == FILES && is_ours(fd) && fails(FILES); }
static int inside(const char *path) { return below[0] && strncmp(path, below, strlen(below)) == 0; }
static int path_fails(const char *path) { return kind == FILES && inside(path) && fails(FILES); }
static int opened(int fd, int mine) {
  if (fd >= 0 && fd < (int)sizeof ours) ours[fd] = (unsigned char)mine;
  return fd;
}
static int told_open(int fd, const char *path, int flags) {
  if (log_to >= 0 && fd >= 0 && inside(path))
    dprintf(log_to, "open %d %d %d %s\n", fd, !!(flags & O_CREAT), !!(flags & O_TRUNC), path);
  return opened(fd, inside(path));
}
static int told(const char *call, const char *path, const char *to, int got) {
  if (log_to >= 0 && got >= 0 && inside(path)) dprintf(log_to, "%s %s%s%s\n", call, path, to ? " " : "", to ? to : "");
  return got;
}
static int told_fd(const char *call, int fd, long value, int got) {
  if (log_to >= 0 && got >= 0 && is_ours(fd)) dprintf(log_to, "%s %d %ld\n", call, fd, value);
  return got;
}
static size_t cut(int fd, size_t size) {
  return kind == SHORT && is_ours(fd) && size > 1 && fails(SHORT) ? size / 2 : size;
}

#define REAL(name) ((__typeof__(&name))real(&real_##name, #name))
static void *real(void **kept, const char *name) {
  if (!*kept) *kept = dlsym(RTLD_NEXT, name);
  return *kept;
}
#define SLOT(name) static void *real_##name

#define OPEN(name)                                                  \
  SLOT(name);                                                       \
  int name(const char *path, int flags, ...) {                      \
    va_list rest;                                                   \
    va_start(rest, flags);                                          \
    mode_t mode = flags & (O_CREAT | __O_TMPFILE) ? va_arg(rest, mode_t) : 0; \
    va_end(rest);                                                   \
    if (path_fails(path)) return -1;                                \
    return told_open(REAL(name)(path, flags, mode), path, flags);   \
  }
OPEN(open)
OPEN(open64)

#define OPENAT(name)                                                \
  SLOT(name);                                                       \
  int name(int at, const char *path, int flags, ...) {              \
    va_list rest;                                                   \
    va_start(rest, flags);                                          \
    mode_t mode = flags & (O_CREAT | __O_TMPFILE) ? va_arg(rest, mode_t) : 0; \
    va_end(rest);                                                   \
    if (path_fails(path)) return -1;                                \
    return told_open(REAL(name)(at, path, flags, mode), path, flags); \
  }
OPENAT(openat)
OPENAT(openat64)

SLOT(fcntl64);
int fcntl64(int fd, int command, ...) {
  va_list rest;
  va_start(rest, command);
  void *argument = va_arg(rest, void *);
  va_end(rest);
  int copies = command == F_DUPFD || command == F_DUPFD_CLOEXEC;
  if (copies && fd_fails(fd)) return -1;
  int got = REAL(fcntl64)(fd, command, argument);
  return copies ? opened(told_fd("dup", fd, got, got), is_ours(fd)) : got;
}
SLOT(fcntl);
int fcntl(int fd, int command, ...) {
  va_list rest;
  va_start(rest, command);
  void *argument = va_arg(rest, void *);
  va_end(rest);
  int copies = command == F_DUPFD || command == F_DUPFD_CLOEXEC;
  if (copies && fd_fails(fd)) return -1;
  int got = REAL(fcntl)(fd, command, argument);
  return copies ? opened(told_fd("dup", fd, got, got), is_ours(fd)) : got;
}

SLOT(close);
int close(int fd) { /* closed all the same, as Linux does */
  int failed = fd_fails(fd);
  opened(fd, 0);
  int got = REAL(close)(fd);
  if (failed) errno = number;
  return failed ? -1 : got;
}

SLOT(read);
ssize_t read(int fd, void *data, size_t size) {
  return fd_fails(fd) ? -1 : REAL(read)(fd, data, cut(fd, size));
}
SLOT(write);
ssize_t write(int fd, const void *data, size_t size) {
  if (fd_fails(fd)) return -1;
  long at = log_to >= 0 && is_ours(fd) ? (long)lseek(fd, 0, fcntl(fd, F_GETFL) & O_APPEND ? SEEK_END : SEEK_CUR) : 0;
  ssize_t got = REAL(write)(fd, data, cut(fd, size));
  if (log_to >= 0 && got > 0 && is_ours(fd)) {
    dprintf(log_to, "write %d %ld %ld\n", fd, at, (long)got);
    REAL(write)(log_to, data, (size_t)got);
  }
  return got;
}

#define OF_FD(type, name, parameters, arguments) \
  SLOT(name);                                    \
  type name parameters { return fd_fails(fd) ? -1 : REAL(name) arguments; }
#define OF_PATH(type, name, parameters, arguments) \
  SLOT(name);                                      \
  type name parameters { return path_fails(path) ? -1 : REAL(name) arguments; }

OF_FD(int, flock, (int fd, int operation), (fd, operation))
OF_FD(int, fchmod, (int fd, mode_t mode), (fd, mode))
OF_FD(off_t, lseek, (int fd, off_t to, int from), (fd, to, from))
OF_FD(off64_t, lseek64, (int fd, off64_t to, int from), (fd, to, from))
OF_FD(int, fstat, (int fd, struct stat *found), (fd, found))
OF_FD(int, fstat64, (int fd, struct stat64 *found), (fd, found))
OF_PATH(int, stat, (const char *path, struct stat *found), (path, found))
OF_PATH(int, stat64, (const char *path, struct stat64 *found), (path, found))
OF_PATH(int, lstat, (const char *path, struct stat *found), (path, found))
OF_PATH(int, lstat64, (const char *path, struct stat64 *found), (path, found))
OF_PATH(int, fstatat, (int at, const char *path, struct stat *found, int flags), (at, path, found, flags))
OF_PATH(int, fstatat64, (int at, const char *path, struct stat64 *found, int flags), (at, path, found, flags))
OF_PATH(int, access, (const char *path, int mode), (path, mode))
OF_PATH(int, chmod, (const char *path, mode_t mode), (path, mode))

#define CHANGES_FD(name, parameters, arguments, value) \
  SLOT(name);                                          \
  int name parameters { return fd_fails(fd) ? -1 : told_fd(#name, fd, (long)(value), REAL(name) arguments); }
#define CHANGES(name, parameters, arguments, to) \
  SLOT(name);                                    \
  int name parameters { return path_fails(path) ? -1 : told(#name, path, to, REAL(name) arguments); }

CHANGES_FD(fsync, (int fd), (fd), 0)
CHANGES_FD(fdatasync, (int fd), (fd), 0)
CHANGES_FD(ftruncate, (int fd, off_t size), (fd, size), size)
CHANGES_FD(ftruncate64, (int fd, off64_t size), (fd, size), size)
CHANGES(mkdir, (const char *path, mode_t mode), (path, mode), NULL)
CHANGES(rmdir, (const char *path), (path), NULL)
CHANGES(unlink, (const char *path), (path), NULL)
CHANGES(rename, (const char *path, const char *to), (path, to), to)

SLOT(opendir);
DIR *opendir(const char *path) { return path_fails(path) ? NULL : REAL(opendir)(path); }

SLOT(mmap);
void *mmap(void *at, size_t size, int protection, int flags, int fd, off_t offset) {
  int failed = flags & MAP_ANONYMOUS ? fails(MEMORY) : fd_fails(fd);
  return failed ? MAP_FAILED : REAL(mmap)(at, size, protection, flags, fd, offset);
}
SLOT(mmap64);
void *mmap64(void *at, size_t size, int protection, int flags, int fd, off64_t offset) {
  int failed = flags & MAP_ANONYMOUS ? fails(MEMORY) : fd_fails(fd);
  return failed ? MAP_FAILED : REAL(mmap64)(at, size, protection, flags, fd, offset);
}

/* glibc's own names: dlsym itself allocates. */
void *__libc_malloc(size_t);
void *__libc_calloc(size_t, size_t);
void *__libc_realloc(void *, size_t);
void *__libc_memalign(size_t, size_t);
void *malloc(size_t size) { return fails(MEMORY) ? NULL : __libc_malloc(size); }
void *calloc(size_t count, size_t size) { return fails(MEMORY) ? NULL : __libc_calloc(count, size); }
void *realloc(void *old, size_t size) { return fails(MEMORY) ? NULL : __libc_realloc(old, size); }
void *memalign(size_t at, size_t size) { return fails(MEMORY) ? NULL : __libc_memalign(at, size); }
void *aligned_alloc(size_t at, size_t size) { return fails(MEMORY) ? NULL : __libc_memalign(at, size); }
int posix_memalign(void **to, size_t at, size_t size) {
  if (fails(MEMORY)) return ENOMEM;
  void *got = __libc_memalign(at, size);
  if (got) *to = got;
  return got ? 0 : ENOMEM;
}
