// Compares two dumps node by node and says where they differ.
import type { Dump } from './probe/types';

const most = 20;

function name(dump: Dump, index: number): string {
  const id = dump.attrs?.['id'];
  return `${dump.kind}${id === undefined ? '' : `#${id}`}[${index}]`;
}

function sets(what: string, path: string, page: Readonly<Record<string, unknown>>, stage: Readonly<Record<string, unknown>>): string[] {
  const keys = new Set([...Object.keys(page), ...Object.keys(stage)]);
  return [...keys].sort().flatMap((key) => {
    const same = page[key] === stage[key] || (key === 'picture' && page[key] === undefined);
    return same ? [] : [`${path} ${what} ${key}: page ${JSON.stringify(page[key])}, stage ${JSON.stringify(stage[key])}`];
  });
}

/** What is different between the page and the stage: nothing, or at most 20 lines. */
export function differences(page: Dump, stage: Dump, path = 'html', found: string[] = []): string[] {
  if (page.kind !== stage.kind) found.push(`${path}: page has ${page.kind}, stage has ${stage.kind}`);
  else if (page.text !== stage.text) found.push(`${path}: page says ${JSON.stringify(page.text)}, stage says ${JSON.stringify(stage.text)}`);
  found.push(...sets('attribute', path, page.attrs ?? {}, stage.attrs ?? {}), ...sets('state', path, page.live ?? {}, stage.live ?? {}));
  const ours = page.children ?? [];
  const theirs = stage.children ?? [];
  for (let i = 0; i < Math.max(ours.length, theirs.length) && found.length < most; i++) {
    const a = ours[i];
    const b = theirs[i];
    if (a && b) differences(a, b, `${path} > ${name(a, i)}`, found);
    else if (a) found.push(`${path}: the stage lacks ${name(a, i)}`);
    else if (b) found.push(`${path}: only the stage has ${name(b, i)}`);
  }
  return found.slice(0, most);
}

/** How many nodes a dump holds. */
export function count(dump: Dump): number {
  return (dump.children ?? []).reduce((sum, child) => sum + count(child), 1);
}
