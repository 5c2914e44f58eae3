// Canvases as pictures (case 19), as a part of the SDK: only pages that let agents see a canvas need it. At most two pictures
// a second of each, only of what can be seen and was drawn on; on a page where nothing is drawn, nothing runs.
import type { Assets } from './assets';
import { create, later } from './natives';

const EVERY = 500; // milliseconds between two pictures of a canvas
const AT_ONCE = 4; // canvases in one go
const MAX_SIDE = 2048;
const EXACT = 200 << 10; // bytes of a picture up to which nothing is lost

type Hooked = readonly [proto: object, names: string];

/** What draws, by context. What is read (WebGL, section 2.2) is only there until the frame is shown, so it is copied at once. */
const flat: readonly Hooked[] = [
  [CanvasRenderingContext2D.prototype, 'clearRect fillRect strokeRect fill stroke fillText strokeText drawImage putImageData reset'],
  [ImageBitmapRenderingContext.prototype, 'transferFromImageBitmap'],
];
const gl = 'clear drawArrays drawElements drawArraysInstanced drawElementsInstanced drawRangeElements blitFramebuffer';
const deep: readonly Hooked[] = [[WebGLRenderingContext.prototype, gl], [WebGL2RenderingContext.prototype, gl]];

interface Watched {
  readonly id: number;
  copy: HTMLCanvasElement | undefined;
  /** A copy is to be made when the page's own script has ended. */
  due: boolean;
  visible: boolean;
}

/** The canvases of a page that may be seen. */
export class Canvases {
  readonly #watched = new Map<HTMLCanvasElement, Watched>();
  readonly #dirty = new Set<HTMLCanvasElement>();
  readonly #over = new AbortController();
  readonly #assets: Assets;
  readonly #shown: (canvas: Element) => boolean;
  readonly #sight = new IntersectionObserver((entries) => {
    for (const { target, isIntersecting } of entries) {
      const known = this.#watched.get(target as HTMLCanvasElement);
      if (known) known.visible = isIntersecting;
    }
    this.#wake();
  });
  #timer = 0;
  #last = -EVERY;

  /** `shown` tells whether a canvas may be seen right now. */
  constructor(assets: Assets, shown: (canvas: Element) => boolean) {
    this.#assets = assets;
    this.#shown = shown;
    for (const list of flat) this.#hook(list, (canvas) => this.#drawn(canvas));
    for (const list of deep) this.#hook(list, (canvas) => this.#copySoon(canvas));
  }

  /** Begins with a canvas, or takes note that it may have changed. */
  watch(canvas: HTMLCanvasElement, id: number): void {
    if (!this.#watched.has(canvas)) {
      this.#watched.set(canvas, { id, copy: undefined, due: false, visible: false });
      this.#sight.observe(canvas);
    }
    this.#drawn(canvas);
  }

  /** Ends; the page's functions are its own again. */
  close(): void {
    this.#over.abort();
    clearTimeout(this.#timer);
    this.#sight.disconnect();
    this.#watched.clear();
    this.#dirty.clear();
  }

  #hook([proto, names]: Hooked, drawn: (canvas: HTMLCanvasElement) => void): void {
    for (const name of names.split(' ')) {
      const was = Object.getOwnPropertyDescriptor(proto, name);
      const fn = was?.value as ((...args: unknown[]) => unknown) | undefined;
      if (!fn || !was?.configurable) continue;
      const ours = function (this: { readonly canvas: HTMLCanvasElement }, ...args: unknown[]): unknown {
        const result = Reflect.apply(fn, this, args);
        drawn(this.canvas);
        return result;
      };
      Object.defineProperty(proto, name, { ...was, value: ours });
      this.#over.signal.addEventListener('abort', () => {
        if (Reflect.get(proto, name) === ours) Object.defineProperty(proto, name, was);
      });
    }
  }

  #drawn(canvas: HTMLCanvasElement): void {
    if (!this.#watched.has(canvas) || this.#dirty.has(canvas)) return;
    this.#dirty.add(canvas);
    this.#wake();
  }

  #copySoon(canvas: HTMLCanvasElement): void {
    const known = this.#watched.get(canvas);
    if (!known || known.due) return;
    known.due = true;
    queueMicrotask(() => {
      known.due = false;
      if (!known.visible || !this.#shown(canvas)) return;
      known.copy = copyOf(canvas, known.copy);
      this.#drawn(canvas);
    });
  }

  #wake(): void {
    if (this.#timer || this.#over.signal.aborted || ![...this.#dirty].some((canvas) => this.#watched.get(canvas)?.visible)) return;
    this.#timer = later(() => void this.#take(), Math.max(0, this.#last + EVERY - performance.now()));
  }

  async #take(): Promise<void> {
    this.#last = performance.now();
    let n = 0;
    for (const canvas of [...this.#dirty]) {
      const known = this.#watched.get(canvas);
      if (known && !canvas.isConnected) {
        this.#sight.unobserve(canvas);
        this.#watched.delete(canvas);
      }
      if (known?.visible && n === AT_ONCE) continue;
      if (!known?.visible && canvas.isConnected) continue;
      this.#dirty.delete(canvas);
      if (!known || !canvas.isConnected || !this.#shown(canvas)) continue;
      n++;
      await this.#picture(canvas, known);
      if (this.#over.signal.aborted) return;
    }
    this.#timer = 0;
    this.#wake();
  }

  async #picture(canvas: HTMLCanvasElement, known: Watched): Promise<void> {
    if (canvas.width === 0 || canvas.height === 0) return;
    const from = known.copy ?? copyOf(canvas);
    const bytes = await encode(from).catch(() => undefined); // another site's pictures are in it, and cannot be read
    if (this.#shown(canvas)) await this.#assets.renew(known.id, bytes, canvas.width, canvas.height);
  }
}

/** A copy of what a canvas shows now. */
function copyOf(canvas: HTMLCanvasElement, copy = create('canvas')): HTMLCanvasElement {
  const scale = Math.min(1, MAX_SIDE / Math.max(canvas.width, canvas.height, 1));
  copy.width = Math.max(1, Math.round(canvas.width * scale));
  copy.height = Math.max(1, Math.round(canvas.height * scale));
  if (canvas.width && canvas.height) copy.getContext('2d')?.drawImage(canvas, 0, 0, copy.width, copy.height);
  return copy;
}

async function encode(canvas: HTMLCanvasElement): Promise<Uint8Array<ArrayBuffer> | undefined> {
  for (const quality of [1, 0.8]) {
    const blob = await new Promise<Blob | null>((done) => canvas.toBlob(done, 'image/webp', quality));
    if (blob && (quality < 1 || blob.size <= EXACT)) return new Uint8Array(await blob.arrayBuffer());
  }
  return undefined;
}
