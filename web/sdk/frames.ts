// Documents within the page that are of its own origin (case 17). Their nodes are of another window: natives work on them,
// instanceof does not.
import { hookSheets } from './css';
import { hookShadows, hooks, listen } from './natives';
import { vocabulary } from './vocab';

type View = Window & typeof globalThis;

const entered = new WeakSet(); // by what belongs to one document's window: the window itself stays the same when the frame moves on

/** Listens to what else happens in a window within the page, until the signal ends it. */
export function enterFrame(view: View, touch: () => void, signal: AbortSignal): void {
  vocabulary.hookSetters(touch, signal, view);
  vocabulary.watchMotion(touch, signal, view);
  listen(view, 'pagehide resize', touch, signal); // another document follows
  listen(view, 'pointermove', (event) => hooks.pointed(event), signal);
  listen(view, 'pointerdown keydown wheel', (event) => hooks.acted(event), signal);
  const { prototype } = view.Element;
  if (entered.has(prototype)) return;
  entered.add(prototype);
  hookSheets(view);
  hookShadows(prototype);
}
