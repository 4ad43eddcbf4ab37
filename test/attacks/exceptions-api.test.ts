import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import type { ExceptionAnswer } from '../../src/api/contract/index.ts';
import { assertRefused, type ExceptionHouse, startExceptionHouse } from '../support/exception-house.ts';
import { runExeat, writeProductFolder } from '../support/product.ts';
import { openRaw } from '../support/raw-client.ts';

// Attacks on the control API from beside: what strangers send, what people write into fields, and where it listens.

let house: ExceptionHouse;
let port: number;

before(async () => {
  house = await startExceptionHouse({ isFounded: false });
  port = Number(new URL(house.api).port);
});
after(() => house?.stop());

/** Sends bytes to the console and gives the whole answer. */
async function exchange(text: string, timeoutMs?: number): Promise<string> {
  const client = await openRaw(port);
  client.send(text);
  const answer = await client.readToEnd(timeoutMs);
  client.close();
  return answer.text;
}

function head(line: string, fields: readonly string[]): string {
  return `${[line, ...fields, 'Connection: close'].join('\r\n')}\r\n\r\n`;
}

/** The cells of a CSV (RFC 4180) as a spreadsheet reads them. */
function cellsOf(csv: string): readonly string[] {
  const cells = csv.matchAll(/(?:"((?:[^"]|"")*)"|([^,\r\n]*))(?:,|\r\n)/g);
  return [...cells].map(([, quoted, plain]) => quoted?.replaceAll('""', '"') ?? plain ?? '');
}

describe('what people write', () => {
  for (const [attack, reason] of [
    ['control characters that move a cursor', 'approve this \u001b[2J\u001b[1;1H at once'],
    ['a bell and a null', 'approve this \u0007\u0000 at once'],
    ['direction characters that turn a reason around', 'approve \u202e ton od'],
    ['a line separator that forges a second line', 'harmless text\u2028approved by ben'],
  ] as const) {
    test(`${attack}: refused`, async () => {
      await assertRefused(
        house,
        () => house.call('ana', '/exceptions', { body: house.asking('a.example', { reason }) }),
        {
          status: 400,
          code: 'request_malformed',
          by: 'ana',
        },
      );
    });
  }

  test('a spreadsheet formula in a reason or a ticket is a text in every CSV', async () => {
    for (const start of ['=', '+', '-', '@']) {
      const text = `${start}HYPERLINK("http://evil.example")`;
      const { id } = await house.request('ana', 'formula.example', { reason: text, ticket: text });
      assert.equal((await house.approve('ben', id)).body.status, 'active');
    }
    const env = { EXEAT_TOKEN: house.accountOf('cyn').secret, EXEAT_API: house.api };
    for (const command of [['exception', 'list'], ['open'], ['audit', 'list']]) {
      const args = [...command, '--config', house.story.product.configPath, '-o', 'csv'];
      const { code, stdout, stderr } = await runExeat(args, { env });
      assert.equal(code, 0, stderr);
      assert.match(stdout, /HYPERLINK/);
      assert.deepEqual(
        cellsOf(stdout).filter((cell) => /^[=+@-]/.test(cell)),
        [],
        command.join(' '),
      );
    }
  });

  test('HTML in a reason, a name or a decision is a text on every page', async () => {
    const script = '<script>alert(1)</script> is needed';
    const { id } = await house.request('ana', 'html.example', { reason: script });
    const shown = await fetch(`${house.api}/api/v1/exceptions/${id}`, {
      headers: { authorization: `Bearer ${house.accountOf('ana').secret}` },
    });
    assert.match(shown.headers.get('content-type') ?? '', /^application\/json/);
    assert.equal(shown.headers.get('x-content-type-options'), 'nosniff');
    assert.equal(((await shown.json()) as ExceptionAnswer).reason, script);
    for (const decision of ['<script>alert(1)</script>', '"><img src=x onerror=alert(1)>', '../../etc/passwd']) {
      const page = await fetch(`${house.api}/request?decision=${encodeURIComponent(decision)}`);
      const text = await page.text();
      assert.equal(page.status, 404);
      assert.doesNotMatch(text, /<script|<img/);
      assert.match(page.headers.get('content-security-policy') ?? '', /default-src 'none'/);
    }
  });
});

