// What the agent does over the page becomes frames. Nothing reaches the stage: the overlay takes every event, and what the
// page does in return comes back as a batch.
import { type FromAgent, type Point2, PointerKind, StrokeTool } from '../wire/frames';
import { type Drawings, palette } from './draw';
import type { Eyes } from './eyes';
import { type Spot, closest, scrollingAt, spotAt } from './hit';
import type { Tool } from './index';
import { makeKeyboard } from './keys';
import { Menu, valueTypes } from './menu';
import { getAttribute, hasAttribute, scrollLeft, scrollTop, rootOf } from './natives';
import type { Replica } from './replica';
import { type Caret, caretAt } from './select';
import type { Stage } from './stage';
import type { Entry } from './tree';

const POINTER_EVERY = 1000 / 60;
const MAX_POINTS = 2000;
const CLICK_SLOP = 6;
const CLICK_HOLDS = 1000; // milliseconds

/** What the input needs to know and may do. */
export interface Desk {
  readonly stage: Stage;
  readonly replica: Replica;
  readonly drawings: Drawings;
  readonly eyes: Eyes;
  /** Whether a scope is granted to this agent now. */
  readonly may: (scope: 'point' | 'scroll' | 'click' | 'type') => boolean;
  readonly send: (frame: FromAgent) => void;
  /** Something was tried that is not granted. */
  readonly refused: (rule: string) => void;
}

const tools = new Map<Tool, number>([['pen', StrokeTool.Pen], ['arrow', StrokeTool.Arrow], ['rectangle', StrokeTool.Rectangle]]);

/** How far the page on the stage is scrolled. */
export function pageOffset(stage: Stage): Point2 {
  const doc = stage.document();
  const html = doc && (rootOf(doc) as Element | null);
  return html ? { x: scrollLeft(html), y: scrollTop(html) } : { x: 0, y: 0 };
}

/** The agent's hands. */
export class Input {
  private readonly desk: Desk;
  private readonly menu: Menu;
  private readonly field: HTMLTextAreaElement;
  private seq = 0;
  private tool: Tool = 'none';
  private colour = 0;
  private stroke: Point2[] | null = null;
  private down: { readonly x: number; readonly y: number; readonly spot: Spot | null; readonly caret: Caret | null } | null = null;
  private latest: PointerEvent | null = null;
  private pending = false;
  private turn: { readonly event: WheelEvent; readonly x: number; readonly y: number } | null = null;
  private clicks: { readonly x: number; readonly y: number; readonly time: number; readonly count: number; readonly own: boolean } | null = null;
  /** Where typed text goes until the customer's page says where the focus is. */
  private clicked: { readonly id: number; readonly focus: number; readonly until: number } | null = null;

  constructor(desk: Desk) {
    this.desk = desk;
    const { overlay } = desk.stage;
    this.menu = new Menu(desk.stage);
    // Not within what scrolls: browsers scroll to where the focus is.
    this.field = makeKeyboard(desk.stage.root, { active: () => desk.may('type'), text: (text) => this.type(text), key: (key) => this.press(key), pressing: () => this.pressing(), roam: (key) => this.roam(key), copy: () => desk.eyes.selected.text });
    overlay.style.touchAction = 'none';
    overlay.style.cursor = 'default';
    overlay.addEventListener('pointerdown', (event) => this.pointerDown(event));
    overlay.addEventListener('pointermove', (event) => this.pointerMove(event));
    overlay.addEventListener('pointerup', (event) => this.pointerUp(event));
    overlay.addEventListener('pointercancel', () => this.cancel());
    overlay.addEventListener('pointerleave', () => this.leave());
    overlay.addEventListener('wheel', (event) => this.wheel(event), { passive: false });
    for (const name of ['click', 'dblclick', 'auxclick', 'contextmenu', 'dragstart', 'drop', 'selectstart']) {
      overlay.addEventListener(name, (event) => {
        event.preventDefault();
        event.stopPropagation();
      });
    }
  }

  /** Chooses what the pointer draws. */
  draw(tool: Tool, colour: number): void {
    if (tool === 'clear') {
      this.desk.send({ kind: 'stroke', tool: StrokeTool.Clear, colour: 0, points: [] });
      this.desk.drawings.add(-2, StrokeTool.Clear, 0, []);
      return;
    }
    this.cancel();
    this.tool = tool;
    this.colour = Math.min(palette.length - 1, Math.max(0, Math.trunc(colour)));
    this.desk.stage.overlay.style.cursor = tool === 'none' ? 'default' : 'crosshair';
  }

