import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ExceptionAnswer } from '../../src/api/contract/index.ts';
import { type ApiPerson, askFor, foundPeople, openException } from '../support/api-people.ts';
import { proofOf, requestTunnel } from '../support/ask-proxy.ts';
import { holdControlDown } from '../support/hold-control.ts';
import { waitFor } from '../support/product.ts';
import { openRaw, type RawClient } from '../support/raw-client.ts';
import { type RawStory, startRawStory } from '../support/raw-story.ts';
import { readiness } from '../support/worker-story.ts';

// Control is dead for a while: grants begin, count and end as they would with it.

const downMs = 20_000;
const shortSeconds = 12;

let story: RawStory;
let ana: ApiPerson;
let ben: ApiPerson;
before(async () => {
  story = await startRawStory({ config: { hosts: { 'short.example': '127.0.0.1', 'long.example': '127.0.0.1' } } });
  ({ ana, ben } = await foundPeople(story.product, () => story.product.console));
});
after(() => story?.stop());

test('while control is dead decisions go on, a grant that ends cuts its tunnel, and control closes it when it is back', async () => {
  const long = await opened('long.example', 600);
  const short = await opened('short.example', shortSeconds);
  const kept = await tunnelTo('long.example');
  const cut = await tunnelTo('short.example');
  const holding = await holdControlDown(story.product);
  const diedAtMs = Date.now();
  const endsAtMs = Date.parse(short.notAfter ?? '');
  assert.ok(diedAtMs < endsAtMs, 'it ends while control is dead');
  assert.deepEqual(await statuses(), { rule: 200, long: 200, short: 200, unlisted: 403 });

  await cut.readToEnd(shortSeconds * 1_000 + 5_000);
  const lateMs = Date.now() - endsAtMs;
  // The point reads the clock to the millisecond, and follows it by its own.
  assert.ok(lateMs > -50 && lateMs < 1_000, `it was cut ${lateMs} ms after its end`);
  assert.deepEqual(await statuses(), { rule: 200, long: 200, short: 403, unlisted: 403 });

  await sleep(Math.max(0, diedAtMs + downMs - Date.now()));
  assert.equal(await readiness(story.product).catch(() => null), null, 'control is dead still');
  assert.deepEqual(await statuses(), { rule: 200, long: 200, short: 403, unlisted: 403 });
  kept.send('still here');
  await kept.readUntil(/still here/);
  kept.close();

  holding.release();
  await waitFor(async () => (await readiness(story.product).catch(() => null))?.status === 200, 'control', 30_000);
  const closed = await waitFor(
    async () => {
      const shown = await ana.get<ExceptionAnswer>(`/exceptions/${short.id}`);
      return shown.body.closedAt === null ? null : shown.body;
    },
    'the close',
    10_000,
  );
  assert.equal(closed.status, 'expired');
  assert.equal((await ana.get<ExceptionAnswer>(`/exceptions/${long.id}`)).body.status, 'active');
  assert.equal((await statuses()).long, 200);
});

async function opened(name: string, durationSeconds: number): Promise<ExceptionAnswer> {
  const granted = await openException(ana, ben, askFor(`tcp://${name}:${story.origin.port}`, { durationSeconds }));
  await waitFor(async () => (await statusOf(name)) === 200, 'the grant');
  return granted;
}

async function tunnelTo(name: string): Promise<RawClient> {
  const { proxyPort: port } = story.product;
  const client = await openRaw(port);
  const ask = { port, authority: `${name}:${story.origin.port}`, proof: proofOf(story.product, 'story') };
  assert.equal((await requestTunnel(client, ask)).status, 200);
  return client;
}

async function statusOf(name: string): Promise<number> {
  return (await story.ask(`${name}:${story.origin.port}`)).status;
}

async function statuses(): Promise<Readonly<Record<'rule' | 'long' | 'short' | 'unlisted', number>>> {
  return {
    rule: await statusOf('raw.example'),
    long: await statusOf('long.example'),
    short: await statusOf('short.example'),
    unlisted: await statusOf('unlisted.example'),
  };
}
