// Decides, where the page is read, what is not told. The server decides again by what it can see.
import { stands } from './mirror';
import { attribute, findAll, fragment, localName, matches, mirrors } from './natives';
import { Privacy } from './privacy';

/** What the owner wants masked besides what always is. */
export interface MaskRules {
  readonly selectors: readonly string[];
  readonly private: boolean;
  /** The whole document stands in something that is masked. */
  readonly masked?: boolean;
}

const secretWords = /(^|\s)(cc-[a-z-]+|one-time-code|current-password|new-password)(\s|$)/i;
const secretNames = /card.?(num|no\b)|cc.?(num|no\b)|(^|[^a-z])(cvv2?|cvc2?|csc|otp|one.?time.?code|security.?code)([^a-z]|$)/i;
const notText = /^(checkbox|radio|range|color|date|time|datetime-local|month|week|file|button|submit|reset|image|hidden)$/;

/** The type of an input as the browser understands it. */
export function inputType(el: Element): string {
  return localName(el) === 'input' ? (el as HTMLInputElement).type : '';
}

/** Luhn's check (ISO/IEC 7812-1, annex B). */
export function luhn(digits: string): boolean {
  let sum = 0;
  for (let i = 0; i < digits.length; i++) {
    let d = Number(digits[digits.length - 1 - i]);
    if (i % 2 === 1 && (d *= 2) > 9) d -= 9;
    sum += d;
  }
  return sum % 10 === 0;
}

/**
 * Whether a value is a payment card's number or is becoming one. A card's first eight digits name its issuer and may be
 * shown (PCI DSS 3.4.1); from the ninth on it is a secret, long before Luhn's check could tell.
 */
export function cardLike(value: string): boolean {
  const digits = value.replace(/[\s.-]/g, '');
  if (!/^\d{9,19}$/.test(digits)) return false;
  return /^[2-6]/.test(digits) || (digits.length > 12 && luhn(digits));
}

/** Text as bullets of the same length, white space kept. */
export function bullets(text: string): string {
  return text.replace(/[^ \n\r\t\u00a0]/g, '•');
}

function has(wishes: string | null, what: string): boolean {
  return wishes !== null && ` ${wishes} `.includes(` ${what} `);
}

function wish(el: Element, what: string): boolean {
  return has(attribute(el, 'data-vitrine'), what);
}

/** Whether agents may not operate the element. */
export function readonlyWish(el: Element): boolean {
  return wish(el, 'readonly');
}

/** Remembers which elements once held a secret: they stay masked for their whole life (case 14). */
export class Masks {
  readonly #secret = new WeakSet<Element>();
  readonly #quiet: boolean;
  readonly #masked: boolean;
  #selector: string;
  #marked: Set<Element> | undefined;

  constructor(rules: MaskRules) {
    this.#quiet = rules.private;
    this.#masked = rules.masked === true;
    this.#selector = rules.selectors.filter(valid).join(',');
  }

  /** What matches is masked; empty when there are no such rules. */
  get selector(): string {
    return this.#selector;
  }

  /** What holds outside of every element. */
  get start(): number {
    return this.#masked ? Privacy.Masked : this.#quiet ? Privacy.Quiet : Privacy.Open;
  }

  /** Masks an element from now on. */
  keep(el: Element): void {
    this.#secret.add(el);
  }

  /** Finds at once what in a tree has marks or must be looked at itself; no other element of it is asked until forget(). */
  look(root: Document | ShadowRoot): void {
    // With these, a search from the root and a question to an element do not mean the same.
    if (/\\|:(scope|host)/i.test(this.#selector)) return;
    this.#marked ??= new Set();
    for (const el of findAll(root, `[data-vitrine],.cobrowsing_nosync${this.#selector && ','}${this.#selector}`)) this.#marked.add(el);
  }

  /** Whether the trees of this moment are being looked at. */
  get looking(): boolean {
    return this.#marked !== undefined;
  }

  /** Ends what look() began: before scripts of the page run again. */
  forget(): void {
    this.#marked = undefined;
  }

  /** Whether an element is masked by itself, wherever it stands. */
  own(el: Element, wishes = attribute(el, 'data-vitrine')): boolean {
    if (this.#secret.has(el)) return true;
    const found = has(wishes, 'mask') || (this.#selector !== '' && matches(el, this.#selector)) || secretField(el);
    if (found) this.keep(el);
    return found;
  }

  /** What holds for an element whose parent has the given privacy. What is no field may be known already. */
  of(el: Element, outer: number, field = true): number {
    // A document of another origin has masked what it tells; here only what was declared counts.
    if (mirrors.size && stands.has(el)) return outer === Privacy.Masked || this.#secret.has(el) ? Privacy.Masked : Privacy.Open;
    if (this.#marked && !field && !this.#marked.has(el) && !this.#secret.has(el)) return outer;
    const wishes = attribute(el, 'data-vitrine');
    if (outer === Privacy.Hidden || has(wishes, 'hide') || matches(el, '.cobrowsing_nosync')) return Privacy.Hidden;
    if (outer === Privacy.Masked || this.own(el, wishes)) return Privacy.Masked;
    if (outer === Privacy.Quiet) {
      if (has(wishes, 'show')) return Privacy.Open;
      // What the agent must not type into is declared even where only privacy by default holds.
      return isField(el) ? Privacy.Masked : outer;
    }
    return outer;
  }

  /** Whether the value of a field has become one that must be masked. */
  betrayed(el: Element): boolean {
    if (!isTextField(el) || wish(el, 'show') || /(^|\s)tel/.test(attribute(el, 'autocomplete') ?? '')) return false;
    return cardLike((el as HTMLInputElement).value);
  }
}

export function valid(selector: string): boolean {
  try {
    findAll(fragment(), selector);
    return true;
  } catch {
    return false;
  }
}

/** Whether an element is a form control that holds something. */
export function isField(el: Element): boolean {
  const name = localName(el);
  return name === 'input' || name === 'textarea' || name === 'select';
}

/** Whether an element is a control with a text that a person types. */
export function isTextField(el: Element): boolean {
  return localName(el) === 'textarea' || (localName(el) === 'input' && !notText.test(inputType(el)));
}

function secretField(el: Element): boolean {
  if (!isField(el)) return false;
  if (inputType(el) === 'password' || secretWords.test(attribute(el, 'autocomplete') ?? '')) return true;
  return isTextField(el) && !wish(el, 'show') && secretNames.test(`${attribute(el, 'name') ?? ''} ${attribute(el, 'id') ?? ''}`);
}
