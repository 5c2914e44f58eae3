// The look of the SDK's own parts. Owners change it by custom properties on :root, such as --vitrine-accent.
export const style = `
:host{all:initial!important;position:fixed!important;inset:0!important;width:auto!important;height:auto!important;border:0!important;background:none!important;overflow:visible!important;pointer-events:none!important;z-index:2147483647!important;font:16px/1.45 var(--vitrine-font,system-ui,sans-serif)!important;--a:var(--vitrine-accent,#0b57d0);--b:var(--vitrine-background,#fff)}
.dock{position:absolute;inset:auto 12px 12px;display:flex;flex-direction:column;gap:10px}
section,dialog{box-sizing:border-box;background:var(--b);color:var(--vitrine-text,#1b1b1f);border:1px solid #0003;border-radius:12px;box-shadow:0 6px 28px #0005;padding:16px;max-width:min(440px,100%);pointer-events:auto;overflow-wrap:anywhere}
section{width:fit-content;margin-inline-start:auto}
dialog{position:fixed;max-width:min(440px,calc(100% - 24px))}
dialog::backdrop{background:#0008}
.code{font-size:44px;letter-spacing:.12em;direction:ltr;unicode-bidi:isolate;text-align:center}
h2{font-size:19px;margin:0}
p,ul{margin:8px 0}
.row{display:flex;gap:10px;flex-wrap:wrap;justify-content:flex-end;align-items:center}
.bar{margin:auto;max-width:100%;padding:8px 14px}
.bar .row{justify-content:center}
button,input{font:inherit;color:inherit;background:none;border:1px solid;border-radius:20px;padding:6px 16px;min-height:36px;min-width:0}
button{color:var(--a);cursor:pointer}
button:focus-visible,input:focus-visible{outline:3px solid var(--a);outline-offset:2px}
.main{background:var(--a);color:var(--vitrine-on-accent,#fff)}
.stop{background:#b3261e;color:#fff}
h2:focus{outline:0}
.chat .row{flex-wrap:nowrap}
.chat input{flex:1}
.log{max-height:min(180px,30vh);overflow:auto;white-space:pre-wrap}
svg{position:absolute;inset:0;width:100%;height:100%;overflow:visible}
.cursor{position:absolute;left:0;top:0;transition:transform 60ms linear}
.cursor svg{width:20px;height:24px}
.cursor b{position:absolute;left:14px;top:16px;font-size:13px;background:var(--a);color:#fff;border-radius:8px;padding:1px 8px;white-space:nowrap}
svg>g{opacity:.7}
.ink{fill:none;stroke-width:4;stroke-linecap:round;stroke-linejoin:round;animation:fade 5s forwards}
@keyframes fade{70%{opacity:1}to{opacity:0}}
@media(max-width:480px){.bar{font-size:14px}.bar .row{gap:6px}.bar button{padding:6px 10px}}`;
