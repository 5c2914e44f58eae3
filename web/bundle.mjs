// How browser code is made small: what the build and the measurements have in common.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { minify } from 'terser';

/** Options of esbuild that decide what the code is. */
export const minified = { minify: true, target: 'es2022', legalComments: 'none', charset: 'utf8' };

// The constants of these files, by name: `Role.Text` is a number in a bundle and the object is gone. Names are looked for
// in text; that is safe because only files that import them from there are touched.
const constants = new Map();
for (const file of ['wire/frames', 'wire/vocabulary', 'sdk/privacy']) {
  const text = readFileSync(join(import.meta.dirname, `${file}.ts`), 'utf8');
  for (const [, name, body] of text.matchAll(/^export const (\w+) = \{\n([^}]*)\} as const;/gm)) {
    constants.set(name, new Map([...body.matchAll(/(\w+): (\d+),/g)].map(([, key, value]) => [key, value])));
  }
}

/** Puts those constants in the place of their names. */
export const inline = {
  name: 'inline',
  setup({ onLoad }) {
    onLoad({ filter: /[/\\](sdk|viewer|wire)[/\\]\w+\.ts$/ }, ({ path }) => {
      const text = readFileSync(path, 'utf8');
      const imported = [...text.matchAll(/^import \{([^}]*)\} from '[^']*\/(?:frames|vocabulary|privacy)';/gm)].flatMap(([, names]) => names.split(/[\s,]+/));
      const contents = text.replace(/(?<![\w.'])(\w+)\.(\w+)\b/g, (all, name, key) => (imported.includes(name) ? (constants.get(name)?.get(key) ?? all) : all));
      return { contents, loader: 'ts' };
    });
  },
};

/** Minifies code a second time, with a source map if its first one is given. */
export function squeeze(code, sourceMap) {
  return minify(code, { ecma: 2022, compress: { ecma: 2022, passes: 3, hoist_funs: true }, ...(sourceMap ? { sourceMap } : {}) });
}
