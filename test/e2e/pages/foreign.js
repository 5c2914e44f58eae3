// Every way in which a page's nodes and styles make a browser ask another server for something.
// Each address carries the name of its way, so that a request log says which one leaked.
'use strict';
(() => {
  const origin = window.params.get('foreign') ?? `http://127.0.0.1:${window.params.get('port') ?? location.port}`;
  const at = (name) => `${origin}/foreign/${name}`;

  const head = `
    <link rel="preconnect" href="${origin}">
    <link rel="dns-prefetch" href="${origin}">
    <link rel="prefetch" href="${at('link-prefetch.js')}">
    <link rel="preload" as="image" href="${at('link-preload.png')}">
    <link rel="modulepreload" href="${at('link-modulepreload.mjs')}">
    <link rel="stylesheet" href="${at('link-stylesheet.css')}">
    <link rel="stylesheet" media="print" href="${at('link-stylesheet-print.css')}">
    <link rel="icon" href="${at('link-icon.png')}">
    <link rel="manifest" href="${at('link-manifest.json')}">
    <style>
      @import url("${at('style-import.css')}");
      @font-face { font-family: Foreign; src: url("${at('style-font.woff2')}") format("woff2"); }
      #parts { font-family: Foreign, serif; background: url("${at('style-background.png')}"); }
      #parts::before { content: url("${at('style-content.png')}"); }
      #cursor { cursor: url("${at('style-cursor.png')}"), pointer; }
      #list { list-style-image: url("${at('style-list.png')}"); }
      #border { border: 5px solid; border-image-source: url(${at('style-border-unquoted.png')}); }
      #mask { mask-image: url("${at('style-mask.svg')}"); height: 20px; background: teal; }
      #set { background-image: image-set("${at('style-image-set.png')}" 1x, url("${at('style-image-set-2.png')}") 2x); }
      #variable { --picture: url("${at('style-variable.png')}"); background: var(--picture); }
      #escaped { background: \\75 rl("${at('style-escaped.png')}"); }
      #shape { float: left; shape-outside: url("${at('style-shape.png')}"); }
      #filter { filter: url("${at('style-filter.svg')}#f"); }
    </style>`;

  const parts = `
    <img alt="plain" src="${at('img-src.png')}">
    <img alt="set" srcset="${at('img-srcset-1.png')} 1x, ${at('img-srcset-2.png')} 2x">
    <img alt="lazy" loading="lazy" src="${at('img-lazy.png')}">
    <picture><source srcset="${at('source-srcset.webp')}" type="image/webp"><img alt="picture" src="${at('picture-img.png')}"></picture>
    <video poster="${at('video-poster.png')}" src="${at('video-src.mp4')}" preload="auto" controls></video>
    <video preload="auto"><source src="${at('video-source.mp4')}"><track kind="captions" src="${at('track.vtt')}" default></video>
    <audio src="${at('audio-src.mp3')}" preload="auto" controls></audio>
    <iframe title="frame" src="${at('iframe-src.html')}"></iframe>
    <iframe title="written" srcdoc="&lt;img src='${at('iframe-srcdoc.png')}'&gt;"></iframe>
    <object data="${at('object-data.svg')}" type="image/svg+xml"></object>
    <embed src="${at('embed-src.svg')}" type="image/svg+xml">
    <input type="image" alt="go" src="${at('input-image.png')}">
    <table background="${at('table-background.png')}"><tr><td background="${at('td-background.png')}">old</td></tr></table>
    <div style="background-image: url('${at('inline-style.png')}')">inline</div>
    <svg width="60" height="20"><image href="${at('svg-image.png')}" width="20" height="20"/><image xlink:href="${at('svg-image-xlink.png')}" width="20" height="20"/>
      <use href="${at('svg-use.svg')}#a"/><rect width="20" height="20" fill="url(${at('svg-fill.svg')}#g)"/><feImage href="${at('svg-feimage.png')}"/></svg>
    <a id="link" href="${at('a-href.html')}" ping="${at('a-ping')}" target="_top">a link out</a>
    <form action="${at('form-action')}"><button id="send" formaction="${at('formaction')}">send</button></form>
    <p id="cursor">cursor</p><ul id="list"><li>list</li></ul><p id="border">border</p><p id="mask"></p><p id="set">set</p>
    <p id="variable">variable</p><p id="escaped">escaped</p><p id="shape">shape</p><p id="filter">filter</p>`;

  document.head.insertAdjacentHTML('beforeend', head);
  document.getElementById('parts').insertAdjacentHTML('beforeend', parts);
  document.getElementById('help').addEventListener('click', () => window.help());

  // later adds the same once more while a session runs: what is true of the snapshot must be true of a change.
  window.addMore = () => {
    const more = document.createElement('section');
    more.innerHTML = parts.replaceAll('/foreign/', '/foreign/later-').replaceAll(/ id="/g, ' id="later-');
    document.querySelector('main').append(more);
    document.head.insertAdjacentHTML('beforeend', head.replaceAll('/foreign/', '/foreign/later-'));
  };
})();
