import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { readFixture } from '../../../../test/support/collect-observations.ts';
import { assertTableNeverThrows } from '../../../../test/support/parser-properties.ts';
import { configFormats, detectFormat, LogLine, type RangeReading, rangeFormats } from '../../index.ts';

/** A table as it must be read: blocks as `203.0.113.0/24 aws EC2 eu-central-1`, in the order of the file. */
interface TableCase {
  readonly fixture: string;
  readonly format: string;
  readonly ranges: readonly string[];
  readonly published: string | null;
  /** Line and text of the first ones, by reason. */
  readonly rejects: Readonly<Record<string, readonly (readonly [number, string])[]>>;
  readonly skipped?: number;
}

const cases: readonly TableCase[] = [
  {
    fixture: 'ip-ranges.json',
    format: 'aws-ranges',
    ranges: [
      '203.0.113.0/24 aws AMAZON eu-central-1',
      '203.0.113.0/26 aws AMAZON eu-central-1',
      '203.0.113.0/26 aws EC2 eu-central-1',
      '198.51.100.7 aws CLOUDFRONT GLOBAL',
      '2001:db8:1::/48 aws S3 us-east-1',
    ],
    published: '2026-11-22T01:23:04.000Z',
    rejects: {
      bad_prefix: [
        [37, '203.0.113.5/24'],
        [47, '0.0.0.0/0'],
        [64, '2001:db8::/129'],
      ],
      bad_address: [[42, '203.0.113/24']],
      bad_fields: [[51, '']],
    },
  },
  {
    fixture: 'goog.json',
    format: 'google-ranges',
    ranges: ['203.0.113.0/24 google', '2001:db8:400::/40 google'],
    published: '2026-11-22T01:23:04.123Z',
    rejects: { bad_address: [[12, '203.0.113.300/32']] },
  },
  {
    fixture: 'cloud.json',
    format: 'google-ranges',
    ranges: ['203.0.113.128/25 google Cloud africa-south1', '2001:db8:400:4030::/64 google Cloud us-west1'],
    published: '2026-11-22T01:23:04.123Z',
    rejects: {},
  },
  {
    fixture: 'ServiceTags_Public_20261123.json',
    format: 'azure-ranges',
    ranges: [
      '203.0.113.0/24 azure AzureCloud',
      '2001:db8:1000::/36 azure AzureCloud',
      '203.0.113.8 azure AzureFrontDoor.Frontend',
      '203.0.113.64/26 azure Storage westeurope',
    ],
    published: '2026-11-23T00:00:00.000Z',
    rejects: { bad_prefix: [[39, '203.0.113.65/26']], bad_address: [[39, '7']] },
  },
  {
    fixture: 'github-meta.json',
    format: 'github-ranges',
    ranges: [
      '203.0.113.0/28 github hooks',
      '2001:db8:50::/44 github hooks',
      '203.0.113.0/28 github web',
      '198.51.100.9 github web',
      '203.0.113.0/28 github api',
      '192.0.2.0/25 github actions',
      '192.0.2.128/25 github a_service_of_next_year',
    ],
    published: null,
    rejects: { bad_address: [[9, 'not-a-block']] },
  },
  {
    fixture: 'public_ip_ranges.json',
    format: 'oracle-ranges',
    ranges: [
      '203.0.113.0/25 oracle OCI us-phoenix-1',
      '203.0.113.128/25 oracle OSN us-phoenix-1',
      '203.0.113.128/25 oracle OBJECT_STORAGE us-phoenix-1',
      '198.51.100.0/24 oracle us-phoenix-1',
    ],
    published: '2026-11-20T19:32:43.123Z',
    rejects: { bad_fields: [[10, '']] },
  },
  {
    fixture: 'public-ip-list.json',
    format: 'fastly-ranges',
    ranges: ['203.0.113.0/24 fastly', '2001:db8:100::/40 fastly'],
    published: null,
    rejects: { bad_prefix: [[1, '198.51.100.0/21']] },
  },
  {
    fixture: 'ips-v4',
    format: 'cloudflare-ranges',
    ranges: ['203.0.113.0/24 cloudflare', '198.51.100.0/24 cloudflare'],
    published: null,
    rejects: { bad_prefix: [[4, '192.0.2.0/33']] },
  },
  {
    fixture: 'ips-v6',
    format: 'cloudflare-ranges',
    ranges: ['2001:db8:2400::/48 cloudflare', '2001:db8:2606::/48 cloudflare'],
    published: null,
    rejects: {},
    skipped: 1,
  },
  {
    fixture: 'own.csv',
    format: 'csv-ranges',
    ranges: ['203.0.113.16/28 acme', '2001:db8:77::/48 acme, inc. vpn', '192.0.2.1 acme sftp', '192.0.2.0/24 acme'],
    published: null,
    rejects: {
      bad_fields: [
        [5, '192.0.2.0/24'],
        [8, ''],
      ],
    },
    skipped: 2,
  },
];

