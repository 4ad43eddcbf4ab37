import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { temporaryFolder } from '../../../test/support/temporary-folder.ts';
import { loadConfig } from '../../config/index.ts';
import { createLogger } from '../logger.ts';
import { toTrustOptions } from './trust-options.ts';

test('what trust may be told is told from the configuration', () => {
  const path = join(temporaryFolder('trust-options'), 'exeat.yaml');
  writeFileSync(
    path,
    `tls: { certificate: /a, key: /b, clientBundle: /c, revocations: /d, trustDomain: corp.example, revocationsPastUpdate: accept }
issuers: [ { issuer: ci, audience: exeat, jwks: "https://ci.example.com/k", trustDomain: ci.example, authorities: /ca, maxTokenAge: 1h } ]
`,
  );
  const config = loadConfig({ path, env: {} });
  assert.ok(config.ok);
  const options = toTrustOptions(config.value, { now: () => 0 }, createLogger('point'));
  assert.deepEqual(options.tls, {
    certificate: '/a',
    key: '/b',
    clientBundle: '/c',
    revocations: '/d',
    trustDomain: 'corp.example',
    revocationsPastUpdate: 'accept',
  });
  assert.deepEqual(options.issuers, [
    {
      issuer: 'ci',
      audience: 'exeat',
      jwks: { kind: 'url', url: 'https://ci.example.com/k' },
      trustDomain: 'ci.example',
      authorities: '/ca',
      maxTokenAgeMs: 3_600_000,
    },
  ]);
});
