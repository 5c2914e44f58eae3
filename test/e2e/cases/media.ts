// Cases 17 to 22: frames, pictures, drawings and what moves.
import type { Row } from './kit';

const svgPicture = (colour: string, size = 30): string => `<svg xmlns="http://www.w3.org/2000/svg" width="${size}" height="${size}"><rect width="${size}" height="${size}" fill="${colour}"/></svg>`;

const frames: Row = {
  name: 'case17_frames',
  body: `<iframe id="doc" srcdoc="<style>p { color: rgb(1, 2, 3) }</style><p id=p>in a frame</p><input id=i value=x>" width="200" height="100"></iframe>
    <iframe id="written" width="200" height="50"></iframe><iframe id="page" src="case17-inner.html" width="200" height="50"></iframe>
    <script>written.contentDocument.write('<p id="p">written</p>'); written.contentDocument.close();</script>`,
  files: { 'case17-inner.html': '<!doctype html><p id="p">inner page</p>', 'case17-next.html': '<!doctype html><p id="p">next page</p>' },
  checks: [
    { what: 'a frame of this origin, with its styles', read: ({ q, css }) => [q('#doc >>> #p').textContent, css('#doc >>> #p', 'color')], want: ['in a frame', 'rgb(1, 2, 3)'] },
    { what: 'one that was written, one that was loaded', read: ({ q }) => [q('#written >>> #p').textContent, q('#page >>> #p').textContent], want: ['written', 'inner page'] },
    {
      what: 'changes inside',
      change: ({ q }) => {
        q('#doc >>> #p').textContent = 'changed in a frame';
        q<HTMLInputElement>('#doc >>> #i').value = 'typed';
      },
      read: ({ q }) => [q('#doc >>> #p').textContent, q<HTMLInputElement>('#doc >>> #i').value],
      want: ['changed in a frame', 'typed'],
    },
    {
      what: 'another page in a frame',
      change: ({ q }) => { q<HTMLIFrameElement>('#page').src = 'case17-next.html'; },
      read: ({ q }) => q('#page >>> #p').textContent,
      want: 'next page',
    },
    {
      what: 'taken out, and one put in',
      change: ({ q, doc }) => {
        q('#doc').remove();
        const made = doc.createElement('iframe');
        made.id = 'made';
        made.srcdoc = '<p id="p">made</p>';
        doc.body.append(made);
      },
      read: ({ q, find }) => [find('#doc'), q('#made >>> #p').textContent],
      want: [null, 'made'],
    },
  ],
};

const foreignFrames: Row = {
  name: 'case18_xorigin_frames',
  body: '<iframe id="frame" src="{other}/case18.html" width="120" height="80" style="border:0"></iframe><p id="under">under</p>',
  foreign: { 'case18.html': '<!doctype html><body style="background:rgb(200,0,0)">foreign-secret' },
  checks: [
    { what: 'a box of the same size, and the layout holds', only: 'stage', read: ({ box, doc }) => [[...doc.querySelectorAll('.vitrine-box')].map((el) => el.getBoundingClientRect()).map(({ width, height }) => [width, height]), (box('#under')[1] ?? 0) > 100], want: [[[120, 80]], true] },
    {
      what: 'another size',
      change: ({ q }) => { q('#frame').style.height = '160px'; },
      read: ({ box }) => (box('#under')[1] ?? 0) > 180,
      want: true,
    },
  ],
};

