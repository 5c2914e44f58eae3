// Slots that scripts of the customer's page fill: in the stage the viewer fills them.
import { WireError } from '../wire/codec';
import { MaxChildren } from '../wire/frames';
import type { Reader } from '../wire/codec';
import { assignTo } from './natives';
import type { Entry, Tree } from './tree';

/** What stands in which slot. */
export class Slots {
  private readonly held = new Map<Entry, Map<Entry, number>>();
  private readonly at = new Map<Entry, Entry>();
  private readonly stale = new Set<Entry>();

  /** Reads which slot a node stands in, and where. */
  read(r: Reader, entry: Entry, tree: Tree): void {
    const id = r.uint();
    const order = r.uint(MaxChildren);
    this.leave(entry);
    if (id === 0) return;
    const slot = tree.get(id);
    let root = slot;
    while (root.kind !== 'shadow' && root.kind !== 'document') root = tree.get(root.parent);
    const manual = root.kind === 'shadow' && (root.node as ShadowRoot).slotAssignment === 'manual';
    if (slot.rule?.key !== 'slot' || !manual || root.parent !== entry.parent || entry.kind === 'shadow') throw new WireError('row33-slot');
    const held = this.held.get(slot) ?? new Map<Entry, number>();
    this.held.set(slot, held.set(entry, order));
    this.at.set(entry, slot);
    this.stale.add(slot);
  }

  private leave(entry: Entry): void {
    const slot = this.at.get(entry);
    if (!slot) return;
    this.at.delete(entry);
    this.held.get(slot)?.delete(entry);
    this.stale.add(slot);
  }

  /** The node is gone. */
  forget(entry: Entry): void {
    this.leave(entry);
    for (const node of this.held.get(entry)?.keys() ?? []) this.at.delete(node);
    this.held.delete(entry);
    this.stale.delete(entry);
  }

  /** Fills the slots that changed. */
  settle(): void {
    for (const slot of this.stale) {
      const list = [...this.held.get(slot) ?? []].sort(([, a], [, b]) => a - b).map(([{ node }]) => node as Element | Text);
      assignTo(slot.node as HTMLSlotElement, list);
    }
    this.stale.clear();
  }

  /** Forgets everything. */
  wipe(): void {
    for (const map of [this.held, this.at, this.stale]) map.clear();
  }
}
