/* Stands between a program and its disk and clock (LD_PRELOAD): writes down the order of writes and syncs, fails
 * writes on demand, and sets the wall clock ahead as a sleeping laptop finds it.
 *
 * FAULTS_FOLDER   only what is in it is written down, and fails
 * FAULTS_JOURNAL  where the order is written; see journal.py for the form
 * FAULTS_CONTROL  a file of three 64-bit integers: an errno for writes (0: none), one for syncs, and the seconds that
 *                 the wall clock is ahead; read at each call, so that a test can change it at any moment
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#define REAL(name) ((__typeof__(&name))real(#name))

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static const char *folder;
static int journal = -1;
static const volatile int64_t *control;

static void *real(const char *name) { return dlsym(RTLD_NEXT, name); }

__attribute__((constructor)) static void begin(void) {
    folder = getenv("FAULTS_FOLDER");
    const char *path = getenv("FAULTS_JOURNAL");
    if (path) journal = (int)syscall(SYS_openat, AT_FDCWD, path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    path = getenv("FAULTS_CONTROL");
    if (path) {
        int fd = (int)syscall(SYS_openat, AT_FDCWD, path, O_RDONLY | O_CLOEXEC);
        if (fd >= 0) {
            void *map = mmap(NULL, 4096, PROT_READ, MAP_SHARED, fd, 0);
            if (map != MAP_FAILED) control = map;
            syscall(SYS_close, fd);
        }
    }
}

/* The absolute path of `path` as seen from dirfd, its last part not followed. Whether it is in the folder. */
static int absolute(int dirfd, const char *path, char *out) {
    char base[PATH_MAX] = "";
    if (!folder) return 0;
    if (path[0] != '/') {
        if (dirfd == AT_FDCWD) {
            if (!getcwd(base, sizeof base)) return 0;
        } else {
            char link[64];
            snprintf(link, sizeof link, "/proc/self/fd/%d", dirfd);
            ssize_t n = readlink(link, base, sizeof base - 1);
            if (n < 0) return 0;
            base[n] = 0;
        }
        if (snprintf(out, PATH_MAX, "%s/%s", base, path) >= PATH_MAX) return 0;
    } else if (snprintf(out, PATH_MAX, "%s", path) >= PATH_MAX) {
        return 0;
    }
    return strncmp(out, folder, strlen(folder)) == 0;
}

static int of_descriptor(int fd, char *out) {
    char link[64];
    if (!folder) return 0;
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t n = readlink(link, out, PATH_MAX - 1);
    if (n < 0) return 0;
    out[n] = 0;
    return strncmp(out, folder, strlen(folder)) == 0;
}

struct record {
    char op;
    char pad[3];
    uint32_t path_size, other_size, data_size;
    uint64_t inode;
    int64_t offset;
};

static void note(char op, uint64_t inode, int64_t offset, const char *path, const char *other, const struct iovec *data,
                 int count, size_t written) {
    if (journal < 0) return;
    struct record record = {op, {0}, (uint32_t)strlen(path), (uint32_t)strlen(other), (uint32_t)written, inode, offset};
    struct iovec parts[3 + 1024] = {
        {&record, sizeof record}, {(void *)path, record.path_size}, {(void *)other, record.other_size}};
    int used = 3;
    for (int i = 0; i < count && i < 1024 && written; i++) {
        size_t size = data[i].iov_len < written ? data[i].iov_len : written;
        parts[used++] = (struct iovec){data[i].iov_base, size};
        written -= size;
    }
    syscall(SYS_writev, journal, parts, used);
}

static uint64_t inode_of(int fd) {
    struct stat found;
    return fstat(fd, &found) ? 0 : (uint64_t)found.st_ino;
}

static int fails(int which, int fd) {
    char path[PATH_MAX];
    if (!control || !control[which] || !of_descriptor(fd, path)) return 0;
    errno = (int)control[which];
    return 1;
}

