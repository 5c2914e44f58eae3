// Controls that scripts set leave no trace in the tree (case 11). The hooks only have them compared at the next frame.

import { aborted } from './natives';

type Hooked = readonly [object, string];

/** Wraps setters and methods of form controls and slots until the signal ends it; prototypes are then as they were. */
export function hookSetters(changed: () => void, signal: AbortSignal, view: typeof globalThis = globalThis): void {
  const { HTMLInputElement, HTMLTextAreaElement, HTMLSelectElement, HTMLOptionElement, HTMLSlotElement } = view;
  const list: readonly Hooked[] = [
    [HTMLInputElement.prototype, 'value checked indeterminate valueAsNumber valueAsDate setRangeText stepUp stepDown'],
    [HTMLTextAreaElement.prototype, 'value setRangeText'],
    [HTMLSelectElement.prototype, 'value selectedIndex'],
    [HTMLOptionElement.prototype, 'selected'],
    [HTMLSlotElement.prototype, 'assign'],
  ];
  for (const [proto, names] of list) for (const name of names.split(' ')) hook(proto, name, changed, signal);
}

function hook(proto: object, name: string, changed: () => void, signal: AbortSignal): void {
  const was = Object.getOwnPropertyDescriptor(proto, name);
  const key = was?.set ? 'set' : 'value';
  // eslint-disable-next-line @typescript-eslint/unbound-method -- called with its object below
  const fn = was?.[key] as ((...args: unknown[]) => unknown) | undefined;
  if (!was?.configurable || !fn) return;
  const ours = function (this: unknown, ...args: unknown[]): unknown {
    const result = fn.apply(this, args);
    changed();
    return result;
  };
  Object.defineProperty(proto, name, { ...was, [key]: ours });
  aborted(signal, () => {
    // Somebody else may have wrapped ours in the meantime; theirs stays.
     
    if (Object.getOwnPropertyDescriptor(proto, name)?.[key] === ours) Object.defineProperty(proto, name, was);
  });
}
