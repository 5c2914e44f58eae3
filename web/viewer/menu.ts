// Small windows beside a control of the page that cannot be operated through the overlay: lists of options, and values
// such as dates. They are drawn by the viewer, outside the stage, from text alone.
import { getAttribute, hasAttribute, inputValue, isMultiple, isSelected, textOf } from './natives';
import { optionsOf } from './replica';
import type { Stage } from './stage';
import { texts } from './texts';
import type { Entry, Tree } from './tree';

/** Types of inputs whose value is set as a whole. */
export const valueTypes = new Set(['range', 'date', 'time', 'datetime-local', 'month', 'week', 'color']);

/** A window beside a control. */
export class Menu {
  private readonly stage: Stage;
  private box: HTMLElement | null = null;
  private back: HTMLElement | null = null;
  constructor(stage: Stage) {
    this.stage = stage;
  }

  private open(at: { x: number; y: number }, label: string): HTMLElement {
    this.close();
    const { root } = this.stage;
    const doc = root.ownerDocument;
    this.back = doc.activeElement instanceof HTMLElement ? doc.activeElement : null;
    const box = doc.createElement('div');
    box.className = 'vitrine-menu';
    box.setAttribute('role', 'dialog');
    box.setAttribute('aria-label', label);
    const { style } = box;
    style.position = 'absolute';
    style.zIndex = '2';
    style.maxHeight = '60%';
    style.overflow = 'auto';
    style.padding = '6px';
    style.background = 'Canvas';
    style.color = 'CanvasText';
    style.border = '1px solid GrayText';
    style.borderRadius = '8px';
    style.font = '14px/1.5 system-ui, sans-serif';
    box.addEventListener('keydown', (event) => {
      event.stopPropagation();
      if (event.key === 'Escape') this.close();
    });
    root.append(box);
    this.box = box;
    this.place(box, at);
    return box;
  }

  private place(box: HTMLElement, at: { x: number; y: number }): void {
    const frame = this.stage.overlay.getBoundingClientRect();
    const root = this.stage.root.getBoundingClientRect();
    const scale = this.stage.scale();
    const x = frame.left - root.left + at.x * scale;
    const y = frame.top - root.top + at.y * scale;
    box.style.left = `${Math.max(0, Math.min(x, root.width - 240))}px`;
    box.style.top = `${Math.max(0, Math.min(y, root.height - 120))}px`;
  }

  private button(text: string, act: () => void): HTMLButtonElement {
    const el = this.stage.root.ownerDocument.createElement('button');
    el.type = 'button';
    el.textContent = text;
    el.addEventListener('click', act);
    return el;
  }

  /** Lists the options of a select element. */
  options(tree: Tree, select: Entry, at: { x: number; y: number }, choose: (option: number, on: boolean) => void): void {
    const box = this.open(at, texts.choose);
    const multiple = isMultiple(select.node as HTMLSelectElement);
    box.setAttribute('role', 'listbox');
    if (multiple) box.setAttribute('aria-multiselectable', 'true');
    let first: HTMLElement | null = null;
    for (const node of optionsOf(select.node)) {
      const entry = tree.of(node);
      if (!entry) continue;
      const on = isSelected(node as HTMLOptionElement);
      const text = (getAttribute(node, 'label') ?? textOf(node) ?? '').trim();
      const item = this.button(`${on ? '\u2713 ' : '\u2003'}${text}`, () => {
        choose(entry.id, multiple ? !on : true);
        this.close();
      });
      item.setAttribute('role', 'option');
      item.setAttribute('aria-selected', String(on));
      item.disabled = hasAttribute(node, 'disabled');
      Object.assign(item.style, { display: 'block', width: '100%', textAlign: 'start', background: 'none', border: '0', padding: '4px 10px', font: 'inherit', color: 'inherit', unicodeBidi: 'isolate' });
      box.append(item);
      if (!first || on) first = item;
    }
    box.addEventListener('keydown', (event) => this.arrows(event));
    first?.focus();
  }

  private arrows(event: KeyboardEvent): void {
    const step = event.key === 'ArrowDown' ? 1 : event.key === 'ArrowUp' ? -1 : 0;
    if (step === 0 || !this.box) return;
    event.preventDefault();
    const items = [...this.box.querySelectorAll('button')].filter((b) => !b.disabled);
    const next = items.findIndex((b) => b === b.ownerDocument.activeElement) + step;
    items.at(next % items.length)?.focus();
  }

  /** Asks for the value of an input that has no caret. */
  value(input: Entry, at: { x: number; y: number }, set: (value: string) => void): void {
    const el = input.node as HTMLInputElement;
    const box = this.open(at, texts.value);
    const field = this.stage.root.ownerDocument.createElement('input');
    const type = getAttribute(el, 'vitrine-type') ?? '';
    field.type = valueTypes.has(type) ? type : 'text';
    for (const name of ['min', 'max', 'step']) {
      const limit = getAttribute(el, name);
      if (limit !== null) field.setAttribute(name, limit);
    }
    field.value = inputValue(el);
    field.setAttribute('aria-label', texts.value);
    field.autocomplete = 'off';
    const apply = (): void => {
      set(field.value);
      this.close();
    };
    field.addEventListener('keydown', (event) => {
      if (event.key === 'Enter') apply();
    });
    box.append(field, this.button(texts.apply, apply), this.button(texts.close, () => this.close()));
    field.focus();
  }

  /** Whether a window is open. */
  get isOpen(): boolean {
    return this.box !== null;
  }

  /** Closes the window and gives the focus back. */
  close(): void {
    if (!this.box) return;
    this.box.remove();
    this.box = null;
    this.back?.focus({ preventScroll: true });
  }
}
