import { dnsAttempt } from '../attempt/dns.ts';
import {
  gatewayAttempt,
  gatewayProxyAttempt,
  noProxyAttempt,
  otherProxyAttempt,
  ownRouteAttempt,
  readAbstractSockets,
  readBusPaths,
  socketAttempt,
} from '../attempt/local.ts';
import { vsockAttempt } from '../attempt/raw.ts';
import type { Attempt } from '../attempt/streams.ts';
import type { SettingName } from '../settings.ts';
import type { Group, Need, Way } from '../way.ts';

type Row = readonly [id: string, title: string, closedBy: SettingName, needs: readonly Need[], attempt: Attempt];

const gatewayRows: readonly Row[] = [
  ['gateway-ssh', "the gateway's own SSH, port 22", 'gateway_input', ['gateway'], gatewayAttempt(22, /^SSH-/, null)],
  [
    'gateway-console',
    "the gateway's console, port 8440",
    'gateway_input',
    ['gateway'],
    gatewayAttempt(8440, /"Exeat control API"/, '/api/openapi.json'),
  ],
  [
    'gateway-docker',
    "the gateway's Docker API, port 2375",
    'gateway_input',
    ['gateway'],
    gatewayAttempt(2375, /^HTTP\/1[\s\S]*^Api-Version: /im, '/_ping'),
  ],
  [
    'gateway-metrics',
    "the gateway's node exporter, port 9100",
    'gateway_input',
    ['gateway'],
    gatewayAttempt(9100, /^# (?:HELP|TYPE) /m, '/metrics'),
  ],
  [
    'gateway-proxy',
    "the gateway's proxy, port 3128, without a secret",
    'proxy_policy',
    ['gateway', 'address'],
    gatewayProxyAttempt,
  ],
  [
    'gateway-dns-tcp',
    'a foreign name, asked of the gateway over TCP 53',
    'dns_filter',
    ['gateway', 'zone'],
    dnsAttempt('gateway', 'tcp', 'txt'),
  ],
];

const localRows: readonly Row[] = [
  [
    'local-docker',
    'the socket of Docker or Podman',
    'sockets',
    [],
    socketAttempt(() => [
      '/var/run/docker.sock',
      '/run/podman/podman.sock',
      ...ofUser('docker.sock', 'podman/podman.sock'),
    ]),
  ],
  [
    'local-containerd',
    'the socket of containerd, CRI-O or BuildKit',
    'sockets',
    [],
    socketAttempt(() => ['/run/containerd/containerd.sock', '/run/crio/crio.sock', '/run/buildkit/buildkitd.sock']),
  ],
  [
    'local-abstract',
    'an abstract socket of a container runtime',
    'sockets',
    [],
    socketAttempt(() => readAbstractSockets(/containerd-shim|docker|podman/)),
  ],
  [
    'local-ssh-agent',
    'the SSH agent of somebody',
    'sockets',
    [],
    socketAttempt(({ env }) => given(env['SSH_AUTH_SOCK'])),
  ],
  [
    'local-dbus',
    'D-Bus of the system or of a session',
    'sockets',
    [],
    socketAttempt(({ env }) => [
      '/run/dbus/system_bus_socket',
      ...ofUser('bus'),
      ...readBusPaths(env['DBUS_SESSION_BUS_ADDRESS']),
    ]),
  ],
  ['local-vsock', 'AF_VSOCK to the host of a virtual machine', 'vsock', ['helper'], vsockAttempt],
  ['local-other-proxy', 'another proxy that the environment names', 'environment', ['address'], otherProxyAttempt],
  ['local-no-proxy', 'what NO_PROXY excepts', 'environment', ['name'], noProxyAttempt],
  ['local-route', 'a route of its own to the canary', 'routes', ['address', 'root', 'intrusive'], ownRouteAttempt],
];

/** The gateway itself, and what lies on the machine. */
export const localWays: readonly Way[] = [...gatewayRows.map(wayOf('gateway')), ...localRows.map(wayOf('local'))];

function wayOf(group: Group): (row: Row) => Way {
  return ([id, title, closedBy, needs, attempt]) => ({ id, group, title, closedBy, needs, attempt });
}

function ofUser(...names: readonly string[]): readonly string[] {
  return names.map((name) => `/run/user/${process.getuid?.() ?? 0}/${name}`);
}

function given(path: string | undefined): readonly string[] {
  return path === undefined || path === '' ? [] : [path];
}
