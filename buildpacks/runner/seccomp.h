/*
 * The system calls that no app needs and that have let processes out of containers before. A denied call fails with
 * EPERM, as it would for want of a capability, so that programs which try their luck go on.
 */
#ifndef NOMAPAAS_SECCOMP_H
#define NOMAPAAS_SECCOMP_H

#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/sched.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#if defined(__x86_64__)
#define OWN_ARCH AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define OWN_ARCH AUDIT_ARCH_AARCH64
#else
#error "dynos run on x86-64 and arm64"
#endif

#ifndef __NR_open_tree_attr
#define __NR_open_tree_attr 467
#endif
#ifndef AF_INET6
#define AF_INET6 10
#endif

enum { NETLINK_ROUTE_PROTOCOL = 0, NETLINK_SOCK_DIAG_PROTOCOL = 4, X32_CALLS = 0x40000000 };

#define LOAD(field) BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, field))
#define ANSWER(value) BPF_STMT(BPF_RET | BPF_K, (value))
#define REFUSE(error) ANSWER(SECCOMP_RET_ERRNO | (error))
/* When the loaded word is (or has a bit of) the value, the next statement runs, else the one after it. */
#define IF_IS(value) BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (value), 0, 1)
#define IF_HAS(bits) BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, (bits), 0, 1)
#define UNLESS_IS(value, over) BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (value), 0, (over))
#define DENY(call) IF_IS(__NR_##call), REFUSE(EPERM)

static int install_seccomp(void) {
    static struct sock_filter filter[] = {
        /* Another machine's calls (32-bit programs) would have other numbers. */
        LOAD(arch),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, OWN_ARCH, 1, 0),
        REFUSE(EPERM),
        LOAD(nr),
#if defined(__x86_64__)
        BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, X32_CALLS, 0, 1),
        REFUSE(ENOSYS),
        DENY(iopl), DENY(ioperm), DENY(create_module), DENY(uselib), DENY(_sysctl), DENY(modify_ldt),
#endif
        /* Namespaces, mounts, roots. */
        DENY(mount), DENY(umount2), DENY(pivot_root), DENY(chroot), DENY(setns), DENY(move_mount), DENY(open_tree),
        DENY(open_tree_attr), DENY(fsopen), DENY(fsconfig), DENY(fsmount), DENY(fspick), DENY(mount_setattr),
        /* Keys are shared by all processes of a user id, whatever their namespace. */
        DENY(keyctl), DENY(add_key), DENY(request_key),
        /* Large doors into the kernel. */
        DENY(bpf), DENY(userfaultfd), DENY(perf_event_open), DENY(io_uring_setup), DENY(io_uring_enter),
        DENY(io_uring_register), DENY(fanotify_init), DENY(open_by_handle_at), DENY(lookup_dcookie),
        DENY(kexec_load), DENY(kexec_file_load), DENY(init_module), DENY(finit_module), DENY(delete_module),
        DENY(reboot), DENY(swapon), DENY(swapoff), DENY(acct), DENY(quotactl), DENY(quotactl_fd), DENY(syslog),
        DENY(vhangup), DENY(settimeofday), DENY(clock_settime), DENY(sethostname), DENY(setdomainname),

        /* clone3 passes its flags in memory, which a filter cannot read; the C library falls back to clone. */
        IF_IS(__NR_clone3), REFUSE(ENOSYS),
        UNLESS_IS(__NR_clone, 4),
        LOAD(args[0]), IF_HAS(CLONE_NEWUSER), REFUSE(EPERM), ANSWER(SECCOMP_RET_ALLOW),
        UNLESS_IS(__NR_unshare, 4),
        LOAD(args[0]), IF_HAS(CLONE_NEWUSER), REFUSE(EPERM), ANSWER(SECCOMP_RET_ALLOW),

        /* Typing into the terminal of whoever is attached. */
        UNLESS_IS(__NR_ioctl, 4),
        LOAD(args[1]), IF_IS(TIOCSTI), REFUSE(EPERM), ANSWER(SECCOMP_RET_ALLOW),

        /* Sockets: local, internet, and of netlink what resolvers and `ss` use. */
        UNLESS_IS(__NR_socket, 15),
        LOAD(args[0]),
        IF_IS(AF_UNIX), ANSWER(SECCOMP_RET_ALLOW),
        IF_IS(AF_INET), ANSWER(SECCOMP_RET_ALLOW),
        IF_IS(AF_INET6), ANSWER(SECCOMP_RET_ALLOW),
        UNLESS_IS(AF_NETLINK, 6),
        LOAD(args[2]),
        IF_IS(NETLINK_ROUTE_PROTOCOL), ANSWER(SECCOMP_RET_ALLOW),
        IF_IS(NETLINK_SOCK_DIAG_PROTOCOL), ANSWER(SECCOMP_RET_ALLOW),
        REFUSE(EPROTONOSUPPORT),
        REFUSE(EAFNOSUPPORT),

        ANSWER(SECCOMP_RET_ALLOW),
    };
    struct sock_fprog program = {.len = sizeof filter / sizeof filter[0], .filter = filter};

    return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program, 0, 0);
}

#endif
