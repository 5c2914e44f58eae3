// A frame that both sides let in and that lies (case 18): whatever it says, the page, the session and the other frames go on.
import type { Frame } from '@playwright/test';
import { BatchWriter } from '../../web/wire/batch';
import { GoneReason, OpDetach, OpElem, OpEnd, OpInsert, OpText, Role } from '../../web/wire/frames';
import { ATTRIBUTES, ELEMENTS, PREFIXES } from '../../web/wire/vocabulary';
import { expect, together } from './support/env';
import { framesFromCustomer, framesToCustomer } from './support/frames';
import { doc, inside, publish, shop, test, text } from './support/guests';

test.beforeEach(({ site, other, server }) => { publish(site, other, server); });

// Somebody who speaks the language and means no good.
const hostile = (parent: string): string => doc('hostile', `<script>const page = 'p' + Math.random();
  const hello = () => parent.postMessage({ vitrine: 'vitrine-frame', page }, '${parent}');
  addEventListener('message', ({ data, ports }) => {
    if (data.vitrine === 'vitrine-page') hello();
    if (data.vitrine !== 'vitrine-port') return;
    window.port = ports[0];
    port.onmessage = ({ data }) => { if (data.kind === 'start') window.begun = data; };
  });
  hello();</script>`);

const codes = new Map(ELEMENTS.flatMap(([space, , names]) => names.split(' ').map((name) => `${PREFIXES[space] ?? ''}${name}`)).map((name, i) => [name, i + 1]));
const attributes = ATTRIBUTES.flatMap(([, , names]) => names.split(' '));
const HREF = attributes.indexOf('href') + 1;

/** A snapshot of an html element with what a function writes into its body. */
function batch(write: (w: BatchWriter) => void, { snapshot = true, epoch = 1, seq = 0 } = {}): number[] {
  const w = new BatchWriter();
  w.begin(snapshot);
  if (!snapshot) write(w);
  else {
    w.ops.byte(OpInsert);
    w.ops.int(1); // behind the last child of the document
    open(w, 'html');
    open(w, 'body');
    write(w);
    for (let i = 0; i < 3; i++) w.ops.byte(OpEnd);
  }
  return [...w.end(epoch, seq, snapshot)];
}

function open(w: BatchWriter, name: string, attrs = 0): void {
  w.ops.byte(OpElem);
  w.ops.uint(codes.get(name) ?? 0);
  w.ops.byte(attrs);
  if (!attrs) w.ops.byte(0);
}

function words(w: BatchWriter, what: string): void {
  w.ops.byte(OpText);
  w.ref(Role.Text, what);
}

const calm = batch((w) => { words(w, 'hostile words'); });
const nested = (w: BatchWriter, depth: number): void => {
  for (let i = 0; i < depth; i++) open(w, 'div');
  for (let i = 0; i < depth; i++) w.ops.byte(OpEnd);
};

// What is wrong, and what the frame says. {run} is the number of the start.
const attacks: readonly (readonly [string, readonly unknown[]])[] = [
  ['nothing', [null]],
  ['no message', [7, 'text']],
  ['a name of every object', [{ kind: 'constructor' }]],
  ['no bytes', [{ kind: 'dom', frame: 'text' }]],
  ['bytes that are no frame', [{ kind: 'dom', frame: Array.from({ length: 400 }, (_, i) => (i * 151) % 256) }]],
  ['changes of another epoch', [{ kind: 'dom', frame: batch((w) => { w.ops.byte(OpDetach); w.id(1); }, { snapshot: false, epoch: 2 }) }]],
  ['nodes that are not there', [{ kind: 'dom', frame: batch((w) => { w.ops.byte(OpDetach); w.id(99); }, { snapshot: false, seq: 1 }) }]],
  ['an epoch again', [{ kind: 'dom', frame: calm }]],
  ['elements that have no code', [{ kind: 'dom', frame: batch((w) => { open(w, 'script'); }, { epoch: 2 }) }]],
  ['a tree too deep', [{ kind: 'dom', frame: batch((w) => { nested(w, 600); }, { epoch: 2 }) }]],
  ['nodes without end', [{ kind: 'dom', frame: batch((w) => { for (let i = 0; i < 60_000; i++) words(w, 'x'); }, { epoch: 2 }) }]],
  ['a frame too large', [{ kind: 'dom', frame: 'huge' }]],
  ['a pointer to nowhere', [{ kind: 'pointer', node: 1, x: -1, y: 70_000 }]],
  ['a receipt that is none', [{ kind: 'receipt', seq: 1, from: 1, rule: '<b>', node: 1 }]],
  ['assets of the page', [{ kind: 'asset', asset: 5, assetKind: 0, loaded: 0 }]],
  ['a flood', Array.from({ length: 5000 }, () => ({ kind: 'pong' }))],
];

