// What runs in the page, as text: it is measured by the browser's own clock and frames, and none of it is of the console.

/** Notes `usableMs` when something that matches is on the screen, from the start of the navigation. */
export function usableScript(selector: string): string {
  return `
const look = () => {
  if (document.querySelector(${JSON.stringify(selector)}) === null) return requestAnimationFrame(look);
  // The frame after it is the first in which it is on the screen.
  requestAnimationFrame(() => { globalThis.usableMs = performance.now(); });
};
requestAnimationFrame(look);`;
}

/** Gathers in `presses` how long it took from a press to the frame that shows it (Event Timing: whole 8 ms, from 16 on). */
export const pressesScript = `
globalThis.presses = [];
new PerformanceObserver((list) => {
  for (const { name, duration } of list.getEntries()) if (name === 'keydown') globalThis.presses.push(duration);
}).observe({ type: 'event', durationThreshold: 16 });`;

/** How many decisions the page tells of: in its table, and let go of from its end. */
export const rowsScript = `
(() => {
  const count = Number(document.querySelector('[role=table]')?.getAttribute('aria-rowcount') ?? '1') - 1;
  const said = [...document.querySelectorAll('span')].map((one) => /^([\\d,]+) older rows? let go/.exec(one.textContent));
  return count + Number((said.find((one) => one !== null)?.[1] ?? '0').replaceAll(',', ''));
})()`;

/** Scrolls the table from its top to its end, a step a frame; notes `scrolled` with the frames a second and the longest frame. */
export function scrollScript(seconds: number): string {
  return `
(() => {
  const table = document.querySelector('[role=table]');
  const way = table.scrollHeight - table.clientHeight;
  const beganMs = performance.now();
  let [frames, lastMs, longestMs] = [0, beganMs, 0];
  const step = () => {
    const nowMs = performance.now();
    longestMs = Math.max(longestMs, nowMs - lastMs);
    lastMs = nowMs;
    frames += 1;
    const part = (nowMs - beganMs) / ${seconds * 1_000};
    table.scrollTop = way * Math.min(1, part);
    if (part < 1) requestAnimationFrame(step);
    else globalThis.scrolled = { framesPerSecond: (frames * 1_000) / (nowMs - beganMs), longestMs };
  };
  requestAnimationFrame(step);
})()`;
}

/** Notes `drawn` when, after the next click, the number of nodes has stood still for five frames: how many, and since when they are. */
export function nodesScript(selector: string): string {
  return `
(() => {
  let [beganMs, last, still, changedMs] = [0, 0, 0, 0];
  const look = () => {
    const nodes = document.querySelectorAll(${JSON.stringify(selector)}).length;
    const nowMs = performance.now();
    if (nodes !== last) [last, still, changedMs] = [nodes, 0, nowMs];
    else still += 1;
    if (nodes > 0 && still >= 5) globalThis.drawn = { ms: changedMs - beganMs, nodes };
    else requestAnimationFrame(look);
  };
  const begin = () => {
    beganMs = performance.now();
    requestAnimationFrame(look);
  };
  document.addEventListener('click', begin, { once: true, capture: true });
})()`;
}

/** Counts frames from now on; {@link framesScript} tells how many there were a second. */
export const countFramesScript = `
(() => {
  globalThis.told = { frames: 0, beganMs: performance.now() };
  const count = () => {
    globalThis.told.frames += 1;
    requestAnimationFrame(count);
  };
  requestAnimationFrame(count);
})()`;

/** Frames a second since they are counted. */
export const framesScript = 'globalThis.told.frames / ((performance.now() - globalThis.told.beganMs) / 1000)';
