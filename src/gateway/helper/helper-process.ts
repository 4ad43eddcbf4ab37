import { once } from 'node:events';
import { parseArgs } from 'node:util';
import { runHelper } from './run-helper.ts';

// The entry of the helper: the only process with CAP_NET_ADMIN. Started by the supervisor:
//   node helper-process.ts --socket /run/exeat/gateway.sock --state /run/exeat/gateway.json [--user 998] [--bound]
// Says `ready` on standard output once it serves, or one line on standard error why it cannot. With `--bound` it ends with its standard
// input, which the kernel closes when the supervisor is killed: an old helper would undo what the next one does. As a unit of its own it
// is `exeat gateway helper`.

const { values } = parseArgs({
  options: {
    socket: { type: 'string' },
    state: { type: 'string' },
    user: { type: 'string' },
    bound: { type: 'boolean' },
  },
});
const { socket, state, user } = values;
const ran = await runHelper(
  { socket, state, user },
  {
    onReady: () => process.stdout.write('ready\n'),
    ...(values.bound === true ? { ended: once(process.stdin.resume(), 'close') } : {}),
  },
);
if (!ran.ok) process.stderr.write(`${ran.fault.message}\n`);
process.exit(ran.ok ? 0 : 1);
