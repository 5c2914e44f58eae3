// Where the caret goes: by keys, and to the place that was clicked.
import { select, windowOf } from './edit';
import type { Field } from './edit';
import { isTextField } from './mask';
import { documentOf } from './natives';

/** A place in a text: of a field's value, or of a text node. */
interface Place {
  readonly node: Node;
  readonly at: number;
}

/** What is written at a point of an element's window. */
export function placeAt(el: Element, x: number, y: number): Place | undefined {
  const root = el.getRootNode();
  const found = documentOf(el).caretPositionFromPoint(x, y, { shadowRoots: root instanceof ShadowRoot ? [root] : [] });
  return found ? { node: found.offsetNode, at: found.offset } : undefined;
}

/** Marks from one place of a text to another. */
export function mark(el: HTMLElement, from: Place | undefined, to: Place | undefined): void {
  if (!from || !to) return;
  if (!isTextField(el)) windowOf(el).getSelection()?.setBaseAndExtent(from.node, from.at, to.node, to.at);
  else if (from.node === el && to.node === el) select(el as Field, Math.min(from.at, to.at), Math.max(from.at, to.at));
}

const WORD = /[\p{L}\p{N}_]/u;

/** Puts the caret where a click was; a second one marks the word, a third everything. */
export function clickText(el: HTMLElement, count: number, x: number, y: number): void {
  const field = isTextField(el) ? (el as Field) : undefined;
  if (!field && !el.isContentEditable) return;
  const place = placeAt(el, x, y);
  if (!field) {
    const chosen = windowOf(el).getSelection();
    mark(el, place, place);
    if (count === 1) return;
    const unit = count === 2 ? 'word' : 'paragraphboundary';
    chosen?.modify('move', 'backward', unit);
    chosen?.modify('extend', 'forward', unit);
    return;
  }
  const { value } = field;
  let from = place?.node === el ? Math.min(place.at, value.length) : value.length;
  let to = from;
  if (count === 2) {
    while (from > 0 && WORD.test(value[from - 1] ?? '')) from--;
    while (to < value.length && WORD.test(value[to] ?? '')) to++;
  }
  if (count > 2) [from, to] = [0, value.length];
  select(field, from, to);
}

/** Moves the caret of a field a line up (-1) or down (1), or to the start (-2) or the end (2) of its line. */
export function moveLine(el: Field, by: number): void {
  const { value, selectionStart, selectionEnd } = el;
  const at = (by < 0 ? selectionStart : selectionEnd) ?? value.length;
  const start = value.lastIndexOf('\n', at - 1) + 1;
  const end = value.indexOf('\n', at) < 0 ? value.length : value.indexOf('\n', at);
  if (by === -2) select(el, start);
  else if (by === 2) select(el, end);
  else if (by < 0) select(el, start === 0 ? 0 : Math.min(value.lastIndexOf('\n', start - 2) + 1 + at - start, start - 1));
  else {
    const below = value.indexOf('\n', end + 1);
    select(el, Math.min(end + 1 + at - start, below < 0 ? value.length : below));
  }
}
