// Builds the browser code into web/dist, which the Go binary embeds.
// The same sources give the same bytes, and a file that did not change is not touched:
// a second build costs the Go linker nothing, and a running `go build` never sees half a folder.
import { mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import process from 'node:process';
import { build } from 'esbuild';
import { inline, minified, squeeze } from './bundle.mjs';

const web = import.meta.dirname;
const dist = join(web, 'dist');

// What is bundled: from → to, the global name where the result is a classic script, and the modules that a part of the SDK
// is lent by its core (sdk/parts.ts) instead of having its own copy: such a part is a function of them.
const bundles = [
  { from: 'sdk/main.ts', to: 'sdk/vitrine.js', global: 'Vitrine' },
  { from: 'sdk/main.ts', to: 'sdk/vitrine.mjs' },
  { from: 'sdk/more.ts', to: 'sdk/vitrine-session.mjs', lent: ['./natives', './css', './signal', './mask', './mirror'] },
  { from: 'sdk/input.ts', to: 'sdk/vitrine-control.mjs', lent: ['./natives', './mask'] },
  { from: 'sdk/guests.ts', to: 'sdk/vitrine-frames.mjs', lent: ['./natives', './mask', './mirror', './say'] },
  { from: 'sdk/canvas.ts', to: 'sdk/vitrine-canvas.mjs', lent: ['./natives'] },
  { from: 'sdk/frame.ts', to: 'sdk/vitrine-frame.js', global: 'VitrineFrame' },
  { from: 'sdk/frame.ts', to: 'sdk/vitrine-frame.mjs' },
  { from: 'viewer/main.ts', to: 'sdk/viewer.js', global: 'VitrineViewer' },
  { from: 'viewer/main.ts', to: 'sdk/viewer.mjs' },
  { from: 'console/main.tsx', to: 'console/console.js', global: '' },
  { from: 'console/console.css', to: 'console/console.css' },
  { from: 'check/main.ts', to: 'check/check.js', global: '' },
  { from: 'check/check.css', to: 'check/check.css' },
  { from: 'player/main.ts', to: 'player/player.js', global: '' },
  { from: 'player/player.css', to: 'player/player.css' },
];

// What is copied as it is: a file, or a folder with everything in it.
const copies = [
  { from: 'sdk/index.d.ts', to: 'sdk/vitrine.d.ts' },
  { from: 'sdk/embedded.d.ts', to: 'sdk/vitrine-frame.d.ts' },
  { from: 'viewer/index.d.ts', to: 'sdk/viewer.d.ts' },
  { from: 'console/console.html', to: 'console/console.html' },
  { from: 'check/check.html', to: 'check/check.html' },
  { from: 'player/player.html', to: 'player/player.html' },
  { from: 'viewer/stage.html', to: 'stage/stage.html' },
  { from: 'viewer/quirks.html', to: 'stage/quirks.html' },
  { from: 'demo', to: 'demo' },
];

// Named by a go:embed pattern in web.go: without this file the compiler's error line names the command.
const marker = 'BUILT_BY_make_build';

function exists(path) {
  return statSync(path, { throwIfNoEntry: false }) !== undefined;
}

function filesUnder(path) {
  const stat = statSync(path, { throwIfNoEntry: false });
  if (stat === undefined) return [];
  if (stat.isFile()) return [path];
  return readdirSync(path).sort().flatMap((name) => filesUnder(join(path, name)));
}

function lender(lent) {
  return {
    name: 'lent',
    setup({ onResolve }) {
      onResolve({ filter: /^\./ }, ({ path }) => (lent.includes(path) ? { path, external: true } : undefined));
    },
  };
}

// The SDK is loaded by every page of an owner's site, so it is minified a second time, and without the code by which bundlers
// imitate modules: a classic script is a function that gives what it exports, a part is a function of what its core lends.
// Every line stays a line, so the source map goes on fitting.
function wrap(text, { global, lent }) {
  const renamed = (list, as) => list.replace(/([\w$]+) as ([\w$]+)/g, as);
  const lends = text.replace(/^import \{([^}]*)\} from ("[^"]+");/gm, (_, list, from) => `const {${renamed(list, '$1: $2')}} = lend(${from});`);
  const gives = lends.replace(/^export \{([^}]*)\};/m, (_, list) => `return {${renamed(list, '$2: $1')}};}`);
  return lent ? `export default lend => {${gives};` : `"use strict";var ${global} = (() => {${gives})();`;
}

async function squeezed(files, kind) {
  const code = files.find(({ path }) => !path.endsWith('.map'));
  const map = files.find(({ path }) => path.endsWith('.map'));
  const text = kind.global || kind.lent ? wrap(code.text, kind) : code.text;
  const small = await squeeze(text, { content: map.text, url: relative(dirname(code.path), map.path) });
  return [[relative(dist, code.path), Buffer.from(small.code)], [relative(dist, map.path), Buffer.from(small.map)]];
}

async function bundle({ from, to, global, lent }) {
  const twice = to.startsWith('sdk/vitrine');
  const result = await build({
    absWorkingDir: web,
    entryPoints: [from],
    outfile: join('dist', to),
    bundle: true,
    write: false,
    ...minified,
    ...(twice ? { minify: false, minifySyntax: true, minifyIdentifiers: true } : {}),
    sourcemap: twice ? 'external' : 'linked',
    format: twice || global === undefined ? 'esm' : 'iife',
    plugins: lent ? [lender(lent), inline] : [inline],
    // A classic script has no import.meta; sdk/parts.ts knows.
    ...(twice && global ? { define: { 'import.meta.url': 'undefined' } } : {}),
    ...(global && !twice ? { globalName: global } : {}),
    jsx: 'automatic',
    jsxImportSource: 'preact',
    logLevel: 'warning',
  });
  if (twice) return squeezed(result.outputFiles, { global, lent });
  return result.outputFiles.map((file) => [relative(dist, file.path), file.contents]);
}

function copy({ from, to }) {
  const source = join(web, from);
  return filesUnder(source).map((path) => [join(to, relative(source, path)), readFileSync(path)]);
}

// sync makes the folder hold exactly these files.
function sync(files) {
  for (const [name, contents] of files) {
    const path = join(dist, name);
    if (exists(path) && readFileSync(path).equals(contents)) continue;
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, contents);
  }
  for (const path of filesUnder(dist)) {
    if (!files.has(relative(dist, path))) rmSync(path);
  }
}

const missing = [...new Set([...bundles, ...copies].map(({ from }) => from))].filter((from) => !exists(join(web, from)));
if (missing.length > 0) {
  console.error(`web/build.mjs: missing: ${missing.map((from) => `web/${from}`).join(', ')}`);
  if (!process.argv.includes('--allow-missing')) process.exit(1);
}
const there = ({ from }) => !missing.includes(from);
const outputs = [...(await Promise.all(bundles.filter(there).map(bundle))), ...copies.filter(there).map(copy)].flat();
sync(new Map([...outputs, [marker, Buffer.from('The browser code in this folder was built by: make build\n')]]));
