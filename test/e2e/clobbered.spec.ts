// Names of a page's forms and images hide the document's own properties. The page is shared all the same.
import { expect, test, together } from './support/env';

const hiding = ['body', 'head', 'documentElement', 'title', 'createElement', 'adoptedStyleSheets', 'activeElement', 'compatMode', 'baseURI', 'querySelectorAll', 'defaultView'];

test('threat-16: names that hide the document\u2019s own properties do not end the sharing', async ({ customer, agent, server, at }) => {
  await together(customer, agent, server, at('form.html'));
  await customer.page.evaluate((names) => {
    const make = (tag: string): Element => Document.prototype.createElementNS.call(document, 'http://www.w3.org/1999/xhtml', tag);
    const main = document.querySelector('main');
    for (const name of names) {
      // Two of a name make the document give a list of them.
      for (const tag of ['img', 'form', 'form']) {
        const made = make(tag);
        made.setAttribute('name', name);
        main?.append(made);
      }
    }
    const last = make('p');
    last.setAttribute('id', 'behind');
    last.append('behind all names');
    main?.append(last);
  }, hiding);
  await expect.poll(() => agent.text('#behind'), { timeout: 15_000 }).toBe('behind all names');
  await customer.page.locator('#behind').evaluate((element) => { element.textContent = 'and changed'; });
  await expect.poll(() => agent.text('#behind')).toBe('and changed');
  await expect.poll(() => agent.text('h1')).toBe('Every kind of field');
  expect(customer.faults).toEqual([]);
});
