// A reference for batches: applies them to a plain tree and refuses whatever internal/wire/dom.go does not allow.
import { decode, Reader } from '../../../web/wire/codec';
import {
  LiveBullets, LiveChecked, LiveClosed, LiveIndeterminate, LiveNatural, LiveOpen, LiveScroll, LiveSelected, LiveUndefined, LiveValue, MaxEntry, MaxOffset, MaxRanges, MediaAll, OpBox, OpDetach,
  OpAssign, OpElem, OpEnd, OpFocus, OpInsert, OpLive, OpMark, OpMedia, OpPage, OpRanges, OpRef, OpSet, OpShadow, OpSum, OpText, OpUnset, OpView, RangesHighlight, Role, fromCustomer,
} from '../../../web/wire/frames';
import type { Batch, Str } from '../../../web/wire/frames';
import { ATTRIBUTES, ELEMENTS, PREFIXES, Value } from '../../../web/wire/vocabulary';

export interface ReplicaNode {
  readonly id: number;
  readonly kind: 'document' | 'element' | 'text' | 'shadow' | 'box';
  readonly name: string;
  text: string;
  masked: boolean;
  slot: string | 0; // that a script put it into
  readonly attrs: Map<string, string>;
  readonly live: Map<number, string>;
  parent: ReplicaNode | null;
  readonly kids: ReplicaNode[];
}

interface AttrDef {
  readonly name: string;
  readonly value: number;
  readonly list: readonly string[];
}

const names: string[] = [''];
for (const [space, , list] of ELEMENTS) for (const name of list.split(' ')) names.push((PREFIXES[space] ?? '') + name);
const attributes: AttrDef[] = [{ name: '', value: 0, list: [] }];
for (const [value, , list, , values] of ATTRIBUTES) for (const name of list.split(' ')) attributes.push({ name, value, list: values ? values.split(' ') : [] });

function fail(what: string): never {
  throw new Error(`replica: ${what}`);
}

function sumStep(id: number, parent: number): number {
  let h = Math.imul(id, 0x9e3779b1) ^ Math.imul(parent, 0x85ebca6b);
  h ^= h >>> 15;
  return Math.imul(h, 0xc2b2ae35) >>> 0;
}

export class Replica {
  root = this.make(0, 'document', '');
  nodes = new Map<number, ReplicaNode>();
  page = { quirks: 0, url: '', title: '' };
  view: number[] = [];
  readonly ranges = new Map<string, number[]>();
  focus = 0;
  readonly marks = new Map<number, number>();
  epoch = 0;
  seq = -1;
  sums = 0; // how many checksums agreed
  refs = 0; // how many moves kept their identity
  private table: Str[] = [];
  private r = new Reader(new Uint8Array());
  private next = 1;
  private batch = this.begin();

  /** What is known while one batch is read. */
  private begin(literals: readonly Str[] = []): { seen: number; literals: Str[]; last: number; base: number; detached: Set<ReplicaNode> } {
    return { seen: this.table.length, literals: [...literals], last: 0, base: this.next, detached: new Set() };
  }

  private make(id: number, kind: ReplicaNode['kind'], name: string): ReplicaNode {
    return { id, kind, name, text: '', masked: false, slot: 0, attrs: new Map(), live: new Map(), parent: null, kids: [] };
  }

  apply(bytes: Uint8Array): Batch {
    const b = decode(fromCustomer, 1, bytes);
    if (b.kind !== 'batch') fail('not a batch');
    if (b.snapshot) {
      if (b.seq !== 0 || b.epoch <= this.epoch || !b.clear) fail('snapshot header');
      this.epoch = b.epoch;
      this.root = this.make(0, 'document', '');
      this.nodes = new Map([[0, this.root]]);
      this.next = 1;
      this.focus = 0;
    } else if (b.seq !== this.seq + 1 || b.epoch !== this.epoch) fail('sequence');
    this.seq = b.seq;
    if (b.clear) this.table = [];
    this.batch = this.begin(b.literals);
    for (const s of b.strings) if (new TextEncoder().encode(s.text).length > MaxEntry) fail('entry too long');
    this.table.push(...b.strings);
    this.r = new Reader(b.ops);
    this.ops();
    if (this.batch.literals.length > 0) fail('unused literal');
    if (this.batch.seen !== this.table.length) fail('unused entry');
    return b;
  }

  private ops(): void {
    let section = 0;
    let settled = false;
    while (this.r.left > 0) {
      const op = this.r.byte();
      const place = { [OpPage]: 1, [OpView]: 2, [OpMedia]: 3, [OpDetach]: 4, [OpInsert]: 5, [OpSet]: 6, [OpUnset]: 6, [OpText]: 6, [OpLive]: 6, [OpAssign]: 6, [OpFocus]: 7, [OpMark]: 8, [OpRanges]: 9, [OpSum]: 10 }[op];
      if (place === undefined || place < section) fail(`token ${op} behind section ${section}`);
      section = place;
      if (section > 5 && !settled) {
        settled = true;
        this.settle();
      }
      this.op(op);
    }
    if (!settled) this.settle();
  }

