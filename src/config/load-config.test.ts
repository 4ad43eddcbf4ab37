import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import fc from 'fast-check';
import { parse } from 'yaml';
import { temporaryFolder } from '../../test/support/temporary-folder.ts';
import { parseDuration, parseSize } from '../base/index.ts';
import {
  type Config,
  configJsonSchema,
  configKeys,
  loadConfig,
  parseEndpoint,
  renderConfigFault,
  renderConfigReference,
} from './index.ts';

function write(text: string): string {
  const path = join(temporaryFolder('config'), 'exeat.yaml');
  writeFileSync(path, text);
  return path;
}

type Extra = Partial<Pick<Parameters<typeof loadConfig>[0], 'env' | 'flags'>>;

function load(text: string, extra: Extra = {}): Config {
  const outcome = loadConfig({ path: write(text), env: {}, ...extra });
  assert.ok(outcome.ok, outcome.ok ? '' : outcome.fault.map(renderConfigFault).join('\n'));
  return outcome.value;
}

/** The faults without the folder of the file. */
function faultsOf(text: string, extra: Extra = {}): readonly string[] {
  const path = write(text);
  const outcome = loadConfig({ path, env: {}, ...extra });
  return outcome.ok ? [] : outcome.fault.map((fault) => renderConfigFault(fault).replace(path, 'exeat.yaml'));
}

function everyValue(value: unknown): readonly unknown[] {
  return typeof value === 'object' && value !== null ? [value, ...Object.values(value).flatMap(everyValue)] : [value];
}

test('an empty file gives every default, frozen, and nothing undefined', () => {
  const config = load('');
  const values = everyValue(config);
  assert.ok(!values.includes(undefined));
  assert.ok(values.filter((one) => typeof one === 'object' && one !== null).every(Object.isFrozen));
  assert.equal(config.listen.proxy.text, '127.0.0.1:3128');
  assert.equal(config.console.url, 'http://127.0.0.1:8440');
  assert.deepEqual(config.limits, {
    connections: 8000,
    perPrincipal: 1000,
    unprovenPerSource: 2000,
    headTimeoutMs: 10_000,
    idleTimeoutMs: 600_000,
    totalTimeoutMs: 86_400_000,
  });
  assert.deepEqual(config.decisions, { rotateSizeBytes: 2 ** 26, rotateAgeMs: 3_600_000, budgetBytes: 5 * 2 ** 30 });
  assert.equal(config.allowCleartextProofs, false);
});

test('everything that can be written is read, with units in the names and paths from the folder of the file', () => {
  const path = write(`
policy: ./policy
state: /var/lib/exeat
listen: { proxy: "[::1]:0", console: null, pac: "0.0.0.0:8080" }
tls: { certificate: ./proxy.crt, key: ./proxy.key, clientBundle: ./spiffe.pem, revocations: ./crl.pem, trustDomain: corp.example, revocationsPastUpdate: accept }
credentials: ./credentials.json
issuers:
  - { issuer: "https://ci.example.com", audience: exeat, jwks: ./jwks.json }
  - { issuer: "https://sso.example.com", audience: exeat, jwks: "https://sso.example.com/keys", authorities: ./ca.crt, maxTokenAge: 1h }
resolver: { servers: [ 192.0.2.53, "[2001:db8::53]:5353" ] }
hosts: { bank-gateway.example.com: 127.0.0.1, two.example.com: [ 127.0.0.2, "::1" ] }
localOrigins: [ "127.0.0.1:8443", "[::1]:8443" ]
upstreamProxy: http://Parent.example:3128
audit:
  onFull: block
  anchors:
    - { path: ./anchor.txt }
    - { syslog: "SIEM.example:6514", authorities: ./siem.crt }
    - { syslog: "[2001:db8::7]:601", protocol: tcp }
    - { git: ./evidence }
    - { http: "https://anchors.example/exeat" }
console: { url: "https://exeat.example.com/" }
`);
  const outcome = loadConfig({ path, env: {} });
  assert.ok(outcome.ok);
  const config = outcome.value;
  const folder = join(path, '..');
  assert.equal(config.policy, join(folder, 'policy'));
  assert.equal(config.tls?.clientBundle, join(folder, 'spiffe.pem'));
  assert.deepEqual([config.tls?.trustDomain, config.tls?.revocationsPastUpdate], ['corp.example', 'accept']);
  assert.deepEqual(
    config.issuers.map(({ authorities, maxTokenAgeMs }) => [authorities, maxTokenAgeMs]),
    [
      [null, 86_400_000],
      [join(folder, 'ca.crt'), 3_600_000],
    ],
  );
  assert.equal(config.state, '/var/lib/exeat');
  assert.deepEqual(config.listen.proxy, { address: '::1', port: 0, text: '[::1]:0' });
  assert.equal(config.listen.console, null);
  assert.deepEqual(
    config.issuers.map((one) => one.jwks.kind),
    ['file', 'url'],
  );
  assert.deepEqual(config.resolver.servers, ['192.0.2.53:53', '[2001:db8::53]:5353']);
  assert.deepEqual(config.hosts['two.example.com'], ['127.0.0.2', '::1']);
  assert.deepEqual(
    config.localOrigins.map((one) => one.text),
    ['127.0.0.1:8443', '[::1]:8443'],
  );
  assert.deepEqual(config.upstreamProxy, { url: 'http://Parent.example:3128', host: 'parent.example', port: 3128 });
  assert.equal(config.console.url, 'https://exeat.example.com');
  assert.deepEqual(config.audit.anchors, [
    { kind: 'path', path: join(folder, 'anchor.txt') },
    { kind: 'syslog', host: 'siem.example', port: 6514, protocol: 'tls', authorities: join(folder, 'siem.crt') },
    { kind: 'syslog', host: '2001:db8::7', port: 601, protocol: 'tcp', authorities: null },
    { kind: 'git', folder: join(folder, 'evidence') },
    { kind: 'http', url: 'https://anchors.example/exeat', authorities: null },
  ]);
});

