import { declaredHost } from './declared-host.ts';
import { type FoundEndpoint, portOf, readHostPort } from './url-endpoints.ts';

/**
 * Endpoints of connection strings that are no URLs: Oracle and `Server=…;` strings, libpq words, Azure storage, Service Bus, AWS ARNs.
 * Null where the value is none of them, so that it may be read otherwise.
 */
export function readConnectionString(value: string): readonly FoundEndpoint[] | null {
  if (value.length > 4_000) return null;
  if (/^jdbc:oracle:/i.test(value)) return readOracle(value);
  if (/^arn:aws/.test(value)) return readArn(value);
  const pairs = splitPairs(value);
  if (pairs.size < 2) return null;
  if (pairs.has('accountname')) return readAzureStorage(pairs);
  return readServerPairs(pairs);
}

/** `jdbc:oracle:thin:user/password@//host:1521/service`, `…@host:1521:sid`, `…@(DESCRIPTION=(ADDRESS=(HOST=h)(PORT=1521))…)`. */
function readOracle(value: string): readonly FoundEndpoint[] {
  const at = value.lastIndexOf('@');
  if (at < 0) return [];
  const rest = value.slice(at + 1).replace(/^(?:tcps?:)?\/\//i, '');
  const described = [...rest.matchAll(/\(HOST\s*=\s*([^()\s]{1,300})\)(?:\s*\(PORT\s*=\s*(\d{1,5})\))?/gi)].slice(
    0,
    50,
  );
  if (described.length > 0) {
    return described.flatMap(([, host = '', port]) =>
      endpointOf(port === undefined ? host : `${host}:${port}`, 'oracle'),
    );
  }
  return endpointOf(/^(\[[^\]]+\]|[^:/?]+)(?::\d{1,5})?/.exec(rest)?.[0] ?? '', 'oracle');
}

/** Services that a process calls when it holds such an ARN, with the label of their host. */
const arnServices: Readonly<Record<string, string>> = {
  sqs: 'sqs',
  sns: 'sns',
  secretsmanager: 'secretsmanager',
  ssm: 'ssm',
  kms: 'kms',
  dynamodb: 'dynamodb',
  kinesis: 'kinesis',
  firehose: 'firehose',
  lambda: 'lambda',
  states: 'states',
  events: 'events',
  logs: 'logs',
  ses: 'email',
  'execute-api': 'execute-api',
};

function readArn(value: string): readonly FoundEndpoint[] {
  const [, partition = '', service = '', region = ''] = value.split(':', 4);
  if (service === 's3') return readBucketArn(value);
  const label = arnServices[service];
  if (label === undefined || !/^(?:[a-z]{2}(?:-[a-z]+)+-\d|\*)$/.test(region)) return [];
  const host = declaredHost(`${label}.${region}.amazonaws.com${partition === 'aws-cn' ? '.cn' : ''}`);
  return host === null ? [] : [{ host, port: 443, scheme: 'https', confidence: 'implied' }];
}

function readBucketArn(value: string): readonly FoundEndpoint[] {
  const bucket = /^arn:aws[a-z-]*:s3:::([a-z0-9][a-z0-9.-]{2,62})(?:\/|$)/.exec(value)?.[1];
  const host = bucket === undefined ? null : declaredHost(`${bucket}.s3.*.amazonaws.com`);
  return host === null ? [] : [{ host, port: 443, scheme: 'https', confidence: 'implied' }];
}

function readAzureStorage(pairs: ReadonlyMap<string, string>): readonly FoundEndpoint[] {
  const account = pairs.get('accountname') ?? '';
  const suffix = pairs.get('endpointsuffix') ?? 'core.windows.net';
  const scheme = pairs.get('defaultendpointsprotocol') === 'http' ? 'http' : 'https';
  // The string does not say which of its services the program uses.
  return endpointOf(`${account}.*.${suffix}`, scheme);
}

const serverKeys = ['server', 'data source', 'datasource', 'addr', 'address', 'network address', 'host', 'hostname'];

function readServerPairs(pairs: ReadonlyMap<string, string>): readonly FoundEndpoint[] | null {
  const key = serverKeys.find((name) => pairs.has(name));
  if (key === undefined) return null;
  const isPostgres = key === 'host' || pairs.has('dbname');
  const port = pairs.get('port');
  const scheme =
    pairs.has('database') || pairs.has('initial catalog') || pairs.has('dbname')
      ? isPostgres
        ? 'postgresql'
        : 'sqlserver'
      : null;
  return (pairs.get(key) ?? '')
    .split(key === 'host' ? ',' : '|')
    .slice(0, 50)
    .flatMap((text) => {
      const [server = '', comma] = text.replace(/^(?:tcp|np|lpc):/i, '').split(',', 2);
      const host = server.split('\\', 1)[0] ?? '';
      const place = comma ?? port;
      return endpointOf(place !== undefined && /^\d+$/.test(place.trim()) ? `${host}:${place.trim()}` : host, scheme);
    });
}

function endpointOf(text: string, scheme: string | null): readonly FoundEndpoint[] {
  const found = readHostPort(text);
  return found === null ? [] : [{ ...found, port: found.port ?? portOf(scheme), scheme, confidence: 'stated' }];
}

/** `key=value` pairs between `;`, or between blanks as libpq writes them; quoted values are kept whole, as passwords hold anything. */
function splitPairs(value: string): ReadonlyMap<string, string> {
  const pairs = new Map<string, string>();
  const form = value.includes(';')
    ? /\s*([A-Za-z][A-Za-z _]{0,40}?)\s*=\s*("[^"]*"|'[^']*'|[^;]*)(?:;|$)/y
    : /\s*([a-z_]{1,40})\s*=\s*('(?:[^'\\]|\\.)*'|[^\s']*)(?:\s+|$)/y;
  form.lastIndex = 0;
  for (let found = form.exec(value); found !== null && pairs.size < 50; found = form.exec(value)) {
    const key = (found[1] ?? '').toLowerCase().trim();
    if (!pairs.has(key)) pairs.set(key, (found[2] ?? '').replace(/^["']|["']$/g, '').trim());
    if (form.lastIndex >= value.length) break;
  }
  return pairs;
}
