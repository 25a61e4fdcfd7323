/*
 * launch MODE: the first program of a dyno ("boot") or a build ("build").
 *
 * Nomad starts it as an ordinary user whose only capabilities are setuid, setgid and setpcap. It picks a user id that
 * no other dyno on this machine has, opens the config vars (only that ordinary user may read them) and gives every
 * privilege up in setpriv. Nothing that a tenant made is in its environment, and it is linked statically, so there is
 * nothing to preload.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/fsuid.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <unistd.h>

enum { FIRST_ID = 300000, WITHIN_10 = 0xffffff, CONFIG_FD = 3, PLATFORM_FAILED = 125 };

extern char **environ;

static void fail(const char *sentence) {
    fprintf(stderr, " !     %s\n", sentence);
    exit(PLATFORM_FAILED);
}

/* The dyno's address is unique on a machine for as long as the dyno lives, whatever other instance has dynos there: all
   are in 10.0.0.0/8. */
static unsigned long own_id(void) {
    struct ifaddrs *all;
    unsigned long id = 0;

    if (getifaddrs(&all) != 0)
        fail("This dyno cannot read its network addresses: the platform's node is not set up right.");
    for (struct ifaddrs *each = all; each != NULL; each = each->ifa_next) {
        if (each->ifa_addr == NULL || each->ifa_addr->sa_family != AF_INET || (each->ifa_flags & IFF_LOOPBACK))
            continue;
        in_addr_t address = ((struct sockaddr_in *)each->ifa_addr)->sin_addr.s_addr;
        id = FIRST_ID + (ntohl(address) & WITHIN_10);
        break;
    }
    freeifaddrs(all);
    if (id <= FIRST_ID)
        fail("This dyno has no network address of its own, so it cannot be told apart from others: it was not started.");
    return id;
}

/* Nomad leaves the folders of a task open to all, and goes on writing into some of them as root: a dyno could put a link
   in its way, or move /etc. As the owner of each folder (setfsuid needs no more than the capability to set user ids)
   they are closed before anything of the tenant's runs. */
static void protect(const char *folder, mode_t mode) {
    struct stat now;

    if (lstat(folder, &now) != 0 || !S_ISDIR(now.st_mode) || (now.st_mode & 07777) == mode)
        return;
    setfsuid(now.st_uid);
    if (chmod(folder, mode) != 0)
        fprintf(stderr, " !     %s could not be protected: %s.\n", folder, strerror(errno));
    setfsuid(geteuid());
}

static void protect_folders(void) {
    protect("/", 01777);
    protect("/local", 0755);
    protect("/secrets", 0755);
    protect("/private", 0700);
    protect("/alloc", 01777);
    protect("/alloc/logs", 0755);
}

/* One stream, so that lines stay in the order in which they were printed. It is a pipe of this user's; programs that
   open /dev/stdout anew must be able to write to it as the dyno's. */
static void one_output(void) {
    struct stat out;

    dup2(STDOUT_FILENO, STDERR_FILENO);
    if (fstat(STDOUT_FILENO, &out) == 0 && S_ISFIFO(out.st_mode) && out.st_uid == getuid())
        fchmod(STDOUT_FILENO, 0622);
}

static void open_config(void) {
    int config = open("/secrets/config", O_RDONLY | O_NOFOLLOW | O_CLOEXEC);

    if (config < 0 && errno != ENOENT)
        fail("The config vars of this dyno cannot be opened: the platform did not hand them over right.");
    if (config < 0)
        config = open("/dev/null", O_RDONLY | O_CLOEXEC);
    if (config == CONFIG_FD) {
        fcntl(config, F_SETFD, 0);
    } else if (dup2(config, CONFIG_FD) < 0) {
        fail("The config vars of this dyno cannot be handed on.");
    }
    close_range(CONFIG_FD + 1, ~0U, 0);
}

/* Nomad hands on what its own agent was started with; only the platform's variables go further. */
static void clean_environment(void) {
    char **kept = environ;

    for (char **each = environ; *each != NULL; each++)
        if (strncmp(*each, "NOMAD_", 6) == 0 || strncmp(*each, "NOMAPAAS_", 9) == 0)
            *kept++ = *each;
    *kept = NULL;
    setenv("PATH", "/usr/local/bin:/usr/bin:/bin", 1);
    setenv("LANG", "C.UTF-8", 1);
}

int main(int argc, char **argv) {
    char reuid[32], regid[32];
    const char *processes = getenv("NOMAPAAS_PIDS");
    int build = argc == 2 && strcmp(argv[1], "build") == 0;

    if (argc != 2 || (!build && strcmp(argv[1], "boot") != 0))
        fail("Usage: launch boot|build");
    one_output();
    unsigned long id = own_id();
    snprintf(reuid, sizeof reuid, "--reuid=%lu", id);
    snprintf(regid, sizeof regid, "--regid=%lu", id);
    open_config();
    protect_folders();
    clean_environment();

    char *command[] = {"/usr/bin/setpriv", reuid, regid, "--clear-groups", "--no-new-privs", "--bounding-set=-all",
                       "--ambient-caps=-all", "--inh-caps=-all", "--", "/nomapaas/init",
                       (char *)(processes ? processes : "256"),
                       build ? "/usr/bin/python3" : "/usr/bin/bash", build ? "-IB" : "/nomapaas/boot",
                       build ? "/nomapaas/compile.py" : NULL, NULL};
    execv(command[0], command);
    fail("The stack is not mounted: /usr/bin/setpriv is missing.");
}
