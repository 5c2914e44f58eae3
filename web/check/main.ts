// The page that tells a visitor whether, and how, their network reaches this server. It needs a link with a token.
import { attempt } from './line';
import { type Outcome, type Way, refused, verdict, waysOf } from './words';

interface Session {
  readonly session: string;
  token: string;
  readonly ice: readonly RTCIceServer[];
}

class Refused extends Error {}

function find(id: string): HTMLElement {
  const element = document.getElementById(id);
  if (!element) throw new Error(`the page has no ${id}`);
  return element;
}

async function begin(): Promise<Session> {
  const token = new URLSearchParams(location.hash.slice(1)).get('token');
  history.replaceState(null, '', location.pathname); // it is used up: nobody shall copy it out of the address
  const answer = await fetch('/v1/checks', {
    method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(token === null ? {} : { token }),
  });
  if (!answer.ok) throw new Refused(refused(answer.status));
  return await answer.json() as Session;
}

async function call(session: Session, method: string, path: string, offer?: string): Promise<string> {
  const headers: Record<string, string> = { Authorization: `Bearer ${session.token}` };
  if (offer !== undefined) headers['Content-Type'] = 'application/sdp';
  const answer = await fetch(path, { method, headers, ...(offer === undefined ? {} : { body: offer }) });
  session.token = answer.headers.get('Vitrine-Token') ?? session.token;
  if (!answer.ok) throw new Refused(refused(answer.status));
  return answer.text();
}

function row(way: Way): { show: (outcome: Outcome) => void } {
  const item = document.createElement('li');
  const name = document.createElement('strong');
  name.textContent = way.name;
  item.append(name);
  find('ways').append(item);
  return {
    show(outcome) {
      item.className = outcome.works ? 'works' : 'fails';
      for (const [tag, text] of [['span', outcome.said], ['span', outcome.advice], ['small', outcome.detail]] as const) {
        if (!text) continue;
        const line = document.createElement(tag);
        line.textContent = text;
        item.append(line);
      }
    },
  };
}

function conclude(text: string, works: boolean): void {
  find('verdict').textContent = text;
  find('verdict').className = works ? 'works' : 'fails';
}

function offerCopy(text: string): void {
  find('actions').hidden = false;
  find('copy').addEventListener('click', () => {
    navigator.clipboard.writeText(text).then(
      () => { find('copied').textContent = 'Copied.'; },
      () => { find('copied').textContent = 'The browser does not allow it: select the text above instead.'; },
    );
  });
}

async function run(): Promise<void> {
  find('host').textContent = location.host;
  const session = await begin();
  const [ice = { urls: [] }] = session.ice;
  const done: { way: Way; outcome: Outcome }[] = [];
  const dial = async (offer: string): Promise<string> => call(session, 'POST', `/v1/sessions/${session.session}/connections`, offer);
  for (const way of waysOf(session.ice.flatMap(({ urls }) => urls))) {
    const { show } = row(way);
    const outcome = await attempt(way, ice, dial);
    show(outcome);
    done.push({ way, outcome });
  }
  const { works, text } = verdict(done);
  conclude(text, works);
  const lines = done.map(({ way, outcome }) => [`${outcome.works ? 'ok    ' : 'FAILED'} ${way.name}: ${outcome.said}`, outcome.advice, `(${outcome.detail})`].filter(Boolean).join(' '));
  offerCopy([`${text} ${location.origin}, ${new Date().toISOString()}`, ...lines, navigator.userAgent].join('\n'));
  await call(session, 'DELETE', `/v1/sessions/${session.session}`);
}

run().catch((error: unknown) => {
  conclude(error instanceof Refused ? error.message : 'The server does not answer. Reload the page to try again.', false);
});