/* Writes. `call` is the real one; what it wrote is noted while nobody else can come between. */
#define WRITING(fd, iov, count, offset, call)                                                          \
    do {                                                                                               \
        if (fails(0, fd)) return -1;                                                                   \
        char path[PATH_MAX];                                                                           \
        if (journal < 0 || (fd != 1 && !of_descriptor(fd, path))) return call;                         \
        pthread_mutex_lock(&mutex);                                                                    \
        int64_t at = (offset);                                                                         \
        if (fd == 1) note('A', 0, 0, "", "", iov, count, total(iov, count));                           \
        ssize_t written = call;                                                                        \
        int error = errno;                                                                             \
        if (written > 0 && fd != 1)                                                                    \
            note(fcntl(fd, F_GETFL) & O_DSYNC ? 'S' : 'W', inode_of(fd), at, "", "", iov, count, (size_t)written); \
        pthread_mutex_unlock(&mutex);                                                                  \
        errno = error;                                                                                 \
        return written;                                                                                \
    } while (0)

static size_t total(const struct iovec *iov, int count) {
    size_t sum = 0;
    for (int i = 0; i < count; i++) sum += iov[i].iov_len;
    return sum;
}

static int64_t position(int fd) {
    struct stat found;
    if (fcntl(fd, F_GETFL) & O_APPEND && !fstat(fd, &found)) return found.st_size;
    return lseek(fd, 0, SEEK_CUR);
}

ssize_t write(int fd, const void *data, size_t size) {
    struct iovec one = {(void *)data, size};
    WRITING(fd, &one, 1, position(fd), REAL(write)(fd, data, size));
}

ssize_t writev(int fd, const struct iovec *iov, int count) {
    WRITING(fd, iov, count, position(fd), REAL(writev)(fd, iov, count));
}

ssize_t pwrite(int fd, const void *data, size_t size, off_t offset) {
    struct iovec one = {(void *)data, size};
    WRITING(fd, &one, 1, offset, REAL(pwrite)(fd, data, size, offset));
}

ssize_t pwrite64(int fd, const void *data, size_t size, off_t offset) {
    struct iovec one = {(void *)data, size};
    WRITING(fd, &one, 1, offset, REAL(pwrite64)(fd, data, size, offset));
}

ssize_t pwritev(int fd, const struct iovec *iov, int count, off_t offset) {
    WRITING(fd, iov, count, offset, REAL(pwritev)(fd, iov, count, offset));
}

ssize_t pwritev64(int fd, const struct iovec *iov, int count, off_t offset) {
    WRITING(fd, iov, count, offset, REAL(pwritev64)(fd, iov, count, offset));
}

static int truncating(int fd, off_t size) {
    pthread_mutex_lock(&mutex);
    int result = REAL(ftruncate)(fd, size), error = errno;
    char path[PATH_MAX];
    if (!result && of_descriptor(fd, path)) note('T', inode_of(fd), size, "", "", NULL, 0, 0);
    pthread_mutex_unlock(&mutex);
    errno = error;
    return result;
}

int ftruncate(int fd, off_t size) { return truncating(fd, size); }
int ftruncate64(int fd, off_t size) { return truncating(fd, size); }

static int syncing(int fd, int (*call)(int)) {
    if (fails(1, fd)) return -1;
    char path[PATH_MAX];
    pthread_mutex_lock(&mutex);
    int result = call(fd), error = errno;
    if (!result && of_descriptor(fd, path)) note('F', inode_of(fd), 0, path, "", NULL, 0, 0);
    pthread_mutex_unlock(&mutex);
    errno = error;
    return result;
}

int fsync(int fd) { return syncing(fd, REAL(fsync)); }
int fdatasync(int fd) { return syncing(fd, REAL(fdatasync)); }

