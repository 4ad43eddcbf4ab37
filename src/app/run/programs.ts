import { spawnSync } from 'node:child_process';
import { failed, fault, ok, type Result } from '../../base/index.ts';
import { findProgram } from '../../sandbox/index.ts';

/** The programs that a run is made with, absolute paths. */
export interface Programs {
  readonly perl: string;
  readonly bwrap: string;
}

/** What a machine lacks for runs, each with the package that brings it; empty where they can be made. */
export function missingForRuns(): readonly string[] {
  return [
    ...(process.platform === 'linux' && ['x64', 'arm64'].includes(process.arch) ? [] : ['Linux on x86-64 or ARM64']),
    ...(findProgram('perl') === null ? ['`perl` (package perl-base)'] : []),
    ...(findProgram('bwrap') === null ? ['`bwrap` (package bubblewrap)'] : canMakeNamespaces()),
  ];
}

function canMakeNamespaces(): readonly string[] {
  const words = ['--unshare-user', '--unshare-net', '--ro-bind', '/', '/', '/bin/true'];
  const tried = spawnSync(findProgram('bwrap') ?? 'bwrap', words, { stdio: 'ignore', timeout: 5_000 });
  return tried.status === 0 ? [] : ['user namespaces for everybody (`docs/guide/run.md` says how)'];
}

/** Finds them. Fault: `run_unsupported`, with the packages that bring what is missing. */
export function findPrograms(): Result<Programs> {
  const missing = missingForRuns();
  const [perl, bwrap] = [findProgram('perl'), findProgram('bwrap')];
  if (missing.length === 0 && perl !== null && bwrap !== null) return ok({ perl, bwrap });
  return failed(fault('run_unsupported', `\`exeat run\` needs ${missing.join(' and ')}, install it and run again`));
}
