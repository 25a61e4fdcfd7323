/*
 * environ [DEFAULT=value...] -- [FIXED=value...] -- PROGRAM [ARGUMENT...]
 *
 * Runs PROGRAM with exactly these variables: the defaults, over them the config vars from descriptor 3 (NUL-separated
 * NAME=value, so a value may hold anything else), over them the fixed ones. It is no shell script because a shell would
 * drop or change some names and values.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { CONFIG_FD = 3, PLATFORM_FAILED = 125, MOST = 1 << 20 };

extern char **environ;

static void fail(const char *sentence) {
    fprintf(stderr, " !     %s\n", sentence);
    exit(PLATFORM_FAILED);
}

static char *read_config(size_t *length) {
    static char all[MOST + 1];
    ssize_t count;

    while ((count = read(CONFIG_FD, all + *length, MOST - *length)) != 0) {
        if (count < 0 && errno == EINTR)
            continue;
        if (count < 0 && errno == EBADF)
            break;
        if (count < 0)
            fail("The config vars of this dyno cannot be read.");
        *length += (size_t)count;
        if (*length == MOST)
            fail("The config vars of this dyno are larger than 1 MB.");
    }
    close(CONFIG_FD);
    return all;
}

static void set(char *pair) {
    char *equals = strchr(pair, '=');

    if (equals == NULL || equals == pair)
        return;
    *equals = '\0';
    if (setenv(pair, equals + 1, 1) != 0)
        fail("The environment of this dyno does not fit into memory.");
    *equals = '=';
}

int main(int argc, char **argv) {
    static char *nothing[] = {NULL};
    size_t length = 0;
    int at = 1;

    environ = nothing;
    for (; at < argc && strcmp(argv[at], "--") != 0; at++)
        set(argv[at]);
    char *config = read_config(&length);
    for (size_t start = 0; start < length; start += strlen(config + start) + 1)
        set(config + start);
    for (at++; at < argc && strcmp(argv[at], "--") != 0; at++)
        set(argv[at]);
    if (++at >= argc)
        fail("Usage: environ [DEFAULT=value...] -- [FIXED=value...] -- PROGRAM [ARGUMENT...]");
    execv(argv[at], argv + at);
    fprintf(stderr, " !     %s could not be started: %s.\n", argv[at], strerror(errno));
    return 127;
}
