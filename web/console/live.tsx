// The screen of a session. The page stands in a frame of the console's own; everything the console says stands outside it.
import { useEffect, useState } from 'preact/hooks';
import type { RefObject } from 'preact';
import type { EndReason, State, View } from '../viewer/index';
import { EndButton, MissingNote, ModeSwitch, Navigation, PageLine, QualityBars, RecordSwitch, StateBadge, Tools } from './bar';
import { Chat } from './chat';
import { Icon } from './icons';
import { FindBar, SightBar } from './sight';
import { type Actions, type Session, controls, useSession, useShortcuts } from './session';
import { texts } from './texts';

function Veil({ state, live }: { readonly state: State; readonly live: number }) {
  if (state === 'active' || state === 'ended') return null;
  const words = live !== 0 && state === 'connecting' ? texts.veil.lost : texts.veil[state];
  return (
    <div class={state === 'paused' ? 'veil thin' : 'veil'}>
      <div class="card small">
        {state !== 'paused' && state !== 'closed' && <span class="spinner" aria-hidden="true" />}
        <h2>{words.title}</h2>
        <p>{words.text}</p>
        {words === texts.veil.lost && <p><a href="../check/" target="_blank" rel="noopener">{texts.quality.check}</a></p>}
        {live !== 0 && <p class="frozen">{texts.veil.picture(new Date(live).toLocaleTimeString('en-GB'))}</p>}
      </div>
    </div>
  );
}

interface NoticeProps {
  readonly text: string;
  /** Control was taken back: that stays until it is answered. */
  readonly lost: boolean;
  readonly onAgain: () => void;
  readonly onDismiss: () => void;
}

function Notice({ text, lost, onAgain, onDismiss }: NoticeProps) {
  useEffect(() => {
    if (text === '' || lost) return undefined;
    const timer = setTimeout(onDismiss, 8000);
    return () => clearTimeout(timer);
  }, [text, lost]);
  return (
    <div class={text === '' ? 'notice none' : 'notice'} role="status" aria-live="polite">
      {text !== '' && (
        <>
          <span title={text}>{text}</span>
          {lost && <button type="button" class="again" title={texts.mode.againHint} aria-keyshortcuts="Alt+Shift+C" onClick={onAgain}>{texts.mode.again}</button>}
          <button type="button" class="square" aria-label={texts.dismiss} onClick={onDismiss}><Icon name="close" /></button>
        </>
      )}
    </div>
  );
}

/** The screen. It is there before the session is, because the viewer needs a place to join in. */
export function Live({ view, place, onEnd }: { readonly view: View | null; readonly place: RefObject<HTMLDivElement | null>; readonly onEnd: (reason: EndReason) => void }) {
  const [session, actions] = useSession(view, onEnd);
  const [chat, setChat] = useState(false);
  const [read, setRead] = useState(0);
  const [finding, setFinding] = useState(false);
  useShortcuts(session, actions, () => setFinding(true));
  const messages = session?.messages ?? [];
  useEffect(() => {
    if (chat) setRead(messages.length);
  }, [chat, messages.length]);
  const state = session?.state ?? 'connecting';
  const operating = session !== null && session.driver && controls(session.scopes);
  return (
    <div class="live" hidden={view === null}>
      {session && <Bar session={session} actions={actions} chat={chat} unread={messages.length - read} onChat={() => setChat(!chat)} finding={finding} onFind={() => setFinding(!finding)} />}
      {session && finding && <FindBar view={session.view} onClose={() => setFinding(false)} />}
      <div class="body">
        <main class={`stage ${state}${operating ? ' operating' : ''}`} aria-label={texts.live}>
          <div class="place" ref={place} />
          <Veil state={state} live={session?.live ?? 0} />
        </main>
        {session && chat && <Chat view={session.view} messages={messages} onClose={() => setChat(false)} />}
      </div>
    </div>
  );
}

interface BarProps {
  readonly session: Session;
  readonly actions: Actions;
  readonly chat: boolean;
  readonly unread: number;
  readonly onChat: () => void;
  readonly finding: boolean;
  readonly onFind: () => void;
}

function Bar({ session, actions, chat, unread, onChat, finding, onFind }: BarProps) {
  return (
    <header class="bar">
      <div class="whose">
        <StateBadge state={session.state} behind={session.quality?.catchingUp ?? false} />
        <PageLine page={session.page} />
        <SightBar session={session} finding={finding} onFind={onFind} />
      </div>
      <div class="what">
        <ModeSwitch session={session} actions={actions} />
        <Navigation session={session} />
        <Tools session={session} actions={actions} />
        <RecordSwitch session={session} />
        <Notice text={session.notice} lost={session.lost} onAgain={() => actions.control(true)} onDismiss={actions.dismiss} />
        <MissingNote missing={session.missing} />
        <QualityBars quality={session.quality} lost={session.live !== 0 && session.state === 'connecting'} />
        <button type="button" class="square" aria-pressed={chat} aria-label={chat ? texts.chat.close : texts.chat.open} title={chat ? texts.chat.close : texts.chat.open} onClick={onChat}>
          <Icon name="chat" />
          {!chat && unread > 0 && <span class="unread">{unread}<span class="visually-hidden"> {texts.chat.unread}</span></span>}
        </button>
        <EndButton onEnd={() => session.view.end()} />
      </div>
    </header>
  );
}
