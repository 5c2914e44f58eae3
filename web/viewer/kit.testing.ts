// Writes batches for tests: names instead of codes, and anything at all where a test wants to break the rules.
import { BatchWriter } from '../wire/batch';
import { decode } from '../wire/codec';
import {
  type Batch, Channel, OpBox, OpDetach, OpElem, OpEnd, OpInsert, OpLive, OpPage, OpRef, OpSet, OpShadow, OpSum, OpText, OpUnset, OpView, Role,
  type ToAgent, toAgent,
} from '../wire/frames';
import { Value } from '../wire/vocabulary';
import { type AttributeRule, allowed, attributes, elements } from './alphabet';
import { sumStep } from './tree';

/** An attribute: its name as the table spells it ("data-" and "aria-" with what follows), and its value. */
export type Attr = readonly [string, (string | number)?];
/** Live state: its kind and the numbers or the text that follow. */
export type Live = readonly [number, ...(number | string)[]];

function codeOf(name: string): number {
  const code = elements.findIndex((rule) => rule?.key === name);
  if (code < 0) throw new Error('no such element in the tables');
  return code;
}

/** Writes the batches of one page. */
export class Pen {
  readonly w = new BatchWriter();
  next = 1;
  private epoch = 0;
  private seq = 0;

  /** A batch; a snapshot begins a new epoch. */
  batch(snapshot: boolean, write: (pen: this) => void): Batch {
    if (snapshot) {
      this.epoch++;
      this.seq = 0;
      this.next = 1;
    } else this.seq++;
    this.w.begin(snapshot);
    write(this);
    const bytes = this.w.end(this.epoch, this.seq, snapshot).slice();
    const frame: ToAgent = decode(toAgent, Channel.Dom, bytes);
    if (frame.kind !== 'batch') throw new Error('not a batch');
    return frame;
  }

  op(code: number): this {
    this.w.ops.byte(code);
    return this;
  }

  page(url: string, title: string): this {
    this.op(OpPage).w.ops.uint(0);
    this.w.ref(Role.URL, url);
    this.w.ref(Role.Title, title);
    return this;
  }

  view(width: number, height: number): this {
    this.op(OpView);
    for (const n of [width, height, 1000]) this.w.ops.uint(n);
    return this;
  }

  /** A run of nodes as the last children of a known node. */
  into(parent: number, write: () => void): this {
    this.op(OpInsert).w.ops.int(this.next - parent);
    write();
    return this.op(OpEnd);
  }

  /** A run of nodes before a known node. */
  before(node: number, write: () => void): this {
    this.op(OpInsert).w.ops.int(node - this.next);
    write();
    return this.op(OpEnd);
  }

  /** An element by name, or "#custom name", or by a bare code. Returns its id. */
  elem(name: string | number, attrs: readonly Attr[] = [], write: () => void = () => undefined, lives: readonly Live[] = []): number {
    const id = this.next++;
    const [key, custom] = typeof name === 'string' ? name.split('|') : [];
    const code = typeof name === 'number' ? name : codeOf(key ?? '');
    this.op(OpElem).w.ops.uint(code);
    if (custom !== undefined) this.w.ref(Role.Name, custom);
    this.w.ops.uint(attrs.length);
    for (const attr of attrs) this.attr(code, attr);
    this.w.ops.uint(lives.length);
    for (const live of lives) this.liveState(live);
    write();
    this.op(OpEnd);
    return id;
  }

  private attr(element: number, [name, value]: Attr): void {
    const rule = this.rule(element, name);
    if (rule.value === Value.Flag) return;
    if (rule.value === Value.Enum) this.w.ops.uint(typeof value === 'number' ? value : rule.values.indexOf(value ?? ''));
    else if (rule.value === Value.Asset) this.w.ops.uint(Number(value));
    else this.w.ref(rule.role, String(value));
  }

  private rule(element: number, name: string): AttributeRule {
    const prefix = /^(?:data-|aria-)/.exec(name)?.[0];
    const on = elements[element];
    const spelled = attributes.filter((a): a is AttributeRule => a?.name === (prefix ?? name));
    const rule = spelled.find((a) => on && allowed(a, on)) ?? spelled[0];
    if (!rule) throw new Error('no such attribute in the tables');
    this.w.ops.uint(rule.code);
    if (prefix !== undefined) this.w.ref(Role.Name, name.slice(prefix.length));
    return rule;
  }

  private liveState([kind, ...values]: Live): void {
    this.w.ops.uint(kind);
    for (const v of values) {
      if (typeof v === 'string') this.w.ref(Role.Input, v);
      else if (kind === 5) this.w.ops.int(v);
      else this.w.ops.uint(v);
    }
  }

  text(text: string): number {
    this.op(OpText);
    this.w.ref(Role.Text, text);
    return this.next++;
  }

  box(reason: number, width: number, height: number): number {
    this.op(OpBox);
    for (const n of [reason, width, height]) this.w.ops.uint(n);
    return this.next++;
  }

  shadow(write: () => void): number {
    const id = this.next++;
    this.op(OpShadow).w.ops.uint(0);
    write();
    this.op(OpEnd);
    return id;
  }

  ref(id: number): void {
    this.op(OpRef).w.id(id);
  }

  detach(id: number): this {
    this.op(OpDetach).w.id(id);
    return this;
  }

  set(id: number, element: string, attr: Attr): this {
    this.op(OpSet).w.id(id);
    this.attr(codeOf(element), attr);
    return this;
  }

  unset(id: number, element: string, name: string): this {
    this.op(OpUnset).w.id(id);
    this.rule(codeOf(element), name);
    return this;
  }

  setText(id: number, text: string): this {
    this.op(OpText).w.id(id);
    this.w.ref(Role.Text, text);
    return this;
  }

  live(id: number, live: Live): this {
    this.op(OpLive).w.id(id);
    this.liveState(live);
    return this;
  }

  /** The checksum of nodes, given as [id, parent]. */
  sum(nodes: readonly (readonly [number, number])[]): this {
    this.op(OpSum).w.ops.uint(nodes.length);
    this.w.ops.uint(nodes.reduce((sum, [id, parent]) => (sum + sumStep(id, parent)) >>> 0, 0));
    return this;
  }

  /** html, head and body around the rest; the body's id is 3. */
  document(write: () => void): this {
    return this.into(0, () => {
      this.elem('html', [], () => {
        this.elem('head');
        this.elem('body', [], write);
      });
    });
  }
}
