// Finds text on the stage as a reader sees it: across elements within a line, in shadow trees, in frames and in fields, but not
// where nothing is shown. Looking for text changes nothing in the stage.
import type { Caret } from './select';
import { areaValue, firstChildOf, inputValue, isElement, localNameOf, nextSiblingOf, nodeType, shadowOf, textOf } from './natives';
import type { Tree } from './tree';

/** A place where the text was found: a range, or a field that holds it. */
export type Match = { readonly from: Caret; readonly to: Caret; readonly field: null } | { readonly field: Element };

/** So many places are told of. */
export const MAX_MATCHES = 1000;

const TEXT = 3;
const SPACE = /\s/u;
const INPUTS = /^(?:text|search|email|url|tel|number|date|time|month|week|datetime-local|submit|reset|button)?$/;

/** Folds a text in which to find, or that is found: case, runs of white space. */
const fold = (char: string): string => {
  const low = char.toLowerCase();
  return low.length === char.length ? low : char;
};

/** What is looked for, folded. */
export function needle(text: string): string {
  return Array.from(text, (char) => (SPACE.test(char) ? ' ' : fold(char))).join('').replace(/ +/g, ' ');
}

/** A line of text, as far as it is one for a reader, and where each of its characters stands. */
class Line {
  private text = '';
  private at: Caret[] = [];

  add(node: Node): void {
    const text = textOf(node) ?? '';
    for (let i = 0; i < text.length; i++) {
      const char = text[i] ?? '';
      const space = SPACE.test(char);
      if (space && (this.text === '' || this.text.endsWith(' '))) continue;
      this.text += space ? ' ' : fold(char);
      this.at.push({ node, offset: i });
    }
  }

  /** Ends the line: gives what was found in it. */
  end(wanted: string, found: Match[]): void {
    for (let i = this.text.indexOf(wanted); i >= 0 && found.length < MAX_MATCHES; i = this.text.indexOf(wanted, i + wanted.length)) {
      const [from, last] = [this.at[i], this.at[i + wanted.length - 1]];
      if (from && last) found.push({ from, to: { node: last.node, offset: last.offset + 1 }, field: null });
    }
    this.text = '';
    this.at = [];
  }
}

class Finder {
  private readonly line = new Line();
  readonly found: Match[] = [];
  private readonly wanted: string;
  private readonly tree: Tree;

  constructor(wanted: string, tree: Tree) {
    this.wanted = wanted;
    this.tree = tree;
  }

  break(): void {
    this.line.end(this.wanted, this.found);
  }

  walk(node: Node, visible: boolean): void {
    if (this.found.length >= MAX_MATCHES) return;
    if (nodeType(node) === TEXT) {
      if (visible) this.line.add(node);
    } else if (isElement(node)) this.element(node);
    else this.children(node, visible);
  }

  private element(el: Element): void {
    const { display, visibility } = getComputedStyle(el);
    if (display === 'none') return;
    const visible = visibility === 'visible';
    const flows = display.startsWith('inline') || display === 'contents' || display.startsWith('ruby');
    if (!flows) this.break();
    if (localNameOf(el) === 'br') this.break();
    if (visible) this.field(el);
    const root = shadowOf(el);
    if (root) this.children(root, visible);
    const inside = this.tree.frames.inside(el);
    if (inside) this.walk(inside, true);
    else if (!root) this.children(el, visible);
    else this.slotted(el, visible);
    if (!flows) this.break();
  }

  // What stands in a shadow tree's slots comes after the shadow tree itself.
  private slotted(host: Element, visible: boolean): void {
    this.break();
    for (let at = firstChildOf(host); at; at = nextSiblingOf(at)) {
      if ((at as Element | Text).assignedSlot) this.walk(at, visible);
    }
    this.break();
  }

  private children(node: Node, visible: boolean): void {
    for (let at = firstChildOf(node); at; at = nextSiblingOf(at)) this.walk(at, visible);
  }

  private field(el: Element): void {
    const name = localNameOf(el);
    const value = name === 'textarea' ? areaValue(el as HTMLTextAreaElement) : name === 'input' && INPUTS.test((el as HTMLInputElement).type) ? inputValue(el as HTMLInputElement) : '';
    if (value !== '' && needle(value).includes(this.wanted)) this.found.push({ field: el });
  }
}

/** All places of a text on the page, in the order of the page. */
export function find(page: Element, tree: Tree, text: string): readonly Match[] {
  const wanted = needle(text);
  if (wanted.trim() === '') return [];
  const finder = new Finder(wanted, tree);
  finder.walk(page, true);
  finder.break();
  return finder.found;
}
