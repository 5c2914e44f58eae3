// What agents show on top of the page: their cursors and their strokes. Both take no part in the page.
import { PointerKind, StrokeTool } from '../wire/frames';
import type { Stroked } from '../wire/frames';
import { create, createSVG, firstChild, later, put, removeNode } from './natives';

const COLOURS = ['#e5484d', '#0b7bd3', '#2f9e44', '#e8890c', '#8e4ec6', '#d6409f', '#12a594', '#3b3b45']; // the viewer's palette
const STAY = 5000; // milliseconds that a stroke and a cursor at rest stay
const MOST = 48; // strokes at once: a drawing points at the page and must not hide it (threat row 48)

function make(tag: string, attributes: Readonly<Record<string, string>>): Element {
  const el = createSVG(tag);
  for (const name in attributes) el.setAttribute(name, attributes[name] ?? '');
  return el;
}

/** Draws into a shadow root. */
export class Ink {
  readonly #root: ShadowRoot;
  readonly #layer = make('g', {});
  readonly #cursors = new Map<number, { readonly box: HTMLElement; timer: number }>();

  constructor(root: ShadowRoot) {
    this.#root = root;
    const sheet = make('svg', { 'aria-hidden': 'true' });
    put(sheet, this.#layer);
    put(root, sheet);
  }

  /** Follows the page when it scrolls: strokes lie on the page, not on the window. */
  scrolled(): void {
    if (!firstChild(this.#layer)) return; // how far the page is scrolled is only known when it is laid out
    this.#layer.setAttribute('transform', `translate(${-scrollX} ${-scrollY})`);
  }

  /** Shows where an agent points, in pixels of the window. */
  point([from, name, kind]: readonly [number, string, number], x: number, y: number): void {
    let cursor = this.#cursors.get(from);
    if (!cursor) {
      const box = create('div');
      box.className = 'cursor';
      box.ariaHidden = 'true';
      const arrow = make('svg', {});
      put(arrow, make('path', { d: 'M0 0l6 18 3-7 7-3z', fill: COLOURS[from % 8] ?? '', stroke: '#fff' }));
      put(box, arrow, create('b'));
      put(this.#root, box);
      this.#cursors.set(from, (cursor = { box, timer: 0 }));
    }
    const { box, timer } = cursor;
    clearTimeout(timer);
    cursor.timer = later(() => {
      removeNode(box);
      this.#cursors.delete(from);
    }, kind === PointerKind.Leave ? 0 : STAY);
    if (box.lastChild) box.lastChild.textContent = name;
    box.style.transform = `translate(${x}px,${y}px)`;
  }

  /** Draws a stroke, which fades by itself. */
  draw({ from, tool, colour, points }: Stroked): void {
    if (tool === StrokeTool.Clear) {
      for (const old of [...this.#layer.children]) if (old.classList.contains(`by${from}`)) removeNode(old);
    }
    const a = points[0];
    const b = points[points.length - 1];
    if (!a || !b) return;
    let d = `M${points.map(({ x, y }) => `${x} ${y}`).join('L')}`;
    if (tool === StrokeTool.Rectangle) d = `M${a.x} ${a.y}H${b.x}V${b.y}H${a.x}Z`;
    if (tool === StrokeTool.Arrow) {
      const turn = Math.atan2(b.y - a.y, b.x - a.x);
      const barb = (by: number): string => `M${b.x} ${b.y}l${-16 * Math.cos(turn + by)} ${-16 * Math.sin(turn + by)}`;
      d = `M${a.x} ${a.y}L${b.x} ${b.y}${barb(0.5)}${barb(-0.5)}`;
    }
    const line = make('path', { d, class: `ink by${from}`, stroke: COLOURS[colour] ?? '' });
    put(this.#layer, line);
    this.scrolled();
    const [first] = this.#layer.children;
    if (first && this.#layer.childElementCount > MOST) removeNode(first);
    later(() => removeNode(line), STAY);
  }
}
