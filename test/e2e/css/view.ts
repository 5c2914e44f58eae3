// How the browser reads CSS, and how it would have to read it if the rules and declarations that the server's output falls
// into were each read alone. Runs in a page.

/** What a sheet says, cut by a tokenizer outside the browser. */
export interface Item {
  readonly text: string;
  readonly rule: boolean;
  readonly block: boolean;
  readonly items: readonly Item[];
}

/** Longhand properties and their values, "!" behind important ones. */
export type Run = Record<string, string>;

/** A rule: its head, and its declarations and rules in order. */
export interface Node {
  readonly head: string;
  readonly parts: Part[];
}

export type Part = Run | Node;

const isNode = (part: Part | undefined): part is Node => part !== undefined && Array.isArray(part['parts']);

/** The rules that the browser reads. */
export function rulesOf(text: string): CSSRule[] {
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(text);
  return Array.from(sheet.cssRules);
}

const childrenOf = (rule: CSSRule | undefined): CSSRule[] => Array.from((rule as CSSGroupingRule | undefined)?.cssRules ?? []);

// What stands before the block, as the browser understood it.
function headOf(rule: CSSRule): string {
  const name = rule.constructor.name;
  switch (name) {
    case 'CSSStyleRule':
      return (rule as CSSStyleRule).selectorText;
    case 'CSSMediaRule':
      return `@media ${(rule as CSSMediaRule).media.mediaText}`;
    case 'CSSSupportsRule':
    case 'CSSContainerRule':
      return `${name} ${(rule as CSSSupportsRule).conditionText}`;
    case 'CSSLayerBlockRule':
      return `@layer ${(rule as CSSLayerBlockRule).name}`;
    case 'CSSScopeRule':
      return `@scope ${String((rule as CSSScopeRule).start)} to ${String((rule as CSSScopeRule).end)}`;
    case 'CSSKeyframesRule':
      return `@keyframes ${(rule as CSSKeyframesRule).name}`;
    case 'CSSKeyframeRule':
      return (rule as CSSKeyframeRule).keyText;
    case 'CSSStartingStyleRule':
    case 'CSSFontFaceRule':
      return name;
    case 'CSSLayerStatementRule':
    case 'CSSPropertyRule':
    case 'CSSCounterStyleRule':
      return rule.cssText;
    default:
      return `${name} ${rule.cssText}`;
  }
}

const scratch = document.createElement('div').style;
const longhands = new Map<string, ReadonlySet<string>>();

function longhandsOf(name: string): ReadonlySet<string> {
  let found = longhands.get(name);
  if (!found) {
    scratch.cssText = '';
    scratch.setProperty(name, 'inherit');
    found = new Set(Array.from(scratch));
    longhands.set(name, found);
  }
  return found;
}

/** The longhands of a block. One that a shorthand with var() sets has no value of its own but that of the shorthand. */
export function runOf(style: CSSStyleDeclaration): Run {
  const run: Run = {};
  const open: string[] = [];
  for (const name of Array.from(style)) {
    const value = style.getPropertyValue(name);
    run[name] = value + (style.getPropertyPriority(name) && '!');
    if (value === '' && !name.startsWith('--')) open.push(name);
  }
  if (open.length === 0) return run;
  for (const [, name = ''] of style.cssText.matchAll(/(?:^|; )([-\w]+):/g)) {
    const value = style.getPropertyValue(name);
    for (const longhand of open) {
      if (value !== '' && longhandsOf(name).has(longhand)) run[longhand] = `${value}${style.getPropertyPriority(name) && '!'} by ${name}`;
    }
  }
  return run;
}

const important = (value: string | undefined): boolean => value !== undefined && /!(?: by [-\w]+)?$/.test(value);

function add(to: Run, more: Run): void {
  for (const [name, value] of Object.entries(more)) {
    if (important(to[name]) && !important(value)) continue;
    to[name] = value;
  }
}

