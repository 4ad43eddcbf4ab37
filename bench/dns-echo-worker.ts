import { createSocket } from 'node:dgram';
import { writeSync } from 'node:fs';

/** The least that a UDP server in Node can do: every message goes back as it came. Run on its own, it prints its port. */
const socket = createSocket('udp4');
socket.on('message', (message, peer) => socket.send(message, peer.port, peer.address));
socket.bind(0, '127.0.0.1', () => writeSync(1, `${socket.address().port}\n`));
