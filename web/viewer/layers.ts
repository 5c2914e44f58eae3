// Dialogs and popovers in the top layer of the stage's own document, in the customer's order: only there they stand above
// everything, wherever the page has put them, and have their backdrops. The focus stays where the agent has it.
import type { Dressed } from './dress';
import { closeDialog, hidePopover, isConnected, matches, removeAttribute, setAttribute, showModal, showPopover } from './natives';

/** What is in the top layer. */
export class Layers {
  private readonly wanted = new Map<Dressed, number>();
  private shown: Dressed[] = [];
  private stale = false;

  /** The element is open, at a place of the top layer counted from 1, or in the flow (0); null is closed. */
  set(entry: Dressed, layer: number | null): void {
    if (layer) this.wanted.set(entry, layer);
    else this.wanted.delete(entry);
    this.stale = true;
    const el = entry.node;
    if (entry.rule.key !== 'dialog') setAttribute(el, 'popover', 'manual'); // closed it is hidden
    else if (layer === 0) setAttribute(el, 'open', '');
    else if (layer === null && !this.shown.includes(entry)) removeAttribute(el, 'open');
  }

  /** The node is gone. */
  forget(entry: Dressed): void {
    if (this.wanted.delete(entry) || this.shown.includes(entry)) this.stale = true;
  }

  /** Whether an element is in the top layer. */
  holds(el: Element): boolean {
    return this.shown.some(({ node }) => node === el);
  }

  /** What was open stays as it is; `find` gives the entry that a node has now, if it stays. */
  inherit(from: Layers, find: (node: Element) => Dressed | undefined): void {
    this.shown = from.shown.flatMap((entry) => find(entry.node) ?? []);
    this.stale = true;
  }

  /** Opens and closes what changed; what was moved has left the top layer. */
  settle(moved: boolean): void {
    if (!this.stale && !(moved && this.shown.length > 0)) return;
    this.stale = false;
    const list = [...this.wanted].sort(([, a], [, b]) => a - b).map(([entry]) => entry).filter(({ node }) => isConnected(node));
    let same = 0;
    while (same < list.length && list[same] === this.shown[same] && isShown(list[same])) same++;
    for (const entry of this.shown.slice(same).reverse()) close(entry);
    for (const entry of list.slice(same)) open(entry);
    this.shown = list;
  }

  /** Forgets everything. */
  wipe(): void {
    this.wanted.clear();
    this.shown = [];
  }
}

/** Whether an element is in the top layer; a browser that cannot say so has none. */
function isShown(entry: Dressed | undefined): boolean {
  try {
    return entry !== undefined && matches(entry.node, ':modal, :popover-open');
  } catch {
    return false;
  }
}

// A browser gives the focus to what it opens.
function focused(act: () => void): void {
  const { activeElement } = document;
  act();
  if (document.activeElement === activeElement) return;
  (document.activeElement as HTMLElement | null)?.blur();
  (activeElement as HTMLElement | null)?.focus({ preventScroll: true });
}

function open({ node, rule }: Dressed): void {
  try {
    if (rule.key === 'dialog') {
      removeAttribute(node, 'open');
      focused(() => { showModal(node); });
    } else focused(() => { showPopover(node); });
  } catch {
    // What cannot stand above the page stands in it.
    if (rule.key === 'dialog') setAttribute(node, 'open', '');
    else removeAttribute(node, 'popover');
  }
}

function close(entry: Dressed): void {
  const { node, rule } = entry;
  if (!isShown(entry)) {
    if (rule.key === 'dialog') removeAttribute(node, 'open');
  } else if (rule.key === 'dialog') {
    setAttribute(node, 'open', ''); // a modal dialog that has lost it cannot be closed, and keeps all else inert
    focused(() => { closeDialog(node); });
  } else focused(() => { hidePopover(node); });
}
