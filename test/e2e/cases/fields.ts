// Cases 11 to 16: what people fill in, and what lies above the page.
import { everyByte } from '../support/frames';
import type { Cast, Row } from './kit';

const byCode: Row = {
  name: 'case11_input_code',
  body: `<form id="form"><input id="text" value="from the source"><input id="number" type="number" value="1"><input id="range" type="range"><textarea id="area">area</textarea>
    <select id="select"><option>one</option><option>two</option></select><input id="date" type="date"><input id="color" type="color"><output id="out">0</output></form>
    <script>text.value = 'set before';</script>`,
  checks: [
    { what: 'set before', read: ({ q }) => [q<HTMLInputElement>('#text').value, q<HTMLInputElement>('#number').value], want: ['set before', '1'] },
    {
      what: 'value and valueAsNumber',
      change: ({ q }) => {
        q<HTMLInputElement>('#text').value = 'set';
        q<HTMLInputElement>('#number').valueAsNumber = 42;
        q<HTMLInputElement>('#date').valueAsDate = new Date(0);
      },
      read: ({ q }) => ['#text', '#number', '#date'].map((id) => q<HTMLInputElement>(id).value),
      want: ['set', '42', '1970-01-01'],
    },
    {
      what: 'setRangeText alone',
      change: ({ q }) => { q<HTMLTextAreaElement>('#area').setRangeText('!', 0, 1); },
      read: ({ q }) => q<HTMLTextAreaElement>('#area').value,
      want: '!rea',
    },
    {
      what: 'stepUp alone',
      change: ({ q }) => { q<HTMLInputElement>('#number').stepUp(3); },
      read: ({ q }) => q<HTMLInputElement>('#number').value,
      want: '45',
    },
    {
      what: 'a select by option, by index, by value, and a colour',
      change: ({ q }) => {
        q<HTMLSelectElement>('#select').selectedIndex = 1;
        q<HTMLInputElement>('#color').value = '#0000ff';
        q<HTMLInputElement>('#range').value = '7';
      },
      read: ({ q }) => ['#select', '#color', '#range'].map((id) => q<HTMLInputElement>(id).value),
      want: ['two', '#0000ff', '7'],
    },
    {
      what: 'reset',
      change: ({ q }) => { q<HTMLFormElement>('#form').reset(); },
      read: ({ q }) => ['#text', '#number', '#select', '#color'].map((id) => q<HTMLInputElement>(id).value),
      want: ['from the source', '1', 'one', '#000000'],
    },
    {
      what: 'defaultValue of what nobody touched',
      change: ({ q }) => { q<HTMLInputElement>('#text').defaultValue = 'another default'; },
      read: ({ q }) => q<HTMLInputElement>('#text').value,
      want: 'another default',
    },
    {
      what: 'an option that is made and chosen, and its length',
      change: ({ q, view }) => { q<HTMLSelectElement>('#select').add(new view.Option('three', '3', true, true)); },
      read: ({ q }) => [q<HTMLSelectElement>('#select').selectedOptions[0]?.text, q<HTMLSelectElement>('#select').length],
      want: ['three', 3],
    },
    {
      what: 'typed by a person',
      act: async ({ customer }) => {
        await customer.page.locator('#text').fill('');
        await customer.page.locator('#text').pressSequentially('by hand');
      },
      read: ({ q }) => q<HTMLInputElement>('#text').value,
      want: 'by hand',
    },
  ],
};

