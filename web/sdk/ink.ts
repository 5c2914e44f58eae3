// What agents show on top of the page: their cursors and their strokes. Both take no part in the page.
import { PointerKind, StrokeTool } from '../wire/frames';
import type { Stroked } from '../wire/frames';
import { later } from './natives';

const SVG = 'http://www.w3.org/2000/svg';
const COLOURS = ['#e8112d', '#0b57d0', '#0a7d33', '#b06000', '#7b1fa2', '#00838f', '#ad1457', '#1b1b1f'];
const STROKE = 5000; // milliseconds that a stroke stays

interface Cursor {
  readonly box: HTMLElement;
  readonly name: HTMLElement;
  timer: number;
}

function path(d: string, colour: string): SVGPathElement {
  const p = document.createElementNS(SVG, 'path');
  p.setAttribute('d', d);
  p.setAttribute('fill', colour);
  return p;
}

/** Draws into a shadow root. */
export class Ink {
  readonly #root: ShadowRoot;
  readonly #sheet = document.createElementNS(SVG, 'svg');
  readonly #layer = document.createElementNS(SVG, 'g');
  readonly #cursors = new Map<number, Cursor>();

  constructor(root: ShadowRoot) {
    this.#root = root;
    this.#sheet.setAttribute('class', 'ink');
    this.#sheet.setAttribute('aria-hidden', 'true');
    this.#sheet.append(this.#layer);
    root.append(this.#sheet);
  }

  /** Follows the page when it scrolls: strokes lie on the page, not on the window. */
  scrolled(): void {
    this.#layer.setAttribute('transform', `translate(${-scrollX} ${-scrollY})`);
  }

  /** Shows where an agent points, in pixels of the window. */
  point(from: number, name: string, kind: number, x: number, y: number): void {
    const cursor = this.#cursors.get(from) ?? this.#cursor(from);
    clearTimeout(cursor.timer);
    cursor.timer = later(() => this.#lose(from), kind === PointerKind.Leave ? 0 : STROKE);
    cursor.box.classList.toggle('laser', kind === PointerKind.Laser);
    cursor.name.textContent = name;
    cursor.box.style.transform = `translate(${x}px,${y}px)`;
  }

  #cursor(from: number): Cursor {
    const box = document.createElement('div');
    box.className = 'cursor';
    box.setAttribute('aria-hidden', 'true');
    const arrow = document.createElementNS(SVG, 'svg');
    arrow.setAttribute('viewBox', '0 0 22 22');
    arrow.append(path('M1 1l6 18 3-7 7-3z', COLOURS[from % COLOURS.length] ?? ''));
    const name = document.createElement('b');
    box.append(arrow, name);
    this.#root.append(box);
    const cursor = { box, name, timer: 0 };
    this.#cursors.set(from, cursor);
    return cursor;
  }

  #lose(from: number): void {
    this.#cursors.get(from)?.box.remove();
    this.#cursors.delete(from);
  }

  /** Draws a stroke, which fades by itself. */
  draw({ from, tool, colour, points }: Stroked): void {
    const by = `by${from}`;
    if (tool === StrokeTool.Clear) {
      for (const old of this.#layer.querySelectorAll(`.${by}`)) old.remove();
      return;
    }
    const [a, b] = [points[0], points[points.length - 1]];
    if (!a || !b) return;
    const p = path(shape(tool, points.map(({ x, y }) => [x, y] as const)), 'none');
    p.setAttribute('class', by);
    p.setAttribute('stroke', COLOURS[colour] ?? '');
    this.scrolled();
    this.#layer.append(p);
    later(() => p.remove(), STROKE);
  }
}

type Place = readonly [number, number];

function shape(tool: number, points: readonly Place[]): string {
  const [a, b] = [points[0] ?? [0, 0], points[points.length - 1] ?? [0, 0]];
  if (tool === StrokeTool.Rectangle) return `M${a[0]} ${a[1]}H${b[0]}V${b[1]}H${a[0]}Z`;
  if (tool !== StrokeTool.Arrow) return `M${points.map((p) => p.join(' ')).join('L')}`;
  const turn = Math.atan2(b[1] - a[1], b[0] - a[0]);
  const barb = (by: number): string => `${b[0] - 16 * Math.cos(turn + by)} ${b[1] - 16 * Math.sin(turn + by)}`;
  return `M${a[0]} ${a[1]}L${b[0]} ${b[1]}M${barb(0.5)}L${b[0]} ${b[1]}L${barb(-0.5)}`;
}
