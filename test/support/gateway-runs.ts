import assert from 'node:assert/strict';
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { runMacs } from '../../src/gateway/index.ts';
import { until } from './gateway-bed.ts';
import { cliPath } from './run-bed.ts';

/** Words of a shell. One line for each: what was tried and what came of it. TCP says whom it was meant for and who asked; UDP what came back. */
export const tools: string = String.raw`
tcp() { timeout 3 bash -c 'exec 3<>/dev/tcp/'$1'/'$2' && head -1 <&3' 2>&1 | tail -1 | sed 's/.*: //'; }
udp() { perl -MSocket -e 'my ($h,$p)=@ARGV; my ($f,$a) = $h =~ /:/ ? (AF_INET6, pack_sockaddr_in6($p,Socket::inet_pton(AF_INET6,$h),$h =~ /^f[ef]/ ? 2 : 0)) : (AF_INET, pack_sockaddr_in($p,inet_aton($h)));
  socket(my $s,$f,SOCK_DGRAM,0); setsockopt($s,0,1,1); $SIG{ALRM}=sub{print "timeout\n"; exit}; alarm 1; connect($s,$a) or die "$!\n"; send($s,"x",0); recv($s,my $m,9,0) // die "$!\n"; print "$m\n"' $1 $2 2>&1; }
`;

/** A datagram from one address to another; what came back. */
export const sends: string = String.raw`my ($from, $to, $port) = @ARGV; my $six = $to =~ /:/;
  my $at = sub { $six ? pack_sockaddr_in6($_[0], Socket::inet_pton(AF_INET6, $_[1])) : pack_sockaddr_in($_[0], inet_aton($_[1])) };
  socket(my $s, $six ? AF_INET6 : AF_INET, SOCK_DGRAM, 0); setsockopt($s, SOL_SOCKET, SO_BROADCAST, 1); bind($s, $at->($port == 67 ? 68 : 0, $from)) or die "bind: $!\n";
  send($s, "x", 0, $at->($port, $to)); my $in = ""; vec($in, fileno $s, 1) = 1; my $m;
  print select(my $ready = $in, undef, undef, 0.4) > 0 && defined recv($s, $m, 9, 0) ? "$m\n" : "nothing\n";`;
/** Answers connections and datagrams at two ports for half a minute. */
export const listens: string = String.raw`alarm 30; for my $port (9100, 5432) { next if fork; for my $type (SOCK_STREAM, SOCK_DGRAM) { next if $type == SOCK_STREAM && fork;
  socket(my $s, AF_INET6, $type, 0); bind($s, pack_sockaddr_in6($port, Socket::IN6ADDR_ANY)) or die; 
  if ($type == SOCK_STREAM) { listen($s, 9); while (accept(my $c, $s)) { syswrite $c, "hello\n"; } }
  while (my $from = recv($s, my $m, 9, 0)) { send($s, "hello", 0, $from) } exit } }`;

/** A run that does what it is told. */
export interface Running {
  readonly pid: number;
  /** Its addresses, of IPv4 first. */
  readonly addresses: readonly string[];
  /** Has the command run a script; gives what that printed. */
  does(script: string): Promise<string>;
  /** Runs a script in its network with all rights over it. */
  within(script: string): Promise<string>;
  /** Gives what Exeat said. */
  end(): Promise<string>;
}

/** Starts a run of a service that does what it is told, until it is ended. */
export type RunStarter = (service: string) => Promise<Running>;

/** Where runs write, what they are started with, and where their processes are noted for whoever cleans up. */
export interface RunsPlace {
  readonly folder: string;
  readonly configPath: string;
  readonly children: ChildProcess[];
}

/** How long a start may take on a busy machine. */
const startMs = 40_000;
let count = 0;

/** Makes runs of one product. */
export function startRuns({ folder, configPath, children }: RunsPlace): RunStarter {
  return async (service) => {
    const name = `${service}-${++count}`;
    const loop = `mkfifo ${name}.in; exec 8<>${name}.in; echo here > ${name}.out
      while read -r file <&8; do [ $file = end ] && exit; . ./$file > ${name}.new 2>&1; mv ${name}.new ${name}.out; done`;
    writeFileSync(join(folder, `${name}.sh`), `cd ${folder}\n${tools}\n${loop}`);
    const words = ['run', '--as', service, '--config', configPath, '--', 'bash', join(folder, `${name}.sh`)];
    const child = spawn(process.execPath, [cliPath, ...words], { stdio: ['ignore', 'ignore', 'pipe'] });
    children.push(child);
    let said = '';
    child.stderr.on('data', (chunk: Buffer) => (said += chunk.toString('utf8')));
    const ended = once(child, 'close');
    const out = join(folder, `${name}.out`);
    const told = async (): Promise<string> => {
      await until(() => existsSync(out) || child.exitCode !== null, `${name}: ${said}`, startMs);
      const text = readFileSync(out, 'utf8');
      rmSync(out);
      return text.trim();
    };
    assert.equal(await told(), 'here');
    const does = (script: string): Promise<string> => {
      writeFileSync(join(folder, `${name}.do`), script);
      writeFileSync(join(folder, `${name}.in`), `${name}.do\n`);
      return told();
    };
    return {
      does,
      pid: child.pid ?? 0,
      within: async (script) => {
        const words_ = ['-t', String(shellOf(name)), '-n', 'bash', '-c', `${tools}\n${script}`];
        return (await promisify(execFile)('nsenter', words_)).stdout.trim();
      },
      addresses: (await does(`ip -o addr show dev eth0 | grep -o 'inet6\\? [^/]*' | cut -d' ' -f2`)).split('\n'),
      end: async () => {
        writeFileSync(join(folder, `${name}.in`), 'end\n');
        await ended;
        return said;
      },
    };
  };
}

/** The hardware address of a run. */
export function macOf(run: Running): string {
  return runMacs(indexOf(run)).run;
}

/** The number of its link: runs begin behind the address of the gateway. */
export function indexOf({ addresses }: Running): number {
  return Number(addresses[0]?.split('.')[3]) - 2;
}

/** The number of the shell that a run was told to start. */
function shellOf(name: string): number {
  const isIt = (pid: string): boolean => {
    try {
      return (
        readFileSync(`/proc/${pid}/cmdline`, 'latin1').startsWith('bash\0') &&
        readFileSync(`/proc/${pid}/cmdline`, 'latin1').includes(`${name}.sh`)
      );
    } catch {
      // It ended meanwhile.
      return false;
    }
  };
  return Number(
    readdirSync('/proc').find((pid) => /^\d+$/.test(pid) && isIt(pid)) ?? assert.fail(`nothing runs in ${name}`),
  );
}
