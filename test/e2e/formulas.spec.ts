// Formulas look alike on both sides, and nothing in them leads anywhere (threat rows 11 and 12).
import { expect, test, together } from './support/env';
import { expectSame, expectSameLook } from './support/people';

test('threat-12 formulas are seen as they are, without links and other languages', async ({ customer, agent, server, at }) => {
  await together(customer, agent, server, at('formulas.html'));
  await expect.poll(() => agent.text('h1')).toContain('Formulas');
  await expectSame(customer, agent);
  await expectSameLook(customer, agent, '#annuity');
  await expectSameLook(customer, agent, '#matrix');

  await customer.page.evaluate(() => {
    const space = 'http://www.w3.org/1998/Math/MathML';
    const row = document.querySelector('#annuity mfrac > mrow');
    const added = document.createElementNS(space, 'mi');
    added.setAttribute('class', 'unknown');
    added.textContent = 'z';
    row?.append(added);
    document.querySelector('#annuity mfrac')?.setAttribute('linethickness', '4px');
    document.querySelector('#matrix mtr')?.remove();
  });
  await expect.poll(() => agent.text('#annuity')).toContain('z');
  await expectSame(customer, agent);
  await expectSameLook(customer, agent, '#annuity');

  const seen = JSON.stringify(await agent.stage());
  expect(seen).not.toContain('html-in-text');
  expect(seen).not.toContain('a-source-of-the-formula');
  expect(seen).toContain('acts');
  const foreign = await agent.page.evaluate(() => {
    const stage = document.querySelector<HTMLIFrameElement>('iframe[sandbox]')?.contentDocument;
    const inside = [...stage?.querySelectorAll('math, math *') ?? []];
    return {
      count: inside.length,
      others: inside.filter((el) => el.namespaceURI !== 'http://www.w3.org/1998/Math/MathML').length,
      links: inside.filter((el) => el.hasAttribute('href') || el.hasAttribute('onclick')).length,
    };
  });
  expect(foreign.count).toBeGreaterThan(30);
  expect(foreign.others).toBe(0);
  expect(foreign.links).toBe(0);
});
