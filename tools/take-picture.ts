import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { repositoryRoot } from './source-files.ts';

/** Where the pictures of the guide are kept. */
export const pictures: string = join(repositoryRoot, 'docs/guide/pictures');

// Fonts, transitions and the first renewal have settled then.
const settleMs = 700;

/** Takes what a page shows as `name.png`, and in the dark as `name-dark.png`; the page is light afterwards. */
export async function takePicture(page: Page, name: string): Promise<void> {
  for (const [scheme, file] of [
    ['dark', `${name}-dark.png`],
    ['light', `${name}.png`],
  ] as const) {
    await page.emulateMedia({ colorScheme: scheme });
    await page.waitForTimeout(settleMs);
    await page.screenshot({ path: join(pictures, file) });
  }
}
