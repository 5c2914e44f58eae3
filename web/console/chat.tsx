// The chat with the customer. What arrives is a list of runs, never markup.
import { useEffect, useRef, useState } from 'preact/hooks';
import type { ChatMessage, ChatRun, View } from '../viewer/index';
import { Icon } from './icons';
import { texts } from './texts';

function Run({ run }: { readonly run: ChatRun }) {
  const text = run.code ? <code>{run.text}</code> : run.target ? <bdi class="target" dir="ltr">{run.text}</bdi> : run.text;
  const bold = run.bold ? <b>{text}</b> : text;
  return (
    <>
      {(run.line || run.item) && <br />}
      {run.item && '\u2022 '}
      {run.italic ? <i>{bold}</i> : bold}
    </>
  );
}

function Message({ message }: { readonly message: ChatMessage }) {
  const name = message.self ? texts.chat.you : message.name || texts.chat.customer;
  return (
    <li class={message.self ? 'mine' : message.from}>
      <span class="who"><bdi>{name}</bdi></span>
      <p dir="auto">{message.runs.map((run, i) => <Run key={i} run={run} />)}</p>
    </li>
  );
}

/** The panel beside the page. */
export function Chat({ view, messages, onClose }: { readonly view: View; readonly messages: readonly ChatMessage[]; readonly onClose: () => void }) {
  const [text, setText] = useState('');
  const list = useRef<HTMLUListElement>(null);
  useEffect(() => {
    list.current?.scrollTo({ top: list.current.scrollHeight });
  }, [messages.length]);
  const send = (): void => {
    if (text.trim() === '') return;
    view.chat(text.trim());
    setText('');
  };
  return (
    <section class="chat" aria-label={texts.chat.title}>
      <header>
        <h2>{texts.chat.title}</h2>
        <button type="button" class="square" aria-label={texts.chat.close} title={texts.chat.close} onClick={onClose}><Icon name="close" /></button>
      </header>
      <ul ref={list} role="log" aria-live="polite" tabIndex={0} aria-label={texts.chat.title}>
        {messages.length === 0 && <li class="empty">{texts.chat.empty}</li>}
        {messages.map((message, i) => <Message key={i} message={message} />)}
      </ul>
      <form onSubmit={(event) => { event.preventDefault(); send(); }}>
        <textarea rows={2} maxLength={2000} value={text} aria-label={texts.chat.label} placeholder={texts.chat.placeholder}
          onInput={(event) => setText(event.currentTarget.value)}
          onKeyDown={(event) => {
            if (event.key !== 'Enter' || event.shiftKey || event.isComposing) return;
            event.preventDefault();
            send();
          }} />
        <button type="submit" class="primary" disabled={text.trim() === ''}>{texts.chat.send}</button>
      </form>
    </section>
  );
}
