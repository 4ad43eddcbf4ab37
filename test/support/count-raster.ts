import type { Browser } from 'playwright-core';

interface TraceEvent {
  readonly name: string;
}

/**
 * How many tiles the browser painted while something was done. A layer that only moves is not painted again, however slow the machine, so it
 * tells what frames a second cannot tell beside other work.
 */
export async function countRaster(browser: Browser, work: () => Promise<void>): Promise<number> {
  const session = await browser.newBrowserCDPSession();
  let tiles = 0;
  session.on('Tracing.dataCollected', ({ value }) => {
    tiles += (value as unknown as readonly TraceEvent[]).filter(({ name }) => name === 'RasterTask').length;
  });
  await session.send('Tracing.start', {
    transferMode: 'ReportEvents',
    traceConfig: { includedCategories: ['cc', 'devtools.timeline'] },
  });
  await work();
  const complete = new Promise<void>((resolve) => session.once('Tracing.tracingComplete', () => resolve()));
  await session.send('Tracing.end');
  await complete;
  await session.detach();
  return tiles;
}
