import { exitCodes } from '../src/cli/index.ts';
import { defaultLimits } from '../src/enforcement/index.ts';
import { readIfThere, readSourceFiles } from './source-files.ts';

/** Rows of a Markdown table about the product, read from its code. */
type Rows = readonly string[];

/** Every metric: name, kind, labels and help, as they are registered in `src/app`. */
export function metricRows(): Rows {
  const text = readSourceFiles(['src/app'], '.ts')
    .map((file) => file.text)
    .join('\n');
  const form = /'(exeat_\w+)',\s*(?:help:\s*)?'([^']*)'(?:,\s*(?:labelNames:\s*)?\[([^\]]*)\])?/g;
  const rows = [...text.matchAll(form)].map(([, name = '', help = '', labels = '']) => {
    const kind = name.endsWith('_total') ? 'counter' : 'gauge';
    return `| \`${name}\` | ${kind} | ${labels.replaceAll("'", '`').trim().replace(/,$/, '')} | ${help} |`;
  });
  if (rows.length < 25) throw new Error(`only ${rows.length} metrics were found in src/app`);
  return rows.sort();
}

/** The limits of a connection with their defaults, from `src/enforcement/limits.ts`; `key` is the setting that changes one. */
export function limitRows(): Rows {
  const text = readIfThere('src/enforcement/limits.ts') ?? '';
  return Object.entries(defaultLimits).map(([name, value]: [string, number]) => {
    const says = new RegExp(`/\\*\\* ([^\\n]*) \\*/\\n  readonly ${name}:`).exec(text)?.[1] ?? '';
    const key = settings.has(name) ? `\`limits.${name.replace(/Ms$/, '')}\`` : 'fixed';
    return `| \`${name}\` | ${quantity(name, value)} | ${key} | ${says} |`;
  });
}

const settings: ReadonlySet<string> = new Set([
  'connections',
  'perPrincipal',
  'unprovenPerSource',
  'headTimeoutMs',
  'idleTimeoutMs',
  'totalTimeoutMs',
]);

/** Bounds elsewhere that an operator may meet: the constant in the code, and what it bounds. */
export function boundRows(): Rows {
  return bounds.map(([file, name, says]) => {
    const found = new RegExp(`const ${name}(?:: number)? = ([\\d_ *]+);`).exec(readIfThere(file) ?? '');
    if (found === null) throw new Error(`no number \`${name}\` is in ${file}`);
    const value = (found[1] ?? '').split('*').reduce((sum, part) => sum * Number(part.replaceAll('_', '')), 1);
    return `| ${says} | ${quantity(name, value)} |`;
  });
}

const bounds: readonly (readonly [file: string, name: string, says: string])[] = [
  ['src/app/control/policy-folder.ts', 'maxFiles', 'files of a policy folder'],
  ['src/app/control/policy-folder.ts', 'maxFileBytes', 'one policy file'],
  ['src/app/control/policy-folder.ts', 'maxTotalBytes', 'all policy files together'],
  ['src/app/control/policy-watch.ts', 'pollMs', 'the policy folder is looked at this often, beside the file watch'],
  ['src/trust/credential-file.ts', 'maxCredentials', 'credentials in one file'],
  ['src/trust/credential-file.ts', 'maxLivePerName', 'live secrets of one credential'],
  ['src/trust/proof-memo.ts', 'maxRememberedProofs', 'verified proofs that are remembered'],
  ['src/trust/proof-memo.ts', 'maxRememberedMs', 'how long one is remembered, or until its end'],
  ['src/trust/trust-options.ts', 'defaultKeysRefreshMs', 'keys of an issuer are fetched again after'],
  ['src/trust/trust-options.ts', 'defaultKeysMaxStaleMs', 'known keys serve in an outage of the issuer for'],
  ['src/trust/trust-options.ts', 'defaultMaxTokenAgeMs', 'oldest token, by its `iat`'],
  ['src/trust/trust-options.ts', 'clockToleranceMs', 'difference of clocks that tokens are granted'],
  ['src/dns/upstream/create-upstreams.ts', 'defaultTotalMs', 'resolving one name, over all servers'],
  ['src/dns/create-resolver.ts', 'maxTtlSeconds', 'longest time an answer is kept'],
  ['src/dns/create-resolver.ts', 'defaultMaxCachedNames', 'names in the cache'],
  ['src/dns/create-resolver.ts', 'defaultMaxInFlight', 'names being resolved at once'],
  ['src/app/point/create-point.ts', 'drainMs', 'connections may end by themselves at shutdown for'],
  ['src/app/point/point-metrics.ts', 'maxServiceLabels', 'services with a label of their own in metrics'],
  [
    'src/store/sqlite/traffic-places.ts',
    'maxEdgesOfDay',
    'ways that the flow map tells apart on one day; past it they are counted together',
  ],
  ['src/store/sqlite/traffic-places.ts', 'maxEdgesOfService', 'ways of one service that it tells apart on one day'],
  [
    'src/flowmap/traffic/fold-traffic.ts',
    'maxOpenFlows',
    'flows under way whose bytes the flow map puts under their rule',
  ],
  ['src/app/control/usage.ts', 'maxEdges', 'edges (service, host, port) that status remembers'],
  ['src/app/control/find-denial.ts', 'maxFindBytes', 'records read for the page of a denial (`/request`)'],
  ['src/app/control/find-denial.ts', 'maxFindMs', 'how long that is looked for; 8 more may wait, then 503'],
];

