// The state of one session as the console's parts read it; everything comes from the viewer's public interface.
import { useEffect, useRef, useState } from 'preact/hooks';
import type { ChatMessage, EndReason, Missing, Page, Quality, Scope, Sight, State, Tool, View } from '../viewer/index';
import { refusalText, texts } from './texts';

/** What is shown of a session. */
export interface Session {
  readonly view: View;
  readonly state: State;
  readonly page: Page;
  readonly scopes: readonly Scope[];
  readonly driver: boolean;
  readonly asking: boolean;
  readonly quality: Quality | null;
  /** When the page on the stage was last known to be the customer's; 0 before there is one. */
  readonly live: number;
  readonly messages: readonly ChatMessage[];
  readonly notice: string;
  /** Control was given and is not any more; asking again is one press. */
  readonly lost: boolean;
  readonly sight: Sight;
  readonly missing: readonly Missing[];
  readonly tool: Tool;
  readonly colour: number;
}

/** What the agent can do in it. */
export interface Actions {
  readonly control: (on: boolean) => void;
  readonly draw: (tool: Tool, colour: number) => void;
  readonly dismiss: () => void;
}

const ASK_FOR = 60_000;

// Rules by which a request for control is turned down; all others are about single inputs.
const aboutRequests = new Set(['consent-refused', 'policy-scope', 'customer-away', 'scope-view']);

/** Whether the scopes are those of "control". */
export const controls = (scopes: readonly Scope[]): boolean => scopes.includes('click') || scopes.includes('type');

function noticeOf(before: Session, scopes: readonly Scope[], driver: boolean): string {
  const recorded = before.scopes.includes('record');
  if (recorded !== scopes.includes('record')) return recorded ? texts.record.off : texts.record.on;
  const had = controls(before.scopes);
  const has = controls(scopes);
  if (has && !had) return driver ? texts.mode.granted : texts.mode.otherDriver;
  if (before.asking && !has) return texts.mode.refused;
  if (had && !has) return before.notice === texts.mode.released ? before.notice : texts.mode.revoked;
  return before.notice;
}

function start(view: View): Session {
  return {
    view, state: view.state, page: view.page, scopes: view.scopes, driver: view.driver, asking: false, quality: null, live: 0, messages: [], notice: '', lost: false, sight: view.sight, missing: [],
    tool: 'none', colour: 0,
  };
}

// The server says that a customer is away when it has heard nothing for four to five seconds; the picture is as old as that.
const UNHEARD = 5000;

/** Until when the page on the stage is known to be the customer's, when the state changes. */
function liveAt({ live }: Session, state: State): number {
  if (state === 'active') return Date.now();
  return state === 'resuming' ? Math.min(live, Date.now() - UNHEARD) : live;
}

function listen(view: View, set: (change: (before: Session) => Session) => void, onEnd: (reason: EndReason) => void): () => void {
  const offs = [
    view.on('state', (state) => set((s) => ({ ...s, state, live: liveAt(s, state) }))),
    view.on('page', (page) => set((s) => ({ ...s, page }))),
    view.on('scope', ({ scopes, driver }) => set((s) => {
      const tool = scopes.includes('point') ? s.tool : 'none';
      const notice = noticeOf(s, scopes, driver);
      return { ...s, scopes, driver, tool, asking: false, notice, lost: controls(scopes) ? false : notice === texts.mode.revoked || s.lost };
    })),
    view.on('refused', ({ rule }) => set((s) => ({ ...s, asking: s.asking && !aboutRequests.has(rule), notice: refusalText(rule) }))),
    view.on('chat', (message) => set((s) => ({ ...s, messages: [...s.messages.slice(-499), message] }))),
    view.on('sight', (sight) => set((s) => ({ ...s, sight }))),
    view.on('missing', (missing) => set((s) => ({ ...s, missing }))),
    view.on('quality', (quality) => set((s) => ({ ...s, quality, live: s.state === 'active' ? Date.now() : s.live }))),
    view.on('end', onEnd),
  ];
  return () => {
    for (const off of offs) off();
  };
}

/** Follows a view until it ends; without a view there is nothing to follow. */
export function useSession(view: View | null, onEnd: (reason: EndReason) => void): [Session | null, Actions] {
  const [session, setSession] = useState<Session | null>(null);
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  const change = (fn: (before: Session) => Session): void => setSession((s) => s && fn(s));
  useEffect(() => {
    setSession(view && start(view));
    const off = view && listen(view, change, onEnd);
    return () => {
      off?.();
      clearTimeout(timer.current);
    };
  }, [view]);
  const actions: Actions = {
    control(on) {
      if (on) {
        view?.request('control');
        clearTimeout(timer.current);
        timer.current = setTimeout(() => change((s) => ({ ...s, asking: false })), ASK_FOR);
        change((s) => ({ ...s, asking: true, lost: false, notice: texts.mode.asking }));
      } else {
        view?.release();
        change((s) => ({ ...s, asking: false, lost: false, notice: texts.mode.released }));
      }
    },
    draw(tool, colour) {
      view?.draw(tool, colour);
      if (tool !== 'clear') change((s) => ({ ...s, tool, colour }));
    },
    dismiss: () => change((s) => ({ ...s, notice: '', lost: false })),
  };
  return [session, actions];
}

/** What keys do anywhere in the console: Ctrl+F finds in the page, pressed in the find box it is the browser's own; Alt+Shift+C asks for control. */
export function useShortcuts(session: Session | null, actions: Actions, onFind: () => void): void {
  useEffect(() => {
    if (!session) return undefined;
    const key = (event: KeyboardEvent): void => {
      const inFind = event.target instanceof Element && event.target.closest('.find') !== null;
      if ((event.ctrlKey || event.metaKey) && !event.altKey && !event.shiftKey && event.key.toLowerCase() === 'f' && !inFind) onFind();
      else if (event.altKey && event.shiftKey && event.code === 'KeyC' && session.state === 'active' && !session.asking && !controls(session.scopes)) actions.control(true);
      else return;
      event.preventDefault();
      event.stopPropagation();
    };
    addEventListener('keydown', key, { capture: true });
    return () => removeEventListener('keydown', key, { capture: true });
  });
}