function readTable(format: string, path: string, text: string): RangeReading {
  const found = rangeFormats.find(({ id }) => id === format);
  assert.ok(found !== undefined, format);
  return found.read({ path, text });
}

function linesOf({ ranges }: RangeReading): readonly string[] {
  return ranges.map(({ prefix, provider, service, region }) =>
    [prefix, provider, service, region].filter((word) => word !== '').join(' '),
  );
}

describe('tables of address ranges', () => {
  for (const { fixture, format, ranges, published, rejects, skipped = 0 } of cases) {
    test(`${fixture} is read as ${format}, what is broken counted by reason`, () => {
      const reading = readTable(format, fixture, readFixture(`ranges/${fixture}`));
      assert.deepEqual(linesOf(reading), ranges);
      assert.equal(reading.publishedMs === null ? null : new Date(reading.publishedMs).toISOString(), published);
      const { tally } = reading;
      const told = Object.entries(tally.rejects).map(([code, { examples }]) => [
        code,
        examples.map(({ line, text }) => [line, text]),
      ]);
      assert.deepEqual(Object.fromEntries(told), rejects);
      const rejected = Object.values(tally.rejects).reduce((sum, { count }) => sum + count, 0);
      assert.deepEqual([tally.lines, tally.skips.header ?? 0], [tally.taken + rejected + skipped, skipped]);
    });
  }

  test('each is taken by its own format, and by no kind of configuration or log; Cloudflare has to be named', () => {
    for (const { fixture, format } of cases) {
      const text = readFixture(`ranges/${fixture}`);
      const found = rangeFormats.filter((one) => one.detect({ path: fixture, text }) > 0).map(({ id }) => id);
      assert.deepEqual(found, format === 'cloudflare-ranges' ? [] : [format], fixture);
      const configured = configFormats.filter((one) => one.detect({ path: fixture, text }) >= 0.5).map(({ id }) => id);
      assert.deepEqual(configured, [], fixture);
      const lines = text.split('\n').map((line) => LogLine.of(line));
      assert.equal(detectFormat(lines, lines), null, fixture);
    }
  });

  test('a table in one line, or with a byte order mark, is the same table', () => {
    for (const { fixture, format, ranges } of cases.filter((one) => one.fixture.endsWith('.json'))) {
      const text = JSON.stringify(JSON.parse(readFixture(`ranges/${fixture}`)));
      for (const written of [text, `\uFEFF${text}`]) {
        assert.equal(
          rangeFormats.find(({ id }) => id === format)?.detect({ path: fixture, text: written }),
          1,
          fixture,
        );
        assert.deepEqual(linesOf(readTable(format, fixture, written)), ranges, fixture);
      }
    }
  });

  test('a table that is cut short gives what came before', () => {
    const text = readFixture('ranges/ip-ranges.json').slice(0, 700);
    const { ranges, tally } = readTable('aws-ranges', 'ip-ranges.json', text);
    assert.deepEqual([ranges.length, tally.rejects.bad_json?.count], [3, 1]);
  });

  test('a table of one’s own needs no header where its format is named', () => {
    const { ranges, tally } = readTable('csv-ranges', 'own', '192.0.2.0/24,acme,vpn,berlin\n192.0.2.0/25;acme\n');
    assert.deepEqual(ranges, [{ prefix: '192.0.2.0/24', provider: 'acme', service: 'vpn', region: 'berlin' }]);
    assert.deepEqual(Object.keys(tally.rejects), ['bad_fields']);
  });

  test('words that would not stand on one line, or are endless, are refused', () => {
    const words = ['a\u001b[31mb', 'a\u2028b', 'a\u202eb', 'x'.repeat(101)];
    const text = words.map((word) => `192.0.2.0/24,${word}`).join('\n');
    const { ranges, tally } = readTable('csv-ranges', 'own', text);
    assert.deepEqual([ranges, tally.rejects.bad_fields?.count], [[], 4]);
  });

  test('a service of a JSON table that spells a line break is refused', () => {
    const text = '{"prefixes":[{"ip_prefix":"192.0.2.0/24","service":"x\\nallow: []","region":""}]}';
    assert.equal(readTable('aws-ranges', 'ip-ranges.json', text).tally.rejects.bad_fields?.count, 1);
  });

  test('detecting and reading arbitrary and mutated text never throw', () => {
    for (const { fixture, format } of cases) {
      assertTableNeverThrows(format, fixture, readFixture(`ranges/${fixture}`));
    }
  });
});
