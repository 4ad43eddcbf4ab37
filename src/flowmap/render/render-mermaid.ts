import type { FlowMap } from '../flow-map.ts';
import { createPictureModel, type PictureVerdict } from './picture-model.ts';
import { replaceUnseen } from './render-svg.ts';

const strokes: Readonly<Record<PictureVerdict, string>> = {
  allow: '#2f9e44',
  uncertain: '#f08c00',
  deny: '#e03131',
  'not-judged': '#868e96',
};

/** A map as a Mermaid flowchart, principals left and destinations right, for a page in git. Ends with a line feed. */
export function renderMermaid(map: FlowMap): string {
  const { links } = createPictureModel(map);
  const ids = new Map<string, string>();
  const idOf = (side: string, label: string): string => {
    const key = `${side}:${label}`;
    const id = ids.get(key) ?? `${side}${ids.size}`;
    ids.set(key, id);
    return id;
  };
  const lines = links.map(
    ({ principal, domain, connections }) =>
      `  ${idOf('p', principal)}["${label(principal)}"] -->|${connections}| ${idOf('d', domain)}["${label(domain)}"]`,
  );
  const styles = links.map(({ verdict }, index) => `  linkStyle ${index} stroke:${strokes[verdict]}`);
  return `${['flowchart LR', ...lines, ...styles].join('\n')}\n`;
}

// Names come from logs: nothing of Mermaid's own syntax may be in them.
function label(text: string): string {
  return replaceUnseen(text)
    .replace(/[^\p{L}\p{N} ._:/*@-]/gu, (character) => `#${character.codePointAt(0) ?? 63};`)
    .slice(0, 120);
}
