// What the viewer's browser tests run in a page: a stage and a replica without a server, fed with hand-made batches.
import { Assets } from '../../../web/viewer/assets';
import { spotAt } from '../../../web/viewer/hit';
import { Pen } from '../../../web/viewer/kit.testing';
import { Replica } from '../../../web/viewer/replica';
import { checkFrame } from '../../../web/viewer/fence';
import { makeStage } from '../../../web/viewer/stage';
import { AssetKind, Mime } from '../../../web/wire/frames';

const container = document.createElement('div');
container.style.width = '800px';
container.style.height = '600px';
document.body.append(container);

const needs: string[] = [];
const stage = makeStage(container, location.origin);
const told = new Set<number>();
const assets = new Assets((list) => {
  const all = [...list];
  replica.changed(all);
  for (const id of all) told.add(id);
});
const replica = new Replica({
  document: () => stage.document(),
  applied: () => undefined,
  need: (_, rule) => needs.push(rule),
  told: (told) => {
    if (told.view) stage.resize(told.view.width, told.view.height);
  },
  show: (visible) => stage.show(visible),
  quirks: (on) => stage.quirks(on),
}, assets);

async function asset(id: number, kind: number, mime: number, bytes: Uint8Array<ArrayBuffer>): Promise<void> {
  const hash = new Uint8Array(await crypto.subtle.digest('SHA-256', bytes));
  const size = bytes.length;
  assets.chunk({ kind: 'chunk', hash, index: 0, count: 1, data: bytes });
  const arrived = new Promise<void>((resolve) => {
    const look = (): void => {
      // News are gathered for a moment before the stage hears of them.
      if (!told.delete(id)) setTimeout(look, 5);
      else resolve();
    };
    setTimeout(look);
  });
  assets.ready({ kind: 'ready', asset: id, assetKind: kind, mime, hash, size, width: 0, height: 0 });
  await arrived;
}

const harness = {
  stage, replica, assets, needs, checkFrame, spotAt,
  pen: new Pen(),
  sheet: (id: number, css: string) => asset(id, AssetKind.Sheet, Mime.CSS, new TextEncoder().encode(css)),
  png: (id: number, bytes: readonly number[]) => asset(id, AssetKind.Image, Mime.PNG, Uint8Array.from(bytes)),
  loaded: new Promise<void>((resolve) => {
    stage.onDocument(() => {
      replica.reset();
      resolve();
    });
  }),
  /** A page with these children of body. */
  show(write: (pen: Pen) => void): void {
    replica.push(harness.pen.batch(true, (pen) => {
      pen.view(800, 600).document(() => write(pen));
    }));
    replica.flush();
  },
  change(write: (pen: Pen) => void): void {
    replica.push(harness.pen.batch(false, write));
    replica.flush();
  },
  body(): string {
    return stage.document()?.body.innerHTML ?? '';
  },
};

export type Harness = typeof harness;

declare global {
  interface Window {
    harness: Harness;
  }
}

window.harness = harness;
