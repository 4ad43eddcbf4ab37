// Preloaded into the processes of the soak test only: SIGUSR2 forces a collection, so that memory can be compared without garbage.
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc');
process.on('SIGUSR2', () => {
  // The last-resort flavour also gives back the pages that the engine keeps empty for the next burst; they are no leak.
  for (let round = 0; round < 4; round += 1) collect({ type: 'major', execution: 'sync', flavor: 'last-resort' });
});
