export { decodeBase64, encodeBase64 } from './base64.ts';
export type { Brand } from './brand.ts';
export { escapeControls } from './escape-controls.ts';
export { ExeatError, type Fault, fault } from './fault.ts';
export {
  advanceClock,
  anchorClock,
  type ClockReading,
  clockJumpMs,
  effectiveNow,
  type KeptTime,
  mostJumpMs,
  resetClock,
} from './kept-clock.ts';
export { mostNamePorts } from './name-ports.ts';
export { nearestWord } from './nearest-word.ts';
export { parseDuration, parseSize } from './parse-quantity.ts';
export type { Clock, Digest, NewId } from './ports.ts';
export { quoteInput } from './quote.ts';
export { failed, ok, type Result } from './result.ts';