const guests: Row = {
  name: 'case18_opted_in',
  body: `<iframe id="frame" width="300" height="120" style="border:0"></iframe><div data-vitrine="mask"><iframe id="hush" width="100" height="60"></iframe></div><p id="under">under</p>
    <script>const asked = help; window.help = () => asked({ frames: ['{other}'] });
    frame.src = hush.src = '{other}/case18-in.html?server=' + encodeURIComponent(server);</script>`,
  foreign: {
    'case18-in.html': `<html><head><script>document.write('<script src="' + new URLSearchParams(location.search).get('server') + '/sdk/vitrine-frame.js" data-parents="' + new URL(document.referrer).origin + '"></' + 'script>')</script>
      <script>onmessage = ({ data }) => { if (data.run) (0, eval)(data.run) }</script>
      <style>p { color: rgb(1, 2, 3) }</style></head><body style="margin:0"><p id="p">in a frame</p><input id="i" value="x"><input id="s" type="password" value="foreign-secret"></body></html>`,
    'case18-next.html': `<!doctype html><script>document.write('<script src="' + new URLSearchParams(location.search).get('server') + '/sdk/vitrine-frame.js" data-parents="' + new URL(document.referrer).origin + '"></' + 'script>')</script><p id="p">next page</p>`,
  },
  checks: [
    { what: 'a frame of another origin that lets this page show it, with its styles', only: 'stage', read: ({ q, css }) => [q('#frame >>> #p').textContent, css('#frame >>> #p', 'color')], want: ['in a frame', 'rgb(1, 2, 3)'] },
    { what: 'laid out as it is there', only: 'stage', read: ({ q }) => q<HTMLIFrameElement>('#frame').contentDocument?.compatMode, want: 'BackCompat' },
    { what: 'a password is as long as it is, and no more is told', only: 'stage', read: ({ q }) => q<HTMLInputElement>('#frame >>> #s').value, want: '••••••••••••••' },
    { what: 'in what is masked, everything is', only: 'stage', read: ({ q }) => [q('#hush >>> #p').textContent, q<HTMLInputElement>('#hush >>> #i').value], want: ['•• • •••••', '•'] },
    {
      what: 'changes inside', only: 'stage',
      change: ({ q }) => { q<HTMLIFrameElement>('#frame').contentWindow?.postMessage({ run: `document.getElementById('p').append(', changed'); document.getElementById('i').value = 'typed'; document.documentElement.dataset.on = 'yes'` }, '*'); },
      read: ({ q }) => [q('#frame >>> #p').textContent, q<HTMLInputElement>('#frame >>> #i').value, q('#frame >>> html').dataset['on']],
      want: ['in a frame, changed', 'typed', 'yes'],
    },
    {
      what: 'another size, and the layout holds',
      change: ({ q }) => { q('#frame').style.height = '160px'; },
      read: ({ box }) => box('#frame').slice(2),
      want: [300, 160],
    },
    {
      what: 'moved in the page, which loads it anew', only: 'stage',
      change: ({ q, doc }) => { doc.body.append(q('#frame')); },
      read: ({ q }) => [q('#frame >>> #p').textContent, q('#frame').parentElement?.localName],
      want: ['in a frame', 'body'],
    },
    {
      what: 'another page in the frame', only: 'stage',
      change: ({ q }) => { q<HTMLIFrameElement>('#frame').src = q<HTMLIFrameElement>('#frame').src.replace('-in', '-next'); },
      read: ({ q }) => q('#frame >>> #p').textContent,
      want: 'next page',
    },
    {
      what: 'taken out',
      change: ({ q }) => { q('#frame').remove(); },
      read: ({ find }) => find('#frame'),
      want: null,
    },
  ],
};

