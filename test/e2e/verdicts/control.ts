// The positive control: a page that builds what a payload says in a bare frame, as a viewer without any rule would.
// Zero on the stage means something only because these detectors find plenty here.
import { attributes, localName, namespace } from './natives';
import { type Case, childrenOf, parse } from './tree';

function copy(doc: Document, node: Node): Node | null {
  if (node instanceof CharacterData) return doc.createTextNode(node.data);
  if (!(node instanceof Element)) return null;
  const make = (): Element => {
    try {
      return doc.createElementNS(namespace(node), localName(node));
    } catch {
      return doc.createElement('span'); // a name that only a parser can make
    }
  };
  const made = make();
  const append = (...kids: readonly Node[]): void => { Element.prototype.append.call(made, ...kids); };
  for (const { name, value, namespaceURI } of attributes(node)) {
    try {
      made.setAttributeNS(namespaceURI, name, value);
    } catch {
      continue; // likewise
    }
  }
  append(...childrenOf(node).map((child) => copy(doc, child)).filter((child) => child !== null));
  return made;
}

const control = {
  /** Builds cases in a bare frame; what is wrong there. */
  build(list: readonly Case[]): number {
    document.querySelectorAll('iframe').forEach((old) => { old.remove(); });
    const frame = document.createElement('iframe');
    document.body.append(frame);
    const { contentWindow: target, contentDocument: doc } = frame;
    if (!target || !doc) throw new Error('no frame');
    window.inspector.naive(target, 'control');
    for (const made of list.flatMap(parse)) {
      const box = doc.createElement('div');
      box.setAttribute('data-case', made.id);
      doc.body.append(box);
      box.append(...made.nodes.map((node) => copy(doc, node)).filter((node) => node !== null));
    }
    return window.inspector.look(doc).found.length;
  },
};

export type Control = typeof control;

declare global {
  interface Window {
    readonly control: Control;
  }
}

Object.defineProperty(window, 'control', { value: control });
