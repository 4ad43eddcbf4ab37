import { parseArgs } from 'node:util';
import { serveHelper } from './serve-helper.ts';

// The entry of the helper: the only process with CAP_NET_ADMIN. Started by the supervisor or as a unit of its own:
//   node helper-process.ts --socket /run/exeat/gateway.sock --state /run/exeat/gateway.json [--user 998]
// Says `ready` on standard output once it serves, or one line on standard error why it cannot.

const { values } = parseArgs({
  options: { socket: { type: 'string' }, state: { type: 'string' }, user: { type: 'string' } },
});
const { socket: socketPath, state: stateFile, user } = values;
const userId = user === undefined ? null : Number(user);
if (socketPath === undefined || stateFile === undefined) fail('`--socket` and `--state` are needed');
if (userId !== null && !Number.isInteger(userId)) fail(`user \`${user}\` is not a number`);

const helper = await serveHelper({ socketPath, stateFile, userId });
if (!helper.ok) fail(helper.fault.message);
const stop = (): void => {
  void helper.value.close().then(() => process.exit(0));
};
process.on('SIGTERM', stop).on('SIGINT', stop);
process.stdout.write('ready\n');

function fail(message: string): never {
  process.stderr.write(`${message}\n`);
  process.exit(1);
}