// A number in the unit that its name ends in.
function quantity(name: string, value: number): string {
  if (name.endsWith('Ms')) return duration(value);
  if (name.endsWith('Seconds')) return duration(value * 1_000);
  if (!name.endsWith('Bytes')) return value.toLocaleString('en-US');
  return value % 2 ** 20 === 0 ? `${value / 2 ** 20} MiB` : `${value / 2 ** 10} KiB`;
}

function duration(ms: number): string {
  const unit = units.find(([, size]) => ms % size === 0) ?? (['ms', 1] as const);
  return `${ms / unit[1]} ${unit[0]}`;
}

const units: readonly (readonly [name: string, ms: number])[] = [
  ['h', 3_600_000],
  ['min', 60_000],
  ['s', 1_000],
];

/** The exit codes and what each means. */
export function exitCodeRows(): Rows {
  return Object.entries(exitCodes).map(
    ([name, code]) => `| ${code} | ${exitMeanings[name as keyof typeof exitCodes]} |`,
  );
}

const exitMeanings: Readonly<Record<keyof typeof exitCodes, string>> = {
  ok: 'done; for `decide`: allowed',
  error: 'an error, told in one line on stderr',
  changesPresent: 'changes are present (no command gives it yet)',
  checksFailed: 'a policy test or a check failed',
  authenticationNeeded: 'no token, or one that is not accepted',
  denied: 'denied: by `decide`, by those who decided on a request, or what your token may not do',
  pending: '`exception request --wait`: nobody has decided yet',
  integrityFailure: 'integrity failure (no command gives it yet)',
  enforcedDrift: '`gateway status`: the kernel does not hold what is in force',
  undecidedTraffic: '`probe`: a way out is open, so that traffic leaves without a decision',
  usage: 'the command line is wrong',
  runFailed: '`run`: Exeat itself failed; every other code of `run` is the one of the command',
};

/** One kind of decision record: its name, and rows of field, type and meaning. */
export interface RecordKind {
  readonly kind: string;
  readonly says: string;
  readonly rows: Rows;
}

/** The fields of every kind of record, read from `src/policy/decision-record.ts`. */
export function recordKinds(): readonly RecordKind[] {
  const text = readIfThere('src/policy/decision-record.ts') ?? '';
  const bodies = text.matchAll(/\/\*\* ([^\n]*) \*\/\nexport interface (\w+Record) \{\n([\s\S]*?)\n\}/g);
  const kinds = [...bodies].map(([, says = '', , body = '']) => ({
    kind: /readonly kind: '([\w-]+)'/.exec(body)?.[1] ?? '',
    says,
    rows: [...body.matchAll(/(?:\/\*\*((?:(?!\*\/)[\s\S])*)\*\/\s*)?readonly (\w+\??): ([^\n]*);/g)]
      .filter(([, , name]) => name !== 'kind')
      .map(([, comment, name = '', type = '']) => {
        const meaning = comment?.replace(/\s*\n\s*\*\s*/g, ' ').trim() ?? fieldMeanings[name.replace('?', '')] ?? '';
        return `| \`${name}\` | ${readable(type)} | ${meaning} |`;
      }),
  }));
  if (kinds.length < 4) throw new Error(`only ${kinds.length} kinds of records were found`);
  return kinds;
}

function readable(type: string): string {
  const plain = type.replaceAll('readonly ', '').replaceAll('|', 'or').replaceAll("'", '`');
  return plain.replace('Reason', '[reason](reasons.md)');
}

const fieldMeanings: Readonly<Record<string, string>> = {
  id: 'of this record; a ULID, the `Exeat-Decision` header of a refusal',
  flow: 'what the records of one connection or request share; a ULID',
  time: 'UTC, ISO 8601 with milliseconds',
  point: 'which enforcement point decided',
  stage: 'when: by name, by address, at the ClientHello, or again on an open connection',
  verdict: 'the answer',
  reason: 'why',
  wouldDeny: 'allowed only because the service is observed',
  wouldDenyReason: 'what it would be under enforce',
  source: 'address and port of the client',
  principal: 'who asked and by what proof; null where never known',
  destination: 'host, port, protocol of the rule, address dialled if known, class; null where never known',
  innerHost: 'what was seen inside a tunnel: a Host, or `unseen`',
  ruleIds: 'the rules that decided',
  grantId: 'null until exceptions exist',
  policyVersion: 'the policy that decided; null without one',
  addressCheck: '`delegated` when a parent proxy resolves and dials',
  bytesUp: 'from the client, so far',
  bytesDown: 'to the client, so far',
  durationMs: 'since the flow began',
  endedBy: 'who or what ended it',
  failure: 'set when an allowed flow never reached its destination',
  service: 'who reached for it',
  domain: 'the registrable domain',
  port: 'null for a DNS question',
};
