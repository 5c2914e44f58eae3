// @vitest-environment jsdom
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { decode } from '../wire/codec';
import { Channel, toAgent } from '../wire/frames';
import { fromHex } from '../../test/vectors/read';
import { Assets } from './assets';
import { Replica } from './replica';
import type { Tree } from './tree';

// The URL of jsdom is not Node's, so the place is told as a path.
const folder = join(import.meta.dirname, '../../test/vectors/batch/');

/** One batch and the page behind it, as far as a stage shows what came: nodes, texts, and attributes that are set as they are. */
interface Step {
  readonly bytes: Uint8Array;
  readonly page: readonly string[];
}

const shown = /^(class|id|lang|title|data-.*|aria-.*)=/;

/** A line of the drawing without what the stage shows in its own way. */
function reduce(line: string): string {
  const [, indent = '', id = '', rest = ''] = /^( *)(\d+) (.*)$/.exec(line) ?? [];
  if (!rest.startsWith('<')) return `${indent}${id} ${rest.replace(/^(#\w+).*/, '$1')}`;
  const parts = rest.slice(1).match(/[^\s"=>]+(="(\\.|[^"\\])*")?/g) ?? [];
  return `${indent}${id} <${[parts[0]?.replace('svg:', '').replace('#frame', 'iframe'), ...parts.slice(1).filter((p) => shown.test(p))].join(' ')}`;
}

function steps(name: string): Step[] {
  const [, ...blocks] = readFileSync(folder + name, 'utf8').split('\n\n');
  return blocks.map((block) => {
    const lines = block.split('\n').filter((l) => l.startsWith('|')).map((l) => l.slice(1));
    return { bytes: fromHex(/^hex: (.*)$/m.exec(block)?.[1] ?? ''), page: lines.slice(1).map(reduce) };
  });
}

function quote(text: string): string {
  return `"${text.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n').replaceAll('\t', '\\t')}"`;
}

/** Draws the stage by the same reduced lines. */
function draw(tree: Tree, node: Node, depth: number, out: string[]): void {
  const root = (node as Element).shadowRoot;
  const inside = tree.frames.inside(node);
  for (const child of [...(root ? [root] : []), ...(inside ? [inside] : node.childNodes)]) {
    const entry = tree.of(child);
    if (entry?.node !== child) continue;
    const start = `${'  '.repeat(depth)}${entry.id} `;
    if (entry.kind === 'text') out.push(start + quote(child.textContent ?? ''));
    else if (entry.kind === 'shadow' || entry.kind === 'box') out.push(`${start}#${entry.kind}`);
    else {
      const el = child as Element;
      const attributes = [...el.attributes].map((a) => `${a.name}=${quote(a.value)}`).filter((a) => shown.test(a)).sort();
      out.push(`${start}<${[el.localName, ...attributes].join(' ')}`);
    }
    if (entry.kind !== 'box') draw(tree, child, depth + 1, out);
  }
}

describe('batches', () => {
  const files = readdirSync(folder);
  it('have vectors', () => { expect(files.length).toBeGreaterThan(4); });
  for (const file of files) {
    it(file.slice(0, -4), () => {
      let doc = document.implementation.createHTMLDocument('stage');
      const mode = { turned: false };
      const needs: string[] = [];
      const replica = new Replica({
        document: () => doc, applied: () => undefined, need: (_, rule) => needs.push(rule), told: () => undefined, show: () => undefined, quirks: (on) => {
          // An empty frame's document is laid out as before there were standards.
          doc = (on && document.body.appendChild(document.createElement('iframe')).contentDocument) || document.implementation.createHTMLDocument('stage');
          mode.turned = true;
        },
      }, new Assets(() => undefined));
      for (const step of steps(file)) {
        const frame = decode(toAgent, Channel.Dom, step.bytes);
        if (frame.kind !== 'batch') throw new Error('not a batch');
        replica.push(frame);
        replica.flush();
        if (mode.turned) {
          // The stage has the document that the page needs, and the server is asked for it once more.
          replica.reset();
          expect(needs.splice(0)).toEqual(['stage']);
          replica.push(frame);
          replica.flush();
          mode.turned = false;
        }
        expect(needs).toEqual([]);
        const page: string[] = [];
        if (replica.tree) draw(replica.tree, doc, 0, page);
        expect(page).toEqual(step.page);
      }
    });
  }
});
