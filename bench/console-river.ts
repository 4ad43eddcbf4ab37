import type { Browser, Page } from 'playwright-core';
import { openVisitor, type Visitor } from '../test/support/console-browser.ts';
import { mostShift, shiftOf } from '../test/support/layout-shift.ts';
import { waitFor } from '../test/support/product.ts';
import { countFramesScript, framesScript, groundScript, pressScript, riverDrawnScript } from './console-in-page.ts';
import { type BenchContext, type FigureParts, median } from './harness.ts';
import { type RiverTown, startTown, type TownUnderTest } from './river-town.ts';

/** How large it runs: the town, how often the picture is opened, and for how long it is dragged. */
export interface RiverSizes {
  readonly town: RiverTown;
  readonly visits: number;
  readonly panSeconds: number;
}

type Figure = Omit<FigureParts, 'bench'>;

// What people were promised (see the issue of the console); the answer is what the picture needs first.
const mostAnswerMs = 100;
const mostDrawnMs = 300;
const mostFirstPageMs = 1_500;
const fewestFrames = 50;
// The code of control is compiled while it answers the first questions.
const warmAnswers = 4;

const pages = [
  ...['/', '/flow-map', '/decisions', '/policy', '/policy/services/service-0', '/policy/edit'],
  ...['/exceptions', '/exceptions/new', '/break-glass', '/open', '/audit', '/passkeys'],
];
const settleMs = 800;

/** The river of a day of traffic: answered, drawn, dragged about, dragged at twice its size; and how far each page shifts while it comes. */
export async function measureRiver(
  browser: Browser,
  sizes: RiverSizes,
  { note }: BenchContext,
): Promise<readonly Figure[]> {
  const under = await startTown(sizes.town);
  try {
    const visitor = await openVisitor(browser, `http://${under.product.console}`);
    await visitor.page.goto('/');
    await visitor.signIn(under.token);
    const bed: Bed = { browser, visitor, under, sizes, note };
    const answer = await measureAnswer(bed);
    const drawn = await measureDrawn(bed);
    const panned = await measurePan(bed);
    const shift = await measureShift(bed);
    await visitor.assertClean();
    return [answer, ...drawn, ...panned, shift];
  } finally {
    await under.product.stop();
  }
}

interface Bed {
  readonly browser: Browser;
  readonly visitor: Visitor;
  readonly under: TownUnderTest;
  readonly sizes: RiverSizes;
  readonly note: (text: string) => void;
}

async function measureAnswer({ under: { product, token }, sizes }: Bed): Promise<Figure> {
  const times: number[] = [];
  for (let round = 0; round < warmAnswers + sizes.visits; round += 1) {
    // Each asks for another time: an answer is kept for two seconds.
    const since = new Date(Date.now() - 86_400_000 - round * 5_000).toISOString();
    const beganMs = performance.now();
    const headers = { authorization: `Bearer ${token}` };
    const response = await fetch(`http://${product.console}/api/v1/flow-map?since=${since}`, { headers });
    await response.arrayBuffer();
    if (!response.ok) throw new Error(`the flow map was not told: ${response.status}`);
    times.push(performance.now() - beganMs);
  }
  const value = median(times.slice(warmAnswers));
  return { figure: `a day of ${sizes.town.edges} edges answered by the API`, value, unit: 'ms', atMost: mostAnswerMs };
}

/** What the page notes of itself: from the answer to the picture on the screen, and when that was. */
interface Drawn {
  readonly fromAnswerMs: number;
  readonly endMs: number;
  readonly pressedMs: number | null;
  readonly nodes: number;
}

