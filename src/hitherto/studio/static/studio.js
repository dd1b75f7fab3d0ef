var Ir='.uplot, .uplot *, .uplot *::before, .uplot *::after {box-sizing: border-box;}.uplot {font-family: system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, "Noto Sans", sans-serif, "Apple Color Emoji", "Segoe UI Emoji", "Segoe UI Symbol", "Noto Color Emoji";line-height: 1.5;width: min-content;}.u-title {text-align: center;font-size: 18px;font-weight: bold;}.u-wrap {position: relative;user-select: none;}.u-over, .u-under {position: absolute;}.u-under {overflow: hidden;}.uplot canvas {display: block;position: relative;width: 100%;height: 100%;}.u-axis {position: absolute;}.u-legend {font-size: 14px;margin: auto;text-align: center;}.u-inline {display: block;}.u-inline * {display: inline-block;}.u-inline tr {margin-right: 16px;}.u-legend th {font-weight: 600;}.u-legend th > * {vertical-align: middle;display: inline-block;}.u-legend .u-marker {width: 1em;height: 1em;margin-right: 4px;background-clip: padding-box !important;}.u-inline.u-live th::after {content: ":";vertical-align: middle;}.u-inline:not(.u-live) .u-value {display: none;}.u-series > * {padding: 4px;}.u-series th {cursor: pointer;}.u-legend .u-off > * {opacity: 0.3;}.u-select {background: rgba(0,0,0,0.07);position: absolute;pointer-events: none;}.u-cursor-x, .u-cursor-y {position: absolute;left: 0;top: 0;pointer-events: none;will-change: transform;}.u-hz .u-cursor-x, .u-vt .u-cursor-y {height: 100%;border-right: 1px dashed #607D8B;}.u-hz .u-cursor-y, .u-vt .u-cursor-x {width: 100%;border-bottom: 1px dashed #607D8B;}.u-cursor-pt {position: absolute;top: 0;left: 0;border-radius: 50%;border: 0 solid;pointer-events: none;will-change: transform;/*this has to be !important since we set inline "background" shorthand */background-clip: padding-box !important;}.u-axis.u-off, .u-select.u-off, .u-cursor-x.u-off, .u-cursor-y.u-off, .u-cursor-pt.u-off {display: none;}';function y(s,e={},t={},...n){let i=document.createElement(s);for(let[o,a]of Object.entries(e))a===!0?i.setAttribute(o,""):a!==!1&&a!==null&&a!==void 0&&i.setAttribute(o,String(a));return Object.assign(i,t),i.append(...n.filter(o=>o!=null&&o!==!1)),i}var w=(s,e,...t)=>y(s,e?{class:e}:{},{},...t);function Ye(s){let e=!1;return()=>{e||(e=!0,requestAnimationFrame(()=>{e=!1,s()}))}}var Ae=s=>getComputedStyle(document.documentElement).getPropertyValue(`--${s}`).trim(),Rt=s=>s>=.995?"100 %":s>=.0995?`${Math.round(s*100)} %`:s>=.001?`${(s*100).toFixed(1)} %`:"<0.1 %",it=s=>Number.isFinite(s)?Math.abs(s)>=1e3?Math.round(s).toLocaleString("en"):String(Number(s.toPrecision(3))):"",Ft=s=>s.replace(/\n/g,"⏎").replace(/ /g,"␣")||"∅",Or=s=>s.target instanceof HTMLElement&&/^(TEXTAREA|INPUT|SELECT)$/.test(s.target.tagName);function zn(s){document.dispatchEvent(new CustomEvent("say",{detail:s}))}var ba=700,is=class extends HTMLElement{onready=()=>{};timer=0;asked="";connectedCallback(){this.look()}disconnectedCallback(){clearTimeout(this.timer)}async look(){clearTimeout(this.timer);try{let e=await fetch("studio/starters"),{starters:t}=await e.json();this.show(t);let n=t.find(i=>i.name===this.asked&&i.state==="ready");if(n){this.asked="",this.onready(n.name);return}}catch{}this.isConnected&&(this.timer=window.setTimeout(()=>{this.look()},ba))}async begin(e){this.asked=e,await fetch(`studio/starters/${encodeURIComponent(e)}`,{method:"POST"}),await this.look()}show(e){let t=document.activeElement?.dataset.name;this.replaceChildren(...e.map(n=>w("section","card starter",w("h2","",n.title),w("p","soft",n.about),w("span","space"),...this.state(n)))),t&&this.querySelector(`[data-name="${t}"]`)?.focus()}state(e){if(e.state==="training")return[y("progress",{value:e.share,max:1,"aria-label":`Training: ${e.title}`}),w("p","soft",`${Math.round(100*e.share)} % · ${e.says}`)];let t=e.state==="ready",n=y("button",{type:"button",class:"primary","data-name":e.name},{onclick:()=>t?this.onready(e.name):void this.begin(e.name)},t?"Open":e.state==="failed"?"Try again":"Train");return e.state==="failed"?[y("p",{role:"alert"},{},e.says),n]:[n]}};customElements.define("start-page",is);var wa={F32:(s,e,t)=>new Float32Array(s,e,t),I32:(s,e,t)=>new Int32Array(s,e,t),U8:(s,e,t)=>new Uint8Array(s,e,t)},Vr=new TextDecoder;function Ur(s){let e=Number(new DataView(s).getBigUint64(0,!0)),t=JSON.parse(Vr.decode(new Uint8Array(s,8,e))),n={};for(let[o,a]of Object.entries(t)){let h=wa[a.dtype];if(!h)continue;let d=a.shape.reduce((p,b)=>p*b,1);n[o]={shape:a.shape,data:h(s,8+e+a.data_offsets[0],d)}}let i=JSON.parse(Vr.decode(n.said.data));return delete n.said,{said:i,tensors:n}}var qt=class extends Error{},Br=400,ya=5e3,_s=class{constructor(e,t,n){this.model=e;this.opened=t;this.health=n;this.connect()}model;opened;health;socket=null;waiting=new Map;next=1;wait=Br;closed=!1;timer=0;ask(e,t,n=()=>{}){return new Promise((i,o)=>{if(this.socket?.readyState!==WebSocket.OPEN){o(new qt("the server is away"));return}let a=this.next++;this.waiting.set(a,{onPart:n,done:i,failed:o}),this.socket.send(JSON.stringify({id:a,call:e,...t}))})}async one(e,t){let n={tensors:{}};return await this.ask(e,t,i=>{n={...n,...i,tensors:{...n.tensors,...i.tensors}}}),n}stop(){this.waiting.size&&this.socket?.readyState===WebSocket.OPEN&&this.socket.send('{"call":"stop"}')}close(){this.closed=!0,clearTimeout(this.timer),this.socket?.close()}connect(){let e=new URL(`studio/live/${encodeURIComponent(this.model)}`,document.baseURI);e.protocol=e.protocol.replace("http","ws");let t=new WebSocket(e);t.binaryType="arraybuffer",this.socket=t;let n="";t.onmessage=i=>{if(typeof i.data!="string"){let{said:h,tensors:d}=Ur(i.data);this.waiting.get(h.id)?.onPart({...h,tensors:d});return}let o=JSON.parse(i.data);if(o.id===0){o.error?n=String(o.error):(this.wait=Br,this.health("open",""),this.opened(o));return}let a=this.waiting.get(o.id);this.waiting.delete(o.id),o.error?a?.failed(new qt(String(o.error))):a?.done()},t.onclose=async()=>{let i=[...this.waiting.values()];this.waiting.clear();for(let a of i)a.failed(new qt("the server went away"));if(this.closed)return;if(n){this.health("refused",n);return}let o=await fetch("studio/models").then(a=>a.status===403,()=>!1);this.closed||(this.health(o?"locked":"away",""),this.timer=window.setTimeout(()=>this.connect(),this.wait),this.wait=Math.min(ya,this.wait*1.6))}}},Dt=class{constructor(e=()=>{}){this.hurry=e}hurry;running=!1;waiting=null;run(e){this.waiting=e,this.running?this.hurry():this.drain()}async drain(){for(this.running=!0;this.waiting;){let e=this.waiting;this.waiting=null;try{await e()}catch(t){if(!(t instanceof qt))throw t;zn(t.message)}}this.running=!1}};var Gr="hitherto-theme",Kr=matchMedia("(prefers-color-scheme: dark)"),Ie=new EventTarget,rs="auto";try{rs=localStorage.getItem(Gr)??"auto"}catch{}var jr=()=>rs;function Yr(s){rs=s;try{localStorage.setItem(Gr,s)}catch{}Ps()}function Ps(){let s=rs==="auto"?Kr.matches?"dark":"light":rs;document.documentElement.dataset.theme=s,Ai.clear(),Ie.dispatchEvent(new Event("change"))}Kr.addEventListener("change",Ps);function Jt(s){let e=Ae(s).replace("#","");return[0,2,4].map(t=>Number.parseInt(e.slice(t,t+2),16))}var Ai=new Map;function qr(s){let e=Ai.get(s);if(!e){e=new Uint32Array(256);let[t,n,i]=[Jt("ground"),Jt("cool"),Jt("warm")];for(let o=0;o<256;o++){let a=s==="share"?o/255:(o-127.5)/127.5,h=a<0?i:n,d=Math.abs(a)**.8,[p,b,m]=t.map((g,k)=>Math.round(g+d*(h[k]-g)));e[o]=255<<24|m<<16|b<<8|p}Ai.set(s,e)}return e}var xa=1200,ka=.05,os=class extends HTMLElement{shown={source:[],target:[],weights:null,p:null,signed:!1};aim=null;words={source:[],target:[]};rows={source:y("div",{class:"words",role:"group","aria-label":"What it read"}),target:y("div",{class:"words",role:"group","aria-label":"What it wrote"})};lines=document.createElement("canvas");reading=y("output",{class:"reading"});draw=Ye(()=>this.paint());sized=new ResizeObserver(()=>this.draw());connectedCallback(){if(!this.lines.isConnected){this.lines.setAttribute("aria-hidden","true"),this.append(this.lines,this.rows.source,this.rows.target,this.reading);for(let e of["source","target"]){let t=this.rows[e];t.addEventListener("keydown",n=>this.key(e,n)),t.addEventListener("pointerleave",()=>this.point(null)),t.addEventListener("focusout",()=>this.point(null))}this.tell()}this.sized.observe(this),Ie.addEventListener("change",this.draw)}disconnectedCallback(){this.sized.disconnect(),Ie.removeEventListener("change",this.draw)}show(e){this.shown=e,this.aim=null;for(let t of["source","target"])this.words[t]=e[t].map((n,i)=>this.word(t,n,i)),this.rows[t].replaceChildren(...this.words[t]);this.tell(),this.draw()}word(e,t,n){let i=()=>this.point({side:e,at:n}),o=e==="target"?this.shown.p?.[n]:void 0;return y("button",{type:"button",class:"word",tabindex:n?-1:0},{onpointerenter:i,onfocus:i,onclick:i},w("span","",Ft(t)),o!==void 0&&w("small","",Rt(o)))}key(e,t){let n=this.words[e],i=n.indexOf(t.target),o={ArrowLeft:i-1,ArrowRight:i+1,Home:0,End:n.length-1}[t.key],a=o===void 0?void 0:n[o];if(a){t.preventDefault();for(let h of n)h.tabIndex=h===a?0:-1;a.focus()}}point(e){e?.side===this.aim?.side&&e?.at===this.aim?.at||(this.aim=e,this.tell(),this.draw())}weight(e,t){return this.shown.weights?.[e*this.shown.source.length+t]??0}most(e){if(!this.shown.signed)return 1;let t=1e-9;for(let n=0;n<this.shown.source.length;n++)t=Math.max(t,Math.abs(this.weight(e,n)));return t}tell(){let{shown:e,aim:t}=this,n=t?.side==="source"?"target":"source",i=o=>{if(!t)return 0;let[a,h]=t.side==="target"?[t.at,o]:[o,t.at];return this.weight(a,h)/this.most(a)};for(let o of["source","target"])this.words[o].forEach((a,h)=>{let d=o===n?i(h):0;a.classList.toggle("aimed",t?.side===o&&t.at===h),a.classList.toggle("against",d<0),a.style.setProperty("--share",`${Math.round(70*Math.abs(d)**.6)}%`)});if(!e.weights)this.reading.textContent="";else if(!t)this.reading.textContent="Point at a word, or go to it with Tab and the arrow keys.";else{let o=e[n].map((d,p)=>({word:d,share:i(p)})).sort((d,p)=>Math.abs(p.share)-Math.abs(d.share)).slice(0,3).map(({word:d,share:p})=>`${Ft(d)} ${e.signed?p.toFixed(2):Rt(p)}`),a=Ft(e[t.side][t.at]??""),h=e.signed?t.side==="target"?"rests most on":"is most to":t.side==="target"?"looked most at":"was looked at most by";this.reading.textContent=`“${a}” ${h} ${o.join(", ")}`}}paint(){let{lines:e,shown:t,aim:n}=this,i=this.getBoundingClientRect(),o=devicePixelRatio;e.width=Math.round(i.width*o),e.height=Math.round(i.height*o);let a=e.getContext("2d");if(a.scale(o,o),!t.weights)return;let[h,d]=[Ae("accent"),Ae("warm")],p=(k,A)=>{let C=k.getBoundingClientRect();return[C.left+C.width/2-i.left,(A?C.bottom:C.top)-i.top]},b=this.words.target.map(k=>p(k,!1)),m=this.words.source.map(k=>p(k,!0)),g=[];for(let k=0;k<b.length;k++){if(n?.side==="target"&&n.at!==k)continue;let A=this.most(k);for(let C=0;C<m.length;C++){if(n?.side==="source"&&n.at!==C)continue;let F=this.weight(k,C)/A;Math.abs(F)>=ka&&g.push([k,C,F])}}g.sort((k,A)=>Math.abs(A[2])-Math.abs(k[2]));for(let[k,A,C]of g.slice(0,xa)){let[F,z]=m[A],[M,$]=b[k];a.globalAlpha=Math.abs(C)**.7*(n?1:.6),a.strokeStyle=C<0?d:h,a.setLineDash(C<0?[4,3]:[]),a.lineWidth=.8+3*Math.abs(C);let E=Math.max(18,($-z)*.45);a.beginPath(),a.moveTo(F,z),a.bezierCurveTo(F,z+E,M,$-E,M,$),a.stroke()}}};customElements.define("word-links",os);var Sa={lstm:{h:"memory h",c:"cell c",i:"input gate i",f:"forget gate f",g:"candidate g",o:"output gate o"},gru:{h:"memory h",r:"reset gate r",z:"update gate z",n:"candidate n"},rnn:{h:"memory h"}},Ma=14,cn=46,xt=class extends HTMLElement{called=e=>`step ${e+1}`;onwant=()=>{};onunit=()=>{};onstep=()=>{};said=null;columns=[];begin=0;units=[];lives=null;chosen=null;cursor=null;want={layer:"",part:""};canvas=y("canvas",{tabindex:0,role:"img"});tools=w("div","tools");reading=y("output",{class:"reading"});image=document.createElement("canvas");draw=Ye(()=>this.paint());sized=new ResizeObserver(()=>this.draw());connectedCallback(){this.canvas.isConnected||(this.append(this.tools,w("div","canvas",this.canvas),this.reading),this.canvas.addEventListener("pointermove",e=>this.point(e)),this.canvas.addEventListener("pointerleave",()=>this.aim(null)),this.canvas.addEventListener("click",()=>this.choose()),this.canvas.addEventListener("keydown",e=>this.key(e)),this.read()),this.sized.observe(this.canvas),Ie.addEventListener("change",this.draw)}disconnectedCallback(){this.sized.disconnect(),Ie.removeEventListener("change",this.draw)}asked(e=0){return{...this.want,first:e}}get unit(){return this.chosen}value(e){return this.chosen?this.columns[e-this.begin]?.[this.chosen.row]??null:null}get most(){if(this.shares)return 1;let e=1e-6;for(let t of this.columns)for(let n of t)e=Math.max(e,Math.abs(n));return this.said&&this.said.part==="h"&&this.said.layers[0]?.gates.length?1:e}take(e,t){let n=t.strip;if(!n)return;let i=e.layer!==this.said?.layer||e.part!==this.said?.part,[o=0,a=0]=n.shape;(i||e.first<this.begin||e.first>this.begin+this.columns.length)&&(this.columns=[],this.begin=e.first),this.columns.length=Math.min(this.columns.length,e.first-this.begin);let h=n.data;for(let b=0;b<o;b++)this.columns.push(h.subarray(b*a,(b+1)*a));let d=this.columns.length-2e3;d>0&&(this.columns.splice(0,d),this.begin+=d),this.units=t.units?.data??[],this.lives=t.half_life?.data??null;let p=!this.said||JSON.stringify(this.said.layers)!==JSON.stringify(e.layers);this.said=e,this.want={layer:e.layer,part:e.part},(p||i)&&this.toolbar(),this.chosen&&this.chosen.layer!==e.layer&&this.pick(null),this.read(),this.draw()}clear(){this.columns=[],this.begin=0,this.draw()}get layer(){return this.said?.layers.find(e=>e.name===this.said?.layer)}get shares(){return!!this.layer&&this.layer.shares.includes(this.said.part)}toolbar(){let{said:e,layer:t}=this;if(!e||!t)return;let n=Sa[t.cell]??{},o=[...t.states,...t.gates.filter(h=>!t.states.includes(h))].map(h=>y("button",{type:"button","aria-pressed":String(h===e.part)},{onclick:()=>{this.want={layer:e.layer,part:h},this.onwant()}},n[h]??h)),a=e.layers.length>1&&y("select",{"aria-label":"Layer"},{onchange:h=>{this.want={layer:h.target.value,part:e.part},this.onwant()}},...e.layers.map(h=>y("option",{value:h.name,selected:h.name===e.layer},{},Aa(h,e.layers))));this.tools.replaceChildren(...[a,y("div",{class:"segments",role:"group","aria-label":"What is shown"},{},...o)].filter(h=>!!h))}place(e){let t=this.canvas.getBoundingClientRect(),{width:n,shown:i,from:o}=this.fit(t.width),a=Math.floor((e.clientX-t.left-cn)/n),h=this.columns[0]?.length??0,d=Math.floor((e.clientY-t.top)/t.height*h);return a<0||a>=i||d<0||d>=h?null:{step:this.begin+o+a,row:d}}point(e){this.aim(this.place(e))}aim(e){this.cursor=e,this.onstep(e?.step??null),this.read(),this.draw()}choose(){if(!this.cursor||!this.said)return;let e=Number(this.units[this.cursor.row]);this.pick(this.chosen?.unit===e&&this.chosen.layer===this.said.layer?null:{layer:this.said.layer,unit:e,row:this.cursor.row})}pick(e){this.chosen=e,this.onunit(e),this.read(),this.draw()}key(e){let t=this.begin+this.columns.length-1,n=this.columns[0]?.length??0;if(!n)return;let i=this.cursor??{step:t,row:0},a={ArrowLeft:[-1,0],ArrowRight:[1,0],ArrowUp:[0,-1],ArrowDown:[0,1]}[e.key];a?(e.preventDefault(),this.aim({step:Math.max(this.begin,Math.min(t,i.step+(this.cursor?a[0]:0))),row:Math.max(0,Math.min(n-1,i.row+(this.cursor?a[1]:0)))})):e.key==="Enter"||e.key===" "?(e.preventDefault(),this.choose()):e.key==="Escape"&&this.aim(null)}read(){let{said:e,layer:t,cursor:n}=this;if(!e||!t||!this.columns.length){this.reading.textContent="The strip grows with every step that the model reads.",this.canvas.setAttribute("aria-label","The memory: nothing was read yet");return}let i=this.columns[0].length,o=i<t.units?`, ${i} of them shown`:"",a=this.lives?"; those that remember longest at the top":"";this.canvas.setAttribute("aria-label",`The memory after ${this.begin+this.columns.length} steps: ${t.units} units${o}${a}. Arrow keys move, Enter chooses a unit.`);let h=[],d=n?.row??this.chosen?.row;if(d!==void 0){h.push(`unit ${this.units[d]}`);let p=this.lives?.[d];if(p!==void 0&&h.push(`half-life ${p>=1e6?"endless":`${it(p)} steps`}`),n){let b=this.columns[n.step-this.begin]?.[d];b!==void 0&&h.push(`${e.part} = ${b.toFixed(2)} after “${Ft(this.called(n.step))}”`)}}else h.push(`${t.units} units${o}`),h.push(this.shares?"pale: shut, full: open":"blue: above 0, orange: below"),h.push("click a row to follow a unit");this.reading.textContent=h.join("  ·  ")}fit(e){let t=Math.max(1,e-cn),n=Math.max(1,Math.min(Ma,t/Math.max(1,this.columns.length))),i=Math.min(this.columns.length,Math.floor(t/n));return{width:n,shown:i,from:this.columns.length-i}}paint(){let e=this.canvas.getBoundingClientRect(),t=devicePixelRatio||1,n=Math.max(1,Math.round(e.width*t)),i=Math.max(1,Math.round(e.height*t));(this.canvas.width!==n||this.canvas.height!==i)&&(this.canvas.width=n,this.canvas.height=i);let o=this.canvas.getContext("2d");o.setTransform(t,0,0,t,0,0),o.clearRect(0,0,e.width,e.height);let a=this.columns[0]?.length??0;if(!a)return;let{width:h,shown:d,from:p}=this.fit(e.width);this.image.width=d,this.image.height=a;let b=this.image.getContext("2d"),m=b.createImageData(d,a),g=new Uint32Array(m.data.buffer),k=qr(this.shares?"share":"signed"),A=this.shares?255:127.5/this.most,C=this.shares?0:127.5;for(let z=0;z<d;z++){let M=this.columns[p+z];for(let $=0;$<a;$++){let E=C+M[$]*A;g[$*d+z]=k[E<0?0:E>255?255:Math.round(E)]}}b.putImageData(m,0,0),o.imageSmoothingEnabled=!1,o.drawImage(this.image,cn,0,d*h,e.height);let F=getComputedStyle(this);this.scale(o,e.height,a,F),this.mark(o,e.height,a,h,p,d,F)}scale(e,t,n,i){if(this.lives){e.fillStyle=i.getPropertyValue("--soft"),e.font="11px system-ui, sans-serif",e.textAlign="right";for(let[o,a]of[[0,9],[Math.floor(n/2),t/2+4],[n-1,t-2]]){let h=this.lives[o];h!==void 0&&e.fillText(h>=1e6?"∞":it(h),cn-8,a)}}}mark(e,t,n,i,o,a,h){let d=t/n;if(e.lineWidth=1.5,this.chosen&&(e.strokeStyle=h.getPropertyValue("--ink"),e.strokeRect(cn-1,this.chosen.row*d-1,a*i+2,Math.max(3,d)+2)),this.cursor){e.strokeStyle=h.getPropertyValue("--soft");let p=cn+(this.cursor.step-this.begin-o)*i;e.strokeRect(p,0,i,t),e.strokeRect(cn,this.cursor.row*d,a*i,Math.max(2,d))}}};customElements.define("memory-strip",xt);function Aa(s,e){let t=h=>h.name.startsWith("encode."),n=e.filter(h=>t(h)===t(s)&&!h.name.endsWith("_reverse")),i=s.name.endsWith("_reverse"),o=n.findIndex(h=>h.name===s.name.replace(/_reverse$/,""))+1;return`${e.some(t)?t(s)?"encoder":"decoder":"layer"} ${o}${i?", from the end":""}`}var Jr=[["4","Search, 4 beams",{num_beams:4}],["12","Search, 12 beams",{num_beams:12}],["1","Always the likeliest",{num_beams:1}],["0.7","Dice, careful",{temperature:.7}],["1.0","Dice",{temperature:1}]],Rs=class{constructor(e){this.wants=e;this.memory.called=t=>this.called(t),this.memory.onwant=()=>this.wants.look(this.memory.asked())}wants;links=new os;memory=new xt;said={tensors:{}};chosen=0;lens="attention";rested=[];seed=1;layer="";lenses=y("div",{class:"segments",role:"group","aria-label":"Lines between words"});best=y("ol",{class:"nbest","aria-label":"The best texts"});note=w("p","soft");legend=w("p","legend");dice=y("button",{type:"button",hidden:!0},{onclick:()=>{this.seed++,this.wants.again()}},"Other dice");way=y("select",{"aria-label":"How it is found"},{onchange:()=>{this.dice.hidden=!("temperature"in this.how()),this.wants.again()}},...Jr.map(([e,t])=>y("option",{value:e},{},t)));how(){return Jr.find(([e])=>e===this.way.value)?.[2]??{}}asked(){let e=this.how();return{...e,..."temperature"in e?{seed:this.seed}:{},memory:this.memory.asked()}}cards(e){return{list:y("section",{class:"card","aria-label":e},{},w("div","row",w("h2","",e),w("span","space"),this.dice,this.way),this.best,this.note),links:y("section",{class:"card wide","aria-label":"Words"},{},w("div","row",w("h2","","From word to word"),w("span","space"),this.lenses),this.links,this.legend),memory:y("section",{class:"card wide","aria-label":"Memory"},{},w("h2","","Memory"),this.memory)}}opened(e){e.attends||(this.lens="rests"),this.note.textContent=e.both?"The encoder reads from both ends, so an answer begins when the input is over; it is shown whole.":"The encoder reads from the beginning to the end, so it can take an input as it comes.";let t=[["attention","Where it looked"],["rests","What it rests on"]];this.lenses.replaceChildren(...t.filter(([n])=>n==="rests"||e.attends).map(([n,i])=>y("button",{type:"button","aria-pressed":String(n===this.lens),"data-lens":n},{onclick:()=>this.look(n)},i)))}take(e){e.texts&&(this.said=e,this.chosen=0,this.rested=[],this.list(),this.link()),e.cut&&(this.note.textContent=`The input has ${e.cut.toLocaleString("en")} tokens; not all are read.`),e.memory&&(this.layer=e.memory.layer,this.memory.take(e.memory,e.tensors))}look(e){this.lens=e;for(let t of this.lenses.querySelectorAll("button"))t.setAttribute("aria-pressed",String(t.dataset.lens===e));this.link()}list(){let e=this.said.texts??[];this.best.replaceChildren(...e.map((t,n)=>w("li","",y("button",{type:"button","aria-pressed":String(n===this.chosen)},{onclick:()=>{this.chosen=n,this.list(),this.link(),this.wants.choose(t.text)}},w("span","found",t.text||"(nothing)"),w("small","",`${Rt(Math.exp(t.log_prob/t.pieces.length))} a token`)))))}async link(){let{source:e,texts:t,tensors:n}=this.said,i=this.chosen,o=t?.[i];if(!e||!o){this.links.show({source:[],target:[],weights:null,p:null,signed:!1});return}if(this.lens==="rests"&&this.rested[i]===void 0){this.rested[i]=null;let d=this.said,p=await this.wants.rests(i);if(d!==this.said)return;this.rested[i]=p.rests?.data??null}let a=this.lens==="rests",h=a?this.rested[i]:n[`attention.${i}`]?.data;this.legend.textContent=a?"Blue speaks for a word, dashed orange against it: the gradient times what was read.":"The share of its attention that the decoder gave each word before it wrote the next.",this.links.show({source:e,target:o.pieces,weights:h??null,p:n[`p.${i}`]?.data??null,signed:a})}called(e){let{source:t,texts:n}=this.said;return this.layer.startsWith("encode")?t?.[e]??"":e?n?.[0]?.pieces[e-1]??"":"the beginning"}};var Nt=class extends HTMLElement{model;live;built=!1;connectedCallback(){this.built||(this.built=!0,this.build()),this.live=new _s(this.model.name,e=>this.opened(e),(e,t)=>{this.dispatchEvent(new CustomEvent("health",{detail:e,bubbles:!0})),e==="refused"&&this.refuse(t)})}disconnectedCallback(){this.live.close()}say(e){zn(e)}refuse(e){this.replaceChildren(y("p",{class:"card note",role:"alert"},{},e))}};var Hn=class extends Nt{asking=new Dt(()=>this.live.stop());found=new Rs({rests:async e=>(await this.live.one("rests",{text:e})).tensors,look:e=>this.asking.run(async()=>this.found.take(await this.live.one("look",{memory:e}))),again:()=>this.ask(),choose:e=>this.chosen(e)});chosen(e){}answer(e,t=()=>{}){this.asking.run(()=>this.live.ask("write",{...e,...this.found.asked()},n=>{this.found.take(n),n.texts&&t(n.texts[0]?.text??"")}))}};var Fs=class extends Hn{turns=[];reads=3;log=w("ol","talk");note=w("p","soft");line=y("input",{type:"text","aria-label":"Your turn",autocomplete:"off"});build(){let e=this.found.cards("Replies");this.classList.add("halves");let t=y("form",{class:"row"},{onsubmit:n=>{n.preventDefault(),this.send()}},this.line,y("button",{class:"primary"},{},"Send"));this.append(y("section",{class:"card","aria-label":"Conversation"},{},w("div","row",w("h2","","Conversation"),w("span","space"),y("button",{type:"button"},{onclick:()=>this.anew()},"Begin anew")),y("div",{class:"scrolled",role:"log","aria-label":"Turns",tabindex:0},{},this.log),t,this.note),e.list,e.links,e.memory),this.show()}opened(e){this.found.opened(e),this.reads=e.turns,this.note.textContent=`It reads the last ${e.turns} turns. Take another reply, and the conversation goes on from it.`,this.turns.at(-1)?.[0]===">"&&this.ask(),this.line.focus({preventScroll:!0})}anew(){this.turns=[],this.show(),this.line.focus()}send(){let e=this.line.value.trim();e&&(this.line.value="",this.turns.push([">",e]),this.show(),this.ask())}ask(){if(this.turns.at(-1)?.[0]==="<"&&this.turns.pop(),!this.turns.length)return;let e=this.turns.slice(-this.reads);this.answer({turns:e},t=>this.chosen(t))}chosen(e){this.turns.at(-1)?.[0]==="<"&&this.turns.pop(),this.turns.length&&(this.turns.push(["<",e]),this.show())}show(){this.log.replaceChildren(...this.turns.map(([e,t])=>y("li",{class:e===">"?"theirs":"ours"},{},w("small","",e===">"?"you":"the model"),w("p","",t||"(nothing)")))),this.log.parentElement&&(this.log.parentElement.scrollTop=this.log.scrollHeight)}};var Ta="uplot",Ea="u-hz",Ca="u-vt",La="u-title",_a="u-wrap",Pa="u-under",Ra="u-over",Fa="u-axis",pn="u-off",Da="u-select",Na="u-cursor-x",$a="u-cursor-y",za="u-cursor-pt",Ha="u-legend",Wa="u-live",Ia="u-inline",Oa="u-series",Va="u-marker",Zr="u-label",Ua="u-value",as="width",hs="height";var Qr="bottom",Wn="left",Ti="right",Ui="#000",Xr=Ui+"0",Ei="mousemove",eo="mousedown",Ci="mouseup",to="mouseenter",no="mouseleave",so="dblclick",Ba="resize",Ga="scroll",io="change",Hs="dppxchange",Bi="--",Kn=typeof window<"u",Fi=Kn?document:null,On=Kn?window:null,Ka=Kn?navigator:null,le,Ds;function Di(){let s=devicePixelRatio;le!=s&&(le=s,Ds&&$i(io,Ds,Di),Ds=matchMedia(`(min-resolution: ${le-.001}dppx) and (max-resolution: ${le+.001}dppx)`),fn(io,Ds,Di),On.dispatchEvent(new CustomEvent(Hs)))}function rt(s,e){if(e!=null){let t=s.classList;!t.contains(e)&&t.add(e)}}function Ni(s,e){let t=s.classList;t.contains(e)&&t.remove(e)}function be(s,e,t){s.style[e]=t+"px"}function kt(s,e,t,n){let i=Fi.createElement(s);return e!=null&&rt(i,e),t?.insertBefore(i,n),i}function ft(s,e){return kt("div",s,e)}var ro=new WeakMap;function $t(s,e,t,n,i){let o="translate("+e+"px,"+t+"px)",a=ro.get(s);o!=a&&(s.style.transform=o,ro.set(s,o),e<0||t<0||e>n||t>i?rt(s,pn):Ni(s,pn))}var oo=new WeakMap;function lo(s,e,t){let n=e+t,i=oo.get(s);n!=i&&(oo.set(s,n),s.style.background=e,s.style.borderColor=t)}var ao=new WeakMap;function ho(s,e,t,n){let i=e+""+t,o=ao.get(s);i!=o&&(ao.set(s,i),s.style.height=t+"px",s.style.width=e+"px",s.style.marginLeft=n?-e/2+"px":0,s.style.marginTop=n?-t/2+"px":0)}var Gi={passive:!0},ja={...Gi,capture:!0};function fn(s,e,t,n){e.addEventListener(s,t,n?ja:Gi)}function $i(s,e,t,n){e.removeEventListener(s,t,Gi)}Kn&&Di();function St(s,e,t,n){let i;t=t||0,n=n||e.length-1;let o=n<=2147483647;for(;n-t>1;)i=o?t+n>>1:ot((t+n)/2),e[i]<s?t=i:n=i;return s-e[t]<=e[n]-s?t:n}function Ho(s){return(t,n,i)=>{let o=-1,a=-1;for(let h=n;h<=i;h++)if(s(t[h])){o=h;break}for(let h=i;h>=n;h--)if(s(t[h])){a=h;break}return[o,a]}}var Wo=s=>s!=null,Io=s=>s!=null&&s>0,Os=Ho(Wo),Ya=Ho(Io);function qa(s,e,t,n=0,i=!1){let o=i?Ya:Os,a=i?Io:Wo;[e,t]=o(s,e,t);let h=s[e],d=s[e];if(e>-1)if(n==1)h=s[e],d=s[t];else if(n==-1)h=s[t],d=s[e];else for(let p=e;p<=t;p++){let b=s[p];a(b)&&(b<h?h=b:b>d&&(d=b))}return[h??de,d??-de]}function Vs(s,e,t,n){let i=po(s),o=po(e);s==e&&(i==-1?(s*=t,e/=t):(s/=t,e*=t));let a=t==10?Ot:Oo,h=i==1?ot:mt,d=o==1?mt:ot,p=h(a(Pe(s))),b=d(a(Pe(e))),m=Vn(t,p),g=Vn(t,b);return t==10&&(p<0&&(m=pe(m,-p)),b<0&&(g=pe(g,-b))),n||t==2?(s=m*i,e=g*o):(s=Go(s,m),e=Us(e,g)),[s,e]}function Ki(s,e,t,n){let i=Vs(s,e,t,n);return s==0&&(i[0]=0),e==0&&(i[1]=0),i}var ji=.1,co={mode:3,pad:ji},us={pad:0,soft:null,mode:0},Ja={min:us,max:us};function Ws(s,e,t,n){return Bs(t)?uo(s,e,t):(us.pad=t,us.soft=n?0:null,us.mode=n?3:0,uo(s,e,Ja))}function re(s,e){return s??e}function Za(s,e,t){for(e=re(e,0),t=re(t,s.length-1);e<=t;){if(s[e]!=null)return!0;e++}return!1}function uo(s,e,t){let n=t.min,i=t.max,o=re(n.pad,0),a=re(i.pad,0),h=re(n.hard,-de),d=re(i.hard,de),p=re(n.soft,de),b=re(i.soft,-de),m=re(n.mode,0),g=re(i.mode,0),k=e-s,A=Ot(k),C=qe(Pe(s),Pe(e)),F=Ot(C),z=Pe(F-A);(k<1e-24||z>10)&&(k=0,(s==0||e==0)&&(k=1e-24,m==2&&p!=de&&(o=0),g==2&&b!=-de&&(a=0)));let M=k||C||1e3,$=Ot(M),E=Vn(10,ot($)),J=M*(k==0?s==0?.1:1:o),N=pe(Go(s-J,E/10),24),Z=s>=p&&(m==1||m==3&&N<=p||m==2&&N>=p)?p:de,j=qe(h,N<Z&&s>=Z?Z:Mt(Z,N)),ee=M*(k==0?e==0?.1:1:a),K=pe(Us(e+ee,E/10),24),L=e<=b&&(g==1||g==3&&K>=b||g==2&&K<=b)?b:-de,q=Mt(d,K>L&&e<=L?L:qe(L,K));return j==q&&j==0&&(q=100),[j,q]}var Qa=new Intl.NumberFormat(Kn?Ka.language:"en-US"),Yi=s=>Qa.format(s),lt=Math,zs=lt.PI,Pe=lt.abs,ot=lt.floor,_e=lt.round,mt=lt.ceil,Mt=lt.min,qe=lt.max,Vn=lt.pow,po=lt.sign,Ot=lt.log10,Oo=lt.log2,Xa=(s,e=1)=>lt.sinh(s)*e,Li=(s,e=1)=>lt.asinh(s/e),de=1/0;function fo(s){return(Ot((s^s>>31)-(s>>31))|0)+1}function zi(s,e,t){return Mt(qe(s,e),t)}function Vo(s){return typeof s=="function"}function te(s){return Vo(s)?s:()=>s}var eh=()=>{},Uo=s=>s,Bo=(s,e)=>e,th=s=>null,mo=s=>!0,go=(s,e)=>s==e,nh=/\.\d*?(?=9{6,}|0{6,})/gm,mn=s=>{if(jo(s)||Qt.has(s))return s;let e=`${s}`,t=e.match(nh);if(t==null)return s;let n=t[0].length-1;if(e.indexOf("e-")!=-1){let[i,o]=e.split("e");return+`${mn(i)}e${o}`}return pe(s,n)};function un(s,e){return mn(pe(mn(s/e))*e)}function Us(s,e){return mn(mt(mn(s/e))*e)}function Go(s,e){return mn(ot(mn(s/e))*e)}function pe(s,e=0){if(jo(s))return s;let t=10**e,n=s*t*(1+Number.EPSILON);return _e(n)/t}var Qt=new Map;function Ko(s){return((""+s).split(".")[1]||"").length}function ps(s,e,t,n){let i=[],o=n.map(Ko);for(let a=e;a<t;a++){let h=Pe(a),d=pe(Vn(s,a),h);for(let p=0;p<n.length;p++){let b=s==10?+`${n[p]}e${a}`:n[p]*d,m=(a>=0?0:h)+(a>=o[p]?0:o[p]),g=s==10?b:pe(b,m);i.push(g),Qt.set(g,m)}}return i}var ds={},qi=[],Un=[null,null],Zt=Array.isArray,jo=Number.isInteger,sh=s=>s===void 0;function vo(s){return typeof s=="string"}function Bs(s){let e=!1;if(s!=null){let t=s.constructor;e=t==null||t==Object}return e}function ih(s){return s!=null&&typeof s=="object"}var rh=Object.getPrototypeOf(Uint8Array),Yo="__proto__";function Bn(s,e=Bs){let t;if(Zt(s)){let n=s.find(i=>i!=null);if(Zt(n)||e(n)){t=Array(s.length);for(let i=0;i<s.length;i++)t[i]=Bn(s[i],e)}else t=s.slice()}else if(s instanceof rh)t=s.slice();else if(e(s)){t={};for(let n in s)n!=Yo&&(t[n]=Bn(s[n],e))}else t=s;return t}function Ee(s){let e=arguments;for(let t=1;t<e.length;t++){let n=e[t];for(let i in n)i!=Yo&&(Bs(s[i])?Ee(s[i],Bn(n[i])):s[i]=Bn(n[i]))}return s}var oh=0,lh=1,ah=2;function hh(s,e,t){for(let n=0,i,o=-1;n<e.length;n++){let a=e[n];if(a>o){for(i=a-1;i>=0&&s[i]==null;)s[i--]=null;for(i=a+1;i<t&&s[i]==null;)s[o=i++]=null}}}function ch(s,e){if(ph(s)){let a=s[0].slice();for(let h=1;h<s.length;h++)a.push(...s[h].slice(1));return fh(a[0])||(a=dh(a)),a}let t=new Set;for(let a=0;a<s.length;a++){let d=s[a][0],p=d.length;for(let b=0;b<p;b++)t.add(d[b])}let n=[Array.from(t).sort((a,h)=>a-h)],i=n[0].length,o=new Map;for(let a=0;a<i;a++)o.set(n[0][a],a);for(let a=0;a<s.length;a++){let h=s[a],d=h[0];for(let p=1;p<h.length;p++){let b=h[p],m=Array(i).fill(void 0),g=e?e[a][p]:lh,k=[];for(let A=0;A<b.length;A++){let C=b[A],F=o.get(d[A]);C===null?g!=oh&&(m[F]=C,g==ah&&k.push(F)):m[F]=C}hh(m,k,i),n.push(m)}}return n}var uh=typeof queueMicrotask>"u"?s=>Promise.resolve().then(s):queueMicrotask;function dh(s){let e=s[0],t=e.length,n=Array(t);for(let o=0;o<n.length;o++)n[o]=o;n.sort((o,a)=>e[o]-e[a]);let i=[];for(let o=0;o<s.length;o++){let a=s[o],h=Array(t);for(let d=0;d<t;d++)h[d]=a[n[d]];i.push(h)}return i}function ph(s){let e=s[0][0],t=e.length;for(let n=1;n<s.length;n++){let i=s[n][0];if(i.length!=t)return!1;if(i!=e){for(let o=0;o<t;o++)if(i[o]!=e[o])return!1}}return!0}function fh(s,e=100){let t=s.length;if(t<=1)return!0;let n=0,i=t-1;for(;n<=i&&s[n]==null;)n++;for(;i>=n&&s[i]==null;)i--;if(i<=n)return!0;let o=qe(1,ot((i-n+1)/e));for(let a=s[n],h=n+o;h<=i;h+=o){let d=s[h];if(d!=null){if(d<=a)return!1;a=d}}return!0}var qo=["January","February","March","April","May","June","July","August","September","October","November","December"],Jo=["Sunday","Monday","Tuesday","Wednesday","Thursday","Friday","Saturday"];function Zo(s){return s.slice(0,3)}var mh=Jo.map(Zo),gh=qo.map(Zo),vh={MMMM:qo,MMM:gh,WWWW:Jo,WWW:mh};function ls(s){return(s<10?"0":"")+s}function bh(s){return(s<10?"00":s<100?"0":"")+s}var wh={YYYY:s=>s.getFullYear(),YY:s=>(s.getFullYear()+"").slice(2),MMMM:(s,e)=>e.MMMM[s.getMonth()],MMM:(s,e)=>e.MMM[s.getMonth()],MM:s=>ls(s.getMonth()+1),M:s=>s.getMonth()+1,DD:s=>ls(s.getDate()),D:s=>s.getDate(),WWWW:(s,e)=>e.WWWW[s.getDay()],WWW:(s,e)=>e.WWW[s.getDay()],HH:s=>ls(s.getHours()),H:s=>s.getHours(),h:s=>{let e=s.getHours();return e==0?12:e>12?e-12:e},AA:s=>s.getHours()>=12?"PM":"AM",aa:s=>s.getHours()>=12?"pm":"am",a:s=>s.getHours()>=12?"p":"a",mm:s=>ls(s.getMinutes()),m:s=>s.getMinutes(),ss:s=>ls(s.getSeconds()),s:s=>s.getSeconds(),fff:s=>bh(s.getMilliseconds())};function Ji(s,e){e=e||vh;let t=[],n=/\{([a-z]+)\}|[^{]+/gi,i;for(;i=n.exec(s);)t.push(i[0][0]=="{"?wh[i[1]]:i[0]);return o=>{let a="";for(let h=0;h<t.length;h++)a+=typeof t[h]=="string"?t[h]:t[h](o,e);return a}}var yh=new Intl.DateTimeFormat().resolvedOptions().timeZone;function xh(s,e){let t;return e=="UTC"||e=="Etc/UTC"?t=new Date(+s+s.getTimezoneOffset()*6e4):e==yh?t=s:(t=new Date(s.toLocaleString("en-US",{timeZone:e})),t.setMilliseconds(s.getMilliseconds())),t}var Qo=s=>s%1==0,Is=[1,2,2.5,5],kh=ps(10,-32,0,Is),Xo=ps(10,0,32,Is),Sh=Xo.filter(Qo),dn=kh.concat(Xo),Zi=`
`,el="{YYYY}",bo=Zi+el,tl="{M}/{D}",cs=Zi+tl,Ns=cs+"/{YY}",nl="{aa}",Mh="{h}:{mm}",In=Mh+nl,wo=Zi+In,yo=":{ss}",he=null;function sl(s){let e=s*1e3,t=e*60,n=t*60,i=n*24,o=i*30,a=i*365,d=(s==1?ps(10,0,3,Is).filter(Qo):ps(10,-3,0,Is)).concat([e,e*5,e*10,e*15,e*30,t,t*5,t*10,t*15,t*30,n,n*2,n*3,n*4,n*6,n*8,n*12,i,i*2,i*3,i*4,i*5,i*6,i*7,i*8,i*9,i*10,i*15,o,o*2,o*3,o*4,o*6,a,a*2,a*5,a*10,a*25,a*50,a*100]),p=[[a,el,he,he,he,he,he,he,1],[i*28,"{MMM}",bo,he,he,he,he,he,1],[i,tl,bo,he,he,he,he,he,1],[n,"{h}"+nl,Ns,he,cs,he,he,he,1],[t,In,Ns,he,cs,he,he,he,1],[e,yo,Ns+" "+In,he,cs+" "+In,he,wo,he,1],[s,yo+".{fff}",Ns+" "+In,he,cs+" "+In,he,wo,he,1]];function b(m){return(g,k,A,C,F,z)=>{let M=[],$=F>=a,E=F>=o&&F<a,J=m(A),N=pe(J*s,3),Z=_i(J.getFullYear(),$?0:J.getMonth(),E||$?1:J.getDate()),j=pe(Z*s,3);if(E||$){let ee=E?F/o:0,K=$?F/a:0,L=N==j?N:pe(_i(Z.getFullYear()+K,Z.getMonth()+ee,1)*s,3),q=new Date(_e(L/s)),H=q.getFullYear(),B=q.getMonth();for(let V=0;L<=C;V++){let ne=_i(H+K*V,B+ee*V,1),O=ne-m(pe(ne*s,3));L=pe((+ne+O)*s,3),L<=C&&M.push(L)}}else{let ee=F>=i?i:F,K=ot(A)-ot(N),L=j+K+Us(N-j,ee);M.push(L);let q=m(L),H=q.getHours()+q.getMinutes()/t+q.getSeconds()/n,B=F/n,V=g.axes[k]._space,ne=z/V;for(;L=pe(L+F,s==1?0:3),!(L>C);)if(B>1){let O=ot(pe(H+B,6))%24,se=m(L).getHours()-O;se>1&&(se=-1),L-=se*n,H=(H+B)%24;let ce=M[M.length-1];pe((L-ce)/F,3)*ne>=.7&&M.push(L)}else M.push(L)}return M}}return[d,p,b]}var[Ah,Th,Eh]=sl(1),[Ch,Lh,_h]=sl(.001);ps(2,-53,53,[1]);function xo(s,e){return s.map(t=>t.map((n,i)=>i==0||i==8||n==null?n:e(i==1||t[8]==0?n:t[1]+n)))}function ko(s,e){return(t,n,i,o,a)=>{let h=e.find(A=>a>=A[0])||e[e.length-1],d,p,b,m,g,k;return n.map(A=>{let C=s(A),F=C.getFullYear(),z=C.getMonth(),M=C.getDate(),$=C.getHours(),E=C.getMinutes(),J=C.getSeconds(),N=F!=d&&h[2]||z!=p&&h[3]||M!=b&&h[4]||$!=m&&h[5]||E!=g&&h[6]||J!=k&&h[7]||h[1];return d=F,p=z,b=M,m=$,g=E,k=J,N(C)})}}function Ph(s,e){let t=Ji(e);return(n,i,o,a,h)=>i.map(d=>t(s(d)))}function _i(s,e,t){return new Date(s,e,t)}function So(s,e){return e(s)}var Rh="{YYYY}-{MM}-{DD} {h}:{mm}{aa}";function Mo(s,e){return(t,n,i,o)=>o==null?Bi:e(s(n))}function Fh(s,e){let t=s.series[e];return t.width?t.stroke(s,e):t.points.width?t.points.stroke(s,e):null}function Dh(s,e){return s.series[e].fill(s,e)}var Nh={show:!0,live:!0,isolate:!1,mount:eh,markers:{show:!0,width:2,stroke:Fh,fill:Dh,dash:"solid"},idx:null,idxs:null,values:[]};function $h(s,e){let t=s.cursor.points,n=ft(),i=t.size(s,e);be(n,as,i),be(n,hs,i);let o=i/-2;be(n,"marginLeft",o),be(n,"marginTop",o);let a=t.width(s,e,i);return a&&be(n,"borderWidth",a),n}function zh(s,e){let t=s.series[e].points;return t._fill||t._stroke}function Hh(s,e){let t=s.series[e].points;return t._stroke||t._fill}function Wh(s,e){return s.series[e].points.size}var Pi=[0,0];function Ih(s,e,t){return Pi[0]=e,Pi[1]=t,Pi}function $s(s,e,t,n=!0){return i=>{i.button==0&&(!n||i.target==e)&&t(i)}}function Ri(s,e,t,n=!0){return i=>{(!n||i.target==e)&&t(i)}}var Oh={show:!0,x:!0,y:!0,lock:!1,move:Ih,points:{one:!1,show:$h,size:Wh,width:0,stroke:Hh,fill:zh},bind:{mousedown:$s,mouseup:$s,click:$s,dblclick:$s,mousemove:Ri,mouseleave:Ri,mouseenter:Ri},drag:{setScale:!0,x:!0,y:!1,dist:0,uni:null,click:(s,e)=>{e.stopPropagation(),e.stopImmediatePropagation()},_x:!1,_y:!1},focus:{dist:(s,e,t,n,i)=>n-i,prox:-1,bias:0},hover:{skip:[void 0],prox:null,bias:0},left:-10,top:-10,idx:null,dataIdx:null,idxs:null,event:null},il={show:!0,stroke:"rgba(0,0,0,0.07)",width:2},Qi=Ee({},il,{filter:Bo}),rl=Ee({},Qi,{size:10}),ol=Ee({},il,{show:!1}),Xi='12px system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, "Noto Sans", sans-serif, "Apple Color Emoji", "Segoe UI Emoji", "Segoe UI Symbol", "Noto Color Emoji"',ll="bold "+Xi,al=1.5,Ao={show:!0,scale:"x",stroke:Ui,space:50,gap:5,alignTo:1,size:50,labelGap:0,labelSize:30,labelFont:ll,side:2,grid:Qi,ticks:rl,border:ol,font:Xi,lineGap:al,rotate:0},Vh="Value",Uh="Time",To={show:!0,scale:"x",auto:!1,sorted:1,min:de,max:-de,idxs:[]};function Bh(s,e,t,n,i){return e.map(o=>o==null?"":Yi(o))}function Gh(s,e,t,n,i,o,a){let h=[],d=Qt.get(i)||0;t=a?t:pe(Us(t,i),d);for(let p=t;p<=n;p=pe(p+i,d))h.push(Object.is(p,-0)?0:p);return h}function Hi(s,e,t,n,i,o,a){let h=[],d=s.scales[s.axes[e].scale].log,p=d==10?Ot:Oo,b=ot(p(t));i=Vn(d,b),d==10&&(i=dn[St(i,dn)]);let m=t,g=i*d;d==10&&(g=dn[St(g,dn)]);do h.push(m),m=m+i,d==10&&!Qt.has(m)&&(m=pe(m,Qt.get(i))),m>=g&&(i=m,g=i*d,d==10&&(g=dn[St(g,dn)]));while(m<=n);return h}function Kh(s,e,t,n,i,o,a){let d=s.scales[s.axes[e].scale].asinh,p=n>d?Hi(s,e,qe(d,t),n,i):[d],b=n>=0&&t<=0?[0]:[];return(t<-d?Hi(s,e,qe(d,-n),-t,i):[d]).reverse().map(g=>-g).concat(b,p)}var hl=/./,jh=/[12357]/,Yh=/[125]/,Eo=/1/,Wi=(s,e,t,n)=>s.map((i,o)=>e==4&&i==0||o%n==0&&t.test(i.toExponential()[i<0?1:0])?i:null);function qh(s,e,t,n,i){let o=s.axes[t],a=o.scale,h=s.scales[a],d=s.valToPos,p=o._space,b=d(10,a),m=d(9,a)-b>=p?hl:d(7,a)-b>=p?jh:d(5,a)-b>=p?Yh:Eo;if(m==Eo){let g=Pe(d(1,a)-b);if(g<p)return Wi(e.slice().reverse(),h.distr,m,mt(p/g)).reverse()}return Wi(e,h.distr,m,1)}function Jh(s,e,t,n,i){let o=s.axes[t],a=o.scale,h=o._space,d=s.valToPos,p=Pe(d(1,a)-d(2,a));return p<h?Wi(e.slice().reverse(),3,hl,mt(h/p)).reverse():e}function Zh(s,e,t,n){return n==null?Bi:e==null?"":Yi(e)}var Co={show:!0,scale:"y",stroke:Ui,space:30,gap:5,alignTo:1,size:50,labelGap:0,labelSize:30,labelFont:ll,side:3,grid:Qi,ticks:rl,border:ol,font:Xi,lineGap:al,rotate:0};function Qh(s,e){let t=3+(s||1)*2;return pe(t*e,3)}function Xh(s,e){let{scale:t,idxs:n}=s.series[0],i=s._data[0],o=s.valToPos(i[n[0]],t,!0),a=s.valToPos(i[n[1]],t,!0),h=Pe(a-o),d=s.series[e],p=h/(d.points.space*le);return n[1]-n[0]<=p}var Lo={scale:null,auto:!0,sorted:0,min:de,max:-de},cl=(s,e,t,n,i)=>i,_o={show:!0,auto:!0,sorted:0,gaps:cl,alpha:1,facets:[Ee({},Lo,{scale:"x"}),Ee({},Lo,{scale:"y"})]},Po={scale:"y",auto:!0,sorted:0,show:!0,spanGaps:!1,gaps:cl,alpha:1,points:{show:Xh,filter:null},values:null,min:de,max:-de,idxs:[],path:null,clip:null};function ec(s,e,t,n,i){return t/10}var ul={time:!0,auto:!0,distr:1,log:10,asinh:1,min:null,max:null,dir:1,ori:0},tc=Ee({},ul,{time:!1,ori:1}),Ro={};function dl(s,e){let t=Ro[s];return t||(t={key:s,plots:[],sub(n){t.plots.push(n)},unsub(n){t.plots=t.plots.filter(i=>i!=n)},pub(n,i,o,a,h,d,p){for(let b=0;b<t.plots.length;b++)t.plots[b]!=i&&t.plots[b].pub(n,i,o,a,h,d,p)}},s!=null&&(Ro[s]=t)),t}var Gn=1,Ii=2;function gn(s,e,t){let n=s.mode,i=s.series[e],o=n==2?s._data[e]:s._data,a=s.scales,h=s.bbox,d=o[0],p=n==2?o[1]:o[e],b=n==2?a[i.facets[0].scale]:a[s.series[0].scale],m=n==2?a[i.facets[1].scale]:a[i.scale],g=h.left,k=h.top,A=h.width,C=h.height,F=s.valToPosH,z=s.valToPosV;return b.ori==0?t(i,d,p,b,m,F,z,g,k,A,C,Ks,jn,Ys,fl,gl):t(i,d,p,b,m,z,F,k,g,C,A,js,Yn,nr,ml,vl)}function er(s,e){let t=0,n=0,i=re(s.bands,qi);for(let o=0;o<i.length;o++){let a=i[o];a.series[0]==e?t=a.dir:a.series[1]==e&&(a.dir==1?n|=1:n|=2)}return[t,n==1?-1:n==2?1:n==3?2:0]}function nc(s,e,t,n,i){let o=s.mode,a=s.series[e],h=o==2?a.facets[1].scale:a.scale,d=s.scales[h];return i==-1?d.min:i==1?d.max:d.distr==3?d.dir==1?d.min:d.max:0}function Vt(s,e,t,n,i,o){return gn(s,e,(a,h,d,p,b,m,g,k,A,C,F)=>{let z=a.pxRound,M=p.dir*(p.ori==0?1:-1),$=p.ori==0?jn:Yn,E,J;M==1?(E=t,J=n):(E=n,J=t);let N=z(m(h[E],p,C,k)),Z=z(g(d[E],b,F,A)),j=z(m(h[J],p,C,k)),ee=z(g(o==1?b.max:b.min,b,F,A)),K=new Path2D(i);return $(K,j,ee),$(K,N,ee),$(K,N,Z),K})}function Gs(s,e,t,n,i,o){let a=null;if(s.length>0){a=new Path2D;let h=e==0?Ys:nr,d=t;for(let m=0;m<s.length;m++){let g=s[m];if(g[1]>g[0]){let k=g[0]-d;k>0&&h(a,d,n,k,n+o),d=g[1]}}let p=t+i-d,b=10;p>0&&h(a,d,n-b/2,p,n+o+b)}return a}function sc(s,e,t){let n=s[s.length-1];n&&n[0]==e?n[1]=t:s.push([e,t])}function tr(s,e,t,n,i,o,a){let h=[],d=s.length;for(let p=i==1?t:n;p>=t&&p<=n;p+=i)if(e[p]===null){let m=p,g=p;if(i==1)for(;++p<=n&&e[p]===null;)g=p;else for(;--p>=t&&e[p]===null;)g=p;let k=o(s[m]),A=g==m?k:o(s[g]),C=m-i;k=a<=0&&C>=0&&C<d?o(s[C]):k;let z=g+i;A=a>=0&&z>=0&&z<d?o(s[z]):A,A>=k&&h.push([k,A])}return h}function Fo(s){return s==0?Uo:s==1?_e:e=>un(e,s)}function pl(s){let e=s==0?Ks:js,t=s==0?(i,o,a,h,d,p)=>{i.arcTo(o,a,h,d,p)}:(i,o,a,h,d,p)=>{i.arcTo(a,o,d,h,p)},n=s==0?(i,o,a,h,d)=>{i.rect(o,a,h,d)}:(i,o,a,h,d)=>{i.rect(a,o,d,h)};return(i,o,a,h,d,p=0,b=0)=>{p==0&&b==0?n(i,o,a,h,d):(p=Mt(p,h/2,d/2),b=Mt(b,h/2,d/2),e(i,o+p,a),t(i,o+h,a,o+h,a+d,p),t(i,o+h,a+d,o,a+d,b),t(i,o,a+d,o,a,b),t(i,o,a,o+h,a,p),i.closePath())}}var Ks=(s,e,t)=>{s.moveTo(e,t)},js=(s,e,t)=>{s.moveTo(t,e)},jn=(s,e,t)=>{s.lineTo(e,t)},Yn=(s,e,t)=>{s.lineTo(t,e)},Ys=pl(0),nr=pl(1),fl=(s,e,t,n,i,o)=>{s.arc(e,t,n,i,o)},ml=(s,e,t,n,i,o)=>{s.arc(t,e,n,i,o)},gl=(s,e,t,n,i,o,a)=>{s.bezierCurveTo(e,t,n,i,o,a)},vl=(s,e,t,n,i,o,a)=>{s.bezierCurveTo(t,e,i,n,a,o)};function bl(s){return(e,t,n,i,o)=>gn(e,t,(a,h,d,p,b,m,g,k,A,C,F)=>{let{pxRound:z,points:M}=a,$,E;p.ori==0?($=Ks,E=fl):($=js,E=ml);let J=pe(M.width*le,3),N=(M.size-M.width)/2*le,Z=pe(N*2,3),j=new Path2D,ee=new Path2D,{left:K,top:L,width:q,height:H}=e.bbox;Ys(ee,K-Z,L-Z,q+Z*2,H+Z*2);let B=V=>{if(d[V]!=null){let ne=z(m(h[V],p,C,k)),O=z(g(d[V],b,F,A));$(j,ne+N,O),E(j,ne,O,N,0,zs*2)}};if(o)o.forEach(B);else for(let V=n;V<=i;V++)B(V);return{stroke:J>0?j:null,fill:j,clip:ee,flags:Gn|Ii}})}function wl(s){return(e,t,n,i,o,a)=>{n!=i&&(o!=n&&a!=n&&s(e,t,n),o!=i&&a!=i&&s(e,t,i),s(e,t,a))}}var ic=wl(jn),rc=wl(Yn);function yl(s){let e=re(s?.alignGaps,0);return(t,n,i,o)=>gn(t,n,(a,h,d,p,b,m,g,k,A,C,F)=>{[i,o]=Os(d,i,o);let z=a.pxRound,M=H=>z(m(H,p,C,k)),$=H=>z(g(H,b,F,A)),E,J;p.ori==0?(E=jn,J=ic):(E=Yn,J=rc);let N=p.dir*(p.ori==0?1:-1),Z={stroke:new Path2D,fill:null,clip:null,band:null,gaps:null,flags:Gn},j=Z.stroke,ee=!1;if(o-i>=C*4){let H=W=>t.posToVal(W,p.key,!0),B=null,V=null,ne,O,Je,we=M(h[N==1?i:o]),se=M(h[i]),ce=M(h[o]),Q=H(N==1?se+1:ce-1);for(let W=N==1?i:o;W>=i&&W<=o;W+=N){let Ce=h[W],ye=(N==1?Ce<Q:Ce>Q)?we:M(Ce),ae=d[W];ye==we?ae!=null?(O=ae,B==null?(E(j,ye,$(O)),ne=B=V=O):O<B?B=O:O>V&&(V=O)):ae===null&&(ee=!0):(B!=null&&J(j,we,$(B),$(V),$(ne),$(O)),ae!=null?(O=ae,E(j,ye,$(O)),B=V=ne=O):(B=V=null,ae===null&&(ee=!0)),we=ye,Q=H(we+N))}B!=null&&B!=V&&Je!=we&&J(j,we,$(B),$(V),$(ne),$(O))}else for(let H=N==1?i:o;H>=i&&H<=o;H+=N){let B=d[H];B===null?ee=!0:B!=null&&E(j,M(h[H]),$(B))}let[L,q]=er(t,n);if(a.fill!=null||L!=0){let H=Z.fill=new Path2D(j),B=a.fillTo(t,n,a.min,a.max,L),V=$(B),ne=M(h[i]),O=M(h[o]);N==-1&&([O,ne]=[ne,O]),E(H,O,V),E(H,ne,V)}if(!a.spanGaps){let H=[];ee&&H.push(...tr(h,d,i,o,N,M,e)),Z.gaps=H=a.gaps(t,n,i,o,H),Z.clip=Gs(H,p.ori,k,A,C,F)}return q!=0&&(Z.band=q==2?[Vt(t,n,i,o,j,-1),Vt(t,n,i,o,j,1)]:Vt(t,n,i,o,j,q)),Z})}function oc(s){let e=re(s.align,1),t=re(s.ascDesc,!1),n=re(s.alignGaps,0),i=re(s.extend,!1);return(o,a,h,d)=>gn(o,a,(p,b,m,g,k,A,C,F,z,M,$)=>{[h,d]=Os(m,h,d);let E=p.pxRound,{left:J,width:N}=o.bbox,Z=se=>E(A(se,g,M,F)),j=se=>E(C(se,k,$,z)),ee=g.ori==0?jn:Yn,K={stroke:new Path2D,fill:null,clip:null,band:null,gaps:null,flags:Gn},L=K.stroke,q=g.dir*(g.ori==0?1:-1),H=j(m[q==1?h:d]),B=Z(b[q==1?h:d]),V=B,ne=B;i&&e==-1&&(ne=J,ee(L,ne,H)),ee(L,B,H);for(let se=q==1?h:d;se>=h&&se<=d;se+=q){let ce=m[se];if(ce==null)continue;let Q=Z(b[se]),W=j(ce);e==1?ee(L,Q,H):ee(L,V,W),ee(L,Q,W),H=W,V=Q}let O=V;i&&e==1&&(O=J+N,ee(L,O,H));let[Je,we]=er(o,a);if(p.fill!=null||Je!=0){let se=K.fill=new Path2D(L),ce=p.fillTo(o,a,p.min,p.max,Je),Q=j(ce);ee(se,O,Q),ee(se,ne,Q)}if(!p.spanGaps){let se=[];se.push(...tr(b,m,h,d,q,Z,n));let ce=p.width*le/2,Q=t||e==1?ce:-ce,W=t||e==-1?-ce:ce;se.forEach(Ce=>{Ce[0]+=Q,Ce[1]+=W}),K.gaps=se=p.gaps(o,a,h,d,se),K.clip=Gs(se,g.ori,F,z,M,$)}return we!=0&&(K.band=we==2?[Vt(o,a,h,d,L,-1),Vt(o,a,h,d,L,1)]:Vt(o,a,h,d,L,we)),K})}function Do(s,e,t,n,i,o,a=de){if(s.length>1){let h=null;for(let d=0,p=1/0;d<s.length;d++)if(e[d]!==void 0){if(h!=null){let b=Pe(s[d]-s[h]);b<p&&(p=b,a=Pe(t(s[d],n,i,o)-t(s[h],n,i,o)))}h=d}}return a}function lc(s){s=s||ds;let e=re(s.size,[.6,de,1]),t=s.align||0,n=s.gap||0,i=s.radius;i=i==null?[0,0]:typeof i=="number"?[i,0]:i;let o=te(i),a=1-e[0],h=re(e[1],de),d=re(e[2],1),p=re(s.disp,ds),b=re(s.each,k=>{}),{fill:m,stroke:g}=p;return(k,A,C,F)=>gn(k,A,(z,M,$,E,J,N,Z,j,ee,K,L)=>{let q=z.pxRound,H=t,B=n*le,V=h*le,ne=d*le,O,Je;E.ori==0?[O,Je]=o(k,A):[Je,O]=o(k,A);let we=E.dir*(E.ori==0?1:-1),se=E.ori==0?Ys:nr,ce=E.ori==0?b:(R,fe,Le,xn,tn,Tt,nn)=>{b(R,fe,Le,tn,xn,nn,Tt)},Q=re(k.bands,qi).find(R=>R.series[0]==A),W=Q!=null?Q.dir:0,Ce=z.fillTo(k,A,z.min,z.max,W),Ue=q(Z(Ce,J,L,ee)),ye,ae,gt,Xe=K,ke=q(z.width*le),At=!1,Ht=null,at=null,Ut=null,bn=null;m!=null&&(ke==0||g!=null)&&(At=!0,Ht=m.values(k,A,C,F),at=new Map,new Set(Ht).forEach(R=>{R!=null&&at.set(R,new Path2D)}),ke>0&&(Ut=g.values(k,A,C,F),bn=new Map,new Set(Ut).forEach(R=>{R!=null&&bn.set(R,new Path2D)})));let{x0:wn,size:Jn}=p;if(wn!=null&&Jn!=null){H=1,M=wn.values(k,A,C,F),wn.unit==2&&(M=M.map(Le=>k.posToVal(j+Le*K,E.key,!0)));let R=Jn.values(k,A,C,F);Jn.unit==2?ae=R[0]*K:ae=N(R[0],E,K,j)-N(0,E,K,j),Xe=Do(M,$,N,E,K,j,Xe),gt=Xe-ae+B}else Xe=Do(M,$,N,E,K,j,Xe),gt=Xe*a+B,ae=Xe-gt;gt<1&&(gt=0),ke>=ae/2&&(ke=0),gt<5&&(q=Uo);let ys=gt>0,Xt=Xe-gt-(ys?ke:0);ae=q(zi(Xt,ne,V)),ye=(H==0?ae/2:H==we?0:ae)-H*we*((H==0?B/2:0)+(ys?ke/2:0));let Be={stroke:null,fill:null,clip:null,band:null,gaps:null,flags:0},yn=At?null:new Path2D,Wt=null;if(Q!=null)Wt=k.data[Q.series[1]];else{let{y0:R,y1:fe}=p;R!=null&&fe!=null&&($=fe.values(k,A,C,F),Wt=R.values(k,A,C,F))}let en=O*ae,Y=Je*ae;for(let R=we==1?C:F;R>=C&&R<=F;R+=we){let fe=$[R];if(fe==null)continue;if(Wt!=null){let Ze=Wt[R]??0;if(fe-Ze==0)continue;Ue=Z(Ze,J,L,ee)}let Le=E.distr!=2||p!=null?M[R]:R,xn=N(Le,E,K,j),tn=Z(re(fe,Ce),J,L,ee),Tt=q(xn-ye),nn=q(qe(tn,Ue)),et=q(Mt(tn,Ue)),ht=nn-et;if(fe!=null){let Ze=fe<0?Y:en,vt=fe<0?en:Y;At?(ke>0&&Ut[R]!=null&&se(bn.get(Ut[R]),Tt,et+ot(ke/2),ae,qe(0,ht-ke),Ze,vt),Ht[R]!=null&&se(at.get(Ht[R]),Tt,et+ot(ke/2),ae,qe(0,ht-ke),Ze,vt)):se(yn,Tt,et+ot(ke/2),ae,qe(0,ht-ke),Ze,vt),ce(k,A,R,Tt-ke/2,et,ae+ke,ht)}}return ke>0?Be.stroke=At?bn:yn:At||(Be._fill=z.width==0?z._fill:z._stroke??z._fill,Be.width=0),Be.fill=At?at:yn,Be})}function ac(s,e){let t=re(e?.alignGaps,0);return(n,i,o,a)=>gn(n,i,(h,d,p,b,m,g,k,A,C,F,z)=>{[o,a]=Os(p,o,a);let M=h.pxRound,$=O=>M(g(O,b,F,A)),E=O=>M(k(O,m,z,C)),J,N,Z;b.ori==0?(J=Ks,Z=jn,N=gl):(J=js,Z=Yn,N=vl);let j=b.dir*(b.ori==0?1:-1),ee=$(d[j==1?o:a]),K=ee,L=[],q=[];for(let O=j==1?o:a;O>=o&&O<=a;O+=j)if(p[O]!=null){let we=d[O],se=$(we);L.push(K=se),q.push(E(p[O]))}let H={stroke:s(L,q,J,Z,N,M),fill:null,clip:null,band:null,gaps:null,flags:Gn},B=H.stroke,[V,ne]=er(n,i);if(h.fill!=null||V!=0){let O=H.fill=new Path2D(B),Je=h.fillTo(n,i,h.min,h.max,V),we=E(Je);Z(O,K,we),Z(O,ee,we)}if(!h.spanGaps){let O=[];O.push(...tr(d,p,o,a,j,$,t)),H.gaps=O=h.gaps(n,i,o,a,O),H.clip=Gs(O,b.ori,A,C,F,z)}return ne!=0&&(H.band=ne==2?[Vt(n,i,o,a,B,-1),Vt(n,i,o,a,B,1)]:Vt(n,i,o,a,B,ne)),H})}function hc(s){return ac(cc,s)}function cc(s,e,t,n,i,o){let a=s.length;if(a<2)return null;let h=new Path2D;if(t(h,s[0],e[0]),a==2)n(h,s[1],e[1]);else{let d=Array(a),p=Array(a-1),b=Array(a-1),m=Array(a-1);for(let g=0;g<a-1;g++)b[g]=e[g+1]-e[g],m[g]=s[g+1]-s[g],p[g]=b[g]/m[g];d[0]=p[0];for(let g=1;g<a-1;g++)p[g]===0||p[g-1]===0||p[g-1]>0!=p[g]>0?d[g]=0:(d[g]=3*(m[g-1]+m[g])/((2*m[g]+m[g-1])/p[g-1]+(m[g]+2*m[g-1])/p[g]),isFinite(d[g])||(d[g]=0));d[a-1]=p[a-2];for(let g=0;g<a-1;g++)i(h,s[g]+m[g]/3,e[g]+d[g]*m[g]/3,s[g+1]-m[g]/3,e[g+1]-d[g+1]*m[g]/3,s[g+1],e[g+1])}return h}var Oi=new Set;function No(){for(let s of Oi)s.syncRect(!0)}Kn&&(fn(Ba,On,No),fn(Ga,On,No,!0),fn(Hs,On,()=>{Oe.pxRatio=le}));var uc=yl(),dc=bl();function $o(s,e,t,n){return(n?[s[0],s[1]].concat(s.slice(2)):[s[0]].concat(s.slice(1))).map((o,a)=>Vi(o,a,e,t))}function pc(s,e){return s.map((t,n)=>n==0?{}:Ee({},e,t))}function Vi(s,e,t,n){return Ee({},e==0?t:n,s)}function xl(s,e,t){return e==null?Un:[e,t]}var fc=xl;function mc(s,e,t){return e==null?Un:Ws(e,t,ji,!0)}function kl(s,e,t,n){return e==null?Un:Vs(e,t,s.scales[n].log,!1)}var gc=kl;function Sl(s,e,t,n){return e==null?Un:Ki(e,t,s.scales[n].log,!1)}var vc=Sl;function bc(s,e,t,n,i){let o=qe(fo(s),fo(e)),a=e-s,h=St(i/n*a,t);do{let d=t[h],p=n*d/a;if(p>=i&&o+(d<5?Qt.get(d):0)<=17)return[d,p]}while(++h<t.length);return[0,0]}function zo(s){let e,t;return s=s.replace(/(\d+)px/,(n,i)=>(e=_e((t=+i)*le))+"px"),[s,e,t]}function wc(s){s.show&&[s.font,s.labelFont].forEach(e=>{let t=pe(e[2]*le,1);e[0]=e[0].replace(/[0-9.]+px/,t+"px"),e[1]=t})}function Oe(s,e,t){let n={mode:re(s.mode,1)},i=n.mode;function o(r,l,c,u){let f=l.valToPct(r);return u+c*(l.dir==-1?1-f:f)}function a(r,l,c,u){let f=l.valToPct(r);return u+c*(l.dir==-1?f:1-f)}function h(r,l,c,u){return l.ori==0?o(r,l,c,u):a(r,l,c,u)}n.valToPosH=o,n.valToPosV=a;let d=!1;n.status=0;let p=n.root=ft(Ta);if(s.id!=null&&(p.id=s.id),rt(p,s.class),s.title){let r=ft(La,p);r.textContent=s.title}let b=kt("canvas"),m=n.ctx=b.getContext("2d"),g=ft(_a,p);fn("click",g,r=>{r.target===A&&(me!=Rn||xe!=Fn)&&We.click(n,r)},!0);let k=n.under=ft(Pa,g);g.appendChild(b);let A=n.over=ft(Ra,g);s=Bn(s);let C=+re(s.pxAlign,1),F=Fo(C);(s.plugins||[]).forEach(r=>{r.opts&&(s=r.opts(n,s)||s)});let z=s.ms||.001,M=n.series=i==1?$o(s.series||[],To,Po,!1):pc(s.series||[null],_o),$=n.axes=$o(s.axes||[],Ao,Co,!0),E=n.scales={},J=n.bands=s.bands||[];J.forEach(r=>{r.fill=te(r.fill||null),r.dir=re(r.dir,-1)});let N=i==2?M[1].facets[0].scale:M[0].scale,Z={axes:na,series:Zl},j=(s.drawOrder||["axes","series"]).map(r=>Z[r]);function ee(r){let l=r.distr==3?c=>Ot(c>0?c:r.clamp(n,c,r.min,r.max,r.key)):r.distr==4?c=>Li(c,r.asinh):r.distr==100?c=>r.fwd(c):c=>c;return c=>{let u=l(c),{_min:f,_max:v}=r,x=v-f;return(u-f)/x}}function K(r){let l=E[r];if(l==null){let c=(s.scales||ds)[r]||ds;if(c.from!=null){K(c.from);let u=Ee({},E[c.from],c,{key:r});u.valToPct=ee(u),E[r]=u}else{l=E[r]=Ee({},r==N?ul:tc,c),l.key=r;let u=l.time,f=l.range,v=Zt(f);if((r!=N||i==2&&!u)&&(v&&(f[0]==null||f[1]==null)&&(f={min:f[0]==null?co:{mode:1,hard:f[0],soft:f[0]},max:f[1]==null?co:{mode:1,hard:f[1],soft:f[1]}},v=!1),!v&&Bs(f))){let x=f;f=(S,T,_)=>T==null?Un:Ws(T,_,x)}l.range=te(f||(u?fc:r==N?l.distr==3?gc:l.distr==4?vc:xl:l.distr==3?kl:l.distr==4?Sl:mc)),l.auto=te(v?!1:l.auto),l.clamp=te(l.clamp||ec),l._min=l._max=null,l.valToPct=ee(l)}}}K("x"),K("y"),i==1&&M.forEach(r=>{K(r.scale)}),$.forEach(r=>{K(r.scale)});for(let r in s.scales)K(r);let L=E[N],q=L.distr,H,B;L.ori==0?(rt(p,Ea),H=o,B=a):(rt(p,Ca),H=a,B=o);let V={};for(let r in E){let l=E[r];(l.min!=null||l.max!=null)&&(V[r]={min:l.min,max:l.max},l.min=l.max=null)}let ne=s.tzDate||(r=>new Date(_e(r/z))),O=s.fmtDate||Ji,Je=z==1?Eh(ne):_h(ne),we=ko(ne,xo(z==1?Th:Lh,O)),se=Mo(ne,So(Rh,O)),ce=[],Q=n.legend=Ee({},Nh,s.legend),W=n.cursor=Ee({},Oh,{drag:{y:i==2}},s.cursor),Ce=Q.show,Ue=W.show,ye=Q.markers;Q.idxs=ce,ye.width=te(ye.width),ye.dash=te(ye.dash),ye.stroke=te(ye.stroke),ye.fill=te(ye.fill);let ae,gt,Xe,ke=[],At=[],Ht,at=!1,Ut={};if(Q.live){let r=M[1]?M[1].values:null;at=r!=null,Ht=at?r(n,1,0):{_:0};for(let l in Ht)Ut[l]=Bi}if(Ce)if(ae=kt("table",Ha,p),Xe=kt("tbody",null,ae),Q.mount(n,ae),at){gt=kt("thead",null,ae,Xe);let r=kt("tr",null,gt);kt("th",null,r);for(var bn in Ht)kt("th",Zr,r).textContent=bn}else rt(ae,Ia),Q.live&&rt(ae,Wa);let wn={show:!0},Jn={show:!1};function ys(r,l){if(l==0&&(at||!Q.live||i==2))return Un;let c=[],u=kt("tr",Oa,Xe,Xe.childNodes[l]);rt(u,r.class),r.show||rt(u,pn);let f=kt("th",null,u);if(ye.show){let S=ft(Va,f);if(l>0){let T=ye.width(n,l);T&&(S.style.border=T+"px "+ye.dash(n,l)+" "+ye.stroke(n,l)),S.style.background=ye.fill(n,l)}}let v=ft(Zr,f);r.label instanceof HTMLElement?v.appendChild(r.label):v.textContent=r.label,l>0&&(ye.show||(v.style.color=r.width>0?ye.stroke(n,l):ye.fill(n,l)),Be("click",f,S=>{if(W._lock)return;rn(S);let T=M.indexOf(r);if((S.ctrlKey||S.metaKey)!=Q.isolate){let _=M.some((P,D)=>D>0&&D!=T&&P.show);M.forEach((P,D)=>{D>0&&Ct(D,_?D==T?wn:Jn:wn,!0,Te.setSeries)})}else Ct(T,{show:!r.show},!0,Te.setSeries)},!1),Sn&&Be(to,f,S=>{W._lock||(rn(S),Ct(M.indexOf(r),Nn,!0,Te.setSeries))},!1));for(var x in Ht){let S=kt("td",Ua,u);S.textContent="--",c.push(S)}return[u,c]}let Xt=new Map;function Be(r,l,c,u=!0){let f=Xt.get(l)||{},v=W.bind[r](n,l,c,u);v&&(fn(r,l,f[r]=v),Xt.set(l,f))}function yn(r,l,c){let u=Xt.get(l)||{};for(let f in u)(r==null||f==r)&&($i(f,l,u[f]),delete u[f]);r==null&&Xt.delete(l)}let Wt=0,en=0,Y=0,R=0,fe=0,Le=0,xn=fe,tn=Le,Tt=Y,nn=R,et=0,ht=0,Ze=0,vt=0;n.bbox={};let ni=!1,xs=!1,kn=!1,sn=!1,ks=!1,ct=!1;function si(r,l,c){(c||r!=n.width||l!=n.height)&&cr(r,l),Cn(!1),kn=!0,xs=!0,Ln()}function cr(r,l){n.width=Wt=Y=r,n.height=en=R=l,fe=Le=0,Bl(),Gl();let c=n.bbox;et=c.left=un(fe*le,.5),ht=c.top=un(Le*le,.5),Ze=c.width=un(Y*le,.5),vt=c.height=un(R*le,.5)}let Ol=3;function Vl(){let r=!1,l=0;for(;!r;){l++;let c=ea(l),u=ta(l);r=l==Ol||c&&u,r||(cr(n.width,n.height),xs=!0)}}function Ul({width:r,height:l}){si(r,l)}n.setSize=Ul;function Bl(){let r=!1,l=!1,c=!1,u=!1;$.forEach((f,v)=>{if(f.show&&f._show){let{side:x,_size:S}=f,T=x%2,_=f.label!=null?f.labelSize:0,P=S+_;P>0&&(T?(Y-=P,x==3?(fe+=P,u=!0):c=!0):(R-=P,x==0?(Le+=P,r=!0):l=!0))}}),on[0]=r,on[1]=c,on[2]=l,on[3]=u,Y-=Bt[1]+Bt[3],fe+=Bt[3],R-=Bt[2]+Bt[0],Le+=Bt[0]}function Gl(){let r=fe+Y,l=Le+R,c=fe,u=Le;function f(v,x){switch(v){case 1:return r+=x,r-x;case 2:return l+=x,l-x;case 3:return c-=x,c+x;case 0:return u-=x,u+x}}$.forEach((v,x)=>{if(v.show&&v._show){let S=v.side;v._pos=f(S,v._size),v.label!=null&&(v._lpos=f(S,v.labelSize))}})}if(W.dataIdx==null){let r=W.hover,l=r.skip=new Set(r.skip??[]);l.add(void 0);let c=r.prox=te(r.prox),u=r.bias??=0;W.dataIdx=(f,v,x,S)=>{if(v==0)return x;let T=x,_=c(f,v,x,S)??de,P=_>=0&&_<de,D=L.ori==0?Y:R,G=W.left,oe=e[0],ie=e[v];if(l.has(ie[x])){T=null;let X=null,U=null,I;if(u==0||u==-1)for(I=x;X==null&&I-- >0;)l.has(ie[I])||(X=I);if(u==0||u==1)for(I=x;U==null&&I++<ie.length;)l.has(ie[I])||(U=I);if(X!=null||U!=null)if(P){let ve=X==null?-1/0:H(oe[X],L,D,0),Se=U==null?1/0:H(oe[U],L,D,0),ze=G-ve,ue=Se-G;ze<=ue?ze<=_&&(T=X):ue<=_&&(T=U)}else T=U==null?X:X==null?U:x-X<=U-x?X:U}else P&&Pe(G-H(oe[x],L,D,0))>_&&(T=null);return T}}let rn=r=>{W.event=r};W.idxs=ce,W._lock=!1;let Ve=W.points;Ve.show=te(Ve.show),Ve.size=te(Ve.size),Ve.stroke=te(Ve.stroke),Ve.width=te(Ve.width),Ve.fill=te(Ve.fill);let Et=n.focus=Ee({},s.focus||{alpha:.3},W.focus),Sn=Et.prox>=0,Mn=Sn&&Ve.one,ut=[],An=[],Tn=[];function ur(r,l){let c=Ve.show(n,l);if(c instanceof HTMLElement)return rt(c,za),rt(c,r.class),$t(c,-10,-10,Y,R),A.insertBefore(c,ut[l]),c}function dr(r,l){if(i==1||l>0){let c=i==1&&E[r.scale].time,u=r.value;r.value=c?vo(u)?Mo(ne,So(u,O)):u||se:u||Zh,r.label=r.label||(c?Uh:Vh)}if(Mn||l>0){r.width=r.width==null?1:r.width,r.paths=r.paths||uc||th,r.fillTo=te(r.fillTo||nc),r.pxAlign=+re(r.pxAlign,C),r.pxRound=Fo(r.pxAlign),r.stroke=te(r.stroke||null),r.fill=te(r.fill||null),r._stroke=r._fill=r._paths=r._focus=null;let c=Qh(qe(1,r.width),1),u=r.points=Ee({},{size:c,width:qe(1,c*.2),stroke:r.stroke,space:c*2,paths:dc,_stroke:null,_fill:null},r.points);u.show=te(u.show),u.filter=te(u.filter),u.fill=te(u.fill),u.stroke=te(u.stroke),u.paths=te(u.paths),u.pxAlign=r.pxAlign}if(Ce){let c=ys(r,l);ke.splice(l,0,c[0]),At.splice(l,0,c[1]),Q.values.push(null)}if(Ue){ce.splice(l,0,null);let c=null;Mn?l==0&&(c=ur(r,l)):l>0&&(c=ur(r,l)),ut.splice(l,0,c),An.splice(l,0,0),Tn.splice(l,0,0)}$e("addSeries",l)}function Kl(r,l){l=l??M.length,r=i==1?Vi(r,l,To,Po):Vi(r,l,{},_o),M.splice(l,0,r),dr(M[l],l)}n.addSeries=Kl;function jl(r){if(M.splice(r,1),Ce){Q.values.splice(r,1),At.splice(r,1);let l=ke.splice(r,1)[0];yn(null,l.firstChild),l.remove()}Ue&&(ce.splice(r,1),ut.splice(r,1)[0].remove(),An.splice(r,1),Tn.splice(r,1)),$e("delSeries",r)}n.delSeries=jl;let on=[!1,!1,!1,!1];function Yl(r,l){if(r._show=r.show,r.show){let c=r.side%2,u=E[r.scale];u==null&&(r.scale=c?M[1].scale:N,u=E[r.scale]);let f=u.time;r.size=te(r.size),r.space=te(r.space),r.rotate=te(r.rotate),Zt(r.incrs)&&r.incrs.forEach(x=>{!Qt.has(x)&&Qt.set(x,Ko(x))}),r.incrs=te(r.incrs||(u.distr==2?Sh:f?z==1?Ah:Ch:dn)),r.splits=te(r.splits||(f&&u.distr==1?Je:u.distr==3?Hi:u.distr==4?Kh:Gh)),r.stroke=te(r.stroke),r.grid.stroke=te(r.grid.stroke),r.ticks.stroke=te(r.ticks.stroke),r.border.stroke=te(r.border.stroke);let v=r.values;r.values=Zt(v)&&!Zt(v[0])?te(v):f?Zt(v)?ko(ne,xo(v,O)):vo(v)?Ph(ne,v):v||we:v||Bh,r.filter=te(r.filter||(u.distr>=3&&u.log==10?qh:u.distr==3&&u.log==2?Jh:Bo)),r.font=zo(r.font),r.labelFont=zo(r.labelFont),r._size=r.size(n,null,l,0),r._space=r._rotate=r._incrs=r._found=r._splits=r._values=null,r._size>0&&(on[l]=!0,r._el=ft(Fa,g))}}function Zn(r,l,c,u){let[f,v,x,S]=c,T=l%2,_=0;return T==0&&(S||v)&&(_=l==0&&!f||l==2&&!x?_e(Ao.size/3):0),T==1&&(f||x)&&(_=l==1&&!v||l==3&&!S?_e(Co.size/2):0),_}let pr=n.padding=(s.padding||[Zn,Zn,Zn,Zn]).map(r=>te(re(r,Zn))),Bt=n._padding=pr.map((r,l)=>r(n,l,on,0)),He,Re=null,Fe=null,Ss=i==1?M[0].idxs:null,bt=null,Qn=!1;function fr(r,l){if(e=r??[],n.data=n._data=e,i==2){He=0;for(let c=1;c<M.length;c++)He+=e[c][0].length}else{e.length==0&&(n.data=n._data=e=[[]]),bt=e[0],He=bt.length;let c=e;if(q==2){c=e.slice();let u=c[0]=Array(He);for(let f=0;f<He;f++)u[f]=f}n._data=e=c}if(Cn(!0),$e("setData"),q==2&&(kn=!0),l!==!1){let c=L;c.auto(n,Qn)?ii():Kt(N,c.min,c.max),sn=sn||W.left>=0,ct=!0,Ln()}}n.setData=fr;function ii(){Qn=!0;let r,l;i==1&&(He>0?(Re=Ss[0]=0,Fe=Ss[1]=He-1,r=e[0][Re],l=e[0][Fe],q==2?(r=Re,l=Fe):r==l&&(q==3?[r,l]=Vs(r,r,L.log,!1):q==4?[r,l]=Ki(r,r,L.log,!1):L.time?l=r+_e(86400/z):[r,l]=Ws(r,l,ji,!0))):(Re=Ss[0]=r=null,Fe=Ss[1]=l=null)),Kt(N,r,l)}let Ms,En,ri,oi,li,ai,hi,ci,ui,Qe;function mr(r,l,c,u,f,v){r??=Xr,c??=qi,u??="butt",f??=Xr,v??="round",r!=Ms&&(m.strokeStyle=Ms=r),f!=En&&(m.fillStyle=En=f),l!=ri&&(m.lineWidth=ri=l),v!=li&&(m.lineJoin=li=v),u!=ai&&(m.lineCap=ai=u),c!=oi&&m.setLineDash(oi=c)}function gr(r,l,c,u){l!=En&&(m.fillStyle=En=l),r!=hi&&(m.font=hi=r),c!=ci&&(m.textAlign=ci=c),u!=ui&&(m.textBaseline=ui=u)}function di(r,l,c,u,f=0){if(u.length>0&&r.auto(n,Qn)&&(l==null||l.min==null)){let v=re(Re,0),x=re(Fe,u.length-1),S=c.min==null?qa(u,v,x,f,r.distr==3):[c.min,c.max];r.min=Mt(r.min,c.min=S[0]),r.max=qe(r.max,c.max=S[1])}}let vr={min:null,max:null};function ql(){for(let u in E){let f=E[u];V[u]==null&&(f.min==null||V[N]!=null&&f.auto(n,Qn))&&(V[u]=vr)}for(let u in E){let f=E[u];V[u]==null&&f.from!=null&&V[f.from]!=null&&(V[u]=vr)}V[N]!=null&&Cn(!0);let r={};for(let u in V){let f=V[u];if(f!=null){let v=r[u]=Bn(E[u],ih);if(f.min!=null)Ee(v,f);else if(u!=N||i==2)if(He==0&&v.from==null){let x=v.range(n,null,null,u);v.min=x[0],v.max=x[1]}else v.min=de,v.max=-de}}if(He>0){M.forEach((u,f)=>{if(i==1){let v=u.scale,x=V[v];if(x==null)return;let S=r[v];if(f==0){let T=S.range(n,S.min,S.max,v);S.min=T[0],S.max=T[1],Re=St(S.min,e[0]),Fe=St(S.max,e[0]),Fe-Re>1&&(e[0][Re]<S.min&&Re++,e[0][Fe]>S.max&&Fe--),u.min=bt[Re],u.max=bt[Fe]}else u.show&&u.auto&&di(S,x,u,e[f],u.sorted);u.idxs[0]=Re,u.idxs[1]=Fe}else if(f>0&&u.show&&u.auto){let[v,x]=u.facets,S=v.scale,T=x.scale,[_,P]=e[f],D=r[S],G=r[T];D!=null&&di(D,V[S],v,_,v.sorted),G!=null&&di(G,V[T],x,P,x.sorted),u.min=x.min,u.max=x.max}});for(let u in r){let f=r[u],v=V[u];if(f.from==null&&(v==null||v.min==null)){let x=f.range(n,f.min==de?null:f.min,f.max==-de?null:f.max,u);f.min=x[0],f.max=x[1]}}}for(let u in r){let f=r[u];if(f.from!=null){let v=r[f.from];if(v.min==null)f.min=f.max=null;else{let x=f.range(n,v.min,v.max,u);f.min=x[0],f.max=x[1]}}}let l={},c=!1;for(let u in r){let f=r[u],v=E[u];if(v.min!=f.min||v.max!=f.max){v.min=f.min,v.max=f.max;let x=v.distr;v._min=x==3?Ot(v.min):x==4?Li(v.min,v.asinh):x==100?v.fwd(v.min):v.min,v._max=x==3?Ot(v.max):x==4?Li(v.max,v.asinh):x==100?v.fwd(v.max):v.max,l[u]=c=!0}}if(c){M.forEach((u,f)=>{i==2?f>0&&l.y&&(u._paths=null):l[u.scale]&&(u._paths=null)});for(let u in l)kn=!0,$e("setScale",u);Ue&&W.left>=0&&(sn=ct=!0)}for(let u in V)V[u]=null}function Jl(r){let l=zi(Re-1,0,He-1),c=zi(Fe+1,0,He-1);for(;r[l]==null&&l>0;)l--;for(;r[c]==null&&c<He-1;)c++;return[l,c]}function Zl(){if(He>0){let r=M.some(l=>l._focus)&&Qe!=Et.alpha;r&&(m.globalAlpha=Qe=Et.alpha),M.forEach((l,c)=>{if(c>0&&l.show&&(br(c,!1),br(c,!0),l._paths==null)){let u=Qe;Qe!=l.alpha&&(m.globalAlpha=Qe=l.alpha);let f=i==2?[0,e[c][0].length-1]:Jl(e[c]);l._paths=l.paths(n,c,f[0],f[1]),Qe!=u&&(m.globalAlpha=Qe=u)}}),M.forEach((l,c)=>{if(c>0&&l.show){let u=Qe;Qe!=l.alpha&&(m.globalAlpha=Qe=l.alpha),l._paths!=null&&wr(c,!1);{let f=l._paths!=null?l._paths.gaps:null,v=l.points.show(n,c,Re,Fe,f),x=l.points.filter(n,c,v,f);(v||x)&&(l.points._paths=l.points.paths(n,c,Re,Fe,x),wr(c,!0))}Qe!=u&&(m.globalAlpha=Qe=u),$e("drawSeries",c)}}),r&&(m.globalAlpha=Qe=1)}}function br(r,l){let c=l?M[r].points:M[r];c._stroke=c.stroke(n,r),c._fill=c.fill(n,r)}function wr(r,l){let c=l?M[r].points:M[r],{stroke:u,fill:f,clip:v,flags:x,_stroke:S=c._stroke,_fill:T=c._fill,_width:_=c.width}=c._paths;_=pe(_*le,3);let P=null,D=_%2/2;l&&T==null&&(T=_>0?"#fff":S);let G=c.pxAlign==1&&D>0;if(G&&m.translate(D,D),!l){let oe=et-_/2,ie=ht-_/2,X=Ze+_,U=vt+_;P=new Path2D,P.rect(oe,ie,X,U)}l?pi(S,_,c.dash,c.cap,T,u,f,x,v):Ql(r,S,_,c.dash,c.cap,T,u,f,x,P,v),G&&m.translate(-D,-D)}function Ql(r,l,c,u,f,v,x,S,T,_,P){let D=!1;T!=0&&J.forEach((G,oe)=>{if(G.series[0]==r){let ie=M[G.series[1]],X=e[G.series[1]],U=(ie._paths||ds).band;Zt(U)&&(U=G.dir==1?U[0]:U[1]);let I,ve=null;ie.show&&U&&Za(X,Re,Fe)?(ve=G.fill(n,oe)||v,I=ie._paths.clip):U=null,pi(l,c,u,f,ve,x,S,T,_,P,I,U),D=!0}}),D||pi(l,c,u,f,v,x,S,T,_,P)}let yr=Gn|Ii;function pi(r,l,c,u,f,v,x,S,T,_,P,D){mr(r,l,c,u,f),(T||_||D)&&(m.save(),T&&m.clip(T),_&&m.clip(_)),D?(S&yr)==yr?(m.clip(D),P&&m.clip(P),Ts(f,x),As(r,v,l)):S&Ii?(Ts(f,x),m.clip(D),As(r,v,l)):S&Gn&&(m.save(),m.clip(D),P&&m.clip(P),Ts(f,x),m.restore(),As(r,v,l)):(Ts(f,x),As(r,v,l)),(T||_||D)&&m.restore()}function As(r,l,c){c>0&&(l instanceof Map?l.forEach((u,f)=>{m.strokeStyle=Ms=f,m.stroke(u)}):l!=null&&r&&m.stroke(l))}function Ts(r,l){l instanceof Map?l.forEach((c,u)=>{m.fillStyle=En=u,m.fill(c)}):l!=null&&r&&m.fill(l)}function Xl(r,l,c,u){let f=$[r],v;if(u<=0)v=[0,0];else{let x=f._space=f.space(n,r,l,c,u),S=f._incrs=f.incrs(n,r,l,c,u,x);v=bc(l,c,S,u,x)}return f._found=v}function fi(r,l,c,u,f,v,x,S,T,_){let P=x%2/2;C==1&&m.translate(P,P),mr(S,x,T,_,S),m.beginPath();let D,G,oe,ie,X=f+(u==0||u==3?-v:v);c==0?(G=f,ie=X):(D=f,oe=X);for(let U=0;U<r.length;U++)l[U]!=null&&(c==0?D=oe=r[U]:G=ie=r[U],m.moveTo(D,G),m.lineTo(oe,ie));m.stroke(),C==1&&m.translate(-P,-P)}function ea(r){let l=!0;return $.forEach((c,u)=>{if(!c.show)return;let f=E[c.scale];if(f.min==null){c._show&&(l=!1,c._show=!1,Cn(!1));return}else c._show||(l=!1,c._show=!0,Cn(!1));let v=c.side,x=v%2,{min:S,max:T}=f,[_,P]=Xl(u,S,T,x==0?Y:R);if(P==0)return;let D=f.distr==2,G=c._splits=c.splits(n,u,S,T,_,P,D),oe=f.distr==2?G.map(I=>bt[I]):G,ie=f.distr==2?bt[G[1]]-bt[G[0]]:_,X=c._values=c.values(n,c.filter(n,oe,u,P,ie),u,P,ie);c._rotate=v==2?c.rotate(n,X,u,P):0;let U=c._size;c._size=mt(c.size(n,X,u,r)),U!=null&&c._size!=U&&(l=!1)}),l}function ta(r){let l=!0;return pr.forEach((c,u)=>{let f=c(n,u,on,r);f!=Bt[u]&&(l=!1),Bt[u]=f}),l}function na(){for(let r=0;r<$.length;r++){let l=$[r];if(!l.show||!l._show)continue;let c=l.side,u=c%2,f,v,x=l.stroke(n,r),S=c==0||c==3?-1:1,[T,_]=l._found;if(l.label!=null){let Ke=l.labelGap*S,st=_e((l._lpos+Ke)*le);gr(l.labelFont[0],x,"center",c==2?"top":Qr),m.save(),u==1?(f=v=0,m.translate(st,_e(ht+vt/2)),m.rotate((c==3?-zs:zs)/2)):(f=_e(et+Ze/2),v=st);let hn=Vo(l.label)?l.label(n,r,T,_):l.label;m.fillText(hn,f,v),m.restore()}if(_==0)continue;let P=E[l.scale],D=u==0?Ze:vt,G=u==0?et:ht,oe=l._splits,ie=P.distr==2?oe.map(Ke=>bt[Ke]):oe,X=P.distr==2?bt[oe[1]]-bt[oe[0]]:T,U=l.ticks,I=l.border,ve=U.show?U.size:0,Se=_e(ve*le),ze=_e((l.alignTo==2?l._size-ve-l.gap:l.gap)*le),ue=l._rotate*-zs/180,Me=F(l._pos*le),tt=(Se+ze)*S,Ge=Me+tt;v=u==0?Ge:0,f=u==1?Ge:0;let dt=l.font[0],wt=l.align==1?Wn:l.align==2?Ti:ue>0?Wn:ue<0?Ti:u==0?"center":c==3?Ti:Wn,_t=ue||u==1?"middle":c==2?"top":Qr;gr(dt,x,wt,_t);let nt=l.font[1]*l.lineGap,pt=oe.map(Ke=>F(h(Ke,P,D,G))),yt=l._values;for(let Ke=0;Ke<yt.length;Ke++){let st=yt[Ke];if(st!=null){u==0?f=pt[Ke]:v=pt[Ke],st=""+st;let hn=st.indexOf(`
`)==-1?[st]:st.split(/\n/gm);for(let je=0;je<hn.length;je++){let Wr=hn[je];ue?(m.save(),m.translate(f,v+je*nt),m.rotate(ue),m.fillText(Wr,0,0),m.restore()):m.fillText(Wr,f,v+je*nt)}}}U.show&&fi(pt,U.filter(n,ie,r,_,X),u,c,Me,Se,pe(U.width*le,3),U.stroke(n,r),U.dash,U.cap);let Pt=l.grid;Pt.show&&fi(pt,Pt.filter(n,ie,r,_,X),u,u==0?2:1,u==0?ht:et,u==0?vt:Ze,pe(Pt.width*le,3),Pt.stroke(n,r),Pt.dash,Pt.cap),I.show&&fi([Me],[1],u==0?1:0,u==0?1:2,u==1?ht:et,u==1?vt:Ze,pe(I.width*le,3),I.stroke(n,r),I.dash,I.cap)}$e("drawAxes")}function Cn(r){M.forEach((l,c)=>{c>0&&(l._paths=null,r&&(i==1?(l.min=null,l.max=null):l.facets.forEach(u=>{u.min=null,u.max=null})))})}let Es=!1,mi=!1,Xn=[];function sa(){mi=!1;for(let r=0;r<Xn.length;r++)$e(...Xn[r]);Xn.length=0}function Ln(){Es||(uh(xr),Es=!0)}function ia(r,l=!1){Es=!0,mi=l,r(n),xr(),l&&Xn.length>0&&queueMicrotask(sa)}n.batch=ia;function xr(){if(ni&&(ql(),ni=!1),kn&&(Vl(),kn=!1),xs){if(be(k,Wn,fe),be(k,"top",Le),be(k,as,Y),be(k,hs,R),be(A,Wn,fe),be(A,"top",Le),be(A,as,Y),be(A,hs,R),be(g,as,Wt),be(g,hs,en),b.width=_e(Wt*le),b.height=_e(en*le),$.forEach(({_el:r,_show:l,_size:c,_pos:u,side:f})=>{if(r!=null)if(l){let v=f===3||f===0?c:0,x=f%2==1;be(r,x?"left":"top",u-v),be(r,x?"width":"height",c),be(r,x?"top":"left",x?Le:fe),be(r,x?"height":"width",x?R:Y),Ni(r,pn)}else rt(r,pn)}),Ms=En=ri=li=ai=hi=ci=ui=oi=null,Qe=1,ns(!0),fe!=xn||Le!=tn||Y!=Tt||R!=nn){Cn(!1);let r=Y/Tt,l=R/nn;if(Ue&&!sn&&W.left>=0){W.left*=r,W.top*=l,_n&&$t(_n,_e(W.left),0,Y,R),Pn&&$t(Pn,0,_e(W.top),Y,R);for(let c=0;c<ut.length;c++){let u=ut[c];u!=null&&(An[c]*=r,Tn[c]*=l,$t(u,mt(An[c]),mt(Tn[c]),Y,R))}}if(ge.show&&!ks&&ge.left>=0&&ge.width>0){ge.left*=r,ge.width*=r,ge.top*=l,ge.height*=l;for(let c in xi)be(Dn,c,ge[c])}xn=fe,tn=Le,Tt=Y,nn=R}$e("setSize"),xs=!1}Wt>0&&en>0&&(m.clearRect(0,0,b.width,b.height),$e("drawClear"),j.forEach(r=>r()),$e("draw")),ge.show&&ks&&(Cs(ge),ks=!1),Ue&&sn&&(an(null,!0,!1),sn=!1),Q.show&&Q.live&&ct&&(wi(),ct=!1),d||(d=!0,n.status=1,$e("ready")),Qn=!1,Es=!1}n.redraw=(r,l)=>{kn=l||!1,r!==!1?Kt(N,L.min,L.max):Ln()};function gi(r,l){let c=E[r];if(c.from==null){if(He==0){let u=c.range(n,l.min,l.max,r);l.min=u[0],l.max=u[1]}if(l.min>l.max){let u=l.min;l.min=l.max,l.max=u}if(He>1&&l.min!=null&&l.max!=null&&l.max-l.min<1e-16)return;r==N&&c.distr==2&&He>0&&(l.min=St(l.min,e[0]),l.max=St(l.max,e[0]),l.min==l.max&&l.max++),V[r]=l,ni=!0,Ln()}}n.setScale=gi;let vi,bi,_n,Pn,kr,Sr,Rn,Fn,Mr,Ar,me,xe,Gt=!1,We=W.drag,De=We.x,Ne=We.y;Ue&&(W.x&&(vi=ft(Na,A)),W.y&&(bi=ft($a,A)),L.ori==0?(_n=vi,Pn=bi):(_n=bi,Pn=vi),me=W.left,xe=W.top);let ge=n.select=Ee({show:!0,over:!0,left:0,width:0,top:0,height:0},s.select),Dn=ge.show?ft(Da,ge.over?A:k):null;function Cs(r,l){if(ge.show){for(let c in r)ge[c]=r[c],c in xi&&be(Dn,c,r[c]);l!==!1&&$e("setSelect")}}n.setSelect=Cs;function ra(r){if(M[r].show)Ce&&Ni(ke[r],pn);else if(Ce&&rt(ke[r],pn),Ue){let c=Mn?ut[0]:ut[r];c!=null&&$t(c,-10,-10,Y,R)}}function Kt(r,l,c){gi(r,{min:l,max:c})}function Ct(r,l,c,u){l.focus!=null&&ca(r),l.show!=null&&M.forEach((f,v)=>{v>0&&(r==v||r==null)&&(f.show=l.show,ra(v),i==2?(Kt(f.facets[0].scale,null,null),Kt(f.facets[1].scale,null,null)):Kt(f.scale,null,null),Ln())}),c!==!1&&$e("setSeries",r,l),u&&ss("setSeries",n,r,l)}n.setSeries=Ct;function oa(r,l){Ee(J[r],l)}function la(r,l){r.fill=te(r.fill||null),r.dir=re(r.dir,-1),l=l??J.length,J.splice(l,0,r)}function aa(r){r==null?J.length=0:J.splice(r,1)}n.addBand=la,n.setBand=oa,n.delBand=aa;function ha(r,l){M[r].alpha=l,Ue&&ut[r]!=null&&(ut[r].style.opacity=l),Ce&&ke[r]&&(ke[r].style.opacity=l)}let It,jt,ln,Nn={focus:!0};function ca(r){if(r!=ln){let l=r==null,c=Et.alpha!=1;M.forEach((u,f)=>{if(i==1||f>0){let v=l||f==0||f==r;u._focus=l?null:v,c&&ha(f,v?1:Et.alpha)}}),ln=r,c&&Ln()}}Ce&&Sn&&Be(no,ae,r=>{W._lock||(rn(r),ln!=null&&Ct(null,Nn,!0,Te.setSeries))});function Lt(r,l,c){let u=E[l];c&&(r=r/le-(u.ori==1?Le:fe));let f=Y;u.ori==1&&(f=R,r=f-r),u.dir==-1&&(r=f-r);let v=u._min,x=u._max,S=r/f,T=v+(x-v)*S,_=u.distr;return _==3?Vn(10,T):_==4?Xa(T,u.asinh):_==100?u.bwd(T):T}function ua(r,l){let c=Lt(r,N,l);return St(c,e[0],Re,Fe)}n.valToIdx=r=>St(r,e[0]),n.posToIdx=ua,n.posToVal=Lt,n.valToPos=(r,l,c)=>E[l].ori==0?o(r,E[l],c?Ze:Y,c?et:0):a(r,E[l],c?vt:R,c?ht:0),n.setCursor=(r,l,c)=>{me=r.left,xe=r.top,an(null,l,c)};function Tr(r,l){be(Dn,Wn,ge.left=r),be(Dn,as,ge.width=l)}function Er(r,l){be(Dn,"top",ge.top=r),be(Dn,hs,ge.height=l)}let es=L.ori==0?Tr:Er,ts=L.ori==1?Tr:Er;function da(){if(Ce&&Q.live)for(let r=i==2?1:0;r<M.length;r++){if(r==0&&at)continue;let l=Q.values[r],c=0;for(let u in l)At[r][c++].firstChild.nodeValue=l[u]}}function wi(r,l){if(r!=null&&(r.idxs?r.idxs.forEach((c,u)=>{ce[u]=c}):sh(r.idx)||ce.fill(r.idx),Q.idx=ce[0]),Ce&&Q.live){for(let c=0;c<M.length;c++)(c>0||i==1&&!at)&&pa(c,ce[c]);da()}ct=!1,l!==!1&&$e("setLegend")}n.setLegend=wi;function pa(r,l){let c=M[r],u=r==0&&q==2?bt:e[r],f;at?f=c.values(n,r,l)??Ut:(f=c.value(n,l==null?null:u[l],r,l),f=f==null?Ut:{_:f}),Q.values[r]=f}function an(r,l,c){Mr=me,Ar=xe,[me,xe]=W.move(n,me,xe),W.left=me,W.top=xe,Ue&&(_n&&$t(_n,_e(me),0,Y,R),Pn&&$t(Pn,0,_e(xe),Y,R));let u,f=Re>Fe;It=de,jt=null;let v=L.ori==0?Y:R,x=L.ori==1?Y:R;if(me<0||He==0||f){u=W.idx=null;for(let S=0;S<M.length;S++){let T=ut[S];T!=null&&$t(T,-10,-10,Y,R)}Sn&&Ct(null,Nn,!0,r==null&&Te.setSeries),Q.live&&(ce.fill(u),ct=!0)}else{let S,T,_;i==1&&(S=L.ori==0?me:xe,T=Lt(S,N),u=W.idx=St(T,e[0],Re,Fe),_=H(e[0][u],L,v,0));let P=-10,D=-10,G=0,oe=0,ie=!0,X="",U="";for(let I=i==2?1:0;I<M.length;I++){let ve=M[I],Se=ce[I],ze=Se==null?null:i==1?e[I][Se]:e[I][1][Se],ue=W.dataIdx(n,I,u,T),Me=ue==null?null:i==1?e[I][ue]:e[I][1][ue];if(ct=ct||Me!=ze||ue!=Se,ce[I]=ue,I>0&&ve.show){let tt=ue==null?-10:ue==u?_:H(i==1?e[0][ue]:e[I][0][ue],L,v,0),Ge=Me==null?-10:B(Me,i==1?E[ve.scale]:E[ve.facets[1].scale],x,0);if(Sn&&Me!=null){let dt=L.ori==1?me:xe,wt=Pe(Et.dist(n,I,ue,Ge,dt));if(wt<It){let _t=Et.bias;if(_t!=0){let nt=Lt(dt,ve.scale),pt=Me>=0?1:-1,yt=nt>=0?1:-1;yt==pt&&(yt==1?_t==1?Me>=nt:Me<=nt:_t==1?Me<=nt:Me>=nt)&&(It=wt,jt=I)}else It=wt,jt=I}}if(ct||Mn){let dt,wt;L.ori==0?(dt=tt,wt=Ge):(dt=Ge,wt=tt);let _t,nt,pt,yt,Pt,Ke,st=!0,hn=Ve.bbox;if(hn!=null){st=!1;let je=hn(n,I);pt=je.left,yt=je.top,_t=je.width,nt=je.height}else pt=dt,yt=wt,_t=nt=Ve.size(n,I);if(Ke=Ve.fill(n,I),Pt=Ve.stroke(n,I),Mn)I==jt&&It<=Et.prox&&(P=pt,D=yt,G=_t,oe=nt,ie=st,X=Ke,U=Pt);else{let je=ut[I];je!=null&&(An[I]=pt,Tn[I]=yt,ho(je,_t,nt,st),lo(je,Ke,Pt),$t(je,mt(pt),mt(yt),Y,R))}}}}if(Mn){let I=Et.prox,ve=ln==null?It<=I:It>I||jt!=ln;if(ct||ve){let Se=ut[0];Se!=null&&(An[0]=P,Tn[0]=D,ho(Se,G,oe,ie),lo(Se,X,U),$t(Se,mt(P),mt(D),Y,R))}}}if(ge.show&&Gt)if(r!=null){let[S,T]=Te.scales,[_,P]=Te.match,[D,G]=r.cursor.sync.scales,oe=r.cursor.drag;if(De=oe._x,Ne=oe._y,De||Ne){let{left:ie,top:X,width:U,height:I}=r.select,ve=r.scales[D].ori,Se=r.posToVal,ze,ue,Me,tt,Ge,dt=S!=null&&_(S,D),wt=T!=null&&P(T,G);dt&&De?(ve==0?(ze=ie,ue=U):(ze=X,ue=I),Me=E[S],tt=H(Se(ze,D),Me,v,0),Ge=H(Se(ze+ue,D),Me,v,0),es(Mt(tt,Ge),Pe(Ge-tt))):es(0,v),wt&&Ne?(ve==1?(ze=ie,ue=U):(ze=X,ue=I),Me=E[T],tt=B(Se(ze,G),Me,x,0),Ge=B(Se(ze+ue,G),Me,x,0),ts(Mt(tt,Ge),Pe(Ge-tt))):ts(0,x)}else ki()}else{let S=Pe(Mr-kr),T=Pe(Ar-Sr);if(L.ori==1){let G=S;S=T,T=G}De=We.x&&S>=We.dist,Ne=We.y&&T>=We.dist;let _=We.uni;_!=null?De&&Ne&&(De=S>=_,Ne=T>=_,!De&&!Ne&&(T>S?Ne=!0:De=!0)):We.x&&We.y&&(De||Ne)&&(De=Ne=!0);let P,D;De&&(L.ori==0?(P=Rn,D=me):(P=Fn,D=xe),es(Mt(P,D),Pe(D-P)),Ne||ts(0,x)),Ne&&(L.ori==1?(P=Rn,D=me):(P=Fn,D=xe),ts(Mt(P,D),Pe(D-P)),De||es(0,v)),!De&&!Ne&&(es(0,0),ts(0,0))}if(We._x=De,We._y=Ne,r==null){if(c){if(Hr!=null){let[S,T]=Te.scales;Te.values[0]=S!=null?Lt(L.ori==0?me:xe,S):null,Te.values[1]=T!=null?Lt(L.ori==1?me:xe,T):null}ss(Ei,n,me,xe,Y,R,u)}if(Sn){let S=c&&Te.setSeries,T=Et.prox;ln==null?It<=T&&Ct(jt,Nn,!0,S):It>T?Ct(null,Nn,!0,S):jt!=ln&&Ct(jt,Nn,!0,S)}}ct&&(Q.idx=u,wi()),l!==!1&&$e("setCursor")}let Yt=null;Object.defineProperty(n,"rect",{get(){return Yt==null&&ns(!1),Yt}});function ns(r=!1){r?Yt=null:(Yt=A.getBoundingClientRect(),$e("syncRect",Yt))}function Cr(r,l,c,u,f,v,x){W._lock||Gt&&r!=null&&r.movementX==0&&r.movementY==0||(yi(r,l,c,u,f,v,x,!1,r!=null),r!=null?an(null,!0,!0):an(l,!0,!1))}function yi(r,l,c,u,f,v,x,S,T){if(Yt==null&&ns(!1),rn(r),r!=null)c=r.clientX-Yt.left,u=r.clientY-Yt.top;else{if(c<0||u<0){me=-10,xe=-10;return}let[_,P]=Te.scales,D=l.cursor.sync,[G,oe]=D.values,[ie,X]=D.scales,[U,I]=Te.match,ve=l.axes[0].side%2==1,Se=L.ori==0?Y:R,ze=L.ori==1?Y:R,ue=ve?v:f,Me=ve?f:v,tt=ve?u:c,Ge=ve?c:u;if(ie!=null?c=U(_,ie)?h(G,E[_],Se,0):-10:c=Se*(tt/ue),X!=null?u=I(P,X)?h(oe,E[P],ze,0):-10:u=ze*(Ge/Me),L.ori==1){let dt=c;c=u,u=dt}}T&&(l==null||l.cursor.event.type==Ei)&&((c<=1||c>=Y-1)&&(c=un(c,Y)),(u<=1||u>=R-1)&&(u=un(u,R))),S?(kr=c,Sr=u,[Rn,Fn]=W.move(n,c,u)):(me=c,xe=u)}let xi={width:0,height:0,left:0,top:0};function ki(){Cs(xi,!1)}let Lr,_r,Pr,Rr;function Fr(r,l,c,u,f,v,x){Gt=!0,De=Ne=We._x=We._y=!1,yi(r,l,c,u,f,v,x,!0,!1),r!=null&&(Be(Ci,Fi,Dr,!1),ss(eo,n,Rn,Fn,Y,R,null));let{left:S,top:T,width:_,height:P}=ge;Lr=S,_r=T,Pr=_,Rr=P}function Dr(r,l,c,u,f,v,x){Gt=We._x=We._y=!1,yi(r,l,c,u,f,v,x,!1,!0);let{left:S,top:T,width:_,height:P}=ge,D=_>0||P>0,G=Lr!=S||_r!=T||Pr!=_||Rr!=P;if(D&&G&&Cs(ge),We.setScale&&D&&G){let oe=S,ie=_,X=T,U=P;if(L.ori==1&&(oe=T,ie=P,X=S,U=_),De&&Kt(N,Lt(oe,N),Lt(oe+ie,N)),Ne)for(let I in E){let ve=E[I];I!=N&&ve.from==null&&ve.min!=de&&Kt(I,Lt(X+U,I),Lt(X,I))}ki()}else W.lock&&(W._lock=!W._lock,an(l,!0,r!=null));r!=null&&(yn(Ci,Fi),ss(Ci,n,me,xe,Y,R,null))}function fa(r,l,c,u,f,v,x){if(W._lock)return;rn(r);let S=Gt;if(Gt){let T=!0,_=!0,P=10,D,G;L.ori==0?(D=De,G=Ne):(D=Ne,G=De),D&&G&&(T=me<=P||me>=Y-P,_=xe<=P||xe>=R-P),D&&T&&(me=me<Rn?0:Y),G&&_&&(xe=xe<Fn?0:R),an(null,!0,!0),Gt=!1}me=-10,xe=-10,ce.fill(null),an(null,!0,!0),S&&(Gt=S)}function Nr(r,l,c,u,f,v,x){W._lock||(rn(r),ii(),ki(),r!=null&&ss(so,n,me,xe,Y,R,null))}function $r(){$.forEach(wc),si(n.width,n.height,!0)}fn(Hs,On,$r);let $n={};$n.mousedown=Fr,$n.mousemove=Cr,$n.mouseup=Dr,$n.dblclick=Nr,$n.setSeries=(r,l,c,u)=>{let f=Te.match[2];c=f(n,l,c),c!=-1&&Ct(c,u,!0,!1)},Ue&&(Be(eo,A,Fr),Be(Ei,A,Cr),Be(to,A,r=>{rn(r),ns(!1)}),Be(no,A,fa),Be(so,A,Nr),Oi.add(n),n.syncRect=ns);let Ls=n.hooks=s.hooks||{};function $e(r,l,c){mi?Xn.push([r,l,c]):r in Ls&&Ls[r].forEach(u=>{u.call(null,n,l,c)})}(s.plugins||[]).forEach(r=>{for(let l in r.hooks)Ls[l]=(Ls[l]||[]).concat(r.hooks[l])});let zr=(r,l,c)=>c,Te=Ee({key:null,setSeries:!1,filters:{pub:mo,sub:mo},scales:[N,M[1]?M[1].scale:null],match:[go,go,zr],values:[null,null]},W.sync);Te.match.length==2&&Te.match.push(zr),W.sync=Te;let Hr=Te.key,Si=dl(Hr);function ss(r,l,c,u,f,v,x){Te.filters.pub(r,l,c,u,f,v,x)&&Si.pub(r,l,c,u,f,v,x)}Si.sub(n);function ma(r,l,c,u,f,v,x){Te.filters.sub(r,l,c,u,f,v,x)&&$n[r](null,l,c,u,f,v,x)}n.pub=ma;function ga(){Si.unsub(n),Oi.delete(n),Xt.clear(),$i(Hs,On,$r),p.remove(),ae?.remove(),$e("destroy")}n.destroy=ga;function Mi(){$e("init",s,e),fr(e||s.data,!1),V[N]?gi(N,V[N]):ii(),ks=ge.show&&(ge.width>0||ge.height>0),sn=ct=!0,si(s.width,s.height)}return M.forEach(dr),$.forEach(Yl),t?t instanceof HTMLElement?(t.appendChild(p),Mi()):t(n,Mi):Mi(),n}Oe.assign=Ee;Oe.fmtNum=Yi;Oe.rangeNum=Ws;Oe.rangeLog=Vs;Oe.rangeAsinh=Ki;Oe.orient=gn;Oe.pxRatio=le;Oe.join=ch;Oe.fmtDate=Ji,Oe.tzDate=xh;Oe.sync=dl;{Oe.addGap=sc,Oe.clipGaps=Gs;let s=Oe.paths={points:bl};s.linear=yl,s.stepped=oc,s.bars=lc,s.spline=hc}var fs=3,Ml=18,ms=class extends HTMLElement{onmove=()=>{};onlet=()=>{};plot=null;shown=null;window=120;held=null;chosen=null;levels=0;host=y("div",{class:"plot"});reading=y("output",{class:"reading"});draw=Ye(()=>this.paint());sized=new ResizeObserver(()=>{this.plot?.setSize({width:this.host.clientWidth,height:this.high})});connectedCallback(){this.host.isConnected||(this.host.tabIndex=0,this.host.setAttribute("role","img"),this.append(this.host,this.reading),this.host.addEventListener("keydown",e=>this.key(e))),this.sized.observe(this.host),Ie.addEventListener("change",this.again)}disconnectedCallback(){this.sized.disconnect(),Ie.removeEventListener("change",this.again)}get high(){return this.host.clientWidth<500?260:340}show(e){this.shown=e,this.draw()}view(e){this.window=e,this.draw()}again=()=>{this.plot?.destroy(),this.plot=null,this.draw()};data(e){let t=e.points.length,n=t+(e.ahead[0]?.length??0),i=this.window?Math.max(0,t-this.window):0,o=[];for(let d=i;d<n;d++)o.push(d);let a=d=>o.map(p=>p<t?d[p]??null:null),h=d=>o.map(p=>p>=t?d[p-t]??null:p===t-1?e.points[p]??null:null);return[o,a(e.points),a(e.expected),h(e.before??[]),...e.ahead.map(h)]}paint(){let{shown:e}=this;if(!e||!this.host.clientWidth)return;this.levels!==e.levels.length&&(this.plot?.destroy(),this.plot=null,this.levels=e.levels.length);let t=this.data(e);this.plot?this.plot.setData(t):this.make(e,t);let n=e.surprise.filter(i=>i!==null&&Math.abs(i)>=fs).length;this.host.setAttribute("aria-label",`A series of ${e.points.length} points and a forecast of ${e.ahead[0]?.length??0} steps; ${n} points surprised. Left and right choose a point, up and down move it.`),this.read()}make(e,t){let[n,i,o]=Jt("accent"),a=e.levels.indexOf(.5),h=Math.floor(e.levels.length/2),d=`rgba(${n},${i},${o},0)`,p=(m,g,k)=>({stroke:m,width:g,points:{show:!1},...k?{dash:k}:{}});this.plot=new Oe({width:this.host.clientWidth,height:this.high,legend:{show:!1},cursor:{y:!1,points:{show:!1},drag:{setScale:!1,x:!1,y:!1}},scales:{x:{time:!1}},axes:[{stroke:Ae("soft"),grid:{show:!1},ticks:{show:!1},space:110,size:30,font:"12px system-ui, sans-serif",values:(m,g)=>g.map(k=>Number.isInteger(k)?yc(this.shown?.times[k]??""):"")},{stroke:Ae("soft"),grid:{stroke:Ae("line"),width:1},ticks:{show:!1},size:52,font:"12px system-ui, sans-serif",values:(m,g)=>g.map(it)}],series:[{},{...p(Ae("ink"),1.5),points:{show:!0,size:5,space:7,fill:Ae("panel")}},p(Ae("soft"),1,[2,3]),p(Ae("warm"),1.5,[5,4]),...e.levels.map((m,g)=>p(g===a?Ae("accent"):d,g===a?2:0))],bands:Array.from({length:h},(m,g)=>({series:[4+e.levels.length-1-g,4+g],fill:`rgba(${n},${i},${o},${.14+.1*g})`})),hooks:{draw:[m=>this.marks(m)],setCursor:[()=>this.read()]}},t,this.host);let b=this.plot.over;b.addEventListener("pointerdown",m=>this.grab(m)),b.addEventListener("pointermove",m=>this.drag(m)),b.addEventListener("pointerup",()=>this.drop()),b.addEventListener("pointercancel",()=>this.drop()),b.style.touchAction="pan-x"}marks(e){let{shown:t}=this;if(!t)return;let{ctx:n}=e,i=devicePixelRatio||1,o=t.points.length,a=d=>[e.valToPos(d,"x",!0),e.valToPos(t.points[d],"y",!0)];n.save(),n.strokeStyle=Ae("line"),n.lineWidth=i;let h=e.valToPos(o-1,"x",!0);n.beginPath(),n.moveTo(h,e.bbox.top),n.lineTo(h,e.bbox.top+e.bbox.height),n.stroke(),n.strokeStyle=Ae("warm"),n.lineWidth=2*i;for(let d=this.window?Math.max(0,o-this.window):0;d<o;d++)Math.abs(t.surprise[d]??0)<fs||t.points[d]===null||(n.beginPath(),n.arc(...a(d),6*i,0,2*Math.PI),n.stroke());this.chosen!==null&&this.chosen<o&&t.points[this.chosen]!==null&&(n.strokeStyle=Ae("accent"),n.fillStyle=Ae("panel"),n.beginPath(),n.arc(...a(this.chosen),5*i,0,2*Math.PI),n.fill(),n.stroke()),n.restore()}read(){let{shown:e,plot:t}=this;if(!e)return;let n=e.points.length,i=this.held??(t?.cursor.idx!=null?t.data[0][t.cursor.idx]:this.chosen),o=[];if(i==null)o.push("drag a point, and see the future move","rings: far from what was expected");else if(i<n){o.push(e.times[i]??"",`value ${it(e.points[i]??Number.NaN)}`),e.expected[i]!==null&&o.push(`expected ${it(e.expected[i]??Number.NaN)}`);let a=e.surprise[i]??0;Math.abs(a)>=fs&&o.push(`${it(Math.abs(a))} times the usual error`)}else{let a=e.levels.indexOf(.5),h=e.ahead[0]?.[i-n],d=e.ahead.at(-1)?.[i-n];o.push(e.times[i]??"",`median ${it(e.ahead[a]?.[i-n]??Number.NaN)}`),h!=null&&d!=null&&o.push(`${Math.round(100*(e.levels.at(-1)-e.levels[0]))} % from ${it(h)} to ${it(d)}`)}this.reading.textContent=o.join("  ·  ")}grab(e){let{plot:t,shown:n}=this;if(!t||!n)return;let i=Math.round(t.posToVal(e.offsetX,"x")),o=Math.max(0,Math.min(n.points.length-1,i)),a=n.points[o];a!=null&&(Math.abs(t.valToPos(o,"x")-e.offsetX)>Ml||Math.abs(t.valToPos(a,"y")-e.offsetY)>2.5*Ml||(this.held=this.chosen=o,t.over.setPointerCapture(e.pointerId),e.preventDefault()))}drag(e){this.held===null||!this.plot||this.onmove(this.held,this.plot.posToVal(e.offsetY,"y"))}drop(){this.held!==null&&(this.held=null,this.onlet())}key(e){let{shown:t,plot:n}=this;if(!t||!n)return;let i=t.points.length-1,o=this.chosen??i,a=(n.scales.y.max??1)-(n.scales.y.min??0),h=(e.shiftKey?.1:.02)*a;if(e.key==="ArrowLeft"||e.key==="ArrowRight"){let d=this.chosen===null?0:e.key==="ArrowLeft"?-1:1;this.chosen=Math.max(0,Math.min(i,o+d))}else if(e.key==="ArrowUp"||e.key==="ArrowDown"){this.chosen=o;let d=t.points[o];d!=null&&(this.onmove(o,d+(e.key==="ArrowUp"?h:-h)),this.onlet())}else return;e.preventDefault(),this.draw()}};customElements.define("series-chart",ms);var yc=s=>s.replace(/^\d{4}-/,"").replace(/[T ](\d\d:\d\d).*$/," $1");var xc=[1,10,100,1e3],kc=[["60",60],["120",120],["500",500],["all",0]],qs=class extends Nt{about=null;source={name:"",text:""};index=0;points=[];original=[];times=[];ahead=[];expected=[];score=[];quantiles=null;ghost=null;channel=0;sent=0;rate=10;playing=0;owed=0;last=0;fresh=!0;moves=new Dt(()=>this.live.stop());chart=new ms;memory=new xt;list=y("div",{class:"list",role:"listbox","aria-label":"Series",tabindex:-1});heading=w("h2","");note=y("p",{class:"soft"});views=y("div",{class:"segments",role:"group","aria-label":"Points in view"});channels=y("select",{"aria-label":"What is shown",hidden:!0});value=y("input",{type:"number",step:"any","aria-label":"Next value",placeholder:"next value"});play=y("button",{type:"button"},{onclick:()=>this.replay()},"Replay");file=y("input",{type:"file",accept:".csv,.tsv,.txt,.jsonl",hidden:!0});redraw=Ye(()=>this.draw());build(){this.chart.onmove=(i,o)=>this.move(i,o),this.chart.onlet=()=>this.dropped(),this.memory.called=i=>this.times[i]??`step ${i+1}`,this.memory.onwant=()=>{this.look()},this.file.onchange=()=>{this.load(this.file.files?.[0])},this.channels.onchange=()=>{this.channel=Number(this.channels.value),this.redraw()},this.ondragover=i=>i.preventDefault(),this.ondrop=i=>{i.preventDefault(),this.load(i.dataTransfer?.files[0])};let e=y("select",{"aria-label":"Points a second"},{onchange:i=>{this.rate=Number(i.target.value)}},...xc.map(i=>y("option",{value:i,selected:i===this.rate},{},`${i.toLocaleString("en")} a second`))),t=y("form",{class:"row","aria-label":"Feed"},{onsubmit:i=>{i.preventDefault(),this.feed(this.value.valueAsNumber),this.value.value=""}},this.value,y("button",{type:"submit"},{},"Add"),y("button",{type:"button"},{onclick:()=>this.feed(this.median())},"Add the median"),w("span","space"),this.play,e),n=y("button",{type:"button",class:"primary"},{onclick:()=>this.file.click()},"Open a table");this.append(y("section",{class:"card series","aria-label":"Series"},{},w("div","row",w("h2","","Series"),w("span","space"),n,this.file),this.note,this.list),y("section",{class:"card","aria-label":"Forecast"},{},w("div","row",this.heading,this.channels,w("span","space"),this.views,y("button",{type:"button"},{onclick:()=>{this.open(this.index)}},"Undo changes")),this.chart,t),y("section",{class:"card wide","aria-label":"Memory"},{},w("h2","","Memory"),this.memory)),this.showViews(120)}opened(e){this.about=e;let t=e.columns.slice(-e.channels);this.channels.hidden=e.channels<2,this.channels.replaceChildren(...t.map((n,i)=>y("option",{value:i},{},n))),this.again()}async again(){let e=this.points;await this.read(this.source),await this.open(this.index),!this.fresh&&e.length&&(this.points=e,this.send(0)),this.fresh=!1}async load(e){if(!e)return;let t={name:e.name,text:await e.text()};try{await this.read(t)}catch(n){this.note.textContent=n instanceof Error?n.message:"it cannot be read",this.note.setAttribute("role","alert");return}this.source=t,await this.open(0)}async read(e){let t=await this.live.one("read",e),n=t.tensors.sparks,i=n.shape[1];this.list.replaceChildren(...t.series.map((h,d)=>y("button",{type:"button",role:"option","aria-selected":"false"},{onclick:()=>{this.open(d)}},w("span","name",h.name),Sc(n.data.subarray(d*i,(d+1)*i)),w("small","",h.steps.toLocaleString("en")))));let o=this.about?.columns.join(", ")??"";this.note.removeAttribute("role");let a=t.more?` And ${t.more} more that are not listed.`:"";this.note.textContent=t.name?`${t.name}${a}`:`An example. Drop a table with the columns ${o}, or open one.`}async open(e){this.stop(),this.index=e,[...this.list.children].forEach((t,n)=>{t.setAttribute("aria-selected",String(n===e))}),this.ghost=null,this.expected=[],this.score=[],this.ahead=[],this.quantiles=null,this.memory.clear(),await this.live.ask("open",{series:e,memory:this.memory.asked()},t=>{t.points&&t.times&&(this.points=t.points.map(n=>[...n]),this.original=t.points,this.times=t.times,this.sent=t.points.length,this.heading.textContent=t.name??""),this.take(t)})}take(e){let{expected:t,score:n,quantiles:i}=e.tensors;if(e.row!==void 0&&t&&n){let[o=0,a=1]=t.shape;for(let h=0;h<o;h++)this.expected[e.row+h]=Al(t.data,h,a),this.score[e.row+h]=Al(n.data,h,a)}e.ahead&&(this.ahead=e.ahead,this.quantiles=i??null),e.memory&&this.memory.take(e.memory,e.tensors),this.redraw()}async look(){this.take(await this.live.one("look",{memory:this.memory.asked()}))}move(e,t){this.ghost??=this.medians(),this.points[e][this.channel]=t,this.redraw(),this.send(e)}dropped(){this.say(`The forecast of the next step is now ${it(this.median())}`)}send(e){this.sent=Math.min(this.sent,e),this.moves.run(async()=>{let t=this.sent,n=this.points.slice(t);this.sent=this.points.length;let i=t;await this.live.ask("write",{keep:t,points:n,memory:this.memory.asked(t)},o=>{i=o.taken??i,this.take(o)}),this.sent=Math.min(this.sent,i)})}feed(e){if(!Number.isFinite(e))return;let t=this.points.at(-1)?.map(()=>null)??[null];t[this.channel]=e;for(let n=0;n<t.length;n++)t[n]??=this.medians(n)[0]??null;this.add([t])}add(e){this.ghost=null;let t=this.points.length;for(let n of e)this.times.length<=this.points.length&&this.times.push(this.ahead[0]??String(this.times.length+1)),this.points.push([...n]);this.redraw(),this.send(t)}replay(){if(this.playing){this.stop();return}let e=Math.max(1,Math.min(this.original.length-1,Math.floor(this.original.length/4)));this.points=this.original.slice(0,e).map(t=>[...t]),this.expected.length=this.score.length=e,this.ghost=null,this.send(0),this.playing=e,this.owed=0,this.last=performance.now(),this.play.textContent="Pause",requestAnimationFrame(t=>this.tick(t))}stop(){this.playing=0,this.play.textContent="Replay"}tick(e){if(!this.playing||!this.isConnected)return;this.owed+=this.rate*(e-this.last)/1e3,this.last=e;let t=Math.max(0,Math.floor(this.owed));this.owed-=t,t&&(this.add(this.original.slice(this.playing,this.playing+t)),this.playing+=t),this.playing>=this.original.length?this.stop():requestAnimationFrame(n=>this.tick(n))}medians(e=this.channel){let t=this.about?.levels.indexOf(.5)??0;return this.quantile(t,e)}quantile(e,t){if(!this.quantiles)return[];let[,n=0,i=1]=this.quantiles.shape;return Array.from({length:n},(o,a)=>this.quantiles.data[(e*n+a)*i+t])}median(){return this.medians()[0]??Number.NaN}draw(){let{about:e,channel:t}=this;if(!e||!this.points.length)return;let n=a=>this.points.map((h,d)=>a[d]?.[t]??null),i=n(this.score);this.chart.show({times:[...this.times.slice(0,this.points.length),...this.ahead],points:n(this.points),expected:n(this.expected),surprise:i,ahead:e.levels.map((a,h)=>this.quantile(h,t)),levels:e.levels,before:this.ghost});let o=i.filter(a=>a!==null&&Math.abs(a)>=fs).length;this.list.children[this.index]?.setAttribute("title",`${o} points surprised`)}showViews(e){this.chart.view(e),this.views.replaceChildren(...kc.map(([t,n])=>y("button",{type:"button","aria-pressed":String(n===e)},{onclick:()=>this.showViews(n)},t)))}},Al=(s,e,t)=>Array.from({length:t},(n,i)=>{let o=s[e*t+i];return Number.isFinite(o)?o:null});function Sc(s){let e="http://www.w3.org/2000/svg",t=document.createElementNS(e,"svg");t.setAttribute("viewBox","0 0 100 24"),t.setAttribute("preserveAspectRatio","none"),t.setAttribute("aria-hidden","true");let n=document.createElementNS(e,"path"),i=[...s].map((o,a)=>[100*a/Math.max(1,s.length-1),22-20*o]).filter(([,o])=>Number.isFinite(o));return n.setAttribute("d",i.map(([o,a],h)=>`${h?"L":"M"}${o.toFixed(1)} ${a.toFixed(1)}`).join("")),t.append(n),t}function gs(s,e){let t=Math.max(1e-9,...s.map(n=>Math.max(n.p,n.other??0)));return y("ol",{class:s.some(n=>n.other!==void 0)?"bars two":"bars"},{},...s.map((n,i)=>{let o=[w("span","name",n.name),Tl(n.p/t,"fill"),w("span","p",Rt(n.p)),n.other!==void 0&&Tl(n.other/t,"fill other"),n.other!==void 0&&w("span","p",Rt(n.other))];return w("li","",e?y("button",{type:"button"},{onclick:()=>e(i)},...o):w("div","",...o))}))}function Tl(s,e){let t=y("span",{class:e,"aria-hidden":"true"});return t.style.setProperty("--share",String(s)),t}var El="http://www.w3.org/2000/svg",sr=300,Cl=90;function Ll(s,e,t){let n=s.flatMap(d=>d.values),i=e?0:Math.min(...n),o=e?1:Math.max(...n,i+1e-9),a=document.createElementNS(El,"svg");a.setAttribute("viewBox",`0 0 ${sr} ${Cl}`),a.setAttribute("preserveAspectRatio","none"),a.setAttribute("role","img"),a.setAttribute("aria-label",t),s.slice(0,4).forEach((d,p)=>{let b=document.createElementNS(El,"path"),m=g=>d.values.length>1?sr*g/(d.values.length-1):sr/2;b.setAttribute("d",d.values.map((g,k)=>`${k?"L":"M"}${m(k).toFixed(1)} ${(2+(Cl-4)*(1-(g-i)/(o-i))).toFixed(1)}`).join("")),b.setAttribute("class",`line-${p}`),a.append(b)});let h=w("figure","lines");return h.append(a,w("figcaption","",...s.slice(0,4).map((d,p)=>w("span",`line-${p}`,d.name)))),h}var vs=class extends HTMLElement{ondraw=()=>{};strokes=[];down=!1;shades=null;canvas=y("canvas",{role:"img","aria-label":"A sheet: draw on it with a pen, a finger or the mouse"});draw=Ye(()=>this.paint());sized=new ResizeObserver(()=>this.draw());connectedCallback(){this.canvas.isConnected||(this.append(this.canvas),this.canvas.onpointerdown=e=>{this.down=!0,this.strokes.push([]),this.canvas.setPointerCapture(e.pointerId),this.point(e)},this.canvas.onpointermove=e=>{if(this.down)for(let t of e.getCoalescedEvents?.()??[e])this.point(t)},this.canvas.onpointerup=this.canvas.onpointercancel=()=>{this.down=!1}),this.sized.observe(this.canvas),Ie.addEventListener("change",this.draw)}disconnectedCallback(){this.sized.disconnect(),Ie.removeEventListener("change",this.draw)}clear(){this.strokes=[],this.shades=null,this.draw(),this.ondraw(this.strokes)}set(e){this.strokes=e,this.draw(),this.ondraw(e)}shade(e){this.shades=e,this.draw()}point(e){let t=this.canvas.getBoundingClientRect(),n=this.strokes.at(-1),i=[(e.clientX-t.left)/t.width,(e.clientY-t.top)/t.height],o=n?.at(-1);!n||o&&Math.hypot(i[0]-o[0],i[1]-o[1])<.004||(n.push(i),this.draw(),this.ondraw(this.strokes))}paint(){let{width:e,height:t}=this.canvas.getBoundingClientRect(),n=devicePixelRatio||1;this.canvas.width=Math.round(e*n),this.canvas.height=Math.round(t*n);let i=this.canvas.getContext("2d");i.scale(n,n),i.lineCap=i.lineJoin="round";let o=Mc(this.strokes),a=this.shades?.length??0,h=0,d=null,p=(k,A,C,F)=>{i.strokeStyle=C,i.lineWidth=F,i.lineCap=F>10?"butt":"round",i.beginPath(),i.moveTo(k[0]*e,k[1]*t),i.lineTo(A[0]*e,A[1]*t),i.stroke()},[b,m,g]=[Ae("ink"),Ae("cool"),Ae("warm")];for(let k of this.strokes)d&&k[0]&&(h+=Math.hypot(k[0][0]-d[0],k[0][1]-d[1])),k.forEach((A,C)=>{let F=k[C-1]??A;h+=Math.hypot(A[0]-F[0],A[1]-F[1]);let z=a?this.shades[Math.min(a-1,Math.floor(h/Math.max(1e-9,o)*a))]:0;Math.abs(z)>.08&&(i.globalAlpha=Math.min(.55,Math.abs(z)),p(F,A,z>0?m:g,18),i.globalAlpha=1)}),d=k.at(-1)??d;for(let k of this.strokes)k.forEach((A,C)=>{p(k[C-1]??A,A,b,4.5)})}};customElements.define("pen-sheet",vs);function Mc(s){let e=0,t=null;for(let n of s)for(let i of n)t&&(e+=Math.hypot(i[0]-t[0],i[1]-t[1])),t=i;return e}var qn=class{tokens=[];ends=[];set(e,t,n){this.tokens.length=Math.min(this.tokens.length,e),this.ends.length=this.tokens.length;for(let i of t)this.tokens.push(i),this.ends.push(this.after(i,n))}begin(e){return e>0?this.ends[e-1]:0}after(e,t){let n=this.ends.at(-1)??0;if(t.startsWith(e,n))return n+e.length;let i=/^\s*/.exec(t.slice(n,n+64))[0].length,o=e.trim();return o&&t.slice(n+i,n+i+o.length).toLowerCase()===o.toLowerCase()?n+i+o.length:/^<.*>$/.test(e)?n+i+(/^(\w+|.)/su.exec(t.slice(n+i,n+i+64))?.[0].length??0):Math.min(t.length,n+Math.max(1,e.length))}},_l=6,ir=new Map,rr=typeof Highlight<"u"&&"highlights"in CSS;function bs(s,e){if(rr){for(let t of ir.values())t.clear();for(let[t,n,i]of e){let o=Math.min(_l,Math.round(Math.abs(i)*_l));if(!o||t>=n||n>s.length)continue;let a=`${i>0?"for":"against"}-${o}`,h=ir.get(a);h||(h=new Highlight,ir.set(a,h),CSS.highlights.set(a,h));let d=new StaticRange({startContainer:s,startOffset:t,endContainer:s,endOffset:n});h.add(d)}}}var Js=class extends Nt{about=null;dropped=null;strokes=[];of=null;seen=null;asks=new Dt;shadeSoon=Ye(()=>this.shade());input=y("section",{class:"card writing","aria-label":"Input"});answer=y("section",{class:"card next","aria-label":"Answer"});headline=y("p",{class:"headline",role:"status"});likely=w("div","");legend=w("p","legend");note=w("p","soft");words=w("p","tagged");way=y("section",{class:"card wide","aria-label":"Step by step",hidden:!0});memory=new xt;pen=new vs;picture=y("canvas",{class:"picture",role:"img",hidden:!0});image=null;file=y("input",{type:"file",hidden:!0});areas=[];ground=document.createTextNode("");build(){this.memory.onwant=()=>this.look(),this.memory.called=e=>this.seen?.words[e]??"",this.pen.ondraw=e=>{this.strokes=e,this.look()},this.file.onchange=()=>{this.load(this.file.files?.[0])},this.ondragover=e=>e.preventDefault(),this.ondrop=e=>{e.preventDefault(),this.load(e.dataTransfer?.files[0])},Ie.addEventListener("change",this.shadeSoon),this.answer.append(w("h2","","Answer"),this.headline,this.likely,this.note),this.append(this.input,this.answer,this.way,y("section",{class:"card wide","aria-label":"Memory"},{},w("h2","","Memory"),this.memory))}opened(e){let t=this.about===null;this.about=e,this.note.textContent=this.model.why_not&&e.kind!=="strokes"?"It reads from both ends, so each answer is to the whole input.":"",t&&this.begin(e),this.look()}begin(e){let{kind:t,columns:n,endings:i}=e;if(t==="strokes"){this.input.append(w("div","row",w("h2","","Draw"),w("span","space"),this.button("Clear",()=>this.pen.clear())),this.pen,this.legend);return}if(i.length){this.file.accept=i.join(","),this.input.append(w("div","row",w("h2","","Drop a file"),w("span","space"),this.button("Choose a file",()=>this.file.click())),w("p","soft",`A file that ends in ${i.join(", ")}: drop it here, or choose one.`),this.file,this.picture,this.legend);return}this.areas=n.map(h=>y("textarea",{"aria-label":n.length>1?h:"Text",spellcheck:"false",placeholder:t==="series"?"Numbers: a step in each line":"Write, and see the answer change."}));for(let h of this.areas)h.oninput=()=>this.look();let[o,...a]=this.areas;if(o&&!a.length)this.input.append(w("div","editor",y("div",{class:"ground","aria-hidden":"true"},{},this.ground),o));else for(let[h,d]of this.areas.entries())this.input.append(y("label",{class:"field"},{},w("span","",n[h]),d));this.input.append(this.words,this.legend),o?.focus({preventScroll:!0})}button(e,t){return y("button",{type:"button"},{onclick:t},e)}async load(e){if(!e)return;let t=new Uint8Array(await e.arrayBuffer()),n="";for(let i=0;i<t.length;i+=32768)n+=String.fromCharCode(...t.subarray(i,i+32768));if(this.dropped={name:e.name,content:btoa(n)},this.image=null,e.type.startsWith("image/")){let i=new Image;i.src=URL.createObjectURL(e),await i.decode().catch(()=>{}),this.image=i}this.of=null,this.look()}look(){let{about:e}=this;if(!e)return;this.ground.data=`${this.areas[0]?.value??""}
`;let t=this.values(e);if(!t&&!this.dropped){this.nothing();return}this.asks.run(async()=>{let n={of:this.of,memory:this.memory.asked()};try{let i=this.dropped?await this.live.one("drop",{...this.dropped,...n}):await this.live.one("see",{values:t,...n});i.words&&this.show(e,i)}catch(i){if(!(i instanceof qt))throw i;this.nothing(i.message)}})}values(e){if(e.kind==="strokes"){let t=3*e.size,n=this.strokes.filter(i=>i.length>1);return n.length?[n.map(i=>i.map(([o,a])=>[o*t,a*t]))]:null}return!this.areas.length||this.areas.some(t=>!t.value.trim())?null:e.kind!=="series"?this.areas.map(t=>t.value):this.areas.map(t=>t.value.trim().split(/\n/).map(n=>n.trim().split(/[\s,;]+/).map(Number)).map(n=>n.length>1?n:n[0]))}nothing(e=""){this.headline.textContent=e||"Nothing yet",this.headline.classList.toggle("soft",!0),this.likely.replaceChildren(),this.words.replaceChildren(),this.way.hidden=!0,this.seen=null,this.memory.clear(),this.pen.shade(null),this.shadeSoon()}show(e,t){let{answers:n,rests:i,within:o}=t.tensors,[a=0,h=0]=n.shape,d=(g,k)=>n.data[g*h+k],p=!t.names[0]?.startsWith("number ");this.seen={words:t.words,rests:i.data},this.headline.classList.toggle("soft",!1),this.headline.textContent=e.each?`${a} ${a===1?"label":"labels"}`:t.said.at(-1)||"none";let b=t.names.map((g,k)=>({name:g,p:d(a-1,k)}));this.likely.replaceChildren(p?gs(b.slice(0,8),g=>{this.of=this.of===t.names[g]?null:t.names[g],this.look()}):w("span","")),e.each&&this.words.replaceChildren(...t.words.map((g,k)=>y("span",{class:t.said[k]==="O"?"":"hit"},{},this.written(k,g),w("small","",t.said[k]))));let m=this.of??t.said.at(-1);if(this.legend.textContent=`Blue speaks for “${m}”, orange against it: the gradient times what was read.${p&&!e.each?" Click another answer to ask about it.":""}${t.cut?` Only the first ${a} steps are read.`:""}`,this.way.hidden=e.each||a<2,!this.way.hidden){let g=t.names.map((k,A)=>({name:k,values:Array.from({length:a},(C,F)=>d(F,A))})).slice(0,4);this.way.replaceChildren(w("h2","","How the answer came about"),Ll(g,p,`How probable each answer is after each of ${a} steps`))}t.memory&&(this.memory.clear(),this.memory.take(t.memory,t.tensors)),o&&this.image&&this.over(o),this.shadeSoon()}written(e,t){let n=this.areas[0]?.value.trim().split(/\s+/)??[];return n.length===this.seen?.words.length?n[e]:t}shade(){let e=this.seen?.rests??new Float32Array,t=1e-9;for(let i of e)t=Math.max(t,Math.abs(i));if(this.about?.kind==="strokes"){this.pen.shade(this.seen?Float32Array.from(e,i=>i/t):null);return}let n=new qn;n.set(0,this.seen?.words??[],this.areas[0]?.value??""),bs(this.ground,n.ends.map((i,o)=>[n.begin(o),i,(e[o]??0)/t]))}over(e){let[t=1,n=1]=e.shape,i=e.data,o=1e-9;for(let m of i)o=Math.max(o,Math.abs(m));let a=document.createElement("canvas");a.width=n,a.height=t;let h=a.getContext("2d").createImageData(n,t),[d,p]=[Jt("cool"),Jt("warm")];i.forEach((m,g)=>{let[k,A,C]=m>0?d:p;h.data.set([k,A,C,Math.round(200*Math.abs(m)/o)],4*g)}),a.getContext("2d").putImageData(h,0,0),this.picture.hidden=!1,this.picture.width=480,this.picture.height=Math.round(480*this.image.naturalHeight/Math.max(1,this.image.naturalWidth)),this.picture.setAttribute("aria-label","The picture, shaded by what each part did for the answer");let b=this.picture.getContext("2d");b.drawImage(this.image,0,0,this.picture.width,this.picture.height),b.drawImage(a,0,0,this.picture.width,this.picture.height)}};var Ac={translate:"Translation",summarize:"Summary",answer:"Answer"},Zs=class extends Hn{areas=[];inputs=y("section",{class:"card","aria-label":"Input"});build(){let e=this.found.cards(Ac[this.model.task]??"Text");this.classList.add("halves"),this.append(this.inputs,e.list,e.links,e.memory)}opened(e){this.found.opened(e),this.areas.length||(this.areas=e.fields.map((t,n)=>y("textarea",{rows:n||e.fields.length===1?3:6,spellcheck:"false"},{oninput:()=>this.ask()})),this.areas.forEach((t,n)=>{t.value=e.example[n]??""}),this.inputs.append(w("h2","","Input"),...this.areas.map((t,n)=>y("label",{class:"field"},{},w("span","",e.fields[n]),t)))),this.ask()}ask(){this.answer({fields:this.areas.map(e=>e.value)})}};var Pl=6e3,Tc=12e3,Ec=240,Qs=class extends Nt{folded="";sent="";fresh=!0;aligned=new qn;p=[];rests=null;lens="likely";unit=null;silent=[];held=[];other=null;seed=1;going=!1;writes=new Dt(()=>this.live.stop());shadeSoon=Ye(()=>this.shade());area=y("textarea",{"aria-label":"Text",spellcheck:"false",autocapitalize:"off",placeholder:"Write, and see what the model makes of it."});ground=document.createTextNode("");fold=y("button",{type:"button",class:"fold",hidden:!0},{onclick:()=>this.unfold()});chips=y("div",{class:"chips",role:"group","aria-label":"Next words"});likely=w("div","");likelyTitle=w("h2","","Next");legend=w("p","legend");lenses=y("div",{class:"segments",role:"group","aria-label":"Shade the text by"});progress=y("p",{class:"progress",role:"status"});memory=new xt;follow=w("div","follow");fork=w("div","");past=y("textarea",{rows:2,"aria-label":"Another past: change a word of it",spellcheck:"false"});goButton=y("button",{type:"button",class:"primary"},{onclick:()=>this.go()},"Let it write");get text(){return this.folded+this.area.value}build(){this.area.oninput=()=>this.edited(),this.area.onkeydown=e=>this.key(e),this.past.oninput=()=>{this.other=this.past.value===this.tail()?null:this.past.value,this.futures()},this.memory.called=e=>this.called(e),this.memory.onwant=()=>{this.look()},this.memory.onunit=e=>this.followed(e),this.memory.onstep=e=>this.pointed(e),Ie.addEventListener("change",this.shadeSoon),this.append(y("section",{class:"card writing","aria-label":"Write"},{},w("div","row",this.lenses,w("span","space"),y("button",{type:"button"},{onclick:()=>this.empty()},"Begin anew"),this.goButton),this.fold,w("div","editor",y("div",{class:"ground","aria-hidden":"true"},{},this.ground),this.area),this.progress,this.chips,this.legend),y("section",{class:"card next","aria-label":"Next"},{},this.likelyTitle,this.likely),y("section",{class:"card wide","aria-label":"Memory"},{},w("h2","","Memory"),this.memory,this.follow),y("section",{class:"card wide","aria-label":"Two futures"},{},w("h2","","Two futures"),w("p","soft","Change a word of the past, or silence a unit of the memory above. Both futures are drawn with the same dice, so what differs is due to the change."),y("label",{class:"field"},{},w("span","","Another past"),this.past),this.fork)),this.showLenses(),this.showFork(null)}opened(e){this.sent="",this.fresh?(this.fresh=!1,this.begin()):this.write()}async begin(){this.area.focus({preventScroll:!0}),await this.compose(40,7),this.legend.textContent="The model wrote this itself. Change it, go on, or begin anew."}edited(){this.showLegend(),this.area.value.length>Tc&&this.foldUp(),this.write()}foldUp(){let e=this.text,t=e.length-Pl,n=e.slice(t,t+200).search(/\s/),i=t+Math.max(0,n),o=Math.max(0,this.folded.length+this.area.selectionEnd-i);this.folded=e.slice(0,i),this.area.value=e.slice(i),this.area.setSelectionRange(o,o),this.showFold()}unfold(){let e=Math.max(0,this.folded.length-Pl);this.area.value=this.folded.slice(e)+this.area.value,this.folded=this.folded.slice(0,e),this.showFold(),this.shadeSoon()}showFold(){this.fold.hidden=!this.folded,this.fold.textContent=`${this.folded.length.toLocaleString("en")} earlier characters are read and remembered; show more of them`}empty(){this.folded="",this.area.value="",this.legend.textContent="",this.showFold(),this.write(),this.area.focus()}insert(e){let t=this.area;t.setRangeText(e,t.selectionStart,t.selectionEnd,"end"),this.edited(),t.focus()}key(e){let t=e.altKey&&/^[1-6]$/.test(e.key)?Number(e.key)-1:-1,n=this.chips.children[t];n instanceof HTMLButtonElement&&(e.preventDefault(),n.click())}write(){this.ground.data=`${this.area.value}
`,this.shadeSoon(),this.writes.run(async()=>{let e=this.text,t=Cc(this.sent,e),n=this.rowAt(t);this.sent=e.slice(0,t),await this.live.ask("write",{keep:Lc(e,t),text:e.slice(t),memory:this.memory.asked(n)},({tensors:i,...o})=>{if(o.taken!==void 0&&(this.sent=e.slice(0,_c(e,o.taken))),o.tokens&&o.row!==void 0){this.aligned.set(o.row,o.tokens,e),this.p.length=o.row;for(let h of i.p.data)this.p.push(h);this.shadeSoon();let a=e.length-this.sent.length;this.progress.textContent=a>2e3?`Reading: ${a.toLocaleString("en")} characters are left`:""}o.next&&this.showNext(o.words??[],o.next),o.memory&&this.memory.take(o.memory,i)}),!(this.sent.length<e.length)&&(this.lens==="rests"&&await this.rest(),this.pastNow())})}rowAt(e){let t=this.aligned.ends.length;for(;t>0&&this.aligned.ends[t-1]>e;)t--;return Math.max(0,t-1)}async look(){let e=await this.live.one("look",{memory:this.memory.asked()});e.memory&&this.memory.take(e.memory,e.tensors),this.shadeSoon()}async rest(e=null){let t=await this.live.one("rests",{of:e}),n=t.tensors.rests?.data;this.rests=n?{row:t.row??0,values:n}:null,this.shadeSoon()}go(){if(this.going){this.going=!1,this.live.stop();return}this.compose(60,this.seed++)}async compose(e,t){this.going=!0,this.goButton.textContent="Stop";let n="",i=Ye(()=>{this.area.value||(n=n.trimStart()),this.area.value+=n,n="",this.ground.data=`${this.area.value}
`,this.area.scrollTop=this.area.scrollHeight});try{await this.live.ask("go",{length:e,temperature:.7,seed:t},o=>{this.going&&(n+=o.text??"",i())})}finally{this.going=!1,this.goButton.textContent="Let it write",this.area.value+=n,n="",this.edited()}}showLenses(){let e=[["likely","How surprising",!0],["rests","What the next rests on",!0],["unit",this.unit?`Unit ${this.unit.unit}`:"A unit",!!this.unit]];this.lenses.replaceChildren(...e.map(([t,n,i])=>y("button",{type:"button","aria-pressed":String(t===this.lens),disabled:!i},{onclick:()=>{this.lens=t,this.showLenses(),t==="rests"&&this.rest(),this.shadeSoon()}},n))),this.showLegend()}showLegend(){let e={likely:"The warmer the shade, the less the model expected the text there.",rests:"Blue speaks for what the model expects next, orange against it: the gradient times what was read.",unit:"Blue where the unit is above 0, orange where it is below."};this.legend.textContent=rr?e[this.lens]:"This browser cannot shade text; newer ones can."}shade(){let e=this.folded.length,{aligned:t}=this,n=Math.min(t.ends.length,this.p.length),i=[],o=1e-9;if(this.lens==="rests")for(let h of this.rests?.values??[])o=Math.max(o,Math.abs(h));let a=this.memory.most;for(let h=n-1;h>=0&&t.ends[h]>e;h--){let d=0;this.lens==="likely"?d=-Math.min(1,Math.max(0,-Math.log2(this.p[h])-1)/11):this.lens==="rests"?d=(this.rests?.values[h-this.rests.row]??0)/o:d=(this.memory.value(h+1)??0)/a,i.push([Math.max(0,t.begin(h)-e),t.ends[h]-e,d])}bs(this.ground,i)}called(e){return e===0?"the beginning":this.aligned.tokens[e-1]??""}pointed(e){if(e===null||e===0){this.shadeSoon();return}let t=this.folded.length;bs(this.ground,[[this.aligned.begin(e-1)-t,this.aligned.ends[e-1]-t,1]])}showNext(e,t){this.chips.replaceChildren(...e.map(([n,i],o)=>y("button",{type:"button",class:"chip",title:`Alt+${o+1}`},{onclick:()=>this.take(n)},w("span","",Ft(n)),w("small","",Rt(i))))),this.likely.replaceChildren(gs(t.map(([n,i])=>({name:Ft(n),p:i})),n=>this.insert(t[n][0])))}take(e){let t=this.area.value.slice(0,this.area.selectionStart),n=/[\p{L}\p{N}'’-]*$/u.exec(t)[0];n&&e.toLowerCase().startsWith(n.toLowerCase())?this.insert(`${e.slice(n.length)} `):this.insert(`${t&&!/\s$/.test(t)&&/^[\p{L}\p{N}]/u.test(e)?" ":""}${e} `)}followed(e){if(this.unit=e,e?this.lens="unit":this.lens==="unit"&&(this.lens="likely"),this.showLenses(),this.shadeSoon(),this.follow.replaceChildren(),!e)return;let t=y("input",{type:"range",min:-1,max:1,step:.05,value:(this.memory.value(this.aligned.ends.length)??0).toFixed(2),"aria-label":`Value of unit ${e.unit}`}),n=y("button",{type:"button"},{onclick:()=>{this.held=[...this.held.filter(i=>!Rl(i.unit,e)),{unit:e,part:"h",value:Number(t.value)}],this.futures()}},`Hold it at ${Number(t.value).toFixed(2)}`);t.oninput=()=>{n.textContent=`Hold it at ${Number(t.value).toFixed(2)}`},this.follow.append(w("strong","",`Unit ${e.unit}`),y("button",{type:"button"},{onclick:()=>{this.silent=[...this.silent.filter(i=>!Rl(i,e)),e],this.futures()}},"Silence it"),t,n)}tail(){let e=this.area.value.slice(-Ec),t=e.length<this.area.value.length?e.search(/\s/)+1:0;return e.slice(t).replace(/^[\s\S]*\n(?=.*\S)/,"")}pastNow(){this.other===null&&document.activeElement!==this.past&&(this.past.value=this.tail()),this.futures()}futures(){if(this.other===null&&!this.silent.length&&!this.held.length){this.showFork(null);return}this.writes.run(async()=>{let e=this.text,t=this.tail(),n=await this.live.one("fork",{text:this.other===null?null:e.slice(0,e.length-t.length)+this.other,silent:this.silent.map(i=>[i.layer,i.unit]),held:this.held.map(i=>[i.unit.layer,i.part,i.unit.unit,i.value]),length:48,seed:this.seed,temperature:.7});n.next&&n.texts&&this.showFork({next:n.next,texts:n.texts})})}showFork(e){if(!e){this.fork.replaceChildren();return}let t=(p,b)=>y("button",{type:"button",class:"pill","aria-label":`Undo: ${p}`},{onclick:()=>{b(),this.futures()}},`${p} ✕`),n=[...this.silent.map(p=>t(`unit ${p.unit} silent`,()=>{this.silent=this.silent.filter(b=>b!==p)})),...this.held.map(p=>t(`unit ${p.unit.unit} at ${p.value.toFixed(2)}`,()=>{this.held=this.held.filter(b=>b!==p)})),this.other!==null&&t("another past",()=>{this.other=null,this.past.value=this.tail()})].filter(p=>p!==!1),[i,o]=[e.texts.one,e.texts.other],a=0;for(;a<i.length&&i[a][0]===o[a]?.[0];)a++;let h=p=>w("p","future",p.slice(0,a).map(([b])=>b).join(""),w("mark","",p.slice(a).map(([b])=>b).join(""))),d=e.next.map(([p,b,m])=>({name:Ft(p),p:b,other:m}));this.fork.replaceChildren(w("div","row",...n,w("span","space"),y("button",{type:"button"},{onclick:()=>{this.seed++,this.futures()}},"Other dice")),w("div","futures",w("div","",w("h3","","As it is"),h(i)),w("div","",w("h3","other","With the change"),h(o))),gs(d))}},Rl=(s,e)=>s.layer===e.layer&&s.unit===e.unit;function Cc(s,e){let t=Math.min(s.length,e.length),n=s===e.slice(0,s.length)?s.length:0;for(;n<t&&s.charCodeAt(n)===e.charCodeAt(n);)n++;let i=e.charCodeAt(n-1);return i>=55296&&i<56320?n-1:n}var Fl=/[\ud800-\udbff][\udc00-\udfff]/,Lc=(s,e)=>Fl.test(s)?[...s.slice(0,e)].length:e;function _c(s,e){if(!Fl.test(s))return e;let t=0;for(let n=0;n<e&&t<s.length;n++)t+=s.codePointAt(t)>65535?2:1;return t}var or=[{tasks:["lm"],about:"Write, and see what comes next",tag:"write-page",page:Qs},{tasks:["classify","regress","tag"],about:"Write or draw, and see the answer change",tag:"label-page",page:Js},{tasks:["forecast"],about:"Move a point, and see the future move",tag:"forecast-page",page:qs},{tasks:["translate","summarize","answer"],about:"Give a text, and see which words each word of the answer looked at",tag:"texts-page",page:Zs},{tasks:["chat"],about:"Talk with it, and see what else it might have said",tag:"chat-page",page:Fs}];for(let s of or)customElements.define(s.tag,s.page);var ws=class extends HTMLElement{model;connectedCallback(){let{model:e}=this,t=e.why_not?[w("h2","","It reads whole inputs"),w("p","",`This model does not stream: ${e.why_not}`)]:[w("h2","","No page of its own yet"),w("p","",`A model of ${e.task} has no live page in this version.`)],n=`hitherto inspect ${e.name}.safetensors DATA --out inside.html`;this.replaceChildren(w("section","card prose",...t,w("p","","Look into it with one value, step by step, both directions of its layers included:"),y("pre",{tabindex:0},{},n)))}};customElements.define("whole-page",ws);var Dl=`:root {
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
`;var $l=new CSSStyleSheet;$l.replaceSync(Ir+Dl);document.adoptedStyleSheets=[$l];Ps();var lr={opening:"connecting",open:"live",away:"The server is away. This page goes on when it is back.",refused:"no live view",locked:"The server has another token now: open the link that hitherto studio printed."},zl="+start",Rc=[["auto","System"],["light","Light"],["dark","Dark"]],ei=y("nav",{"aria-label":"Models"}),vn=y("main",{id:"main",tabindex:-1}),ar=y("p",{class:"toast",role:"status"}),Xs=y("p",{class:"banner",role:"alert",hidden:!0}),Hl=y("div",{class:"segments small",role:"group","aria-label":"Colours"}),zt=[];document.body.append(y("a",{class:"skip",href:"#main"},{onclick:s=>{s.preventDefault(),vn.focus()}},"Skip to the page"),y("aside",{"aria-label":"Studio"},{},w("p","brand","hitherto",w("span",""," studio")),ei,w("span","space"),Hl),Xs,vn,ar);function Wl(){Hl.replaceChildren(...Rc.map(([s,e])=>y("button",{type:"button","aria-pressed":String(s===jr())},{onclick:()=>{Yr(s),Wl()}},e)))}var Nl=0;document.addEventListener("say",s=>{ar.textContent=s.detail,clearTimeout(Nl),Nl=window.setTimeout(()=>{ar.textContent=""},6e3)});vn.addEventListener("health",s=>{let e=s.detail,t=vn.querySelector(".state"),n=e==="away"||e==="locked";t&&(t.textContent=n?"away":lr[e],t.setAttribute("data-health",e)),!Xs.hidden&&e==="open"&&zn("The server is back."),Xs.hidden=!n,Xs.textContent=n?lr[e]:""});var Fc=s=>s>=1e6?`${(s/1e6).toFixed(1)} MB`:`${Math.max(1,Math.round(s/1e3))} kB`;function hr(s){let e=zt.find(i=>i.name===s)??zt[0];for(let i of ei.querySelectorAll("a"))i.removeAttribute("aria-current");if(!e||s===zl){Dc();return}for(let i of ei.querySelectorAll("a"))i.dataset.name===e.name?i.setAttribute("aria-current","page"):i.removeAttribute("aria-current");let t=e.view?or.find(i=>i.tasks.includes(e.task)):void 0,n=t?new t.page:new ws;n.model=e,n.className="page",document.title=`${e.name} · Hitherto studio`,vn.replaceChildren(w("header","",w("div","",w("h1","",e.name),w("p","soft",`${e.task} · ${e.about} · ${Fc(e.bytes)}`)),w("span","space"),t&&y("span",{class:"state","data-health":"opening"},{},lr.opening)),n)}function Dc(){let s=new is;s.className="page starters",s.onready=async e=>{await Il(),location.hash=`#/${encodeURIComponent(e)}`,ti()===e&&hr(e)},document.title="Hitherto studio",vn.replaceChildren(w("header","",w("div","",w("h1","",zt.length?"Train an example":"No model yet"),w("p","soft","Train one here in a minute or two, or start the studio with yours: hitherto studio MODEL.safetensors"))),s)}var ti=()=>decodeURIComponent(location.hash.replace(/^#\/?/,""));async function Il(){let s=await fetch("studio/models");return s.ok?(zt=(await s.json()).models,ei.replaceChildren(...zt.map(e=>y("a",{href:`#/${encodeURIComponent(e.name)}`,"data-name":e.name},{},w("span","name",e.name),w("small","",e.task))),y("a",{href:`#/${zl}`,class:"soft"},{},"Train an example")),!0):(vn.replaceChildren(w("section","card prose",w("h1","","Locked"),w("p","",await s.text()))),!1)}async function Nc(){await Il()&&hr(ti())}addEventListener("hashchange",()=>hr(ti()));addEventListener("keydown",s=>{if(Or(s)||s.ctrlKey||s.metaKey||!["[","]"].includes(s.key))return;let e=zt.findIndex(n=>n.name===(ti()||zt[0]?.name)),t=zt[(e+(s.key==="]"?1:-1)+zt.length)%zt.length];t&&(location.hash=`#/${encodeURIComponent(t.name)}`)});Wl();Nc();
