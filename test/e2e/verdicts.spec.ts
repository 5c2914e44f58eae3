// Every payload of the corpora on its way to the stage: nothing runs, nothing is asked for, nothing stands there that the
// tables do not name. `make verdicts` takes all of them and writes the figures down, `make test` takes a few.
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { build } from 'esbuild';
import { expect, test } from './support/env';
import { type Sink, startSink } from './support/web';
import { control } from './verdicts/alarm';
import { type Corpus, corpora, present, read } from './verdicts/corpora';
import { type Feed, type Payload, Raw, Sdk } from './verdicts/feeds';
import { judge, type Verdict } from './verdicts/judge';
import type { Case } from './verdicts/tree';
import { Watch } from './verdicts/watch';

// "all", or names of corpora; without it, a sample.
const wanted = process.env['VERDICTS']?.split(',') ?? [];
const all = wanted.length > 0;
const few = 24; // cases of a corpus in a sample
const figures = join(__dirname, '../../bin/figures'); // what `make verdicts` writes down

test.use({ config: 'session: {agent_away: 1h}' });

async function bundle(name: string): Promise<string> {
  const result = await build({ entryPoints: [join(__dirname, 'verdicts', name)], bundle: true, write: false, format: 'iife', target: 'es2022', logLevel: 'silent' });
  return result.outputFiles[0]?.text ?? '';
}

// The same cases in every run.
function sample(list: readonly Case[]): readonly Case[] {
  const step = Math.max(1, Math.floor(list.length / few));
  return all ? list : list.filter((_, i) => i % step === step - 1);
}

// Every name leads to the sink, so that nothing real is ever asked; the names that the browser asks for itself lead nowhere.
const itself = ['accounts.google.com', '*.googleapis.com', '*.gvt1.com', 'clients*.google.com'].map((name) => `MAP ${name} ~NOTFOUND, `).join('');
const mapped = (sink: Sink): string => `--host-resolver-rules=${itself}MAP * 127.0.0.1:${sink.port}, EXCLUDE 127.0.0.1`;

async function along(feed: Feed, watch: Watch, trees: readonly Payload[], sink: Sink, again: () => Promise<unknown>): Promise<Verdict> {
  const parts: Verdict[] = [];
  for (let at = 0; at < trees.length; at += feed.perSession) {
    if (at > 0) await again();
    await feed.open(watch);
    parts.push(await judge(feed, watch, trees.slice(at, at + feed.perSession), all ? 60 : 12, sink.connections));
    expect(await watch.grown(), 'the console around the stage').toEqual([]);
  }
  return parts.reduce((a, b) => {
    const refused = { ...a.refused };
    for (const [rule, n] of Object.entries(b.refused)) refused[rule] = (refused[rule] ?? 0) + n;
    return {
      feed: a.feed, trees: a.trees + b.trees, elements: a.elements + b.elements, attributes: a.attributes + b.attributes,
      shownElements: a.shownElements + b.shownElements, shownAttributes: a.shownAttributes + b.shownAttributes, poked: a.poked + b.poked, refused,
      scripts: [...a.scripts, ...b.scripts], requests: [...a.requests, ...b.requests], forbidden: [...a.forbidden, ...b.forbidden],
    };
  });
}

// A payload that is refused by each rule goes over the wire, too: the server must say what was foreseen, and end the session at the third.
async function refusals(raw: Raw, watch: Watch, trees: readonly Payload[]): Promise<void> {
  const byRule = new Map(trees.flatMap((tree) => {
    const rule = raw.refused.get(tree.id);
    return rule ? [[rule, tree] as const] : [];
  }));
  for (const [rule, tree] of byRule) {
    await raw.open(watch);
    for (const strike of [1, 2]) expect(await raw.refuse(tree), `${tree.id} on the wire, ${strike}`).toBe(rule);
    // The end may come before the third refusal is heard of.
    expect([rule, 'end'], `${tree.id} on the wire, 3`).toContain(await raw.refuse(tree));
    expect(await raw.refuse(tree), `${tree.id} on the wire, after the end`).toBe('end');
  }
}

test('threat-01 to threat-34: every payload on its way to the stage', async ({ playwright, launchOptions, probe, server, site }) => {
  test.skip(!present(), 'corpora not found at ../shared/corpora: 10529 payloads not run');
  test.setTimeout(all ? 60 * 60_000 : 120_000);
  const [sink, alarm] = [await startSink(), await startSink()];
  const launch = (rules: string) => playwright.chromium.launch({ ...launchOptions, args: [...(launchOptions.args ?? []), rules] });
  const [forCustomer, forAgent] = [await launch('--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1'), await launch(mapped(sink))];
  const inspector = await bundle('inspect.ts');
  await mkdir(figures, { recursive: true });
  const verdicts: { corpus: Corpus; distinct: number; alarm: readonly string[]; feeds: Verdict[] }[] = [];
  try {
    const sdk = new Sdk(forCustomer, server, site, `${probe}\n${await bundle('page.ts')}`);
    const watch = await Watch.open(forAgent, server.base, inspector);
    const raw = new Raw(server, site.origin);
    // A sample is one run of a few cases of every corpus.
    const groups = all ? corpora.filter(({ name }) => wanted.includes('all') || wanted.includes(name)).map((corpus) => [corpus]) : [corpora];
    for (const group of groups) {
      const begin = Date.now();
      const lists = await Promise.all(group.map(read));
      const corpus = { name: group.map(({ name }) => name).join(' '), cases: lists.flat().length, hostile: group.some(({ hostile }) => hostile) };
      const whole = all ? lists.flat() : lists.flatMap((list, i) => (group[i]?.hostile ? list : []));
      const cases = lists.flatMap(sample);
      const trees = await sdk.parse(cases);
      expect(trees.length, `${corpus.name}: trees`).toBeGreaterThan(cases.length / 3);
      const feeds = [
        await along(sdk, watch, trees, sink, () => sdk.parse(cases)),
        await along(raw, watch, trees, sink, () => Promise.resolve()),
      ];
      await refusals(raw, watch, trees);
      const fired = await control({ playwright, launchOptions, sink: alarm, mapped: mapped(alarm), site, scripts: [inspector, await bundle('control.ts')] }, whole, all);
      const verdict = { corpus, distinct: trees.length, alarm: fired, feeds };
      verdicts.push(verdict);
      if (all) await writeFile(join(figures, `payloads-${corpus.name}.json`), JSON.stringify(verdict, null, 1));
      console.log(`${corpus.name}: ${cases.length} cases, ${trees.length} trees, ${Math.round((Date.now() - begin) / 1000)} s`, JSON.stringify(feeds.map(({ refused, ...rest }) => [rest, refused])), fired);
    }
    await raw.open(watch);
    expect(await watch.proof(), 'what the watch sees when it is there').toEqual(['policy', 'request', 'script', 'table']);
    await raw.close();
  } finally {
    for (const browser of [forCustomer, forAgent]) await browser.close();
    for (const one of [sink, alarm]) await one.close();
  }
  for (const { corpus, alarm: fired, feeds } of verdicts) {
    for (const { feed, scripts, requests, forbidden } of feeds) {
      expect.soft([...scripts, ...requests, ...forbidden], `${corpus.name} by ${feed}`).toEqual([]);
    }
    if (corpus.hostile) expect.soft(fired, `what the detectors see of ${corpus.name} without any rule`).toEqual(['scripts', 'requests', 'connections', 'forbidden']);
  }
});
