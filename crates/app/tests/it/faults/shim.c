/* Makes writes or syncs of the store fail as the control file says: "fsync ERRNO" or "write ERRNO". Preloaded by tests only. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>

static int is_store(int fd)
{
    char link[64], path[4096];
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t length = readlink(link, path, sizeof path - 1);
    if (length <= 0)
        return 0;
    path[length] = 0;
    return strstr(path, "countersign.db") != NULL;
}

static int fault(const char *what, int fd)
{
    const char *control = getenv("SHIM_CONTROL");
    char text[64];
    if (!control || access(control, R_OK) != 0 || !is_store(fd))
        return 0;
    int file = open(control, O_RDONLY);
    if (file < 0)
        return 0;
    ssize_t length = read(file, text, sizeof text - 1);
    close(file);
    if (length <= 0)
        return 0;
    text[length] = 0;
    size_t name = strlen(what);
    if (strncmp(text, what, name) != 0 || text[name] != ' ')
        return 0;
    return atoi(text + name + 1);
}

#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))
#define FAIL(what, fd) \
    int code = fault(what, fd); \
    if (code) { errno = code; return -1; }

int fsync(int fd) { FAIL("fsync", fd) return REAL(fsync)(fd); }
int fdatasync(int fd) { FAIL("fsync", fd) return REAL(fdatasync)(fd); }
ssize_t write(int fd, const void *data, size_t size) { FAIL("write", fd) return REAL(write)(fd, data, size); }
ssize_t pwrite(int fd, const void *data, size_t size, off_t at) { FAIL("write", fd) return REAL(pwrite)(fd, data, size, at); }
ssize_t pwrite64(int fd, const void *data, size_t size, off64_t at) { FAIL("write", fd) return REAL(pwrite64)(fd, data, size, at); }
