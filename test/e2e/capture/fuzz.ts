// Changes a page at random; a seed alone repeats a run.

/** mulberry32: small, seeded, good enough to choose. */
export function random(seed: number): () => number {
  let a = seed >>> 0;
  return () => {
    a = (a + 0x6d2b79f5) >>> 0;
    let t = Math.imul(a ^ (a >>> 15), 1 | a);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

const tags = ['div', 'span', 'p', 'ul', 'li', 'b', 'x-card', 'blink', 'section', 'input', 'select', 'option', 'script', 'template', 'textarea', 'button'];
const svgTags = ['svg', 'g', 'rect', 'foreignObject', 'animate', 'text'];
const mathTags = ['math', 'mrow', 'mi', 'mfrac', 'mtext', 'semantics', 'annotation', 'mspace', 'maction'];
const attrs = ['class', 'id', 'title', 'data-x', 'aria-label', 'aria-nonsense', 'style', 'hidden', 'onclick', 'foo', 'dir', 'role'];
const values = ['a', 'b c', 'color: red', 'rtl', '', 'long '.repeat(20)];

export class Fuzz {
  private readonly next: () => number;
  private readonly removed: Node[] = [];

  constructor(seed: number) {
    this.next = random(seed);
  }

  private below(n: number): number {
    return Math.floor(this.next() * n);
  }

  private one<T>(list: readonly T[]): T {
    const item = list[this.below(list.length)];
    if (item === undefined) throw new Error('empty list');
    return item;
  }

  private nodes(root: Node): Node[] {
    const all: Node[] = [];
    const walk = (n: Node): void => {
      for (let c = n.firstChild; c; c = c.nextSibling) {
        all.push(c);
        walk(c);
      }
      if (n instanceof Element && n.shadowRoot) walk(n.shadowRoot);
    };
    walk(root);
    return all;
  }

  /** A new subtree. */
  make(depth = 0): Node {
    const kind = this.below(10);
    if (kind < 3) return document.createTextNode(this.one(['one', 'two ', ' ', '\n', 'ünïcödé 🎈', 'x'.repeat(60)]));
    if (kind === 3) return document.createComment('c');
    const el = kind === 4 ? document.createElementNS('http://www.w3.org/2000/svg', this.one(svgTags))
      : kind === 5 ? document.createElementNS('http://www.w3.org/1998/Math/MathML', this.one(mathTags))
        : document.createElement(this.one(tags));
    if (el.localName === 'script') el.setAttribute('type', 'text/plain'); // its text is no program
    for (let i = this.below(3); i > 0; i--) el.setAttribute(this.one(attrs), this.one(values));
    if (el.localName === 'div' && this.below(6) === 0) el.attachShadow({ mode: 'open' }).append(this.make(depth + 1));
    if (depth < 3) for (let i = this.below(4); i > 0; i--) el.append(this.make(depth + 1));
    return el;
  }

  private insert(into: Node, n: Node): void {
    const kids = [null, ...into.childNodes];
    try {
      into.insertBefore(n, this.one(kids));
    } catch (error) {
      if (!(error instanceof DOMException)) throw error; // a node into itself
    }
  }

  /** A change of order or of text. */
  private small(parent: Node, text: readonly Text[]): void {
    switch (this.below(4)) {
      case 0:
        for (const n of [...parent.childNodes].sort(() => this.next() - 0.5)) parent.appendChild(n);
        return;
      case 1: {
        const t = text.length > 0 ? this.one(text) : null;
        if (t && t.length > 1) t.splitText(1 + this.below(t.length - 1));
        return;
      }
      case 2:
        return parent.normalize();
      default: {
        if (text.length > 0 && this.below(2) === 0) this.one(text).data += '+';
        else if (this.below(4) === 0) parent.textContent = 'plain';
        else if (parent instanceof Element && this.below(3) === 0) parent.innerHTML = '<i>in</i>ner<ul><li class=k>1<li>2</ul><!-- c -->';
        return;
      }
    }
  }

  /** One random change below root. */
  step(root: Element): void {
    const nodes = this.nodes(root);
    const elements: Node[] = [root, ...nodes.filter((n) => n instanceof Element)];
    const shadows = elements.flatMap((n) => (n instanceof Element && n.shadowRoot ? [n.shadowRoot] : []));
    const parent = this.one<Node>([...elements, ...shadows]);
    const any = nodes.length > 0 ? this.one(nodes) : null;
    const text = nodes.filter((n): n is Text => n instanceof Text);
    switch (this.below(15)) {
      case 0:
      case 1:
        return this.insert(parent, this.make());
      case 2:
      case 3:
        return any ? this.insert(parent, any) : undefined; // a move
      case 4:
        if (any) this.removed.push(any.parentNode?.removeChild(any) ?? any);
        return;
      case 5:
        return this.removed.length > 0 ? this.insert(parent, this.one(this.removed)) : undefined; // once more
      case 6: {
        // wrap: the moved child of a new parent
        if (!any?.parentNode) return;
        const wrap = document.createElement(this.one(['div', 'span']));
        any.parentNode.replaceChild(wrap, any);
        wrap.append(any);
        return;
      }
      case 7: {
        // unwrap
        if (!(any instanceof Element) || !any.parentNode) return;
        any.replaceWith(...any.childNodes);
        return;
      }
      case 8: {
        const fragment = document.createDocumentFragment();
        fragment.append(...[...parent.childNodes].filter(() => this.below(2) === 0));
        return this.insert(this.one<Node>(elements), fragment);
      }
      case 9:
      case 10:
      case 11:
      case 12:
        return this.small(parent, text);
      default: {
        const el = this.one(elements) as Element;
        if (this.below(3) === 0) el.removeAttribute(this.one(attrs));
        else el.setAttribute(this.one(attrs), this.one(values));
        if (el.localName === 'div' && !el.shadowRoot && this.below(8) === 0) el.attachShadow({ mode: 'open' }).append('late', this.make(2));
        if (el instanceof HTMLInputElement) el.value = this.one(values);
      }
    }
  }
}
