// What may stand in what, as the server holds it.
import { Content } from '../wire/vocabulary';
import { HoldsRoot, HoldsStyles } from './tree';
import type { Known } from './tree';
import type { ElementDef } from './vocab';

const MAX_FRAMES = 4; // documents in each other

/** Whether a document would be in more others than the format allows. */
export function deep(told: ElementDef, up: Known): boolean {
  let levels = 0;
  if (told.content === Content.Document) for (let at: Known | undefined = up; at; at = at.up) levels += Number(at.content === Content.Document);
  return levels >= MAX_FRAMES;
}

/** Whether content of a kind holds an element. */
export function fits(content: number, how: ElementDef | 'box'): boolean {
  const { name, space } = how === 'box' ? { name: how, space: 0 } : how;
  if (content === Content.SVGFlow) return space === 1;
  if (content === Content.MathFlow) return space === 2;
  if (content === HoldsRoot || content === Content.Document) return name === 'html';
  if (content === HoldsStyles) return name === 'style';
  return content >= Content.HTMLFlow && name !== 'html' && (space === 0 || name === 'svg:svg' || name === 'math:math');
}