  private op(op: number): void {
    const { r } = this;
    switch (op) {
      case OpPage:
        this.page = { quirks: r.uint(1), url: this.ref(Role.URL), title: this.ref(Role.Title) };
        break;
      case OpView:
        this.view = [r.uint(65535), r.uint(65535), r.uint(65535)];
        break;
      case OpMedia:
        for (const max of [MediaAll, 65535, 65535]) r.uint(max);
        break;
      case OpDetach:
        this.detach(this.node(this.id()));
        break;
      case OpInsert:
        this.insert();
        break;
      case OpSet: {
        const n = this.old();
        const [key, value] = this.attr(n);
        n.attrs.set(key, value);
        break;
      }
      case OpUnset: {
        const n = this.old();
        if (!n.attrs.delete(this.attrName())) fail('unset of what was not set');
        break;
      }
      case OpText: {
        const n = this.node(this.id());
        if (n.kind !== 'text' || n.id >= this.batch.base) fail('text of what is none');
        n.text = this.ref(Role.Text);
        if (n.masked && /[^•\s]/.test(n.text)) fail('masked text');
        break;
      }
      case OpLive:
        this.live(this.old());
        break;
      case OpAssign:
        this.assign(this.node(this.id()));
        break;
      case OpMark:
        this.marks.set(r.byte(), r.uint());
        break;
      case OpRanges:
        this.range();
        break;
      case OpFocus:
        this.focus = r.uint();
        if (this.focus !== 0) this.attached(this.node(this.focus));
        break;
      default:
        this.sum();
    }
  }

  private assign(n: ReplicaNode): void {
    const slot = this.r.uint();
    if (slot) this.attached(this.node(slot));
    const order = this.r.uint(slot ? 50_000 : 0);
    n.slot = slot && `${slot} ${order}`;
  }

  private detach(n: ReplicaNode): void {
    if (n.kind === 'shadow' || this.batch.detached.has(n)) fail('detach');
    this.unlink(n);
    this.batch.detached.add(n);
  }

  private range(): void {
    const { r } = this;
    const name = r.byte() === RangesHighlight ? this.ref(Role.Name) : '';
    const list = [r.int()];
    for (let n = 2 * r.uint(MaxRanges); n > 0; n--) {
      const node = this.node(r.uint());
      this.attached(node);
      if (node.kind !== 'element' && node.kind !== 'text') fail('range');
      list.push(node.id, r.uint(node.kind === 'text' ? MaxOffset : 1));
    }
    this.ranges.set(name, list);
  }

  private sum(): void {
    let sum = 0;
    for (const n of this.nodes.values()) if (n.parent) sum = (sum + sumStep(n.id, n.parent.id)) >>> 0;
    if (this.r.uint() !== this.nodes.size - 1 || this.r.uint(2 ** 32 - 1) !== sum) fail('sum');
    this.sums++;
  }

  /** Forgets what was taken out and not taken back. */
  private settle(): void {
    const forget = (n: ReplicaNode): void => {
      this.nodes.delete(n.id);
      n.kids.forEach(forget);
    };
    this.batch.detached.forEach(forget);
    this.batch.detached.clear();
  }

  private ref(role: number): string {
    const n = this.r.uint();
    const s = n === 0 ? this.batch.literals.shift() : this.table[n - 1];
    if (n > this.batch.seen + 1) fail('entry before its turn');
    this.batch.seen = Math.max(this.batch.seen, n);
    if (s?.role !== role) fail(`role ${s?.role} instead of ${role}`);
    return s.text;
  }

  private id(): number {
    this.batch.last += this.r.int();
    return this.batch.last;
  }

  private node(id: number): ReplicaNode {
    return this.nodes.get(id) ?? fail(`unknown node ${id}`);
  }

  private old(): ReplicaNode {
    const n = this.node(this.id());
    if (n.kind !== 'element' || n.id >= this.batch.base) fail('change of a new node');
    return n;
  }

  private attached(n: ReplicaNode): void {
    for (let at: ReplicaNode | null = n; at !== this.root; at = at.parent) if (!at.parent || this.batch.detached.has(at)) fail('not in the page');
  }

  private unlink(n: ReplicaNode): void {
    const { parent } = n;
    if (!parent) fail('without a parent');
    parent.kids.splice(parent.kids.indexOf(n), 1);
    n.parent = null;
  }

  private link(n: ReplicaNode, parent: ReplicaNode, before: ReplicaNode | null): void {
    n.parent = parent;
    if (before) parent.kids.splice(parent.kids.indexOf(before), 0, n);
    else parent.kids.push(n);
  }

