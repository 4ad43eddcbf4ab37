import assert from 'node:assert/strict';
import axe from 'axe-core';
import { type Browser, type BrowserContext, chromium, type Page } from 'playwright-core';
import { assertStill, watchAnswers, watchShiftsScript } from './layout-shift.ts';

/** A real Chromium, as Debian brings it. */
export async function startBrowser(args: readonly string[] = []): Promise<Browser> {
  // Chromium's own sandbox does not start as root, which is who runs the tests on the machine that guards the main branch.
  return chromium.launch({ executablePath: '/usr/bin/chromium', args: ['--no-sandbox', '--disable-gpu', ...args] });
}

/** Somebody at a browser of their own. */
export interface Visitor {
  readonly page: Page;
  readonly context: BrowserContext;
  /** Signs in with a token, as a person does. */
  signIn(token: string): Promise<void>;
  /** Fails where a page did what its policy forbids, or failed. */
  assertClean(): Promise<void>;
  /** Fails where axe finds something serious on the page as it is, or where it jumped while it came. */
  assertAccessible(what: string): Promise<void>;
}

/** What differs between visitors. */
export interface VisitorOptions {
  readonly width?: number;
  readonly scheme?: 'light' | 'dark';
}

const patienceMs = 15_000;

/** Opens a window on the console at `base`. */
export async function openVisitor(browser: Browser, base: string, options: VisitorOptions = {}): Promise<Visitor> {
  const { width = 1280, scheme = 'light' } = options;
  const context = await browser.newContext({
    baseURL: base,
    colorScheme: scheme,
    reducedMotion: 'reduce',
    viewport: { width, height: 800 },
  });
  await context.addInitScript(watchShiftsScript);
  const page = await context.newPage();
  page.setDefaultTimeout(patienceMs);
  const answers = watchAnswers(page);
  const failures: string[] = [];
  page.on('pageerror', (error) => failures.push(`threw ${error.message}`));
  page.on('console', (message) => {
    // What was refused by the API is written there too; only what the page itself did wrong counts.
    if (/Content.Security.Policy|Trusted ?Type|Refused to/i.test(message.text())) failures.push(message.text());
  });
  // What the page's policy refuses, as the browser itself counts it, on every page that this window opens.
  await page.addInitScript(
    "addEventListener('securitypolicyviolation', (event) => console.error('Content-Security-Policy: ' + event.violatedDirective))",
  );
  page.on('request', (request) => {
    if (!request.url().startsWith(base) && !request.url().startsWith('blob:')) failures.push(`asked ${request.url()}`);
  });
  return {
    page,
    context,
    signIn: async (token) => {
      await page.getByLabel('Token').fill(token);
      await page.getByRole('button', { name: 'Sign in' }).click();
      // In a narrow window the way out is in the menu.
      await page.getByRole('button', { name: /^(?:Sign out|Menu)$/ }).waitFor();
    },
    assertClean: async () => assert.deepEqual(failures, []),
    assertAccessible: async (what) => {
      await answers.settled();
      await assertStill(page, what);
      await assertAccessible(page, what);
    },
  };
}

interface AxeFinding {
  readonly id: string;
  readonly impact: string | null;
  readonly nodes: readonly { readonly html: string; readonly failureSummary: string }[];
}

async function assertAccessible(page: Page, what: string): Promise<void> {
  await page.evaluate(axe.source);
  const run = "axe.run(document, { resultTypes: ['violations'] }).then(({ violations }) => violations)";
  const found = (await page.evaluate(run)) as readonly AxeFinding[];
  const bad = found.filter(({ impact }) => impact === 'serious' || impact === 'critical');
  assert.deepEqual(
    bad.map(
      ({ id, nodes }) => `${id}: ${nodes.map(({ html, failureSummary }) => `${html} ${failureSummary}`).join(' | ')}`,
    ),
    [],
    `axe on ${what}`,
  );
}
