import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';

const ticksPerSecond = Number(execFileSync('getconf', ['CLK_TCK'], { encoding: 'utf8' }));

/** CPU seconds (user and system) that a process and its descendants have used so far, from `/proc/PID/stat` (proc(5)). */
export function cpuSeconds(pid: number): number {
  return familyOf(pid).reduce((sum, member) => sum + ownCpuSeconds(member), 0);
}

/** CPU seconds that the whole machine was busy so far, in programs, the kernel and its interrupts (`/proc/stat`, proc(5)). */
export function busySeconds(): number {
  const [user = 0, nice = 0, system = 0, , , irq = 0, softirq = 0] = (
    /^cpu +(.*)$/m.exec(readFileSync('/proc/stat', 'utf8'))?.[1] ?? ''
  )
    .split(' ')
    .map(Number);
  return (user + nice + system + irq + softirq) / ticksPerSecond;
}

/** Memory of the kernel in bytes that it cannot give back: sets of nftables are among it (`SUnreclaim`, proc(5)). */
export function kernelBytes(): number {
  return Number(/^SUnreclaim:\s+(\d+) kB/m.exec(readFileSync('/proc/meminfo', 'utf8'))?.[1] ?? '0') * 1024;
}

/** Memory of a process and its descendants in bytes, shared pages counted once (`Pss` of `smaps_rollup`, proc(5)). */
export function memoryBytes(pid: number): number {
  return familyOf(pid).reduce((sum, member) => sum + ownMemoryBytes(member), 0);
}

function ownCpuSeconds(pid: number): number {
  const text = readIfThere(`/proc/${pid}/stat`);
  // The name in brackets may hold spaces; fields are counted after it. utime and stime are fields 14 and 15.
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11] ?? 0) + Number(fields[12] ?? 0)) / ticksPerSecond;
}

function ownMemoryBytes(pid: number): number {
  const kibibytes = /^Pss:\s+(\d+) kB/m.exec(readIfThere(`/proc/${pid}/smaps_rollup`))?.[1] ?? '0';
  return Number(kibibytes) * 1024;
}

function familyOf(pid: number): readonly number[] {
  const members = [pid];
  for (const member of members) {
    for (const thread of threadsOf(member)) {
      members.push(
        ...readIfThere(`/proc/${member}/task/${thread}/children`).trim().split(' ').filter(Boolean).map(Number),
      );
    }
  }
  return members;
}

function threadsOf(pid: number): readonly string[] {
  try {
    return readdirSync(`/proc/${pid}/task`);
  } catch {
    return [];
  }
}

/** A process may end between listing and reading; then it has no more to say. */
function readIfThere(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
