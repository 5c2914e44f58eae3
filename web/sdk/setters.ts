// Controls that scripts set leave no trace in the tree (case 11). The hooks only have them compared at the next frame.

import { aborted, statedBy } from './natives';

/** Custom elements whose own states may be others now. */
export const stated = new Set<Element>();

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
    ...['HighlightRegistry', 'Highlight', 'CustomStateSet'].flatMap((name): Hooked[] => {
      const { prototype } = (Reflect.get(view, name) ?? {}) as { readonly prototype?: object }; // younger than the rest
      return prototype ? [[prototype, 'add set delete clear']] : [];
    }),
  ];
  const then = (of: object): void => {
    const host = statedBy.get(of);
    if (host) stated.add(host);
    changed();
  };
  for (const [proto, names] of list) for (const name of names.split(' ')) hook(proto, name, then, signal);
}

function hook(proto: object, name: string, changed: (of: object) => void, signal: AbortSignal): void {
  const was = Object.getOwnPropertyDescriptor(proto, name);
  const key = was?.set ? 'set' : 'value';
  // eslint-disable-next-line @typescript-eslint/unbound-method -- called with its object below
  const fn = was?.[key] as ((...args: unknown[]) => unknown) | undefined;
  if (!was?.configurable || !fn) return;
  const ours = function (this: object, ...args: unknown[]): unknown {
    const result = fn.apply(this, args);
    changed(this);
    return result;
  };
  Object.defineProperty(proto, name, { ...was, [key]: ours });
  aborted(signal, () => {
    // Somebody else may have wrapped ours in the meantime; theirs stays.
     
    if (Object.getOwnPropertyDescriptor(proto, name)?.[key] === ours) Object.defineProperty(proto, name, was);
  });
}