const canvases: Row = {
  name: 'case19_canvas',
  body: `<canvas id="c" width="60" height="40" data-vitrine="canvas"></canvas><canvas id="g" width="60" height="40"></canvas>
    <canvas id="gl" width="50" height="30" data-vitrine="canvas"></canvas><canvas id="hush" width="40" height="20" data-vitrine="canvas mask"></canvas>
    <canvas id="taint" width="200" height="60" data-vitrine="canvas"></canvas><img id="far" alt="" src="{other}/case19.svg">
    <script>far.onload = () => taint.getContext('2d').drawImage(far, 0, 0);
    const three = gl.getContext('webgl'); gleam = (r, g, b) => requestAnimationFrame(() => { three?.clearColor(r, g, b, 1); three?.clear(three.COLOR_BUFFER_BIT); });
    hush.getContext('2d').fillRect(0, 0, 40, 20);
    paint = (colour) => { const at = c.getContext('2d'); at.fillStyle = colour; at.fillRect(0, 0, 60, 40); };
    paint('rgb(0, 90, 0)');</script>`,
  checks: [
    { what: 'off by default: a box of the same size', only: 'stage', read: ({ doc }) => [...doc.querySelectorAll('.vitrine-box')].map((el) => el.getBoundingClientRect()).map(({ width, height }) => [width, height]), want: [[60, 40], [40, 20]] },
    { what: 'a picture of it where the owner allows it', pixel: ['#c'], want: '0,90,0' },
    {
      what: 'drawn on again',
      change: ({ view }) => { (view as unknown as { paint(colour: string): void }).paint('rgb(0, 0, 90)'); },
      pixel: ['#c'],
      want: '0,0,90',
    },
    { what: 'as large as it is', read: ({ box }) => box('#c').slice(2), want: [60, 40] },
    {
      what: 'a style of its own',
      change: ({ q }) => { q('#c').setAttribute('style', 'width: 90px; height: 30px'); },
      read: ({ box }) => box('#c').slice(2),
      want: [90, 30],
    },
    { what: 'still drawn after that', pixel: ['#c'], want: '0,0,90' },
    {
      what: 'WebGL, which keeps nothing once it is shown',
      needs: ['WebGL without a display', ({ doc }) => doc.createElement('canvas').getContext('webgl') !== null],
      change: ({ view }) => { (view as unknown as { gleam(r: number, g: number, b: number): void }).gleam(0, 0.4, 0.2); },
      pixel: ['#gl'],
      want: '0,102,51',
    },
    { what: 'one that holds what may not be read says so', only: 'stage', read: ({ q }) => q('#taint').getAttribute('vitrine-missing') !== null, want: true },
  ],
  foreign: { 'case19.svg': svgPicture('rgb(200,0,0)', 30) },
};

const images: Row = {
  name: 'case20_images',
  head: '<style>#css { background: url(case20-css.svg) no-repeat }</style>',
  body: `<img id="blob" alt=""><img id="data" alt="" src="data:image/svg+xml,${encodeURIComponent(svgPicture('rgb(1,2,3)', 33)).replaceAll("'", '%27')}">
    <img id="set" alt="" srcset="case20-1.svg 1x, case20-2.svg 2x" src="case20-0.svg"><picture><source media="(min-width: 1px)" srcset="case20-3.svg"><img id="picture" alt="" src="case20-0.svg"></picture>
    <div id="css" class="box"></div><img id="refused" alt="" src="{other}/case20-refused.svg">
    <div style="height:3000px"></div><img id="lazy" alt="" loading="lazy" src="case20-lazy.svg" width="31" height="31">
    <script>blob.src = URL.createObjectURL(new Blob([${JSON.stringify(svgPicture('rgb(9,9,9)'))}], { type: 'image/svg+xml' }));</script>`,
  files: {
    'case20-0.svg': svgPicture('red', 10), 'case20-1.svg': svgPicture('rgb(11,0,0)', 21), 'case20-2.svg': svgPicture('rgb(22,0,0)', 22),
    'case20-3.svg': svgPicture('rgb(33,0,0)', 23), 'case20-css.svg': svgPicture('rgb(44,0,0)'), 'case20-lazy.svg': svgPicture('rgb(55,0,0)', 31), 'case20-new.svg': svgPicture('rgb(66,0,0)', 26),
  },
  foreign: { 'case20-refused.svg': svgPicture('rgb(77,0,0)', 37) },
  checks: [
    { what: 'a blob, of its natural size', read: ({ q }) => q<HTMLImageElement>('#blob').naturalWidth, want: 30 },
    { what: 'its colour', pixel: ['#blob'], want: '9,9,9' },
    { what: 'a data address', pixel: ['#data'], want: '1,2,3' },
    { what: 'what srcset chose', pixel: ['#set'], want: '11,0,0' },
    { what: 'what picture chose', pixel: ['#picture'], want: '33,0,0' },
    { what: 'a background', pixel: ['#css', 5, 5], want: '44,0,0' },
    { what: 'one that may not be read has its size', read: ({ box }) => box('#refused').slice(2), want: [37, 37] },
    {
      what: 'another address',
      change: ({ q }) => { q<HTMLImageElement>('#picture').parentElement?.querySelector('source')?.setAttribute('srcset', 'case20-new.svg'); },
      pixel: ['#picture'],
      want: '66,0,0',
    },
    {
      what: 'one that loads when it is scrolled to',
      change: ({ q }) => { q('#lazy').scrollIntoView(); },
      pixel: ['#lazy'],
      want: '55,0,0',
    },
  ],
};

