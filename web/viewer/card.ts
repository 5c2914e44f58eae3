// What the viewer puts over the stage.
import { texts } from './texts';

/** Makes an empty box at the top left of a container. */
export function box(container: HTMLElement, name: string): HTMLElement {
  const el = container.ownerDocument.createElement('div');
  el.className = name;
  const { style } = el;
  style.position = 'absolute';
  style.left = '0';
  style.top = '0';
  container.append(el);
  return el;
}

/** What lies over a page that is not drawn any more. */
export class Card {
  el: HTMLElement | null = null;
  private readonly root: HTMLElement;

  constructor(root: HTMLElement) {
    this.root = root;
  }

  open(again: () => void): void {
    this.close();
    const el = box(this.root, 'vitrine-resting');
    const { style } = el;
    style.inset = '0';
    style.display = 'grid';
    style.placeContent = style.placeItems = 'center';
    style.gap = '12px';
    style.padding = '16px';
    style.font = '14px/1.5 system-ui, sans-serif';
    style.background = '#f4f4f6';
    style.color = '#1d1d22';
    el.setAttribute('role', 'alert');
    const text = this.root.ownerDocument.createElement('div');
    text.textContent = texts.slow;
    const button = this.root.ownerDocument.createElement('button');
    button.type = 'button';
    button.textContent = texts.drawAgain;
    button.addEventListener('click', again);
    el.append(text, button);
    this.el = el;
  }

  close(): void {
    this.el?.remove();
    this.el = null;
  }
}
