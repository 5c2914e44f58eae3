// The corpora of payloads, which lie beside the checkout and are read from there.
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Case } from './tree';

/** A corpus. */
export interface Corpus {
  readonly name: string;
  /** How many cases it must have. */
  readonly cases: number;
  /** Written to run something: the positive control must see it run and ask. */
  readonly hostile: boolean;
}

export const corpora: readonly Corpus[] = [
  { name: 'dompurify-expect', cases: 223, hostile: true },
  { name: 'h5sc', cases: 149, hostile: true },
  { name: 'blns', cases: 515, hostile: false },
  { name: 'css-parsing-tests', cases: 165, hostile: false },
  { name: 'csstree-tokenize', cases: 112, hostile: false },
  { name: 'closure-html-test-vectors', cases: 979, hostile: true },
  { name: 'html5lib-tree-construction', cases: 1796, hostile: false },
  { name: 'payloadbox-xss', cases: 6590, hostile: true },
];

const folder = join(__dirname, '../../../../shared/corpora');

/** Whether the corpora are there. */
export const present = (): boolean => existsSync(folder);

interface Line {
  readonly id: string;
  readonly html?: string;
  readonly text?: string;
  readonly css?: string | { readonly css_bytes?: string };
  readonly value?: string;
  readonly fragment?: string;
}

// A text of CSS as a sheet and as a style attribute.
function markup({ html, text, css, value }: Line): string {
  if (html !== undefined || text !== undefined) return html ?? text ?? '';
  const sheet = typeof css === 'string' ? css : css?.css_bytes ?? value ?? '';
  return `<style>${sheet}</style><p style="${sheet.replace(/&/g, '&amp;').replace(/"/g, '&quot;')}">x</p>`;
}

/** Reads a corpus; a wrong count is an error, not a smaller run. */
export async function read({ name, cases }: Corpus): Promise<readonly Case[]> {
  const lines = (await readFile(join(folder, `${name}.jsonl`), 'utf8')).split('\n').filter((line) => line !== '');
  if (lines.length !== cases) throw new Error(`${name} has ${lines.length} cases, not ${cases}`);
  return lines.map((line) => {
    const made = JSON.parse(line) as Line;
    return { id: made.id, html: markup(made), ...(made.fragment ? { fragment: made.fragment } : {}) };
  });
}
