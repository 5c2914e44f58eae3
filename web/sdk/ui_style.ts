// The look of the SDK's own parts. Owners change it by custom properties on :root, such as --vitrine-accent.
export const style = `
:host{all:initial!important;position:fixed!important;inset:0!important;width:auto!important;height:auto!important;max-width:none!important;max-height:none!important;margin:0!important;padding:0!important;border:0!important;background:none!important;overflow:visible!important;pointer-events:none!important;z-index:2147483647!important;
--a:var(--vitrine-accent,#0b57d0);--b:var(--vitrine-background,#fff);--t:var(--vitrine-text,#1b1b1f);font:16px/1.45 var(--vitrine-font,system-ui,sans-serif)!important;color:var(--t)!important}
[hidden]{display:none!important}
.panel,dialog,.bar{box-sizing:border-box;background:var(--b);color:var(--t);border:1px solid #0003;border-radius:12px;box-shadow:0 6px 28px #0005;padding:20px;pointer-events:auto}
.panel{position:absolute;inset-inline-end:16px;bottom:16px;width:min(340px,calc(100% - 32px));text-align:center}
.code{font-size:44px;font-weight:700;letter-spacing:.12em;margin:8px 0;direction:ltr;unicode-bidi:isolate;user-select:all}
dialog{width:min(440px,calc(100% - 32px))}
dialog::backdrop{background:#0008}
h2{font-size:19px;margin:0 0 8px;outline:0}
p{margin:8px 0}
ul{margin:8px 0;padding-inline-start:22px}
.row{display:flex;gap:10px;flex-wrap:wrap;justify-content:flex-end;align-items:center}
dialog .row{margin-top:18px}
.bar{position:absolute;inset-inline:0;bottom:12px;margin:auto;width:fit-content;max-width:calc(100% - 24px);padding:8px 14px;border-radius:28px}
.bar span{margin-inline-end:6px;overflow-wrap:anywhere}
button{font:inherit;color:var(--a);background:none;border:1px solid var(--a);border-radius:20px;padding:6px 16px;cursor:pointer;min-height:36px}
button.main{background:var(--a);color:var(--vitrine-on-accent,#fff)}
button:focus-visible,input:focus-visible,a:focus-visible{outline:3px solid var(--a);outline-offset:2px}
.stop{color:#fff;background:#b3261e;border-color:#b3261e}
.chat{position:absolute;inset-inline-end:16px;bottom:76px;width:min(300px,calc(100% - 32px));padding:12px}
.log{max-height:180px;overflow:auto;text-align:start;white-space:pre-wrap;overflow-wrap:anywhere}
input{font:inherit;flex:1;min-width:0;padding:6px 10px;border:1px solid #777;border-radius:8px;background:var(--b);color:var(--t)}
.cursor{position:absolute;left:0;top:0;transition:transform 60ms linear;will-change:transform}
.cursor svg{display:block;width:22px;height:22px;filter:drop-shadow(0 1px 2px #0008)}
.cursor b{display:inline-block;font-size:13px;background:var(--a);color:#fff;border-radius:8px;padding:1px 8px;margin-inline-start:14px;max-width:200px;overflow:hidden;text-overflow:ellipsis;white-space:nowrap}
.laser svg path{fill:#e8112d}
.ink{position:absolute;inset:0;width:100%;height:100%;overflow:visible}
.ink path{fill:none;stroke-width:4;stroke-linecap:round;stroke-linejoin:round;animation:fade 5s forwards}
@keyframes fade{70%{opacity:1}to{opacity:0}}
@media(prefers-reduced-motion:reduce){.cursor{transition:none}}
@media(forced-colors:active){.cursor svg{forced-color-adjust:none}}`;