const drawings: Row = {
  name: 'case21_svg',
  head: '<style>svg { display: block; width: 40px; height: 40px }</style>',
  body: `<svg viewBox="0 0 40 40"><defs><symbol id="sym" viewBox="0 0 10 10"><rect width="10" height="10" fill="rgb(1, 60, 1)"/></symbol>
      <linearGradient id="grad" gradientUnits="userSpaceOnUse"><stop stop-color="rgb(70, 0, 70)"/></linearGradient></defs><use href="#sym" id="use"/></svg>
    <svg viewBox="0 0 40 40" id="grads"><rect width="40" height="40" fill="url(#grad)"/></svg>
    <svg viewBox="0 0 40 40" id="sprites"><use href="case21-sprite.svg#icon" id="sprite"/></svg>
    <svg viewBox="0 0 40 40"><foreignObject width="40" height="40"><div xmlns="http://www.w3.org/1999/xhtml" id="fo">html</div></foreignObject></svg>
    <math id="math"><mfrac id="frac"><mi>a</mi><mn>2</mn></mfrac></math><div id="late"></div>`,
  files: { 'case21-sprite.svg': '<svg xmlns="http://www.w3.org/2000/svg"><symbol id="icon" viewBox="0 0 10 10"><rect width="10" height="10" fill="rgb(80, 40, 0)"/></symbol><symbol id="two" viewBox="0 0 10 10"><rect width="10" height="10" fill="rgb(0, 40, 80)"/></symbol></svg>' },
  checks: [
    { what: 'a symbol of the page', pixel: ['#use', 20, 20], want: '1,60,1' },
    { what: 'a gradient', pixel: ['#grads', 20, 20], want: '70,0,70' },
    { what: 'a symbol of another file', pixel: ['#sprites', 20, 20], want: '80,40,0' },
    { what: 'HTML in a drawing', read: ({ q }) => [q('#fo').textContent, q('#fo').namespaceURI], want: ['html', 'http://www.w3.org/1999/xhtml'] },
    { what: 'formulas', read: ({ q, box }) => [q('#frac').namespaceURI, (box('#frac')[3] ?? 0) > 10], want: ['http://www.w3.org/1998/Math/MathML', true] },
    {
      what: 'another symbol of another file',
      change: ({ q }) => { q('#sprite').setAttribute('href', 'case21-sprite.svg#two'); },
      pixel: ['#sprites', 20, 20],
      want: '0,40,80',
    },
    {
      what: 'made later, names with capitals',
      change: ({ q }) => { q('#late').innerHTML = '<svg viewBox="0 0 40 40"><defs><clipPath id="clip"><rect width="20" height="40"/></clipPath></defs><rect width="40" height="40" fill="rgb(0, 0, 99)" clip-path="url(#clip)"/></svg>'; },
      read: ({ q }) => [q('#late clipPath').localName, q('#late svg').getAttribute('viewBox')],
      want: ['clipPath', '0 0 40 40'],
    },
  ],
};

