// Attributes and live state of one element: reads them from the token stream, checks them, sets them.
import { type Reader, WireError } from '../wire/codec';
import { LiveBullets, LiveChecked, LiveClosed, LiveIndeterminate, LiveNatural, LiveOpen, LiveScroll, LiveSelected, LiveUndefined, LiveValue, Role } from '../wire/frames';
import { Value } from '../wire/vocabulary';
import { ARIA_ATTR, type AttributeRule, DATA_ATTR, type ElementRule, MASK_ATTR, allowed, attributeSuffix, attributes, hiddenByMask } from './alphabet';
import { Layers } from './layers';
import type { Media } from './media';
import { inputValue, removeAttribute, setAreaValue, setAttribute, setChecked, setIndeterminate, setInputValue } from './natives';
import { Slots } from './slots';
import type { Strings } from '../wire/strings';
import { texts } from './texts';
import type { Entry } from './tree';
import type { Users } from './users';

const MAX_BULLETS = 4096;

/** An element of the wire. */
export interface Dressed extends Entry {
  readonly node: Element;
  readonly rule: ElementRule;
}

/** The entry as an element; refuses other nodes. */
export function dressed(entry: Entry): Dressed {
  if (entry.kind !== 'element' || !entry.rule) throw new WireError('row33-element');
  return entry as Dressed;
}

/** Everything about the tree's elements that is not in the stage itself. */
export class Wardrobe {
  /** Where links lead, by node, as text for people. */
  readonly addresses = new Map<number, string>();
  /** Where nodes are scrolled to. */
  readonly scrolls = new Map<number, readonly [number, number]>();
  /** Whether options are selected. */
  readonly selected = new WeakMap<Element, boolean>();
  /** Selects, groups and options that this batch touched, and nodes that it scrolled. */
  readonly touched = new Set<Dressed>();
  readonly scrolled = new Set<number>();
  readonly layers = new Layers();
  readonly slots = new Slots();
  private readonly strings: Strings;
  private readonly users: Users;

  constructor(strings: Strings, users: Users) {
    this.strings = strings;
    this.users = users;
  }

  /** Takes the customer's screen and wishes. */
  prefer(change: Partial<Media>): void {
    this.users.prefer(change);
  }

  /** The node is gone. */
  forget(entry: Entry): void {
    this.addresses.delete(entry.id);
    this.scrolls.delete(entry.id);
    this.slots.forget(entry);
    if (entry.kind !== 'element' || !entry.rule) return;
    this.users.forget(entry.node as Element);
    this.layers.forget(entry as Dressed);
  }

  /** Forgets everything. */
  wipe(): void {
    this.addresses.clear();
    this.scrolls.clear();
    this.touched.clear();
    this.scrolled.clear();
    this.users.wipe();
    this.layers.wipe();
    this.slots.wipe();
  }

  private rule(r: Reader, entry: Dressed): { rule: AttributeRule; name: string } {
    const rule = attributes[r.uint(255)];
    if (!rule) throw new WireError('row2-attribute');
    if (!allowed(rule, entry.rule)) throw new WireError('row2-place');
    let { name } = rule;
    if (rule.code === DATA_ATTR || rule.code === ARIA_ATTR) {
      const suffix = this.strings.take(r, Role.Name);
      if (!attributeSuffix(suffix)) throw new WireError('row2-name');
      name += suffix;
    }
    return { rule, name };
  }

  /** Reads one attribute and sets it. Returns what tells it from the others of its element. */
  attribute(r: Reader, entry: Dressed, fresh: boolean): string {
    const { rule, name } = this.rule(r, entry);
    if (rule.code === MASK_ATTR && !fresh) throw new WireError('row34-mask');
    if (entry.masked && hiddenByMask(rule)) throw new WireError('row34-mask');
    switch (rule.value) {
      case Value.Flag:
        this.flag(entry, name, true);
        break;
      case Value.Enum: {
        const value = rule.values[r.uint(rule.values.length - 1)];
        if (value === undefined) throw new WireError('row2-value');
        this.enumerated(entry, name, value);
        break;
      }
      case Value.Asset:
        this.asset(entry, name, r.uint(Number.MAX_SAFE_INTEGER));
        break;
      default:
        this.text(entry, rule, name, this.strings.take(r, rule.role));
    }
    return name;
  }

  /** Reads the name of an attribute and removes it. */
  remove(r: Reader, entry: Dressed): void {
    const { rule, name } = this.rule(r, entry);
    const el = entry.node;
    if (rule.code === MASK_ATTR) throw new WireError('row34-mask');
    if (rule.value === Value.Flag) this.flag(entry, name, false);
    else if (rule.value === Value.Asset) this.asset(entry, name, 0);
    else if (rule.value === Value.Decls || rule.value === Value.CSSValue) this.users.css(el, name, null);
    else if (rule.value === Value.Media) this.users.media(el, null);
    else if (name === '#states') removeAttribute(el, 'vitrine-states');
    else if (name === '#ref') removeAttribute(el, 'href');
    else {
      if (name === 'href') this.addresses.delete(entry.id);
      if (name === 'type') removeAttribute(el, 'vitrine-type');
      removeAttribute(el, name);
    }
  }

