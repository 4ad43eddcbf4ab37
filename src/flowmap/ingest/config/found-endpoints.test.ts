import assert from 'node:assert/strict';
import { test } from 'node:test';
import { declaredLines } from '../../../../test/support/declared-lines.ts';

/** Key, value (`§` stands for the dollar sign), and what is declared of it as `scheme://host:port`. */
const rows: readonly (readonly [string, string, readonly string[]])[] = [
  // Secrets around hosts.
  ['URL', 'postgres://user:p@ss@db.example/x', ['postgres://db.example:5432']],
  ['URL', 'https://user:pass@a.example:8443/x@y', ['https://a.example:8443']],
  ['URL', 'postgres://first.last:12/3@db.example/x', []],
  ['URL', 'postgres://first.last:12?3@db.example/x', []],
  ['URL', 'postgres://first.last:12#3@db.example/x', []],
  ['URL', 'postgres://first.last:12 3@db.example/x', []],
  ['URL', 'https://first.last:12/3@db.example/x', []],
  ['URL', 'https://first.last:12 3@db.example/x', []],
  ['URL', 'https://npm.example:8443/@scope/name', ['https://npm.example:8443']],
  ['URL', 'https://a.example/repo@v1.2.3', ['https://a.example:443']],
  ['URL', 'secretword.example+https://a.example', ['https://a.example:443']],
  ['URL', 'unknownscheme://a.example/x', ['-://a.example:-']],
  ['BASIC_AUTH', 'jane.doe:1234', []],
  ['API_KEY', 'abc.example:1234', []],
  ['REDIS', 'cache.example:6380,password=a,b.c:1234', ['-://cache.example:6380']],
  ['DB', 'Server=sql.example;Database=a;Password="x;Server=evil.example"', ['sqlserver://sql.example:1433']],
  ['DB', 'Server=sql.example\\INST,1444;Database=a;User Id=b', ['sqlserver://sql.example:1444']],
  [
    'DB',
    'jdbc:oracle:thin:u/p@(DESCRIPTION=(ADDRESS=(PROTOCOL=TCP)(HOST=o.example)(PORT=1522)))',
    ['oracle://o.example:1522'],
  ],
  ['DB', 'jdbc:oracle:thin:@o.example:1521:SID', ['oracle://o.example:1521']],
  // Hosts that are none to declare.
  ['DB_HOST', 'localhost', []],
  ['DB_HOST', 'postgres', []],
  ['DB_HOST', 'db.shop.svc', []],
  ['DB_HOST', 'db.shop.svc.cluster.local:5432', []],
  ['URL', 'http://127.0.0.1:80', []],
  ['URL', 'http://[::1]:80', []],
  ['URL', 'http://0.0.0.0:80', []],
  ['URL', 'http://host.docker.internal:80', []],
  ['URL', 'http://www.w3.org/2001/XMLSchema', []],
  ['LISTEN', '198.51.100.1:80', []],
  ['ALLOWED_HOSTS', 'a.example,b.example', []],
  ['CONFIG_SERVER', 'app.yaml', []],
  ['SPIFFE', 'spiffe://trust.example/ns/a', []],
  ['SOCKET', 'unix:///run/a.example', []],
  ['VERSION_HOST', '1.2', []],
  ['MAIN', 'com.example.Job:12', []],
  ['MAIN', 'main.py:10', []],
  // Hosts that are.
  ['DB_HOST', 'DB.Example.', ['-://db.example:-']],
  ['DB_HOST', 'bücher.example', ['-://xn--bcher-kva.example:-']],
  ['dbHost', 'db.example', ['-://db.example:-']],
  [
    'bootstrapServers',
    'SASL_SSL://a.example:9093,SASL_SSL://b.example:9093',
    ['ssl://a.example:9093', 'ssl://b.example:9093'],
  ],
  ['ENDPOINT', '203.0.113.9:8443', ['-://203.0.113.9:8443']],
  ['ENDPOINT', '[2001:db8:0::1]:8443', ['-://2001:db8::1:8443']],
  ['METADATA', 'http://169.254.169.254/latest', ['http://169.254.169.254:80']],
  ['ANY', 'pay.example:9443', ['-://pay.example:9443']],
  ['ANY', 'pay.example:99999', []],
  ['DSN', 'postgresql+psycopg2://u:p@db.example/x', ['postgresql://db.example:5432']],
  ['GIT', 'git+ssh://git@code.example/a.git', ['ssh://code.example:22']],
  ['NATS', 'nats://u:p@a.example:4222,nats://u:p@b.example:4222', ['nats://a.example:4222', 'nats://b.example:4222']],
  ['LAKE', 'abfss://data@acct.dfs.example/in', ['abfss://acct.dfs.example:443']],
  ['ARN', 'arn:aws-cn:kms:cn-north-1:1:key/x', ['https://kms.cn-north-1.amazonaws.com.cn:443']],
  ['ARN', 'arn:aws:iam::1:role/x', []],
  [
    'JSON',
    '{"a": {"url": "https://u:p@in.example"}, "hosts": ["h.example"]}',
    ['https://in.example:443', '-://h.example:-'],
  ],
  ['TEXT', 'see https://doc.example/x, or http://b.example.', ['https://doc.example:443', 'http://b.example:80']],
  // Holes.
  ['URL', 'https://§{TENANT}.api.example', ['https://*.api.example:443']],
  ['URL', 'https://db-§{ENV}.corp.example:§{PORT}', ['https://db-*.corp.example:443']],
  ['URL', 'https://§{A}.§{B}.api.example', ['https://*.api.example:443']],
  ['URL', 'https://api.§{DOMAIN}', []],
  ['URL', 'https://§{NAME}.com', []],
  ['URL', 'https://§{NAME}.co.uk', []],
  ['URL', 'https://§{NAME}.blob.core.windows.net', ['https://*.blob.core.windows.net:443']],
  ['URL', '§{PROTO}://a.example:81', ['-://a.example:81']],
  ['URL', 'https://§{HOST:-a.example}:8443', ['https://a.example:8443']],
  ['URL', 'https://§{HOST:?must be set}', []],
  ['URL', 'https://{region}.api.example', ['https://*.api.example:443']],
  ['URL', 'https://%s.api.example/%20', ['https://*.api.example:443']],
  ['URL', 'https://$(REGION).api.example', ['https://*.api.example:443']],
];

test('of a value only host, port and scheme are taken, and only what is outside', () => {
  for (const [key, value, expected] of rows) {
    const found = declaredLines('env-file', 'a.yaml', JSON.stringify({ [key]: value.replaceAll('§', '$') })).map(
      (line) => line.split(' ')[2],
    );
    assert.deepEqual(found, expected, `${key}=${value}`);
  }
});