const refusals: readonly (readonly [string, string])[] = [
  ['polcy: ./x', 'exeat.yaml:1:1: unknown key `polcy`, did you mean `policy`?'],
  ['limits:\n  headTimout: 10s', 'exeat.yaml:2:3: unknown key `limits.headTimout`, did you mean `headTimeout`?'],
  ['audit: { zzz: 1 }', 'exeat.yaml:1:10: unknown key `audit.zzz`, known here: `onFull`, `anchors`'],
  ['listen: { dot: "127.0.0.1:853" }', '`listen.dot` and `listen.doh` need `tls`, whose certificate they show'],
  ['dns: { denial: sinkhole }', '`denial: sinkhole` needs addresses in `sinkhole`'],
  ['dns: { sample: 2 }', '`dns.sample`'],
  ['dns: { forward: { Corp.example: [ 192.0.2.53 ] } }', 'a domain is lower-case ASCII without a last dot'],
  ['dns: { responseZones: [ { zone: rpz.example } ] }', 'a response zone has either `file` or `primary`'],
  [
    'audit: { anchors: [{}] }',
    'exeat.yaml:1:20: `audit.anchors.0`: an anchor has one of `path`, `syslog`, `git`, `http`',
  ],
  [
    'audit: { anchors: [{ path: a, git: b }] }',
    'exeat.yaml:1:20: `audit.anchors.0`: an anchor has one of `path`, `syslog`, `git`, `http`',
  ],
  ['audit: { anchors: [{ path: a, protocol: tcp }] }', '`audit.anchors.0.protocol`: `protocol` belongs to `syslog`'],
  [
    'audit: { anchors: [{ syslog: siem.example }] }',
    '`siem.example` is not a host and port, write `siem.example:6514`',
  ],
  ['audit: { anchors: [{ syslog: "h:1", protocol: udp }] }', '`udp` is not accepted, write `tcp` or `tls`'],
  ['audit: { anchors: [{ http: "ftp://a.example/" }] }', '`ftp://a.example/` is not an http or https URL'],
  [
    'audit: { anchors: [{ http: "https://u:p@a.example/" }] }',
    'the URL of an anchor has no user, password or fragment',
  ],
  [
    'audit: { anchors: [{ http: "http://a.example/", authorities: x }] }',
    '`authorities` needs `syslog` over TLS or an https',
  ],
  [
    'gateway: { inside: [ lan0 ], binding: path, tlsPorts: [ 443, 80 ] }\nlisten: { dns: "[::]:53" }',
    'exeat.yaml:1:55: `gateway.tlsPorts`: `gateway.tlsPorts` and `gateway.httpPorts` name one port: it is read in one way only',
  ],
  [
    `gateway: { inside: [ lan0 ], binding: path, tlsPorts: [ ${Array.from({ length: 120 }, (_, at) => 9_000 + at).join(', ')} ] }\nlisten: { dns: "[::]:53" }`,
    'exeat.yaml:1:55: `gateway.tlsPorts`: `gateway.tlsPorts` and `gateway.httpPorts` name at most 120 ports together: name fewer',
  ],
  ['transport: fast', 'exeat.yaml:1:12: `transport`'],
  ['transportThreads: 0', 'exeat.yaml:1:19: `transportThreads`'],
  ['policyTrust: approved', 'exeat.yaml:1:14: `policyTrust`: `approved` comes with a later issue, write `local`'],
  [
    'listen: { proxy: "localhost:3128" }',
    'exeat.yaml:1:18: `listen.proxy`: `localhost:3128` is not an address and port',
  ],
  ['listen: { proxy: "127.0.0.1:70000" }', 'exeat.yaml:1:18: `listen.proxy`: port `70000` is outside 0-65535'],
  ['limits: { idleTimeout: 10 }', 'exeat.yaml:1:24: `limits.idleTimeout`: `10` is not accepted, write text'],
  ['limits: { idleTimeout: 1ms }', 'exeat.yaml:1:24: `limits.idleTimeout`: `1ms` is outside 1s to 7d'],
  ['limits: { connections: 0 }', 'exeat.yaml:1:24: `limits.connections`: `0` is not accepted, the least is 1'],
  ['decisions: { budget: 5GB }', 'exeat.yaml:1:22: `decisions.budget`: `5GB` is not a size'],
  ['decisions: { budget: 64MiB }', 'exeat.yaml:1:22: `decisions.budget`: `budget` must be at least twice `rotateSize`'],
  [
    'audit: { onFull: maybe }',
    'exeat.yaml:1:18: `audit.onFull`: `maybe` is not accepted, write `auto` or `block` or `count`',
  ],
  ['tls: { certificate: a }', 'exeat.yaml:1:6: `tls.key`: is missing, write text'],
  [
    'tls: { certificate: a, key: b, revocations: c }',
    'exeat.yaml:1:45: `tls.revocations`: `revocations` needs `clientBundle`',
  ],
  [
    'tls: { certificate: a, key: b, trustDomain: corp.example }',
    'exeat.yaml:1:45: `tls.trustDomain`: `trustDomain` needs `clientBundle`',
  ],
  [
    'tls: { certificate: a, key: b, clientBundle: c, revocationsPastUpdate: accept }',
    '`tls.revocationsPastUpdate`: `revocationsPastUpdate` needs `revocations`',
  ],
  [
    'issuers: [ { issuer: a, audience: b, jwks: ./k, authorities: ./ca } ]',
    '`issuers.0.authorities`: `authorities` needs an https URL in `jwks`',
  ],
  [
    'issuers: [ { issuer: a, audience: b, jwks: ./k, maxTokenAge: 31d } ]',
    '`issuers.0.maxTokenAge`: `31d` is outside 1m to 30d',
  ],
  ['hosts: { A.example: 127.0.0.1 }', 'is not accepted, a name in `hosts` is lower-case ASCII without a trailing dot'],
  ['hosts: { a.example: [ x ] }', 'exeat.yaml:1:21: `hosts.a.example`: `x` is not an IP address'],
  ['localOrigins: [ "10.0.0.1:80" ]', 'exeat.yaml:1:17: `localOrigins.0`: `10.0.0.1:80` is not loopback'],
  ['localOrigins: [ "[::ffff:127.0.0.1]:80" ]', 'is not loopback'],
  ['localOrigins: [ "127.0.0.0/8:80" ]', 'is not an address and port'],
  ['localOrigins: [ "127.0.0.1:0" ]', 'a local origin needs a port within 1-65535'],
  ['localOrigins: [ "127.0.0.1:3128" ]', 'exeat.yaml:1:17: `127.0.0.1:3128` is our own `listen.proxy`'],
  ['listen: { pac: "0.0.0.0:81" }\nlocalOrigins: [ "127.0.0.9:81" ]', '`127.0.0.9:81` is our own `listen.pac`'],
  ['listen: { pac: "[0:0::1]:81" }\nlocalOrigins: [ "[::1]:81" ]', '`[::1]:81` is our own `listen.pac`'],
  [
    'issuers: [ { issuer: a, audience: b, jwks: "http://ci.example.com/k" } ]',
    '`issuers.0.jwks`: `http://ci.example.com/k` is not an https URL',
  ],
  [
    'issuers: [ { issuer: a, audience: b, jwks: "https://reader:secret@ci.example.com/k" } ]',
    '`issuers.0.jwks`: the URL of keys has no user or password',
  ],
  [
    'issuers: [ { issuer: a, audience: b, jwks: k }, { issuer: a, audience: b, jwks: k } ]',
    'an issuer is listed twice',
  ],
  ['upstreamProxy: https://u:p@proxy.example:1', 'a parent proxy is written `http://proxy.example:3128`'],
  ['resolver: { servers: [ dns.example ] }', '`dns.example` is not a DNS server'],
  ['console: { url: "javascript:x" }', 'is not an http or https URL'],
  [
    'listen: { console: "192.0.2.1:8440" }',
    '`listen.console`: `listen.console` is not a loopback address and has no TLS',
  ],
  ['listen: { console: "0.0.0.0:8440" }', 'tokens could be read on the way: set `console.tls`'],
  ['policy: a\npolicy: b', 'exeat.yaml:2:1: map keys must be unique'],
  ['policy: &x a', 'anchors and aliases are not allowed here'],
  ['- a', 'exeat.yaml:1:1: the file must be a mapping of keys'],
  ['policy: [', 'exeat.yaml:1:'],
  ['policy: "a\\u001b[31m\\0"', 'a path must not be empty or hold a NUL'],
  ['"\\u001b[31m": 1', 'unknown key `\\u{1b}[31m`'],
];

