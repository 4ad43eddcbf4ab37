import assert from 'node:assert/strict';
import { createServer } from 'node:net';
import type { Visitor } from './console-browser.ts';

/** A device that holds passkeys, as Chromium pretends one. */
export interface Device {
  /** Takes its passkeys out of it. */
  takeOut(): Promise<{ putBack(): Promise<void> }>;
  remove(): Promise<void>;
}

/** Gives somebody's window a device (WebAuthn domain of the DevTools protocol). */
export async function addAuthenticator({ page, context }: Visitor, transport = 'internal'): Promise<Device> {
  const devtools = await context.newCDPSession(page);
  await devtools.send('WebAuthn.enable');
  const { authenticatorId } = await devtools.send('WebAuthn.addVirtualAuthenticator', {
    options: {
      protocol: 'ctap2',
      transport: transport as 'internal' | 'usb',
      hasResidentKey: true,
      hasUserVerification: true,
      isUserVerified: true,
      automaticPresenceSimulation: true,
    },
  });
  return {
    takeOut: async () => {
      const { credentials } = await devtools.send('WebAuthn.getCredentials', { authenticatorId });
      await devtools.send('WebAuthn.clearCredentials', { authenticatorId });
      return {
        putBack: async () => {
          for (const credential of credentials)
            await devtools.send('WebAuthn.addCredential', { authenticatorId, credential });
        },
      };
    },
    remove: async () => {
      await devtools.send('WebAuthn.removeVirtualAuthenticator', { authenticatorId });
    },
  };
}

/** Presses the tabulator until what has the focus is called so; fails after a whole page. */
export async function tabTo({ page }: Visitor, name: string): Promise<void> {
  for (let presses = 0; presses < 60; presses += 1) {
    await page.keyboard.press('Tab');
    const words = (await page.evaluate(
      "(() => { const at = document.activeElement; return [at?.labels?.[0]?.textContent, at?.textContent, at?.getAttribute('aria-label')].join('|'); })()",
    )) as string;
    if (words.split('|').some((word) => word.replace(/ \*$/, '').trim() === name)) return;
  }
  assert.fail(`the tabulator does not reach ${name}`);
}

/** A port of loopback that is free now: passkeys are of a name and a port, which must be known before the start. */
export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { readonly port: number };
  await new Promise((resolve) => server.close(resolve));
  return port;
}