// Neighbouring runs become one: a rule between them that the browser does not know leaves a gap for some, and none for others.
function put(parts: Part[], part: Part): void {
  const last = parts.at(-1);
  if (isNode(part)) parts.push(part);
  else if (last && !isNode(last)) add(last, part);
  else if (Object.keys(part).length > 0) parts.push({ ...part });
}

/** What the browser reads. */
export function view(rules: readonly CSSRule[]): Part[] {
  const parts: Part[] = [];
  for (const rule of rules) {
    const { style } = rule as CSSStyleRule;
    if (rule.constructor.name === 'CSSNestedDeclarations') {
      put(parts, runOf(style));
      continue;
    }
    const node: Node = { head: headOf(rule), parts: [] };
    if (rule.constructor.name !== 'CSSPropertyRule' && rule.constructor.name !== 'CSSCounterStyleRule') {
      if (style as CSSStyleDeclaration | undefined) put(node.parts, runOf(style));
      for (const part of view(childrenOf(rule))) put(node.parts, part);
    }
    parts.push(node);
  }
  return parts;
}

const alone = new Map<string, Run | null>();

// A declaration by itself; null when it is more than that.
function declaration(text: string, parent: string): Run | null {
  const open = parent === '@font-face' ? '@font-face {' : parent === '@keyframes' ? '@keyframes k { to {' : 'x {';
  const key = open + text;
  let run = alone.get(key);
  if (run === undefined) {
    const rules = rulesOf(`${open}${text};}${parent === '@keyframes' ? '}' : ''}`);
    const rule = parent === '@keyframes' ? childrenOf(rules[0])[0] : rules[0];
    run = rules.length === 1 && rule && (parent === '@keyframes' || childrenOf(rule).length === 0) ? runOf((rule as CSSStyleRule).style) : null;
    alone.set(key, run);
  }
  return run;
}

const word = (head: string): string => /^@(?:-webkit-)?[-\w]*/.exec(head)?.[0].replace('-webkit-', '') ?? '';

