// @vitest-environment jsdom
import { beforeEach, describe, expect, it } from 'vitest';
import { type Batch, LiveBullets, LiveChecked, LiveOpen, LiveSelected, LiveValue, OpAt, OpElem, OpSet, OpShadow, OpText, Role } from '../wire/frames';
import { attributes, elements } from './alphabet';
import { Assets } from './assets';
import { Pen } from './kit.testing';
import { Replica } from './replica';

interface Bench {
  readonly doc: Document;
  readonly replica: Replica;
  readonly pen: Pen;
  readonly acks: number[];
  readonly needs: string[];
  apply(batch: Batch): void;
  body(): string;
}

function bench(): Bench {
  const doc = document.implementation.createHTMLDocument('stage');
  const acks: number[] = [];
  const needs: string[] = [];
  const replica = new Replica({
    document: () => doc,
    applied: (_, seq) => acks.push(seq),
    need: (_, rule) => needs.push(rule),
    told: () => undefined,
    show: () => undefined,
    quirks: () => undefined,
  }, new Assets(() => undefined));
  return {
    doc, replica, pen: new Pen(), acks, needs,
    apply(batch) {
      replica.push(batch);
      replica.flush();
    },
    body: () => doc.body.innerHTML,
  };
}

let b: Bench;
beforeEach(() => {
  b = bench();
});

function given(write: (pen: Pen) => void): void {
  b.apply(b.pen.batch(true, (pen) => pen.document(() => write(pen))));
  expect(b.needs).toEqual([]);
}

function refuses(rule: string, write: (pen: Pen) => void, snapshot = true): void {
  const before = b.doc.documentElement;
  b.apply(b.pen.batch(snapshot, write));
  expect(b.needs).toEqual([rule]);
  if (snapshot) expect(b.doc.documentElement).toBe(before);
}

describe('a snapshot', () => {
  it('becomes the document, node by node', () => {
    given((pen) => {
      pen.elem('div', [['class', 'a b'], ['data-x', '1'], ['hidden']], () => {
        pen.text('one');
        pen.text(' two');
        pen.elem('#custom|my-card', [], () => pen.shadow(() => pen.elem('p', [], () => pen.text('inside'))));
        pen.elem('svg:svg', [['viewBox', '0 0 1 1']], () => pen.elem('svg:path', [['d', 'M0 0']]));
      });
    });
    expect(b.body()).toBe('<div class="a b" data-x="1" hidden="">one two<my-card></my-card><svg viewBox="0 0 1 1"><path d="M0 0"></path></svg></div>');
    const [div] = b.doc.body.children;
    expect(div?.childNodes).toHaveLength(4);
    expect(div?.querySelector('my-card')?.shadowRoot?.innerHTML).toBe('<p>inside</p>');
    expect(div?.querySelector('path')?.namespaceURI).toBe('http://www.w3.org/2000/svg');
    expect(b.acks).toEqual([0]);
  });

  it('threat-12 has formulas in their own namespace', () => {
    given((pen) => {
      pen.elem('math:math', [['display', 'block']], () => {
        pen.elem('math:mfrac', [['linethickness', '2px']], () => {
          pen.elem('math:mi', [['mathvariant', 'normal']], () => pen.text('x'));
          pen.elem('math:mo', [['stretchy', 'false'], ['mathcolor', 'red']], () => pen.text('+'));
        });
      });
    });
    expect(b.body()).toBe(
      '<math display="block"><mfrac linethickness="2px"><mi mathvariant="normal">x</mi><mo stretchy="false" mathcolor="red">+</mo></mfrac></math>',
    );
    expect([...b.doc.body.querySelectorAll('*')].every((el) => el.namespaceURI === 'http://www.w3.org/1998/Math/MathML')).toBe(true);
  });

  it('replaces the page before it', () => {
    given((pen) => pen.text('old'));
    given((pen) => pen.text('new'));
    expect(b.body()).toBe('new');
  });

  it('from the server may give ids out of order', () => {
    b.apply(b.pen.batch(true, (pen) => {
      pen.into(0, () => pen.elem('html', [], () => {
        pen.op(OpAt).w.ops.uint(70);
        pen.elem('body', [], () => {
          pen.op(OpAt).w.ops.uint(9);
          pen.text('x');
        });
      }));
      pen.sum([[1, 0], [70, 1], [9, 70]]);
      pen.op(OpAt).w.ops.uint(100);
    }));
    expect(b.needs).toEqual([]);
    b.pen.next = 100;
    b.apply(b.pen.batch(false, (pen) => pen.setText(9, 'y').sum([[1, 0], [70, 1], [9, 70]])));
    b.pen.next = 100;
    b.apply(b.pen.batch(false, (pen) => pen.into(70, () => pen.elem('p'))));
    expect(b.needs).toEqual([]);
    expect(b.body()).toBe('y<p></p>');
  });
});

