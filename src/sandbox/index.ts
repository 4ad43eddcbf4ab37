export { commandEnvironment } from './command-environment.ts';
export { findProgram } from './find-program.ts';
export { launcherScript } from './launcher-script.ts';
export type { RunUser } from './may-reach.ts';
export { receiverScript } from './receiver-script.ts';
export { findReplaceableLink, type Sandbox, sandboxWords } from './sandbox-words.ts';
export { seccompProgram } from './seccomp-program.ts';
export type { Architecture } from './syscalls.ts';
