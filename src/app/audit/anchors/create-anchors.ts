import type { Clock } from '../../../base/index.ts';
import type { AnchorConfig } from '../../../config/index.ts';
import type { Anchor } from './anchor.ts';
import { createGitAnchor } from './git-anchor.ts';
import { createHttpAnchor } from './http-anchor.ts';
import { createPathAnchor } from './path-anchor.ts';
import { createSyslogAnchor } from './syslog-anchor.ts';

/**
 * Makes the anchors that were configured. Those that write files take turns: a write to a share that is gone holds one of the four threads of
 * Node's file system until the share is back, and so never more than one.
 */
export function createAnchors(configs: readonly AnchorConfig[], clock: Clock): readonly Anchor[] {
  let turn: Promise<unknown> = Promise.resolve();
  const inTurn = (anchor: Anchor): Anchor => ({
    name: anchor.name,
    send: (note, signal) => {
      const sent = turn.then(() => (signal.aborted ? Promise.reject(tooLate()) : anchor.send(note, signal)));
      turn = sent.catch(() => undefined);
      return sent;
    },
  });
  return configs.map((config) => {
    const anchor = createAnchor(config, clock);
    return config.kind === 'path' || config.kind === 'git' ? inTurn(anchor) : anchor;
  });
}

function tooLate(): TypeError {
  return new TypeError('another anchor hangs');
}

function createAnchor(config: AnchorConfig, clock: Clock): Anchor {
  switch (config.kind) {
    case 'path':
      return createPathAnchor(config.path);
    case 'git':
      return createGitAnchor(config.folder);
    case 'http':
      return createHttpAnchor(config.url, config.authorities);
    case 'syslog':
      return createSyslogAnchor(config, clock);
  }
}