const checked: Row = {
  name: 'case12_checked',
  body: `<input type="checkbox" id="un" checked><input type="checkbox" id="in"><input type="radio" name="r" id="r1" checked><input type="radio" name="r" id="r2">
    <select multiple id="multi"><option selected>1</option><option>2</option><option>3</option></select>
    <script>document.getElementById('un').checked = false; document.getElementById('in').indeterminate = true; multi.options[2].selected = true;</script>`,
  checks: [
    { what: 'unticked though its attribute says otherwise', read: ({ q }) => q<HTMLInputElement>('#un').checked, want: false },
    { what: 'neither ticked nor not', read: ({ q }) => q<HTMLInputElement>('#in').indeterminate, want: true },
    { what: 'several selected', read: ({ q }) => [...q<HTMLSelectElement>('#multi').options].map((o) => o.selected), want: [true, false, true] },
    {
      what: 'radios of a group',
      change: ({ q }) => { q<HTMLInputElement>('#r2').checked = true; },
      read: ({ q }) => [q<HTMLInputElement>('#r1').checked, q<HTMLInputElement>('#r2').checked],
      want: [false, true],
    },
    {
      what: 'ticked and decided by a click, others unselected',
      change: ({ q }) => {
        q('#un').click();
        q('#in').click();
        const { options } = q<HTMLSelectElement>('#multi');
        for (const option of options) option.selected = option.text === '2';
      },
      read: ({ q }) => [q<HTMLInputElement>('#un').checked, q<HTMLInputElement>('#in').indeterminate, [...q<HTMLSelectElement>('#multi').options].map((o) => o.selected)],
      want: [true, false, [false, true, false]],
    },
  ],
};

/** Whether any of the words left the customer's page, in whatever form. */
async function leaked({ customer }: Cast, words: readonly string[]): Promise<string[]> {
  const bytes = everyByte(await customer.sent());
  return words.filter((word) => bytes.includes(word));
}

const stale: Row = {
  name: 'case13_stale_attrs',
  body: `<input id="pass" type="password" value="stale-7001" placeholder="stale-7002" title="stale-7003" data-copy="stale-7004" aria-label="stale-7005">
    <input type="hidden" id="hidden" value="stale-7006"><div data-vitrine="mask" title="stale-7007">stale-7008<img alt="stale-7009"></div><div data-vitrine="hide">stale-7010</div>
    <input id="plain" value="source-7011"><script>pass.value = ''; plain.value = 'shown';</script>`,
  checks: [
    { what: 'a cleared password shows nothing', read: ({ q }) => q<HTMLInputElement>('#pass').value, want: '' },
    {
      what: 'nothing secret left the page',
      change: ({ q }) => {
        q('#pass').setAttribute('value', 'stale-7012');
        q('#hidden').setAttribute('value', 'stale-7013');
        q('#pass').setAttribute('data-copy', 'stale-7014');
      },
      ask: (cast) => leaked(cast, ['source-7011', ...Array.from({ length: 14 }, (_, i) => `stale-${7001 + i}`)]),
      want: [],
    },
    { what: 'what is no secret is shown', read: ({ q }) => q<HTMLInputElement>('#plain').value, want: 'shown' },
  ],
};

const show: Row = {
  name: 'case14_show_password',
  body: '<input id="pass" type="password"><input id="later"><script>pass.value = "shown-8001";</script>',
  checks: [
    { what: 'bullets before', only: 'stage', read: ({ q }) => q<HTMLInputElement>('#pass').value, want: '\u2022'.repeat(10) },
    {
      what: 'bullets though the page shows it', only: 'stage',
      change: ({ q }) => {
        q<HTMLInputElement>('#pass').type = 'text';
        q<HTMLInputElement>('#pass').value = 'shown-8002x';
      },
      read: ({ q }) => [q<HTMLInputElement>('#pass').type, q<HTMLInputElement>('#pass').value],
      want: ['text', '\u2022'.repeat(11)],
    },
    {
      what: 'nothing of it left the page, and the page was not written to',
      change: ({ q }) => {
        q<HTMLInputElement>('#later').type = 'password';
        q<HTMLInputElement>('#later').value = 'shown-8003';
        q<HTMLInputElement>('#later').type = 'text';
      },
      ask: async (cast) => [await leaked(cast, ['shown-8001', 'shown-8002', 'shown-8003']), await cast.customer.page.locator('#pass').evaluate((el) => el.outerHTML)],
      want: [[], '<input id="pass" type="text">'],
    },
  ],
};