const animations: Row = {
  name: 'case22_animations',
  body: `<div id="a" class="box" style="background:rgb(1,1,1)"></div><div id="b" class="box"></div><div id="c" class="box"></div><div id="k" class="box"></div><style id="keys">@keyframes k { to { opacity: .25 } } #k.on { animation: k .05s forwards } @keyframes s { from { opacity: .75 } } #s { animation: s 9s paused }</style><div id="s" class="box"></div><iframe id="f" srcdoc="<div id=i>in</div>"></iframe>
    <script>a.animate([{ marginLeft: '0px' }, { marginLeft: '90px' }], { duration: 1, fill: 'forwards' });</script>`,
  checks: [
    { what: 'where one ended before', read: ({ css }) => css('#a', 'margin-left'), want: '90px' },
    {
      what: 'where one ends later',
      change: ({ q }) => { q('#b').animate([{ opacity: 1 }, { opacity: 0.5 }], { duration: 50, fill: 'forwards' }); },
      read: ({ css }) => css('#b', 'opacity'),
      want: '0.5',
    },
    {
      what: 'one that is cancelled leaves nothing',
      change: ({ q }) => { for (const animation of q('#b').getAnimations()) animation.cancel(); },
      read: ({ css }) => css('#b', 'opacity'),
      want: '1',
    },
    {
      what: 'one of a style sheet',
      change: ({ q }) => { q('#k').className = 'box on'; },
      read: ({ css }) => css('#k', 'opacity'),
      want: '0.25',
    },
    {
      what: 'a keyframe of one that stands still',
      change: ({ q }) => { ((q<HTMLStyleElement>('#keys').sheet?.cssRules[2] as CSSKeyframesRule).cssRules[0] as CSSKeyframeRule).style.opacity = '0.625'; },
      read: ({ css }) => css('#s', 'opacity'),
      want: '0.625',
    },
    {
      what: 'where one ends in a frame',
      change: ({ q }) => { q('#f >>> #i').animate([{ opacity: 1 }, { opacity: 0.5 }], { duration: 50, fill: 'forwards' }); },
      read: ({ q }) => {
        const el = q('#f >>> #i');
        return el.ownerDocument.defaultView?.getComputedStyle(el).opacity;
      },
      want: '0.5',
    },
  ],
};

const films: Row = {
  name: 'also_media',
  body: `<video id="film" poster="also-poster.svg" width="60" height="40" style="display:block"></video><video id="bare" width="50" height="30" style="display:block"></video>
    <audio id="sound" controls style="display:block;width:200px;height:40px"></audio>`,
  files: { 'also-poster.svg': svgPicture('rgb(12,34,56)', 60), 'also-next.svg': svgPicture('rgb(65,43,21)', 60) },
  checks: [
    { what: 'the poster of a film', pixel: ['#film', 30, 20], want: '12,34,56' },
    { what: 'as large as it is', read: ({ box }) => box('#film').slice(2), want: [60, 40] },
    { what: 'boxes for what has none', only: 'stage', read: ({ doc }) => [...doc.querySelectorAll('.vitrine-box')].map((el) => el.getBoundingClientRect()).map(({ width, height }) => [width, height]), want: [[50, 30], [200, 40]] },
    { what: 'another poster', change: ({ q }) => { q('#film').setAttribute('poster', 'also-next.svg'); }, pixel: ['#film', 30, 20], want: '65,43,21' },
    {
      what: 'a film that plays has no poster',
      change: ({ q }) => { q<HTMLVideoElement>('#film').play().catch(() => undefined); },
      only: 'stage',
      read: ({ find, doc }) => [find('#film'), doc.querySelectorAll('.vitrine-box').length],
      want: [null, 3],
    },
  ],
};

/** The rows of this file. */
export const rows: readonly Row[] = [films, frames, foreignFrames, guests, canvases, images, drawings, animations];
