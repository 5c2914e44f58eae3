// What is selected, and what scripts highlight (CSS Custom Highlight API), as a part of the SDK.
import type { BatchWriter } from '../wire/batch';
import { MaxOffset, MaxRangeSets, MaxRanges, OpRanges, RangesHighlight, RangesSelection, Role } from '../wire/frames';
import { isField } from './mask';
import { firstChild, focused, nextSibling, nodeType, viewOf } from './natives';
import type { Tree } from './tree';

/** Numbers as they are told: id and offset of both ends of each range, in turn. */
type Told = readonly number[];

const told = new Map<string, string>();

/** Tells what is selected or highlighted now, where that is something else than was told. */
export function tellRanges(w: BatchWriter, tree: Tree, roots: Iterable<ShadowRoot>, fresh: boolean): void {
  if (fresh) told.clear();
  let room = MaxRanges / 2; // while one list after the other is replaced, there are more
  const now = new Map<string, readonly [order: number, list: Told]>();
  const take = (name: string, order: number, ranges: Iterable<AbstractRange>): void => {
    const list: number[] = [];
    for (const range of ranges) {
      const ends = room > 0 && !range.collapsed ? [endOf(tree, range.startContainer, range.startOffset), endOf(tree, range.endContainer, range.endOffset)] : [];
      if (!ends[0] || !ends[1] || ends[0].join() === ends[1].join()) continue;
      list.push(...ends[0], ...ends[1]);
      room--;
    }
    if (list.length) now.set(name, [order, list]);
  };
  take('', 0, selected(tree, [...roots]));
  const registry = (CSS as Partial<typeof CSS>).highlights;
  for (const [name, highlight] of registry ?? []) {
    if (now.size < MaxRangeSets && /^[a-z_-][\w-]{0,63}$/i.test(name)) take(name, highlight.priority, highlight);
  }
  // First what is gone: there may be so many at a time only.
  for (const name of told.keys()) {
    if (now.has(name)) continue;
    told.delete(name);
    write(w, name, 0, []);
  }
  for (const [name, [order, list]] of now) {
    const key = `${order} ${list.join()}`;
    if (told.get(name) === key) continue;
    told.set(name, key);
    write(w, name, order, list);
  }
}

function write(w: BatchWriter, name: string, order: number, list: Told): void {
  w.ops.byte(OpRanges);
  w.ops.byte(name ? RangesHighlight : RangesSelection);
  if (name) w.ref(Role.Name, name);
  w.ops.int(Math.min(Math.max(order, -1e9), 1e9));
  w.ops.uint(list.length / 4);
  for (const n of list) w.ops.uint(n);
}

/** The ranges that are selected in the page and in the documents within it, shadow trees included where the browser tells. */
function selected(tree: Tree, shadowRoots: ShadowRoot[]): AbstractRange[] {
  const at = focused();
  if (at && isField(at)) return []; // there it is about what the field holds
  return [document, ...tree.frames.values()].flatMap((of) => {
    const selection = viewOf(of)?.getSelection();
    if (!selection?.rangeCount) return [];
    return 'getComposedRanges' in selection ? selection.getComposedRanges({ shadowRoots }) : [(selection as Selection).getRangeAt(0)];
  });
}

/** An end of a range by what the server knows; undefined where it knows neither. */
function endOf(tree: Tree, node: Node, offset: number): Told | undefined {
  if (nodeType(node) === 3) {
    const known = tree.of(node);
    return known && [known.id, Math.min(offset, MaxOffset)];
  }
  let child = firstChild(node);
  for (let i = 0; child && i < offset; i++) child = nextSibling(child);
  for (; child; child = nextSibling(child)) {
    const known = tree.of(child);
    if (known && (known.def || nodeType(child) === 3)) return [known.id, 0];
  }
  const known = tree.of(node);
  return known?.def ? [known.id, 1] : undefined;
}
