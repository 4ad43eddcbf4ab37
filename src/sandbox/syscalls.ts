/** Architectures that a filter can be made for, as Node calls them. */
export type Architecture = 'x64' | 'arm64';

// The numbers of system calls (arch/x86/entry/syscalls/syscall_64.tbl, include/uapi/asm-generic/unistd.h).
const numbers: Readonly<Record<string, Readonly<Record<Architecture, number>>>> = {
  socket: { x64: 41, arm64: 198 },
  socketpair: { x64: 53, arm64: 199 },
  clone: { x64: 56, arm64: 220 },
  clone3: { x64: 435, arm64: 435 },
  unshare: { x64: 272, arm64: 97 },
  setns: { x64: 308, arm64: 268 },
  ioctl: { x64: 16, arm64: 29 },
  io_uring_setup: { x64: 425, arm64: 425 },
  io_uring_enter: { x64: 426, arm64: 426 },
  io_uring_register: { x64: 427, arm64: 427 },
  add_key: { x64: 248, arm64: 217 },
  request_key: { x64: 249, arm64: 218 },
  keyctl: { x64: 250, arm64: 219 },
  bpf: { x64: 321, arm64: 280 },
  perf_event_open: { x64: 298, arm64: 241 },
  userfaultfd: { x64: 323, arm64: 282 },
  mount: { x64: 165, arm64: 40 },
  umount2: { x64: 166, arm64: 39 },
  pivot_root: { x64: 155, arm64: 41 },
  open_tree: { x64: 428, arm64: 428 },
  move_mount: { x64: 429, arm64: 429 },
  fsopen: { x64: 430, arm64: 430 },
  fsconfig: { x64: 431, arm64: 431 },
  fsmount: { x64: 432, arm64: 432 },
  fspick: { x64: 433, arm64: 433 },
  mount_setattr: { x64: 442, arm64: 442 },
  open_by_handle_at: { x64: 304, arm64: 265 },
  pidfd_getfd: { x64: 438, arm64: 438 },
  kexec_load: { x64: 246, arm64: 104 },
  kexec_file_load: { x64: 320, arm64: 294 },
  init_module: { x64: 175, arm64: 105 },
  finit_module: { x64: 313, arm64: 273 },
  delete_module: { x64: 176, arm64: 106 },
  acct: { x64: 163, arm64: 89 },
  swapon: { x64: 167, arm64: 224 },
  swapoff: { x64: 168, arm64: 225 },
  reboot: { x64: 169, arm64: 142 },
  syslog: { x64: 103, arm64: 116 },
};

/** The number of a system call. Throws a TypeError for one that is not in the table. */
export function syscallNumber(name: string, architecture: Architecture): number {
  const row = numbers[name];
  if (row === undefined) throw new TypeError(`the system call "${name}" has no number here`);
  return row[architecture];
}

/** A call that is always refused. `isUnknown`: as a kernel without it would, so that programs take the older way. */
export interface RefusedCall {
  readonly name: string;
  readonly isUnknown: boolean;
}

const unknownCalls: readonly string[] = ['io_uring_setup', 'io_uring_enter', 'io_uring_register', 'userfaultfd'];
const forbiddenCalls: readonly string[] = [
  // Keys of the caller, which are kept by user and not by namespace.
  ...['add_key', 'request_key', 'keyctl'],
  // Other namespaces, and what the mounts of this one hide.
  ...['setns', 'mount', 'umount2', 'pivot_root', 'open_tree', 'move_mount', 'open_by_handle_at'],
  ...['fsopen', 'fsconfig', 'fsmount', 'fspick', 'mount_setattr', 'pidfd_getfd'],
  // The machine. Without a capability the kernel refuses them too.
  ...['bpf', 'perf_event_open', 'kexec_load', 'kexec_file_load', 'init_module', 'finit_module'],
  ...['delete_module', 'acct', 'swapon', 'swapoff', 'reboot', 'syslog'],
];

/** Calls that are refused whatever their arguments are. */
export const refusedCalls: readonly RefusedCall[] = [
  ...unknownCalls.map((name) => ({ name, isUnknown: true })),
  ...forbiddenCalls.map((name) => ({ name, isUnknown: false })),
];
