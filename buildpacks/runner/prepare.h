/*
 * What every dyno and build needs before its first program, done here because a shell would take a process for each.
 */
#ifndef NOMAPAAS_PREPARE_H
#define NOMAPAAS_PREPARE_H

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static void write_line(const char *path, const char *line) {
    int file = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0644);

    if (file < 0)
        return;
    if (write(file, line, strlen(line)) < 0)
        unlink(path);
    close(file);
}

/* A name for the user id, for the programs that ask who they are; they do without when it cannot be written. */
static void name_user(void) {
    char line[128];
    unsigned id = getuid();

    mkdir("/var", 0755);
    mkdir("/var/tmp", 0755);
    mkdir("/var/lib", 0755);
    mkdir("/var/lib/extrausers", 0755);
    snprintf(line, sizeof line, "app:x:%u:%u::/app:/bin/bash\n", id, id);
    write_line("/var/lib/extrausers/passwd", line);
    snprintf(line, sizeof line, "app:x:%u:\n", id);
    write_line("/var/lib/extrausers/group", line);
}

static int base64_digit(char digit) {
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const char *at = digit ? strchr(digits, digit) : NULL;

    return at ? (int)(at - digits) : -1;
}

/* Nomad interpolates ${...} in what it passes, so the command comes as base64. */
static int decode_command(void) {
    const char *encoded = getenv("NOMAPAAS_COMMAND");
    unsigned bits = 0;
    int count = 0;
    size_t length = 0;

    if (encoded == NULL)
        return 0;
    char *decoded = malloc(strlen(encoded) + 1);
    if (decoded == NULL)
        return -1;
    for (; *encoded != '\0' && *encoded != '='; encoded++) {
        int digit = base64_digit(*encoded);
        if (digit < 0)
            return -1;
        bits = bits << 6 | (unsigned)digit;
        count += 6;
        if (count >= 8) {
            count -= 8;
            decoded[length++] = (char)(bits >> count & 0xff);
        }
    }
    decoded[length] = '\0';
    return setenv("NOMAPAAS_COMMAND", decoded, 1);
}

#endif