describe('path traversal in an id', () => {
  for (const [id, status, code] of [
    ['..%2f..%2f..%2fetc%2fpasswd', 404, 'unknown_exception'],
    ['%2e%2e%2f%2e%2e%2fpeople', 404, 'unknown_exception'],
    ['..', 404, 'unknown_exception'],
    ['%00', 404, 'unknown_exception'],
    ['__proto__', 404, 'unknown_exception'],
    ['constructor', 404, 'unknown_exception'],
    ["x'%20OR%20'1'='1", 404, 'unknown_exception'],
    ['a'.repeat(129), 400, 'request_malformed'],
  ] as const) {
    test(id.slice(0, 40), async () => {
      const token = `Authorization: Bearer ${house.accountOf('eve').secret}`;
      const answer = await exchange(head(`GET /api/v1/exceptions/${id} HTTP/1.1`, ['Host: localhost', token]));
      assert.match(answer, new RegExp(`^HTTP/1.1 (${status}|414) `));
      if (!answer.startsWith('HTTP/1.1 414')) assert.match(answer, new RegExp(`"code":"${code}"`));
    });
  }

  test('of a person that is to be made', async () => {
    const body = { id: '../../root', name: 'Root', roles: ['admin'] };
    await assertRefused(house, () => house.call('dan', '/people', { body }), {
      status: 400,
      code: 'request_malformed',
      by: 'dan',
    });
  });
});

describe('what strangers send', () => {
  test('DNS rebinding: a name that is none of ours is refused, with a token too', async () => {
    const token = `Authorization: Bearer ${house.accountOf('eve').secret}`;
    for (const host of [
      'attacker.example',
      `attacker.example:${port}`,
      'localhost.attacker.example',
      '127.0.0.1.nip.example',
    ]) {
      const answer = await exchange(head('GET /api/v1/people HTTP/1.1', [`Host: ${host}`, token]));
      assert.match(answer, /^HTTP\/1.1 421 /);
      assert.match(answer, /"code":"host_refused"/);
      assert.doesNotMatch(answer, /access-control-allow-origin|Person ana/i);
    }
    assert.match(await exchange(head('GET /setup HTTP/1.1', ['Host: attacker.example'])), /^HTTP\/1.1 421 /);
  });

  test('cross-site form: a body that is not said to be JSON is not read', async () => {
    for (const type of ['text/plain', 'application/x-www-form-urlencoded', 'multipart/form-data; boundary=x']) {
      const body = '{"secret":"0123456789abcdef0123","id":"mal","name":"Mal"}';
      const fields = [`Host: localhost:${port}`, `Content-Type: ${type}`, `Content-Length: ${body.length}`];
      const answer = await exchange(`${head('POST /api/v1/setup/claim HTTP/1.1', fields)}${body}`);
      assert.match(answer, /^HTTP\/1.1 4(00|15) /);
      assert.match(answer, /"code":"request_malformed"/);
    }
  });

  test('giant bodies: refused, whether the length is told or not', async () => {
    const giant = house.asking('giant.example', { reason: 'x'.repeat(70_000) });
    await assertRefused(house, () => house.call('ana', '/exceptions', { body: giant }), {
      status: 413,
      code: 'body_too_large',
      by: null,
    });
    const fields = ['Host: localhost', 'Content-Type: application/json', 'Transfer-Encoding: chunked'];
    const token = `Authorization: Bearer ${house.accountOf('ana').secret}`;
    const chunk = `8000\r\n${'x'.repeat(0x8000)}\r\n`;
    const answer = await exchange(
      `${head('POST /api/v1/exceptions HTTP/1.1', [...fields, token])}${chunk.repeat(3)}0\r\n\r\n`,
    );
    assert.match(answer, /^HTTP\/1.1 413 /);
    const deep = `${'['.repeat(30_000)}${']'.repeat(30_000)}`;
    const nested = await exchange(
      `${head('POST /api/v1/exceptions HTTP/1.1', ['Host: localhost', 'Content-Type: application/json', token, `Content-Length: ${deep.length}`])}${deep}`,
    );
    assert.match(nested, /^HTTP\/1.1 400 /);
  });

  test('slow bodies: cut off in time, and others are answered meanwhile', async () => {
    const token = `Authorization: Bearer ${house.accountOf('ana').secret}`;
    const fields = ['Host: localhost', 'Content-Type: application/json', 'Content-Length: 1000', token];
    const slow = await Promise.all(Array.from({ length: 20 }, () => openRaw(port)));
    const began = performance.now();
    for (const client of slow) client.send(head('POST /api/v1/exceptions HTTP/1.1', fields));
    const drip = setInterval(() => {
      for (const client of slow) client.send(' ');
    }, 500);
    try {
      assert.equal((await house.call('eve', '/me')).status, 200);
      await Promise.all(slow.map((client) => client.readToEnd(20_000)));
      assert.ok(performance.now() - began < 15_000, `${performance.now() - began} ms`);
    } finally {
      clearInterval(drip);
      for (const client of slow) client.close();
    }
  });

  test('guessing tokens: held back after thirty a minute, and nobody who has one is', async () => {
    const guess = (index: number): string => `exeat_${'0'.repeat(26)}_${String(index).padStart(43, 'A')}`;
    const answers = [];
    for (let index = 0; index < 40; index += 1) answers.push((await house.call(guess(index), '/me')).status);
    assert.equal(answers[0], 401);
    assert.equal(answers.at(-1), 429);
    assert.ok(answers.filter((status) => status === 401).length <= 30);
    const { id } = await house.grant('guessed.example');
    const revoked = await house.call('ben', `/exceptions/${id}/revoke`, { body: { reason: 'while somebody guesses' } });
    assert.equal(revoked.status, 200);
  });
});