test('what is wrong is told in one line with its place and what to write instead', () => {
  for (const [text, expected] of refusals) {
    const faults = faultsOf(text);
    assert.equal(faults.length, 1, `${text}\n${faults.join('\n')}`);
    assert.ok(faults[0]?.includes(expected), `${faults[0]}\n  lacks ${expected}`);
    assert.doesNotMatch(faults[0] ?? '', /\p{Cc}/u);
  }
});

test('every fault of a file is told at once', () => {
  assert.equal(faultsOf('polcy: a\ntransportThreads: 0\nlimits: { connections: x }\n').length, 3);
});

test('a flag wins over the environment, that over the file, and that over the default', () => {
  const text = 'state: /file\nlimits: { connections: 5 }';
  assert.equal(load(text).state, '/file');
  const env = {
    EXEAT_STATE: '/env',
    EXEAT_LIMITS_CONNECTIONS: '7',
    EXEAT_RESOLVER_SERVERS: '192.0.2.1, ::1',
    EXEAT_LISTEN_CONSOLE: 'null',
  };
  const config = load(text, { env });
  assert.equal(config.state, '/env');
  assert.equal(config.limits.connections, 7);
  assert.deepEqual(config.resolver.servers, ['192.0.2.1:53', '[::1]:53']);
  assert.equal(config.listen.console, null);
  assert.equal(load(text, { env, flags: { state: '/flag' } }).state, '/flag');
});