  private insert(): void {
    const v = this.r.int();
    if (v === 0) fail('place 0');
    const named = this.node(v < 0 ? this.next + v : this.next - v);
    if (named.id >= this.batch.base) fail('place names a new node');
    this.attached(named);
    const parent = v < 0 ? named.parent : named;
    if (!parent) fail('place');
    for (let n = 0, op = this.r.byte(); ; n++, op = this.r.byte()) {
      if (op === OpEnd) return n === 0 ? fail('empty run') : undefined;
      this.one(op, parent, v < 0 ? named : null);
    }
  }

  private fresh(kind: ReplicaNode['kind'], name: string, parent: ReplicaNode, before: ReplicaNode | null): ReplicaNode {
    const n = this.make(this.next++, kind, name);
    n.masked = parent.masked;
    this.nodes.set(n.id, n);
    this.link(n, parent, before);
    return n;
  }

  private one(op: number, parent: ReplicaNode, before: ReplicaNode | null): void {
    const { r } = this;
    if (op === OpText) {
      const n = this.fresh('text', '', parent, before);
      n.text = this.ref(Role.Text);
      if (n.masked && /[^•\s]/.test(n.text)) fail('masked text');
    } else if (op === OpRef) {
      const n = this.node(this.id());
      if (!this.batch.detached.delete(n)) fail('reference to what was not taken out');
      if (n.masked !== parent.masked && !n.attrs.has('#mask')) fail('mask of a moved node');
      this.refs++;
      this.link(n, parent, before);
    } else if (op === OpBox) {
      const reason = r.uint(3);
      this.fresh('box', `box ${reason}`, parent, before).text = `${r.uint(1 << 20)}x${r.uint(1 << 20)}`;
    } else if (op === OpElem) {
      this.element(parent, before);
    } else fail(`token ${op} in a run`);
  }

  private element(parent: ReplicaNode, before: ReplicaNode | null): void {
    const code = this.r.uint();
    const name = code === 1 ? this.ref(Role.Name) : (names[code] ?? fail('element code'));
    const n = this.fresh('element', name, parent, before);
    for (let i = this.r.byte(), first = true; i > 0; i--, first = false) {
      const [key, value] = this.attr(n, first);
      if (n.attrs.has(key)) fail(`attribute ${key} twice`);
      n.attrs.set(key, value);
    }
    for (let i = this.r.byte(); i > 0; i--) this.live(n);
    for (let first = true, op = this.r.byte(); op !== OpEnd; op = this.r.byte(), first = false) {
      if (op !== OpShadow) {
        this.one(op, n, null);
        continue;
      }
      if (!first) fail('shadow root behind children');
      const root = this.fresh('shadow', `shadow ${this.r.uint(7)}`, n, null);
      for (let inner = this.r.byte(); inner !== OpEnd; inner = this.r.byte()) this.one(inner, root, null);
    }
  }

  private attrName(): string {
    const code = this.r.uint();
    const def = attributes[code] ?? fail('attribute code');
    return code <= 2 ? def.name + this.ref(Role.Name) : def.name;
  }

  private attr(n: ReplicaNode, first = false): [string, string] {
    const key = this.attrName();
    const def = attributes.find(({ name }) => name === key) ?? attributes[1] ?? fail('attribute');
    const kind = /^(data|aria)-/.test(key) ? Value.Attr : def.value;
    if (key === '#mask') {
      if (!first) fail('mask not first');
      n.masked = true;
    }
    if (n.masked && (kind === Value.Attr || kind === Value.URL || key === '#src')) fail(`${key} of a masked node`);
    if (kind === Value.Flag) return [key, ''];
    if (kind === Value.Asset) return [key, String(this.r.uint(2 ** 53 - 1))];
    if (kind === Value.Enum) return [key, String(this.r.uint())];
    return [key, this.ref(kind < Value.Number ? kind - 2 : kind)];
  }

  private live(n: ReplicaNode): void {
    const { r } = this;
    const kind = r.byte();
    switch (kind) {
      case LiveValue:
        if (n.masked) fail('value of a masked node');
        n.live.set(kind, this.ref(Role.Input));
        break;
      case LiveChecked:
      case LiveIndeterminate:
      case LiveSelected:
      case LiveUndefined:
        n.live.set(kind, String(r.uint(1)));
        break;
      case LiveScroll:
        n.live.set(kind, `${r.int()},${r.int()}`);
        break;
      case LiveBullets:
        n.live.set(kind, String(r.uint(4096)));
        break;
      case LiveNatural:
        n.live.set(kind, `${r.uint(16384)},${r.uint(16384)}`);
        break;
      case LiveOpen:
        n.live.set(kind, String(r.uint(65535)));
        break;
      case LiveClosed:
        n.live.delete(LiveOpen);
        break;
      default:
        fail('live kind');
    }
  }
}
