var Yr='.uplot, .uplot *, .uplot *::before, .uplot *::after {box-sizing: border-box;}.uplot {font-family: system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, "Noto Sans", sans-serif, "Apple Color Emoji", "Segoe UI Emoji", "Segoe UI Symbol", "Noto Color Emoji";line-height: 1.5;width: min-content;}.u-title {text-align: center;font-size: 18px;font-weight: bold;}.u-wrap {position: relative;user-select: none;}.u-over, .u-under {position: absolute;}.u-under {overflow: hidden;}.uplot canvas {display: block;position: relative;width: 100%;height: 100%;}.u-axis {position: absolute;}.u-legend {font-size: 14px;margin: auto;text-align: center;}.u-inline {display: block;}.u-inline * {display: inline-block;}.u-inline tr {margin-right: 16px;}.u-legend th {font-weight: 600;}.u-legend th > * {vertical-align: middle;display: inline-block;}.u-legend .u-marker {width: 1em;height: 1em;margin-right: 4px;background-clip: padding-box !important;}.u-inline.u-live th::after {content: ":";vertical-align: middle;}.u-inline:not(.u-live) .u-value {display: none;}.u-series > * {padding: 4px;}.u-series th {cursor: pointer;}.u-legend .u-off > * {opacity: 0.3;}.u-select {background: rgba(0,0,0,0.07);position: absolute;pointer-events: none;}.u-cursor-x, .u-cursor-y {position: absolute;left: 0;top: 0;pointer-events: none;will-change: transform;}.u-hz .u-cursor-x, .u-vt .u-cursor-y {height: 100%;border-right: 1px dashed #607D8B;}.u-hz .u-cursor-y, .u-vt .u-cursor-x {width: 100%;border-bottom: 1px dashed #607D8B;}.u-cursor-pt {position: absolute;top: 0;left: 0;border-radius: 50%;border: 0 solid;pointer-events: none;will-change: transform;/*this has to be !important since we set inline "background" shorthand */background-clip: padding-box !important;}.u-axis.u-off, .u-select.u-off, .u-cursor-x.u-off, .u-cursor-y.u-off, .u-cursor-pt.u-off {display: none;}';function b(n,e={},t={},...s){let i=document.createElement(n);for(let[o,a]of Object.entries(e))a===!0?i.setAttribute(o,""):a!==!1&&a!==null&&a!==void 0&&i.setAttribute(o,String(a));return Object.assign(i,t),i.append(...s.filter(o=>o!=null&&o!==!1)),i}var y=(n,e,...t)=>b(n,e?{class:e}:{},{},...t);function Ce(n){let e=!1;return()=>{e||(e=!0,requestAnimationFrame(()=>{e=!1,n()}))}}var ce=n=>getComputedStyle(document.documentElement).getPropertyValue(`--${n}`).trim(),bt=n=>n>=.995?"100 %":n>=.0995?`${Math.round(n*100)} %`:n>=.001?`${(n*100).toFixed(1)} %`:"<0.1 %",at=n=>Number.isFinite(n)?Math.abs(n)>=1e3?Math.round(n).toLocaleString("en"):String(Number(n.toPrecision(3))):"",lt=n=>n.replace(/\n/g,"⏎").replace(/ /g,"␣")||"∅",qr=n=>n.target instanceof HTMLElement&&/^(TEXTAREA|INPUT|SELECT)$/.test(n.target.tagName);function zs(n){document.dispatchEvent(new CustomEvent("say",{detail:n}))}var El=700,ii=class extends HTMLElement{onready=()=>{};timer=0;asked="";connectedCallback(){this.look()}disconnectedCallback(){clearTimeout(this.timer)}async look(){clearTimeout(this.timer);try{let e=await fetch("studio/starters"),{starters:t}=await e.json();this.show(t);let s=t.find(i=>i.name===this.asked&&i.state==="ready");if(s){this.asked="",this.onready(s.name);return}}catch{}this.isConnected&&(this.timer=window.setTimeout(()=>{this.look()},El))}async begin(e){this.asked=e,await fetch(`studio/starters/${encodeURIComponent(e)}`,{method:"POST"}),await this.look()}show(e){let t=document.activeElement?.dataset.name;this.replaceChildren(...e.map(s=>y("section","card starter",y("h2","",s.title),y("p","soft",s.about),y("span","space"),...this.state(s)))),t&&this.querySelector(`[data-name="${t}"]`)?.focus()}state(e){if(e.state==="training")return[b("progress",{value:e.share,max:1,"aria-label":`Training: ${e.title}`}),y("p","soft",`${Math.round(100*e.share)} % · ${e.says}`)];let t=e.state==="ready",s=b("button",{type:"button",class:"primary","data-name":e.name},{onclick:()=>t?this.onready(e.name):void this.begin(e.name)},t?"Open":e.state==="failed"?"Try again":"Train");return e.state==="failed"?[b("p",{role:"alert"},{},e.says),s]:[s]}};customElements.define("start-page",ii);var Ll={F32:(n,e,t)=>new Float32Array(n,e,t),I32:(n,e,t)=>new Int32Array(n,e,t),U8:(n,e,t)=>new Uint8Array(n,e,t)},Jr=new TextDecoder;function Zr(n){let e=Number(new DataView(n).getBigUint64(0,!0)),t=JSON.parse(Jr.decode(new Uint8Array(n,8,e))),s={};for(let[o,a]of Object.entries(t)){let h=Ll[a.dtype];if(!h)continue;let c=a.shape.reduce((p,v)=>p*v,1);s[o]={shape:a.shape,data:h(n,8+e+a.data_offsets[0],c)}}let i=JSON.parse(Jr.decode(s.said.data));return delete s.said,{said:i,tensors:s}}function Li(n){let e=new Uint8Array(n.buffer,n.byteOffset,n.byteLength),t="";for(let s=0;s<e.length;s+=8192)t+=String.fromCharCode(...e.subarray(s,s+8192));return btoa(t)}var Tt=class extends Error{},Qr=400,Pl=5e3,Pi=class{constructor(e,t,s){this.model=e;this.opened=t;this.health=s;this.connect()}model;opened;health;socket=null;waiting=new Map;next=1;wait=Qr;closed=!1;timer=0;ask(e,t,s=()=>{}){return new Promise((i,o)=>{if(this.socket?.readyState!==WebSocket.OPEN){o(new Tt("the server is away"));return}let a=this.next++;this.waiting.set(a,{onPart:s,done:i,failed:o}),this.socket.send(JSON.stringify({id:a,call:e,...t}))})}async one(e,t){let s={tensors:{}};return await this.ask(e,t,i=>{s={...s,...i,tensors:{...s.tensors,...i.tensors}}}),s}stop(){this.waiting.size&&this.socket?.readyState===WebSocket.OPEN&&this.socket.send('{"call":"stop"}')}close(){this.closed=!0,clearTimeout(this.timer),this.socket?.close()}connect(){let e=new URL(`studio/live/${encodeURIComponent(this.model)}`,document.baseURI);e.protocol=e.protocol.replace("http","ws");let t=new WebSocket(e);t.binaryType="arraybuffer",this.socket=t;let s="";t.onmessage=i=>{if(typeof i.data!="string"){let{said:h,tensors:c}=Zr(i.data);this.waiting.get(h.id)?.onPart({...h,tensors:c});return}let o=JSON.parse(i.data);if(o.id===0){o.error?s=String(o.error):(this.wait=Qr,this.health("open",""),this.opened(o));return}let a=this.waiting.get(o.id);this.waiting.delete(o.id),o.error?a?.failed(new Tt(String(o.error))):a?.done()},t.onclose=async()=>{let i=[...this.waiting.values()];this.waiting.clear();for(let a of i)a.failed(new Tt("the server went away"));if(this.closed)return;if(s){this.health("refused",s);return}let o=await fetch("studio/models").then(a=>a.status===403,()=>!1);this.closed||(this.health(o?"locked":"away",""),this.timer=window.setTimeout(()=>this.connect(),this.wait),this.wait=Math.min(Pl,this.wait*1.6))}}},tt=class{constructor(e=()=>{}){this.hurry=e}hurry;running=!1;waiting=null;run(e){this.waiting=e,this.running?this.hurry():this.drain()}async drain(){for(this.running=!0;this.waiting;){let e=this.waiting;this.waiting=null;try{await e()}catch(t){if(!(t instanceof Tt))throw t;zs(t.message)}}this.running=!1}};var Xr="hitherto-theme",eo=matchMedia("(prefers-color-scheme: dark)"),Se=new EventTarget,ni="auto";try{ni=localStorage.getItem(Xr)??"auto"}catch{}var to=()=>ni;function so(n){ni=n;try{localStorage.setItem(Xr,n)}catch{}_i()}function _i(){let n=ni==="auto"?eo.matches?"dark":"light":ni;document.documentElement.dataset.theme=n,_n.clear(),Se.dispatchEvent(new Event("change"))}eo.addEventListener("change",_i);function Jt(n){let e=ce(n).replace("#","");return[0,2,4].map(t=>Number.parseInt(e.slice(t,t+2),16))}var _n=new Map;function io(n){let e=_n.get(n);if(!e){e=new Uint32Array(256);let[t,s,i]=[Jt("ground"),Jt("cool"),Jt("warm")];for(let o=0;o<256;o++){let a=n==="share"?o/255:(o-127.5)/127.5,h=a<0?i:s,c=Math.abs(a)**.8,[p,v,m]=t.map((g,x)=>Math.round(g+c*(h[x]-g)));e[o]=255<<24|m<<16|v<<8|p}_n.set(n,e)}return e}var _l=1200,Rl=.05,ri=class extends HTMLElement{onpoint=()=>{};shown={source:[],target:[],weights:null,p:null,signed:!1};aim=null;words={source:[],target:[]};rows={source:b("div",{class:"words",role:"group","aria-label":"What it read"}),target:b("div",{class:"words",role:"group","aria-label":"What it wrote"})};lines=document.createElement("canvas");reading=b("output",{class:"reading"});draw=Ce(()=>this.paint());sized=new ResizeObserver(()=>this.draw());connectedCallback(){if(!this.lines.isConnected){this.lines.setAttribute("aria-hidden","true"),this.append(this.lines,this.rows.source,this.rows.target,this.reading);for(let e of["source","target"]){let t=this.rows[e];t.addEventListener("keydown",s=>this.key(e,s)),t.addEventListener("pointerleave",()=>this.point(null)),t.addEventListener("focusout",()=>this.point(null))}this.tell()}this.sized.observe(this),Se.addEventListener("change",this.draw)}disconnectedCallback(){this.sized.disconnect(),Se.removeEventListener("change",this.draw)}show(e){this.shown=e,this.aim=null;for(let t of["source","target"])this.words[t]=e[t].map((s,i)=>this.word(t,s,i)),this.rows[t].replaceChildren(...this.words[t]);this.tell(),this.draw()}word(e,t,s){let i=()=>this.point({side:e,at:s}),o=e==="target"?this.shown.p?.[s]:void 0;return b("button",{type:"button",class:"word",tabindex:s?-1:0},{onpointerenter:i,onfocus:i,onclick:i},y("span","",lt(t)),o!==void 0&&y("small","",bt(o)))}key(e,t){let s=this.words[e],i=s.indexOf(t.target),o={ArrowLeft:i-1,ArrowRight:i+1,Home:0,End:s.length-1}[t.key],a=o===void 0?void 0:s[o];if(a){t.preventDefault();for(let h of s)h.tabIndex=h===a?0:-1;a.focus()}}point(e){if(e?.side===this.aim?.side&&e?.at===this.aim?.at)return;this.aim=e;let{source:t}=this.shown;this.onpoint(e?.side==="target"?t.map((s,i)=>this.weight(e.at,i)):null),this.tell(),this.draw()}weight(e,t){return this.shown.weights?.[e*this.shown.source.length+t]??0}most(e){if(!this.shown.signed)return 1;let t=1e-9;for(let s=0;s<this.shown.source.length;s++)t=Math.max(t,Math.abs(this.weight(e,s)));return t}tell(){let{shown:e,aim:t}=this,s=t?.side==="source"?"target":"source",i=o=>{if(!t)return 0;let[a,h]=t.side==="target"?[t.at,o]:[o,t.at];return this.weight(a,h)/this.most(a)};for(let o of["source","target"])this.words[o].forEach((a,h)=>{let c=o===s?i(h):0;a.classList.toggle("aimed",t?.side===o&&t.at===h),a.classList.toggle("against",c<0),a.style.setProperty("--share",`${Math.round(70*Math.abs(c)**.6)}%`)});if(!e.weights)this.reading.textContent="";else if(!t)this.reading.textContent="Point at a word, or go to it with Tab and the arrow keys.";else{let o=e[s].map((c,p)=>({word:c,share:i(p)})).sort((c,p)=>Math.abs(p.share)-Math.abs(c.share)).slice(0,3).map(({word:c,share:p})=>`${lt(c)} ${e.signed?p.toFixed(2):bt(p)}`),a=lt(e[t.side][t.at]??""),h=e.signed?t.side==="target"?"rests most on":"is most to":t.side==="target"?"looked most at":"was looked at most by";this.reading.textContent=`“${a}” ${h} ${o.join(", ")}`}}paint(){let{lines:e,shown:t,aim:s}=this,i=this.getBoundingClientRect(),o=devicePixelRatio;e.width=Math.round(i.width*o),e.height=Math.round(i.height*o);let a=e.getContext("2d");if(a.scale(o,o),!t.weights)return;let[h,c]=[ce("accent"),ce("warm")],p=(x,S)=>{let T=x.getBoundingClientRect();return[T.left+T.width/2-i.left,(S?T.bottom:T.top)-i.top]},v=this.words.target.map(x=>p(x,!1)),m=this.words.source.map(x=>p(x,!0)),g=[];for(let x=0;x<v.length;x++){if(s?.side==="target"&&s.at!==x)continue;let S=this.most(x);for(let T=0;T<m.length;T++){if(s?.side==="source"&&s.at!==T)continue;let L=this.weight(x,T)/S;Math.abs(L)>=Rl&&g.push([x,T,L])}}g.sort((x,S)=>Math.abs(S[2])-Math.abs(x[2]));for(let[x,S,T]of g.slice(0,_l)){let[L,F]=m[S],[M,$]=v[x];a.globalAlpha=Math.abs(T)**.7*(s?1:.6),a.strokeStyle=T<0?c:h,a.setLineDash(T<0?[4,3]:[]),a.lineWidth=.8+3*Math.abs(T);let E=Math.max(18,($-F)*.45);a.beginPath(),a.moveTo(L,F),a.bezierCurveTo(L,F+E,M,$-E,M,$),a.stroke()}}};customElements.define("word-links",ri);var Fl={lstm:{h:"memory h",c:"cell c",i:"input gate i",f:"forget gate f",g:"candidate g",o:"output gate o"},gru:{h:"memory h",r:"reset gate r",z:"update gate z",n:"candidate n"},rnn:{h:"memory h"}},Dl=14,cs=46,Ve=class extends HTMLElement{called=e=>`step ${e+1}`;onwant=()=>{};onunit=()=>{};onstep=()=>{};said=null;columns=[];begin=0;units=[];lives=null;chosen=null;cursor=null;want={layer:"",part:""};canvas=b("canvas",{tabindex:0,role:"img"});tools=y("div","tools");reading=b("output",{class:"reading"});image=document.createElement("canvas");draw=Ce(()=>this.paint());sized=new ResizeObserver(()=>this.draw());connectedCallback(){this.canvas.isConnected||(this.append(this.tools,y("div","canvas",this.canvas),this.reading),this.canvas.addEventListener("pointermove",e=>this.point(e)),this.canvas.addEventListener("pointerleave",()=>this.aim(null)),this.canvas.addEventListener("click",()=>this.choose()),this.canvas.addEventListener("keydown",e=>this.key(e)),this.read()),this.sized.observe(this.canvas),Se.addEventListener("change",this.draw)}disconnectedCallback(){this.sized.disconnect(),Se.removeEventListener("change",this.draw)}asked(e=0){return{...this.want,first:e}}get steps(){return this.begin+this.columns.length}get unit(){return this.chosen}value(e){return this.chosen?this.columns[e-this.begin]?.[this.chosen.row]??null:null}get most(){if(this.shares)return 1;let e=1e-6;for(let t of this.columns)for(let s of t)e=Math.max(e,Math.abs(s));return this.said&&this.said.part==="h"&&this.said.layers[0]?.gates.length?1:e}take(e,t){let s=t.strip;if(!s)return;let i=e.layer!==this.said?.layer||e.part!==this.said?.part,[o=0,a=0]=s.shape;(i||e.first<this.begin||e.first>this.begin+this.columns.length)&&(this.columns=[],this.begin=e.first),this.columns.length=Math.min(this.columns.length,e.first-this.begin);let h=s.data;for(let v=0;v<o;v++)this.columns.push(h.subarray(v*a,(v+1)*a));let c=this.columns.length-2e3;c>0&&(this.columns.splice(0,c),this.begin+=c),this.units=t.units?.data??[],this.lives=t.half_life?.data??null;let p=!this.said||JSON.stringify(this.said.layers)!==JSON.stringify(e.layers);this.said=e,this.want={layer:e.layer,part:e.part},(p||i)&&this.toolbar(),this.chosen&&this.chosen.layer!==e.layer&&this.pick(null),this.read(),this.draw()}clear(){this.columns=[],this.begin=0,this.draw()}get layer(){return this.said?.layers.find(e=>e.name===this.said?.layer)}get shares(){return!!this.layer&&this.layer.shares.includes(this.said.part)}toolbar(){let{said:e,layer:t}=this;if(!e||!t)return;let s=Fl[t.cell]??{},o=[...t.states,...t.gates.filter(h=>!t.states.includes(h))].map(h=>b("button",{type:"button","aria-pressed":String(h===e.part)},{onclick:()=>{this.want={layer:e.layer,part:h},this.onwant()}},s[h]??h)),a=e.layers.length>1&&b("select",{"aria-label":"Layer"},{onchange:h=>{this.want={layer:h.target.value,part:e.part},this.onwant()}},...e.layers.map(h=>b("option",{value:h.name,selected:h.name===e.layer},{},$l(h,e.layers))));this.tools.replaceChildren(...[a,b("div",{class:"segments",role:"group","aria-label":"What is shown"},{},...o)].filter(h=>!!h))}place(e){let t=this.canvas.getBoundingClientRect(),{width:s,shown:i,from:o}=this.fit(t.width),a=Math.floor((e.clientX-t.left-cs)/s),h=this.columns[0]?.length??0,c=Math.floor((e.clientY-t.top)/t.height*h);return a<0||a>=i||c<0||c>=h?null:{step:this.begin+o+a,row:c}}point(e){this.aim(this.place(e))}aim(e){this.cursor=e,this.onstep(e?.step??null),this.read(),this.draw()}choose(){if(!this.cursor||!this.said)return;let e=Number(this.units[this.cursor.row]);this.pick(this.chosen?.unit===e&&this.chosen.layer===this.said.layer?null:{layer:this.said.layer,unit:e,row:this.cursor.row})}pick(e){this.chosen=e,this.onunit(e),this.read(),this.draw()}key(e){let t=this.begin+this.columns.length-1,s=this.columns[0]?.length??0;if(!s)return;let i=this.cursor??{step:t,row:0},a={ArrowLeft:[-1,0],ArrowRight:[1,0],ArrowUp:[0,-1],ArrowDown:[0,1]}[e.key];a?(e.preventDefault(),this.aim({step:Math.max(this.begin,Math.min(t,i.step+(this.cursor?a[0]:0))),row:Math.max(0,Math.min(s-1,i.row+(this.cursor?a[1]:0)))})):e.key==="Enter"||e.key===" "?(e.preventDefault(),this.choose()):e.key==="Escape"&&this.aim(null)}read(){let{said:e,layer:t,cursor:s}=this;if(!e||!t||!this.columns.length){this.reading.textContent="The strip grows with every step that the model reads.",this.canvas.setAttribute("aria-label","The memory: nothing was read yet");return}let i=this.columns[0].length,o=i<t.units?`, ${i} of them shown`:"",a=this.lives?"; those that remember longest at the top":"";this.canvas.setAttribute("aria-label",`The memory after ${this.begin+this.columns.length} steps: ${t.units} units${o}${a}. Arrow keys move, Enter chooses a unit.`);let h=[],c=s?.row??this.chosen?.row;if(c!==void 0){h.push(`unit ${this.units[c]}`);let p=this.lives?.[c];if(p!==void 0&&h.push(`half-life ${p>=1e6?"endless":`${at(p)} steps`}`),s){let v=this.columns[s.step-this.begin]?.[c];v!==void 0&&h.push(`${e.part} = ${v.toFixed(2)} after “${lt(this.called(s.step))}”`)}}else h.push(`${t.units} units${o}`),h.push(this.shares?"pale: shut, full: open":"blue: above 0, orange: below"),h.push("click a row to follow a unit");this.reading.textContent=h.join("  ·  ")}fit(e){let t=Math.max(1,e-cs),s=Math.max(1,Math.min(Dl,t/Math.max(1,this.columns.length))),i=Math.min(this.columns.length,Math.floor(t/s));return{width:s,shown:i,from:this.columns.length-i}}paint(){let e=this.canvas.getBoundingClientRect(),t=devicePixelRatio||1,s=Math.max(1,Math.round(e.width*t)),i=Math.max(1,Math.round(e.height*t));(this.canvas.width!==s||this.canvas.height!==i)&&(this.canvas.width=s,this.canvas.height=i);let o=this.canvas.getContext("2d");o.setTransform(t,0,0,t,0,0),o.clearRect(0,0,e.width,e.height);let a=this.columns[0]?.length??0;if(!a)return;let{width:h,shown:c,from:p}=this.fit(e.width);this.image.width=c,this.image.height=a;let v=this.image.getContext("2d"),m=v.createImageData(c,a),g=new Uint32Array(m.data.buffer),x=io(this.shares?"share":"signed"),S=this.shares?255:127.5/this.most,T=this.shares?0:127.5;for(let F=0;F<c;F++){let M=this.columns[p+F];for(let $=0;$<a;$++){let E=T+M[$]*S;g[$*c+F]=x[E<0?0:E>255?255:Math.round(E)]}}v.putImageData(m,0,0),o.imageSmoothingEnabled=!1,o.drawImage(this.image,cs,0,c*h,e.height);let L=getComputedStyle(this);this.scale(o,e.height,a,L),this.mark(o,e.height,a,h,p,c,L)}scale(e,t,s,i){if(this.lives){e.fillStyle=i.getPropertyValue("--soft"),e.font="11px system-ui, sans-serif",e.textAlign="right";for(let[o,a]of[[0,9],[Math.floor(s/2),t/2+4],[s-1,t-2]]){let h=this.lives[o];h!==void 0&&e.fillText(h>=1e6?"∞":at(h),cs-8,a)}}}mark(e,t,s,i,o,a,h){let c=t/s;if(e.lineWidth=1.5,this.chosen&&(e.strokeStyle=h.getPropertyValue("--ink"),e.strokeRect(cs-1,this.chosen.row*c-1,a*i+2,Math.max(3,c)+2)),this.cursor){e.strokeStyle=h.getPropertyValue("--soft");let p=cs+(this.cursor.step-this.begin-o)*i;e.strokeRect(p,0,i,t),e.strokeRect(cs,this.cursor.row*c,a*i,Math.max(2,c))}}};customElements.define("memory-strip",Ve);function $l(n,e){let t=h=>h.name.startsWith("encode."),s=e.filter(h=>t(h)===t(n)&&!h.name.endsWith("_reverse")),i=n.name.endsWith("_reverse"),o=s.findIndex(h=>h.name===n.name.replace(/_reverse$/,""))+1;return`${e.some(t)?t(n)?"encoder":"decoder":"layer"} ${o}${i?", from the end":""}`}var no=[["4","Search, 4 beams",{num_beams:4}],["12","Search, 12 beams",{num_beams:12}],["1","Always the likeliest",{num_beams:1}],["0.7","Dice, careful",{temperature:.7}],["1.0","Dice",{temperature:1}]],Ri=class{constructor(e){this.wants=e;this.memory.called=t=>this.called(t),this.memory.onwant=()=>this.wants.look(this.memory.asked())}wants;links=new ri;memory=new Ve;said={tensors:{}};chosen=0;lens="attention";rested=[];seed=1;layer="";lenses=b("div",{class:"segments",role:"group","aria-label":"Lines between words"});best=b("ol",{class:"nbest","aria-label":"The best texts"});note=y("p","soft");legend=y("p","legend");dice=b("button",{type:"button",hidden:!0},{onclick:()=>{this.seed++,this.wants.again()}},"Other dice");way=b("select",{"aria-label":"How it is found"},{onchange:()=>{this.dice.hidden=!("temperature"in this.how()),this.wants.again()}},...no.map(([e,t])=>b("option",{value:e},{},t)));how(){return no.find(([e])=>e===this.way.value)?.[2]??{}}asked(){let e=this.how();return{...e,..."temperature"in e?{seed:this.seed}:{},memory:this.memory.asked()}}cards(e){return{list:b("section",{class:"card","aria-label":e},{},y("div","row",y("h2","",e),y("span","space"),this.dice,this.way),this.best,this.note),links:b("section",{class:"card wide","aria-label":"Words"},{},y("div","row",y("h2","","Where each word comes from"),y("span","space"),this.lenses),this.links,this.legend),memory:b("section",{class:"card wide","aria-label":"Memory"},{},y("h2","","Memory"),this.memory)}}opened(e){!e.attends&&e.rests&&(this.lens="rests"),this.note.textContent=e.both?"The encoder reads from both ends, so an answer begins when the input is over; it is shown whole.":"The encoder reads from the beginning to the end, so it can take an input as it comes.";let t=[["attention","Where it looked"],["rests","What it rests on"]];this.note.hidden=!e.rests,this.lenses.hidden=!(e.attends&&e.rests),this.lenses.replaceChildren(...t.filter(([s])=>e[s==="rests"?"rests":"attends"]).map(([s,i])=>b("button",{type:"button","aria-pressed":String(s===this.lens),"data-lens":s},{onclick:()=>this.look(s)},i)))}take(e){e.texts&&(this.said=e,this.chosen=0,this.rested=[],this.list(),this.link()),e.cut&&(this.note.textContent=`The input has ${e.cut.toLocaleString("en")} tokens; not all are read.`),e.memory&&(this.layer=e.memory.layer,this.memory.take(e.memory,e.tensors))}look(e){this.lens=e;for(let t of this.lenses.querySelectorAll("button"))t.setAttribute("aria-pressed",String(t.dataset.lens===e));this.link()}list(){let e=this.said.texts??[];this.best.replaceChildren(...e.map((t,s)=>y("li","",b("button",{type:"button","aria-pressed":String(s===this.chosen)},{onclick:()=>{this.chosen=s,this.list(),this.link(),this.wants.choose(t.text)}},y("span","found",t.text||"(nothing)"),y("small","",`${bt(Math.exp(t.log_prob/t.pieces.length))} a token`)))))}async link(){let{source:e,texts:t,tensors:s}=this.said,i=this.chosen,o=t?.[i];if(!e||!o){this.links.show({source:[],target:[],weights:null,p:null,signed:!1});return}if(this.lens==="rests"&&this.rested[i]===void 0){this.rested[i]=null;let c=this.said,p=await this.wants.rests(i);if(c!==this.said)return;this.rested[i]=p.rests?.data??null}let a=this.lens==="rests",h=a?this.rested[i]:s[`attention.${i}`]?.data;this.legend.textContent=a?"Blue speaks for a word, dashed orange against it: the gradient times what was read.":"The share of its attention that the decoder gave each of them before it wrote the next word.",this.links.show({source:e,target:o.pieces,weights:h??null,p:s[`p.${i}`]?.data??null,signed:a})}called(e){let{source:t,texts:s}=this.said;return this.layer.startsWith("encode")?t?.[e]??"":e?s?.[0]?.pieces[e-1]??"":"the beginning"}};var Ge=class extends HTMLElement{model;live;built=!1;connectedCallback(){this.built||(this.built=!0,this.build()),this.live=new Pi(this.model.name,e=>this.opened(e),(e,t)=>{this.dispatchEvent(new CustomEvent("health",{detail:e,bubbles:!0})),e==="refused"&&this.refuse(t)})}disconnectedCallback(){this.live.close()}say(e){zs(e)}refuse(e){this.replaceChildren(b("p",{class:"card note",role:"alert"},{},e))}};var Zt=class extends Ge{asking=new tt(()=>this.live.stop());found=new Ri({rests:async e=>(await this.live.one("rests",{text:e})).tensors,look:e=>this.asking.run(async()=>this.found.take(await this.live.one("look",{memory:e}))),again:()=>this.ask(),choose:e=>this.chosen(e)});chosen(e){}came(e,t){}answer(e,t=()=>{}){this.asking.run(()=>this.live.ask("write",{...e,...this.found.asked()},s=>{this.came(s,s.tensors),this.found.take(s),s.texts&&t(s.texts[0]?.text??"")}))}};var Nl=1024,Fi=class extends Zt{picture=null;grid=[1,1];canvas=b("canvas",{class:"picture",role:"img","aria-label":"No picture yet"});veil=b("div",{class:"veil","aria-hidden":"true"});file=b("input",{type:"file",accept:"image/*","aria-label":"Picture"});build(){let e=this.found.cards("Caption");this.classList.add("halves");let t=b("section",{class:"card","aria-label":"Picture"},{ondragover:s=>s.preventDefault(),ondrop:s=>{s.preventDefault();let i=s.dataTransfer?.files[0];i&&this.open(i)}},y("h2","","Picture"),y("p","soft","Drop a picture here, or choose one. It stays on this machine."),this.file,y("div","framed",this.canvas,this.veil));this.file.onchange=()=>{let s=this.file.files?.[0];s&&this.open(s)},this.found.links.onpoint=s=>this.light(s),this.append(t,e.list,e.links,e.memory)}opened(e){this.found.opened(e),this.ask()}async open(e){let t;try{t=await createImageBitmap(e)}catch{this.say(`${e.name} is no picture that this browser can read.`);return}let s=Math.min(1,Nl/Math.max(t.width,t.height)),[i,o]=[t.width,t.height].map(v=>Math.max(1,Math.round(v*s))),h=new OffscreenCanvas(i,o).getContext("2d",{willReadFrequently:!0});h.fillStyle="white",h.fillRect(0,0,i,o),h.drawImage(t,0,0,i,o);let{data:c}=h.getImageData(0,0,i,o),p=new Uint8Array(i*o*3);for(let v=0,m=0;v<c.length;v++)v%4<3&&(p[m++]=c[v]);this.picture={width:i,height:o,pixels:Li(p)},this.canvas.setAttribute("aria-label",e.name),this.ask()}ask(){this.picture&&this.answer(this.picture)}came(e,t){if(!e.grid||!t.seen)return;this.grid=e.grid;let[s=1,i=1]=t.seen.shape,o=new ImageData(i,s);for(let a=0;a<i*s;a++){for(let h=0;h<3;h++)o.data[4*a+h]=t.seen.data[3*a+h];o.data[4*a+3]=255}this.canvas.width=i,this.canvas.height=s,this.canvas.getContext("2d").putImageData(o,0,0),this.light(null)}light(e){let[t,s]=this.grid,i=Math.max(1e-9,...(e??[]).map(Math.abs));this.veil.style.gridTemplate=`repeat(${t}, 1fr) / repeat(${s}, 1fr)`,this.veil.replaceChildren(...(e?.length===t*s?e:[]).map(o=>{let a=b("span");return a.style.opacity=String(.75*(1-Math.abs(o)/i)),a}))}};var Di=class extends Zt{turns=[];reads=3;log=y("ol","talk");note=y("p","soft");line=b("input",{type:"text","aria-label":"Your turn",autocomplete:"off"});build(){let e=this.found.cards("Replies");this.classList.add("halves");let t=b("form",{class:"row"},{onsubmit:s=>{s.preventDefault(),this.send()}},this.line,b("button",{class:"primary"},{},"Send"));this.append(b("section",{class:"card","aria-label":"Conversation"},{},y("div","row",y("h2","","Conversation"),y("span","space"),b("button",{type:"button"},{onclick:()=>this.anew()},"Begin anew")),b("div",{class:"scrolled",role:"log","aria-label":"Turns",tabindex:0},{},this.log),t,this.note),e.list,e.links,e.memory),this.show()}opened(e){this.found.opened(e),this.reads=e.turns,this.note.textContent=`It reads the last ${e.turns} turns. Take another reply, and the conversation goes on from it.`,this.turns.at(-1)?.[0]===">"&&this.ask(),this.line.focus({preventScroll:!0})}anew(){this.turns=[],this.show(),this.line.focus()}send(){let e=this.line.value.trim();e&&(this.line.value="",this.turns.push([">",e]),this.show(),this.ask())}ask(){if(this.turns.at(-1)?.[0]==="<"&&this.turns.pop(),!this.turns.length)return;let e=this.turns.slice(-this.reads);this.answer({turns:e},t=>this.chosen(t))}chosen(e){this.turns.at(-1)?.[0]==="<"&&this.turns.pop(),this.turns.length&&(this.turns.push(["<",e]),this.show())}show(){this.log.replaceChildren(...this.turns.map(([e,t])=>b("li",{class:e===">"?"theirs":"ours"},{},y("small","",e===">"?"you":"the model"),y("p","",t||"(nothing)")))),this.log.parentElement&&(this.log.parentElement.scrollTop=this.log.scrollHeight)}};var $i=class{context=null;voices=new Map;begin(e){this.end(e),this.context??=new AudioContext,this.context.resume();let t=this.context.currentTime,s=new OscillatorNode(this.context,{type:"triangle",frequency:440*2**((e-69)/12)}),i=new GainNode(this.context,{gain:0});i.gain.linearRampToValueAtTime(.16,t+.012),i.gain.setTargetAtTime(.05,t+.012,.4),s.connect(i).connect(this.context.destination),s.start(),this.voices.set(e,{tone:s,gain:i})}end(e){let t=this.voices.get(e);if(!t||!this.context)return;this.voices.delete(e);let s=this.context.currentTime;t.gain.gain.cancelScheduledValues(s),t.gain.gain.setTargetAtTime(0,s,.06),t.tone.stop(s+.5)}close(){this.context?.close(),this.context=null,this.voices.clear()}};var Rn="awsedftgyhujkolp",ro=["C","C#","D","D#","E","F","F#","G","G#","A","A#","B"],zl=1.5,Hl=32,Fn=n=>`${ro[n%12]}${Math.floor(n/12)-1}`,Ni=class extends Ge{roll=[];theirs=[];nats=[];held=new Set;struck=new Set;clock=0;rest=0;head=-1;seed=1;about={low:48,high:72,step:.25};base=60;sound=new $i;calls=new tt(()=>this.live.stop());keys=b("div",{class:"piano",role:"group","aria-label":"Piano"});canvas=b("canvas",{class:"roll",role:"img","aria-label":"The roll is empty"});status=b("p",{class:"soft",role:"status"});memory=new Ve;heat=b("input",{type:"range",min:.3,max:1.5,step:.1,value:.8,"aria-label":"How daring"});draw=Ce(()=>this.paint());sized=new ResizeObserver(()=>this.draw());onkeys=e=>this.letter(e);build(){let e=(t,s,i="")=>b("button",{type:"button",class:i},{onclick:s},t);this.memory.called=t=>t?this.roll[t-1]?.map(Fn).join(" ")||"rest":"the beginning",this.memory.onwant=()=>this.calls.run(async()=>{let t=await this.live.one("look",{memory:this.memory.asked()});t.memory&&this.memory.take(t.memory,t.tensors)}),this.append(b("section",{class:"card wide","aria-label":"Music"},{},y("div","row",e("Let it answer",()=>this.respond(),"primary"),e("Play all",()=>{this.play(0)}),e("MIDI keyboard",()=>{this.midi()}),e("Begin anew",()=>this.empty()),y("span","space"),b("label",{class:"row soft"},{},"careful",this.heat,"daring")),b("div",{class:"scroll",tabindex:0,role:"group","aria-label":"Roll"},{},this.canvas),this.status,b("div",{class:"scroll",tabindex:0,role:"group","aria-label":"Keys"},{},this.keys),y("p","soft",`Play with the mouse, the letters ${Rn.toUpperCase()}, or a MIDI keyboard. After a pause the model answers.`)),b("section",{class:"card wide","aria-label":"Memory"},{},y("h2","","Memory"),this.memory))}connectedCallback(){super.connectedCallback(),addEventListener("keydown",this.onkeys),addEventListener("keyup",this.onkeys),Se.addEventListener("change",this.draw),this.sized.observe(this)}disconnectedCallback(){removeEventListener("keydown",this.onkeys),removeEventListener("keyup",this.onkeys),Se.removeEventListener("change",this.draw),clearInterval(this.clock),this.sound.close(),super.disconnectedCallback()}opened(e){this.about=e;let t=12*Math.round((e.low+e.high)/24);this.base=e.low<=60&&e.high>=76?60:Math.max(0,Math.min(t,e.high-11)),this.piano(),this.read(0)}piano(){let{low:e,high:t}=this.about;this.keys.replaceChildren(...Array.from({length:t-e+1},(s,i)=>{let o=e+i,a=Rn[o-this.base]?.toUpperCase()??"",h=()=>this.release(o);return b("button",{type:"button",class:ro[o%12].includes("#")?"black":"white","data-key":o,"aria-label":Fn(o)},{onpointerdown:c=>{let p=c.target;p.hasPointerCapture(c.pointerId)&&p.releasePointerCapture(c.pointerId),this.strike(o)},onpointerenter:c=>c.buttons&&this.strike(o),onpointerup:h,onpointerleave:h,onkeydown:c=>{(c.key==="Enter"||c.key===" ")&&!c.repeat&&this.strike(o)},onkeyup:h},a||(o%12===0?Fn(o):""))}))}letter(e){if(e.ctrlKey||e.metaKey||e.altKey||e.repeat)return;let t=e.target;if(/^(TEXTAREA|SELECT)$/.test(t.tagName))return;let s=Rn.indexOf(e.key.toLowerCase());s<0||e.key.length!==1||(e.type==="keydown"?this.strike(this.base+s):this.release(this.base+s))}async midi(){try{let e=await navigator.requestMIDIAccess();for(let t of e.inputs.values())t.onmidimessage=s=>{let[i=0,o=0,a=0]=s.data??[];(i&240)===144&&a?this.strike(o):((i&240)===128||(i&240)===144)&&this.release(o)};this.say(`${e.inputs.size||"No"} MIDI keyboard${e.inputs.size===1?" is":"s are"} connected.`)}catch(e){this.say(`The browser gives no MIDI: ${e.message}`)}}strike(e){this.held.has(e)||e<this.about.low||e>this.about.high||(this.head>=0&&(this.head=-1),this.held.add(e),this.struck.add(e),this.sound.begin(e),this.mark(e,!0),this.clock||(this.rest=0,this.clock=window.setInterval(()=>this.tick(),1e3*this.about.step)))}release(e){this.held.delete(e)&&(this.sound.end(e),this.mark(e,!1))}mark(e,t){this.keys.querySelector(`[data-key="${e}"]`)?.classList.toggle("down",t)}tick(){let e=[...new Set([...this.held,...this.struck])].sort((t,s)=>t-s);this.struck.clear(),this.rest=e.length?0:this.rest+1,this.roll.push(e),this.theirs.push(!1),this.draw(),!(this.rest*this.about.step<zl)&&(this.roll.length-=this.rest,this.theirs.length=this.roll.length,this.respond())}ended(){clearInterval(this.clock),this.clock=0,this.struck.clear()}sent=0;read(e){this.sent=Math.min(this.sent,e),this.calls.run(async()=>{let t=this.sent,s=this.roll.slice(t),i={keep:t,roll:s,memory:this.memory.asked(0)};await this.live.ask("read",i,({tensors:o,...a})=>{o.nats&&(this.nats=o.nats.data),a.taken!==void 0&&(this.sent=a.taken),a.memory&&this.memory.take(a.memory,o)}),this.tell()})}respond(){this.ended();let e=this.roll.length;this.calls.run(async()=>{let t=this.roll.slice(this.sent,e);await this.live.ask("read",{keep:this.sent,roll:t,memory:this.memory.asked(0)}),this.sent=e;let s={length:Hl,temperature:Number(this.heat.value),seed:this.seed++};await this.live.ask("go",s,i=>{i.step&&(this.roll.push(i.step),this.theirs.push(!0),this.draw(),this.theirs.length===e+1&&this.play(e))}),this.read(e)})}empty(){this.ended(),this.head=-1,this.roll=[],this.theirs=[],this.nats=[],this.read(0)}async play(e){this.head=e;let t=new Set;for(;this.head>=0&&this.head<this.roll.length;){let s=new Set(this.roll[this.head]);for(let i of t)s.has(i)||this.silence(i);for(let i of s)t.has(i)||(this.sound.begin(i),this.mark(i,!0));t=s,this.draw(),await new Promise(i=>setTimeout(i,1e3*this.about.step)),this.head>=0&&this.head++}for(let s of t)this.silence(s);this.head=-1,this.draw()}silence(e){this.sound.end(e),this.mark(e,!1)}tell(){let e=this.theirs.filter(Boolean).length,t=this.roll.length-e;this.canvas.setAttribute("aria-label",`${t} steps were played, ${e} are the model's`);let s=0;for(let i=0;i<this.nats.length;i++)s+=this.nats[i];this.status.textContent=this.roll.length?`Blue: yours, ${t} steps. Orange, with a line: the model's, ${e}. The mean step was ${bt(Math.exp(-s/Math.max(1,this.nats.length)))} likely.`:"",this.draw()}paint(){let{canvas:e,about:t}=this,s=e.parentElement.clientWidth,i=14,o=Math.min(16e3,Math.max(s,this.roll.length*i+40)),a=200,h=o>8e3?1:devicePixelRatio;e.style.width=`${o}px`,e.width=Math.round(o*h),e.height=Math.round(a*h);let c=e.getContext("2d");c.scale(h,h);let p=t.high-t.low+1,v=a/p,[m,g,x,S]=["cool","warm","line","ink"].map(ce);c.fillStyle=x;for(let T=t.low;T<=t.high;T++)T%12===0&&c.fillRect(0,(t.high-T+1)*v,o,1);this.roll.forEach((T,L)=>{for(let F of T){let M=(t.high-F)*v;c.fillStyle=this.theirs[L]?g:m,c.fillRect(L*i,M,i-1,Math.max(2,v-1)),this.theirs[L]&&(c.fillStyle=S,c.fillRect(L*i,M+Math.max(2,v-1)-1,i-1,1))}}),this.head>=0&&(c.fillStyle=S,c.fillRect(this.head*i,0,1.5,a))}};var Il="uplot",Wl="u-hz",Ol="u-vt",Vl="u-title",Ul="u-wrap",Bl="u-under",Gl="u-over",jl="u-axis",ps="u-off",Kl="u-select",Yl="u-cursor-x",ql="u-cursor-y",Jl="u-cursor-pt",Zl="u-legend",Ql="u-live",Xl="u-inline",eh="u-series",th="u-marker",oo="u-label",sh="u-value",ai="width",li="height";var ao="bottom",Hs="left",Dn="right",Zn="#000",lo=Zn+"0",$n="mousemove",ho="mousedown",Nn="mouseup",co="mouseenter",uo="mouseleave",po="dblclick",ih="resize",nh="scroll",fo="change",Oi="dppxchange",Qn="--",Gs=typeof window<"u",On=Gs?document:null,Ws=Gs?window:null,rh=Gs?navigator:null,ae,zi;function Vn(){let n=devicePixelRatio;ae!=n&&(ae=n,zi&&Bn(fo,zi,Vn),zi=matchMedia(`(min-resolution: ${ae-.001}dppx) and (max-resolution: ${ae+.001}dppx)`),fs(fo,zi,Vn),Ws.dispatchEvent(new CustomEvent(Oi)))}function ht(n,e){if(e!=null){let t=n.classList;!t.contains(e)&&t.add(e)}}function Un(n,e){let t=n.classList;t.contains(e)&&t.remove(e)}function we(n,e,t){n.style[e]=t+"px"}function Ct(n,e,t,s){let i=On.createElement(n);return e!=null&&ht(i,e),t?.insertBefore(i,s),i}function wt(n,e){return Ct("div",n,e)}var mo=new WeakMap;function zt(n,e,t,s,i){let o="translate("+e+"px,"+t+"px)",a=mo.get(n);o!=a&&(n.style.transform=o,mo.set(n,o),e<0||t<0||e>s||t>i?ht(n,ps):Un(n,ps))}var go=new WeakMap;function vo(n,e,t){let s=e+t,i=go.get(n);s!=i&&(go.set(n,s),n.style.background=e,n.style.borderColor=t)}var bo=new WeakMap;function wo(n,e,t,s){let i=e+""+t,o=bo.get(n);i!=o&&(bo.set(n,i),n.style.height=t+"px",n.style.width=e+"px",n.style.marginLeft=s?-e/2+"px":0,n.style.marginTop=s?-t/2+"px":0)}var Xn={passive:!0},oh={...Xn,capture:!0};function fs(n,e,t,s){e.addEventListener(n,t,s?oh:Xn)}function Bn(n,e,t,s){e.removeEventListener(n,t,Xn)}Gs&&Vn();function Et(n,e,t,s){let i;t=t||0,s=s||e.length-1;let o=s<=2147483647;for(;s-t>1;)i=o?t+s>>1:ct((t+s)/2),e[i]<n?t=i:s=i;return n-e[t]<=e[s]-n?t:s}function Ko(n){return(t,s,i)=>{let o=-1,a=-1;for(let h=s;h<=i;h++)if(n(t[h])){o=h;break}for(let h=i;h>=s;h--)if(n(t[h])){a=h;break}return[o,a]}}var Yo=n=>n!=null,qo=n=>n!=null&&n>0,Bi=Ko(Yo),ah=Ko(qo);function lh(n,e,t,s=0,i=!1){let o=i?ah:Bi,a=i?qo:Yo;[e,t]=o(n,e,t);let h=n[e],c=n[e];if(e>-1)if(s==1)h=n[e],c=n[t];else if(s==-1)h=n[t],c=n[e];else for(let p=e;p<=t;p++){let v=n[p];a(v)&&(v<h?h=v:v>c&&(c=v))}return[h??pe,c??-pe]}function Gi(n,e,t,s){let i=ko(n),o=ko(e);n==e&&(i==-1?(n*=t,e/=t):(n/=t,e*=t));let a=t==10?Vt:Jo,h=i==1?ct:yt,c=o==1?yt:ct,p=h(a(Fe(n))),v=c(a(Fe(e))),m=Os(t,p),g=Os(t,v);return t==10&&(p<0&&(m=fe(m,-p)),v<0&&(g=fe(g,-v))),s||t==2?(n=m*i,e=g*o):(n=ea(n,m),e=ji(e,g)),[n,e]}function er(n,e,t,s){let i=Gi(n,e,t,s);return n==0&&(i[0]=0),e==0&&(i[1]=0),i}var tr=.1,yo={mode:3,pad:tr},ci={pad:0,soft:null,mode:0},hh={min:ci,max:ci};function Vi(n,e,t,s){return Ki(t)?xo(n,e,t):(ci.pad=t,ci.soft=s?0:null,ci.mode=s?3:0,xo(n,e,hh))}function re(n,e){return n??e}function ch(n,e,t){for(e=re(e,0),t=re(t,n.length-1);e<=t;){if(n[e]!=null)return!0;e++}return!1}function xo(n,e,t){let s=t.min,i=t.max,o=re(s.pad,0),a=re(i.pad,0),h=re(s.hard,-pe),c=re(i.hard,pe),p=re(s.soft,pe),v=re(i.soft,-pe),m=re(s.mode,0),g=re(i.mode,0),x=e-n,S=Vt(x),T=Ze(Fe(n),Fe(e)),L=Vt(T),F=Fe(L-S);(x<1e-24||F>10)&&(x=0,(n==0||e==0)&&(x=1e-24,m==2&&p!=pe&&(o=0),g==2&&v!=-pe&&(a=0)));let M=x||T||1e3,$=Vt(M),E=Os(10,ct($)),J=M*(x==0?n==0?.1:1:o),z=fe(ea(n-J,E/10),24),Z=n>=p&&(m==1||m==3&&z<=p||m==2&&z>=p)?p:pe,K=Ze(h,z<Z&&n>=Z?Z:Lt(Z,z)),ee=M*(x==0?e==0?.1:1:a),j=fe(ji(e+ee,E/10),24),P=e<=v&&(g==1||g==3&&j>=v||g==2&&j<=v)?v:-pe,q=Lt(c,j>P&&e<=P?P:Ze(P,j));return K==q&&K==0&&(q=100),[K,q]}var dh=new Intl.NumberFormat(Gs?rh.language:"en-US"),sr=n=>dh.format(n),dt=Math,Wi=dt.PI,Fe=dt.abs,ct=dt.floor,Re=dt.round,yt=dt.ceil,Lt=dt.min,Ze=dt.max,Os=dt.pow,ko=dt.sign,Vt=dt.log10,Jo=dt.log2,uh=(n,e=1)=>dt.sinh(n)*e,zn=(n,e=1)=>dt.asinh(n/e),pe=1/0;function So(n){return(Vt((n^n>>31)-(n>>31))|0)+1}function Gn(n,e,t){return Lt(Ze(n,e),t)}function Zo(n){return typeof n=="function"}function te(n){return Zo(n)?n:()=>n}var ph=()=>{},Qo=n=>n,Xo=(n,e)=>e,fh=n=>null,Mo=n=>!0,Ao=(n,e)=>n==e,mh=/\.\d*?(?=9{6,}|0{6,})/gm,ms=n=>{if(sa(n)||Xt.has(n))return n;let e=`${n}`,t=e.match(mh);if(t==null)return n;let s=t[0].length-1;if(e.indexOf("e-")!=-1){let[i,o]=e.split("e");return+`${ms(i)}e${o}`}return fe(n,s)};function ds(n,e){return ms(fe(ms(n/e))*e)}function ji(n,e){return ms(yt(ms(n/e))*e)}function ea(n,e){return ms(ct(ms(n/e))*e)}function fe(n,e=0){if(sa(n))return n;let t=10**e,s=n*t*(1+Number.EPSILON);return Re(s)/t}var Xt=new Map;function ta(n){return((""+n).split(".")[1]||"").length}function ui(n,e,t,s){let i=[],o=s.map(ta);for(let a=e;a<t;a++){let h=Fe(a),c=fe(Os(n,a),h);for(let p=0;p<s.length;p++){let v=n==10?+`${s[p]}e${a}`:s[p]*c,m=(a>=0?0:h)+(a>=o[p]?0:o[p]),g=n==10?v:fe(v,m);i.push(g),Xt.set(g,m)}}return i}var di={},ir=[],Vs=[null,null],Qt=Array.isArray,sa=Number.isInteger,gh=n=>n===void 0;function To(n){return typeof n=="string"}function Ki(n){let e=!1;if(n!=null){let t=n.constructor;e=t==null||t==Object}return e}function vh(n){return n!=null&&typeof n=="object"}var bh=Object.getPrototypeOf(Uint8Array),ia="__proto__";function Us(n,e=Ki){let t;if(Qt(n)){let s=n.find(i=>i!=null);if(Qt(s)||e(s)){t=Array(n.length);for(let i=0;i<n.length;i++)t[i]=Us(n[i],e)}else t=n.slice()}else if(n instanceof bh)t=n.slice();else if(e(n)){t={};for(let s in n)s!=ia&&(t[s]=Us(n[s],e))}else t=n;return t}function Le(n){let e=arguments;for(let t=1;t<e.length;t++){let s=e[t];for(let i in s)i!=ia&&(Ki(n[i])?Le(n[i],Us(s[i])):n[i]=Us(s[i]))}return n}var wh=0,yh=1,xh=2;function kh(n,e,t){for(let s=0,i,o=-1;s<e.length;s++){let a=e[s];if(a>o){for(i=a-1;i>=0&&n[i]==null;)n[i--]=null;for(i=a+1;i<t&&n[i]==null;)n[o=i++]=null}}}function Sh(n,e){if(Th(n)){let a=n[0].slice();for(let h=1;h<n.length;h++)a.push(...n[h].slice(1));return Ch(a[0])||(a=Ah(a)),a}let t=new Set;for(let a=0;a<n.length;a++){let c=n[a][0],p=c.length;for(let v=0;v<p;v++)t.add(c[v])}let s=[Array.from(t).sort((a,h)=>a-h)],i=s[0].length,o=new Map;for(let a=0;a<i;a++)o.set(s[0][a],a);for(let a=0;a<n.length;a++){let h=n[a],c=h[0];for(let p=1;p<h.length;p++){let v=h[p],m=Array(i).fill(void 0),g=e?e[a][p]:yh,x=[];for(let S=0;S<v.length;S++){let T=v[S],L=o.get(c[S]);T===null?g!=wh&&(m[L]=T,g==xh&&x.push(L)):m[L]=T}kh(m,x,i),s.push(m)}}return s}var Mh=typeof queueMicrotask>"u"?n=>Promise.resolve().then(n):queueMicrotask;function Ah(n){let e=n[0],t=e.length,s=Array(t);for(let o=0;o<s.length;o++)s[o]=o;s.sort((o,a)=>e[o]-e[a]);let i=[];for(let o=0;o<n.length;o++){let a=n[o],h=Array(t);for(let c=0;c<t;c++)h[c]=a[s[c]];i.push(h)}return i}function Th(n){let e=n[0][0],t=e.length;for(let s=1;s<n.length;s++){let i=n[s][0];if(i.length!=t)return!1;if(i!=e){for(let o=0;o<t;o++)if(i[o]!=e[o])return!1}}return!0}function Ch(n,e=100){let t=n.length;if(t<=1)return!0;let s=0,i=t-1;for(;s<=i&&n[s]==null;)s++;for(;i>=s&&n[i]==null;)i--;if(i<=s)return!0;let o=Ze(1,ct((i-s+1)/e));for(let a=n[s],h=s+o;h<=i;h+=o){let c=n[h];if(c!=null){if(c<=a)return!1;a=c}}return!0}var na=["January","February","March","April","May","June","July","August","September","October","November","December"],ra=["Sunday","Monday","Tuesday","Wednesday","Thursday","Friday","Saturday"];function oa(n){return n.slice(0,3)}var Eh=ra.map(oa),Lh=na.map(oa),Ph={MMMM:na,MMM:Lh,WWWW:ra,WWW:Eh};function oi(n){return(n<10?"0":"")+n}function _h(n){return(n<10?"00":n<100?"0":"")+n}var Rh={YYYY:n=>n.getFullYear(),YY:n=>(n.getFullYear()+"").slice(2),MMMM:(n,e)=>e.MMMM[n.getMonth()],MMM:(n,e)=>e.MMM[n.getMonth()],MM:n=>oi(n.getMonth()+1),M:n=>n.getMonth()+1,DD:n=>oi(n.getDate()),D:n=>n.getDate(),WWWW:(n,e)=>e.WWWW[n.getDay()],WWW:(n,e)=>e.WWW[n.getDay()],HH:n=>oi(n.getHours()),H:n=>n.getHours(),h:n=>{let e=n.getHours();return e==0?12:e>12?e-12:e},AA:n=>n.getHours()>=12?"PM":"AM",aa:n=>n.getHours()>=12?"pm":"am",a:n=>n.getHours()>=12?"p":"a",mm:n=>oi(n.getMinutes()),m:n=>n.getMinutes(),ss:n=>oi(n.getSeconds()),s:n=>n.getSeconds(),fff:n=>_h(n.getMilliseconds())};function nr(n,e){e=e||Ph;let t=[],s=/\{([a-z]+)\}|[^{]+/gi,i;for(;i=s.exec(n);)t.push(i[0][0]=="{"?Rh[i[1]]:i[0]);return o=>{let a="";for(let h=0;h<t.length;h++)a+=typeof t[h]=="string"?t[h]:t[h](o,e);return a}}var Fh=new Intl.DateTimeFormat().resolvedOptions().timeZone;function Dh(n,e){let t;return e=="UTC"||e=="Etc/UTC"?t=new Date(+n+n.getTimezoneOffset()*6e4):e==Fh?t=n:(t=new Date(n.toLocaleString("en-US",{timeZone:e})),t.setMilliseconds(n.getMilliseconds())),t}var aa=n=>n%1==0,Ui=[1,2,2.5,5],$h=ui(10,-32,0,Ui),la=ui(10,0,32,Ui),Nh=la.filter(aa),us=$h.concat(la),rr=`
`,ha="{YYYY}",Co=rr+ha,ca="{M}/{D}",hi=rr+ca,Hi=hi+"/{YY}",da="{aa}",zh="{h}:{mm}",Is=zh+da,Eo=rr+Is,Lo=":{ss}",he=null;function ua(n){let e=n*1e3,t=e*60,s=t*60,i=s*24,o=i*30,a=i*365,c=(n==1?ui(10,0,3,Ui).filter(aa):ui(10,-3,0,Ui)).concat([e,e*5,e*10,e*15,e*30,t,t*5,t*10,t*15,t*30,s,s*2,s*3,s*4,s*6,s*8,s*12,i,i*2,i*3,i*4,i*5,i*6,i*7,i*8,i*9,i*10,i*15,o,o*2,o*3,o*4,o*6,a,a*2,a*5,a*10,a*25,a*50,a*100]),p=[[a,ha,he,he,he,he,he,he,1],[i*28,"{MMM}",Co,he,he,he,he,he,1],[i,ca,Co,he,he,he,he,he,1],[s,"{h}"+da,Hi,he,hi,he,he,he,1],[t,Is,Hi,he,hi,he,he,he,1],[e,Lo,Hi+" "+Is,he,hi+" "+Is,he,Eo,he,1],[n,Lo+".{fff}",Hi+" "+Is,he,hi+" "+Is,he,Eo,he,1]];function v(m){return(g,x,S,T,L,F)=>{let M=[],$=L>=a,E=L>=o&&L<a,J=m(S),z=fe(J*n,3),Z=Hn(J.getFullYear(),$?0:J.getMonth(),E||$?1:J.getDate()),K=fe(Z*n,3);if(E||$){let ee=E?L/o:0,j=$?L/a:0,P=z==K?z:fe(Hn(Z.getFullYear()+j,Z.getMonth()+ee,1)*n,3),q=new Date(Re(P/n)),H=q.getFullYear(),B=q.getMonth();for(let V=0;P<=T;V++){let se=Hn(H+j*V,B+ee*V,1),O=se-m(fe(se*n,3));P=fe((+se+O)*n,3),P<=T&&M.push(P)}}else{let ee=L>=i?i:L,j=ct(S)-ct(z),P=K+j+ji(z-K,ee);M.push(P);let q=m(P),H=q.getHours()+q.getMinutes()/t+q.getSeconds()/s,B=L/s,V=g.axes[x]._space,se=F/V;for(;P=fe(P+L,n==1?0:3),!(P>T);)if(B>1){let O=ct(fe(H+B,6))%24,ie=m(P).getHours()-O;ie>1&&(ie=-1),P-=ie*s,H=(H+B)%24;let de=M[M.length-1];fe((P-de)/L,3)*se>=.7&&M.push(P)}else M.push(P)}return M}}return[c,p,v]}var[Hh,Ih,Wh]=ua(1),[Oh,Vh,Uh]=ua(.001);ui(2,-53,53,[1]);function Po(n,e){return n.map(t=>t.map((s,i)=>i==0||i==8||s==null?s:e(i==1||t[8]==0?s:t[1]+s)))}function _o(n,e){return(t,s,i,o,a)=>{let h=e.find(S=>a>=S[0])||e[e.length-1],c,p,v,m,g,x;return s.map(S=>{let T=n(S),L=T.getFullYear(),F=T.getMonth(),M=T.getDate(),$=T.getHours(),E=T.getMinutes(),J=T.getSeconds(),z=L!=c&&h[2]||F!=p&&h[3]||M!=v&&h[4]||$!=m&&h[5]||E!=g&&h[6]||J!=x&&h[7]||h[1];return c=L,p=F,v=M,m=$,g=E,x=J,z(T)})}}function Bh(n,e){let t=nr(e);return(s,i,o,a,h)=>i.map(c=>t(n(c)))}function Hn(n,e,t){return new Date(n,e,t)}function Ro(n,e){return e(n)}var Gh="{YYYY}-{MM}-{DD} {h}:{mm}{aa}";function Fo(n,e){return(t,s,i,o)=>o==null?Qn:e(n(s))}function jh(n,e){let t=n.series[e];return t.width?t.stroke(n,e):t.points.width?t.points.stroke(n,e):null}function Kh(n,e){return n.series[e].fill(n,e)}var Yh={show:!0,live:!0,isolate:!1,mount:ph,markers:{show:!0,width:2,stroke:jh,fill:Kh,dash:"solid"},idx:null,idxs:null,values:[]};function qh(n,e){let t=n.cursor.points,s=wt(),i=t.size(n,e);we(s,ai,i),we(s,li,i);let o=i/-2;we(s,"marginLeft",o),we(s,"marginTop",o);let a=t.width(n,e,i);return a&&we(s,"borderWidth",a),s}function Jh(n,e){let t=n.series[e].points;return t._fill||t._stroke}function Zh(n,e){let t=n.series[e].points;return t._stroke||t._fill}function Qh(n,e){return n.series[e].points.size}var In=[0,0];function Xh(n,e,t){return In[0]=e,In[1]=t,In}function Ii(n,e,t,s=!0){return i=>{i.button==0&&(!s||i.target==e)&&t(i)}}function Wn(n,e,t,s=!0){return i=>{(!s||i.target==e)&&t(i)}}var ec={show:!0,x:!0,y:!0,lock:!1,move:Xh,points:{one:!1,show:qh,size:Qh,width:0,stroke:Zh,fill:Jh},bind:{mousedown:Ii,mouseup:Ii,click:Ii,dblclick:Ii,mousemove:Wn,mouseleave:Wn,mouseenter:Wn},drag:{setScale:!0,x:!0,y:!1,dist:0,uni:null,click:(n,e)=>{e.stopPropagation(),e.stopImmediatePropagation()},_x:!1,_y:!1},focus:{dist:(n,e,t,s,i)=>s-i,prox:-1,bias:0},hover:{skip:[void 0],prox:null,bias:0},left:-10,top:-10,idx:null,dataIdx:null,idxs:null,event:null},pa={show:!0,stroke:"rgba(0,0,0,0.07)",width:2},or=Le({},pa,{filter:Xo}),fa=Le({},or,{size:10}),ma=Le({},pa,{show:!1}),ar='12px system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, "Noto Sans", sans-serif, "Apple Color Emoji", "Segoe UI Emoji", "Segoe UI Symbol", "Noto Color Emoji"',ga="bold "+ar,va=1.5,Do={show:!0,scale:"x",stroke:Zn,space:50,gap:5,alignTo:1,size:50,labelGap:0,labelSize:30,labelFont:ga,side:2,grid:or,ticks:fa,border:ma,font:ar,lineGap:va,rotate:0},tc="Value",sc="Time",$o={show:!0,scale:"x",auto:!1,sorted:1,min:pe,max:-pe,idxs:[]};function ic(n,e,t,s,i){return e.map(o=>o==null?"":sr(o))}function nc(n,e,t,s,i,o,a){let h=[],c=Xt.get(i)||0;t=a?t:fe(ji(t,i),c);for(let p=t;p<=s;p=fe(p+i,c))h.push(Object.is(p,-0)?0:p);return h}function jn(n,e,t,s,i,o,a){let h=[],c=n.scales[n.axes[e].scale].log,p=c==10?Vt:Jo,v=ct(p(t));i=Os(c,v),c==10&&(i=us[Et(i,us)]);let m=t,g=i*c;c==10&&(g=us[Et(g,us)]);do h.push(m),m=m+i,c==10&&!Xt.has(m)&&(m=fe(m,Xt.get(i))),m>=g&&(i=m,g=i*c,c==10&&(g=us[Et(g,us)]));while(m<=s);return h}function rc(n,e,t,s,i,o,a){let c=n.scales[n.axes[e].scale].asinh,p=s>c?jn(n,e,Ze(c,t),s,i):[c],v=s>=0&&t<=0?[0]:[];return(t<-c?jn(n,e,Ze(c,-s),-t,i):[c]).reverse().map(g=>-g).concat(v,p)}var ba=/./,oc=/[12357]/,ac=/[125]/,No=/1/,Kn=(n,e,t,s)=>n.map((i,o)=>e==4&&i==0||o%s==0&&t.test(i.toExponential()[i<0?1:0])?i:null);function lc(n,e,t,s,i){let o=n.axes[t],a=o.scale,h=n.scales[a],c=n.valToPos,p=o._space,v=c(10,a),m=c(9,a)-v>=p?ba:c(7,a)-v>=p?oc:c(5,a)-v>=p?ac:No;if(m==No){let g=Fe(c(1,a)-v);if(g<p)return Kn(e.slice().reverse(),h.distr,m,yt(p/g)).reverse()}return Kn(e,h.distr,m,1)}function hc(n,e,t,s,i){let o=n.axes[t],a=o.scale,h=o._space,c=n.valToPos,p=Fe(c(1,a)-c(2,a));return p<h?Kn(e.slice().reverse(),3,ba,yt(h/p)).reverse():e}function cc(n,e,t,s){return s==null?Qn:e==null?"":sr(e)}var zo={show:!0,scale:"y",stroke:Zn,space:30,gap:5,alignTo:1,size:50,labelGap:0,labelSize:30,labelFont:ga,side:3,grid:or,ticks:fa,border:ma,font:ar,lineGap:va,rotate:0};function dc(n,e){let t=3+(n||1)*2;return fe(t*e,3)}function uc(n,e){let{scale:t,idxs:s}=n.series[0],i=n._data[0],o=n.valToPos(i[s[0]],t,!0),a=n.valToPos(i[s[1]],t,!0),h=Fe(a-o),c=n.series[e],p=h/(c.points.space*ae);return s[1]-s[0]<=p}var Ho={scale:null,auto:!0,sorted:0,min:pe,max:-pe},wa=(n,e,t,s,i)=>i,Io={show:!0,auto:!0,sorted:0,gaps:wa,alpha:1,facets:[Le({},Ho,{scale:"x"}),Le({},Ho,{scale:"y"})]},Wo={scale:"y",auto:!0,sorted:0,show:!0,spanGaps:!1,gaps:wa,alpha:1,points:{show:uc,filter:null},values:null,min:pe,max:-pe,idxs:[],path:null,clip:null};function pc(n,e,t,s,i){return t/10}var ya={time:!0,auto:!0,distr:1,log:10,asinh:1,min:null,max:null,dir:1,ori:0},fc=Le({},ya,{time:!1,ori:1}),Oo={};function xa(n,e){let t=Oo[n];return t||(t={key:n,plots:[],sub(s){t.plots.push(s)},unsub(s){t.plots=t.plots.filter(i=>i!=s)},pub(s,i,o,a,h,c,p){for(let v=0;v<t.plots.length;v++)t.plots[v]!=i&&t.plots[v].pub(s,i,o,a,h,c,p)}},n!=null&&(Oo[n]=t)),t}var Bs=1,Yn=2;function gs(n,e,t){let s=n.mode,i=n.series[e],o=s==2?n._data[e]:n._data,a=n.scales,h=n.bbox,c=o[0],p=s==2?o[1]:o[e],v=s==2?a[i.facets[0].scale]:a[n.series[0].scale],m=s==2?a[i.facets[1].scale]:a[i.scale],g=h.left,x=h.top,S=h.width,T=h.height,L=n.valToPosH,F=n.valToPosV;return v.ori==0?t(i,c,p,v,m,L,F,g,x,S,T,qi,js,Zi,Sa,Aa):t(i,c,p,v,m,F,L,x,g,T,S,Ji,Ks,cr,Ma,Ta)}function lr(n,e){let t=0,s=0,i=re(n.bands,ir);for(let o=0;o<i.length;o++){let a=i[o];a.series[0]==e?t=a.dir:a.series[1]==e&&(a.dir==1?s|=1:s|=2)}return[t,s==1?-1:s==2?1:s==3?2:0]}function mc(n,e,t,s,i){let o=n.mode,a=n.series[e],h=o==2?a.facets[1].scale:a.scale,c=n.scales[h];return i==-1?c.min:i==1?c.max:c.distr==3?c.dir==1?c.min:c.max:0}function Ut(n,e,t,s,i,o){return gs(n,e,(a,h,c,p,v,m,g,x,S,T,L)=>{let F=a.pxRound,M=p.dir*(p.ori==0?1:-1),$=p.ori==0?js:Ks,E,J;M==1?(E=t,J=s):(E=s,J=t);let z=F(m(h[E],p,T,x)),Z=F(g(c[E],v,L,S)),K=F(m(h[J],p,T,x)),ee=F(g(o==1?v.max:v.min,v,L,S)),j=new Path2D(i);return $(j,K,ee),$(j,z,ee),$(j,z,Z),j})}function Yi(n,e,t,s,i,o){let a=null;if(n.length>0){a=new Path2D;let h=e==0?Zi:cr,c=t;for(let m=0;m<n.length;m++){let g=n[m];if(g[1]>g[0]){let x=g[0]-c;x>0&&h(a,c,s,x,s+o),c=g[1]}}let p=t+i-c,v=10;p>0&&h(a,c,s-v/2,p,s+o+v)}return a}function gc(n,e,t){let s=n[n.length-1];s&&s[0]==e?s[1]=t:n.push([e,t])}function hr(n,e,t,s,i,o,a){let h=[],c=n.length;for(let p=i==1?t:s;p>=t&&p<=s;p+=i)if(e[p]===null){let m=p,g=p;if(i==1)for(;++p<=s&&e[p]===null;)g=p;else for(;--p>=t&&e[p]===null;)g=p;let x=o(n[m]),S=g==m?x:o(n[g]),T=m-i;x=a<=0&&T>=0&&T<c?o(n[T]):x;let F=g+i;S=a>=0&&F>=0&&F<c?o(n[F]):S,S>=x&&h.push([x,S])}return h}function Vo(n){return n==0?Qo:n==1?Re:e=>ds(e,n)}function ka(n){let e=n==0?qi:Ji,t=n==0?(i,o,a,h,c,p)=>{i.arcTo(o,a,h,c,p)}:(i,o,a,h,c,p)=>{i.arcTo(a,o,c,h,p)},s=n==0?(i,o,a,h,c)=>{i.rect(o,a,h,c)}:(i,o,a,h,c)=>{i.rect(a,o,c,h)};return(i,o,a,h,c,p=0,v=0)=>{p==0&&v==0?s(i,o,a,h,c):(p=Lt(p,h/2,c/2),v=Lt(v,h/2,c/2),e(i,o+p,a),t(i,o+h,a,o+h,a+c,p),t(i,o+h,a+c,o,a+c,v),t(i,o,a+c,o,a,v),t(i,o,a,o+h,a,p),i.closePath())}}var qi=(n,e,t)=>{n.moveTo(e,t)},Ji=(n,e,t)=>{n.moveTo(t,e)},js=(n,e,t)=>{n.lineTo(e,t)},Ks=(n,e,t)=>{n.lineTo(t,e)},Zi=ka(0),cr=ka(1),Sa=(n,e,t,s,i,o)=>{n.arc(e,t,s,i,o)},Ma=(n,e,t,s,i,o)=>{n.arc(t,e,s,i,o)},Aa=(n,e,t,s,i,o,a)=>{n.bezierCurveTo(e,t,s,i,o,a)},Ta=(n,e,t,s,i,o,a)=>{n.bezierCurveTo(t,e,i,s,a,o)};function Ca(n){return(e,t,s,i,o)=>gs(e,t,(a,h,c,p,v,m,g,x,S,T,L)=>{let{pxRound:F,points:M}=a,$,E;p.ori==0?($=qi,E=Sa):($=Ji,E=Ma);let J=fe(M.width*ae,3),z=(M.size-M.width)/2*ae,Z=fe(z*2,3),K=new Path2D,ee=new Path2D,{left:j,top:P,width:q,height:H}=e.bbox;Zi(ee,j-Z,P-Z,q+Z*2,H+Z*2);let B=V=>{if(c[V]!=null){let se=F(m(h[V],p,T,x)),O=F(g(c[V],v,L,S));$(K,se+z,O),E(K,se,O,z,0,Wi*2)}};if(o)o.forEach(B);else for(let V=s;V<=i;V++)B(V);return{stroke:J>0?K:null,fill:K,clip:ee,flags:Bs|Yn}})}function Ea(n){return(e,t,s,i,o,a)=>{s!=i&&(o!=s&&a!=s&&n(e,t,s),o!=i&&a!=i&&n(e,t,i),n(e,t,a))}}var vc=Ea(js),bc=Ea(Ks);function La(n){let e=re(n?.alignGaps,0);return(t,s,i,o)=>gs(t,s,(a,h,c,p,v,m,g,x,S,T,L)=>{[i,o]=Bi(c,i,o);let F=a.pxRound,M=H=>F(m(H,p,T,x)),$=H=>F(g(H,v,L,S)),E,J;p.ori==0?(E=js,J=vc):(E=Ks,J=bc);let z=p.dir*(p.ori==0?1:-1),Z={stroke:new Path2D,fill:null,clip:null,band:null,gaps:null,flags:Bs},K=Z.stroke,ee=!1;if(o-i>=T*4){let H=I=>t.posToVal(I,p.key,!0),B=null,V=null,se,O,Qe,ye=M(h[z==1?i:o]),ie=M(h[i]),de=M(h[o]),Q=H(z==1?ie+1:de-1);for(let I=z==1?i:o;I>=i&&I<=o;I+=z){let Pe=h[I],xe=(z==1?Pe<Q:Pe>Q)?ye:M(Pe),le=c[I];xe==ye?le!=null?(O=le,B==null?(E(K,xe,$(O)),se=B=V=O):O<B?B=O:O>V&&(V=O)):le===null&&(ee=!0):(B!=null&&J(K,ye,$(B),$(V),$(se),$(O)),le!=null?(O=le,E(K,xe,$(O)),B=V=se=O):(B=V=null,le===null&&(ee=!0)),ye=xe,Q=H(ye+z))}B!=null&&B!=V&&Qe!=ye&&J(K,ye,$(B),$(V),$(se),$(O))}else for(let H=z==1?i:o;H>=i&&H<=o;H+=z){let B=c[H];B===null?ee=!0:B!=null&&E(K,M(h[H]),$(B))}let[P,q]=lr(t,s);if(a.fill!=null||P!=0){let H=Z.fill=new Path2D(K),B=a.fillTo(t,s,a.min,a.max,P),V=$(B),se=M(h[i]),O=M(h[o]);z==-1&&([O,se]=[se,O]),E(H,O,V),E(H,se,V)}if(!a.spanGaps){let H=[];ee&&H.push(...hr(h,c,i,o,z,M,e)),Z.gaps=H=a.gaps(t,s,i,o,H),Z.clip=Yi(H,p.ori,x,S,T,L)}return q!=0&&(Z.band=q==2?[Ut(t,s,i,o,K,-1),Ut(t,s,i,o,K,1)]:Ut(t,s,i,o,K,q)),Z})}function wc(n){let e=re(n.align,1),t=re(n.ascDesc,!1),s=re(n.alignGaps,0),i=re(n.extend,!1);return(o,a,h,c)=>gs(o,a,(p,v,m,g,x,S,T,L,F,M,$)=>{[h,c]=Bi(m,h,c);let E=p.pxRound,{left:J,width:z}=o.bbox,Z=ie=>E(S(ie,g,M,L)),K=ie=>E(T(ie,x,$,F)),ee=g.ori==0?js:Ks,j={stroke:new Path2D,fill:null,clip:null,band:null,gaps:null,flags:Bs},P=j.stroke,q=g.dir*(g.ori==0?1:-1),H=K(m[q==1?h:c]),B=Z(v[q==1?h:c]),V=B,se=B;i&&e==-1&&(se=J,ee(P,se,H)),ee(P,B,H);for(let ie=q==1?h:c;ie>=h&&ie<=c;ie+=q){let de=m[ie];if(de==null)continue;let Q=Z(v[ie]),I=K(de);e==1?ee(P,Q,H):ee(P,V,I),ee(P,Q,I),H=I,V=Q}let O=V;i&&e==1&&(O=J+z,ee(P,O,H));let[Qe,ye]=lr(o,a);if(p.fill!=null||Qe!=0){let ie=j.fill=new Path2D(P),de=p.fillTo(o,a,p.min,p.max,Qe),Q=K(de);ee(ie,O,Q),ee(ie,se,Q)}if(!p.spanGaps){let ie=[];ie.push(...hr(v,m,h,c,q,Z,s));let de=p.width*ae/2,Q=t||e==1?de:-de,I=t||e==-1?-de:de;ie.forEach(Pe=>{Pe[0]+=Q,Pe[1]+=I}),j.gaps=ie=p.gaps(o,a,h,c,ie),j.clip=Yi(ie,g.ori,L,F,M,$)}return ye!=0&&(j.band=ye==2?[Ut(o,a,h,c,P,-1),Ut(o,a,h,c,P,1)]:Ut(o,a,h,c,P,ye)),j})}function Uo(n,e,t,s,i,o,a=pe){if(n.length>1){let h=null;for(let c=0,p=1/0;c<n.length;c++)if(e[c]!==void 0){if(h!=null){let v=Fe(n[c]-n[h]);v<p&&(p=v,a=Fe(t(n[c],s,i,o)-t(n[h],s,i,o)))}h=c}}return a}function yc(n){n=n||di;let e=re(n.size,[.6,pe,1]),t=n.align||0,s=n.gap||0,i=n.radius;i=i==null?[0,0]:typeof i=="number"?[i,0]:i;let o=te(i),a=1-e[0],h=re(e[1],pe),c=re(e[2],1),p=re(n.disp,di),v=re(n.each,x=>{}),{fill:m,stroke:g}=p;return(x,S,T,L)=>gs(x,S,(F,M,$,E,J,z,Z,K,ee,j,P)=>{let q=F.pxRound,H=t,B=s*ae,V=h*ae,se=c*ae,O,Qe;E.ori==0?[O,Qe]=o(x,S):[Qe,O]=o(x,S);let ye=E.dir*(E.ori==0?1:-1),ie=E.ori==0?Zi:cr,de=E.ori==0?v:(D,me,_e,xs,ss,_t,is)=>{v(D,me,_e,ss,xs,is,_t)},Q=re(x.bands,ir).find(D=>D.series[0]==S),I=Q!=null?Q.dir:0,Pe=F.fillTo(x,S,F.min,F.max,I),je=q(Z(Pe,J,P,ee)),xe,le,xt,st=j,Me=q(F.width*ae),Pt=!1,It=null,ut=null,Bt=null,bs=null;m!=null&&(Me==0||g!=null)&&(Pt=!0,It=m.values(x,S,T,L),ut=new Map,new Set(It).forEach(D=>{D!=null&&ut.set(D,new Path2D)}),Me>0&&(Bt=g.values(x,S,T,L),bs=new Map,new Set(Bt).forEach(D=>{D!=null&&bs.set(D,new Path2D)})));let{x0:ws,size:qs}=p;if(ws!=null&&qs!=null){H=1,M=ws.values(x,S,T,L),ws.unit==2&&(M=M.map(_e=>x.posToVal(K+_e*j,E.key,!0)));let D=qs.values(x,S,T,L);qs.unit==2?le=D[0]*j:le=z(D[0],E,j,K)-z(0,E,j,K),st=Uo(M,$,z,E,j,K,st),xt=st-le+B}else st=Uo(M,$,z,E,j,K,st),xt=st*a+B,le=st-xt;xt<1&&(xt=0),Me>=le/2&&(Me=0),xt<5&&(q=Qo);let wi=xt>0,es=st-xt-(wi?Me:0);le=q(Gn(es,se,V)),xe=(H==0?le/2:H==ye?0:le)-H*ye*((H==0?B/2:0)+(wi?Me/2:0));let Ke={stroke:null,fill:null,clip:null,band:null,gaps:null,flags:0},ys=Pt?null:new Path2D,Wt=null;if(Q!=null)Wt=x.data[Q.series[1]];else{let{y0:D,y1:me}=p;D!=null&&me!=null&&($=me.values(x,S,T,L),Wt=D.values(x,S,T,L))}let ts=O*le,Y=Qe*le;for(let D=ye==1?T:L;D>=T&&D<=L;D+=ye){let me=$[D];if(me==null)continue;if(Wt!=null){let Xe=Wt[D]??0;if(me-Xe==0)continue;je=Z(Xe,J,P,ee)}let _e=E.distr!=2||p!=null?M[D]:D,xs=z(_e,E,j,K),ss=Z(re(me,Pe),J,P,ee),_t=q(xs-xe),is=q(Ze(ss,je)),it=q(Lt(ss,je)),pt=is-it;if(me!=null){let Xe=me<0?Y:ts,kt=me<0?ts:Y;Pt?(Me>0&&Bt[D]!=null&&ie(bs.get(Bt[D]),_t,it+ct(Me/2),le,Ze(0,pt-Me),Xe,kt),It[D]!=null&&ie(ut.get(It[D]),_t,it+ct(Me/2),le,Ze(0,pt-Me),Xe,kt)):ie(ys,_t,it+ct(Me/2),le,Ze(0,pt-Me),Xe,kt),de(x,S,D,_t-Me/2,it,le+Me,pt)}}return Me>0?Ke.stroke=Pt?bs:ys:Pt||(Ke._fill=F.width==0?F._fill:F._stroke??F._fill,Ke.width=0),Ke.fill=Pt?ut:ys,Ke})}function xc(n,e){let t=re(e?.alignGaps,0);return(s,i,o,a)=>gs(s,i,(h,c,p,v,m,g,x,S,T,L,F)=>{[o,a]=Bi(p,o,a);let M=h.pxRound,$=O=>M(g(O,v,L,S)),E=O=>M(x(O,m,F,T)),J,z,Z;v.ori==0?(J=qi,Z=js,z=Aa):(J=Ji,Z=Ks,z=Ta);let K=v.dir*(v.ori==0?1:-1),ee=$(c[K==1?o:a]),j=ee,P=[],q=[];for(let O=K==1?o:a;O>=o&&O<=a;O+=K)if(p[O]!=null){let ye=c[O],ie=$(ye);P.push(j=ie),q.push(E(p[O]))}let H={stroke:n(P,q,J,Z,z,M),fill:null,clip:null,band:null,gaps:null,flags:Bs},B=H.stroke,[V,se]=lr(s,i);if(h.fill!=null||V!=0){let O=H.fill=new Path2D(B),Qe=h.fillTo(s,i,h.min,h.max,V),ye=E(Qe);Z(O,j,ye),Z(O,ee,ye)}if(!h.spanGaps){let O=[];O.push(...hr(c,p,o,a,K,$,t)),H.gaps=O=h.gaps(s,i,o,a,O),H.clip=Yi(O,v.ori,S,T,L,F)}return se!=0&&(H.band=se==2?[Ut(s,i,o,a,B,-1),Ut(s,i,o,a,B,1)]:Ut(s,i,o,a,B,se)),H})}function kc(n){return xc(Sc,n)}function Sc(n,e,t,s,i,o){let a=n.length;if(a<2)return null;let h=new Path2D;if(t(h,n[0],e[0]),a==2)s(h,n[1],e[1]);else{let c=Array(a),p=Array(a-1),v=Array(a-1),m=Array(a-1);for(let g=0;g<a-1;g++)v[g]=e[g+1]-e[g],m[g]=n[g+1]-n[g],p[g]=v[g]/m[g];c[0]=p[0];for(let g=1;g<a-1;g++)p[g]===0||p[g-1]===0||p[g-1]>0!=p[g]>0?c[g]=0:(c[g]=3*(m[g-1]+m[g])/((2*m[g]+m[g-1])/p[g-1]+(m[g]+2*m[g-1])/p[g]),isFinite(c[g])||(c[g]=0));c[a-1]=p[a-2];for(let g=0;g<a-1;g++)i(h,n[g]+m[g]/3,e[g]+c[g]*m[g]/3,n[g+1]-m[g]/3,e[g+1]-c[g+1]*m[g]/3,n[g+1],e[g+1])}return h}var qn=new Set;function Bo(){for(let n of qn)n.syncRect(!0)}Gs&&(fs(ih,Ws,Bo),fs(nh,Ws,Bo,!0),fs(Oi,Ws,()=>{Ue.pxRatio=ae}));var Mc=La(),Ac=Ca();function Go(n,e,t,s){return(s?[n[0],n[1]].concat(n.slice(2)):[n[0]].concat(n.slice(1))).map((o,a)=>Jn(o,a,e,t))}function Tc(n,e){return n.map((t,s)=>s==0?{}:Le({},e,t))}function Jn(n,e,t,s){return Le({},e==0?t:s,n)}function Pa(n,e,t){return e==null?Vs:[e,t]}var Cc=Pa;function Ec(n,e,t){return e==null?Vs:Vi(e,t,tr,!0)}function _a(n,e,t,s){return e==null?Vs:Gi(e,t,n.scales[s].log,!1)}var Lc=_a;function Ra(n,e,t,s){return e==null?Vs:er(e,t,n.scales[s].log,!1)}var Pc=Ra;function _c(n,e,t,s,i){let o=Ze(So(n),So(e)),a=e-n,h=Et(i/s*a,t);do{let c=t[h],p=s*c/a;if(p>=i&&o+(c<5?Xt.get(c):0)<=17)return[c,p]}while(++h<t.length);return[0,0]}function jo(n){let e,t;return n=n.replace(/(\d+)px/,(s,i)=>(e=Re((t=+i)*ae))+"px"),[n,e,t]}function Rc(n){n.show&&[n.font,n.labelFont].forEach(e=>{let t=fe(e[2]*ae,1);e[0]=e[0].replace(/[0-9.]+px/,t+"px"),e[1]=t})}function Ue(n,e,t){let s={mode:re(n.mode,1)},i=s.mode;function o(r,l,d,u){let f=l.valToPct(r);return u+d*(l.dir==-1?1-f:f)}function a(r,l,d,u){let f=l.valToPct(r);return u+d*(l.dir==-1?f:1-f)}function h(r,l,d,u){return l.ori==0?o(r,l,d,u):a(r,l,d,u)}s.valToPosH=o,s.valToPosV=a;let c=!1;s.status=0;let p=s.root=wt(Il);if(n.id!=null&&(p.id=n.id),ht(p,n.class),n.title){let r=wt(Vl,p);r.textContent=n.title}let v=Ct("canvas"),m=s.ctx=v.getContext("2d"),g=wt(Ul,p);fs("click",g,r=>{r.target===S&&(ge!=Rs||ke!=Fs)&&Oe.click(s,r)},!0);let x=s.under=wt(Bl,g);g.appendChild(v);let S=s.over=wt(Gl,g);n=Us(n);let T=+re(n.pxAlign,1),L=Vo(T);(n.plugins||[]).forEach(r=>{r.opts&&(n=r.opts(s,n)||n)});let F=n.ms||.001,M=s.series=i==1?Go(n.series||[],$o,Wo,!1):Tc(n.series||[null],Io),$=s.axes=Go(n.axes||[],Do,zo,!0),E=s.scales={},J=s.bands=n.bands||[];J.forEach(r=>{r.fill=te(r.fill||null),r.dir=re(r.dir,-1)});let z=i==2?M[1].facets[0].scale:M[0].scale,Z={axes:ul,series:al},K=(n.drawOrder||["axes","series"]).map(r=>Z[r]);function ee(r){let l=r.distr==3?d=>Vt(d>0?d:r.clamp(s,d,r.min,r.max,r.key)):r.distr==4?d=>zn(d,r.asinh):r.distr==100?d=>r.fwd(d):d=>d;return d=>{let u=l(d),{_min:f,_max:w}=r,k=w-f;return(u-f)/k}}function j(r){let l=E[r];if(l==null){let d=(n.scales||di)[r]||di;if(d.from!=null){j(d.from);let u=Le({},E[d.from],d,{key:r});u.valToPct=ee(u),E[r]=u}else{l=E[r]=Le({},r==z?ya:fc,d),l.key=r;let u=l.time,f=l.range,w=Qt(f);if((r!=z||i==2&&!u)&&(w&&(f[0]==null||f[1]==null)&&(f={min:f[0]==null?yo:{mode:1,hard:f[0],soft:f[0]},max:f[1]==null?yo:{mode:1,hard:f[1],soft:f[1]}},w=!1),!w&&Ki(f))){let k=f;f=(A,C,_)=>C==null?Vs:Vi(C,_,k)}l.range=te(f||(u?Cc:r==z?l.distr==3?Lc:l.distr==4?Pc:Pa:l.distr==3?_a:l.distr==4?Ra:Ec)),l.auto=te(w?!1:l.auto),l.clamp=te(l.clamp||pc),l._min=l._max=null,l.valToPct=ee(l)}}}j("x"),j("y"),i==1&&M.forEach(r=>{j(r.scale)}),$.forEach(r=>{j(r.scale)});for(let r in n.scales)j(r);let P=E[z],q=P.distr,H,B;P.ori==0?(ht(p,Wl),H=o,B=a):(ht(p,Ol),H=a,B=o);let V={};for(let r in E){let l=E[r];(l.min!=null||l.max!=null)&&(V[r]={min:l.min,max:l.max},l.min=l.max=null)}let se=n.tzDate||(r=>new Date(Re(r/F))),O=n.fmtDate||nr,Qe=F==1?Wh(se):Uh(se),ye=_o(se,Po(F==1?Ih:Vh,O)),ie=Fo(se,Ro(Gh,O)),de=[],Q=s.legend=Le({},Yh,n.legend),I=s.cursor=Le({},ec,{drag:{y:i==2}},n.cursor),Pe=Q.show,je=I.show,xe=Q.markers;Q.idxs=de,xe.width=te(xe.width),xe.dash=te(xe.dash),xe.stroke=te(xe.stroke),xe.fill=te(xe.fill);let le,xt,st,Me=[],Pt=[],It,ut=!1,Bt={};if(Q.live){let r=M[1]?M[1].values:null;ut=r!=null,It=ut?r(s,1,0):{_:0};for(let l in It)Bt[l]=Qn}if(Pe)if(le=Ct("table",Zl,p),st=Ct("tbody",null,le),Q.mount(s,le),ut){xt=Ct("thead",null,le,st);let r=Ct("tr",null,xt);Ct("th",null,r);for(var bs in It)Ct("th",oo,r).textContent=bs}else ht(le,Xl),Q.live&&ht(le,Ql);let ws={show:!0},qs={show:!1};function wi(r,l){if(l==0&&(ut||!Q.live||i==2))return Vs;let d=[],u=Ct("tr",eh,st,st.childNodes[l]);ht(u,r.class),r.show||ht(u,ps);let f=Ct("th",null,u);if(xe.show){let A=wt(th,f);if(l>0){let C=xe.width(s,l);C&&(A.style.border=C+"px "+xe.dash(s,l)+" "+xe.stroke(s,l)),A.style.background=xe.fill(s,l)}}let w=wt(oo,f);r.label instanceof HTMLElement?w.appendChild(r.label):w.textContent=r.label,l>0&&(xe.show||(w.style.color=r.width>0?xe.stroke(s,l):xe.fill(s,l)),Ke("click",f,A=>{if(I._lock)return;rs(A);let C=M.indexOf(r);if((A.ctrlKey||A.metaKey)!=Q.isolate){let _=M.some((R,N)=>N>0&&N!=C&&R.show);M.forEach((R,N)=>{N>0&&Ft(N,_?N==C?ws:qs:ws,!0,Ee.setSeries)})}else Ft(C,{show:!r.show},!0,Ee.setSeries)},!1),Ss&&Ke(co,f,A=>{I._lock||(rs(A),Ft(M.indexOf(r),$s,!0,Ee.setSeries))},!1));for(var k in It){let A=Ct("td",sh,u);A.textContent="--",d.push(A)}return[u,d]}let es=new Map;function Ke(r,l,d,u=!0){let f=es.get(l)||{},w=I.bind[r](s,l,d,u);w&&(fs(r,l,f[r]=w),es.set(l,f))}function ys(r,l,d){let u=es.get(l)||{};for(let f in u)(r==null||f==r)&&(Bn(f,l,u[f]),delete u[f]);r==null&&es.delete(l)}let Wt=0,ts=0,Y=0,D=0,me=0,_e=0,xs=me,ss=_e,_t=Y,is=D,it=0,pt=0,Xe=0,kt=0;s.bbox={};let ln=!1,yi=!1,ks=!1,ns=!1,xi=!1,ft=!1;function hn(r,l,d){(d||r!=s.width||l!=s.height)&&br(r,l),Es(!1),ks=!0,yi=!0,Ls()}function br(r,l){s.width=Wt=Y=r,s.height=ts=D=l,me=_e=0,el(),tl();let d=s.bbox;it=d.left=ds(me*ae,.5),pt=d.top=ds(_e*ae,.5),Xe=d.width=ds(Y*ae,.5),kt=d.height=ds(D*ae,.5)}let Za=3;function Qa(){let r=!1,l=0;for(;!r;){l++;let d=cl(l),u=dl(l);r=l==Za||d&&u,r||(br(s.width,s.height),yi=!0)}}function Xa({width:r,height:l}){hn(r,l)}s.setSize=Xa;function el(){let r=!1,l=!1,d=!1,u=!1;$.forEach((f,w)=>{if(f.show&&f._show){let{side:k,_size:A}=f,C=k%2,_=f.label!=null?f.labelSize:0,R=A+_;R>0&&(C?(Y-=R,k==3?(me+=R,u=!0):d=!0):(D-=R,k==0?(_e+=R,r=!0):l=!0))}}),os[0]=r,os[1]=d,os[2]=l,os[3]=u,Y-=Gt[1]+Gt[3],me+=Gt[3],D-=Gt[2]+Gt[0],_e+=Gt[0]}function tl(){let r=me+Y,l=_e+D,d=me,u=_e;function f(w,k){switch(w){case 1:return r+=k,r-k;case 2:return l+=k,l-k;case 3:return d-=k,d+k;case 0:return u-=k,u+k}}$.forEach((w,k)=>{if(w.show&&w._show){let A=w.side;w._pos=f(A,w._size),w.label!=null&&(w._lpos=f(A,w.labelSize))}})}if(I.dataIdx==null){let r=I.hover,l=r.skip=new Set(r.skip??[]);l.add(void 0);let d=r.prox=te(r.prox),u=r.bias??=0;I.dataIdx=(f,w,k,A)=>{if(w==0)return k;let C=k,_=d(f,w,k,A)??pe,R=_>=0&&_<pe,N=P.ori==0?Y:D,G=I.left,oe=e[0],ne=e[w];if(l.has(ne[k])){C=null;let X=null,U=null,W;if(u==0||u==-1)for(W=k;X==null&&W-- >0;)l.has(ne[W])||(X=W);if(u==0||u==1)for(W=k;U==null&&W++<ne.length;)l.has(ne[W])||(U=W);if(X!=null||U!=null)if(R){let be=X==null?-1/0:H(oe[X],P,N,0),Ae=U==null?1/0:H(oe[U],P,N,0),Ie=G-be,ue=Ae-G;Ie<=ue?Ie<=_&&(C=X):ue<=_&&(C=U)}else C=U==null?X:X==null?U:k-X<=U-k?X:U}else R&&Fe(G-H(oe[k],P,N,0))>_&&(C=null);return C}}let rs=r=>{I.event=r};I.idxs=de,I._lock=!1;let Be=I.points;Be.show=te(Be.show),Be.size=te(Be.size),Be.stroke=te(Be.stroke),Be.width=te(Be.width),Be.fill=te(Be.fill);let Rt=s.focus=Le({},n.focus||{alpha:.3},I.focus),Ss=Rt.prox>=0,Ms=Ss&&Be.one,mt=[],As=[],Ts=[];function wr(r,l){let d=Be.show(s,l);if(d instanceof HTMLElement)return ht(d,Jl),ht(d,r.class),zt(d,-10,-10,Y,D),S.insertBefore(d,mt[l]),d}function yr(r,l){if(i==1||l>0){let d=i==1&&E[r.scale].time,u=r.value;r.value=d?To(u)?Fo(se,Ro(u,O)):u||ie:u||cc,r.label=r.label||(d?sc:tc)}if(Ms||l>0){r.width=r.width==null?1:r.width,r.paths=r.paths||Mc||fh,r.fillTo=te(r.fillTo||mc),r.pxAlign=+re(r.pxAlign,T),r.pxRound=Vo(r.pxAlign),r.stroke=te(r.stroke||null),r.fill=te(r.fill||null),r._stroke=r._fill=r._paths=r._focus=null;let d=dc(Ze(1,r.width),1),u=r.points=Le({},{size:d,width:Ze(1,d*.2),stroke:r.stroke,space:d*2,paths:Ac,_stroke:null,_fill:null},r.points);u.show=te(u.show),u.filter=te(u.filter),u.fill=te(u.fill),u.stroke=te(u.stroke),u.paths=te(u.paths),u.pxAlign=r.pxAlign}if(Pe){let d=wi(r,l);Me.splice(l,0,d[0]),Pt.splice(l,0,d[1]),Q.values.push(null)}if(je){de.splice(l,0,null);let d=null;Ms?l==0&&(d=wr(r,l)):l>0&&(d=wr(r,l)),mt.splice(l,0,d),As.splice(l,0,0),Ts.splice(l,0,0)}He("addSeries",l)}function sl(r,l){l=l??M.length,r=i==1?Jn(r,l,$o,Wo):Jn(r,l,{},Io),M.splice(l,0,r),yr(M[l],l)}s.addSeries=sl;function il(r){if(M.splice(r,1),Pe){Q.values.splice(r,1),Pt.splice(r,1);let l=Me.splice(r,1)[0];ys(null,l.firstChild),l.remove()}je&&(de.splice(r,1),mt.splice(r,1)[0].remove(),As.splice(r,1),Ts.splice(r,1)),He("delSeries",r)}s.delSeries=il;let os=[!1,!1,!1,!1];function nl(r,l){if(r._show=r.show,r.show){let d=r.side%2,u=E[r.scale];u==null&&(r.scale=d?M[1].scale:z,u=E[r.scale]);let f=u.time;r.size=te(r.size),r.space=te(r.space),r.rotate=te(r.rotate),Qt(r.incrs)&&r.incrs.forEach(k=>{!Xt.has(k)&&Xt.set(k,ta(k))}),r.incrs=te(r.incrs||(u.distr==2?Nh:f?F==1?Hh:Oh:us)),r.splits=te(r.splits||(f&&u.distr==1?Qe:u.distr==3?jn:u.distr==4?rc:nc)),r.stroke=te(r.stroke),r.grid.stroke=te(r.grid.stroke),r.ticks.stroke=te(r.ticks.stroke),r.border.stroke=te(r.border.stroke);let w=r.values;r.values=Qt(w)&&!Qt(w[0])?te(w):f?Qt(w)?_o(se,Po(w,O)):To(w)?Bh(se,w):w||ye:w||ic,r.filter=te(r.filter||(u.distr>=3&&u.log==10?lc:u.distr==3&&u.log==2?hc:Xo)),r.font=jo(r.font),r.labelFont=jo(r.labelFont),r._size=r.size(s,null,l,0),r._space=r._rotate=r._incrs=r._found=r._splits=r._values=null,r._size>0&&(os[l]=!0,r._el=wt(jl,g))}}function Js(r,l,d,u){let[f,w,k,A]=d,C=l%2,_=0;return C==0&&(A||w)&&(_=l==0&&!f||l==2&&!k?Re(Do.size/3):0),C==1&&(f||k)&&(_=l==1&&!w||l==3&&!A?Re(zo.size/2):0),_}let xr=s.padding=(n.padding||[Js,Js,Js,Js]).map(r=>te(re(r,Js))),Gt=s._padding=xr.map((r,l)=>r(s,l,os,0)),We,De=null,$e=null,ki=i==1?M[0].idxs:null,St=null,Zs=!1;function kr(r,l){if(e=r??[],s.data=s._data=e,i==2){We=0;for(let d=1;d<M.length;d++)We+=e[d][0].length}else{e.length==0&&(s.data=s._data=e=[[]]),St=e[0],We=St.length;let d=e;if(q==2){d=e.slice();let u=d[0]=Array(We);for(let f=0;f<We;f++)u[f]=f}s._data=e=d}if(Es(!0),He("setData"),q==2&&(ks=!0),l!==!1){let d=P;d.auto(s,Zs)?cn():Kt(z,d.min,d.max),ns=ns||I.left>=0,ft=!0,Ls()}}s.setData=kr;function cn(){Zs=!0;let r,l;i==1&&(We>0?(De=ki[0]=0,$e=ki[1]=We-1,r=e[0][De],l=e[0][$e],q==2?(r=De,l=$e):r==l&&(q==3?[r,l]=Gi(r,r,P.log,!1):q==4?[r,l]=er(r,r,P.log,!1):P.time?l=r+Re(86400/F):[r,l]=Vi(r,l,tr,!0))):(De=ki[0]=r=null,$e=ki[1]=l=null)),Kt(z,r,l)}let Si,Cs,dn,un,pn,fn,mn,gn,vn,et;function Sr(r,l,d,u,f,w){r??=lo,d??=ir,u??="butt",f??=lo,w??="round",r!=Si&&(m.strokeStyle=Si=r),f!=Cs&&(m.fillStyle=Cs=f),l!=dn&&(m.lineWidth=dn=l),w!=pn&&(m.lineJoin=pn=w),u!=fn&&(m.lineCap=fn=u),d!=un&&m.setLineDash(un=d)}function Mr(r,l,d,u){l!=Cs&&(m.fillStyle=Cs=l),r!=mn&&(m.font=mn=r),d!=gn&&(m.textAlign=gn=d),u!=vn&&(m.textBaseline=vn=u)}function bn(r,l,d,u,f=0){if(u.length>0&&r.auto(s,Zs)&&(l==null||l.min==null)){let w=re(De,0),k=re($e,u.length-1),A=d.min==null?lh(u,w,k,f,r.distr==3):[d.min,d.max];r.min=Lt(r.min,d.min=A[0]),r.max=Ze(r.max,d.max=A[1])}}let Ar={min:null,max:null};function rl(){for(let u in E){let f=E[u];V[u]==null&&(f.min==null||V[z]!=null&&f.auto(s,Zs))&&(V[u]=Ar)}for(let u in E){let f=E[u];V[u]==null&&f.from!=null&&V[f.from]!=null&&(V[u]=Ar)}V[z]!=null&&Es(!0);let r={};for(let u in V){let f=V[u];if(f!=null){let w=r[u]=Us(E[u],vh);if(f.min!=null)Le(w,f);else if(u!=z||i==2)if(We==0&&w.from==null){let k=w.range(s,null,null,u);w.min=k[0],w.max=k[1]}else w.min=pe,w.max=-pe}}if(We>0){M.forEach((u,f)=>{if(i==1){let w=u.scale,k=V[w];if(k==null)return;let A=r[w];if(f==0){let C=A.range(s,A.min,A.max,w);A.min=C[0],A.max=C[1],De=Et(A.min,e[0]),$e=Et(A.max,e[0]),$e-De>1&&(e[0][De]<A.min&&De++,e[0][$e]>A.max&&$e--),u.min=St[De],u.max=St[$e]}else u.show&&u.auto&&bn(A,k,u,e[f],u.sorted);u.idxs[0]=De,u.idxs[1]=$e}else if(f>0&&u.show&&u.auto){let[w,k]=u.facets,A=w.scale,C=k.scale,[_,R]=e[f],N=r[A],G=r[C];N!=null&&bn(N,V[A],w,_,w.sorted),G!=null&&bn(G,V[C],k,R,k.sorted),u.min=k.min,u.max=k.max}});for(let u in r){let f=r[u],w=V[u];if(f.from==null&&(w==null||w.min==null)){let k=f.range(s,f.min==pe?null:f.min,f.max==-pe?null:f.max,u);f.min=k[0],f.max=k[1]}}}for(let u in r){let f=r[u];if(f.from!=null){let w=r[f.from];if(w.min==null)f.min=f.max=null;else{let k=f.range(s,w.min,w.max,u);f.min=k[0],f.max=k[1]}}}let l={},d=!1;for(let u in r){let f=r[u],w=E[u];if(w.min!=f.min||w.max!=f.max){w.min=f.min,w.max=f.max;let k=w.distr;w._min=k==3?Vt(w.min):k==4?zn(w.min,w.asinh):k==100?w.fwd(w.min):w.min,w._max=k==3?Vt(w.max):k==4?zn(w.max,w.asinh):k==100?w.fwd(w.max):w.max,l[u]=d=!0}}if(d){M.forEach((u,f)=>{i==2?f>0&&l.y&&(u._paths=null):l[u.scale]&&(u._paths=null)});for(let u in l)ks=!0,He("setScale",u);je&&I.left>=0&&(ns=ft=!0)}for(let u in V)V[u]=null}function ol(r){let l=Gn(De-1,0,We-1),d=Gn($e+1,0,We-1);for(;r[l]==null&&l>0;)l--;for(;r[d]==null&&d<We-1;)d++;return[l,d]}function al(){if(We>0){let r=M.some(l=>l._focus)&&et!=Rt.alpha;r&&(m.globalAlpha=et=Rt.alpha),M.forEach((l,d)=>{if(d>0&&l.show&&(Tr(d,!1),Tr(d,!0),l._paths==null)){let u=et;et!=l.alpha&&(m.globalAlpha=et=l.alpha);let f=i==2?[0,e[d][0].length-1]:ol(e[d]);l._paths=l.paths(s,d,f[0],f[1]),et!=u&&(m.globalAlpha=et=u)}}),M.forEach((l,d)=>{if(d>0&&l.show){let u=et;et!=l.alpha&&(m.globalAlpha=et=l.alpha),l._paths!=null&&Cr(d,!1);{let f=l._paths!=null?l._paths.gaps:null,w=l.points.show(s,d,De,$e,f),k=l.points.filter(s,d,w,f);(w||k)&&(l.points._paths=l.points.paths(s,d,De,$e,k),Cr(d,!0))}et!=u&&(m.globalAlpha=et=u),He("drawSeries",d)}}),r&&(m.globalAlpha=et=1)}}function Tr(r,l){let d=l?M[r].points:M[r];d._stroke=d.stroke(s,r),d._fill=d.fill(s,r)}function Cr(r,l){let d=l?M[r].points:M[r],{stroke:u,fill:f,clip:w,flags:k,_stroke:A=d._stroke,_fill:C=d._fill,_width:_=d.width}=d._paths;_=fe(_*ae,3);let R=null,N=_%2/2;l&&C==null&&(C=_>0?"#fff":A);let G=d.pxAlign==1&&N>0;if(G&&m.translate(N,N),!l){let oe=it-_/2,ne=pt-_/2,X=Xe+_,U=kt+_;R=new Path2D,R.rect(oe,ne,X,U)}l?wn(A,_,d.dash,d.cap,C,u,f,k,w):ll(r,A,_,d.dash,d.cap,C,u,f,k,R,w),G&&m.translate(-N,-N)}function ll(r,l,d,u,f,w,k,A,C,_,R){let N=!1;C!=0&&J.forEach((G,oe)=>{if(G.series[0]==r){let ne=M[G.series[1]],X=e[G.series[1]],U=(ne._paths||di).band;Qt(U)&&(U=G.dir==1?U[0]:U[1]);let W,be=null;ne.show&&U&&ch(X,De,$e)?(be=G.fill(s,oe)||w,W=ne._paths.clip):U=null,wn(l,d,u,f,be,k,A,C,_,R,W,U),N=!0}}),N||wn(l,d,u,f,w,k,A,C,_,R)}let Er=Bs|Yn;function wn(r,l,d,u,f,w,k,A,C,_,R,N){Sr(r,l,d,u,f),(C||_||N)&&(m.save(),C&&m.clip(C),_&&m.clip(_)),N?(A&Er)==Er?(m.clip(N),R&&m.clip(R),Ai(f,k),Mi(r,w,l)):A&Yn?(Ai(f,k),m.clip(N),Mi(r,w,l)):A&Bs&&(m.save(),m.clip(N),R&&m.clip(R),Ai(f,k),m.restore(),Mi(r,w,l)):(Ai(f,k),Mi(r,w,l)),(C||_||N)&&m.restore()}function Mi(r,l,d){d>0&&(l instanceof Map?l.forEach((u,f)=>{m.strokeStyle=Si=f,m.stroke(u)}):l!=null&&r&&m.stroke(l))}function Ai(r,l){l instanceof Map?l.forEach((d,u)=>{m.fillStyle=Cs=u,m.fill(d)}):l!=null&&r&&m.fill(l)}function hl(r,l,d,u){let f=$[r],w;if(u<=0)w=[0,0];else{let k=f._space=f.space(s,r,l,d,u),A=f._incrs=f.incrs(s,r,l,d,u,k);w=_c(l,d,A,u,k)}return f._found=w}function yn(r,l,d,u,f,w,k,A,C,_){let R=k%2/2;T==1&&m.translate(R,R),Sr(A,k,C,_,A),m.beginPath();let N,G,oe,ne,X=f+(u==0||u==3?-w:w);d==0?(G=f,ne=X):(N=f,oe=X);for(let U=0;U<r.length;U++)l[U]!=null&&(d==0?N=oe=r[U]:G=ne=r[U],m.moveTo(N,G),m.lineTo(oe,ne));m.stroke(),T==1&&m.translate(-R,-R)}function cl(r){let l=!0;return $.forEach((d,u)=>{if(!d.show)return;let f=E[d.scale];if(f.min==null){d._show&&(l=!1,d._show=!1,Es(!1));return}else d._show||(l=!1,d._show=!0,Es(!1));let w=d.side,k=w%2,{min:A,max:C}=f,[_,R]=hl(u,A,C,k==0?Y:D);if(R==0)return;let N=f.distr==2,G=d._splits=d.splits(s,u,A,C,_,R,N),oe=f.distr==2?G.map(W=>St[W]):G,ne=f.distr==2?St[G[1]]-St[G[0]]:_,X=d._values=d.values(s,d.filter(s,oe,u,R,ne),u,R,ne);d._rotate=w==2?d.rotate(s,X,u,R):0;let U=d._size;d._size=yt(d.size(s,X,u,r)),U!=null&&d._size!=U&&(l=!1)}),l}function dl(r){let l=!0;return xr.forEach((d,u)=>{let f=d(s,u,os,r);f!=Gt[u]&&(l=!1),Gt[u]=f}),l}function ul(){for(let r=0;r<$.length;r++){let l=$[r];if(!l.show||!l._show)continue;let d=l.side,u=d%2,f,w,k=l.stroke(s,r),A=d==0||d==3?-1:1,[C,_]=l._found;if(l.label!=null){let qe=l.labelGap*A,ot=Re((l._lpos+qe)*ae);Mr(l.labelFont[0],k,"center",d==2?"top":ao),m.save(),u==1?(f=w=0,m.translate(ot,Re(pt+kt/2)),m.rotate((d==3?-Wi:Wi)/2)):(f=Re(it+Xe/2),w=ot);let hs=Zo(l.label)?l.label(s,r,C,_):l.label;m.fillText(hs,f,w),m.restore()}if(_==0)continue;let R=E[l.scale],N=u==0?Xe:kt,G=u==0?it:pt,oe=l._splits,ne=R.distr==2?oe.map(qe=>St[qe]):oe,X=R.distr==2?St[oe[1]]-St[oe[0]]:C,U=l.ticks,W=l.border,be=U.show?U.size:0,Ae=Re(be*ae),Ie=Re((l.alignTo==2?l._size-be-l.gap:l.gap)*ae),ue=l._rotate*-Wi/180,Te=L(l._pos*ae),nt=(Ae+Ie)*A,Ye=Te+nt;w=u==0?Ye:0,f=u==1?Ye:0;let gt=l.font[0],Mt=l.align==1?Hs:l.align==2?Dn:ue>0?Hs:ue<0?Dn:u==0?"center":d==3?Dn:Hs,$t=ue||u==1?"middle":d==2?"top":ao;Mr(gt,k,Mt,$t);let rt=l.font[1]*l.lineGap,vt=oe.map(qe=>L(h(qe,R,N,G))),At=l._values;for(let qe=0;qe<At.length;qe++){let ot=At[qe];if(ot!=null){u==0?f=vt[qe]:w=vt[qe],ot=""+ot;let hs=ot.indexOf(`
`)==-1?[ot]:ot.split(/\n/gm);for(let Je=0;Je<hs.length;Je++){let Kr=hs[Je];ue?(m.save(),m.translate(f,w+Je*rt),m.rotate(ue),m.fillText(Kr,0,0),m.restore()):m.fillText(Kr,f,w+Je*rt)}}}U.show&&yn(vt,U.filter(s,ne,r,_,X),u,d,Te,Ae,fe(U.width*ae,3),U.stroke(s,r),U.dash,U.cap);let Nt=l.grid;Nt.show&&yn(vt,Nt.filter(s,ne,r,_,X),u,u==0?2:1,u==0?pt:it,u==0?kt:Xe,fe(Nt.width*ae,3),Nt.stroke(s,r),Nt.dash,Nt.cap),W.show&&yn([Te],[1],u==0?1:0,u==0?1:2,u==1?pt:it,u==1?kt:Xe,fe(W.width*ae,3),W.stroke(s,r),W.dash,W.cap)}He("drawAxes")}function Es(r){M.forEach((l,d)=>{d>0&&(l._paths=null,r&&(i==1?(l.min=null,l.max=null):l.facets.forEach(u=>{u.min=null,u.max=null})))})}let Ti=!1,xn=!1,Qs=[];function pl(){xn=!1;for(let r=0;r<Qs.length;r++)He(...Qs[r]);Qs.length=0}function Ls(){Ti||(Mh(Lr),Ti=!0)}function fl(r,l=!1){Ti=!0,xn=l,r(s),Lr(),l&&Qs.length>0&&queueMicrotask(pl)}s.batch=fl;function Lr(){if(ln&&(rl(),ln=!1),ks&&(Qa(),ks=!1),yi){if(we(x,Hs,me),we(x,"top",_e),we(x,ai,Y),we(x,li,D),we(S,Hs,me),we(S,"top",_e),we(S,ai,Y),we(S,li,D),we(g,ai,Wt),we(g,li,ts),v.width=Re(Wt*ae),v.height=Re(ts*ae),$.forEach(({_el:r,_show:l,_size:d,_pos:u,side:f})=>{if(r!=null)if(l){let w=f===3||f===0?d:0,k=f%2==1;we(r,k?"left":"top",u-w),we(r,k?"width":"height",d),we(r,k?"top":"left",k?_e:me),we(r,k?"height":"width",k?D:Y),Un(r,ps)}else ht(r,ps)}),Si=Cs=dn=pn=fn=mn=gn=vn=un=null,et=1,ti(!0),me!=xs||_e!=ss||Y!=_t||D!=is){Es(!1);let r=Y/_t,l=D/is;if(je&&!ns&&I.left>=0){I.left*=r,I.top*=l,Ps&&zt(Ps,Re(I.left),0,Y,D),_s&&zt(_s,0,Re(I.top),Y,D);for(let d=0;d<mt.length;d++){let u=mt[d];u!=null&&(As[d]*=r,Ts[d]*=l,zt(u,yt(As[d]),yt(Ts[d]),Y,D))}}if(ve.show&&!xi&&ve.left>=0&&ve.width>0){ve.left*=r,ve.width*=r,ve.top*=l,ve.height*=l;for(let d in Cn)we(Ds,d,ve[d])}xs=me,ss=_e,_t=Y,is=D}He("setSize"),yi=!1}Wt>0&&ts>0&&(m.clearRect(0,0,v.width,v.height),He("drawClear"),K.forEach(r=>r()),He("draw")),ve.show&&xi&&(Ci(ve),xi=!1),je&&ns&&(ls(null,!0,!1),ns=!1),Q.show&&Q.live&&ft&&(An(),ft=!1),c||(c=!0,s.status=1,He("ready")),Zs=!1,Ti=!1}s.redraw=(r,l)=>{ks=l||!1,r!==!1?Kt(z,P.min,P.max):Ls()};function kn(r,l){let d=E[r];if(d.from==null){if(We==0){let u=d.range(s,l.min,l.max,r);l.min=u[0],l.max=u[1]}if(l.min>l.max){let u=l.min;l.min=l.max,l.max=u}if(We>1&&l.min!=null&&l.max!=null&&l.max-l.min<1e-16)return;r==z&&d.distr==2&&We>0&&(l.min=Et(l.min,e[0]),l.max=Et(l.max,e[0]),l.min==l.max&&l.max++),V[r]=l,ln=!0,Ls()}}s.setScale=kn;let Sn,Mn,Ps,_s,Pr,_r,Rs,Fs,Rr,Fr,ge,ke,jt=!1,Oe=I.drag,Ne=Oe.x,ze=Oe.y;je&&(I.x&&(Sn=wt(Yl,S)),I.y&&(Mn=wt(ql,S)),P.ori==0?(Ps=Sn,_s=Mn):(Ps=Mn,_s=Sn),ge=I.left,ke=I.top);let ve=s.select=Le({show:!0,over:!0,left:0,width:0,top:0,height:0},n.select),Ds=ve.show?wt(Kl,ve.over?S:x):null;function Ci(r,l){if(ve.show){for(let d in r)ve[d]=r[d],d in Cn&&we(Ds,d,r[d]);l!==!1&&He("setSelect")}}s.setSelect=Ci;function ml(r){if(M[r].show)Pe&&Un(Me[r],ps);else if(Pe&&ht(Me[r],ps),je){let d=Ms?mt[0]:mt[r];d!=null&&zt(d,-10,-10,Y,D)}}function Kt(r,l,d){kn(r,{min:l,max:d})}function Ft(r,l,d,u){l.focus!=null&&yl(r),l.show!=null&&M.forEach((f,w)=>{w>0&&(r==w||r==null)&&(f.show=l.show,ml(w),i==2?(Kt(f.facets[0].scale,null,null),Kt(f.facets[1].scale,null,null)):Kt(f.scale,null,null),Ls())}),d!==!1&&He("setSeries",r,l),u&&si("setSeries",s,r,l)}s.setSeries=Ft;function gl(r,l){Le(J[r],l)}function vl(r,l){r.fill=te(r.fill||null),r.dir=re(r.dir,-1),l=l??J.length,J.splice(l,0,r)}function bl(r){r==null?J.length=0:J.splice(r,1)}s.addBand=vl,s.setBand=gl,s.delBand=bl;function wl(r,l){M[r].alpha=l,je&&mt[r]!=null&&(mt[r].style.opacity=l),Pe&&Me[r]&&(Me[r].style.opacity=l)}let Ot,Yt,as,$s={focus:!0};function yl(r){if(r!=as){let l=r==null,d=Rt.alpha!=1;M.forEach((u,f)=>{if(i==1||f>0){let w=l||f==0||f==r;u._focus=l?null:w,d&&wl(f,w?1:Rt.alpha)}}),as=r,d&&Ls()}}Pe&&Ss&&Ke(uo,le,r=>{I._lock||(rs(r),as!=null&&Ft(null,$s,!0,Ee.setSeries))});function Dt(r,l,d){let u=E[l];d&&(r=r/ae-(u.ori==1?_e:me));let f=Y;u.ori==1&&(f=D,r=f-r),u.dir==-1&&(r=f-r);let w=u._min,k=u._max,A=r/f,C=w+(k-w)*A,_=u.distr;return _==3?Os(10,C):_==4?uh(C,u.asinh):_==100?u.bwd(C):C}function xl(r,l){let d=Dt(r,z,l);return Et(d,e[0],De,$e)}s.valToIdx=r=>Et(r,e[0]),s.posToIdx=xl,s.posToVal=Dt,s.valToPos=(r,l,d)=>E[l].ori==0?o(r,E[l],d?Xe:Y,d?it:0):a(r,E[l],d?kt:D,d?pt:0),s.setCursor=(r,l,d)=>{ge=r.left,ke=r.top,ls(null,l,d)};function Dr(r,l){we(Ds,Hs,ve.left=r),we(Ds,ai,ve.width=l)}function $r(r,l){we(Ds,"top",ve.top=r),we(Ds,li,ve.height=l)}let Xs=P.ori==0?Dr:$r,ei=P.ori==1?Dr:$r;function kl(){if(Pe&&Q.live)for(let r=i==2?1:0;r<M.length;r++){if(r==0&&ut)continue;let l=Q.values[r],d=0;for(let u in l)Pt[r][d++].firstChild.nodeValue=l[u]}}function An(r,l){if(r!=null&&(r.idxs?r.idxs.forEach((d,u)=>{de[u]=d}):gh(r.idx)||de.fill(r.idx),Q.idx=de[0]),Pe&&Q.live){for(let d=0;d<M.length;d++)(d>0||i==1&&!ut)&&Sl(d,de[d]);kl()}ft=!1,l!==!1&&He("setLegend")}s.setLegend=An;function Sl(r,l){let d=M[r],u=r==0&&q==2?St:e[r],f;ut?f=d.values(s,r,l)??Bt:(f=d.value(s,l==null?null:u[l],r,l),f=f==null?Bt:{_:f}),Q.values[r]=f}function ls(r,l,d){Rr=ge,Fr=ke,[ge,ke]=I.move(s,ge,ke),I.left=ge,I.top=ke,je&&(Ps&&zt(Ps,Re(ge),0,Y,D),_s&&zt(_s,0,Re(ke),Y,D));let u,f=De>$e;Ot=pe,Yt=null;let w=P.ori==0?Y:D,k=P.ori==1?Y:D;if(ge<0||We==0||f){u=I.idx=null;for(let A=0;A<M.length;A++){let C=mt[A];C!=null&&zt(C,-10,-10,Y,D)}Ss&&Ft(null,$s,!0,r==null&&Ee.setSeries),Q.live&&(de.fill(u),ft=!0)}else{let A,C,_;i==1&&(A=P.ori==0?ge:ke,C=Dt(A,z),u=I.idx=Et(C,e[0],De,$e),_=H(e[0][u],P,w,0));let R=-10,N=-10,G=0,oe=0,ne=!0,X="",U="";for(let W=i==2?1:0;W<M.length;W++){let be=M[W],Ae=de[W],Ie=Ae==null?null:i==1?e[W][Ae]:e[W][1][Ae],ue=I.dataIdx(s,W,u,C),Te=ue==null?null:i==1?e[W][ue]:e[W][1][ue];if(ft=ft||Te!=Ie||ue!=Ae,de[W]=ue,W>0&&be.show){let nt=ue==null?-10:ue==u?_:H(i==1?e[0][ue]:e[W][0][ue],P,w,0),Ye=Te==null?-10:B(Te,i==1?E[be.scale]:E[be.facets[1].scale],k,0);if(Ss&&Te!=null){let gt=P.ori==1?ge:ke,Mt=Fe(Rt.dist(s,W,ue,Ye,gt));if(Mt<Ot){let $t=Rt.bias;if($t!=0){let rt=Dt(gt,be.scale),vt=Te>=0?1:-1,At=rt>=0?1:-1;At==vt&&(At==1?$t==1?Te>=rt:Te<=rt:$t==1?Te<=rt:Te>=rt)&&(Ot=Mt,Yt=W)}else Ot=Mt,Yt=W}}if(ft||Ms){let gt,Mt;P.ori==0?(gt=nt,Mt=Ye):(gt=Ye,Mt=nt);let $t,rt,vt,At,Nt,qe,ot=!0,hs=Be.bbox;if(hs!=null){ot=!1;let Je=hs(s,W);vt=Je.left,At=Je.top,$t=Je.width,rt=Je.height}else vt=gt,At=Mt,$t=rt=Be.size(s,W);if(qe=Be.fill(s,W),Nt=Be.stroke(s,W),Ms)W==Yt&&Ot<=Rt.prox&&(R=vt,N=At,G=$t,oe=rt,ne=ot,X=qe,U=Nt);else{let Je=mt[W];Je!=null&&(As[W]=vt,Ts[W]=At,wo(Je,$t,rt,ot),vo(Je,qe,Nt),zt(Je,yt(vt),yt(At),Y,D))}}}}if(Ms){let W=Rt.prox,be=as==null?Ot<=W:Ot>W||Yt!=as;if(ft||be){let Ae=mt[0];Ae!=null&&(As[0]=R,Ts[0]=N,wo(Ae,G,oe,ne),vo(Ae,X,U),zt(Ae,yt(R),yt(N),Y,D))}}}if(ve.show&&jt)if(r!=null){let[A,C]=Ee.scales,[_,R]=Ee.match,[N,G]=r.cursor.sync.scales,oe=r.cursor.drag;if(Ne=oe._x,ze=oe._y,Ne||ze){let{left:ne,top:X,width:U,height:W}=r.select,be=r.scales[N].ori,Ae=r.posToVal,Ie,ue,Te,nt,Ye,gt=A!=null&&_(A,N),Mt=C!=null&&R(C,G);gt&&Ne?(be==0?(Ie=ne,ue=U):(Ie=X,ue=W),Te=E[A],nt=H(Ae(Ie,N),Te,w,0),Ye=H(Ae(Ie+ue,N),Te,w,0),Xs(Lt(nt,Ye),Fe(Ye-nt))):Xs(0,w),Mt&&ze?(be==1?(Ie=ne,ue=U):(Ie=X,ue=W),Te=E[C],nt=B(Ae(Ie,G),Te,k,0),Ye=B(Ae(Ie+ue,G),Te,k,0),ei(Lt(nt,Ye),Fe(Ye-nt))):ei(0,k)}else En()}else{let A=Fe(Rr-Pr),C=Fe(Fr-_r);if(P.ori==1){let G=A;A=C,C=G}Ne=Oe.x&&A>=Oe.dist,ze=Oe.y&&C>=Oe.dist;let _=Oe.uni;_!=null?Ne&&ze&&(Ne=A>=_,ze=C>=_,!Ne&&!ze&&(C>A?ze=!0:Ne=!0)):Oe.x&&Oe.y&&(Ne||ze)&&(Ne=ze=!0);let R,N;Ne&&(P.ori==0?(R=Rs,N=ge):(R=Fs,N=ke),Xs(Lt(R,N),Fe(N-R)),ze||ei(0,k)),ze&&(P.ori==1?(R=Rs,N=ge):(R=Fs,N=ke),ei(Lt(R,N),Fe(N-R)),Ne||Xs(0,w)),!Ne&&!ze&&(Xs(0,0),ei(0,0))}if(Oe._x=Ne,Oe._y=ze,r==null){if(d){if(jr!=null){let[A,C]=Ee.scales;Ee.values[0]=A!=null?Dt(P.ori==0?ge:ke,A):null,Ee.values[1]=C!=null?Dt(P.ori==1?ge:ke,C):null}si($n,s,ge,ke,Y,D,u)}if(Ss){let A=d&&Ee.setSeries,C=Rt.prox;as==null?Ot<=C&&Ft(Yt,$s,!0,A):Ot>C?Ft(null,$s,!0,A):Yt!=as&&Ft(Yt,$s,!0,A)}}ft&&(Q.idx=u,An()),l!==!1&&He("setCursor")}let qt=null;Object.defineProperty(s,"rect",{get(){return qt==null&&ti(!1),qt}});function ti(r=!1){r?qt=null:(qt=S.getBoundingClientRect(),He("syncRect",qt))}function Nr(r,l,d,u,f,w,k){I._lock||jt&&r!=null&&r.movementX==0&&r.movementY==0||(Tn(r,l,d,u,f,w,k,!1,r!=null),r!=null?ls(null,!0,!0):ls(l,!0,!1))}function Tn(r,l,d,u,f,w,k,A,C){if(qt==null&&ti(!1),rs(r),r!=null)d=r.clientX-qt.left,u=r.clientY-qt.top;else{if(d<0||u<0){ge=-10,ke=-10;return}let[_,R]=Ee.scales,N=l.cursor.sync,[G,oe]=N.values,[ne,X]=N.scales,[U,W]=Ee.match,be=l.axes[0].side%2==1,Ae=P.ori==0?Y:D,Ie=P.ori==1?Y:D,ue=be?w:f,Te=be?f:w,nt=be?u:d,Ye=be?d:u;if(ne!=null?d=U(_,ne)?h(G,E[_],Ae,0):-10:d=Ae*(nt/ue),X!=null?u=W(R,X)?h(oe,E[R],Ie,0):-10:u=Ie*(Ye/Te),P.ori==1){let gt=d;d=u,u=gt}}C&&(l==null||l.cursor.event.type==$n)&&((d<=1||d>=Y-1)&&(d=ds(d,Y)),(u<=1||u>=D-1)&&(u=ds(u,D))),A?(Pr=d,_r=u,[Rs,Fs]=I.move(s,d,u)):(ge=d,ke=u)}let Cn={width:0,height:0,left:0,top:0};function En(){Ci(Cn,!1)}let zr,Hr,Ir,Wr;function Or(r,l,d,u,f,w,k){jt=!0,Ne=ze=Oe._x=Oe._y=!1,Tn(r,l,d,u,f,w,k,!0,!1),r!=null&&(Ke(Nn,On,Vr,!1),si(ho,s,Rs,Fs,Y,D,null));let{left:A,top:C,width:_,height:R}=ve;zr=A,Hr=C,Ir=_,Wr=R}function Vr(r,l,d,u,f,w,k){jt=Oe._x=Oe._y=!1,Tn(r,l,d,u,f,w,k,!1,!0);let{left:A,top:C,width:_,height:R}=ve,N=_>0||R>0,G=zr!=A||Hr!=C||Ir!=_||Wr!=R;if(N&&G&&Ci(ve),Oe.setScale&&N&&G){let oe=A,ne=_,X=C,U=R;if(P.ori==1&&(oe=C,ne=R,X=A,U=_),Ne&&Kt(z,Dt(oe,z),Dt(oe+ne,z)),ze)for(let W in E){let be=E[W];W!=z&&be.from==null&&be.min!=pe&&Kt(W,Dt(X+U,W),Dt(X,W))}En()}else I.lock&&(I._lock=!I._lock,ls(l,!0,r!=null));r!=null&&(ys(Nn,On),si(Nn,s,ge,ke,Y,D,null))}function Ml(r,l,d,u,f,w,k){if(I._lock)return;rs(r);let A=jt;if(jt){let C=!0,_=!0,R=10,N,G;P.ori==0?(N=Ne,G=ze):(N=ze,G=Ne),N&&G&&(C=ge<=R||ge>=Y-R,_=ke<=R||ke>=D-R),N&&C&&(ge=ge<Rs?0:Y),G&&_&&(ke=ke<Fs?0:D),ls(null,!0,!0),jt=!1}ge=-10,ke=-10,de.fill(null),ls(null,!0,!0),A&&(jt=A)}function Ur(r,l,d,u,f,w,k){I._lock||(rs(r),cn(),En(),r!=null&&si(po,s,ge,ke,Y,D,null))}function Br(){$.forEach(Rc),hn(s.width,s.height,!0)}fs(Oi,Ws,Br);let Ns={};Ns.mousedown=Or,Ns.mousemove=Nr,Ns.mouseup=Vr,Ns.dblclick=Ur,Ns.setSeries=(r,l,d,u)=>{let f=Ee.match[2];d=f(s,l,d),d!=-1&&Ft(d,u,!0,!1)},je&&(Ke(ho,S,Or),Ke($n,S,Nr),Ke(co,S,r=>{rs(r),ti(!1)}),Ke(uo,S,Ml),Ke(po,S,Ur),qn.add(s),s.syncRect=ti);let Ei=s.hooks=n.hooks||{};function He(r,l,d){xn?Qs.push([r,l,d]):r in Ei&&Ei[r].forEach(u=>{u.call(null,s,l,d)})}(n.plugins||[]).forEach(r=>{for(let l in r.hooks)Ei[l]=(Ei[l]||[]).concat(r.hooks[l])});let Gr=(r,l,d)=>d,Ee=Le({key:null,setSeries:!1,filters:{pub:Mo,sub:Mo},scales:[z,M[1]?M[1].scale:null],match:[Ao,Ao,Gr],values:[null,null]},I.sync);Ee.match.length==2&&Ee.match.push(Gr),I.sync=Ee;let jr=Ee.key,Ln=xa(jr);function si(r,l,d,u,f,w,k){Ee.filters.pub(r,l,d,u,f,w,k)&&Ln.pub(r,l,d,u,f,w,k)}Ln.sub(s);function Al(r,l,d,u,f,w,k){Ee.filters.sub(r,l,d,u,f,w,k)&&Ns[r](null,l,d,u,f,w,k)}s.pub=Al;function Tl(){Ln.unsub(s),qn.delete(s),es.clear(),Bn(Oi,Ws,Br),p.remove(),le?.remove(),He("destroy")}s.destroy=Tl;function Pn(){He("init",n,e),kr(e||n.data,!1),V[z]?kn(z,V[z]):cn(),xi=ve.show&&(ve.width>0||ve.height>0),ns=ft=!0,hn(n.width,n.height)}return M.forEach(yr),$.forEach(nl),t?t instanceof HTMLElement?(t.appendChild(p),Pn()):t(s,Pn):Pn(),s}Ue.assign=Le;Ue.fmtNum=sr;Ue.rangeNum=Vi;Ue.rangeLog=Gi;Ue.rangeAsinh=er;Ue.orient=gs;Ue.pxRatio=ae;Ue.join=Sh;Ue.fmtDate=nr,Ue.tzDate=Dh;Ue.sync=xa;{Ue.addGap=gc,Ue.clipGaps=Yi;let n=Ue.paths={points:Ca};n.linear=La,n.stepped=wc,n.bars=yc,n.spline=kc}var pi=3,Fa=18,fi=class extends HTMLElement{onmove=()=>{};onlet=()=>{};plot=null;shown=null;window=120;held=null;chosen=null;levels=0;host=b("div",{class:"plot"});reading=b("output",{class:"reading"});draw=Ce(()=>this.paint());sized=new ResizeObserver(()=>{this.plot?.setSize({width:this.host.clientWidth,height:this.high})});connectedCallback(){this.host.isConnected||(this.host.tabIndex=0,this.host.setAttribute("role","img"),this.append(this.host,this.reading),this.host.addEventListener("keydown",e=>this.key(e))),this.sized.observe(this.host),Se.addEventListener("change",this.again)}disconnectedCallback(){this.sized.disconnect(),Se.removeEventListener("change",this.again)}get high(){return this.host.clientWidth<500?260:340}show(e){this.shown=e,this.draw()}view(e){this.window=e,this.draw()}again=()=>{this.plot?.destroy(),this.plot=null,this.draw()};data(e){let t=e.points.length,s=t+(e.ahead[0]?.length??0),i=this.window?Math.max(0,t-this.window):0,o=[];for(let c=i;c<s;c++)o.push(c);let a=c=>o.map(p=>p<t?c[p]??null:null),h=c=>o.map(p=>p>=t?c[p-t]??null:p===t-1?e.points[p]??null:null);return[o,a(e.points),a(e.expected),h(e.before??[]),...e.ahead.map(h)]}paint(){let{shown:e}=this;if(!e||!this.host.clientWidth)return;this.levels!==e.levels.length&&(this.plot?.destroy(),this.plot=null,this.levels=e.levels.length);let t=this.data(e);this.plot?this.plot.setData(t):this.make(e,t);let s=e.surprise.filter(i=>i!==null&&Math.abs(i)>=pi).length;this.host.setAttribute("aria-label",`A series of ${e.points.length} points and a forecast of ${e.ahead[0]?.length??0} steps; ${s} points surprised. Left and right choose a point, up and down move it.`),this.read()}make(e,t){let[s,i,o]=Jt("accent"),a=e.levels.indexOf(.5),h=Math.floor(e.levels.length/2),c=`rgba(${s},${i},${o},0)`,p=(m,g,x)=>({stroke:m,width:g,points:{show:!1},...x?{dash:x}:{}});this.plot=new Ue({width:this.host.clientWidth,height:this.high,legend:{show:!1},cursor:{y:!1,points:{show:!1},drag:{setScale:!1,x:!1,y:!1}},scales:{x:{time:!1}},axes:[{stroke:ce("soft"),grid:{show:!1},ticks:{show:!1},space:110,size:30,font:"12px system-ui, sans-serif",values:(m,g)=>g.map(x=>Number.isInteger(x)?Fc(this.shown?.times[x]??""):"")},{stroke:ce("soft"),grid:{stroke:ce("line"),width:1},ticks:{show:!1},size:52,font:"12px system-ui, sans-serif",values:(m,g)=>g.map(at)}],series:[{},{...p(ce("ink"),1.5),points:{show:!0,size:5,space:7,fill:ce("panel")}},p(ce("soft"),1,[2,3]),p(ce("warm"),1.5,[5,4]),...e.levels.map((m,g)=>p(g===a?ce("accent"):c,g===a?2:0))],bands:Array.from({length:h},(m,g)=>({series:[4+e.levels.length-1-g,4+g],fill:`rgba(${s},${i},${o},${.14+.1*g})`})),hooks:{draw:[m=>this.marks(m)],setCursor:[()=>this.read()]}},t,this.host);let v=this.plot.over;v.addEventListener("pointerdown",m=>this.grab(m)),v.addEventListener("pointermove",m=>this.drag(m)),v.addEventListener("pointerup",()=>this.drop()),v.addEventListener("pointercancel",()=>this.drop()),v.style.touchAction="pan-x"}marks(e){let{shown:t}=this;if(!t)return;let{ctx:s}=e,i=devicePixelRatio||1,o=t.points.length,a=c=>[e.valToPos(c,"x",!0),e.valToPos(t.points[c],"y",!0)];s.save(),s.strokeStyle=ce("line"),s.lineWidth=i;let h=e.valToPos(o-1,"x",!0);s.beginPath(),s.moveTo(h,e.bbox.top),s.lineTo(h,e.bbox.top+e.bbox.height),s.stroke(),s.strokeStyle=ce("warm"),s.lineWidth=2*i;for(let c=this.window?Math.max(0,o-this.window):0;c<o;c++)Math.abs(t.surprise[c]??0)<pi||t.points[c]===null||(s.beginPath(),s.arc(...a(c),6*i,0,2*Math.PI),s.stroke());this.chosen!==null&&this.chosen<o&&t.points[this.chosen]!==null&&(s.strokeStyle=ce("accent"),s.fillStyle=ce("panel"),s.beginPath(),s.arc(...a(this.chosen),5*i,0,2*Math.PI),s.fill(),s.stroke()),s.restore()}read(){let{shown:e,plot:t}=this;if(!e)return;let s=e.points.length,i=this.held??(t?.cursor.idx!=null?t.data[0][t.cursor.idx]:this.chosen),o=[];if(i==null)o.push("drag a point, and see the future move","rings: far from what was expected");else if(i<s){o.push(e.times[i]??"",`value ${at(e.points[i]??Number.NaN)}`),e.expected[i]!==null&&o.push(`expected ${at(e.expected[i]??Number.NaN)}`);let a=e.surprise[i]??0;Math.abs(a)>=pi&&o.push(`${at(Math.abs(a))} times the usual error`)}else{let a=e.levels.indexOf(.5),h=e.ahead[0]?.[i-s],c=e.ahead.at(-1)?.[i-s];o.push(e.times[i]??"",`median ${at(e.ahead[a]?.[i-s]??Number.NaN)}`),h!=null&&c!=null&&o.push(`${Math.round(100*(e.levels.at(-1)-e.levels[0]))} % from ${at(h)} to ${at(c)}`)}this.reading.textContent=o.join("  ·  ")}grab(e){let{plot:t,shown:s}=this;if(!t||!s)return;let i=Math.round(t.posToVal(e.offsetX,"x")),o=Math.max(0,Math.min(s.points.length-1,i)),a=s.points[o];a!=null&&(Math.abs(t.valToPos(o,"x")-e.offsetX)>Fa||Math.abs(t.valToPos(a,"y")-e.offsetY)>2.5*Fa||(this.held=this.chosen=o,t.over.setPointerCapture(e.pointerId),e.preventDefault()))}drag(e){this.held===null||!this.plot||this.onmove(this.held,this.plot.posToVal(e.offsetY,"y"))}drop(){this.held!==null&&(this.held=null,this.onlet())}key(e){let{shown:t,plot:s}=this;if(!t||!s)return;let i=t.points.length-1,o=this.chosen??i,a=(s.scales.y.max??1)-(s.scales.y.min??0),h=(e.shiftKey?.1:.02)*a;if(e.key==="ArrowLeft"||e.key==="ArrowRight"){let c=this.chosen===null?0:e.key==="ArrowLeft"?-1:1;this.chosen=Math.max(0,Math.min(i,o+c))}else if(e.key==="ArrowUp"||e.key==="ArrowDown"){this.chosen=o;let c=t.points[o];c!=null&&(this.onmove(o,c+(e.key==="ArrowUp"?h:-h)),this.onlet())}else return;e.preventDefault(),this.draw()}};customElements.define("series-chart",fi);var Fc=n=>n.replace(/^\d{4}-/,"").replace(/[T ](\d\d:\d\d).*$/," $1");var Dc=[1,10,100,1e3],$c=[["60",60],["120",120],["500",500],["all",0]],Qi=class extends Ge{about=null;source={name:"",text:""};index=0;points=[];original=[];times=[];ahead=[];expected=[];score=[];quantiles=null;ghost=null;channel=0;sent=0;rate=10;playing=0;owed=0;last=0;fresh=!0;moves=new tt(()=>this.live.stop());chart=new fi;memory=new Ve;list=b("div",{class:"list",role:"listbox","aria-label":"Series",tabindex:-1});heading=y("h2","");note=b("p",{class:"soft"});views=b("div",{class:"segments",role:"group","aria-label":"Points in view"});channels=b("select",{"aria-label":"What is shown",hidden:!0});value=b("input",{type:"number",step:"any","aria-label":"Next value",placeholder:"next value"});play=b("button",{type:"button"},{onclick:()=>this.replay()},"Replay");file=b("input",{type:"file",accept:".csv,.tsv,.txt,.jsonl",hidden:!0});redraw=Ce(()=>this.draw());build(){this.chart.onmove=(i,o)=>this.move(i,o),this.chart.onlet=()=>this.dropped(),this.memory.called=i=>this.times[i]??`step ${i+1}`,this.memory.onwant=()=>{this.look()},this.file.onchange=()=>{this.load(this.file.files?.[0])},this.channels.onchange=()=>{this.channel=Number(this.channels.value),this.redraw()},this.ondragover=i=>i.preventDefault(),this.ondrop=i=>{i.preventDefault(),this.load(i.dataTransfer?.files[0])};let e=b("select",{"aria-label":"Points a second"},{onchange:i=>{this.rate=Number(i.target.value)}},...Dc.map(i=>b("option",{value:i,selected:i===this.rate},{},`${i.toLocaleString("en")} a second`))),t=b("form",{class:"row","aria-label":"Feed"},{onsubmit:i=>{i.preventDefault(),this.feed(this.value.valueAsNumber),this.value.value=""}},this.value,b("button",{type:"submit"},{},"Add"),b("button",{type:"button"},{onclick:()=>this.feed(this.median())},"Add the median"),y("span","space"),this.play,e),s=b("button",{type:"button",class:"primary"},{onclick:()=>this.file.click()},"Open a table");this.append(b("section",{class:"card series","aria-label":"Series"},{},y("div","row",y("h2","","Series"),y("span","space"),s,this.file),this.note,this.list),b("section",{class:"card","aria-label":"Forecast"},{},y("div","row",this.heading,this.channels,y("span","space"),this.views,b("button",{type:"button"},{onclick:()=>{this.open(this.index)}},"Undo changes")),this.chart,t),b("section",{class:"card wide","aria-label":"Memory"},{},y("h2","","Memory"),this.memory)),this.showViews(120)}opened(e){this.about=e;let t=e.columns.slice(-e.channels);this.channels.hidden=e.channels<2,this.channels.replaceChildren(...t.map((s,i)=>b("option",{value:i},{},s))),this.again()}async again(){let e=this.points;await this.read(this.source),await this.open(this.index),!this.fresh&&e.length&&(this.points=e,this.send(0)),this.fresh=!1}async load(e){if(!e)return;let t={name:e.name,text:await e.text()};try{await this.read(t)}catch(s){this.note.textContent=s instanceof Error?s.message:"it cannot be read",this.note.setAttribute("role","alert");return}this.source=t,await this.open(0)}async read(e){let t=await this.live.one("read",e),s=t.tensors.sparks,i=s.shape[1];this.list.replaceChildren(...t.series.map((h,c)=>b("button",{type:"button",role:"option","aria-selected":"false"},{onclick:()=>{this.open(c)}},y("span","name",h.name),Nc(s.data.subarray(c*i,(c+1)*i)),y("small","",h.steps.toLocaleString("en")))));let o=this.about?.columns.join(", ")??"";this.note.removeAttribute("role");let a=t.more?` And ${t.more} more that are not listed.`:"";this.note.textContent=t.name?`${t.name}${a}`:`An example. Drop a table with the columns ${o}, or open one.`}async open(e){this.stop(),this.index=e,[...this.list.children].forEach((t,s)=>{t.setAttribute("aria-selected",String(s===e))}),this.ghost=null,this.expected=[],this.score=[],this.ahead=[],this.quantiles=null,this.memory.clear(),await this.live.ask("open",{series:e,memory:this.memory.asked()},t=>{t.points&&t.times&&(this.points=t.points.map(s=>[...s]),this.original=t.points,this.times=t.times,this.sent=t.points.length,this.heading.textContent=t.name??""),this.take(t)})}take(e){let{expected:t,score:s,quantiles:i}=e.tensors;if(e.row!==void 0&&t&&s){let[o=0,a=1]=t.shape;for(let h=0;h<o;h++)this.expected[e.row+h]=Da(t.data,h,a),this.score[e.row+h]=Da(s.data,h,a)}e.ahead&&(this.ahead=e.ahead,this.quantiles=i??null),e.memory&&this.memory.take(e.memory,e.tensors),this.redraw()}async look(){this.take(await this.live.one("look",{memory:this.memory.asked()}))}move(e,t){this.ghost??=this.medians(),this.points[e][this.channel]=t,this.redraw(),this.send(e)}dropped(){this.say(`The forecast of the next step is now ${at(this.median())}`)}send(e){this.sent=Math.min(this.sent,e),this.moves.run(async()=>{let t=this.sent,s=this.points.slice(t);this.sent=this.points.length;let i=t;await this.live.ask("write",{keep:t,points:s,memory:this.memory.asked(t)},o=>{i=o.taken??i,this.take(o)}),this.sent=Math.min(this.sent,i)})}feed(e){if(!Number.isFinite(e))return;let t=this.points.at(-1)?.map(()=>null)??[null];t[this.channel]=e;for(let s=0;s<t.length;s++)t[s]??=this.medians(s)[0]??null;this.add([t])}add(e){this.ghost=null;let t=this.points.length;for(let s of e)this.times.length<=this.points.length&&this.times.push(this.ahead[0]??String(this.times.length+1)),this.points.push([...s]);this.redraw(),this.send(t)}replay(){if(this.playing){this.stop();return}let e=Math.max(1,Math.min(this.original.length-1,Math.floor(this.original.length/4)));this.points=this.original.slice(0,e).map(t=>[...t]),this.expected.length=this.score.length=e,this.ghost=null,this.send(0),this.playing=e,this.owed=0,this.last=performance.now(),this.play.textContent="Pause",requestAnimationFrame(t=>this.tick(t))}stop(){this.playing=0,this.play.textContent="Replay"}tick(e){if(!this.playing||!this.isConnected)return;this.owed+=this.rate*(e-this.last)/1e3,this.last=e;let t=Math.max(0,Math.floor(this.owed));this.owed-=t,t&&(this.add(this.original.slice(this.playing,this.playing+t)),this.playing+=t),this.playing>=this.original.length?this.stop():requestAnimationFrame(s=>this.tick(s))}medians(e=this.channel){let t=this.about?.levels.indexOf(.5)??0;return this.quantile(t,e)}quantile(e,t){if(!this.quantiles)return[];let[,s=0,i=1]=this.quantiles.shape;return Array.from({length:s},(o,a)=>this.quantiles.data[(e*s+a)*i+t])}median(){return this.medians()[0]??Number.NaN}draw(){let{about:e,channel:t}=this;if(!e||!this.points.length)return;let s=a=>this.points.map((h,c)=>a[c]?.[t]??null),i=s(this.score);this.chart.show({times:[...this.times.slice(0,this.points.length),...this.ahead],points:s(this.points),expected:s(this.expected),surprise:i,ahead:e.levels.map((a,h)=>this.quantile(h,t)),levels:e.levels,before:this.ghost});let o=i.filter(a=>a!==null&&Math.abs(a)>=pi).length;this.list.children[this.index]?.setAttribute("title",`${o} points surprised`)}showViews(e){this.chart.view(e),this.views.replaceChildren(...$c.map(([t,s])=>b("button",{type:"button","aria-pressed":String(s===e)},{onclick:()=>this.showViews(s)},t)))}},Da=(n,e,t)=>Array.from({length:t},(s,i)=>{let o=n[e*t+i];return Number.isFinite(o)?o:null});function Nc(n){let e="http://www.w3.org/2000/svg",t=document.createElementNS(e,"svg");t.setAttribute("viewBox","0 0 100 24"),t.setAttribute("preserveAspectRatio","none"),t.setAttribute("aria-hidden","true");let s=document.createElementNS(e,"path"),i=[...n].map((o,a)=>[100*a/Math.max(1,n.length-1),22-20*o]).filter(([,o])=>Number.isFinite(o));return s.setAttribute("d",i.map(([o,a],h)=>`${h?"L":"M"}${o.toFixed(1)} ${a.toFixed(1)}`).join("")),t.append(s),t}var zc=3,Xi=class extends Ge{points=[];shown=0;letters=[];aim=null;seed=1;says=!0;writes=new tt(()=>this.live.stop());canvas=b("canvas",{class:"paper",role:"img","aria-label":"Nothing is written yet"});line=b("input",{type:"text","aria-label":"Text to write",maxlength:200});bias=b("input",{type:"range",min:0,max:3,step:.1,value:1,"aria-label":"How tidy"});pieces=b("div",{class:"words",role:"group","aria-label":"Letters"});memory=new Ve;draw=Ce(()=>this.paint());sized=new ResizeObserver(()=>this.draw());build(){this.memory.called=t=>t?`point ${t}`:"the beginning",this.memory.onwant=()=>this.writes.run(async()=>{let t=await this.live.one("look",{memory:this.memory.asked()});t.memory&&this.memory.take(t.memory,t.tensors)}),Se.addEventListener("change",this.draw),this.sized.observe(this.canvas),this.bias.onchange=()=>this.write();let e=b("form",{class:"row"},{onsubmit:t=>{t.preventDefault(),this.seed++,this.write()}},this.line,b("label",{class:"row soft"},{},"careless",this.bias,"tidy"),b("button",{class:"primary"},{},"Write"));this.append(b("section",{class:"card wide","aria-label":"Pen"},{},e,this.canvas,this.pieces),b("section",{class:"card wide","aria-label":"Memory"},{},y("h2","","Memory"),this.memory))}opened(e){this.says=e.says,this.line.hidden=!e.says,this.line.value||=e.example,this.write()}write(){let e=this.line.value;this.says&&!e.trim()||this.writes.run(async()=>{this.points=[],this.letters=[],this.shown=0,this.aim=null,this.pieces.replaceChildren();let t={text:e,bias:Number(this.bias.value),seed:this.seed,memory:this.memory.asked()};await this.live.ask("write",t,({tensors:s,...i})=>{s.moves&&this.more(s.moves.data),i.pieces&&this.lettered(i.pieces,s.attention?.data),i.memory&&this.memory.take(i.memory,s)}),this.canvas.setAttribute("aria-label",`${this.says?`“${e}”, written`:"A drawing"} in ${this.points.length} points of the pen`)})}more(e){let{x:t,y:s}=this.points.at(-1)??{x:0,y:0};for(let i=0;i<e.length;i+=3)t+=e[i],s+=e[i+1],this.points.push({x:t,y:s,up:e[i+2]>0});this.draw()}lettered(e,t){let s=e.length;t&&s&&(this.letters=this.points.map((i,o)=>{let a=0;for(let h=1;h<s;h++)t[o*s+h]>t[o*s+a]&&(a=h);return a})),this.pieces.replaceChildren(...e.map((i,o)=>{let a=h=>()=>{this.aim=h,this.draw()};return b("button",{type:"button",class:"word"},{onpointerenter:a(o),onfocus:a(o),onpointerleave:a(null),onblur:a(null)},i===" "?"␣":i)})),this.draw()}paint(){let e=this.canvas.getBoundingClientRect(),t=devicePixelRatio;this.canvas.width=Math.round(e.width*t),this.canvas.height=Math.round(e.height*t);let s=this.canvas.getContext("2d");s.scale(t,t);let{points:i}=this;if(!i.length)return;let o=matchMedia("(prefers-reduced-motion: reduce)").matches;this.shown=o?i.length:Math.min(i.length,this.shown+zc);let a=i.map(M=>M.x),h=i.map(M=>M.y),[c,p]=[Math.min(0,...a),Math.max(...a)],[v,m]=[Math.min(0,...h),Math.max(...h)],g=Math.min((e.width-40)/(p-c||1),(e.height-40)/(m-v||1)),x=M=>[20+(M.x-c)*g,e.height/2+(M.y-(v+m)/2)*g];s.lineWidth=2,s.lineCap=s.lineJoin="round";let[S,T]=[ce("ink"),ce("accent")],L={x:0,y:0},F=!0;for(let M=0;M<this.shown;M++){let $=i[M];if(!F){let E=this.aim!==null&&this.letters[M]===this.aim;s.strokeStyle=E?T:S,s.lineWidth=E?4:2,s.beginPath(),s.moveTo(...x(L)),s.lineTo(...x($)),s.stroke()}F=$.up,L=$}this.shown<i.length&&this.draw()}};var Hc=8e3,Ic=.1,Wc=90,en=class extends Ge{rate=16e3;times=1;sound=new Float32Array(0);heard=0;pieces=[];at=[];final=0;job=0;stop=null;step=.01;why=y("p","soft");said=b("p",{class:"said","aria-live":"polite"});canvas=b("canvas",{class:"wave",role:"img","aria-label":"No sound yet"});record=b("button",{type:"button",class:"primary"},{onclick:()=>{this.listen()}},"Record");play=b("button",{type:"button",disabled:!0},{onclick:()=>this.replay()},"Play");file=b("input",{type:"file",accept:"audio/*","aria-label":"Recording"});memory=new Ve;draw=Ce(()=>this.paint());sized=new ResizeObserver(()=>this.draw());build(){this.memory.called=e=>`${(e*this.step).toFixed(2)} s`,this.memory.onwant=()=>{this.look()},this.file.onchange=()=>{let e=this.file.files?.[0];e&&this.open(e)},Se.addEventListener("change",this.draw),this.append(b("section",{class:"card wide","aria-label":"Sound"},{ondragover:e=>e.preventDefault(),ondrop:e=>{e.preventDefault();let t=e.dataTransfer?.files[0];t&&this.open(t)}},y("div","row",this.record,this.play,this.file),y("p","soft","Speak, or drop a recording here. The sound stays on this machine."),this.said,b("div",{class:"scroll",tabindex:0,role:"group","aria-label":"Where each letter is"},{},this.canvas),this.why),b("section",{class:"card wide","aria-label":"Memory"},{},y("h2","","Memory"),this.memory)),this.sized.observe(this),this.show()}disconnectedCallback(){this.stop?.(),super.disconnectedCallback()}opened(e){this.rate=e.rate,this.times=Math.max(1,Math.ceil(Hc/e.rate)),this.step=e.step,this.why.textContent=e.why?`The text comes when the recording is over: ${e.why}`:"",this.heard&&this.read(this.sound.slice(0,this.heard))}async open(e){this.stop?.();try{let s=await new OfflineAudioContext(1,1,this.rate*this.times).decodeAudioData(await e.arrayBuffer()),i=new Float32Array(s.length);for(let o=0;o<s.numberOfChannels;o++)for(let[a,h]of s.getChannelData(o).entries())i[a]+=h/s.numberOfChannels;await this.read($a(i,this.times))}catch(t){this.say(t instanceof Tt?t.message:`${e.name} is no recording that this browser can read.`)}}async read(e){let t=this.begin(),s=Math.max(1,Math.round(Ic*this.rate));for(let i=0;i<e.length||i===0;i+=s){let o=i+s>=e.length;if(await this.send(e.subarray(i,i+s),i===0,o),t!==this.job)return}this.play.disabled=!1}async listen(){if(this.stop){this.stop();return}let e;try{e=await navigator.mediaDevices.getUserMedia({audio:!0})}catch(m){this.say(`The browser gives no microphone: ${m.message}`);return}let t=this.begin(),s=new AudioContext({sampleRate:this.rate*this.times}),i=s.createMediaStreamSource(e),o=s.createScriptProcessor(2048,1,1),a=[],h=!1,c=!0,p=!1,v=async()=>{if(!h){h=!0;try{for(;t===this.job&&(a.length||p);){let m=Oc(a.splice(0)),g=p;if(await this.send(m,c,g),c=!1,g){this.play.disabled=!1;break}}}catch(m){if(!(m instanceof Tt))throw m;this.say(m.message),this.stop?.()}finally{h=!1}}};o.onaudioprocess=m=>{a.push($a(m.inputBuffer.getChannelData(0).slice(),this.times)),v()},i.connect(o).connect(s.destination),this.record.textContent="Stop",this.stop=()=>{this.stop=null,this.record.textContent="Record";for(let m of e.getTracks())m.stop();o.onaudioprocess=null,s.close(),p=!0,v()}}begin(){return this.heard=0,this.pieces=[],this.at=[],this.final=0,this.memory.clear(),this.play.disabled=!0,++this.job}async send(e,t,s){if(this.heard+e.length>this.sound.length){let o=new Float32Array(2*(this.heard+e.length));o.set(this.sound.subarray(0,this.heard)),this.sound=o}this.sound.set(e,this.heard),this.heard+=e.length;let i={samples:Li(e),fresh:t,last:s,memory:this.memory.asked(t?0:this.memory.steps)};await this.live.ask("hear",i,({tensors:o,...a})=>{a.pieces&&(this.pieces=a.pieces,this.final=a.final??0,this.at=o.at?.data??[]),a.memory&&this.memory.take(a.memory,o)}),this.show()}async look(){let e=await this.live.one("look",{memory:this.memory.asked()});e.memory&&this.memory.take(e.memory,e.tensors)}replay(){let e=new AudioContext,t=e.createBuffer(1,this.heard*this.times,this.rate*this.times),s=t.getChannelData(0);for(let o=0;o<s.length;o++)s[o]=this.sound[Math.floor(o/this.times)];let i=new AudioBufferSourceNode(e,{buffer:t});i.onended=()=>{e.close()},i.connect(e.destination),i.start()}show(){let[e,t]=[this.pieces.slice(0,this.final),this.pieces.slice(this.final)].map(o=>o.join(""));this.said.replaceChildren(e,t?b("i",{title:"may still change"},{},t):""),this.heard||this.said.replaceChildren(y("span","soft","What was said stands here."));let s=this.heard/this.rate,i=this.pieces.map((o,a)=>`${lt(o)} at ${this.at[a]?.toFixed(2)}`).join(", ");this.canvas.setAttribute("aria-label",`${s.toFixed(1)} seconds of sound. ${i}`),this.draw()}paint(){let{canvas:e}=this,t=this.heard/this.rate,s=e.parentElement.clientWidth,i=Math.min(16e3,Math.max(s,t*Wc)),o=150,a=i>8e3?1:devicePixelRatio;e.style.width=`${i}px`,e.width=Math.round(i*a),e.height=Math.round(o*a);let h=e.getContext("2d");if(h.scale(a,a),!this.heard)return;let[c,p,v]=["soft","ink","accent"].map(ce);h.fillStyle=c;let m=this.heard/i,g=52,x=1e-4;for(let S=0;S<this.heard;S++)x=Math.max(x,Math.abs(this.sound[S]));for(let S=0;S<i;S++){let T=0;for(let F=Math.floor(S*m);F<(S+1)*m&&F<this.heard;F++)T=Math.max(T,Math.abs(this.sound[F]));let L=Math.max(.5,T/x*(g-4));h.fillRect(S,g-L,.8,2*L)}h.font="15px ui-monospace, Menlo, monospace",h.textAlign="center",this.pieces.forEach((S,T)=>{let L=this.at[T]/t*i;h.fillStyle=T<this.final?p:v,h.globalAlpha=.35,h.fillRect(L,4,1,102),h.globalAlpha=1,h.fillText(lt(S),Math.max(6,L),T%2?142:122)})}};function Oc(n){let e=new Float32Array(n.reduce((s,i)=>s+i.length,0)),t=0;for(let s of n)e.set(s,t),t+=s.length;return e}function $a(n,e){if(e===1)return n;let t=new Float32Array(Math.floor(n.length/e));for(let s=0;s<t.length;s++){let i=0;for(let o=0;o<e;o++)i+=n[s*e+o];t[s]=i/e}return t}function mi(n,e){let t=Math.max(1e-9,...n.map(s=>Math.max(s.p,s.other??0)));return b("ol",{class:n.some(s=>s.other!==void 0)?"bars two":"bars"},{},...n.map((s,i)=>{let o=[y("span","name",s.name),Na(s.p/t,"fill"),y("span","p",bt(s.p)),s.other!==void 0&&Na(s.other/t,"fill other"),s.other!==void 0&&y("span","p",bt(s.other))];return y("li","",e?b("button",{type:"button"},{onclick:()=>e(i)},...o):y("div","",...o))}))}function Na(n,e){let t=b("span",{class:e,"aria-hidden":"true"});return t.style.setProperty("--share",String(n)),t}var za="http://www.w3.org/2000/svg",dr=300,Ha=90;function Ia(n,e,t){let s=n.flatMap(c=>c.values),i=e?0:Math.min(...s),o=e?1:Math.max(...s,i+1e-9),a=document.createElementNS(za,"svg");a.setAttribute("viewBox",`0 0 ${dr} ${Ha}`),a.setAttribute("preserveAspectRatio","none"),a.setAttribute("role","img"),a.setAttribute("aria-label",t),n.slice(0,4).forEach((c,p)=>{let v=document.createElementNS(za,"path"),m=g=>c.values.length>1?dr*g/(c.values.length-1):dr/2;v.setAttribute("d",c.values.map((g,x)=>`${x?"L":"M"}${m(x).toFixed(1)} ${(2+(Ha-4)*(1-(g-i)/(o-i))).toFixed(1)}`).join("")),v.setAttribute("class",`line-${p}`),a.append(v)});let h=y("figure","lines");return h.append(a,y("figcaption","",...n.slice(0,4).map((c,p)=>y("span",`line-${p}`,c.name)))),h}var gi=class extends HTMLElement{ondraw=()=>{};strokes=[];down=!1;shades=null;canvas=b("canvas",{role:"img","aria-label":"A sheet: draw on it with a pen, a finger or the mouse"});draw=Ce(()=>this.paint());sized=new ResizeObserver(()=>this.draw());connectedCallback(){this.canvas.isConnected||(this.append(this.canvas),this.canvas.onpointerdown=e=>{this.down=!0,this.strokes.push([]),this.canvas.setPointerCapture(e.pointerId),this.point(e)},this.canvas.onpointermove=e=>{if(this.down)for(let t of e.getCoalescedEvents?.()??[e])this.point(t)},this.canvas.onpointerup=this.canvas.onpointercancel=()=>{this.down=!1}),this.sized.observe(this.canvas),Se.addEventListener("change",this.draw)}disconnectedCallback(){this.sized.disconnect(),Se.removeEventListener("change",this.draw)}clear(){this.strokes=[],this.shades=null,this.draw(),this.ondraw(this.strokes)}set(e){this.strokes=e,this.draw(),this.ondraw(e)}shade(e){this.shades=e,this.draw()}point(e){let t=this.canvas.getBoundingClientRect(),s=this.strokes.at(-1),i=[(e.clientX-t.left)/t.width,(e.clientY-t.top)/t.height],o=s?.at(-1);!s||o&&Math.hypot(i[0]-o[0],i[1]-o[1])<.004||(s.push(i),this.draw(),this.ondraw(this.strokes))}paint(){let{width:e,height:t}=this.canvas.getBoundingClientRect(),s=devicePixelRatio||1;this.canvas.width=Math.round(e*s),this.canvas.height=Math.round(t*s);let i=this.canvas.getContext("2d");i.scale(s,s),i.lineCap=i.lineJoin="round";let o=Vc(this.strokes),a=this.shades?.length??0,h=0,c=null,p=(x,S,T,L)=>{i.strokeStyle=T,i.lineWidth=L,i.lineCap=L>10?"butt":"round",i.beginPath(),i.moveTo(x[0]*e,x[1]*t),i.lineTo(S[0]*e,S[1]*t),i.stroke()},[v,m,g]=[ce("ink"),ce("cool"),ce("warm")];for(let x of this.strokes)c&&x[0]&&(h+=Math.hypot(x[0][0]-c[0],x[0][1]-c[1])),x.forEach((S,T)=>{let L=x[T-1]??S;h+=Math.hypot(S[0]-L[0],S[1]-L[1]);let F=a?this.shades[Math.min(a-1,Math.floor(h/Math.max(1e-9,o)*a))]:0;Math.abs(F)>.08&&(i.globalAlpha=Math.min(.55,Math.abs(F)),p(L,S,F>0?m:g,18),i.globalAlpha=1)}),c=x.at(-1)??c;for(let x of this.strokes)x.forEach((S,T)=>{p(x[T-1]??S,S,v,4.5)})}};customElements.define("pen-sheet",gi);function Vc(n){let e=0,t=null;for(let s of n)for(let i of s)t&&(e+=Math.hypot(i[0]-t[0],i[1]-t[1])),t=i;return e}var Ys=class{tokens=[];ends=[];set(e,t,s){this.tokens.length=Math.min(this.tokens.length,e),this.ends.length=this.tokens.length;for(let i of t)this.tokens.push(i),this.ends.push(this.after(i,s))}begin(e){return e>0?this.ends[e-1]:0}after(e,t){let s=this.ends.at(-1)??0;if(t.startsWith(e,s))return s+e.length;let i=/^\s*/.exec(t.slice(s,s+64))[0].length,o=e.trim();return o&&t.slice(s+i,s+i+o.length).toLowerCase()===o.toLowerCase()?s+i+o.length:/^<.*>$/.test(e)?s+i+(/^(\w+|.)/su.exec(t.slice(s+i,s+i+64))?.[0].length??0):Math.min(t.length,s+Math.max(1,e.length))}},Wa=6,ur=new Map,pr=typeof Highlight<"u"&&"highlights"in CSS;function vi(n,e){if(pr){for(let t of ur.values())t.clear();for(let[t,s,i]of e){let o=Math.min(Wa,Math.round(Math.abs(i)*Wa));if(!o||t>=s||s>n.length)continue;let a=`${i>0?"for":"against"}-${o}`,h=ur.get(a);h||(h=new Highlight,ur.set(a,h),CSS.highlights.set(a,h));let c=new StaticRange({startContainer:n,startOffset:t,endContainer:n,endOffset:s});h.add(c)}}}var tn=class extends Ge{about=null;dropped=null;strokes=[];of=null;seen=null;asks=new tt;shadeSoon=Ce(()=>this.shade());input=b("section",{class:"card writing","aria-label":"Input"});answer=b("section",{class:"card next","aria-label":"Answer"});headline=b("p",{class:"headline",role:"status"});likely=y("div","");legend=y("p","legend");note=y("p","soft");words=y("p","tagged");way=b("section",{class:"card wide","aria-label":"Step by step",hidden:!0});memory=new Ve;pen=new gi;picture=b("canvas",{class:"picture",role:"img",hidden:!0});image=null;file=b("input",{type:"file",hidden:!0});areas=[];ground=document.createTextNode("");build(){this.memory.onwant=()=>this.look(),this.memory.called=e=>this.seen?.words[e]??"",this.pen.ondraw=e=>{this.strokes=e,this.look()},this.file.onchange=()=>{this.load(this.file.files?.[0])},this.ondragover=e=>e.preventDefault(),this.ondrop=e=>{e.preventDefault(),this.load(e.dataTransfer?.files[0])},Se.addEventListener("change",this.shadeSoon),this.answer.append(y("h2","","Answer"),this.headline,this.likely,this.note),this.append(this.input,this.answer,this.way,b("section",{class:"card wide","aria-label":"Memory"},{},y("h2","","Memory"),this.memory))}opened(e){let t=this.about===null;this.about=e,this.note.textContent=this.model.why_not&&e.kind!=="strokes"?"It reads from both ends, so each answer is to the whole input.":"",t&&this.begin(e),this.look()}begin(e){let{kind:t,columns:s,endings:i}=e;if(t==="strokes"){this.input.append(y("div","row",y("h2","","Draw"),y("span","space"),this.button("Clear",()=>this.pen.clear())),this.pen,this.legend);return}if(i.length){this.file.accept=i.join(","),this.input.append(y("div","row",y("h2","","Drop a file"),y("span","space"),this.button("Choose a file",()=>this.file.click())),y("p","soft",`A file that ends in ${i.join(", ")}: drop it here, or choose one.`),this.file,this.picture,this.legend);return}this.areas=s.map(h=>b("textarea",{"aria-label":s.length>1?h:"Text",spellcheck:"false",placeholder:t==="series"?"Numbers: a step in each line":"Write, and see the answer change."}));for(let h of this.areas)h.oninput=()=>this.look();let[o,...a]=this.areas;if(o&&!a.length)this.input.append(y("div","editor",b("div",{class:"ground","aria-hidden":"true"},{},this.ground),o));else for(let[h,c]of this.areas.entries())this.input.append(b("label",{class:"field"},{},y("span","",s[h]),c));this.input.append(this.words,this.legend),o?.focus({preventScroll:!0})}button(e,t){return b("button",{type:"button"},{onclick:t},e)}async load(e){if(!e)return;let t=new Uint8Array(await e.arrayBuffer()),s="";for(let i=0;i<t.length;i+=32768)s+=String.fromCharCode(...t.subarray(i,i+32768));if(this.dropped={name:e.name,content:btoa(s)},this.image=null,e.type.startsWith("image/")){let i=new Image;i.src=URL.createObjectURL(e),await i.decode().catch(()=>{}),this.image=i}this.of=null,this.look()}look(){let{about:e}=this;if(!e)return;this.ground.data=`${this.areas[0]?.value??""}
`;let t=this.values(e);if(!t&&!this.dropped){this.nothing();return}this.asks.run(async()=>{let s={of:this.of,memory:this.memory.asked()};try{let i=this.dropped?await this.live.one("drop",{...this.dropped,...s}):await this.live.one("see",{values:t,...s});i.words&&this.show(e,i)}catch(i){if(!(i instanceof Tt))throw i;this.nothing(i.message)}})}values(e){if(e.kind==="strokes"){let t=3*e.size,s=this.strokes.filter(i=>i.length>1);return s.length?[s.map(i=>i.map(([o,a])=>[o*t,a*t]))]:null}return!this.areas.length||this.areas.some(t=>!t.value.trim())?null:e.kind!=="series"?this.areas.map(t=>t.value):this.areas.map(t=>t.value.trim().split(/\n/).map(s=>s.trim().split(/[\s,;]+/).map(Number)).map(s=>s.length>1?s:s[0]))}nothing(e=""){this.headline.textContent=e||"Nothing yet",this.headline.classList.toggle("soft",!0),this.likely.replaceChildren(),this.words.replaceChildren(),this.way.hidden=!0,this.seen=null,this.memory.clear(),this.pen.shade(null),this.shadeSoon()}show(e,t){let{answers:s,rests:i,within:o}=t.tensors,[a=0,h=0]=s.shape,c=(g,x)=>s.data[g*h+x],p=!t.names[0]?.startsWith("number ");this.seen={words:t.words,rests:i.data},this.headline.classList.toggle("soft",!1),this.headline.textContent=e.each?`${a} ${a===1?"label":"labels"}`:t.said.at(-1)||"none";let v=t.names.map((g,x)=>({name:g,p:c(a-1,x)}));this.likely.replaceChildren(p?mi(v.slice(0,8),g=>{this.of=this.of===t.names[g]?null:t.names[g],this.look()}):y("span","")),e.each&&this.words.replaceChildren(...t.words.map((g,x)=>b("span",{class:t.said[x]==="O"?"":"hit"},{},this.written(x,g),y("small","",t.said[x]))));let m=this.of??t.said.at(-1);if(this.legend.textContent=`Blue speaks for “${m}”, orange against it: the gradient times what was read.${p&&!e.each?" Click another answer to ask about it.":""}${t.cut?` Only the first ${a} steps are read.`:""}`,this.way.hidden=e.each||a<2,!this.way.hidden){let g=t.names.map((x,S)=>({name:x,values:Array.from({length:a},(T,L)=>c(L,S))})).slice(0,4);this.way.replaceChildren(y("h2","","How the answer came about"),Ia(g,p,`How probable each answer is after each of ${a} steps`))}t.memory&&(this.memory.clear(),this.memory.take(t.memory,t.tensors)),o&&this.image&&this.over(o),this.shadeSoon()}written(e,t){let s=this.areas[0]?.value.trim().split(/\s+/)??[];return s.length===this.seen?.words.length?s[e]:t}shade(){let e=this.seen?.rests??new Float32Array,t=1e-9;for(let i of e)t=Math.max(t,Math.abs(i));if(this.about?.kind==="strokes"){this.pen.shade(this.seen?Float32Array.from(e,i=>i/t):null);return}let s=new Ys;s.set(0,this.seen?.words??[],this.areas[0]?.value??""),vi(this.ground,s.ends.map((i,o)=>[s.begin(o),i,(e[o]??0)/t]))}over(e){let[t=1,s=1]=e.shape,i=e.data,o=1e-9;for(let m of i)o=Math.max(o,Math.abs(m));let a=document.createElement("canvas");a.width=s,a.height=t;let h=a.getContext("2d").createImageData(s,t),[c,p]=[Jt("cool"),Jt("warm")];i.forEach((m,g)=>{let[x,S,T]=m>0?c:p;h.data.set([x,S,T,Math.round(200*Math.abs(m)/o)],4*g)}),a.getContext("2d").putImageData(h,0,0),this.picture.hidden=!1,this.picture.width=480,this.picture.height=Math.round(480*this.image.naturalHeight/Math.max(1,this.image.naturalWidth)),this.picture.setAttribute("aria-label","The picture, shaded by what each part did for the answer");let v=this.picture.getContext("2d");v.drawImage(this.image,0,0,this.picture.width,this.picture.height),v.drawImage(a,0,0,this.picture.width,this.picture.height)}};var Uc={translate:"Translation",summarize:"Summary",answer:"Answer"},sn=class extends Zt{areas=[];inputs=b("section",{class:"card","aria-label":"Input"});build(){let e=this.found.cards(Uc[this.model.task]??"Text");this.classList.add("halves"),this.append(this.inputs,e.list,e.links,e.memory)}opened(e){this.found.opened(e),this.areas.length||(this.areas=e.fields.map((t,s)=>b("textarea",{rows:s||e.fields.length===1?3:6,spellcheck:"false"},{oninput:()=>this.ask()})),this.areas.forEach((t,s)=>{t.value=e.example[s]??""}),this.inputs.append(y("h2","","Input"),...this.areas.map((t,s)=>b("label",{class:"field"},{},y("span","",e.fields[s]),t)))),this.ask()}ask(){this.answer({fields:this.areas.map(e=>e.value)})}};var Oa=6e3,Bc=12e3,Gc=240,nn=class extends Ge{folded="";sent="";fresh=!0;aligned=new Ys;p=[];rests=null;lens="likely";unit=null;silent=[];held=[];other=null;seed=1;going=!1;writes=new tt(()=>this.live.stop());shadeSoon=Ce(()=>this.shade());area=b("textarea",{"aria-label":"Text",spellcheck:"false",autocapitalize:"off",placeholder:"Write, and see what the model makes of it."});ground=document.createTextNode("");fold=b("button",{type:"button",class:"fold",hidden:!0},{onclick:()=>this.unfold()});chips=b("div",{class:"chips",role:"group","aria-label":"Next words"});likely=y("div","");likelyTitle=y("h2","","Next");legend=y("p","legend");lenses=b("div",{class:"segments",role:"group","aria-label":"Shade the text by"});progress=b("p",{class:"progress",role:"status"});memory=new Ve;follow=y("div","follow");fork=y("div","");past=b("textarea",{rows:2,"aria-label":"Another past: change a word of it",spellcheck:"false"});goButton=b("button",{type:"button",class:"primary"},{onclick:()=>this.go()},"Let it write");get text(){return this.folded+this.area.value}build(){this.area.oninput=()=>this.edited(),this.area.onkeydown=e=>this.key(e),this.past.oninput=()=>{this.other=this.past.value===this.tail()?null:this.past.value,this.futures()},this.memory.called=e=>this.called(e),this.memory.onwant=()=>{this.look()},this.memory.onunit=e=>this.followed(e),this.memory.onstep=e=>this.pointed(e),Se.addEventListener("change",this.shadeSoon),this.append(b("section",{class:"card writing","aria-label":"Write"},{},y("div","row",this.lenses,y("span","space"),b("button",{type:"button"},{onclick:()=>this.empty()},"Begin anew"),this.goButton),this.fold,y("div","editor",b("div",{class:"ground","aria-hidden":"true"},{},this.ground),this.area),this.progress,this.chips,this.legend),b("section",{class:"card next","aria-label":"Next"},{},this.likelyTitle,this.likely),b("section",{class:"card wide","aria-label":"Memory"},{},y("h2","","Memory"),this.memory,this.follow),b("section",{class:"card wide","aria-label":"Two futures"},{},y("h2","","Two futures"),y("p","soft","Change a word of the past, or silence a unit of the memory above. Both futures are drawn with the same dice, so what differs is due to the change."),b("label",{class:"field"},{},y("span","","Another past"),this.past),this.fork)),this.showLenses(),this.showFork(null)}opened(e){this.sent="",this.fresh?(this.fresh=!1,this.begin()):this.write()}async begin(){this.area.focus({preventScroll:!0}),await this.compose(40,7),this.legend.textContent="The model wrote this itself. Change it, go on, or begin anew."}edited(){this.showLegend(),this.area.value.length>Bc&&this.foldUp(),this.write()}foldUp(){let e=this.text,t=e.length-Oa,s=e.slice(t,t+200).search(/\s/),i=t+Math.max(0,s),o=Math.max(0,this.folded.length+this.area.selectionEnd-i);this.folded=e.slice(0,i),this.area.value=e.slice(i),this.area.setSelectionRange(o,o),this.showFold()}unfold(){let e=Math.max(0,this.folded.length-Oa);this.area.value=this.folded.slice(e)+this.area.value,this.folded=this.folded.slice(0,e),this.showFold(),this.shadeSoon()}showFold(){this.fold.hidden=!this.folded,this.fold.textContent=`${this.folded.length.toLocaleString("en")} earlier characters are read and remembered; show more of them`}empty(){this.folded="",this.area.value="",this.legend.textContent="",this.showFold(),this.write(),this.area.focus()}insert(e){let t=this.area;t.setRangeText(e,t.selectionStart,t.selectionEnd,"end"),this.edited(),t.focus()}key(e){let t=e.altKey&&/^[1-6]$/.test(e.key)?Number(e.key)-1:-1,s=this.chips.children[t];s instanceof HTMLButtonElement&&(e.preventDefault(),s.click())}write(){this.ground.data=`${this.area.value}
`,this.shadeSoon(),this.writes.run(async()=>{let e=this.text,t=jc(this.sent,e),s=this.rowAt(t);this.sent=e.slice(0,t),await this.live.ask("write",{keep:Kc(e,t),text:e.slice(t),memory:this.memory.asked(s)},({tensors:i,...o})=>{if(o.taken!==void 0&&(this.sent=e.slice(0,Yc(e,o.taken))),o.tokens&&o.row!==void 0){this.aligned.set(o.row,o.tokens,e),this.p.length=o.row;for(let h of i.p.data)this.p.push(h);this.shadeSoon();let a=e.length-this.sent.length;this.progress.textContent=a>2e3?`Reading: ${a.toLocaleString("en")} characters are left`:""}o.next&&this.showNext(o.words??[],o.next),o.memory&&this.memory.take(o.memory,i)}),!(this.sent.length<e.length)&&(this.lens==="rests"&&await this.rest(),this.pastNow())})}rowAt(e){let t=this.aligned.ends.length;for(;t>0&&this.aligned.ends[t-1]>e;)t--;return Math.max(0,t-1)}async look(){let e=await this.live.one("look",{memory:this.memory.asked()});e.memory&&this.memory.take(e.memory,e.tensors),this.shadeSoon()}async rest(e=null){let t=await this.live.one("rests",{of:e}),s=t.tensors.rests?.data;this.rests=s?{row:t.row??0,values:s}:null,this.shadeSoon()}go(){if(this.going){this.going=!1,this.live.stop();return}this.compose(60,this.seed++)}async compose(e,t){this.going=!0,this.goButton.textContent="Stop";let s="",i=Ce(()=>{this.area.value||(s=s.trimStart()),this.area.value+=s,s="",this.ground.data=`${this.area.value}
`,this.area.scrollTop=this.area.scrollHeight});try{await this.live.ask("go",{length:e,temperature:.7,seed:t},o=>{this.going&&(s+=o.text??"",i())})}finally{this.going=!1,this.goButton.textContent="Let it write",this.area.value+=s,s="",this.edited()}}showLenses(){let e=[["likely","How surprising",!0],["rests","What the next rests on",!0],["unit",this.unit?`Unit ${this.unit.unit}`:"A unit",!!this.unit]];this.lenses.replaceChildren(...e.map(([t,s,i])=>b("button",{type:"button","aria-pressed":String(t===this.lens),disabled:!i},{onclick:()=>{this.lens=t,this.showLenses(),t==="rests"&&this.rest(),this.shadeSoon()}},s))),this.showLegend()}showLegend(){let e={likely:"The warmer the shade, the less the model expected the text there.",rests:"Blue speaks for what the model expects next, orange against it: the gradient times what was read.",unit:"Blue where the unit is above 0, orange where it is below."};this.legend.textContent=pr?e[this.lens]:"This browser cannot shade text; newer ones can."}shade(){let e=this.folded.length,{aligned:t}=this,s=Math.min(t.ends.length,this.p.length),i=[],o=1e-9;if(this.lens==="rests")for(let h of this.rests?.values??[])o=Math.max(o,Math.abs(h));let a=this.memory.most;for(let h=s-1;h>=0&&t.ends[h]>e;h--){let c=0;this.lens==="likely"?c=-Math.min(1,Math.max(0,-Math.log2(this.p[h])-1)/11):this.lens==="rests"?c=(this.rests?.values[h-this.rests.row]??0)/o:c=(this.memory.value(h+1)??0)/a,i.push([Math.max(0,t.begin(h)-e),t.ends[h]-e,c])}vi(this.ground,i)}called(e){return e===0?"the beginning":this.aligned.tokens[e-1]??""}pointed(e){if(e===null||e===0){this.shadeSoon();return}let t=this.folded.length;vi(this.ground,[[this.aligned.begin(e-1)-t,this.aligned.ends[e-1]-t,1]])}showNext(e,t){this.chips.replaceChildren(...e.map(([s,i],o)=>b("button",{type:"button",class:"chip",title:`Alt+${o+1}`},{onclick:()=>this.take(s)},y("span","",lt(s)),y("small","",bt(i))))),this.likely.replaceChildren(mi(t.map(([s,i])=>({name:lt(s),p:i})),s=>this.insert(t[s][0])))}take(e){let t=this.area.value.slice(0,this.area.selectionStart),s=/[\p{L}\p{N}'’-]*$/u.exec(t)[0];s&&e.toLowerCase().startsWith(s.toLowerCase())?this.insert(`${e.slice(s.length)} `):this.insert(`${t&&!/\s$/.test(t)&&/^[\p{L}\p{N}]/u.test(e)?" ":""}${e} `)}followed(e){if(this.unit=e,e?this.lens="unit":this.lens==="unit"&&(this.lens="likely"),this.showLenses(),this.shadeSoon(),this.follow.replaceChildren(),!e)return;let t=b("input",{type:"range",min:-1,max:1,step:.05,value:(this.memory.value(this.aligned.ends.length)??0).toFixed(2),"aria-label":`Value of unit ${e.unit}`}),s=b("button",{type:"button"},{onclick:()=>{this.held=[...this.held.filter(i=>!Va(i.unit,e)),{unit:e,part:"h",value:Number(t.value)}],this.futures()}},`Hold it at ${Number(t.value).toFixed(2)}`);t.oninput=()=>{s.textContent=`Hold it at ${Number(t.value).toFixed(2)}`},this.follow.append(y("strong","",`Unit ${e.unit}`),b("button",{type:"button"},{onclick:()=>{this.silent=[...this.silent.filter(i=>!Va(i,e)),e],this.futures()}},"Silence it"),t,s)}tail(){let e=this.area.value.slice(-Gc),t=e.length<this.area.value.length?e.search(/\s/)+1:0;return e.slice(t).replace(/^[\s\S]*\n(?=.*\S)/,"")}pastNow(){this.other===null&&document.activeElement!==this.past&&(this.past.value=this.tail()),this.futures()}futures(){if(this.other===null&&!this.silent.length&&!this.held.length){this.showFork(null);return}this.writes.run(async()=>{let e=this.text,t=this.tail(),s=await this.live.one("fork",{text:this.other===null?null:e.slice(0,e.length-t.length)+this.other,silent:this.silent.map(i=>[i.layer,i.unit]),held:this.held.map(i=>[i.unit.layer,i.part,i.unit.unit,i.value]),length:48,seed:this.seed,temperature:.7});s.next&&s.texts&&this.showFork({next:s.next,texts:s.texts})})}showFork(e){if(!e){this.fork.replaceChildren();return}let t=(p,v)=>b("button",{type:"button",class:"pill","aria-label":`Undo: ${p}`},{onclick:()=>{v(),this.futures()}},`${p} ✕`),s=[...this.silent.map(p=>t(`unit ${p.unit} silent`,()=>{this.silent=this.silent.filter(v=>v!==p)})),...this.held.map(p=>t(`unit ${p.unit.unit} at ${p.value.toFixed(2)}`,()=>{this.held=this.held.filter(v=>v!==p)})),this.other!==null&&t("another past",()=>{this.other=null,this.past.value=this.tail()})].filter(p=>p!==!1),[i,o]=[e.texts.one,e.texts.other],a=0;for(;a<i.length&&i[a][0]===o[a]?.[0];)a++;let h=p=>y("p","future",p.slice(0,a).map(([v])=>v).join(""),y("mark","",p.slice(a).map(([v])=>v).join(""))),c=e.next.map(([p,v,m])=>({name:lt(p),p:v,other:m}));this.fork.replaceChildren(y("div","row",...s,y("span","space"),b("button",{type:"button"},{onclick:()=>{this.seed++,this.futures()}},"Other dice")),y("div","futures",y("div","",y("h3","","As it is"),h(i)),y("div","",y("h3","other","With the change"),h(o))),mi(c))}},Va=(n,e)=>n.layer===e.layer&&n.unit===e.unit;function jc(n,e){let t=Math.min(n.length,e.length),s=n===e.slice(0,n.length)?n.length:0;for(;s<t&&n.charCodeAt(s)===e.charCodeAt(s);)s++;let i=e.charCodeAt(s-1);return i>=55296&&i<56320?s-1:s}var Ua=/[\ud800-\udbff][\udc00-\udfff]/,Kc=(n,e)=>Ua.test(n)?[...n.slice(0,e)].length:e;function Yc(n,e){if(!Ua.test(n))return e;let t=0;for(let s=0;s<e&&t<n.length;s++)t+=n.codePointAt(t)>65535?2:1;return t}var fr=[{tasks:["lm"],about:"Write, and see what comes next",tag:"write-page",page:nn},{tasks:["classify","regress","tag"],about:"Write or draw, and see the answer change",tag:"label-page",page:tn},{tasks:["forecast"],about:"Move a point, and see the future move",tag:"forecast-page",page:Qi},{tasks:["translate","summarize","answer"],about:"Give a text, and see which words each word of the answer looked at",tag:"texts-page",page:sn},{tasks:["chat"],about:"Talk with it, and see what else it might have said",tag:"chat-page",page:Di},{tasks:["caption"],about:"Drop a picture, and see where it looked at each word",tag:"caption-page",page:Fi},{tasks:["transcribe"],about:"Speak, and see where each letter is",tag:"hear-page",page:en},{tasks:["compose"],about:"Play, and it answers",tag:"compose-page",page:Ni},{tasks:["handwrite"],about:"Watch the pen write",tag:"handwrite-page",page:Xi}];for(let n of fr)customElements.define(n.tag,n.page);var bi=class extends HTMLElement{model;connectedCallback(){let{model:e}=this,t=e.why_not?[y("h2","","It reads whole inputs"),y("p","",`This model does not stream: ${e.why_not}`)]:[y("h2","","No page of its own yet"),y("p","",`A model of ${e.task} has no live page in this version.`)],s=`hitherto inspect ${e.name}.safetensors DATA --out inside.html`;this.replaceChildren(y("section","card prose",...t,y("p","","Look into it with one value, step by step, both directions of its layers included:"),b("pre",{tabindex:0},{},s)))}};customElements.define("whole-page",bi);var Ba=`:root {
  --ground: #ffffff;
  --bg: #f7f7f5;
  --panel: #ffffff;
  --ink: #1b1c20;
  --soft: #5f626b;
  --line: #e3e3de;
  --hover: #f0f0ec;
  --accent: #2f5fd0;
  --on-accent: #ffffff;
  --tint: #e9effc;
  --cool: #2257c9;
  --warm: #b9540f;
  --good: #2b7a4d;
  --mark: #fbe6d3;
  font:
    15px / 1.5 system-ui,
    -apple-system,
    "Segoe UI",
    Roboto,
    "Liberation Sans",
    sans-serif;
  color: var(--ink);
  background: var(--bg);
  color-scheme: light;
  -webkit-text-size-adjust: 100%;
}
:root[data-theme="dark"] {
  --ground: #191a1e;
  --bg: #121316;
  --panel: #191a1e;
  --ink: #ebebe8;
  --soft: #9da0a9;
  --line: #2c2e34;
  --hover: #22242a;
  --accent: #86abff;
  --on-accent: #10131a;
  --tint: #202b46;
  --cool: #7ba5ff;
  --warm: #f09a55;
  --good: #6cc493;
  --mark: #4a3120;
  color-scheme: dark;
}
* {
  box-sizing: border-box;
}
[hidden] {
  display: none !important;
}
body {
  margin: 0;
  min-height: 100vh;
  display: grid;
  grid-template-columns: 208px minmax(0, 1fr);
  grid-template-rows: auto 1fr;
}
h1,
h2,
h3,
p {
  margin: 0;
}
h1 {
  font-size: 24px;
  line-height: 1.2;
  font-weight: 650;
  letter-spacing: -0.015em;
}
h2 {
  font-size: 15px;
  font-weight: 650;
}
h3 {
  font-size: 13px;
  font-weight: 600;
  color: var(--soft);
}
small,
.soft,
.legend,
.reading {
  color: var(--soft);
}
small,
.legend,
.reading,
.soft {
  font-size: 13px;
}
.space {
  flex: 1;
}
.row {
  display: flex;
  flex-wrap: wrap;
  align-items: center;
  gap: 8px;
}
.skip {
  position: absolute;
  left: -9999px;
}
.skip:focus {
  left: 12px;
  top: 12px;
  z-index: 3;
  padding: 8px 12px;
  background: var(--panel);
  border-radius: 8px;
}
:focus-visible {
  outline: 2px solid var(--accent);
  outline-offset: 2px;
}
main:focus {
  outline: none;
}

/* the list of models */
aside {
  grid-row: 1 / 3;
  position: sticky;
  top: 0;
  height: 100vh;
  display: flex;
  flex-direction: column;
  gap: 20px;
  padding: 24px 14px 18px;
  border-right: 1px solid var(--line);
}
.brand {
  padding: 0 10px;
  font-size: 17px;
  font-weight: 700;
  letter-spacing: -0.02em;
}
.brand span {
  font-weight: 400;
  color: var(--soft);
}
nav {
  display: flex;
  flex-direction: column;
  gap: 2px;
  overflow: auto;
}
nav a {
  display: grid;
  padding: 7px 10px;
  border-radius: 8px;
  color: inherit;
  text-decoration: none;
}
nav a .name {
  overflow: hidden;
  text-overflow: ellipsis;
  white-space: nowrap;
}
nav a:hover {
  background: var(--hover);
}
nav a[aria-current] {
  background: var(--tint);
  font-weight: 600;
}
nav a[aria-current] small {
  color: var(--ink);
  font-weight: 400;
}

/* the page */
main {
  grid-column: 2;
  padding: 26px 28px 64px;
  max-width: 1240px;
  width: 100%;
}
main > header {
  display: flex;
  align-items: flex-start;
  gap: 16px;
  margin-bottom: 20px;
}
.page {
  display: grid;
  gap: 16px;
  grid-template-columns: minmax(0, 1fr) 280px;
  align-items: start;
}
forecast-page.page {
  grid-template-columns: 240px minmax(0, 1fr);
}
.wide {
  grid-column: 1 / -1;
}
.card {
  padding: 16px 18px 18px;
  background: var(--panel);
  border: 1px solid var(--line);
  border-radius: 14px;
  display: grid;
  gap: 12px;
  min-width: 0;
}
.prose {
  max-width: 42em;
  grid-column: 1 / -1;
}
.note {
  grid-column: 1 / -1;
}
pre {
  margin: 0;
  padding: 10px 12px;
  overflow: auto;
  background: var(--hover);
  border-radius: 8px;
  font:
    13px / 1.5 ui-monospace,
    "SF Mono",
    Menlo,
    "Liberation Mono",
    monospace;
}
.state {
  flex: none;
  display: inline-flex;
  align-items: center;
  gap: 7px;
  padding-top: 5px;
  font-size: 13px;
  color: var(--soft);
}
.state::before {
  content: "";
  width: 8px;
  height: 8px;
  border-radius: 50%;
  background: var(--line);
}
.state[data-health="open"]::before {
  background: var(--good);
}
.state[data-health="away"]::before,
.state[data-health="locked"]::before {
  background: var(--warm);
}
.banner {
  grid-column: 2;
  padding: 10px 28px;
  background: var(--mark);
}
.toast {
  position: fixed;
  right: 20px;
  bottom: 20px;
  max-width: min(34em, 90vw);
  padding: 10px 14px;
  border-radius: 10px;
  background: var(--ink);
  color: var(--bg);
}
.toast:empty {
  display: none;
}

/* controls */
button,
select,
input,
textarea {
  font: inherit;
  color: inherit;
}
button,
select,
input[type="number"] {
  min-height: 34px;
  padding: 4px 12px;
  font-size: 14px;
  background: var(--panel);
  border: 1px solid var(--line);
  border-radius: 9px;
}
button,
select {
  cursor: pointer;
}
button:hover:not(:disabled, .primary),
select:hover {
  background: var(--hover);
}
button:disabled {
  cursor: default;
  color: var(--soft);
  opacity: 0.7;
}
button.primary {
  background: var(--accent);
  border-color: var(--accent);
  color: var(--on-accent);
  font-weight: 550;
}
button.primary:hover {
  filter: brightness(1.06);
}
input[type="number"] {
  width: 8.5em;
  cursor: text;
}
input[type="range"] {
  accent-color: var(--accent);
}
.segments {
  display: inline-flex;
  flex-wrap: wrap;
  padding: 2px;
  background: var(--hover);
  border-radius: 10px;
}
.segments button {
  min-height: 30px;
  padding: 2px 11px;
  border: 0;
  border-radius: 8px;
  background: none;
  color: var(--soft);
  font-size: 13px;
}
.segments button[aria-pressed="true"] {
  background: var(--panel);
  color: var(--ink);
  box-shadow: 0 1px 2px rgb(0 0 0 / 12%);
}
.segments.small {
  align-self: stretch;
}
.segments.small button {
  flex: 1;
  padding: 2px 4px;
}
.pill {
  border-radius: 99px;
  background: var(--tint);
  border-color: transparent;
  font-size: 13px;
  min-height: 30px;
}
.field {
  display: grid;
  gap: 4px;
}
.field span {
  font-size: 13px;
  color: var(--soft);
}
.field textarea {
  width: 100%;
  padding: 8px 10px;
  background: var(--panel);
  border: 1px solid var(--line);
  border-radius: 9px;
  resize: vertical;
  font:
    16px / 1.5 ui-serif,
    Charter,
    Georgia,
    "Liberation Serif",
    serif;
}

/* writing */
.editor {
  display: grid;
  max-height: min(52vh, 420px);
  min-height: 132px;
  overflow: auto;
  margin: 0 -6px;
}
.editor > * {
  grid-area: 1 / 1;
  width: 100%;
  margin: 0;
  padding: 2px 6px;
  border: 0;
  font:
    20px / 1.6 ui-serif,
    Charter,
    Georgia,
    "Liberation Serif",
    serif;
  letter-spacing: 0;
  white-space: pre-wrap;
  overflow-wrap: anywhere;
  word-break: normal;
}
.editor .ground {
  color: transparent;
  pointer-events: none;
  user-select: none;
}
.editor textarea {
  background: none;
  resize: none;
  overflow: hidden;
  height: 100%;
  outline: none;
}
.editor:focus-within {
  outline: none;
}
.writing:focus-within {
  border-color: var(--accent);
}
.fold {
  justify-self: start;
  border-style: dashed;
  font-size: 13px;
  color: var(--soft);
}
.progress:empty,
.legend:empty {
  display: none;
}
.progress {
  font-size: 13px;
  color: var(--soft);
}
.chips {
  display: flex;
  flex-wrap: wrap;
  gap: 8px;
  min-height: 36px;
}
.chip {
  display: inline-flex;
  align-items: baseline;
  gap: 8px;
  border-radius: 99px;
  padding: 4px 14px;
  background: var(--tint);
  border-color: transparent;
  font:
    16px / 1.4 ui-serif,
    Charter,
    Georgia,
    "Liberation Serif",
    serif;
}
.chip small {
  font:
    12px system-ui,
    "Liberation Sans",
    sans-serif;
  font-variant-numeric: tabular-nums;
}
::highlight(for-1) {
  background-color: color-mix(in srgb, var(--cool) 10%, transparent);
}
::highlight(for-2) {
  background-color: color-mix(in srgb, var(--cool) 20%, transparent);
}
::highlight(for-3) {
  background-color: color-mix(in srgb, var(--cool) 30%, transparent);
}
::highlight(for-4) {
  background-color: color-mix(in srgb, var(--cool) 40%, transparent);
}
::highlight(for-5) {
  background-color: color-mix(in srgb, var(--cool) 50%, transparent);
}
::highlight(for-6) {
  background-color: color-mix(in srgb, var(--cool) 60%, transparent);
}
::highlight(against-1) {
  background-color: color-mix(in srgb, var(--warm) 9%, transparent);
}
::highlight(against-2) {
  background-color: color-mix(in srgb, var(--warm) 18%, transparent);
}
::highlight(against-3) {
  background-color: color-mix(in srgb, var(--warm) 27%, transparent);
}
::highlight(against-4) {
  background-color: color-mix(in srgb, var(--warm) 36%, transparent);
}
::highlight(against-5) {
  background-color: color-mix(in srgb, var(--warm) 45%, transparent);
}
::highlight(against-6) {
  background-color: color-mix(in srgb, var(--warm) 54%, transparent);
}

/* bars */
.bars {
  list-style: none;
  margin: 0;
  padding: 0;
  display: grid;
  gap: 2px;
}
.bars li > * {
  display: grid;
  grid-template-columns: minmax(4.5em, 32%) minmax(0, 1fr) 3.6em;
  align-items: center;
  gap: 10px;
  width: 100%;
  min-height: 30px;
  padding: 2px 6px;
  border: 0;
  background: none;
  text-align: left;
}
.bars.two li > * {
  grid-template-columns: minmax(5em, 18%) minmax(0, 1fr) 3.6em minmax(0, 1fr) 3.6em;
}
.bars .name {
  overflow: hidden;
  text-overflow: ellipsis;
  white-space: nowrap;
  font-family: ui-monospace, "SF Mono", Menlo, "Liberation Mono", monospace;
  font-size: 13px;
}
.bars .p {
  font-size: 13px;
  font-variant-numeric: tabular-nums;
  color: var(--soft);
  text-align: right;
}
.fill {
  height: 8px;
  border-radius: 4px;
  background: linear-gradient(var(--accent), var(--accent)) 0 / calc(100% * var(--share)) 100% no-repeat;
}
.fill.other {
  background-image: linear-gradient(var(--warm), var(--warm));
}

/* starters */
start-page.page {
  grid-template-columns: repeat(auto-fit, minmax(240px, 1fr));
  align-items: stretch;
}
.starter {
  display: flex;
  flex-direction: column;
}
.starter button {
  align-self: flex-start;
}
progress {
  width: 100%;
  height: 8px;
  accent-color: var(--accent);
}

/* labels */
.headline {
  font-size: 28px;
  font-weight: 650;
  letter-spacing: -0.02em;
  line-height: 1.2;
  overflow-wrap: anywhere;
}
.headline.soft {
  font-size: 15px;
  font-weight: 400;
  letter-spacing: 0;
}
.tagged {
  display: flex;
  flex-wrap: wrap;
  gap: 8px 12px;
}
.tagged:empty {
  display: none;
}
.tagged span {
  display: grid;
  padding: 2px 6px;
  border-radius: 6px;
  text-align: center;
}
.tagged .hit {
  background: var(--tint);
}
.tagged .hit small {
  color: var(--accent);
  font-weight: 600;
}
pen-sheet canvas {
  display: block;
  width: min(100%, 420px);
  aspect-ratio: 1;
  margin: 0 auto;
  border: 1px solid var(--line);
  border-radius: 12px;
  background: var(--ground);
  cursor: crosshair;
  touch-action: none;
}
.picture {
  width: min(100%, 480px);
  border-radius: 10px;
}
.lines {
  margin: 0;
  display: grid;
  gap: 8px;
}
.lines svg {
  width: 100%;
  height: 120px;
  border-bottom: 1px solid var(--line);
}
.lines path {
  fill: none;
  stroke-width: 2;
  vector-effect: non-scaling-stroke;
}
path.line-0 {
  stroke: var(--accent);
}
path.line-1 {
  stroke: var(--warm);
}
path.line-2,
path.line-3 {
  stroke: var(--soft);
}
path.line-3 {
  stroke-dasharray: 3 4;
}
.lines figcaption {
  display: flex;
  flex-wrap: wrap;
  gap: 16px;
  font-size: 13px;
}
.lines span.line-0 {
  color: var(--accent);
}
.lines span.line-1 {
  color: var(--warm);
}
.lines span.line-2,
.lines span.line-3 {
  color: var(--soft);
}

/* the memory */
memory-strip {
  display: grid;
  gap: 10px;
}
memory-strip .tools {
  display: flex;
  flex-wrap: wrap;
  gap: 8px;
}
memory-strip canvas {
  display: block;
  width: 100%;
  height: 260px;
  cursor: crosshair;
  touch-action: pan-y;
}
.reading {
  min-height: 20px;
  font-variant-numeric: tabular-nums;
}
.follow {
  display: flex;
  flex-wrap: wrap;
  align-items: center;
  gap: 10px;
}
.follow:empty {
  display: none;
}

/* two futures */
.futures {
  display: grid;
  grid-template-columns: 1fr 1fr;
  gap: 20px;
}
.future {
  margin-top: 4px;
  font:
    17px / 1.55 ui-serif,
    Charter,
    Georgia,
    "Liberation Serif",
    serif;
  white-space: pre-wrap;
  overflow-wrap: anywhere;
}
mark {
  background: var(--tint);
  color: inherit;
  border-radius: 3px;
}
h3.other {
  color: var(--warm);
}
h3.other + .future mark {
  background: var(--mark);
}

/* series */
series-chart {
  display: grid;
  gap: 8px;
}
.plot {
  min-height: 260px;
  border-radius: 8px;
}
.plot .u-over {
  cursor: grab;
}
.plot .u-cursor-x {
  border-color: var(--soft);
}
.list {
  display: grid;
  gap: 2px;
  max-height: 460px;
  overflow: auto;
  margin: 0 -8px;
}
.list button {
  display: grid;
  grid-template-columns: minmax(0, 1fr) 84px auto;
  align-items: center;
  gap: 8px;
  padding: 6px 8px;
  border: 0;
  text-align: left;
}
.list .name {
  overflow: hidden;
  text-overflow: ellipsis;
  white-space: nowrap;
}
.list svg {
  width: 84px;
  height: 24px;
}
.list path {
  fill: none;
  stroke: var(--soft);
  stroke-width: 1.2;
  vector-effect: non-scaling-stroke;
}
.list [aria-selected="true"] {
  background: var(--tint);
}
.list [aria-selected="true"] path {
  stroke: var(--accent);
}

/* texts that were found */
.page.halves {
  grid-template-columns: minmax(0, 1fr) minmax(0, 1fr);
}
.nbest {
  list-style: none;
  margin: 0;
  padding: 0;
  display: grid;
  gap: 4px;
}
.nbest button {
  display: grid;
  gap: 2px;
  width: 100%;
  padding: 8px 12px;
  text-align: left;
}
.nbest button[aria-pressed="true"] {
  background: var(--tint);
  border-color: var(--accent);
}
.nbest button[aria-pressed="true"] small {
  color: var(--ink);
}
.found {
  overflow-wrap: anywhere;
  font:
    17px / 1.45 ui-serif,
    Charter,
    Georgia,
    "Liberation Serif",
    serif;
}
word-links {
  position: relative;
  display: grid;
}
word-links canvas {
  position: absolute;
  inset: 0;
  width: 100%;
  height: 100%;
  pointer-events: none;
}
.words {
  display: flex;
  flex-wrap: wrap;
  gap: 4px;
  max-height: 40vh;
  overflow: auto;
  padding: 3px;
}
.words + .words {
  margin: 96px 0 8px;
}
.word {
  display: inline-grid;
  justify-items: center;
  min-height: 0;
  padding: 1px 7px;
  border-color: transparent;
  border-radius: 7px;
  background: color-mix(in srgb, var(--cool) var(--share, 0%), var(--panel));
  font:
    17px / 1.45 ui-serif,
    Charter,
    Georgia,
    "Liberation Serif",
    serif;
}
.word.against {
  background: color-mix(in srgb, var(--warm) var(--share, 0%), var(--panel));
  border: 1px dashed var(--warm);
}
.word.aimed {
  border-color: var(--accent);
}
.word small {
  font:
    11px / 1.2 system-ui,
    "Liberation Sans",
    sans-serif;
}
.talk {
  list-style: none;
  margin: 0;
  padding: 0;
  display: flex;
  flex-direction: column;
  gap: 8px;
}
.scrolled {
  min-height: 150px;
  max-height: 46vh;
  overflow: auto;
}
.talk li {
  max-width: 85%;
  padding: 6px 12px 8px;
  border-radius: 12px;
  background: var(--hover);
  align-self: flex-start;
}
.talk li.theirs {
  align-self: flex-end;
  background: var(--tint);
}
.talk li.theirs small {
  color: var(--ink);
}
form.row input {
  flex: 1;
  min-width: 8em;
}
input[type="text"] {
  min-height: 34px;
  padding: 4px 12px;
  background: var(--panel);
  border: 1px solid var(--line);
  border-radius: 9px;
}

/* sound, music, pens and pictures */
.scroll {
  overflow-x: auto;
}
input[type="file"] {
  max-width: 100%;
  min-width: 0;
}
.said {
  min-height: 1.5em;
  overflow-wrap: anywhere;
  font:
    22px / 1.5 ui-serif,
    Charter,
    Georgia,
    "Liberation Serif",
    serif;
}
.said i {
  color: var(--soft);
}
.wave,
.roll {
  display: block;
}
.wave {
  height: 150px;
}
.roll {
  height: 200px;
}
.piano {
  display: flex;
  min-width: max-content;
  padding: 2px;
}
.piano button {
  display: grid;
  align-items: end;
  justify-items: center;
  min-height: 110px;
  width: 30px;
  padding: 0 0 6px;
  border-radius: 0 0 6px 6px;
  font-size: 11px;
  touch-action: none;
  user-select: none;
}
.piano .white {
  background: #ffffff;
  color: #333333;
  border-color: #8a8a8a;
}
.piano .black {
  min-height: 74px;
  height: 74px;
  width: 24px;
  margin: 0 -12px;
  z-index: 1;
  background: #222222;
  color: #ffffff;
  border-color: #222222;
}
.piano button.down,
.piano button.down:hover {
  background: var(--accent);
  color: var(--on-accent);
}
.paper {
  display: block;
  width: 100%;
  height: 240px;
  border: 1px solid var(--line);
  border-radius: 9px;
}
.words:empty {
  display: none;
}
.framed {
  position: relative;
  justify-self: start;
  width: min(100%, 420px);
}
.picture {
  display: block;
  width: 100%;
  border-radius: 8px;
  image-rendering: pixelated;
}
.veil {
  position: absolute;
  inset: 0;
  display: grid;
}
.veil span {
  background: #000000;
}

/* a phone's width */
@media (max-width: 820px) {
  body {
    display: block;
  }
  aside {
    position: static;
    height: auto;
    flex-direction: row;
    flex-wrap: wrap;
    align-items: center;
    gap: 10px;
    padding: 12px 14px;
    border-right: 0;
    border-bottom: 1px solid var(--line);
  }
  .brand {
    padding: 0;
  }
  nav {
    order: 3;
    flex-direction: row;
    width: 100%;
  }
  nav a {
    flex: none;
  }
  .segments.small {
    align-self: auto;
  }
  main {
    padding: 18px 14px 48px;
  }
  .page,
  .page.halves,
  forecast-page.page {
    grid-template-columns: minmax(0, 1fr);
  }
  .futures {
    grid-template-columns: 1fr;
  }
  .list {
    max-height: 200px;
  }
  .banner {
    padding: 10px 14px;
  }
}
@media (prefers-reduced-motion: no-preference) {
  button,
  nav a {
    transition: background-color 0.12s;
  }
}
`;var ja=new CSSStyleSheet;ja.replaceSync(Yr+Ba);document.adoptedStyleSheets=[ja];_i();var mr={opening:"connecting",open:"live",away:"The server is away. This page goes on when it is back.",refused:"no live view",locked:"The server has another token now: open the link that hitherto studio printed."},Ka="+start",Jc=[["auto","System"],["light","Light"],["dark","Dark"]],on=b("nav",{"aria-label":"Models"}),vs=b("main",{id:"main",tabindex:-1}),gr=b("p",{class:"toast",role:"status"}),rn=b("p",{class:"banner",role:"alert",hidden:!0}),Ya=b("div",{class:"segments small",role:"group","aria-label":"Colours"}),Ht=[];document.body.append(b("a",{class:"skip",href:"#main"},{onclick:n=>{n.preventDefault(),vs.focus()}},"Skip to the page"),b("aside",{"aria-label":"Studio"},{},y("p","brand","hitherto",y("span",""," studio")),on,y("span","space"),Ya),rn,vs,gr);function qa(){Ya.replaceChildren(...Jc.map(([n,e])=>b("button",{type:"button","aria-pressed":String(n===to())},{onclick:()=>{so(n),qa()}},e)))}var Ga=0;document.addEventListener("say",n=>{gr.textContent=n.detail,clearTimeout(Ga),Ga=window.setTimeout(()=>{gr.textContent=""},6e3)});vs.addEventListener("health",n=>{let e=n.detail,t=vs.querySelector(".state"),s=e==="away"||e==="locked";t&&(t.textContent=s?"away":mr[e],t.setAttribute("data-health",e)),!rn.hidden&&e==="open"&&zs("The server is back."),rn.hidden=!s,rn.textContent=s?mr[e]:""});var Zc=n=>n>=1e6?`${(n/1e6).toFixed(1)} MB`:`${Math.max(1,Math.round(n/1e3))} kB`;function vr(n){let e=Ht.find(i=>i.name===n)??Ht[0];for(let i of on.querySelectorAll("a"))i.removeAttribute("aria-current");if(!e||n===Ka){Qc();return}for(let i of on.querySelectorAll("a"))i.dataset.name===e.name?i.setAttribute("aria-current","page"):i.removeAttribute("aria-current");let t=e.view?fr.find(i=>i.tasks.includes(e.task)):void 0,s=t?new t.page:new bi;s.model=e,s.className="page",document.title=`${e.name} · Hitherto studio`,vs.replaceChildren(y("header","",y("div","",y("h1","",e.name),y("p","soft",`${e.task} · ${e.about} · ${Zc(e.bytes)}`)),y("span","space"),t&&b("span",{class:"state","data-health":"opening"},{},mr.opening)),s)}function Qc(){let n=new ii;n.className="page starters",n.onready=async e=>{await Ja(),location.hash=`#/${encodeURIComponent(e)}`,an()===e&&vr(e)},document.title="Hitherto studio",vs.replaceChildren(y("header","",y("div","",y("h1","",Ht.length?"Train an example":"No model yet"),y("p","soft","Train one here in a minute or two, or start the studio with yours: hitherto studio MODEL.safetensors"))),n)}var an=()=>decodeURIComponent(location.hash.replace(/^#\/?/,""));async function Ja(){let n=await fetch("studio/models");return n.ok?(Ht=(await n.json()).models,on.replaceChildren(...Ht.map(e=>b("a",{href:`#/${encodeURIComponent(e.name)}`,"data-name":e.name},{},y("span","name",e.name),y("small","",e.task))),b("a",{href:`#/${Ka}`,class:"soft"},{},"Train an example")),!0):(vs.replaceChildren(y("section","card prose",y("h1","","Locked"),y("p","",await n.text()))),!1)}async function Xc(){await Ja()&&vr(an())}addEventListener("hashchange",()=>vr(an()));addEventListener("keydown",n=>{if(qr(n)||n.ctrlKey||n.metaKey||!["[","]"].includes(n.key))return;let e=Ht.findIndex(s=>s.name===(an()||Ht[0]?.name)),t=Ht[(e+(n.key==="]"?1:-1)+Ht.length)%Ht.length];t&&(location.hash=`#/${encodeURIComponent(t.name)}`)});qa();Xc();