test('faults outside the file name the variable or the flag', () => {
  assert.match(faultsOf('', { env: { EXEAT_LIMITS_CONNECTIONS: 'x' } })[0] ?? '', /^EXEAT_LIMITS_CONNECTIONS: /);
  assert.match(faultsOf('', { flags: { 'listen.proxy': 'x' } })[0] ?? '', /^--listen\.proxy: /);
  assert.match(faultsOf('', { flags: { nonsense: 'x' } })[0] ?? '', /`nonsense` is not a key that a flag can set/);
  assert.match(faultsOf('', { env: { EXEAT_STAT: 'x' } })[0] ?? '', /did you mean `EXEAT_STATE`/);
  assert.deepEqual(faultsOf('', { env: { EXEAT_SERVICE_HOST: 'x', EXEAT_TEST_REQUIRE: 'all' } }), []);
});

test('a file that cannot be read is a fault that names it and the mend', () => {
  const folder = temporaryFolder('config');
  const says = (path: string): string => {
    const outcome = loadConfig({ path: null, env: { EXEAT_CONFIG: path } });
    return outcome.ok ? '' : outcome.fault.map(renderConfigFault).join('\n');
  };
  assert.match(says(join(folder, 'absent.yaml')), /absent\.yaml: there is no such file, name the configuration with/);
  mkdirSync(join(folder, 'd.yaml'));
  assert.match(says(join(folder, 'd.yaml')), /is not a file/);
  writeFileSync(join(folder, 'b.yaml'), Buffer.from([0x61, 0xff]));
  assert.match(says(join(folder, 'b.yaml')), /is not UTF-8/);
  writeFileSync(join(folder, 'l.yaml'), Buffer.alloc(1024 * 1024 + 1, 0x23));
  assert.match(says(join(folder, 'l.yaml')), /is larger than/);
  chmodSync(join(folder, 'b.yaml'), 0o600);
});