/** Opened by its link, with its chunk in the cache of the browser, and by its address in a browser that has nothing of it. */
async function measureDrawn({ browser, visitor, under, sizes, note }: Bed): Promise<readonly Figure[]> {
  const { page } = visitor;
  const [warm, cold]: [Drawn[], Drawn[]] = [[], []];
  for (let round = 0; round < sizes.visits; round += 1) {
    await page.goto('/');
    await page.getByRole('heading', { name: 'Overview' }).waitFor();
    await page.evaluate(pressScript);
    await page.getByRole('navigation', { name: 'Pages' }).locator('a[href="/flow-map"]').click();
    warm.push(await drawn(page));
    const fresh = await browser.newContext({
      baseURL: `http://${under.product.console}`,
      viewport: { width: 1280, height: 800 },
      storageState: await visitor.context.storageState(),
    });
    const first = await fresh.newPage();
    await first.goto('/flow-map');
    cold.push(await drawn(first));
    await fresh.close();
  }
  const says = (await page.getByText(/nodes drawn/).textContent()) ?? '';
  const links = await page.locator('svg[role=group] path').count();
  note(`${says.replaceAll(/\s+/g, ' ')} ${links} lines`);
  const of = (from: readonly Drawn[], value: (one: Drawn) => number): number => median(from.map(value));
  return [
    { figure: 'nodes of the river', value: of(warm, ({ nodes }) => nodes), unit: '', atLeast: 200 },
    {
      figure: 'the river drawn, from the answer of the API',
      value: of([...warm, ...cold], ({ fromAnswerMs }) => fromAnswerMs),
      unit: 'ms',
      atMost: mostDrawnMs,
    },
    {
      figure: 'the same from the press on its link, its chunk cached',
      value: of(warm, ({ endMs, pressedMs }) => endMs - (pressedMs ?? 0)),
      unit: 'ms',
    },
    {
      figure: 'the same from its address, cold cache',
      value: of(cold, ({ endMs }) => endMs),
      unit: 'ms',
      atMost: mostFirstPageMs,
    },
  ];
}

function drawn(page: Page): Promise<Drawn> {
  return waitFor(async () => (await page.evaluate(riverDrawnScript)) as Drawn | null, 'the river', 30_000);
}

async function measurePan({ visitor: { page }, sizes }: Bed): Promise<readonly Figure[]> {
  const figures: Figure[] = [];
  for (const size of ['', ' at twice its size']) {
    const { frames, longestMs } = await pan(page, sizes.panSeconds);
    figures.push({ figure: `panning it${size}`, value: frames, unit: 'fps', atLeast: fewestFrames });
    figures.push({ figure: `longest frame of it${size}`, value: longestMs, unit: 'ms' });
    if (size !== '') break;
    for (let step = 0; step < 2; step += 1) await page.getByRole('button', { name: 'Larger' }).click();
    await page.waitForTimeout(settleMs);
  }
  return figures;
}

interface Frames {
  readonly frames: number;
  readonly longestMs: number;
}

/** Drags the ground about by the pointer, as a person does, up and down and aside. */
async function pan(page: Page, seconds: number): Promise<Frames> {
  const [x, y] = (await page.evaluate(groundScript)) as readonly [number, number];
  await page.mouse.move(x, y);
  await page.mouse.down();
  await page.evaluate(countFramesScript);
  const beganMs = performance.now();
  for (let atMs = 0; atMs < seconds * 1_000; atMs = performance.now() - beganMs) {
    const turn = (atMs / 1_000) * 2;
    await page.mouse.move(x + 60 * Math.sin(turn), y + 220 * (Math.cos(turn) - 1));
  }
  const frames = (await page.evaluate(framesScript)) as Frames;
  await page.mouse.up();
  return frames;
}

/** Every page by its address, at the width of a desk and of a telephone. */
async function measureShift({ browser, visitor, under, note }: Bed): Promise<Figure> {
  let worst = { value: 0, path: pages[0] ?? '/', width: 0 };
  for (const width of [1_280, 360]) {
    const other = await openVisitor(browser, `http://${under.product.console}`, { width });
    await other.context.addCookies((await visitor.context.storageState()).cookies);
    for (const path of pages) {
      await other.page.goto(path);
      await other.page.waitForTimeout(settleMs);
      const { value, says } = await shiftOf(other.page);
      if (value > 0) note(`${path} at ${width} pixels shifts by ${says}`);
      if (value > worst.value) worst = { value, path, width };
    }
    await other.context.close();
  }
  const where = worst.value === 0 ? '' : `: ${worst.path} at ${worst.width} pixels`;
  return {
    figure: `layout shift of ${pages.length} pages, the worst${where}`,
    value: worst.value,
    unit: '',
    atMost: mostShift,
  };
}
