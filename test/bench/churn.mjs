// A page that changes much, and what recording it costs: the processor time that the browser's main thread spends in scripts, and what is recorded.

/** A page with nothing but a table of 1,000 rows, a list that grows and a field. */
export const churnPage = `<!doctype html><html lang="en"><head><title>Rows</title><script src="/sdk/vitrine.js"></script>
<style>td { padding: 2px 6px } .odd { background: #eee }</style></head><body>
<p><input id="field" aria-label="Field"></p><ol id="list"></ol><table><tbody id="rows"></tbody></table>
<script>
  const body = document.getElementById('rows');
  const list = document.getElementById('list');
  let round = 0;
  const row = (i) => '<tr class="' + (i % 2 ? 'odd' : 'even') + '" data-id="' + i + '"><td class="number">' + i + '</td><td><a href="#r' + i +
    '">label ' + ((i * 7919 + round) % 10007) + '</a></td><td><span class="badge">state ' + ((i + round) % 5) + '</span></td></tr>';
  const fill = () => { round++; body.innerHTML = Array.from({ length: 1000 }, (_, i) => row(i)).join(''); };
  fill();
  const times = (n, step) => Array.from({ length: n }, () => step);
  const each = (change) => () => { round++; for (let i = 0; i < body.children.length; i++) change(body.children[i], i); };
  // Ten messages, of which the last 300 stay.
  const messages = () => {
    for (let i = 0; i < 10; i++) {
      const item = document.createElement('li');
      item.className = 'message';
      item.innerHTML = '<b>Person ' + (round % 17) + '</b> <span class="text">message ' + round++ + '</span>';
      list.append(item);
    }
    while (list.children.length > 300) list.firstChild.remove();
  };
  const scenarios = {
    recreate: Array.from({ length: 10 }, (_, i) => i % 2 ? fill : () => { body.innerHTML = ''; }),
    reverse: times(5, () => { for (const tr of [...body.children].reverse()) body.append(tr); }),
    update: times(10, each((tr, i) => {
      tr.children[1].firstChild.textContent = 'label ' + ((i * 7919 + round) % 10007);
      tr.className = (i + round) % 2 ? 'odd' : 'even';
    })),
    data: times(10, each((tr, i) => { tr.children[1].firstChild.firstChild.data = 'label ' + ((i * 7919 + round) % 10007); })),
    style: times(40, () => {
      round++;
      for (let i = 0; i < 100; i++) body.children[i].style.transform = 'translate(' + (round + i) % 50 + 'px, ' + round % 7 + 'px)';
    }),
    insert: times(20, messages),
  };
  const inFrame = (step) => new Promise((resolve) => requestAnimationFrame(() => { step(); resolve(); }));
  const settle = () => new Promise((resolve) => setTimeout(resolve, 300));
  // One step a frame, messages every 50 ms; then time for what the recorder does later.
  window.churn = async (name) => {
    for (const step of scenarios[name]) {
      await inFrame(step);
      if (name === 'insert') await new Promise((resolve) => setTimeout(resolve, 50));
    }
    await settle();
  };
</script></body></html>`;

/** weigh gives the size of what was recorded from a frame on, in the page itself: each frame deflated on its own, and all in one gzip. */
export async function weigh(first) {
  const pack = async (list, format) => (await new Response(new Blob(list).stream().pipeThrough(new CompressionStream(format))).arrayBuffer()).byteLength;
  const all = window.recorder.frames.slice(first).map((frame) => (
    frame instanceof Uint8Array ? frame : new TextEncoder().encode(typeof frame === 'string' ? frame : JSON.stringify(frame))
  ));
  const sizes = { bytes: 0, deflated: 0, gzip: await pack(all, 'gzip') };
  for (const bytes of all) {
    sizes.bytes += bytes.length;
    sizes.deflated += await pack([bytes], 'deflate-raw');
  }
  return sizes;
}

const IDLE = 1500;

// In this order, in one page: opening a page costs more than what happens in it. What the test does itself is here.
const scenarios = {
  recreate: null, reverse: null, update: null, data: null, style: null, insert: null,
  typing: async (page) => {
    await page.locator('#field').focus();
    await page.keyboard.type('the quick brown fox jumps over the lazy dog '.repeat(2), { delay: 5 });
    await page.waitForTimeout(300);
  },
  idle: (page) => page.waitForTimeout(IDLE),
};

async function measure(scenario, page, script) {
  const first = await page.evaluate(() => window.recorder.frames.length);
  const before = await script();
  if (scenarios[scenario]) await scenarios[scenario](page);
  else await page.evaluate((name) => window.churn(name), scenario);
  const ms = await script() - before;
  const sizes = await page.evaluate(weigh, first);
  return { ms: scenario === 'idle' ? ms / (IDLE / 1000) : ms, ...sizes };
}

/** churnOn measures all scenarios with every recorder in turns. */
export async function churnOn({ modes, inTurns, open }) {
  await inTurns(modes, 5, async (mode) => {
    const { page, close } = await open(mode);
    const devtools = await page.context().newCDPSession(page);
    // Processor time of the thread, so that neighbours on the machine count less.
    await devtools.send('Performance.enable', { timeDomain: 'threadTicks' });
    const script = async () => (await devtools.send('Performance.getMetrics')).metrics.find(({ name }) => name === 'ScriptDuration').value * 1000;
    await page.evaluate(() => window.recorder.begin({ stringify: true }));
    await page.waitForTimeout(200);
    const samples = [];
    for (const scenario of Object.keys(scenarios)) {
      const sample = await measure(scenario, page, script);
      const silent = scenario === 'idle' || mode === 'none' || mode === 'observer';
      if (!silent && sample.bytes === 0) throw new Error(`${mode} recorded nothing of ${scenario}`);
      samples.push({ scenario, mode, ...sample });
    }
    await close();
    return samples;
  });
}