describe('founding links', () => {
  const secretOf = (role: string): string =>
    house.story.product.report.founding.find((link) => link.role === role)?.link.split('#')[1] ?? '';

  test('guessed: an unknown link and a wrong secret are told the same', async () => {
    const secret = secretOf('admin');
    const wrong = [`${secret.slice(0, 26)}.${'A'.repeat(43)}`, `${'0'.repeat(26)}.${secret.slice(27)}`, 'A'.repeat(40)];
    for (const one of wrong) {
      const body = { secret: one, id: 'mal', name: 'Mallory' };
      await assertRefused(house, () => house.call(null, '/setup/claim', { body }), {
        status: 404,
        code: 'setup_unknown',
        by: null,
      });
    }
  });

  test('claimed twice at once: one of them becomes the person', async () => {
    const secret = secretOf('admin');
    const claims = ['first', 'second', 'third'].map((id) =>
      house.call(null, '/setup/claim', { body: { secret, id, name: `Person ${id}` } }),
    );
    const answers = await Promise.all(claims);
    assert.deepEqual(answers.map(({ status, code }) => `${status} ${code}`).sort(), [
      '201 null',
      '404 setup_unknown',
      '404 setup_unknown',
    ]);
    const people = await house.call<{ readonly items: readonly { readonly id: string }[] }>('eve', '/people?limit=500');
    const made = people.body.items.filter(({ id }) => ['first', 'second', 'third'].includes(id));
    assert.equal(made.length, 1);
    assert.equal((await house.acts('action=setup.used')).length, 1);
  });

  test('claimed as somebody who is there already: refused, and the link is not used up', async () => {
    const secret = secretOf('approver');
    const asRoot = { body: { secret, id: 'root', name: 'Mallory' } };
    await assertRefused(house, () => house.call(null, '/setup/claim', asRoot), {
      status: 409,
      code: 'person_exists',
      by: null,
    });
    const claimed = await house.call(null, '/setup/claim', { body: { secret, id: 'late', name: 'Late Comer' } });
    assert.equal(claimed.status, 201);
  });
});

test('an API on an address that is not loopback, without TLS, does not start and leaves nothing behind', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'exeat-exposed-'));
  try {
    const listen = { proxy: '127.0.0.1:0', console: '0.0.0.0:0' };
    const { configPath } = await writeProductFolder(folder, { config: { listen } });
    const { code, stderr } = await runExeat(['up', '--config', configPath]);
    assert.equal(code, 1);
    assert.match(
      stderr,
      /not a loopback address and has no TLS, so tokens could be read on the way: set `console.tls`/,
    );
    assert.equal(existsSync(join(folder, '.exeat')), false);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
