// Which node of a snapshot has which id: reads the token stream of internal/wire/dom.go as far as that needs.
import { Reader } from '../../../web/wire/codec';
import {
  type Batch, LiveBullets, LiveChecked, LiveClosed, LiveIndeterminate, LiveNatural, LiveOpen, LiveScroll, LiveSelected, LiveUndefined, LiveValue,
  OpBox, OpElem, OpEnd, OpInsert, OpMedia, OpPage, OpShadow, OpText, OpView, type Str,
} from '../../../web/wire/frames';
import { ATTRIBUTES, ELEMENTS, PREFIXES, Value } from '../../../web/wire/vocabulary';

const elements = ELEMENTS.flatMap(([space, , names]) => names.split(' ').map((name) => (PREFIXES[space] ?? '') + name));
const attributes = ATTRIBUTES.flatMap(([value, , names]) => names.split(' ').map((name) => ({ name, value })));

/** An element of a snapshot. */
export interface Node {
  readonly id: number;
  readonly element: string;
  readonly attrs: Readonly<Record<string, string>>;
}

class Snapshot {
  readonly nodes: Node[] = [];
  private readonly r: Reader;
  private readonly strings: readonly Str[];
  private readonly literals: Str[];
  private next = 1;

  constructor(batch: Batch) {
    this.r = new Reader(batch.ops);
    this.strings = batch.strings;
    this.literals = [...batch.literals];
  }

  private text(): string {
    const ref = this.r.uint();
    const found = ref === 0 ? this.literals.shift() : this.strings[ref - 1];
    if (!found) throw new Error('the snapshot names a string that it does not hold');
    return found.text;
  }

  private attribute(attrs: Record<string, string>): void {
    const found = attributes[this.r.uint() - 1];
    if (!found) throw new Error('the snapshot names an attribute that is in no table');
    const name = found.name.endsWith('-') ? found.name + this.text() : found.name;
    if (found.value === Value.Flag) attrs[name] = '';
    else if (found.value === Value.Enum || found.value === Value.Asset) attrs[name] = String(this.r.uint(Number.MAX_SAFE_INTEGER));
    else attrs[name] = this.text();
  }

  private live(): void {
    const kind = this.r.byte();
    const sizes = new Map([[LiveChecked, 1], [LiveIndeterminate, 1], [LiveSelected, 1], [LiveScroll, 2], [LiveBullets, 1], [LiveNatural, 2], [LiveOpen, 1], [LiveClosed, 0], [LiveUndefined, 1]]);
    if (kind === LiveValue) this.text();
    else for (let n = sizes.get(kind) ?? 0; n > 0; n--) this.r.uint();
  }

  private element(): void {
    const id = this.next++;
    const name = elements[this.r.uint() - 1] ?? '';
    const element = name === '#custom' ? this.text() : name;
    const attrs: Record<string, string> = {};
    for (let n = this.r.byte(); n > 0; n--) this.attribute(attrs);
    for (let n = this.r.byte(); n > 0; n--) this.live();
    this.nodes.push({ id, element, attrs });
    this.list();
  }

  // Nodes up to the end of their list.
  private list(): void {
    for (let op = this.r.byte(); op !== OpEnd; op = this.r.byte()) {
      if (op === OpElem) {
        this.element();
        continue;
      }
      this.next++;
      if (op === OpText) this.text();
      else if (op === OpBox) for (let n = 3; n > 0; n--) this.r.uint();
      else if (op === OpShadow) {
        this.r.byte();
        this.list();
      } else throw new Error(`the snapshot has token ${op} among its nodes`);
    }
  }

  read(): readonly Node[] {
    for (let op = this.r.byte(); op !== OpInsert; op = this.r.byte()) {
      if (op === OpPage) {
        this.r.uint();
        this.text();
        this.text();
      } else if (op === OpView || op === OpMedia) for (let n = 3; n > 0; n--) this.r.uint();
      else throw new Error(`the snapshot begins with token ${op}`);
    }
    this.r.int();
    this.list();
    return this.nodes;
  }
}

/** The elements of a customer's snapshot. */
export function nodesOf(batch: Batch): readonly Node[] {
  if (!batch.snapshot) throw new Error('the batch is no snapshot');
  return new Snapshot(batch).read();
}