  private at(event: { clientX: number; clientY: number }): { x: number; y: number } {
    const { stage } = this.desk;
    const rect = stage.overlay.getBoundingClientRect();
    const scale = stage.scale();
    return { x: (event.clientX - rect.left) / scale, y: (event.clientY - rect.top) / scale };
  }

  private spot(event: { clientX: number; clientY: number }): Spot | null {
    const { replica, stage } = this.desk;
    const doc = stage.document();
    const { x, y } = this.at(event);
    return doc && replica.tree ? spotAt(doc, replica.tree, x, y) : null;
  }

  private caret(event: { clientX: number; clientY: number }): Caret | null {
    const { replica, stage } = this.desk;
    const doc = stage.document();
    const { x, y } = this.at(event);
    return doc && replica.tree ? caretAt(doc, replica.tree, x, y) : null;
  }

  // Without control, dragging selects text.
  private select(event: PointerEvent): void {
    const from = this.down?.caret;
    const to = from ? this.caret(event) : null;
    if (from && to) this.desk.eyes.selected.span(from, to);
  }

  private pagePoint(event: { clientX: number; clientY: number }): Point2 {
    const { x, y } = this.at(event);
    const offset = pageOffset(this.desk.stage);
    const clamp = (v: number): number => Math.max(-1048576, Math.min(1048576, Math.round(v)));
    return { x: clamp(x + offset.x), y: clamp(y + offset.y) };
  }

  private pointerDown(event: PointerEvent): void {
    event.preventDefault();
    this.field.focus({ preventScroll: true });
    if (event.button !== 0) return;
    const { desk } = this;
    const wasOpen = this.menu.isOpen;
    this.menu.close();
    if (wasOpen) return;
    this.down = { ...this.at(event), spot: this.spot(event), caret: this.tool === 'none' && !this.desk.may('click') ? this.caret(event) : null };
    desk.eyes.selected.clear();
    if (this.tool === 'none') this.desk.stage.overlay.setPointerCapture(event.pointerId);
    if (this.tool !== 'none' && !this.desk.may('point')) {
      this.down = null;
      this.desk.refused('not-granted');
    } else if (tools.has(this.tool)) {
      this.desk.stage.overlay.setPointerCapture(event.pointerId);
      this.stroke = [this.pagePoint(event)];
    }
  }

  private pointerMove(event: PointerEvent): void {
    if (this.stroke) this.extend(event);
    this.select(event);
    this.latest = event;
    if (this.pending) return;
    this.pending = true;
    setTimeout(() => {
      this.pending = false;
      if (this.latest) this.moved(this.latest);
    }, POINTER_EVERY);
  }

  private extend(event: PointerEvent): void {
    const { stroke } = this;
    const last = stroke?.at(-1);
    if (!stroke || !last) return;
    const next = this.pagePoint(event);
    if (this.tool !== 'pen') stroke.length = 1;
    else if (Math.hypot(next.x - last.x, next.y - last.y) < 3 || stroke.length >= MAX_POINTS) return;
    stroke.push(next);
    this.desk.drawings.preview(tools.get(this.tool) ?? 0, this.colour, [...stroke]);
  }

  private moved(event: PointerEvent): void {
    const { desk } = this;
    const spot = this.spot(event);
    const { tree } = desk.replica;
    const link = tree && spot ? closest(tree, spot.entry, (e) => desk.replica.address(e) !== undefined) : undefined;
    desk.drawings.link(link && desk.replica.address(link));
    if (!spot || !desk.may('point')) return;
    const kind = this.tool === 'laser' ? PointerKind.Laser : PointerKind.Move;
    desk.send({ kind: 'pointer', pointerKind: kind, epoch: desk.replica.epoch, node: spot.entry.id, x: spot.x, y: spot.y });
  }

  private leave(): void {
    this.latest = null;
    this.desk.drawings.link(undefined);
    if (this.desk.may('point')) this.desk.send({ kind: 'pointer', pointerKind: PointerKind.Leave, epoch: this.desk.replica.epoch, node: 0, x: 0, y: 0 });
  }

  private cancel(): void {
    this.stroke = this.down = null;
    this.desk.drawings.preview(0, 0, []);
  }

