// Controls that scripts set leave no trace in the tree (case 11). The hooks only have them compared at the next frame.

type Hooked = readonly [object, readonly string[]];

/** Wraps setters of form controls until the signal ends it; prototypes are then as they were. */
export function hookSetters(changed: () => void, signal: AbortSignal, view: typeof globalThis = globalThis): void {
  const { HTMLInputElement, HTMLTextAreaElement, HTMLSelectElement, HTMLOptionElement } = view;
  const list: readonly Hooked[] = [
    [HTMLInputElement.prototype, ['value', 'checked', 'indeterminate', 'valueAsNumber', 'valueAsDate']],
    [HTMLTextAreaElement.prototype, ['value']],
    [HTMLSelectElement.prototype, ['value', 'selectedIndex']],
    [HTMLOptionElement.prototype, ['selected']],
  ];
  for (const [proto, names] of list) for (const name of names) hook(proto, name, changed, signal);
}

function hook(proto: object, name: string, changed: () => void, signal: AbortSignal): void {
  const was = Object.getOwnPropertyDescriptor(proto, name);
  if (!was?.set || !was.configurable) return;
  // eslint-disable-next-line @typescript-eslint/unbound-method -- called with its object below
  const { set } = was;
  const ours = {
    ...was,
    set(this: unknown, value: unknown): void {
      set.call(this, value);
      changed();
    },
  };
  Object.defineProperty(proto, name, ours);
  signal.addEventListener('abort', () => {
    // Somebody else may have wrapped ours in the meantime; theirs stays.
    if (Object.getOwnPropertyDescriptor(proto, name)?.set === ours.set) Object.defineProperty(proto, name, was);
  });
}
