// Checks that fail as yet, by number. The list may only shrink: a check that passes must leave it.

const list: Readonly<Record<string, readonly number[]>> = {
  case10_xorigin_css: [3],
  case21_svg: [3, 6],
  also_quirks: [1, 2],
  also_custom: [3],
  also_highlights: [1],
  also_properties: [2],
  also_preferences: [1],
  also_selection: [1],
};

/** The names of checks, such as "case19_canvas.1". */
export const expected: ReadonlySet<string> = new Set(Object.entries(list).flatMap(([name, numbers]) => numbers.map((n) => `${name}.${n}`)));
