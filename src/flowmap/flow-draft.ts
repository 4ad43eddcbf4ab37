import type { FlowDraft } from './observation.ts';

/** Makes a draft that knows nothing. */
export function createFlowDraft(): FlowDraft {
  return {
    startMs: Number.NaN,
    endMs: Number.NaN,
    client: 0,
    user: 0,
    service: 0,
    address: 0,
    name: 0,
    nameKind: 'none',
    provider: 0,
    port: -1,
    protocol: 0,
    application: 'unknown',
    bytesUp: -1,
    bytesDown: -1,
    connections: 1,
    isDenied: false,
    isReply: false,
    initiator: 'stated',
    vantage: 'only',
    sampledOneIn: 1,
  };
}

/** Makes a draft know nothing again. */
export function resetFlowDraft(draft: FlowDraft): void {
  draft.startMs = Number.NaN;
  draft.endMs = Number.NaN;
  draft.client = 0;
  draft.user = 0;
  draft.service = 0;
  draft.address = 0;
  draft.name = 0;
  draft.nameKind = 'none';
  draft.provider = 0;
  draft.port = -1;
  draft.protocol = 0;
  draft.application = 'unknown';
  draft.bytesUp = -1;
  draft.bytesDown = -1;
  draft.connections = 1;
  draft.isDenied = false;
  draft.isReply = false;
  draft.initiator = 'stated';
  draft.vantage = 'only';
  draft.sampledOneIn = 1;
}
