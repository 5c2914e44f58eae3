// What the customer has selected, and what the page highlights (CSS Custom Highlight API).
import { type Reader, WireError } from '../wire/codec';
import { MaxOffset, MaxRanges, RangesHighlight, RangesSelection, Role } from '../wire/frames';
import { parentOf, selectionOf, textLength } from './natives';
import type { Strings } from '../wire/strings';
import type { Tree } from './tree';

interface End {
  readonly id: number;
  readonly offset: number;
}

/** Ranges of one kind and name, as they were told. */
export interface Ranges {
  readonly kind: number;
  readonly name: string;
  readonly order: number;
  readonly list: readonly (readonly [from: End, to: End])[];
}

/** Reads what is behind OpRanges. */
export function readRanges(r: Reader, strings: Strings, tree: Tree): Ranges {
  const kind = r.uint(RangesHighlight);
  if (kind === 0) throw new WireError('row33-token');
  const name = kind === RangesHighlight ? strings.take(r, Role.Name) : '';
  if (kind === RangesHighlight && !/^[a-z_-][\w-]{0,63}$/i.test(name)) throw new WireError('row15-name');
  const order = r.int();
  const end = (): End => {
    const id = r.uint();
    const { kind: node } = tree.get(id);
    if (node !== 'element' && node !== 'text') throw new WireError('row33-node');
    return { id, offset: r.uint(node === 'text' ? MaxOffset : 1) };
  };
  const list: (readonly [End, End])[] = [];
  for (let n = r.uint(MaxRanges); n > 0; n--) list.push([end(), end()]);
  return { kind, name, order, list };
}

type View = Window & typeof globalThis;

/** The place of an end, as an empty range; null when it is in no page. */
function placeOf(tree: Tree, { id, offset }: End): Range | null {
  const entry = tree.find(id);
  const range = entry && parentOf(entry.node) && entry.node.ownerDocument?.createRange();
  if (!range) return null;
  if (entry.kind === 'text') range.setStart(entry.node, Math.min(offset, textLength(entry.node as Text)));
  else if (offset === 0) range.setStartBefore(entry.node);
  else range.selectNodeContents(entry.node);
  range.collapse(entry.kind === 'text' || offset === 0);
  return range;
}

/** A range of the stage. It does not matter which of its ends comes first. */
function rangeOf(tree: Tree, [from, to]: readonly [End, End]): Range | null {
  const a = placeOf(tree, from);
  const b = placeOf(tree, to);
  if (!a || !b) return null;
  const apart = a.startContainer.getRootNode() !== b.startContainer.getRootNode();
  const [first, last] = apart || a.compareBoundaryPoints(a.START_TO_START, b) <= 0 ? [a, b] : [b, a];
  first.setEnd(last.startContainer, last.startOffset);
  return first;
}

function viewsOf(doc: Document): View[] {
  const view = doc.defaultView;
  return view ? [view, ...Array.from(view, (_, i) => (view as unknown as View[])[i]).filter((v): v is View => !!v)] : [];
}

// What the page has of a window's highlights, and its customer's of the selection. The rest is the viewer's and the agent's own.
const names = new WeakMap<View, Set<string>>();
const theirs = new WeakMap<View, Range>();

/** The highlights of a window; a browser that has none shows none. */
const registryOf = (view: View): HighlightRegistry | undefined => (Reflect.get(view, 'CSS') as Partial<typeof CSS> | undefined)?.highlights;

/** Shows ranges in place of those of the same kind and name. */
export function show(ranges: Ranges, tree: Tree, doc: Document): void {
  const list = ranges.list.map((one) => rangeOf(tree, one)).filter((range) => range !== null);
  for (const view of viewsOf(doc)) {
    const here = list.filter((range) => range.startContainer.ownerDocument === view.document);
    if (ranges.kind === RangesSelection) select(view, here[0]);
    else if (!ranges.name.startsWith('vitrine-')) highlight(view, ranges.name, here, ranges.order);
  }
}

function highlight(view: View, name: string, list: readonly Range[], order: number): void {
  const registry = registryOf(view);
  registry?.delete(name);
  if (!registry || list.length === 0) return;
  const made = new view.Highlight(...list);
  made.priority = order;
  registry.set(name, made);
  const known = names.get(view) ?? new Set();
  names.set(view, known.add(name));
}

/** Whether two ranges are the same run of a document. */
function same(a: Range, b: Range): boolean {
  return a.startContainer === b.startContainer && a.startOffset === b.startOffset && a.endContainer === b.endContainer && a.endOffset === b.endOffset;
}

function select(view: View, range: Range | undefined): void {
  const selection = selectionOf(view.document);
  if (!selection) return;
  // What the agent has selected, to copy it, stays.
  const before = theirs.get(view);
  if (!selection.isCollapsed && !(before && same(before, selection.getRangeAt(0)))) return;
  selection.removeAllRanges();
  theirs.delete(view);
  if (!range) return;
  selection.addRange(range);
  theirs.set(view, range);
}

/** Takes back what of a page and its customer is selected or highlighted. */
export function hide(doc: Document): void {
  for (const view of viewsOf(doc)) {
    select(view, undefined);
    for (const name of names.get(view) ?? []) registryOf(view)?.delete(name);
    names.delete(view);
  }
}
