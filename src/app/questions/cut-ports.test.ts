import assert from 'node:assert/strict';
import { test } from 'node:test';
import { findCutPorts } from './cut-ports.ts';

const head = '  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n';
const tail = '00000000:00000000 00:00000000 00000000';
const four = `${head}   0: 00000000:08AE 00000000:0000 0A ${tail}     0        0 1 1
   1: 0A0200C0:08AE 076433C6:C001 01 ${tail}     0        0 2 1
   2: 0100007F:1F90 0100007F:C002 01 ${tail}  1000        0 3 1
   3: 00000000:1F90 00000000:0000 0A ${tail}  1000        0 4 1
   4: 0A0200C0:C003 076433C6:01BB 01 ${tail}  1000        0 5 1
   5: 00000000:0016 00000000:0000 0A ${tail}     0        0 6 1
   6: 0A0200C0:0016 076433C6:C004 01 ${tail}     0        0 7 1
`;
const six = `${head}   0: 00000000000000000000000000000000:1F91 00000000000000000000000000000000:0000 0A ${tail}  1001 0 8 1
   1: 0000000000000000FFFF00000A0200C0:1F91 0000000000000000FFFF0000076433C6:C005 01 ${tail}  1001 0 9 1
   2: 00000000000000000000000001000000:08AE 00000000000000000000000001000000:C006 01 ${tail}     0 0 9 1
   3: 0000000000000000FFFF00000100007F:1F90 0000000000000000FFFF00000100007F:C007 01 ${tail}     0 0 9 1
`;
const place = { groupId: 0, leasing: [], exempt: [], inbound: [{ from: 1, to: 1023 }] };

test('names the ports that people are connected to from outside and would not be answered at', () => {
  assert.deepEqual(findCutPorts(place, [four, six]), [2222, 8081]);
});

test('leaves out what is configured, exempted users, loopback, and connections that begin here', () => {
  const inbound = [...place.inbound, { from: 2222, to: 2222 }];
  assert.deepEqual(findCutPorts({ ...place, inbound, exempt: [1001] }, [four, six]), []);
});

test('a table that says nothing cuts nobody', () => {
  assert.deepEqual(findCutPorts(place, ['', head, 'nonsense\n1: 2\n']), []);
});
