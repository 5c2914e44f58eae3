// Pictures of both sides, what differs between them, and the report.
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import pixelmatch from 'pixelmatch';
import { PNG } from 'pngjs';

export interface Area { readonly x: number; readonly y: number; readonly width: number; readonly height: number }

/** How far a picture of the stage is from one of the page. */
export interface Verdict {
  readonly name: string;
  readonly page: Buffer;
  readonly stage: Buffer;
  readonly difference: Buffer;
  /** Share of the pixels outside masked areas that differ. */
  readonly differs: number;
  /** Share of the pixels that are not the same to the bit, by however little. */
  readonly inexact: number;
  /** Share of the picture that is masked. */
  readonly masked: number;
}

type Figures = Pick<Verdict, 'name' | 'differs' | 'inexact' | 'masked'>;

// Paints the masked areas in one colour, and says how many pixels they have.
function cover(picture: PNG, areas: readonly Area[]): number {
  let covered = 0;
  for (let y = 0; y < picture.height; y++) {
    const row = areas.filter((area) => y >= Math.floor(area.y) && y < Math.ceil(area.y + area.height));
    for (let x = 0; row.length > 0 && x < picture.width; x++) {
      if (!row.some((area) => x >= Math.floor(area.x) && x < Math.ceil(area.x + area.width))) continue;
      picture.data.fill(128, (y * picture.width + x) * 4, (y * picture.width + x) * 4 + 3);
      covered++;
    }
  }
  return covered;
}

/** Compares two pictures pixel by pixel. Edges of letters count like everything else. */
export function compare(name: string, page: Buffer, stage: Buffer, areas: readonly Area[]): Verdict {
  const [a, b] = [PNG.sync.read(page), PNG.sync.read(stage)];
  if (a.width !== b.width || a.height !== b.height) throw new Error(`${name}: the page is ${a.width}x${a.height}, the stage ${b.width}x${b.height}`);
  const covered = cover(a, areas);
  cover(b, areas);
  const out = new PNG({ width: a.width, height: a.height });
  const wrong = pixelmatch(a.data, b.data, out.data, a.width, a.height, { threshold: 0.1, includeAA: true });
  const all = a.width * a.height;
  let inexact = 0;
  for (let i = 0; i < a.data.length; i += 4) if (a.data.readUInt32BE(i) !== b.data.readUInt32BE(i)) inexact++;
  const open = Math.max(1, all - covered);
  return { name, page, stage, difference: PNG.sync.write(out), differs: wrong / open, inexact: inexact / open, masked: covered / all };
}

const percent = (share: number): string => `${(share * 100).toFixed(2)} %`;

/** Says in a line how alike both are. */
export const line = ({ name, differs, inexact, masked }: Figures): string =>
  `${name}: ${percent(differs)} of the pixels differ, ${percent(inexact)} by however little, ${percent(masked)} masked`;

const kept = ['page', 'stage', 'difference'] as const;

/** Keeps the pictures of one page. A test that fails takes its process with it, so the report is made of what is in the folder. */
export async function keep(folder: string, verdict: Verdict): Promise<void> {
  const { name, differs, inexact, masked } = verdict;
  await mkdir(folder, { recursive: true });
  for (const what of kept) await writeFile(join(folder, `${name}, ${what}.png`), verdict[what]);
  await writeFile(join(folder, `${name}.json`), JSON.stringify({ name, differs, inexact, masked }));
}

/** Writes a page that shows all pictures that were kept. */
export async function report(folder: string, most: number): Promise<void> {
  const names = (await readdir(folder)).filter((file) => file.endsWith('.json')).sort();
  const sections = await Promise.all(names.map(async (file) => {
    const verdict = JSON.parse(await readFile(join(folder, file), 'utf8')) as Figures;
    const figures = kept.map((what) => {
      const picture = encodeURIComponent(`${verdict.name}, ${what}.png`);
      return `<figure><a href="${picture}"><img src="${picture}" alt="${what}"></a><figcaption>${what}</figcaption></figure>`;
    });
    return `<section class="${verdict.differs < most ? 'same' : 'differs'}"><h2>${line(verdict)}</h2><div>${figures.join('')}</div></section>`;
  }));
  await writeFile(join(folder, 'index.html'), `<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Page and stage</title><style>
body { font: 15px/1.4 sans-serif; margin: 2em } h2 { font-size: 1.1em } .same h2 { color: #17672a } .differs h2 { color: #b3261e }
section div { display: grid; grid-template-columns: repeat(3, 1fr); gap: 1em } figure { margin: 0 } img { width: 100%; border: 1px solid #999 }
</style></head><body><h1>What the customer sees and what the agent sees</h1>
<p>Chromium, one window size, scale 1. A pixel differs when pixelmatch says so at a threshold of 0.1, edges of letters included.
Grey in the comparison is what agents are not shown on purpose, and the customer's own bar. Fewer than ${percent(most)} may differ.</p>
${sections.join('\n')}</body></html>\n`);
}
