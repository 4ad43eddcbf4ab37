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

/** Notes when the next press was. */
export const pressScript =
  "addEventListener('click', ({ timeStamp }) => { globalThis.pressedMs = timeStamp; }, { once: true, capture: true })";

/** What the page of the flow map measures of itself, once it has; null before. */
export const riverDrawnScript = `
(() => {
  const [found] = performance.getEntriesByName('exeat-flow-map');
  if (found === undefined) return null;
  const { startTime, duration } = found;
  const nodes = document.querySelectorAll('svg[role=group] [data-id]').length;
  return { fromAnswerMs: duration, endMs: startTime + duration, pressedMs: globalThis.pressedMs ?? null, nodes };
})()`;

/** A place in the lower half of what is seen of the river where nothing but its ground is. */
export const groundScript = `
(() => {
  const { left, right } = document.querySelector('svg[role=group]').parentElement.getBoundingClientRect();
  for (let y = innerHeight - 20; y > innerHeight / 2; y -= 7)
    for (let x = left + 100; x < right - 100; x += 9) if (document.elementFromPoint(x, y)?.tagName === 'svg') return [x, y];
})()`;

/** Counts frames from now on; {@link framesScript} tells how many there were a second, and how long the longest was. */
export const countFramesScript = `
(() => {
  const told = { frames: 0, beganMs: performance.now(), lastMs: performance.now(), longestMs: 0 };
  globalThis.told = told;
  const count = (nowMs) => {
    if (globalThis.told !== told) return;
    told.frames += 1;
    told.longestMs = Math.max(told.longestMs, nowMs - told.lastMs);
    told.lastMs = nowMs;
    requestAnimationFrame(count);
  };
  requestAnimationFrame(count);
})()`;

/** Frames a second since they are counted, and the longest. */
export const framesScript = `
(() => {
  const { frames, beganMs, longestMs } = globalThis.told;
  globalThis.told = null;
  return { frames: (frames * 1_000) / (performance.now() - beganMs), longestMs };
})()`;
