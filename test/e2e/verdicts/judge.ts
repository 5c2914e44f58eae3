// Takes the trees of a corpus along one road, a page of them at a time, and finds out whose fault it is when something is wrong.
import type { Feed, Payload } from './feeds';
import type { Watch } from './watch';

/** What came of one corpus on one road. */
export interface Verdict {
  feed: string;
  trees: number;
  elements: number;
  attributes: number;
  /** Of the elements and attributes, on the stage. */
  shownElements: number;
  shownAttributes: number;
  /** Elements that were clicked and typed on. */
  poked: number;
  /** Refused as they are, by rule. */
  refused: Record<string, number>;
  /** What must not be, by kind; the ids of the trees. */
  scripts: string[];
  requests: string[];
  forbidden: string[];
}

const pageful = 100;
let turn = 0;

type Kind = 'scripts' | 'requests' | 'forbidden';

function kindOf(what: string): Kind {
  if (/ ran$|dialog|policy|script or load/.test(what)) return 'scripts';
  return /request|connection|window|download/.test(what) ? 'requests' : 'forbidden';
}

const sum = (list: readonly { elements: number; attributes: number }[]): [number, number] =>
  [list.reduce((n, { elements }) => n + elements, 0), list.reduce((n, { attributes }) => n + attributes, 0)];

const styled = (trees: readonly Payload[], feed: Feed): boolean => feed.name === 'raw' || trees.some(({ plain }) => /"(style|link)"/.test(JSON.stringify(plain)));

/** Shows trees and says what is wrong. */
async function once(feed: Feed, watch: Watch, trees: readonly Payload[]): Promise<Awaited<ReturnType<Watch['look']>>> {
  const now = ++turn;
  const rule = await feed.show(trees, now);
  if (rule) return { found: [{ id: '', what: `refused by ${rule}` }], seen: [] };
  if (!await watch.until(now, styled(trees, feed))) return { found: [{ id: '', what: 'not shown' }], seen: [] };
  return watch.look();
}

/** Takes all trees to the stage. */
export async function judge(feed: Feed, watch: Watch, trees: readonly Payload[], poke: number, connections: () => number): Promise<Verdict> {
  const [elements, attributes] = sum(trees);
  const verdict: Verdict = {
    feed: feed.name, trees: trees.length, elements, attributes, shownElements: 0, shownAttributes: 0, poked: 0, refused: {},
    scripts: [], requests: [], forbidden: [],
  };
  const note = (id: string, what: string): void => {
    const list = verdict[kindOf(what)];
    const line = `${id}: ${what}`;
    if (!list.includes(line)) list.push(line);
  };
  for (let at = 0; at < trees.length; at += pageful) {
    const part = trees.slice(at, at + pageful);
    const opened = connections();
    const { found, seen } = await once(feed, watch, part);
    const [shownElements, shownAttributes] = sum(seen);
    verdict.shownElements += shownElements;
    verdict.shownAttributes += shownAttributes;
    for (const { id, what } of found) if (id !== '') note(id, what);
    const general = found.filter(({ id }) => id === '').map(({ what }) => what);
    if (connections() > opened) general.push('connection');
    if (general.length > 0) await blame(feed, watch, part, general, note);
    await watch.stir(turn);
  }
  const active = trees.filter(({ plain }) => /"(a|area|button|input|select|summary|label|form|option|textarea|details)"/.test(JSON.stringify(plain)));
  const some = active.filter((_, i) => i % Math.ceil(active.length / poke) === 0);
  if (some.length > 0) {
    await once(feed, watch, some);
    verdict.poked = await watch.poke(poke);
    for (const { id, what } of (await watch.look()).found) note(id || 'clicks', what);
  }
  for (const { id } of trees) {
    const rule = feed.refused.get(id);
    if (rule) verdict.refused[rule] = (verdict.refused[rule] ?? 0) + 1;
  }
  return verdict;
}

// Something happened on a page of many trees: each is shown alone. When none does it again, all are under suspicion.
async function blame(feed: Feed, watch: Watch, trees: readonly Payload[], general: readonly string[], note: (id: string, what: string) => void): Promise<void> {
  let sure = false;
  for (const tree of trees) {
    const { found } = await once(feed, watch, [tree]);
    for (const { id, what } of found) {
      if (id !== '') continue;
      sure = true;
      note(tree.id, what);
    }
  }
  if (!sure) for (const what of general) note(`${trees[0]?.id ?? ''} to ${trees.at(-1)?.id ?? ''}`, what);
}