test('case18 threat-51 a hostile frame ends itself alone', async ({ customer, agent, server, at, site, other }) => {
  other.site.pages.set('/hostile.html', hostile(site.origin));
  site.pages.set('/shop.html', shop(`${other.origin}/pay.html`, [other.origin, other.site.origin]));
  await together(customer, agent, server, at('shop.html'));
  await expect.poll(() => text(agent, '#said')).toBe('pay here');
  let n = 0;
  const begin = async (origin: string): Promise<Frame> => {
    const name = `hostile.html?${++n}`;
    await customer.page.evaluate((src) => {
      document.querySelector('#bad')?.remove();
      const frame = document.createElement('iframe');
      frame.id = 'bad';
      frame.src = src;
      document.querySelector('main')?.append(frame);
    }, `${origin}/${name}`);
    await expect.poll(async () => customer.page.frames().some((f) => f.url().endsWith(name))).toBe(true);
    const frame = inside(customer.page, name);
    await expect.poll(() => frame.evaluate(() => 'begun' in window)).toBe(true);
    return frame;
  };
  const speak = (frame: Frame, list: readonly unknown[]): Promise<void> => frame.evaluate((all) => {
    const { port, begun } = window as unknown as { port: MessagePort; begun: { run: number } };
    for (const what of all as (null | { kind?: string; frame?: unknown })[]) {
      if (what?.frame === 'huge') what.frame = new Uint8Array(6 << 20);
      if (Array.isArray(what?.frame)) what.frame = new Uint8Array(what.frame as number[]);
      port.postMessage(what && typeof what === 'object' ? { run: begun.run, ...what } : what);
    }
  }, list);
  const follows = async (why: string): Promise<void> => {
    const now = `still here ${++n}`;
    await customer.page.evaluate((said) => document.querySelector('#under')?.replaceChildren(said), now);
    await expect.poll(() => agent.text('#under'), { message: why }).toBe(now);
    expect(await customer.state(), why).toBe('active');
  };

  for (const [what, list] of attacks) {
    const frame = await begin(other.origin);
    await speak(frame, [{ kind: 'dom', frame: calm }]);
    await expect.poll(() => text(agent, 'body', '#bad'), { message: what }).toBe('hostile words');
    await speak(frame, list);
    await expect.poll(() => text(agent, 'body', '#bad'), { message: what }).toBeUndefined();
    await follows(what);
  }
  expect(await text(agent, '#said'), 'the other frame is none of this').toBe('pay here');

  // Bytes that the page has are offered as something else, and receipts tell of what nobody asked: no strike comes of it.
  const liar = await begin(other.origin);
  await liar.evaluate(() => {
    const { port, begun } = window as unknown as { port: MessagePort; begun: { run: number; space: number } };
    const png = new Uint8Array([0x89, 0x50, 0x4e, 0x47, 13, 10, 26, 10, 0, 0, 0, 13]);
    for (let i = 1; i <= 12; i++) port.postMessage({ kind: 'asset', run: begun.run, asset: begun.space * 2 ** 32 + i, assetKind: i % 3, loaded: [png] });
  });
  await expect.poll(async () => framesFromCustomer(await customer.sent()).flatMap(({ frame }) => (frame.kind === 'gone' ? [frame.reason] : [])).filter((reason) => reason === GoneReason.Type).length).toBe(4);
  await follows('assets of two kinds');
  await speak(liar, [{ kind: 'receipt', seq: 1, from: 1, rule: 'row42-target', node: 1 }]);
  await follows('receipts of nothing');
  await expect.poll(async () => framesToCustomer(await customer.received()).filter(({ frame }) => frame.kind === 'resync').length).toBe(0);

  // What only the server can know to be wrong costs the frame its place, and then every frame theirs; the session goes on.
  const link = batch((w) => {
    open(w, 'div', 1);
    w.ops.uint(HREF);
    w.ref(Role.URL, 'https://evil.example/');
    w.ops.byte(0);
    w.ops.byte(OpEnd);
  });
  const frame = await begin(other.site.origin);
  await speak(frame, [{ kind: 'dom', frame: link }]);
  await expect.poll(async () => framesToCustomer(await customer.received()).flatMap(({ frame: f }) => (f.kind === 'resync' ? [f.rule] : []))).toEqual(['row02-attribute']);
  await follows('refused by the server');
  expect(await text(agent, 'body', '#bad')).toBeUndefined();
  expect(await text(agent, '#said')).toBe('pay here');
});
