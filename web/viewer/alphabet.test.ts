// The viewer's tables are the second fence: they say the same as the server's, code by code, and nothing beyond.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { Content, NAMESPACES, Value } from '../wire/vocabulary';
import { type AttributeRule, type ElementRule, allowed, attributes, elements, flows, holds } from './alphabet';

const lines = readFileSync(join(import.meta.dirname, '../../test/vectors/vocab/codes.txt'), 'utf8').split('\n').filter((line) => line !== '' && !line.startsWith('#'));
const rules = elements.filter((rule): rule is ElementRule => rule !== undefined);
const named = new Map(rules.map((rule) => [rule.key, rule]));
const spelled = attributes.filter((rule): rule is AttributeRule => rule !== undefined);

describe('the tables', () => {
  it('threat-01 have the codes of the server, in its order', () => {
    const mine = [
      ...elements.flatMap((rule, code) => (rule ? [`element ${code} ${rule.key} ${Object.keys(Content).find((k) => Content[k as keyof typeof Content] === rule.content) ?? '?'}`] : [])),
      ...attributes.flatMap((rule, code) => (rule ? [`attribute ${code} ${rule.name} ${Object.keys(Value).find((k) => Value[k as keyof typeof Value] === rule.value) ?? '?'}`] : [])),
    ];
    expect(new Set(mine)).toEqual(new Set(lines.map((line) => line.replace(/^\d+ /, ''))));
    expect(mine).toHaveLength(lines.length);
    expect(elements.length).toBeLessThan(256);
    expect(attributes.length).toBeLessThan(256);
  });

  it('threat-11 make every element in the namespace of its name', () => {
    for (const rule of rules) {
      const space = rule.key.startsWith('svg:') ? 1 : rule.key.startsWith('math:') ? 2 : 0;
      expect(rule.namespace).toBe(NAMESPACES[space]);
      expect(rule.key.replace(/^(svg|math):/, '')).toBe(rule.name);
    }
  });

  it('threat-02 have no name that runs', () => {
    for (const { name } of spelled) expect(name).not.toMatch(/^on|^(src|srcset|srcdoc|action|formaction|xlink:href|style-src|is)$/);
    for (const { key } of rules) expect(key).not.toMatch(/^(svg:)?(script|iframe|object|embed|link|meta|base|template|animate|set)$/);
  });

  it('threat-12 keep formulas and HTML apart', () => {
    for (const parent of rules) {
      for (const child of rules) {
        const math = child.key.startsWith('math:');
        if (parent.key.startsWith('math:')) expect(!holds(parent, child) || math).toBe(true);
        else if (math) expect(!holds(parent, child) || child.key === 'math:math').toBe(true);
        if (parent.content === Content.Empty || parent.content === Content.Text) expect(holds(parent, child)).toBe(false);
      }
      expect(flows(parent)).toBe((!parent.key.includes(':') && parent.key !== 'html') || parent.key === 'svg:svg' || parent.key === 'math:math');
    }
  });

  it.each([
    ['fill', 'svg:rect', true], ['fill', 'p', false], ['fill', 'math:mi', false], ['title', 'p', true], ['title', 'svg:rect', false],
    ['mathcolor', 'math:mi', true], ['mathcolor', 'p', false], ['mathcolor', 'svg:rect', false], ['linethickness', 'math:mfrac', true],
    ['linethickness', 'math:mi', false], ['class', 'math:mi', true], ['href', 'math:mi', false], ['href', 'a', true], ['href', 'p', false],
    ['#src', 'img', true], ['#src', 'math:mspace', false], ['rowspan', 'math:mtd', true], ['rowspan', 'p', false],
  ])('allow %s on %s: %s', (name, key, yes) => {
    const element = named.get(key);
    expect(element && spelled.some((rule) => rule.name === name && allowed(rule, element))).toBe(yes);
  });
});
