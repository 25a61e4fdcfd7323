/*
 * init PROCESSES PROGRAM [ARGUMENT...]: process 1 of a dyno.
 *
 * It has no privilege left. It takes away what an unprivileged process could still ask the kernel for and no app needs,
 * starts the program in a session of its own, hands a stop on to every process, reaps, and ends as the program ends.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "prepare.h"
#include "seccomp.h"

enum { CONFIG_FD = 3, PLATFORM_FAILED = 125, CANNOT_START = 127 };

static void fail(const char *what) {
    fprintf(stderr, " !     The dyno could not be confined (%s: %s), so it was not started.\n", what, strerror(errno));
    exit(PLATFORM_FAILED);
}

static void limit(int resource, rlim_t value, const char *what) {
    struct rlimit both = {.rlim_cur = value, .rlim_max = value};

    if (setrlimit(resource, &both) != 0)
        fail(what);
}

static pid_t start(char **command, const sigset_t *before) {
    pid_t child = fork();

    if (child < 0)
        fail("fork");
    if (child > 0)
        return child;
    setsid();
    if (isatty(STDIN_FILENO))
        ioctl(STDIN_FILENO, TIOCSCTTY, 0);
    sigprocmask(SIG_SETMASK, before, NULL);
    execv(command[0], command);
    fprintf(stderr, " !     %s could not be started: %s.\n", command[0], strerror(errno));
    _exit(CANNOT_START);
}

static int exit_status(int status) {
    return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

/* Nomad hears of a kill for the use of memory beside the end of this process, not before it: on a busy machine the end
   would win, and nobody would know why (R15). */
static void let_kill_be_seen(int status) {
    struct timespec moment = {.tv_nsec = 500 * 1000 * 1000};

    if (WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL)
        nanosleep(&moment, NULL);
}

int main(int argc, char **argv) {
    sigset_t handled, before;
    char *end;

    if (argc < 3) {
        fprintf(stderr, "Usage: init PROCESSES PROGRAM [ARGUMENT...]\n");
        return PLATFORM_FAILED;
    }
    long processes = strtol(argv[1], &end, 10);
    if (*end != '\0' || processes < 1) {
        fprintf(stderr, "Usage: PROCESSES is a number above zero.\n");
        return PLATFORM_FAILED;
    }
    limit(RLIMIT_CORE, 0, "core limit");
    limit(RLIMIT_NPROC, (rlim_t)processes, "process limit");
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
        fail("no_new_privs");
    if (install_seccomp() != 0)
        fail("seccomp");
    umask(022);
    name_user();
    if (decode_command() != 0) {
        fprintf(stderr, " !     The command of this dyno cannot be decoded: the platform did not hand it over right.\n");
        return PLATFORM_FAILED;
    }

    sigfillset(&handled);
    sigprocmask(SIG_BLOCK, &handled, &before);
    pid_t child = start(argv + 2, &before);
    prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
    close(CONFIG_FD);

    for (;;) {
        int signal_number = sigwaitinfo(&handled, NULL), status;
        pid_t ended;

        switch (signal_number) {
        case SIGCHLD:
            while ((ended = waitpid(-1, &status, WNOHANG)) > 0)
                if (ended == child) {
                    let_kill_be_seen(status);
                    return exit_status(status);
                }
            break;
        case SIGTERM:
        case SIGINT:
            kill(-1, SIGTERM);
            break;
        case SIGHUP:
        case SIGQUIT:
        case SIGUSR1:
        case SIGUSR2:
        case SIGWINCH:
            kill(child, signal_number);
            break;
        default:
            break;
        }
    }
}