  private pointerUp(event: PointerEvent): void {
    event.preventDefault();
    const { down, stroke } = this;
    this.cancel();
    if (event.button !== 0 || !down) return;
    if (stroke) {
      const tool = tools.get(this.tool) ?? 0;
      if (stroke.length > 1) {
        this.desk.send({ kind: 'stroke', tool, colour: this.colour, points: stroke });
        this.desk.drawings.add(-2, tool, this.colour, stroke);
      }
      return;
    }
    const up = this.at(event);
    if (this.tool !== 'none' || (down.caret && this.selectedBy(event, down.caret))) return;
    if (Math.hypot(up.x - down.x, up.y - down.y) <= CLICK_SLOP) this.click(event);
    else this.drag(down.spot, event);
  }

  // Whether what ends with this event was about selecting text: a drag, or a second or third click.
  private selectedBy(event: PointerEvent, caret: Caret): boolean {
    const { selected } = this.desk.eyes;
    if (selected.text === '') {
      const count = this.count(event, this.at(event), true);
      if (count > 1) selected.around(caret, count === 2 ? 'word' : 'block');
    }
    return selected.text !== '';
  }

  private click(event: PointerEvent): void {
    const { desk } = this;
    const { tree, epoch, focus } = desk.replica;
    const spot = this.spot(event);
    if (!spot || !tree) return;
    if (!desk.may('click')) {
      desk.refused('not-granted');
      return;
    }
    const at = this.at(event);
    const { entry } = spot;
    const select = closest(tree, entry, (e) => e.rule?.key === 'select');
    if (select && !hasAttribute(select.node, 'disabled')) {
      this.menu.options(tree, select, at, (option, on) => desk.send({ kind: 'choose', seq: ++this.seq, from: 0, epoch: desk.replica.epoch, node: select.id, option, on }));
      return;
    }
    if (entry.rule?.key === 'input' && valueTypes.has(getAttribute(entry.node, 'vitrine-type') ?? '')) {
      this.menu.value(entry, at, (value) => desk.send({ kind: 'setValue', seq: ++this.seq, from: 0, epoch: desk.replica.epoch, node: entry.id, value }));
      return;
    }
    if (entry.rule?.key === 'input' && getAttribute(entry.node, 'vitrine-type') === 'file' && desk.may('point')) {
      // The server refuses the click and says why; the customer is shown where a file is wanted.
      desk.send({ kind: 'pointer', pointerKind: PointerKind.Laser, epoch, node: entry.id, x: spot.x, y: spot.y });
    }
    const control = closest(tree, entry, typeable);
    this.clicked = control ? { id: control.id, focus, until: event.timeStamp + CLICK_HOLDS } : null;
    desk.send({ kind: 'click', seq: ++this.seq, from: 0, epoch, node: entry.id, x: spot.x, y: spot.y, count: this.count(event, at) });
  }

  private drag(from: Spot | null, event: PointerEvent): void {
    const { desk } = this;
    const to = this.spot(event);
    if (!from || !to) return;
    if (!desk.may('click')) {
      desk.refused('not-granted');
      return;
    }
    desk.send({
      kind: 'drag', seq: ++this.seq, from: 0, epoch: desk.replica.epoch, node: from.entry.id, x: from.x, y: from.y, to: to.entry.id, toX: to.x, toY: to.y,
    });
  }

  // Pointer events do not count clicks. Those in the page and those that are the agent's own are counted apart.
  private count(event: PointerEvent, at: Point2, own = false): number {
    const last = this.clicks;
    const near = last?.own === own && event.timeStamp - last.time < 400 && Math.hypot(at.x - last.x, at.y - last.y) <= CLICK_SLOP;
    const count = near ? (last.count % 3) + 1 : 1;
    this.clicks = { ...at, time: event.timeStamp, count, own };
    return count;
  }

  // Where keys go: to what was just clicked, until the page has told where its focus went. What it tells first may be
  // what an earlier click did, so for a moment only the focus on the clicked node itself counts.
  private target(): number {
    const { focus, tree } = this.desk.replica;
    const { clicked } = this;
    const told = clicked && (clicked.id === focus || (clicked.focus !== focus && performance.now() > clicked.until));
    if (clicked && (told || !tree?.find(clicked.id))) this.clicked = null;
    return this.clicked?.id ?? focus;
  }