describe('a change', () => {
  it('moves nodes and keeps them the same', () => {
    given((pen) => {
      pen.elem('ul', [], () => {
        for (const t of 'abc') pen.elem('li', [], () => pen.text(t)); // 5 7 9
      });
      pen.elem('p');
    });
    const [a] = b.doc.querySelectorAll('li');
    b.apply(b.pen.batch(false, (pen) => {
      pen.detach(5).detach(7);
      pen.into(4, () => pen.ref(5));
      pen.sum([[1, 0], [2, 1], [3, 1], [4, 3], [5, 4], [6, 5], [9, 4], [10, 9], [11, 3]]);
    }));
    expect(b.needs).toEqual([]);
    expect(b.body()).toBe('<ul><li>c</li><li>a</li></ul><p></p>');
    expect(b.doc.querySelectorAll('li')[1]).toBe(a);
    refuses('row33-id', (pen) => pen.setText(8, 'gone'), false);
  });

  it('puts a moved node inside a new one, before a known one', () => {
    given((pen) => {
      pen.elem('i');
      pen.elem('b');
    });
    b.apply(b.pen.batch(false, (pen) => {
      pen.detach(5);
      pen.before(4, () => pen.elem('div', [], () => pen.ref(5)));
    }));
    expect(b.body()).toBe('<div><b></b></div><i></i>');
  });

  it('sets and unsets attributes, text and state', () => {
    given((pen) => {
      pen.elem('input', [['type', 'checkbox'], ['title', 't']]);
      pen.elem('p', [], () => pen.text('x'));
      pen.elem('dialog');
      pen.elem('div');
    });
    b.apply(b.pen.batch(false, (pen) => {
      pen.unset(4, 'input', 'title').set(4, 'input', ['class', 'c']).live(4, [LiveChecked, 1]);
      pen.setText(6, 'y').live(7, [LiveOpen, 2]).live(8, [9]);
    }));
    expect(b.needs).toEqual([]);
    const [input] = b.doc.querySelectorAll('input');
    expect(input?.checked).toBe(true);
    expect(input?.hasAttribute('title')).toBe(false);
    expect(b.doc.querySelector('p')?.textContent).toBe('y');
    expect(b.doc.querySelector('dialog')?.hasAttribute('open')).toBe(true);
    expect(b.doc.querySelector('div')?.getAttribute('popover')).toBe('manual');
  });
});

describe('form controls', () => {
  it('show what the customer sees and are nobody\u2019s to fill', () => {
    given((pen) => {
      pen.elem('input', [['type', 'text']], undefined, [[LiveValue, 'typed']]);
      pen.elem('input', [['#mask'], ['type', 'password']], undefined, [[LiveBullets, 3]]);
      pen.elem('input', [['type', 'file']]);
      pen.elem('textarea', [], undefined, [[LiveValue, 'lines']]);
      pen.elem('select', [], () => {
        pen.elem('option', [], () => pen.text('a'));
        pen.elem('option', [], () => pen.text('b'), [[LiveSelected, 1]]);
      });
    });
    const inputs = [...b.doc.querySelectorAll('input')];
    expect(inputs.map((i) => i.value)).toEqual(['typed', '\u2022\u2022\u2022', 'Choose File  No file chosen']);
    expect(inputs.map((i) => i.type)).toEqual(['text', 'password', 'button']);
    expect(inputs.map((i) => i.autocomplete)).toEqual(['off', 'off', 'off']);
    expect(inputs.map((i) => i.name)).toEqual(['', '', '']);
    expect(inputs[0]?.getAttribute('value')).toBeNull();
    expect(b.doc.querySelector('textarea')?.value).toBe('lines');
    expect(b.doc.querySelector('select')?.selectedIndex).toBe(1);
  });

  it('survive a page that hides properties behind ids', () => {
    given((pen) => pen.elem('form', [], () => {
      for (const id of ['childNodes', 'firstChild', 'parentNode', 'setAttribute', 'nodeType']) pen.elem('input', [['id', id]]);
    }));
    b.apply(b.pen.batch(false, (pen) => {
      pen.set(4, 'form', ['class', 'x']);
    }));
    b.apply(b.pen.batch(false, (pen) => pen.detach(4)));
    expect(b.needs).toEqual([]);
    expect(b.replica.tree?.count).toBe(3);
  });
});

