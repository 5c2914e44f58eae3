// The texts that customers read. {agent} is a person's name, {company} the company's.
import type { Scope } from './index';

export type Texts = Readonly<Record<
  | 'code' | 'codeHint' | 'cancel' | 'ask' | 'askHint' | 'allow' | 'refuse' | 'watching' | 'operating' | 'nobody' | 'away' | 'paused' | 'closed' | 'pause' | 'go' | 'stop' | 'takeBack' | 'file' | 'recorded' | 'stopRecording'
  | 'ended' | 'lost' | 'chat' | 'send' | 'you' | 'bar' | Scope,
  string
>>;

const en: Texts = {
  code: 'Your code',
  codeHint: 'Read this code out to the agent. Nothing is shared before you allow it.',
  cancel: 'Cancel',
  ask: '{agent}{company} asks your permission:',
  askHint: 'Passwords and card numbers stay hidden. You can stop at any moment.',
  allow: 'Allow',
  refuse: 'Refuse',
  watching: '{agent} can see this page',
  operating: '{agent} can see and operate this page',
  nobody: 'Nobody sees this page right now',
  away: 'No connection: nobody sees what you do until it is back',
  paused: 'Paused: nobody sees what you do',
  closed: 'The company keeps this page to you: nobody sees it',
  pause: 'Pause',
  go: 'Go on',
  stop: 'Stop sharing',
  takeBack: 'Take control back',
  recorded: 'This session is being recorded',
  stopRecording: 'Stop recording',
  file: 'Please choose a file where I point: only you can.',
  ended: 'Sharing has ended. Nobody sees this page any more.',
  lost: 'Sharing has ended: the connection was away for too long. Nobody sees this page any more. To go on, ask for help again.',
  chat: 'Message to {agent}',
  send: 'Send',
  you: 'You',
  bar: 'Page sharing',
  view: 'to see this page',
  point: 'to point and draw on this page',
  scroll: 'to scroll this page',
  click: 'to click for you',
  type: 'to type for you',
  navigate: 'to go back, forward or reload',
  record: 'to record this session',
  'second-agent': 'to watch as a further person',
};

const de: Texts = {
  code: 'Ihr Code',
  codeHint: 'Lesen Sie diesen Code vor. Geteilt wird erst, wenn Sie es erlauben.',
  cancel: 'Abbrechen',
  ask: '{agent}{company} bittet Sie um Erlaubnis:',
  askHint: 'Passwörter und Kartennummern bleiben verborgen. Sie können jederzeit beenden.',
  allow: 'Erlauben',
  refuse: 'Ablehnen',
  watching: '{agent} sieht diese Seite',
  operating: '{agent} sieht und bedient diese Seite',
  nobody: 'Gerade sieht niemand diese Seite',
  away: 'Keine Verbindung: bis sie zurück ist, sieht niemand, was Sie tun',
  paused: 'Pause: niemand sieht, was Sie tun',
  closed: 'Das Unternehmen zeigt diese Seite niemandem: nur Sie sehen sie',
  pause: 'Pause',
  go: 'Weiter',
  stop: 'Teilen beenden',
  takeBack: 'Steuerung zurücknehmen',
  recorded: 'Diese Sitzung wird aufgezeichnet',
  stopRecording: 'Aufzeichnung beenden',
  file: 'Bitte wählen Sie dort, wohin ich zeige, eine Datei: Nur Sie können das.',
  ended: 'Das Teilen ist beendet. Niemand sieht diese Seite mehr.',
  lost: 'Das Teilen ist beendet: die Verbindung war zu lange weg. Niemand sieht diese Seite mehr. Bitten Sie erneut um Hilfe, um fortzufahren.',
  chat: 'Nachricht an {agent}',
  send: 'Senden',
  you: 'Sie',
  bar: 'Seite teilen',
  view: 'diese Seite zu sehen',
  point: 'auf dieser Seite zu zeigen und zu zeichnen',
  scroll: 'diese Seite zu scrollen',
  click: 'für Sie zu klicken',
  type: 'für Sie zu tippen',
  navigate: 'zurück, vor oder neu zu laden',
  record: 'diese Sitzung aufzuzeichnen',
  'second-agent': 'als weitere Person zuzusehen',
};

/** The texts by language. */
export const catalogue: Readonly<Record<string, Texts>> = { en, de };

/** Puts names into a text. Functions, because a name such as "$&" is no pattern. */
export function fill(text: string, agent: string, company = ''): string {
  return text.replace('{agent}', () => agent).replace('{company}', () => company && ` (${company})`);
}