/* Names. */
static int opening(int dirfd, const char *path, int flags, mode_t mode) {
    char whole[PATH_MAX];
    if (!(flags & (O_CREAT | O_TRUNC)) || (flags & O_TMPFILE) == O_TMPFILE || !absolute(dirfd, path, whole))
        return (int)syscall(SYS_openat, dirfd, path, flags, mode);
    if (control && control[0]) {
        struct stat there;
        if (control[0] == EROFS || fstatat(dirfd, path, &there, 0)) {
            errno = (int)control[0];
            return -1;
        }
    }
    pthread_mutex_lock(&mutex);
    struct stat before;
    int existed = fstatat(dirfd, path, &before, 0) == 0;
    int fd = (int)syscall(SYS_openat, dirfd, path, flags, mode), error = errno;
    if (fd >= 0 && !existed) note('C', inode_of(fd), 0, whole, "", NULL, 0, 0);
    if (fd >= 0 && existed && flags & O_TRUNC) note('T', inode_of(fd), 0, "", "", NULL, 0, 0);
    pthread_mutex_unlock(&mutex);
    errno = error;
    return fd;
}

#define OPEN(name, ...)                                       \
    mode_t mode = 0;                                          \
    if (flags & (O_CREAT | O_TMPFILE)) {                      \
        va_list rest;                                         \
        va_start(rest, flags);                                \
        mode = va_arg(rest, mode_t);                          \
        va_end(rest);                                         \
    }                                                         \
    return opening(__VA_ARGS__, flags, mode)

int open(const char *path, int flags, ...) { OPEN(open, AT_FDCWD, path); }
int open64(const char *path, int flags, ...) { OPEN(open64, AT_FDCWD, path); }
int openat(int dirfd, const char *path, int flags, ...) { OPEN(openat, dirfd, path); }
int openat64(int dirfd, const char *path, int flags, ...) { OPEN(openat64, dirfd, path); }

static int naming(char op, int olddir, const char *old, int newdir, const char *new, long result) {
    char from[PATH_MAX] = "", to[PATH_MAX] = "";
    int error = errno;
    struct stat found = {0};
    int watched = absolute(olddir, old, from) | (new && absolute(newdir, new, to));
    if (!result && watched) {
        fstatat(new ? newdir : olddir, new ? new : old, &found, AT_SYMLINK_NOFOLLOW);
        note(op, found.st_ino, 0, from, to, NULL, 0, 0);
    }
    pthread_mutex_unlock(&mutex);
    errno = error;
    return (int)result;
}

static int held(void) { return pthread_mutex_lock(&mutex); }

int rename(const char *old, const char *new) {
    held();
    return naming('R', AT_FDCWD, old, AT_FDCWD, new, syscall(SYS_renameat2, AT_FDCWD, old, AT_FDCWD, new, 0));
}
int renameat(int olddir, const char *old, int newdir, const char *new) {
    held();
    return naming('R', olddir, old, newdir, new, syscall(SYS_renameat2, olddir, old, newdir, new, 0));
}
int link(const char *old, const char *new) {
    held();
    return naming('L', AT_FDCWD, old, AT_FDCWD, new, syscall(SYS_linkat, AT_FDCWD, old, AT_FDCWD, new, 0));
}
int linkat(int olddir, const char *old, int newdir, const char *new, int flags) {
    held();
    return naming('L', olddir, old, newdir, new, syscall(SYS_linkat, olddir, old, newdir, new, flags));
}
int unlink(const char *path) {
    held();
    return naming('U', AT_FDCWD, path, 0, NULL, syscall(SYS_unlinkat, AT_FDCWD, path, 0));
}
int unlinkat(int dirfd, const char *path, int flags) {
    held();
    return naming('U', dirfd, path, 0, NULL, syscall(SYS_unlinkat, dirfd, path, flags));
}
int mkdir(const char *path, mode_t mode) {
    held();
    return naming('M', AT_FDCWD, path, 0, NULL, syscall(SYS_mkdirat, AT_FDCWD, path, mode));
}
int mkdirat(int dirfd, const char *path, mode_t mode) {
    held();
    return naming('M', dirfd, path, 0, NULL, syscall(SYS_mkdirat, dirfd, path, mode));
}

/* The wall clock. */
int clock_gettime(clockid_t clock, struct timespec *now) {
    int result = REAL(clock_gettime)(clock, now);
    if (!result && control && clock == CLOCK_REALTIME) now->tv_sec += control[2];
    return result;
}