describe('links and addresses', () => {
  it('lead nowhere; where they led is text', () => {
    given((pen) => pen.elem('a', [['href', 'https://example.com/x']]));
    expect(b.body()).toBe('<a href="#"></a>');
    const entry = b.replica.tree?.get(4);
    expect(entry && b.replica.address(entry)).toBe('https://example.com/x');
  });

  it('in styles are taken out', () => {
    given((pen) => pen.elem('p', [['style', 'background-image:url("https://example.com/a.png")']]));
    expect(b.body()).not.toMatch(/url\(/);
  });
});

describe('this fence alone refuses', () => {
  const in_ = (write: (pen: Pen) => void) => (pen: Pen) => {
    pen.document(() => write(pen));
  };
  it('unknown elements', () => refuses('row1-element', in_((pen) => pen.elem(elements.length))));
  it('element number 0', () => refuses('row1-element', in_((pen) => pen.elem(0))));
  it.each(['script', 'onclick', 'X-Y', 'annotation-xml', 'a b-c', 'font-face', '-x', 'x-"><script>'])('custom element %j', (name) => {
    refuses('row15-name', in_((pen) => pen.elem(`#custom|${name}`)));
  });
  it.each(['', 'x onload', 'x"y', 'A', 'x=y', 'x/y', 'x\u0000', 'x'.repeat(65)])('data name %j', (name) => refuses('row2-name', in_((pen) => pen.elem('p', [[`data-${name}`, 'v']]))));
  it.each(['', 'x onload', 'Label', 'x=y'])('aria name %j', (name) => refuses('row2-name', in_((pen) => pen.elem('p', [[`aria-${name}`, 'v']]))));
  it('unknown attributes', () => refuses('row2-attribute', in_((pen) => {
    pen.op(OpElem);
    for (const n of [8, 1, attributes.length, 0, 0]) pen.w.ops.uint(n); // a p with one attribute
  })));
  it('attributes where they may not stand', () => refuses('row2-place', in_((pen) => pen.elem('p', [['href', '/x']]))));
  it('enumerated values that are not in the list', () => refuses('row35-range', in_((pen) => pen.elem('input', [['type', 99]]))));
  it('an attribute twice', () => refuses('row32-attribute', in_((pen) => pen.elem('p', [['class', 'a'], ['class', 'b']]))));
  it('a string in another role', () => refuses('row33-role', in_((pen) => {
    pen.op(OpText);
    pen.w.ref(Role.Decls, 'color:red');
    pen.next++;
  })));
  it('text in a style element', () => refuses('row13-content', in_((pen) => pen.elem('style', [], () => pen.text('@import "x"')))));
  it('elements in an option', () => refuses('row13-content', in_((pen) => pen.elem('option', [], () => pen.elem('b')))));
  it('HTML in SVG but in foreignObject', () => refuses('row13-content', in_((pen) => pen.elem('svg:svg', [], () => pen.elem('div')))));
  it('HTML in MathML', () => refuses('row13-content', in_((pen) => pen.elem('math:math', [], () => pen.elem('math:mtext', [], () => pen.elem('span'))))));
  it('MathML outside of math', () => refuses('row13-content', in_((pen) => pen.elem('math:mi'))));
  it('MathML in SVG', () => refuses('row13-content', in_((pen) => pen.elem('svg:svg', [], () => pen.elem('math:math')))));
  it('boxes in MathML', () => refuses('row13-content', in_((pen) => pen.elem('math:math', [], () => pen.box(0, 1, 1)))));
  it('attributes of another language', () => refuses('row2-place', in_((pen) => pen.elem('math:math', [], () => pen.elem('math:mi', [['fill', 'red']])))));
  it('every code beyond the tables', () => {
    for (let code = elements.length; code < 256; code++) {
      b = bench();
      refuses('row1-element', in_((pen) => pen.elem(code)));
    }
  });
  it('a second root', () => refuses('row13-document', (pen) => pen.into(0, () => {
    pen.elem('html');
    pen.elem('html');
  })));
  it('a root that is not html', () => refuses('row13-document', (pen) => pen.into(0, () => pen.elem('div'))));
  it('shadow roots on other hosts', () => refuses('row14-shadow', in_((pen) => pen.elem('a', [], () => pen.shadow(() => undefined)))));
  it('a shadow root that is not first', () => refuses('row33-token', in_((pen) => pen.elem('div', [], () => {
    pen.text('x');
    pen.shadow(() => undefined);
  }))));
  it('values of masked controls', () => refuses('row34-mask', in_((pen) => pen.elem('input', [['#mask'], ['type', 'text']], undefined, [[LiveValue, 'secret']]))));
  it('readable attributes inside a mask', () => refuses('row34-mask', in_((pen) => pen.elem('div', [['#mask']], () => pen.elem('p', [['title', 'secret']])))));
  it('ids that do not exist', () => refuses('row33-id', (pen) => {
    pen.document(() => undefined);
    pen.set(77, 'p', ['class', 'x']);
  }));
  it('a wrong checksum', () => refuses('row33-sum', (pen) => {
    pen.document(() => undefined);
    pen.sum([[1, 0]]);
  }));
  it('tokens out of order', () => refuses('row33-order', (pen) => {
    pen.document(() => undefined);
    pen.view(1, 1);
  }));
  it('depth without end', () => refuses('row32-depth', in_((pen) => {
    const nest = (n: number): void => {
      pen.elem('div', [], () => {
        if (n > 0) nest(n - 1);
      });
    };
    nest(600);
  })));
  it('bytes that stop in the middle', () => {
    given((pen) => pen.text('x'));
    refuses('row35-length', (pen) => pen.op(OpSet), false);
  });
  it('an id jump in a batch that is no snapshot', () => {
    given((pen) => pen.text('x'));
    refuses('row33-at', (pen) => {
      pen.into(3, () => {
        pen.op(OpAt).w.ops.uint(1);
        pen.elem('p');
      });
    }, false);
  });
  it('a move of what was not taken out', () => {
    given((pen) => pen.elem('p'));
    refuses('row33-ref', (pen) => pen.into(3, () => pen.ref(4)), false);
  });
  it('a node inside itself', () => {
    given((pen) => pen.elem('div', [], () => pen.elem('p')));
    refuses('row33-parent', (pen) => pen.detach(4).into(5, () => pen.ref(4)), false);
  });
  it('a shadow root as a node of its own', () => {
    given((pen) => pen.elem('div', [], () => pen.shadow(() => undefined)));
    refuses('row33-detach', (pen) => pen.detach(5), false);
  });
  it('a shadow root that has no host', () => {
    given((pen) => pen.elem('p'));
    refuses('row33-token', (pen) => pen.into(4, () => pen.op(OpShadow)), false);
  });
});

describe('what the server lets through', () => {
  it('live states that an element cannot be in show nothing', () => {
    given((pen) => {
      for (const live of [[LiveValue, 'v'], [LiveChecked, 1], [LiveSelected, 1], [LiveBullets, 3]] as const) pen.elem('p', [], undefined, [live]);
    });
    expect(b.acks).toEqual([0]);
    expect(b.body()).toBe('<p></p>'.repeat(4));
  });
  it('a page that opened its menus ten thousand times', () => {
    given((pen) => pen.elem('dialog', [], undefined, [[LiveOpen, 10_000]]));
    expect(b.acks).toEqual([0]);
  });
  it('text in the deepest element, and a place before it', () => {
    let deepest = 0;
    given((pen) => {
      const nest = (n: number): void => {
        deepest = pen.elem('div', [], () => (n > 1 ? nest(n - 1) : void pen.text('x')));
      };
      nest(510);
    });
    const text = 3 + 510 + 1;
    b.apply(b.pen.batch(false, (pen) => pen.before(text, () => pen.text('y'))));
    expect(deepest).toBe(4);
    expect(b.acks).toEqual([0, 1]);
    expect(b.doc.body.textContent).toBe('yx');
  });
});

describe('after a violation', () => {
  it('nothing is applied until a snapshot comes', () => {
    given((pen) => pen.text('x'));
    refuses('row33-id', (pen) => pen.setText(99, 'y'), false);
    b.apply(b.pen.batch(false, (pen) => pen.setText(4, 'z')));
    expect(b.body()).toBe('x');
    expect(b.acks).toEqual([0]);
    b.apply(b.pen.batch(true, (pen) => pen.document(() => pen.text('fresh'))));
    expect(b.body()).toBe('fresh');
  });

  it('a gap in the numbers is one, too', () => {
    given((pen) => pen.text('x'));
    b.pen.batch(false, (pen) => pen.setText(4, 'lost'));
    refuses('row36-gap', (pen) => pen.setText(4, 'y'), false);
  });
});

it('is empty after the end', () => {
  given((pen) => pen.text('x'));
  b.replica.wipe();
  expect(b.doc.documentElement).toBeNull();
  expect(b.replica.tree).toBeNull();
});