test('durations, sizes and endpoints are read exactly or refused', () => {
  const cases = [
    ['15m', 900_000],
    ['8h', 28_800_000],
    ['7d', 604_800_000],
    ['250ms', 250],
  ] as const;
  for (const [text, ms] of cases) assert.deepEqual(parseDuration(text), { ok: true, value: ms });
  for (const [text, bytes] of [
    ['5GiB', 5 * 2 ** 30],
    ['64MiB', 2 ** 26],
    ['1B', 1],
  ] as const) {
    assert.deepEqual(parseSize(text), { ok: true, value: bytes });
  }
  for (const text of [
    '',
    '15',
    'm',
    '1.5h',
    '-1s',
    ' 1s',
    '1 s',
    '1S',
    '1mo',
    '999999999999999d',
    'constructor',
    '1toString',
  ]) {
    assert.equal(parseDuration(text).ok, false, text);
    assert.equal(parseSize(text).ok, false, text);
  }
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.stringMatching(/^[\d.:[\]a-f]{0,30}$/)), (text) => {
      parseDuration(text);
      parseSize(text);
      const endpoint = parseEndpoint(text);
      if (endpoint.ok) assert.deepEqual(parseEndpoint(endpoint.value.text), endpoint);
    }),
  );
});

test('whatever the file holds, loading gives a configuration or faults, and never throws', () => {
  const key = fc.constantFrom(...configKeys().map((one) => one.path.split('.')[0] ?? ''), '__proto__', 'x');
  fc.assert(
    fc.property(
      fc.oneof(
        fc.string(),
        fc.dictionary(key, fc.jsonValue()).map((value) => JSON.stringify(value)),
      ),
      (text) => {
        const path = write(text);
        assert.equal(typeof loadConfig({ path, env: {} }).ok, 'boolean');
      },
    ),
    { numRuns: 200 },
  );
});

test('the JSON Schema and the reference page come from the schema and know every key', () => {
  const page = renderConfigReference();
  for (const key of configKeys()) {
    assert.ok(page.includes(`| \`${key.path}\` |`), key.path);
    assert.notEqual(key.description, '', `${key.path} says what it means`);
  }
  assert.equal((configJsonSchema() as { additionalProperties?: unknown }).additionalProperties, false);
});

test('the defaults of the reference page are accepted when they are written out', () => {
  const lines = configKeys()
    .filter((key) => key.defaultText !== null && !key.path.includes('.'))
    .map((key) => `${key.path}: ${key.defaultText}`);
  assert.deepEqual(parse(lines.join('\n')).policy, './policy');
  assert.deepEqual(faultsOf(lines.join('\n')), []);
});

test('a console for other machines starts with TLS, or when told that clear text is meant', () => {
  const listen = 'listen: { console: "192.0.2.1:8440" }';
  const secure = load(`${listen}\nconsole: { tls: { certificate: c.pem, key: k.pem } }`);
  assert.equal(secure.console.url, 'https://192.0.2.1:8440');
  assert.ok(secure.console.tls?.certificate.endsWith('/c.pem'));
  assert.equal(load(`${listen}\nconsole: { allowCleartext: true }`).console.url, 'http://192.0.2.1:8440');
});
