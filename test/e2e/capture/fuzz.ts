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

const isElement = (n: Node): n is Element => n.nodeType === Node.ELEMENT_NODE;
const isText = (n: Node): n is Text => n.nodeType === Node.TEXT_NODE;

export class Fuzz {
  private readonly next: () => number;
  private readonly removed: Node[] = [];
  private readonly roots = new WeakMap<Element, ShadowRoot>(); // the closed ones
  private readonly closed: boolean;

  /** Some of the shadow roots may be closed. */
  constructor(seed: number, closed = false) {
    this.next = random(seed);
    this.closed = closed;
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
      const root = this.rootOf(n);
      if (root) walk(root);
    };
    walk(root);
    return all;
  }

  private rootOf(n: Node): ShadowRoot | null {
    return isElement(n) ? n.shadowRoot ?? this.roots.get(n) ?? null : null;
  }

  private attach(host: Element): ShadowRoot {
    const mode = this.closed && this.below(3) === 0 ? 'closed' : 'open';
    const root = host.attachShadow({ mode });
    if (mode === 'closed') this.roots.set(host, root);
    return root;
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
    if (el.localName === 'div' && this.below(6) === 0) this.attach(el).append(this.make(depth + 1));
    if (depth < 3) for (let i = this.below(4); i > 0; i--) el.append(this.make(depth + 1));
    return el;
  }

  private insert(into: Node, n: Node): void {
    const kids = [null, ...into.childNodes];
    try {
      into.insertBefore(n, this.one(kids));
    } catch (error) {
      if (Object.prototype.toString.call(error) !== '[object DOMException]') throw error; // a node into itself
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
        else if (isElement(parent) && this.below(3) === 0) parent.innerHTML = '<i>in</i>ner<ul><li class=k>1<li>2</ul><!-- c -->';
        return;
      }
    }
  }

  /** One random change below root. */
  step(root: Element): void {
    const nodes = this.nodes(root);
    const elements: Node[] = [root, ...nodes.filter(isElement)];
    const shadows = elements.flatMap((n) => this.rootOf(n) ?? []);
    const parent = this.one<Node>([...elements, ...shadows]);
    const any = nodes.length > 0 ? this.one(nodes) : null;
    const text = nodes.filter(isText);
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
        if (!any || !isElement(any) || !any.parentNode) return;
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
        if (el.localName === 'div' && !this.rootOf(el) && this.below(8) === 0) this.attach(el).append('late', this.make(2));
        if (el.nodeName === 'INPUT') (el as HTMLInputElement).value = this.one(values);
      }
    }
  }
}
