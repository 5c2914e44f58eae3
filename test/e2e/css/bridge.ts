// From the browser's tests to package sanitizer and back.
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import type { Item } from './view';

const root = join(__dirname, '../../..');

export interface Piece {
  readonly id: string;
  readonly kind: 'sheet' | 'declarations' | 'value' | 'media';
  readonly css: string;
}

export interface Judged {
  readonly id: string;
  readonly kind: Piece['kind'];
  readonly ok: boolean;
  readonly out: string;
  readonly items: readonly Item[];
}

/** What the sanitizer leaves of the pieces, in their order. */
export function judge(pieces: readonly Piece[]): Judged[] {
  const input = pieces.map((piece) => JSON.stringify(piece)).join('\n');
  const output = execFileSync('go', ['run', './test/css'], { cwd: root, input, maxBuffer: 1 << 30, encoding: 'utf8' });
  return output.trimEnd().split('\n').map((line) => JSON.parse(line) as Judged);
}
