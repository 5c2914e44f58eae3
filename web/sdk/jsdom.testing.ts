// jsdom has no layout and so no ResizeObserver; the SDK takes the browser's when it loads. Nothing that is tested there is measured.
class Unmeasured {
  observe(): void { /* no box has a size */ }
  unobserve(): void { /* likewise */ }
  disconnect(): void { /* likewise */ }
}

if (!('ResizeObserver' in globalThis)) Object.assign(globalThis, { ResizeObserver: Unmeasured });
