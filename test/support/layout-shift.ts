import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Page, Request } from 'playwright-core';

/** What a page may shift by while it comes, which Web Vitals call good. A line on a telephone that says that control is away is 0.05. */
export const mostShift = 0.1;

/**
 * Notes in a page what moved before anybody touched it, by the browser's own account (Layout Instability). What comes after that answers to
 * somebody, and later than half a second on a busy machine, where it would count against the page.
 */
export const watchShiftsScript = `
globalThis.layoutShifts = [];
let isTouched = false;
for (const name of ['keydown', 'pointerdown']) addEventListener(name, () => { isTouched = true; }, { capture: true, once: true });
const nameOf = (node) => {
  const element = node?.nodeType === 1 ? node : node?.parentElement;
  return element ? element.tagName.toLowerCase() + ' ' + (element.getAttribute('class') ?? '') : 'what is gone';
};
new PerformanceObserver((list) => {
  for (const { value, sources, startTime } of list.getEntries()) {
    if (!isTouched) layoutShifts.push({ value, atMs: startTime, moved: sources.map(({ node }) => nameOf(node)) });
  }
}).observe({ type: 'layout-shift', buffered: true });`;

interface LayoutShift {
  readonly value: number;
  readonly atMs: number;
  readonly moved: readonly string[];
}

// Shifts less than a second apart make one window, of five seconds at most; the worst window is what counts.
const gapMs = 1_000;
const windowMs = 5_000;

/** The cumulative layout shift of the page since it was opened or last asked, until it was touched. */
export async function shiftOf(page: Page): Promise<{ readonly value: number; readonly says: string }> {
  const found = (await page.evaluate('globalThis.layoutShifts.splice(0)')) as readonly LayoutShift[];
  let [worst, sum, beganMs, lastMs] = [0, 0, 0, 0];
  for (const { value, atMs } of found) {
    const isNew = sum === 0 || atMs - lastMs > gapMs || atMs - beganMs > windowMs;
    if (isNew) beganMs = atMs;
    sum = isNew ? value : sum + value;
    lastMs = atMs;
    worst = Math.max(worst, sum);
  }
  const says = found.map(
    ({ value, atMs, moved }) => `${value.toFixed(3)} at ${atMs.toFixed(0)} ms: ${moved.join(', ')}`,
  );
  return { value: worst, says: says.join('; ') };
}

/** Whether what was asked for has been answered, and drawn. */
interface Answers {
  /** Settles when nothing is asked any more, or after a while: what never answers is what some tests are about. */
  settled(): Promise<void>;
}

const patienceMs = 3_000;
const lookMs = 20;

/** Follows what a page asks for. A stream is not waited for: it does not end. */
export function watchAnswers(page: Page): Answers {
  const open = new Set<Request>();
  page.on('request', (request) => request.resourceType() === 'fetch' && open.add(request));
  page.on('requestfinished', (request) => open.delete(request));
  page.on('requestfailed', (request) => open.delete(request));
  return {
    settled: async () => {
      for (let waitedMs = 0; open.size > 0 && waitedMs < patienceMs; waitedMs += lookMs) await sleep(lookMs);
      // The first frame draws the last answer, the second has told what moved.
      await page.evaluate('new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))');
    },
  };
}

/** Fails where a page jumped while it came. */
export async function assertStill(page: Page, what: string): Promise<void> {
  const { value, says } = await shiftOf(page);
  assert.ok(value <= mostShift, `${what} shifted by ${value.toFixed(3)}: ${says}`);
}