/** How the browser must read the items, each judged alone. Throws when one is more than itself. */
export function expected(items: readonly Item[], parents: readonly string[] = []): Part[] {
  const parts: Part[] = [];
  const parent = word(parents.at(-1) ?? '');
  const context = word(parents.at(-2) ?? '') === '@keyframes' ? '@keyframes' : parent;
  for (const item of items) {
    if (!item.rule) {
      const run = declaration(item.text, context);
      if (!run) throw new Error('a declaration is more than one');
      put(parts, run);
      continue;
    }
    const leaf = /^@(?:property|counter-style)\b/.test(item.text);
    const block = leaf ? item.items.map(({ text }) => `${text};`).join(' ') : '';
    let found = rulesOf(`${parents.map((head) => `${head}{`).join('')}${item.text}${item.block ? `{${block}}` : ';'}${'}'.repeat(parents.length)}`);
    for (const head of parents) {
      if (found.length !== 1) throw new Error(`${head.length} characters of a head are not one rule`);
      found = childrenOf(found[0]);
    }
    const [rule] = found;
    if (found.length > 1) throw new Error('a rule is more than one');
    if (!rule) continue; // the browser does not know it
    parts.push({ head: headOf(rule), parts: leaf ? [] : expected(item.items, [...parents, item.text]) });
  }
  return parts;
}

/** Where two readings differ, "" when they do not. Runs have no order; a longhand whose value cannot be told stands for any. */
export function differ(a: readonly Part[], b: readonly Part[], at = ''): string {
  for (let i = 0; i < Math.max(a.length, b.length); i++) {
    const [x, y] = [a[i], b[i]];
    const where = `${at}/${i}`;
    if (!x || !y) return `${where}: ${x ? 'missing' : 'new'}: ${describe(x ?? y)}`;
    if (isNode(x) !== isNode(y)) return `${where}: ${describe(x)} is ${describe(y)}`;
    if (isNode(x) && isNode(y)) {
      if (x.head !== y.head) return `${where}: ${x.head} is ${y.head}`;
      const inner = differ(x.parts, y.parts, `${where} ${x.head}`);
      if (inner) return inner;
    } else if (!isNode(x) && !isNode(y)) {
      for (const name of new Set([...Object.keys(x), ...Object.keys(y)])) {
        if (x[name] !== y[name] && (x[name] === undefined || y[name] === undefined || x[name] !== '' && y[name] !== '')) return `${where}: ${name}: ${x[name] ?? 'nothing'} is ${y[name] ?? 'nothing'}`;
      }
    }
  }
  return '';
}

const describe = (part: Part | undefined): string => (isNode(part) ? `rule ${part.head}` : `declarations ${Object.keys(part ?? {}).join()}`);

/** What the browser reads in a style attribute, and how it writes it. */
export function inline(text: string): { parts: Part[]; text: string } {
  const { style } = document.createElement('p');
  style.cssText = text;
  const parts: Part[] = [];
  put(parts, runOf(style));
  return { parts, text: style.cssText };
}

/** What the browser must not see (threat rows 19, 21, 22, 25) in what it has read, "" when it does not. */
export function forbidden(texts: readonly string[]): string {
  for (const read of texts) {
    const bare = read.replaceAll(/url\("(?:asset:[0-9a-f]{1,14}|#[^"\\]{1,256})"\)|\btype\("[^"\\]*"\)/g, '');
    if (/image-set\([^()]*"/i.test(bare)) return 'a string in image-set()';
    const text = bare.replaceAll(/"(?:[^"\\]|\\[^])*"/g, '""');
    const found = /(?<![-\w])(?:url|src|image|cross-fade|-webkit-cross-fade|element|-moz-element|paint|expression|if|alpha)\(|filter:[^;]*progid|cursor: *(?:none|url|image-set)|@(?:import|namespace|charset|page|function|document)\b|(?<![-\w])(?:behavior|-moz-binding): /i.exec(text);
    if (found) return found[0];
  }
  return '';
}

/** The properties that the server leaves out on purpose: see sanitizer/css_properties.go. */
export const leftOut = /^(?:behavior|-(?:webkit|moz)-user-modify|(?:-webkit-)?app-region|window-drag|-webkit-user-drag|interactivity|interest-delay.*|frame-sizing|overlay|view-transition-scope|page-margin-safety|page-orientation|size|-o-.*|-ms-.*)$/;

/** A page's own sheet without what the server leaves out on purpose, and with the states by the names that the stage has for them. */
export function allowed(parts: readonly Part[]): Part[] {
  const kept: Part[] = [];
  for (const part of parts) {
    if (isNode(part)) {
      if (!/^CSS(?!StartingStyle|FontFace|Supports|Container)\w*Rule/.test(part.head)) kept.push({ head: named(part.head), parts: allowed(part.parts) });
    } else {
      const run = Object.entries(part).filter(([name, value]) => !leftOut.test(name) && (name !== 'cursor' || !/none|url\(|var\(/.test(value)))
        .map(([name, value]) => [name, plain(value)] as const);
      if (run.length > 0) put(kept, Object.fromEntries(run));
    }
  }
  return kept;
}

// The browser keeps the values of custom properties, and those with var(), as they were written; the server's spelling is its own.
const plain = (value: string): string => value.toLowerCase().replaceAll("'", '"').replaceAll(/\s+/g, ' ').replaceAll(/ ?([,()]) ?/g, '$1').trim();

// The stage's attributes stand for states, except behind pseudo-elements.
const named = (head: string): string => head.replaceAll(/\[vitrine-([-a-z]+)\]/g, ':$1');

export const oracle = { rulesOf, inline, runOf, view, expected, differ, forbidden, allowed, leftOut };

declare global {
  interface Window {
    oracle: typeof oracle;
  }
}

if (typeof window === 'object') window.oracle = oracle;
