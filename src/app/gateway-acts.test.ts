import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { plainGateway } from '../../test/support/gateway-config.ts';
import { ok } from '../base/index.ts';
import { type RemovalMachine, removeFromKernel } from './gateway-acts.ts';
import { helperPlaces } from './gateway-helper.ts';
import { statePaths } from './state-folder.ts';
import { acquireStateLock } from './state-lock.ts';

const gateway = plainGateway;

describe('taking the gateway out of the kernel', () => {
  let state = '';
  let asked: string[] = [];
  const machine: RemovalMachine = {
    userId: 0,
    remove: async (stateFile) => {
      asked.push(stateFile);
      return ok({ settings: [], routes: [], ruleCount: 0, hadTable: false });
    },
  };
  const codeOf = async (config: Parameters<typeof removeFromKernel>[0], as = machine): Promise<string> => {
    const removed = await removeFromKernel(config, null, as);
    return removed.ok ? 'removed' : removed.fault.code;
  };

  beforeEach(() => {
    state = mkdtempSync(join(tmpdir(), 'exeat-gateway-acts-'));
    asked = [];
  });
  afterEach(() => rmSync(state, { recursive: true, force: true }));

  test('nothing is touched by another user than root', async () => {
    assert.equal(await codeOf({ state, gateway }, { ...machine, userId: 1000 }), 'root_needed');
    assert.deepEqual(asked, []);
  });

  test('nothing is touched while `exeat up` runs on this state, or its point still does', async () => {
    const paths = statePaths(state);
    mkdirSync(paths.point);
    for (const path of [paths.lock, join(paths.point, 'lock.db')]) {
      const lock = acquireStateLock(path);
      assert.ok(lock.ok);
      assert.equal(await codeOf({ state, gateway }), 'state_locked');
      lock.value.release();
    }
    assert.deepEqual(asked, []);
    assert.equal(await codeOf({ state, gateway }), 'removed');
  });

  test('nothing is touched while a helper serves, which would put everything back', async () => {
    const helper = join(state, 'helper.sock');
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(helper, resolve));
    assert.equal(await codeOf({ state, gateway: { ...gateway, helper } }), 'helper_running');
    await new Promise((resolve) => server.close(resolve));
    assert.deepEqual(asked, []);
    assert.equal(await codeOf({ state, gateway: { ...gateway, helper } }), 'removed');
  });

  test('works where the configuration has no gateway any more, and where nothing ever ran', async () => {
    assert.equal(await codeOf({ state, gateway: null }), 'removed');
    assert.equal(await codeOf({ state: join(state, 'nowhere'), gateway: null }), 'removed');
  });

  test('finds what was kept in the other place, or takes the file that is named', async () => {
    const [inRun, inState] = helperPlaces({ state, gateway });
    await codeOf({ state, gateway });
    mkdirSync(join(state, 'gateway'));
    writeFileSync(inState.state, '{}');
    await codeOf({ state, gateway });
    await removeFromKernel({ state, gateway }, '/run/unit.json', machine);
    assert.deepEqual(asked, [inRun.state, inState.state, '/run/unit.json']);
  });
});