  private flag(entry: Dressed, name: string, on: boolean): void {
    const el = entry.node;
    if (name === '#disabled') {
      this.users.disable(el, on);
      return;
    }
    if (name === '#mask') entry.masked = true;
    // The stage's own marks are spelled so that no name from the wire can be one: data- and aria- are all it can say.
    const attribute = name.startsWith('#') ? `vitrine-${name.slice(1)}` : name;
    if (on) setAttribute(el, attribute, '');
    else removeAttribute(el, attribute);
    if (name !== '#editable') return;
    // For the page's own [contenteditable] styles. Nobody edits the stage.
    if (on) setAttribute(el, 'contenteditable', 'false');
    else removeAttribute(el, 'contenteditable');
  }

  private enumerated(entry: Dressed, name: string, value: string): void {
    const el = entry.node;
    if (entry.rule.key !== 'input' || name !== 'type') {
      setAttribute(el, name, value);
      return;
    }
    setAttribute(el, 'vitrine-type', value);
    // A file control would be the agent's own; a password control would be filled by the agent's browser.
    setAttribute(el, 'type', value === 'file' ? 'button' : value);
    if (value === 'file') setInputValue(el as HTMLInputElement, texts.file);
    if (value === 'password') setAttribute(el, 'readonly', '');
  }

  private asset(entry: Dressed, name: string, asset: number): void {
    const el = entry.node;
    if (name === '#sheet') this.users.sheet(el, asset);
    else if (entry.rule.key === 'canvas' || entry.rule.key === 'video') this.users.image(el, asset, 'content');
    else this.users.image(el, asset, entry.rule.svg ? 'href' : 'src');
  }

  private text(entry: Dressed, rule: AttributeRule, name: string, text: string): void {
    const el = entry.node;
    switch (rule.value) {
      case Value.URL:
        // The constant keeps :link and [href] styles; where the link leads is for people to read, never for a browser.
        if (name === 'href') {
          this.addresses.set(entry.id, text);
          setAttribute(el, 'href', '#');
        }
        break;
      case Value.Decls:
      case Value.CSSValue:
        this.users.css(el, name, text);
        break;
      case Value.Media:
        this.users.media(el, text);
        break;
      default:
        if (name === 'width' || name === 'height') this.users.sized(el);
        if (name === '#states') setAttribute(el, 'vitrine-states', text.split(/\s+/).filter((state) => /^[\w-]{1,64}$/.test(state)).join(' '));
        else if (name === '#ref') setAttribute(el, 'href', `#${text.replace(/^#/, '')}`);
        else if (name === 'usemap') setAttribute(el, name, `#${text.replace(/^#/, '')}`);
        else setAttribute(el, name, text);
    }
  }

  /** Reads one live state and applies it. */
  live(r: Reader, entry: Dressed): void {
    const kind = r.uint(15);
    const el = entry.node;
    const { key } = entry.rule;
    switch (kind) {
      case LiveValue:
        this.value(entry, this.strings.take(r, Role.Input));
        return;
      case LiveBullets:
        this.bullets(entry, '\u2022'.repeat(Math.min(r.uint(), MAX_BULLETS)));
        return;
      // What an element cannot be in says nothing, here as in the server.
      case LiveChecked:
      case LiveIndeterminate: {
        const on = r.uint(1) === 1;
        if (key === 'input') (kind === LiveChecked ? setChecked : setIndeterminate)(el as HTMLInputElement, on);
        return;
      }
      case LiveSelected: {
        const on = r.uint(1) === 1;
        if (key !== 'option') return;
        this.selected.set(el, on);
        this.touched.add(entry);
        return;
      }
      case LiveScroll:
        this.scrolls.set(entry.id, [r.int(), r.int()]);
        this.scrolled.add(entry.id);
        return;
      case LiveNatural: {
        const width = r.uint(16384);
        const height = r.uint(16384);
        this.users.natural(el, width, height);
        return;
      }
      case LiveOpen:
        this.layers.set(entry, r.uint(65535));
        return;
      case LiveClosed:
        this.layers.set(entry, null);
        return;
      case LiveUndefined:
        if (r.uint(1) === 1) setAttribute(el, 'vitrine-undefined', '');
        else removeAttribute(el, 'vitrine-undefined');
        return;
      default:
        throw new WireError('row34-live');
    }
  }

  private value(entry: Dressed, text: string): void {
    if (entry.masked) throw new WireError('row34-mask');
    this.show(entry, text);
  }

  private bullets(entry: Dressed, text: string): void {
    this.show(entry, text);
  }

  private show(entry: Dressed, text: string): void {
    const { key } = entry.rule;
    const el = entry.node;
    if (key === 'textarea') setAreaValue(el as HTMLTextAreaElement, text);
    else if (key === 'input') showInput(el as HTMLInputElement, text);
  }
}

function showInput(el: HTMLInputElement, text: string): void {
  setInputValue(el, text);
  if (inputValue(el) === text || text === '') return;
  // Controls such as date and number take no bullets; what they show is a line of text then.
  setAttribute(el, 'type', 'text');
  setInputValue(el, text);
}
