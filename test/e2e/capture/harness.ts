// Runs inside the page: the SDK's capture, the reference replica, and the page's own frames under the test's control.
import { Assets } from '../../../web/sdk/assets';
import { Capture } from '../../../web/sdk/capture';
import { Masks } from '../../../web/sdk/mask';
import type { MaskRules } from '../../../web/sdk/mask';
import { learn } from '../../../web/sdk/vocab';
import * as words from '../../../web/sdk/more';
import type { FromCustomer } from '../../../web/wire/frames';
import { dumpPage, dumpReplica } from './dump';
import { Fuzz } from './fuzz';
import { Replica } from './replica';

export { Fuzz };

learn(words);

declare global {
  interface Window {
    frames_: (() => void)[]; // filled by the page's requestAnimationFrame, which the test replaced before the SDK loaded
  }
}

export const sent: Uint8Array[] = [];
export const said: FromCustomer[] = [];
export const replica = new Replica();
export let pressure = 0;

export function setPressure(bytes: number): void {
  pressure = bytes;
}

export let capture: Capture;

/** Begins to capture this page; a slice of 0 tells it in parts as small as can be. */
export function begin(rules: MaskRules = { selectors: [], private: false }, slice?: number): void {
  const assets = new Assets(7, { send: (frame) => void said.push(frame), drained: () => Promise.resolve() });
  capture = new Capture(
    {
      dom: (frame) => {
        sent.push(frame);
        replica.apply(frame);
      },
      pressure: () => pressure,
      send: (frame) => said.push(frame),
    },
    new Masks(rules),
    assets,
    0,
    slice,
  );
  capture.start(0);
}

/** Has one batch made. */
export function batch(): void {
  capture.touch();
  for (const fn of window.frames_.splice(0)) fn();
}

/** Lets one frame pass, and whatever the page is behind by then. */
export async function frame(): Promise<void> {
  await new Promise<void>((done) => {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => done();
    port2.postMessage(0);
  });
  do {
    batch();
    await new Promise((done) => { setTimeout(done, capture.whole ? 0 : 5); });
  } while (capture.on && !pressure && !capture.whole);
}

/** The first line in which page and replica differ; null when they agree. */
export function difference(): string | null {
  const page: string[] = [];
  const copy: string[] = [];
  dumpPage(document.documentElement, '', '', page);
  for (const n of replica.root.kids) dumpReplica(n, '', copy);
  for (let i = 0; i < Math.max(page.length, copy.length); i++) {
    if (page[i] !== copy[i]) return `line ${i}: page ${JSON.stringify(page[i])}, replica ${JSON.stringify(copy[i])}`;
  }
  return null;
}

/** Changes the page at random and compares after every batch. The answer names the step that failed. */
export async function fuzz(seed: number, batches: number): Promise<string | null> {
  const random = new Fuzz(seed);
  document.body.replaceChildren();
  await frame();
  for (let batch = 0; batch < batches; batch++) {
    for (let n = 1 + (seed * 7 + batch * 13) % 25; n > 0; n--) random.step(document.body);
    try {
      await frame();
    } catch (error) {
      return `seed ${seed}, batch ${batch}: ${String(error)}`;
    }
    const found = difference();
    if (found) return `seed ${seed}, batch ${batch}: ${found}`;
  }
  return null;
}

/**
 * Changes many parts of the page at random, each by a seed of its own, in tasks that do not all end in a batch: nothing
 * watches what is taken out between one task and the next. The answer says what failed.
 */
export async function fuzzTogether(seeds: readonly number[], batches: number): Promise<string | null> {
  document.body.replaceChildren(...seeds.map(() => document.createElement('section')));
  const parts = [...document.body.children].map((root, i) => ({ root, seed: seeds[i] ?? 0, random: new Fuzz(seeds[i] ?? 0) }));
  for (let batch = 0; batch < batches; batch++) {
    for (const { root, seed, random } of parts) for (let n = 1 + (seed * 7 + batch * 13) % 25; n > 0; n--) random.step(root);
    await new Promise((done) => { setTimeout(done, 1); });
    if ((batch + (seeds[0] ?? 0)) % 3 === 0) continue;
    await frame();
    const found = difference() ?? known();
    if (found) return `seeds from ${seeds[0]}, batch ${batch}: ${found}`;
  }
  return null;
}

/** The first id that stands for a node on one side only; null when both know the same. */
function known(): string | null {
  const last = Math.max(...replica.nodes.keys()) + 2000;
  for (let id = 1; id < last; id++) {
    if ((capture.node(id) !== undefined) !== replica.nodes.has(id)) return `node ${id} is known to the ${capture.node(id) ? 'page' : 'replica'} alone`;
  }
  return null;
}