const dialogs: Row = {
  name: 'case15_dialog',
  head: '<style>dialog { width: 200px; height: 100px; border: 0; padding: 0; background: rgb(10, 20, 30) } #b { background: rgb(30, 20, 10) } #b::backdrop { background: rgb(0, 99, 0) } #a::backdrop { background: rgb(0, 0, 99) }</style>',
  body: `<p id="behind">behind</p><dialog id="a"><p id="ina">a</p></dialog><dialog id="b"><p id="inb">b</p></dialog><dialog id="c">c</dialog>
    <script>document.getElementById('help').addEventListener('click', () => b.showModal());</script>`,
  checks: [
    { what: 'a modal one stands in the middle', read: ({ box, view }) => [box('#b')[2], Math.abs((box('#b')[0] ?? 0) + 100 - view.innerWidth / 2) < 9, Math.abs((box('#b')[1] ?? 0) + 50 - view.innerHeight / 2) < 9], want: [200, true, true] },
    { what: 'its backdrop covers the page', pixel: ['#behind', 1, 1], want: '0,99,0' },
    {
      what: 'one above another: the last that was opened',
      change: ({ q }) => { q<HTMLDialogElement>('#a').showModal(); },
      pixel: ['#a', 150, 90],
      want: '10,20,30',
    },
    { what: 'with its own backdrop on top', pixel: ['#behind', 1, 1], want: '0,0,99' },
    {
      what: 'closed, the other one is seen again',
      change: ({ q }) => { q<HTMLDialogElement>('#a').close(); },
      pixel: ['#b', 150, 90],
      want: '30,20,10',
    },
    {
      what: 'closed and shown in the flow',
      change: ({ q }) => {
        q<HTMLDialogElement>('#b').close();
        q<HTMLDialogElement>('#c').show();
      },
      read: ({ box, css }) => [box('#b')[2], css('#c', 'position'), box('#c')[2]],
      want: [0, 'absolute', 200],
    },
    { what: 'and no backdrop', pixel: ['#behind', 1, 1], want: '255,255,255' },
  ],
};

const popovers: Row = {
  name: 'case16_popover',
  head: `<style>[popover] { width: 120px; height: 60px; margin: 0; left: 300px; top: 200px; border: 0; padding: 0; background: rgb(1, 50, 1) } #two { background: rgb(50, 1, 1) }
    #full { background: rgb(1, 1, 90); height: 20px } :fullscreen { outline: 5px solid rgb(3, 3, 3) } #one:popover-open { outline: 2px solid rgb(4, 4, 4) }</style>`,
  body: `<button id="opener" popovertarget="one">open</button><div id="one" popover>one</div><div id="two" popover="manual">two</div><div id="full">full</div>
    <script>two.showPopover();</script>`,
  checks: [
    { what: 'open before', read: ({ box }) => [box('#two'), box('#one')[2]], want: [[300, 200, 120, 60], 0] },
    {
      what: 'opened by its button, above the other',
      act: async ({ customer }) => { await customer.page.click('#opener'); },
      pixel: ['#one', 110, 50],
      want: '1,50,1',
    },
    { what: 'styles of what is open', read: ({ css }) => css('#one', 'outline-color'), want: 'rgb(4, 4, 4)' },
    {
      what: 'closed by a click beside it; a manual one stays',
      act: async ({ customer }) => { await customer.page.mouse.click(500, 500); },
      read: ({ box }) => [box('#one')[2], box('#two')[2]],
      want: [0, 120],
    },
    {
      what: 'a whole screen',
      act: async ({ customer }) => {
        await customer.page.evaluate(() => { document.addEventListener('click', () => void document.getElementById('full')?.requestFullscreen(), { once: true }); });
        await customer.page.mouse.click(500, 500);
        await customer.page.waitForFunction(() => document.fullscreenElement);
      },
      read: ({ box, view, css }) => [box('#full')[2] === view.innerWidth, box('#full')[3] === view.innerHeight, css('#full', 'outline-color')],
      want: [true, true, 'rgb(3, 3, 3)'],
    },
    {
      what: 'and back',
      act: async ({ customer }) => { await customer.page.evaluate(() => document.exitFullscreen()); },
      read: ({ box }) => box('#full')[3],
      want: 20,
    },
  ],
};

/** The rows of this file. */
export const rows: readonly Row[] = [byCode, checked, stale, show, dialogs, popovers];
