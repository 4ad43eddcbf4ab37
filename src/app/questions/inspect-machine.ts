import { existsSync, readFileSync, statSync } from 'node:fs';
import { connect } from 'node:net';
import type { Result } from '../../base/index.ts';
import type { Config, Endpoint } from '../../config/index.ts';
import { lookAtMachine } from '../../gateway/index.ts';
import { openPolicyHistory } from '../../snapshot/index.ts';
import { listCredentials } from '../../trust/index.ts';
import { type CompiledFolder, compileFolder } from '../compile-folder.ts';
import { askLocal } from '../local-socket.ts';
import { placeOf } from '../point/gateway-plane.ts';
import { findLocalPlace } from '../point/local-place.ts';
import { type StatePaths, statePaths } from '../state-folder.ts';
import { inspectGateway } from './inspect-gateway.ts';
import { inspectHelper } from './inspect-helper.ts';
import { inspectLeases } from './inspect-leases.ts';
import { inspectLocal } from './inspect-local.ts';
import { inspectRunLinks, inspectRuns, tryRunRanges } from './inspect-runs.ts';
import { type Inspection, pass } from './inspection.ts';

const leastNodeMajor = 24;
const soonMs = 14 * 86_400_000;
// A machine without a clock of its own starts in 1970, or where its image was made.
const earliestMs = Date.UTC(2026, 0, 1);
const probeTimeoutMs = 1_000;
// A connection takes a descriptor on each side; the rest is files, sockets and margin.
const descriptorsPerConnection = 2;
const otherDescriptors = 256;

/** Looks at everything that Exeat depends on here, changing nothing. `nowMs` is epoch milliseconds. */
export async function inspectMachine(config: Config, nowMs: number): Promise<readonly Inspection[]> {
  const paths = statePaths(config.state);
  const running = await askLocal<{ readonly version: string | null }>(paths.pointSocket, 'version');
  const compiled = compileFolder(config.policy);
  return [
    inspectNode(),
    pass('configuration', config.file),
    inspectPolicy(compiled),
    inspectState(paths),
    running.ok ? pass('running', `yes, policy ${running.value.version ?? 'none'}`) : pass('running', 'no'),
    ...(await Promise.all(listeners(config).map(([key, at]) => inspectPort(key, at, running.ok)))),
    inspectResolver(config),
    inspectClock(paths, nowMs),
    await inspectCredentials(config, nowMs),
    inspectDescriptors(config),
    ...(await Promise.all(config.leases.map((source) => inspectLeases(source, config)))),
    inspectRuns(),
    ...(await gatewayInspections(config, compiled, nowMs)),
  ];
}

async function gatewayInspections(
  config: Config,
  compiled: Result<CompiledFolder>,
  nowMs: number,
): Promise<readonly Inspection[]> {
  const { gateway } = config;
  if (gateway === null) return [];
  const ranges = tryRunRanges(config);
  const place = {
    ...placeOf(gateway, config, ranges.ok ? ranges.value : []),
    local: (await findLocalPlace(gateway.local)).place,
  };
  const machine = await lookAtMachine(place);
  const separate = gateway.helper === null ? [] : [await inspectHelper(gateway.helper)];
  const policy = compiled.ok ? compiled.value.policy : null;
  return [
    ...inspectGateway({ gateway, machine, policy }),
    ...separate,
    ...(await inspectLocal(config, policy)),
    ...(await inspectRunLinks(config, policy, nowMs)),
  ];
}

function inspectNode(): Inspection {
  const { node } = process.versions;
  if (Number(node.split('.')[0]) >= leastNodeMajor) return pass('node', node);
  return { check: 'node', result: 'fail', says: node, mend: `run it with Node ${leastNodeMajor} or newer` };
}

function inspectPolicy(compiled: Result<CompiledFolder>): Inspection {
  if (!compiled.ok)
    return { check: 'policy', result: 'fail', says: compiled.fault.message, mend: 'see `exeat policy check`' };
  const { serviceCount, ruleCount, version } = compiled.value.policy;
  if (serviceCount > 0) return pass('policy', `${version}, services ${serviceCount}, rules ${ruleCount}`);
  return {
    check: 'policy',
    result: 'warn',
    says: 'no service is in it, so everything is denied',
    mend: 'add a `service:` document',
  };
}

function inspectState(paths: StatePaths): Inspection {
  if (!existsSync(paths.root)) return pass('state', `${paths.root} will be made by \`exeat up\``);
  const mode = statSync(paths.root).mode & 0o777;
  if ((mode & 0o077) === 0) return pass('state', paths.root);
  return {
    check: 'state',
    result: 'warn',
    says: `${paths.root} is open to others (${mode.toString(8)})`,
    mend: `chmod 700 ${paths.root}`,
  };
}

