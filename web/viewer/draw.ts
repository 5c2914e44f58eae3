// What lies above the page: strokes that fade, other people's pointers, the address of a link.
import { type Point2, StrokeTool } from '../wire/frames';
import type { Stage } from './stage';
import { texts } from './texts';

const FADE_AFTER = 5_000;
const FADE_FOR = 1_000;
const POINTER_FOR = 4_000;

/** Colours by number; the customer's page uses the same. */
export const palette = ['#e5484d', '#0b7bd3', '#2f9e44', '#e8890c', '#8e4ec6', '#d6409f', '#12a594', '#3b3b45'] as const;

interface Drawn {
  readonly from: number;
  readonly tool: number;
  readonly colour: number;
  readonly points: readonly Point2[];
  readonly at: number;
}

interface Cursor {
  readonly el: HTMLElement;
  timer: ReturnType<typeof setTimeout> | undefined;
}

function setStyles(el: HTMLElement, styles: readonly (readonly [string, string])[]): void {
  for (const [name, value] of styles) el.style.setProperty(name, value);
}

function path(c: CanvasRenderingContext2D, d: Drawn): void {
  const [first] = d.points;
  const last = d.points.at(-1);
  if (!first || !last) return;
  c.beginPath();
  if (d.tool === StrokeTool.Rectangle) c.rect(first.x, first.y, last.x - first.x, last.y - first.y);
  else {
    c.moveTo(first.x, first.y);
    for (const p of d.tool === StrokeTool.Arrow ? [last] : d.points) c.lineTo(p.x, p.y);
  }
  if (d.tool === StrokeTool.Arrow) {
    const angle = Math.atan2(last.y - first.y, last.x - first.x);
    for (const turn of [-0.5, 0.5]) {
      c.moveTo(last.x, last.y);
      c.lineTo(last.x - 18 * Math.cos(angle + turn), last.y - 18 * Math.sin(angle + turn));
    }
  }
  c.stroke();
}

/** The layer above one stage. */
export class Drawings {
  private readonly stage: Stage;
  private readonly canvas: HTMLCanvasElement;
  private readonly label: HTMLElement;
  private readonly cursors = new Map<number, Cursor>();
  private strokes: Drawn[] = [];
  private frame = 0;
  /** How far the page is scrolled. */
  private readonly offset: () => { x: number; y: number };

  constructor(stage: Stage, offset: () => { x: number; y: number }) {
    this.stage = stage;
    this.offset = offset;
    const doc = stage.root.ownerDocument;
    this.canvas = doc.createElement('canvas');
    setStyles(this.canvas, [['position', 'absolute'], ['inset', '0'], ['pointer-events', 'none']]);
    this.label = doc.createElement('div');
    this.label.className = 'vitrine-link';
    this.label.hidden = true;
    setStyles(this.label, [
      ['position', 'absolute'], ['left', '8px'], ['bottom', '8px'], ['max-width', 'calc(100% - 16px)'], ['padding', '4px 8px'],
      ['background', '#1d1d22'], ['color', '#fff'], ['font', '12px/1.4 system-ui, sans-serif'], ['border-radius', '4px'], ['overflow', 'hidden'],
      ['text-overflow', 'ellipsis'], ['white-space', 'nowrap'], ['unicode-bidi', 'isolate'], ['pointer-events', 'none'],
    ]);
    stage.overlay.append(this.canvas);
    stage.root.append(this.label);
  }

  /** Shows a stroke, or clears those of its sender. */
  add(from: number, tool: number, colour: number, points: readonly Point2[]): void {
    if (tool === StrokeTool.Clear) this.strokes = this.strokes.filter((s) => s.from !== from);
    else this.strokes.push({ from, tool, colour, points, at: performance.now() });
    if (this.strokes.length > 256) this.strokes.shift();
    this.redraw();
  }

  /** Shows the stroke that is being drawn, in place of what it was a moment ago. */
  preview(tool: number, colour: number, points: readonly Point2[]): void {
    this.strokes = this.strokes.filter((s) => s.from !== -1);
    if (points.length > 0) this.strokes.push({ from: -1, tool, colour, points, at: performance.now() });
    this.redraw();
  }

  /** Draws again, after a stroke or when the page was scrolled. */
  redraw(): void {
    if (this.frame === 0) this.frame = requestAnimationFrame(() => this.paint());
  }

  private paint(): void {
    this.frame = 0;
    const { canvas, stage } = this;
    const now = performance.now();
    this.strokes = this.strokes.filter((s) => s.from === -1 || now - s.at < FADE_AFTER + FADE_FOR);
    if (canvas.width !== stage.width || canvas.height !== stage.height) {
      canvas.width = stage.width;
      canvas.height = stage.height;
    }
    const c = canvas.getContext('2d');
    if (!c) return;
    c.setTransform(1, 0, 0, 1, 0, 0);
    c.clearRect(0, 0, canvas.width, canvas.height);
    const { x, y } = this.offset();
    c.translate(-x, -y);
    c.lineCap = c.lineJoin = 'round';
    c.lineWidth = 4;
    for (const s of this.strokes) {
      c.globalAlpha = Math.min(1, Math.max(0, (FADE_AFTER + FADE_FOR - (now - s.at)) / FADE_FOR));
      c.strokeStyle = palette[s.colour] ?? palette[0];
      path(c, s);
    }
    if (this.strokes.length > 0) this.redraw();
  }

  private cursor(from: number): Cursor {
    const known = this.cursors.get(from);
    if (known) return known;
    const el = this.stage.root.ownerDocument.createElement('div');
    el.className = 'vitrine-pointer';
    el.textContent = from === 0 ? texts.customer : texts.agent;
    setStyles(el, [
      ['position', 'absolute'], ['left', '0'], ['top', '0'], ['padding', '1px 6px'], ['border-radius', '2px 10px 10px'], ['pointer-events', 'none'],
      ['background', from === 0 ? '#1d1d22' : palette[(from - 1) % palette.length] ?? palette[0]], ['color', '#fff'], ['font', '11px/1.5 system-ui, sans-serif'], ['white-space', 'nowrap'],
    ]);
    this.stage.overlay.append(el);
    const cursor: Cursor = { el, timer: undefined };
    this.cursors.set(from, cursor);
    return cursor;
  }

  /** Shows where somebody points; null takes their pointer away. */
  point(from: number, at: { x: number; y: number } | null, laser: boolean): void {
    if (from !== 0 && this.cursors.size > 16 && !this.cursors.has(from)) return;
    const cursor = this.cursor(from);
    clearTimeout(cursor.timer);
    cursor.el.hidden = at === null;
    if (!at) return;
    cursor.el.style.transform = `translate(${at.x}px, ${at.y}px)`;
    cursor.el.style.boxShadow = laser ? '0 0 0 6px rgb(229 72 77 / .5)' : 'none';
    cursor.timer = setTimeout(() => { cursor.el.hidden = true; }, POINTER_FOR);
  }

  /** Shows where a link leads, as text. */
  link(address: string | undefined): void {
    this.label.hidden = address === undefined;
    this.label.textContent = address === undefined ? '' : texts.link + address;
  }

  /** Takes everything away. */
  wipe(): void {
    cancelAnimationFrame(this.frame);
    this.forget();
    this.canvas.remove();
    this.label.remove();
  }

  /** Takes away everything that was drawn and all cursors. */
  empty(): void {
    this.forget();
    this.redraw();
  }

  private forget(): void {
    for (const { el, timer } of this.cursors.values()) {
      clearTimeout(timer);
      el.remove();
    }
    this.cursors.clear();
    this.strokes = [];
  }
}