  private type(text: string): void {
    const node = this.target();
    if (node === 0) this.desk.refused('no-focus');
    else this.desk.send({ kind: 'typeText', seq: ++this.seq, from: 0, epoch: this.desk.replica.epoch, node, text });
  }

  private pressing(): boolean {
    const { tree } = this.desk.replica;
    const entry = tree?.find(this.target());
    const control = tree && closest(tree, entry, typeable);
    return !control || (control === entry && pressed.has(getAttribute(entry.node, 'vitrine-type') ?? ''));
  }

  private press(key: number): void {
    const { replica } = this.desk;
    const node = this.target() || (replica.body()?.id ?? 0);
    if (node !== 0) this.desk.send({ kind: 'pressKey', seq: ++this.seq, from: 0, epoch: replica.epoch, node, key });
  }

  private wheel(event: WheelEvent): void {
    event.preventDefault();
    const { eyes, stage } = this.desk;
    if (event.ctrlKey) {
      if (event.deltaY !== 0) eyes.zoomBy(event.deltaY < 0 ? 1 : -1);
      return;
    }
    const unit = event.deltaMode === 1 ? 20 : event.deltaMode === 2 ? stage.height * 0.9 : 1;
    // What is the agent's own comes first.
    if (stage.pan(event.deltaX * unit, event.deltaY * unit)) return;
    if (eyes.following && !this.desk.may('scroll')) {
      this.desk.refused('not-granted-scroll');
      return;
    }
    const { turn } = this;
    this.turn = { event, x: (turn?.x ?? 0) + event.deltaX * unit, y: (turn?.y ?? 0) + event.deltaY * unit };
    if (!turn) requestAnimationFrame(() => this.scroll());
  }

  // One frame to the server for all turns of the wheel within one frame of the screen.
  private scroll(): void {
    const { desk, turn } = this;
    this.turn = null;
    const { tree, epoch } = desk.replica;
    if (!tree || !turn) return;
    const to = scrollingAt(tree, this.spot(turn.event)?.entry ?? desk.replica.body(), turn.x, turn.y);
    if (!to) return;
    if (!desk.eyes.following) {
      desk.eyes.move(to.entry, to.x, to.y);
      return;
    }
    // Shown at once; the page's own answer corrects it.
    desk.replica.places.to(to.entry, to.x, to.y);
    desk.drawings.redraw();
    desk.send({ kind: 'scrollTo', seq: ++this.seq, from: 0, epoch, node: to.id, x: to.x, y: to.y });
  }

  /** Keys that are not the customer's: they scroll the agent's own view. Returns whether a key was one of them. */
  private roam(key: string): boolean {
    const { eyes, replica, stage } = this.desk;
    const by = roaming.get(key);
    const { tree } = replica;
    const page = replica.places.page;
    const entry = page ? tree?.exact(page) : undefined;
    if (!by || !page || !entry) return false;
    const [dx, dy] = [by.dx ?? 0, (by.dy ?? 0) + (by.screens ?? 0) * stage.height];
    if (stage.pan(dx, dy)) return true;
    if (eyes.following) return false;
    eyes.move(entry, scrollLeft(page) + dx, scrollTop(page) + dy);
    return true;
  }

  /** The number of the next input. */
  nextSeq(): number {
    return ++this.seq;
  }

  /** Lets go of everything. */
  wipe(): void {
    this.menu.close();
    this.field.remove();
    this.latest = this.stroke = this.clicked = this.turn = this.clicks = null;
  }
}

const LINE = 40; // pixels

const FAR = 1e6;

const roaming = new Map<string, { readonly dx?: number; readonly dy?: number; readonly screens?: number }>([
  ['ArrowLeft', { dx: -LINE }], ['ArrowRight', { dx: LINE }], ['ArrowUp', { dy: -LINE }], ['ArrowDown', { dy: LINE }],
  ['PageUp', { screens: -0.9 }], ['PageDown', { screens: 0.9 }], [' ', { screens: 0.9 }], ['Home', { dy: -FAR }], ['End', { dy: FAR }],
]);

// Inputs that Space presses.
const pressed = new Set(['checkbox', 'radio', 'button', 'submit', 'reset', 'image', 'range', 'file']);

function typeable(entry: Entry): boolean {
  if (entry.kind !== 'element' || !entry.rule) return false;
  const el = entry.node as Element;
  return entry.rule.key === 'textarea' || entry.rule.key === 'input' || hasAttribute(el, 'vitrine-editable');
}