function listeners({ listen, gateway }: Config): readonly (readonly [string, Endpoint])[] {
  const { proxy, console, pac, dns, dot, doh } = listen;
  const all: readonly (readonly [string, Endpoint | null])[] = [
    ['listen.proxy', proxy],
    ['listen.console', console],
    ['listen.pac', pac],
    ['listen.dns', dns],
    ['listen.dot', dot],
    ['listen.doh', doh],
    ['gateway.port', gateway === null ? null : everywhere(gateway.port)],
  ];
  return all.flatMap(([key, at]): readonly (readonly [string, Endpoint])[] =>
    at === null || at.port === 0 ? [] : [[key, at]],
  );
}

// Where the transparent listener is: on all addresses of both families.
function everywhere(port: number): Endpoint {
  return { address: '0.0.0.0', port, text: `0.0.0.0:${port}` };
}

async function inspectPort(key: string, at: Endpoint, isRunning: boolean): Promise<Inspection> {
  const isTaken = await answers(at);
  if (isTaken === isRunning) return pass(key, `${at.text} is ${isTaken ? 'ours' : 'free'}`);
  return isTaken
    ? {
        check: key,
        result: 'fail',
        says: `${at.text} is taken by another program`,
        mend: `stop it or change \`${key}\``,
      }
    : { check: key, result: 'fail', says: `${at.text} does not answer`, mend: 'see the log of `exeat up`' };
}

function answers(at: Endpoint): Promise<boolean> {
  const address = at.address === '0.0.0.0' ? '127.0.0.1' : at.address === '::' ? '::1' : at.address;
  return new Promise((resolve) => {
    const socket = connect({ host: address, port: at.port, timeout: probeTimeoutMs });
    const end = (isTaken: boolean): void => {
      socket.destroy();
      resolve(isTaken);
    };
    socket.on('error', () => end(false));
    socket.on('timeout', () => end(false));
    socket.on('connect', () => end(true));
  });
}

// No query is sent: a check must not put names on the wire.
function inspectResolver(config: Config): Inspection {
  if (config.resolver.servers !== null) return pass('resolver', config.resolver.servers.join(', '));
  const servers = readText('/etc/resolv.conf')
    .split('\n')
    .filter((line) => line.startsWith('nameserver '));
  if (servers.length > 0)
    return pass('resolver', servers.map((line) => line.slice('nameserver '.length).trim()).join(', '));
  return {
    check: 'resolver',
    result: 'warn',
    says: 'the system names no DNS server',
    mend: 'set `resolver.servers`, or every name in `hosts`',
  };
}

// The clock decides what has ended, so one that is behind the past of this very state is wrong.
function inspectClock(paths: StatePaths, nowMs: number): Inspection {
  if (nowMs < earliestMs) {
    const says = `${new Date(nowMs).toISOString()} is before this program was written`;
    return { check: 'clock', result: 'fail', says, mend: 'set the clock, run a time service' };
  }
  const last = openPolicyHistory(paths.policy).intervals().at(-1);
  if (last === undefined || last.fromMs <= nowMs) return pass('clock', new Date(nowMs).toISOString());
  const says = `${new Date(nowMs).toISOString()} is before the last policy came into force (${new Date(last.fromMs).toISOString()})`;
  return { check: 'clock', result: 'fail', says, mend: 'set the clock, run a time service' };
}

async function inspectCredentials(config: Config, nowMs: number): Promise<Inspection> {
  if (config.credentials === null) return pass('credentials', 'none configured');
  const listed = await listCredentials({ path: config.credentials, nowMs });
  if (!listed.ok) return { check: 'credentials', result: 'fail', says: listed.fault.message, mend: 'restore the file' };
  const live = listed.value.filter((one) => one.expiresAt > nowMs);
  const soon = live.filter(
    (one) =>
      one.expiresAt <= nowMs + soonMs &&
      // Short-lived by intent: it was made to end soon.
      one.expiresAt - one.createdAt > soonMs &&
      !live.some((other) => other.name === one.name && other.expiresAt > nowMs + soonMs),
  );
  if (soon.length === 0) return pass('credentials', `${live.length} live`);
  const names = [...new Set(soon.map((one) => one.name))].slice(0, 10).join(', ');
  return {
    check: 'credentials',
    result: 'warn',
    says: `end within 14 days: ${names}`,
    mend: 'rotate with `exeat credential add`',
  };
}

function inspectDescriptors(config: Config): Inspection {
  const soft = /^Max open files\s+(\d+|unlimited)/m.exec(readText('/proc/self/limits'))?.[1];
  if (soft === undefined || soft === 'unlimited') return pass('descriptors', soft ?? 'not known on this system');
  const needed = config.limits.connections * descriptorsPerConnection + otherDescriptors;
  if (Number(soft) >= needed) return pass('descriptors', `${soft}, ${needed} are enough`);
  return {
    check: 'descriptors',
    result: 'warn',
    says: `${soft} allowed, ${config.limits.connections} connections need ${needed}`,
    mend: `raise LimitNOFILE or \`ulimit -n\` to ${needed}`,
  };
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    // Absent on some systems: then it is not known, which the caller says.
    return '';
  }
}
