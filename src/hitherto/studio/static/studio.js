var Nl='.uplot, .uplot *, .uplot *::before, .uplot *::after {box-sizing: border-box;}.uplot {font-family: system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, "Noto Sans", sans-serif, "Apple Color Emoji", "Segoe UI Emoji", "Segoe UI Symbol", "Noto Color Emoji";line-height: 1.5;width: min-content;}.u-title {text-align: center;font-size: 18px;font-weight: bold;}.u-wrap {position: relative;user-select: none;}.u-over, .u-under {position: absolute;}.u-under {overflow: hidden;}.uplot canvas {display: block;position: relative;width: 100%;height: 100%;}.u-axis {position: absolute;}.u-legend {font-size: 14px;margin: auto;text-align: center;}.u-inline {display: block;}.u-inline * {display: inline-block;}.u-inline tr {margin-right: 16px;}.u-legend th {font-weight: 600;}.u-legend th > * {vertical-align: middle;display: inline-block;}.u-legend .u-marker {width: 1em;height: 1em;margin-right: 4px;background-clip: padding-box !important;}.u-inline.u-live th::after {content: ":";vertical-align: middle;}.u-inline:not(.u-live) .u-value {display: none;}.u-series > * {padding: 4px;}.u-series th {cursor: pointer;}.u-legend .u-off > * {opacity: 0.3;}.u-select {background: rgba(0,0,0,0.07);position: absolute;pointer-events: none;}.u-cursor-x, .u-cursor-y {position: absolute;left: 0;top: 0;pointer-events: none;will-change: transform;}.u-hz .u-cursor-x, .u-vt .u-cursor-y {height: 100%;border-right: 1px dashed #607D8B;}.u-hz .u-cursor-y, .u-vt .u-cursor-x {width: 100%;border-bottom: 1px dashed #607D8B;}.u-cursor-pt {position: absolute;top: 0;left: 0;border-radius: 50%;border: 0 solid;pointer-events: none;will-change: transform;/*this has to be !important since we set inline "background" shorthand */background-clip: padding-box !important;}.u-axis.u-off, .u-select.u-off, .u-cursor-x.u-off, .u-cursor-y.u-off, .u-cursor-pt.u-off {display: none;}';function y(s,e={},n={},...t){let i=document.createElement(s);for(let[o,a]of Object.entries(e))a===!0?i.setAttribute(o,""):a!==!1&&a!==null&&a!==void 0&&i.setAttribute(o,String(a));return Object.assign(i,n),i.append(...t.filter(o=>o!=null&&o!==!1)),i}var k=(s,e,...n)=>y(s,e?{class:e}:{},{},...n);function yt(s){let e=!1;return()=>{e||(e=!0,requestAnimationFrame(()=>{e=!1,s()}))}}var $e=s=>getComputedStyle(document.documentElement).getPropertyValue(`--${s}`).trim(),Dt=s=>s>=.995?"100 %":s>=.0995?`${Math.round(s*100)} %`:s>=.001?`${(s*100).toFixed(1)} %`:"<0.1 %",nt=s=>Number.isFinite(s)?Math.abs(s)>=1e3?Math.round(s).toLocaleString("en"):String(Number(s.toPrecision(3))):"",xt=s=>s.replace(/\n/g,"⏎").replace(/ /g,"␣")||"∅",zl=s=>s.target instanceof HTMLElement&&/^(TEXTAREA|INPUT|SELECT)$/.test(s.target.tagName);function Nn(s){document.dispatchEvent(new CustomEvent("say",{detail:s}))}var ca={F32:(s,e,n)=>new Float32Array(s,e,n),I32:(s,e,n)=>new Int32Array(s,e,n),U8:(s,e,n)=>new Uint8Array(s,e,n)},$l=new TextDecoder;function Hl(s){let e=Number(new DataView(s).getBigUint64(0,!0)),n=JSON.parse($l.decode(new Uint8Array(s,8,e))),t={};for(let[o,a]of Object.entries(n)){let h=ca[a.dtype];if(!h)continue;let d=a.shape.reduce((p,b)=>p*b,1);t[o]={shape:a.shape,data:h(s,8+e+a.data_offsets[0],d)}}let i=JSON.parse($l.decode(t.said.data));return delete t.said,{said:i,tensors:t}}var zn=class extends Error{},Wl=400,ha=5e3,As=class{constructor(e,n,t){this.model=e;this.opened=n;this.health=t;this.connect()}model;opened;health;socket=null;waiting=new Map;next=1;wait=Wl;closed=!1;timer=0;ask(e,n,t=()=>{}){return new Promise((i,o)=>{if(this.socket?.readyState!==WebSocket.OPEN){o(new zn("the server is away"));return}let a=this.next++;this.waiting.set(a,{onPart:t,done:i,failed:o}),this.socket.send(JSON.stringify({id:a,call:e,...n}))})}async one(e,n){let t={tensors:{}};return await this.ask(e,n,i=>{t={...t,...i,tensors:{...t.tensors,...i.tensors}}}),t}stop(){this.waiting.size&&this.socket?.readyState===WebSocket.OPEN&&this.socket.send('{"call":"stop"}')}close(){this.closed=!0,clearTimeout(this.timer),this.socket?.close()}connect(){let e=new URL(`studio/live/${encodeURIComponent(this.model)}`,document.baseURI);e.protocol=e.protocol.replace("http","ws");let n=new WebSocket(e);n.binaryType="arraybuffer",this.socket=n;let t="";n.onmessage=i=>{if(typeof i.data!="string"){let{said:h,tensors:d}=Hl(i.data);this.waiting.get(h.id)?.onPart({...h,tensors:d});return}let o=JSON.parse(i.data);if(o.id===0){o.error?t=String(o.error):(this.wait=Wl,this.health("open",""),this.opened(o));return}let a=this.waiting.get(o.id);this.waiting.delete(o.id),o.error?a?.failed(new zn(String(o.error))):a?.done()},n.onclose=async()=>{let i=[...this.waiting.values()];this.waiting.clear();for(let a of i)a.failed(new zn("the server went away"));if(this.closed)return;if(t){this.health("refused",t);return}let o=await fetch("studio/models").then(a=>a.status===403,()=>!1);this.closed||(this.health(o?"locked":"away",""),this.timer=window.setTimeout(()=>this.connect(),this.wait),this.wait=Math.min(ha,this.wait*1.6))}}},jt=class{constructor(e=()=>{}){this.hurry=e}hurry;running=!1;waiting=null;run(e){this.waiting=e,this.running?this.hurry():this.drain()}async drain(){for(this.running=!0;this.waiting;){let e=this.waiting;this.waiting=null;try{await e()}catch(n){if(!(n instanceof zn))throw n;Nn(n.message)}}this.running=!1}};var Ol="hitherto-theme",Vl=matchMedia("(prefers-color-scheme: dark)"),dt=new EventTarget,ss="auto";try{ss=localStorage.getItem(Ol)??"auto"}catch{}var Il=()=>ss;function Ul(s){ss=s;try{localStorage.setItem(Ol,s)}catch{}Ts()}function Ts(){let s=ss==="auto"?Vl.matches?"dark":"light":ss;document.documentElement.dataset.theme=s,bi.clear(),dt.dispatchEvent(new Event("change"))}Vl.addEventListener("change",Ts);function ns(s){let e=$e(s).replace("#","");return[0,2,4].map(n=>Number.parseInt(e.slice(n,n+2),16))}var bi=new Map;function Bl(s){let e=bi.get(s);if(!e){e=new Uint32Array(256);let[n,t,i]=[ns("ground"),ns("cool"),ns("warm")];for(let o=0;o<256;o++){let a=s==="share"?o/255:(o-127.5)/127.5,h=a<0?i:t,d=Math.abs(a)**.8,[p,b,m]=n.map((v,M)=>Math.round(v+d*(h[M]-v)));e[o]=255<<24|m<<16|b<<8|p}bi.set(s,e)}return e}var ua=1200,da=.05,is=class extends HTMLElement{shown={source:[],target:[],weights:null,p:null,signed:!1};aim=null;words={source:[],target:[]};rows={source:y("div",{class:"words",role:"group","aria-label":"What it read"}),target:y("div",{class:"words",role:"group","aria-label":"What it wrote"})};lines=document.createElement("canvas");reading=y("output",{class:"reading"});draw=yt(()=>this.paint());sized=new ResizeObserver(()=>this.draw());connectedCallback(){if(!this.lines.isConnected){this.lines.setAttribute("aria-hidden","true"),this.append(this.lines,this.rows.source,this.rows.target,this.reading);for(let e of["source","target"]){let n=this.rows[e];n.addEventListener("keydown",t=>this.key(e,t)),n.addEventListener("pointerleave",()=>this.point(null)),n.addEventListener("focusout",()=>this.point(null))}this.tell()}this.sized.observe(this),dt.addEventListener("change",this.draw)}disconnectedCallback(){this.sized.disconnect(),dt.removeEventListener("change",this.draw)}show(e){this.shown=e,this.aim=null;for(let n of["source","target"])this.words[n]=e[n].map((t,i)=>this.word(n,t,i)),this.rows[n].replaceChildren(...this.words[n]);this.tell(),this.draw()}word(e,n,t){let i=()=>this.point({side:e,at:t}),o=e==="target"?this.shown.p?.[t]:void 0;return y("button",{type:"button",class:"word",tabindex:t?-1:0},{onpointerenter:i,onfocus:i,onclick:i},k("span","",xt(n)),o!==void 0&&k("small","",Dt(o)))}key(e,n){let t=this.words[e],i=t.indexOf(n.target),o={ArrowLeft:i-1,ArrowRight:i+1,Home:0,End:t.length-1}[n.key],a=o===void 0?void 0:t[o];if(a){n.preventDefault();for(let h of t)h.tabIndex=h===a?0:-1;a.focus()}}point(e){e?.side===this.aim?.side&&e?.at===this.aim?.at||(this.aim=e,this.tell(),this.draw())}weight(e,n){return this.shown.weights?.[e*this.shown.source.length+n]??0}most(e){if(!this.shown.signed)return 1;let n=1e-9;for(let t=0;t<this.shown.source.length;t++)n=Math.max(n,Math.abs(this.weight(e,t)));return n}tell(){let{shown:e,aim:n}=this,t=n?.side==="source"?"target":"source",i=o=>{if(!n)return 0;let[a,h]=n.side==="target"?[n.at,o]:[o,n.at];return this.weight(a,h)/this.most(a)};for(let o of["source","target"])this.words[o].forEach((a,h)=>{let d=o===t?i(h):0;a.classList.toggle("aimed",n?.side===o&&n.at===h),a.classList.toggle("against",d<0),a.style.setProperty("--share",`${Math.round(70*Math.abs(d)**.6)}%`)});if(!e.weights)this.reading.textContent="";else if(!n)this.reading.textContent="Point at a word, or go to it with Tab and the arrow keys.";else{let o=e[t].map((d,p)=>({word:d,share:i(p)})).sort((d,p)=>Math.abs(p.share)-Math.abs(d.share)).slice(0,3).map(({word:d,share:p})=>`${xt(d)} ${e.signed?p.toFixed(2):Dt(p)}`),a=xt(e[n.side][n.at]??""),h=e.signed?n.side==="target"?"rests most on":"is most to":n.side==="target"?"looked most at":"was looked at most by";this.reading.textContent=`“${a}” ${h} ${o.join(", ")}`}}paint(){let{lines:e,shown:n,aim:t}=this,i=this.getBoundingClientRect(),o=devicePixelRatio;e.width=Math.round(i.width*o),e.height=Math.round(i.height*o);let a=e.getContext("2d");if(a.scale(o,o),!n.weights)return;let[h,d]=[$e("accent"),$e("warm")],p=(M,L)=>{let _=M.getBoundingClientRect();return[_.left+_.width/2-i.left,(L?_.bottom:_.top)-i.top]},b=this.words.target.map(M=>p(M,!1)),m=this.words.source.map(M=>p(M,!0)),v=[];for(let M=0;M<b.length;M++){if(t?.side==="target"&&t.at!==M)continue;let L=this.most(M);for(let _=0;_<m.length;_++){if(t?.side==="source"&&t.at!==_)continue;let z=this.weight(M,_)/L;Math.abs(z)>=da&&v.push([M,_,z])}}v.sort((M,L)=>Math.abs(L[2])-Math.abs(M[2]));for(let[M,L,_]of v.slice(0,ua)){let[z,O]=m[L],[S,N]=b[M];a.globalAlpha=Math.abs(_)**.7*(t?1:.6),a.strokeStyle=_<0?d:h,a.setLineDash(_<0?[4,3]:[]),a.lineWidth=.8+3*Math.abs(_);let T=Math.max(18,(N-O)*.45);a.beginPath(),a.moveTo(z,O),a.bezierCurveTo(z,O+T,S,N-T,S,N),a.stroke()}}};customElements.define("word-links",is);var fa={lstm:{h:"memory h",c:"cell c",i:"input gate i",f:"forget gate f",g:"candidate g",o:"output gate o"},gru:{h:"memory h",r:"reset gate r",z:"update gate z",n:"candidate n"},rnn:{h:"memory h"}},pa=14,an=46,$t=class extends HTMLElement{called=e=>`step ${e+1}`;onwant=()=>{};onunit=()=>{};onstep=()=>{};said=null;columns=[];begin=0;units=[];lives=null;chosen=null;cursor=null;want={layer:"",part:""};canvas=y("canvas",{tabindex:0,role:"img"});tools=k("div","tools");reading=y("output",{class:"reading"});image=document.createElement("canvas");draw=yt(()=>this.paint());sized=new ResizeObserver(()=>this.draw());connectedCallback(){this.canvas.isConnected||(this.append(this.tools,k("div","canvas",this.canvas),this.reading),this.canvas.addEventListener("pointermove",e=>this.point(e)),this.canvas.addEventListener("pointerleave",()=>this.aim(null)),this.canvas.addEventListener("click",()=>this.choose()),this.canvas.addEventListener("keydown",e=>this.key(e)),this.read()),this.sized.observe(this.canvas),dt.addEventListener("change",this.draw)}disconnectedCallback(){this.sized.disconnect(),dt.removeEventListener("change",this.draw)}asked(e=0){return{...this.want,first:e}}get unit(){return this.chosen}value(e){return this.chosen?this.columns[e-this.begin]?.[this.chosen.row]??null:null}get most(){if(this.shares)return 1;let e=1e-6;for(let n of this.columns)for(let t of n)e=Math.max(e,Math.abs(t));return this.said&&this.said.part==="h"&&this.said.layers[0]?.gates.length?1:e}take(e,n){let t=n.strip;if(!t)return;let i=e.layer!==this.said?.layer||e.part!==this.said?.part,[o=0,a=0]=t.shape;(i||e.first<this.begin||e.first>this.begin+this.columns.length)&&(this.columns=[],this.begin=e.first),this.columns.length=Math.min(this.columns.length,e.first-this.begin);let h=t.data;for(let b=0;b<o;b++)this.columns.push(h.subarray(b*a,(b+1)*a));let d=this.columns.length-2e3;d>0&&(this.columns.splice(0,d),this.begin+=d),this.units=n.units?.data??[],this.lives=n.half_life?.data??null;let p=!this.said||JSON.stringify(this.said.layers)!==JSON.stringify(e.layers);this.said=e,this.want={layer:e.layer,part:e.part},(p||i)&&this.toolbar(),this.chosen&&this.chosen.layer!==e.layer&&this.pick(null),this.read(),this.draw()}clear(){this.columns=[],this.begin=0,this.draw()}get layer(){return this.said?.layers.find(e=>e.name===this.said?.layer)}get shares(){return!!this.layer&&this.layer.shares.includes(this.said.part)}toolbar(){let{said:e,layer:n}=this;if(!e||!n)return;let t=fa[n.cell]??{},o=[...n.states,...n.gates.filter(h=>!n.states.includes(h))].map(h=>y("button",{type:"button","aria-pressed":String(h===e.part)},{onclick:()=>{this.want={layer:e.layer,part:h},this.onwant()}},t[h]??h)),a=e.layers.length>1&&y("select",{"aria-label":"Layer"},{onchange:h=>{this.want={layer:h.target.value,part:e.part},this.onwant()}},...e.layers.map(h=>y("option",{value:h.name,selected:h.name===e.layer},{},ma(h,e.layers))));this.tools.replaceChildren(...[a,y("div",{class:"segments",role:"group","aria-label":"What is shown"},{},...o)].filter(h=>!!h))}place(e){let n=this.canvas.getBoundingClientRect(),{width:t,shown:i,from:o}=this.fit(n.width),a=Math.floor((e.clientX-n.left-an)/t),h=this.columns[0]?.length??0,d=Math.floor((e.clientY-n.top)/n.height*h);return a<0||a>=i||d<0||d>=h?null:{step:this.begin+o+a,row:d}}point(e){this.aim(this.place(e))}aim(e){this.cursor=e,this.onstep(e?.step??null),this.read(),this.draw()}choose(){if(!this.cursor||!this.said)return;let e=Number(this.units[this.cursor.row]);this.pick(this.chosen?.unit===e&&this.chosen.layer===this.said.layer?null:{layer:this.said.layer,unit:e,row:this.cursor.row})}pick(e){this.chosen=e,this.onunit(e),this.read(),this.draw()}key(e){let n=this.begin+this.columns.length-1,t=this.columns[0]?.length??0;if(!t)return;let i=this.cursor??{step:n,row:0},a={ArrowLeft:[-1,0],ArrowRight:[1,0],ArrowUp:[0,-1],ArrowDown:[0,1]}[e.key];a?(e.preventDefault(),this.aim({step:Math.max(this.begin,Math.min(n,i.step+(this.cursor?a[0]:0))),row:Math.max(0,Math.min(t-1,i.row+(this.cursor?a[1]:0)))})):e.key==="Enter"||e.key===" "?(e.preventDefault(),this.choose()):e.key==="Escape"&&this.aim(null)}read(){let{said:e,layer:n,cursor:t}=this;if(!e||!n||!this.columns.length){this.reading.textContent="The strip grows with every step that the model reads.",this.canvas.setAttribute("aria-label","The memory: nothing was read yet");return}let i=this.columns[0].length,o=i<n.units?`, ${i} of them shown`:"",a=this.lives?"; those that remember longest at the top":"";this.canvas.setAttribute("aria-label",`The memory after ${this.begin+this.columns.length} steps: ${n.units} units${o}${a}. Arrow keys move, Enter chooses a unit.`);let h=[],d=t?.row??this.chosen?.row;if(d!==void 0){h.push(`unit ${this.units[d]}`);let p=this.lives?.[d];if(p!==void 0&&h.push(`half-life ${p>=1e6?"endless":`${nt(p)} steps`}`),t){let b=this.columns[t.step-this.begin]?.[d];b!==void 0&&h.push(`${e.part} = ${b.toFixed(2)} after “${xt(this.called(t.step))}”`)}}else h.push(`${n.units} units${o}`),h.push(this.shares?"pale: shut, full: open":"blue: above 0, orange: below"),h.push("click a row to follow a unit");this.reading.textContent=h.join("  ·  ")}fit(e){let n=Math.max(1,e-an),t=Math.max(1,Math.min(pa,n/Math.max(1,this.columns.length))),i=Math.min(this.columns.length,Math.floor(n/t));return{width:t,shown:i,from:this.columns.length-i}}paint(){let e=this.canvas.getBoundingClientRect(),n=devicePixelRatio||1,t=Math.max(1,Math.round(e.width*n)),i=Math.max(1,Math.round(e.height*n));(this.canvas.width!==t||this.canvas.height!==i)&&(this.canvas.width=t,this.canvas.height=i);let o=this.canvas.getContext("2d");o.setTransform(n,0,0,n,0,0),o.clearRect(0,0,e.width,e.height);let a=this.columns[0]?.length??0;if(!a)return;let{width:h,shown:d,from:p}=this.fit(e.width);this.image.width=d,this.image.height=a;let b=this.image.getContext("2d"),m=b.createImageData(d,a),v=new Uint32Array(m.data.buffer),M=Bl(this.shares?"share":"signed"),L=this.shares?255:127.5/this.most,_=this.shares?0:127.5;for(let O=0;O<d;O++){let S=this.columns[p+O];for(let N=0;N<a;N++){let T=_+S[N]*L;v[N*d+O]=M[T<0?0:T>255?255:Math.round(T)]}}b.putImageData(m,0,0),o.imageSmoothingEnabled=!1,o.drawImage(this.image,an,0,d*h,e.height);let z=getComputedStyle(this);this.scale(o,e.height,a,z),this.mark(o,e.height,a,h,p,d,z)}scale(e,n,t,i){if(this.lives){e.fillStyle=i.getPropertyValue("--soft"),e.font="11px system-ui, sans-serif",e.textAlign="right";for(let[o,a]of[[0,9],[Math.floor(t/2),n/2+4],[t-1,n-2]]){let h=this.lives[o];h!==void 0&&e.fillText(h>=1e6?"∞":nt(h),an-8,a)}}}mark(e,n,t,i,o,a,h){let d=n/t;if(e.lineWidth=1.5,this.chosen&&(e.strokeStyle=h.getPropertyValue("--ink"),e.strokeRect(an-1,this.chosen.row*d-1,a*i+2,Math.max(3,d)+2)),this.cursor){e.strokeStyle=h.getPropertyValue("--soft");let p=an+(this.cursor.step-this.begin-o)*i;e.strokeRect(p,0,i,n),e.strokeRect(an,this.cursor.row*d,a*i,Math.max(2,d))}}};customElements.define("memory-strip",$t);function ma(s,e){let n=h=>h.name.startsWith("encode."),t=e.filter(h=>n(h)===n(s)&&!h.name.endsWith("_reverse")),i=s.name.endsWith("_reverse"),o=t.findIndex(h=>h.name===s.name.replace(/_reverse$/,""))+1;return`${e.some(n)?n(s)?"encoder":"decoder":"layer"} ${o}${i?", from the end":""}`}var Gl=[["4","Search, 4 beams",{num_beams:4}],["12","Search, 12 beams",{num_beams:12}],["1","Always the likeliest",{num_beams:1}],["0.7","Dice, careful",{temperature:.7}],["1.0","Dice",{temperature:1}]],Es=class{constructor(e){this.wants=e;this.memory.called=n=>this.called(n),this.memory.onwant=()=>this.wants.look(this.memory.asked())}wants;links=new is;memory=new $t;said={tensors:{}};chosen=0;lens="attention";rested=[];seed=1;layer="";lenses=y("div",{class:"segments",role:"group","aria-label":"Lines between words"});best=y("ol",{class:"nbest","aria-label":"The best texts"});note=k("p","soft");legend=k("p","legend");dice=y("button",{type:"button",hidden:!0},{onclick:()=>{this.seed++,this.wants.again()}},"Other dice");way=y("select",{"aria-label":"How it is found"},{onchange:()=>{this.dice.hidden=!("temperature"in this.how()),this.wants.again()}},...Gl.map(([e,n])=>y("option",{value:e},{},n)));how(){return Gl.find(([e])=>e===this.way.value)?.[2]??{}}asked(){let e=this.how();return{...e,..."temperature"in e?{seed:this.seed}:{},memory:this.memory.asked()}}cards(e){return{list:y("section",{class:"card","aria-label":e},{},k("div","row",k("h2","",e),k("span","space"),this.dice,this.way),this.best,this.note),links:y("section",{class:"card wide","aria-label":"Words"},{},k("div","row",k("h2","","From word to word"),k("span","space"),this.lenses),this.links,this.legend),memory:y("section",{class:"card wide","aria-label":"Memory"},{},k("h2","","Memory"),this.memory)}}opened(e){e.attends||(this.lens="rests"),this.note.textContent=e.both?"The encoder reads from both ends, so an answer begins when the input is over; it is shown whole.":"The encoder reads from the beginning to the end, so it can take an input as it comes.";let n=[["attention","Where it looked"],["rests","What it rests on"]];this.lenses.replaceChildren(...n.filter(([t])=>t==="rests"||e.attends).map(([t,i])=>y("button",{type:"button","aria-pressed":String(t===this.lens),"data-lens":t},{onclick:()=>this.look(t)},i)))}take(e){e.texts&&(this.said=e,this.chosen=0,this.rested=[],this.list(),this.link()),e.cut&&(this.note.textContent=`The input has ${e.cut.toLocaleString("en")} tokens; not all are read.`),e.memory&&(this.layer=e.memory.layer,this.memory.take(e.memory,e.tensors))}look(e){this.lens=e;for(let n of this.lenses.querySelectorAll("button"))n.setAttribute("aria-pressed",String(n.dataset.lens===e));this.link()}list(){let e=this.said.texts??[];this.best.replaceChildren(...e.map((n,t)=>k("li","",y("button",{type:"button","aria-pressed":String(t===this.chosen)},{onclick:()=>{this.chosen=t,this.list(),this.link(),this.wants.choose(n.text)}},k("span","found",n.text||"(nothing)"),k("small","",`${Dt(Math.exp(n.log_prob/n.pieces.length))} a token`)))))}async link(){let{source:e,texts:n,tensors:t}=this.said,i=this.chosen,o=n?.[i];if(!e||!o){this.links.show({source:[],target:[],weights:null,p:null,signed:!1});return}if(this.lens==="rests"&&this.rested[i]===void 0){this.rested[i]=null;let d=this.said,p=await this.wants.rests(i);if(d!==this.said)return;this.rested[i]=p.rests?.data??null}let a=this.lens==="rests",h=a?this.rested[i]:t[`attention.${i}`]?.data;this.legend.textContent=a?"Blue speaks for a word, dashed orange against it: the gradient times what was read.":"The share of its attention that the decoder gave each word before it wrote the next.",this.links.show({source:e,target:o.pieces,weights:h??null,p:t[`p.${i}`]?.data??null,signed:a})}called(e){let{source:n,texts:t}=this.said;return this.layer.startsWith("encode")?n?.[e]??"":e?t?.[0]?.pieces[e-1]??"":"the beginning"}};var Yt=class extends HTMLElement{model;live;built=!1;connectedCallback(){this.built||(this.built=!0,this.build()),this.live=new As(this.model.name,e=>this.opened(e),(e,n)=>{this.dispatchEvent(new CustomEvent("health",{detail:e,bubbles:!0})),e==="refused"&&this.refuse(n)})}disconnectedCallback(){this.live.close()}say(e){Nn(e)}refuse(e){this.replaceChildren(y("p",{class:"card note",role:"alert"},{},e))}};var $n=class extends Yt{asking=new jt(()=>this.live.stop());found=new Es({rests:async e=>(await this.live.one("rests",{text:e})).tensors,look:e=>this.asking.run(async()=>this.found.take(await this.live.one("look",{memory:e}))),again:()=>this.ask(),choose:e=>this.chosen(e)});chosen(e){}answer(e,n=()=>{}){this.asking.run(()=>this.live.ask("write",{...e,...this.found.asked()},t=>{this.found.take(t),t.texts&&n(t.texts[0]?.text??"")}))}};var Ls=class extends $n{turns=[];reads=3;log=k("ol","talk");note=k("p","soft");line=y("input",{type:"text","aria-label":"Your turn",autocomplete:"off"});build(){let e=this.found.cards("Replies");this.classList.add("halves");let n=y("form",{class:"row"},{onsubmit:t=>{t.preventDefault(),this.send()}},this.line,y("button",{class:"primary"},{},"Send"));this.append(y("section",{class:"card","aria-label":"Conversation"},{},k("div","row",k("h2","","Conversation"),k("span","space"),y("button",{type:"button"},{onclick:()=>this.anew()},"Begin anew")),y("div",{class:"scrolled",role:"log","aria-label":"Turns",tabindex:0},{},this.log),n,this.note),e.list,e.links,e.memory),this.show()}opened(e){this.found.opened(e),this.reads=e.turns,this.note.textContent=`It reads the last ${e.turns} turns. Take another reply, and the conversation goes on from it.`,this.turns.at(-1)?.[0]===">"&&this.ask(),this.line.focus({preventScroll:!0})}anew(){this.turns=[],this.show(),this.line.focus()}send(){let e=this.line.value.trim();e&&(this.line.value="",this.turns.push([">",e]),this.show(),this.ask())}ask(){if(this.turns.at(-1)?.[0]==="<"&&this.turns.pop(),!this.turns.length)return;let e=this.turns.slice(-this.reads);this.answer({turns:e},n=>this.chosen(n))}chosen(e){this.turns.at(-1)?.[0]==="<"&&this.turns.pop(),this.turns.length&&(this.turns.push(["<",e]),this.show())}show(){this.log.replaceChildren(...this.turns.map(([e,n])=>y("li",{class:e===">"?"theirs":"ours"},{},k("small","",e===">"?"you":"the model"),k("p","",n||"(nothing)")))),this.log.parentElement&&(this.log.parentElement.scrollTop=this.log.scrollHeight)}};var ga="uplot",va="u-hz",ba="u-vt",wa="u-title",ya="u-wrap",xa="u-under",ka="u-over",Sa="u-axis",un="u-off",Ma="u-select",Aa="u-cursor-x",Ta="u-cursor-y",Ea="u-cursor-pt",La="u-legend",Ca="u-live",_a="u-inline",Pa="u-series",Da="u-marker",Kl="u-label",Ra="u-value",rs="width",os="height";var jl="bottom",Hn="left",wi="right",zi="#000",Yl=zi+"0",yi="mousemove",ql="mousedown",xi="mouseup",Jl="mouseenter",Zl="mouseleave",Ql="dblclick",Fa="resize",Na="scroll",Xl="change",Rs="dppxchange",$i="--",Gn=typeof window<"u",Ti=Gn?document:null,On=Gn?window:null,za=Gn?navigator:null,oe,Cs;function Ei(){let s=devicePixelRatio;oe!=s&&(oe=s,Cs&&Ci(Xl,Cs,Ei),Cs=matchMedia(`(min-resolution: ${oe-.001}dppx) and (max-resolution: ${oe+.001}dppx)`),dn(Xl,Cs,Ei),On.dispatchEvent(new CustomEvent(Rs)))}function st(s,e){if(e!=null){let n=s.classList;!n.contains(e)&&n.add(e)}}function Li(s,e){let n=s.classList;n.contains(e)&&n.remove(e)}function be(s,e,n){s.style[e]=n+"px"}function kt(s,e,n,t){let i=Ti.createElement(s);return e!=null&&st(i,e),n?.insertBefore(i,t),i}function ft(s,e){return kt("div",s,e)}var er=new WeakMap;function Rt(s,e,n,t,i){let o="translate("+e+"px,"+n+"px)",a=er.get(s);o!=a&&(s.style.transform=o,er.set(s,o),e<0||n<0||e>t||n>i?st(s,un):Li(s,un))}var tr=new WeakMap;function nr(s,e,n){let t=e+n,i=tr.get(s);t!=i&&(tr.set(s,t),s.style.background=e,s.style.borderColor=n)}var sr=new WeakMap;function ir(s,e,n,t){let i=e+""+n,o=sr.get(s);i!=o&&(sr.set(s,i),s.style.height=n+"px",s.style.width=e+"px",s.style.marginLeft=t?-e/2+"px":0,s.style.marginTop=t?-n/2+"px":0)}var Hi={passive:!0},$a={...Hi,capture:!0};function dn(s,e,n,t){e.addEventListener(s,n,t?$a:Hi)}function Ci(s,e,n,t){e.removeEventListener(s,n,Hi)}Gn&&Ei();function St(s,e,n,t){let i;n=n||0,t=t||e.length-1;let o=t<=2147483647;for(;t-n>1;)i=o?n+t>>1:it((n+t)/2),e[i]<s?n=i:t=i;return s-e[n]<=e[t]-s?n:t}function Dr(s){return(n,t,i)=>{let o=-1,a=-1;for(let h=t;h<=i;h++)if(s(n[h])){o=h;break}for(let h=i;h>=t;h--)if(s(n[h])){a=h;break}return[o,a]}}var Rr=s=>s!=null,Fr=s=>s!=null&&s>0,zs=Dr(Rr),Ha=Dr(Fr);function Wa(s,e,n,t=0,i=!1){let o=i?Ha:zs,a=i?Fr:Rr;[e,n]=o(s,e,n);let h=s[e],d=s[e];if(e>-1)if(t==1)h=s[e],d=s[n];else if(t==-1)h=s[n],d=s[e];else for(let p=e;p<=n;p++){let b=s[p];a(b)&&(b<h?h=b:b>d&&(d=b))}return[h??de,d??-de]}function $s(s,e,n,t){let i=or(s),o=or(e);s==e&&(i==-1?(s*=n,e/=n):(s/=n,e*=n));let a=n==10?Ht:Nr,h=i==1?it:pt,d=o==1?pt:it,p=h(a(_e(s))),b=d(a(_e(e))),m=Vn(n,p),v=Vn(n,b);return n==10&&(p<0&&(m=fe(m,-p)),b<0&&(v=fe(v,-b))),t||n==2?(s=m*i,e=v*o):(s=Wr(s,m),e=Hs(e,v)),[s,e]}function Wi(s,e,n,t){let i=$s(s,e,n,t);return s==0&&(i[0]=0),e==0&&(i[1]=0),i}var Oi=.1,lr={mode:3,pad:Oi},cs={pad:0,soft:null,mode:0},Oa={min:cs,max:cs};function Fs(s,e,n,t){return Ws(n)?rr(s,e,n):(cs.pad=n,cs.soft=t?0:null,cs.mode=t?3:0,rr(s,e,Oa))}function le(s,e){return s??e}function Va(s,e,n){for(e=le(e,0),n=le(n,s.length-1);e<=n;){if(s[e]!=null)return!0;e++}return!1}function rr(s,e,n){let t=n.min,i=n.max,o=le(t.pad,0),a=le(i.pad,0),h=le(t.hard,-de),d=le(i.hard,de),p=le(t.soft,de),b=le(i.soft,-de),m=le(t.mode,0),v=le(i.mode,0),M=e-s,L=Ht(M),_=je(_e(s),_e(e)),z=Ht(_),O=_e(z-L);(M<1e-24||O>10)&&(M=0,(s==0||e==0)&&(M=1e-24,m==2&&p!=de&&(o=0),v==2&&b!=-de&&(a=0)));let S=M||_||1e3,N=Ht(S),T=Vn(10,it(N)),J=S*(M==0?s==0?.1:1:o),F=fe(Wr(s-J,T/10),24),Z=s>=p&&(m==1||m==3&&F<=p||m==2&&F>=p)?p:de,j=je(h,F<Z&&s>=Z?Z:Mt(Z,F)),ee=S*(M==0?e==0?.1:1:a),K=fe(Hs(e+ee,T/10),24),E=e<=b&&(v==1||v==3&&K>=b||v==2&&K<=b)?b:-de,q=Mt(d,K>E&&e<=E?E:je(E,K));return j==q&&j==0&&(q=100),[j,q]}var Ia=new Intl.NumberFormat(Gn?za.language:"en-US"),Vi=s=>Ia.format(s),lt=Math,Ds=lt.PI,_e=lt.abs,it=lt.floor,Ce=lt.round,pt=lt.ceil,Mt=lt.min,je=lt.max,Vn=lt.pow,or=lt.sign,Ht=lt.log10,Nr=lt.log2,Ua=(s,e=1)=>lt.sinh(s)*e,ki=(s,e=1)=>lt.asinh(s/e),de=1/0;function ar(s){return(Ht((s^s>>31)-(s>>31))|0)+1}function _i(s,e,n){return Mt(je(s,e),n)}function zr(s){return typeof s=="function"}function te(s){return zr(s)?s:()=>s}var Ba=()=>{},$r=s=>s,Hr=(s,e)=>e,Ga=s=>null,cr=s=>!0,hr=(s,e)=>s==e,Ka=/\.\d*?(?=9{6,}|0{6,})/gm,fn=s=>{if(Vr(s)||Jt.has(s))return s;let e=`${s}`,n=e.match(Ka);if(n==null)return s;let t=n[0].length-1;if(e.indexOf("e-")!=-1){let[i,o]=e.split("e");return+`${fn(i)}e${o}`}return fe(s,t)};function cn(s,e){return fn(fe(fn(s/e))*e)}function Hs(s,e){return fn(pt(fn(s/e))*e)}function Wr(s,e){return fn(it(fn(s/e))*e)}function fe(s,e=0){if(Vr(s))return s;let n=10**e,t=s*n*(1+Number.EPSILON);return Ce(t)/n}var Jt=new Map;function Or(s){return((""+s).split(".")[1]||"").length}function us(s,e,n,t){let i=[],o=t.map(Or);for(let a=e;a<n;a++){let h=_e(a),d=fe(Vn(s,a),h);for(let p=0;p<t.length;p++){let b=s==10?+`${t[p]}e${a}`:t[p]*d,m=(a>=0?0:h)+(a>=o[p]?0:o[p]),v=s==10?b:fe(b,m);i.push(v),Jt.set(v,m)}}return i}var hs={},Ii=[],In=[null,null],qt=Array.isArray,Vr=Number.isInteger,ja=s=>s===void 0;function ur(s){return typeof s=="string"}function Ws(s){let e=!1;if(s!=null){let n=s.constructor;e=n==null||n==Object}return e}function Ya(s){return s!=null&&typeof s=="object"}var qa=Object.getPrototypeOf(Uint8Array),Ir="__proto__";function Un(s,e=Ws){let n;if(qt(s)){let t=s.find(i=>i!=null);if(qt(t)||e(t)){n=Array(s.length);for(let i=0;i<s.length;i++)n[i]=Un(s[i],e)}else n=s.slice()}else if(s instanceof qa)n=s.slice();else if(e(s)){n={};for(let t in s)t!=Ir&&(n[t]=Un(s[t],e))}else n=s;return n}function Te(s){let e=arguments;for(let n=1;n<e.length;n++){let t=e[n];for(let i in t)i!=Ir&&(Ws(s[i])?Te(s[i],Un(t[i])):s[i]=Un(t[i]))}return s}var Ja=0,Za=1,Qa=2;function Xa(s,e,n){for(let t=0,i,o=-1;t<e.length;t++){let a=e[t];if(a>o){for(i=a-1;i>=0&&s[i]==null;)s[i--]=null;for(i=a+1;i<n&&s[i]==null;)s[o=i++]=null}}}function ec(s,e){if(sc(s)){let a=s[0].slice();for(let h=1;h<s.length;h++)a.push(...s[h].slice(1));return ic(a[0])||(a=nc(a)),a}let n=new Set;for(let a=0;a<s.length;a++){let d=s[a][0],p=d.length;for(let b=0;b<p;b++)n.add(d[b])}let t=[Array.from(n).sort((a,h)=>a-h)],i=t[0].length,o=new Map;for(let a=0;a<i;a++)o.set(t[0][a],a);for(let a=0;a<s.length;a++){let h=s[a],d=h[0];for(let p=1;p<h.length;p++){let b=h[p],m=Array(i).fill(void 0),v=e?e[a][p]:Za,M=[];for(let L=0;L<b.length;L++){let _=b[L],z=o.get(d[L]);_===null?v!=Ja&&(m[z]=_,v==Qa&&M.push(z)):m[z]=_}Xa(m,M,i),t.push(m)}}return t}var tc=typeof queueMicrotask>"u"?s=>Promise.resolve().then(s):queueMicrotask;function nc(s){let e=s[0],n=e.length,t=Array(n);for(let o=0;o<t.length;o++)t[o]=o;t.sort((o,a)=>e[o]-e[a]);let i=[];for(let o=0;o<s.length;o++){let a=s[o],h=Array(n);for(let d=0;d<n;d++)h[d]=a[t[d]];i.push(h)}return i}function sc(s){let e=s[0][0],n=e.length;for(let t=1;t<s.length;t++){let i=s[t][0];if(i.length!=n)return!1;if(i!=e){for(let o=0;o<n;o++)if(i[o]!=e[o])return!1}}return!0}function ic(s,e=100){let n=s.length;if(n<=1)return!0;let t=0,i=n-1;for(;t<=i&&s[t]==null;)t++;for(;i>=t&&s[i]==null;)i--;if(i<=t)return!0;let o=je(1,it((i-t+1)/e));for(let a=s[t],h=t+o;h<=i;h+=o){let d=s[h];if(d!=null){if(d<=a)return!1;a=d}}return!0}var Ur=["January","February","March","April","May","June","July","August","September","October","November","December"],Br=["Sunday","Monday","Tuesday","Wednesday","Thursday","Friday","Saturday"];function Gr(s){return s.slice(0,3)}var lc=Br.map(Gr),rc=Ur.map(Gr),oc={MMMM:Ur,MMM:rc,WWWW:Br,WWW:lc};function ls(s){return(s<10?"0":"")+s}function ac(s){return(s<10?"00":s<100?"0":"")+s}var cc={YYYY:s=>s.getFullYear(),YY:s=>(s.getFullYear()+"").slice(2),MMMM:(s,e)=>e.MMMM[s.getMonth()],MMM:(s,e)=>e.MMM[s.getMonth()],MM:s=>ls(s.getMonth()+1),M:s=>s.getMonth()+1,DD:s=>ls(s.getDate()),D:s=>s.getDate(),WWWW:(s,e)=>e.WWWW[s.getDay()],WWW:(s,e)=>e.WWW[s.getDay()],HH:s=>ls(s.getHours()),H:s=>s.getHours(),h:s=>{let e=s.getHours();return e==0?12:e>12?e-12:e},AA:s=>s.getHours()>=12?"PM":"AM",aa:s=>s.getHours()>=12?"pm":"am",a:s=>s.getHours()>=12?"p":"a",mm:s=>ls(s.getMinutes()),m:s=>s.getMinutes(),ss:s=>ls(s.getSeconds()),s:s=>s.getSeconds(),fff:s=>ac(s.getMilliseconds())};function Ui(s,e){e=e||oc;let n=[],t=/\{([a-z]+)\}|[^{]+/gi,i;for(;i=t.exec(s);)n.push(i[0][0]=="{"?cc[i[1]]:i[0]);return o=>{let a="";for(let h=0;h<n.length;h++)a+=typeof n[h]=="string"?n[h]:n[h](o,e);return a}}var hc=new Intl.DateTimeFormat().resolvedOptions().timeZone;function uc(s,e){let n;return e=="UTC"||e=="Etc/UTC"?n=new Date(+s+s.getTimezoneOffset()*6e4):e==hc?n=s:(n=new Date(s.toLocaleString("en-US",{timeZone:e})),n.setMilliseconds(s.getMilliseconds())),n}var Kr=s=>s%1==0,Ns=[1,2,2.5,5],dc=us(10,-32,0,Ns),jr=us(10,0,32,Ns),fc=jr.filter(Kr),hn=dc.concat(jr),Bi=`
`,Yr="{YYYY}",dr=Bi+Yr,qr="{M}/{D}",as=Bi+qr,_s=as+"/{YY}",Jr="{aa}",pc="{h}:{mm}",Wn=pc+Jr,fr=Bi+Wn,pr=":{ss}",ce=null;function Zr(s){let e=s*1e3,n=e*60,t=n*60,i=t*24,o=i*30,a=i*365,d=(s==1?us(10,0,3,Ns).filter(Kr):us(10,-3,0,Ns)).concat([e,e*5,e*10,e*15,e*30,n,n*5,n*10,n*15,n*30,t,t*2,t*3,t*4,t*6,t*8,t*12,i,i*2,i*3,i*4,i*5,i*6,i*7,i*8,i*9,i*10,i*15,o,o*2,o*3,o*4,o*6,a,a*2,a*5,a*10,a*25,a*50,a*100]),p=[[a,Yr,ce,ce,ce,ce,ce,ce,1],[i*28,"{MMM}",dr,ce,ce,ce,ce,ce,1],[i,qr,dr,ce,ce,ce,ce,ce,1],[t,"{h}"+Jr,_s,ce,as,ce,ce,ce,1],[n,Wn,_s,ce,as,ce,ce,ce,1],[e,pr,_s+" "+Wn,ce,as+" "+Wn,ce,fr,ce,1],[s,pr+".{fff}",_s+" "+Wn,ce,as+" "+Wn,ce,fr,ce,1]];function b(m){return(v,M,L,_,z,O)=>{let S=[],N=z>=a,T=z>=o&&z<a,J=m(L),F=fe(J*s,3),Z=Si(J.getFullYear(),N?0:J.getMonth(),T||N?1:J.getDate()),j=fe(Z*s,3);if(T||N){let ee=T?z/o:0,K=N?z/a:0,E=F==j?F:fe(Si(Z.getFullYear()+K,Z.getMonth()+ee,1)*s,3),q=new Date(Ce(E/s)),$=q.getFullYear(),B=q.getMonth();for(let I=0;E<=_;I++){let ne=Si($+K*I,B+ee*I,1),V=ne-m(fe(ne*s,3));E=fe((+ne+V)*s,3),E<=_&&S.push(E)}}else{let ee=z>=i?i:z,K=it(L)-it(F),E=j+K+Hs(F-j,ee);S.push(E);let q=m(E),$=q.getHours()+q.getMinutes()/n+q.getSeconds()/t,B=z/t,I=v.axes[M]._space,ne=O/I;for(;E=fe(E+z,s==1?0:3),!(E>_);)if(B>1){let V=it(fe($+B,6))%24,se=m(E).getHours()-V;se>1&&(se=-1),E-=se*t,$=($+B)%24;let he=S[S.length-1];fe((E-he)/z,3)*ne>=.7&&S.push(E)}else S.push(E)}return S}}return[d,p,b]}var[mc,gc,vc]=Zr(1),[bc,wc,yc]=Zr(.001);us(2,-53,53,[1]);function mr(s,e){return s.map(n=>n.map((t,i)=>i==0||i==8||t==null?t:e(i==1||n[8]==0?t:n[1]+t)))}function gr(s,e){return(n,t,i,o,a)=>{let h=e.find(L=>a>=L[0])||e[e.length-1],d,p,b,m,v,M;return t.map(L=>{let _=s(L),z=_.getFullYear(),O=_.getMonth(),S=_.getDate(),N=_.getHours(),T=_.getMinutes(),J=_.getSeconds(),F=z!=d&&h[2]||O!=p&&h[3]||S!=b&&h[4]||N!=m&&h[5]||T!=v&&h[6]||J!=M&&h[7]||h[1];return d=z,p=O,b=S,m=N,v=T,M=J,F(_)})}}function xc(s,e){let n=Ui(e);return(t,i,o,a,h)=>i.map(d=>n(s(d)))}function Si(s,e,n){return new Date(s,e,n)}function vr(s,e){return e(s)}var kc="{YYYY}-{MM}-{DD} {h}:{mm}{aa}";function br(s,e){return(n,t,i,o)=>o==null?$i:e(s(t))}function Sc(s,e){let n=s.series[e];return n.width?n.stroke(s,e):n.points.width?n.points.stroke(s,e):null}function Mc(s,e){return s.series[e].fill(s,e)}var Ac={show:!0,live:!0,isolate:!1,mount:Ba,markers:{show:!0,width:2,stroke:Sc,fill:Mc,dash:"solid"},idx:null,idxs:null,values:[]};function Tc(s,e){let n=s.cursor.points,t=ft(),i=n.size(s,e);be(t,rs,i),be(t,os,i);let o=i/-2;be(t,"marginLeft",o),be(t,"marginTop",o);let a=n.width(s,e,i);return a&&be(t,"borderWidth",a),t}function Ec(s,e){let n=s.series[e].points;return n._fill||n._stroke}function Lc(s,e){let n=s.series[e].points;return n._stroke||n._fill}function Cc(s,e){return s.series[e].points.size}var Mi=[0,0];function _c(s,e,n){return Mi[0]=e,Mi[1]=n,Mi}function Ps(s,e,n,t=!0){return i=>{i.button==0&&(!t||i.target==e)&&n(i)}}function Ai(s,e,n,t=!0){return i=>{(!t||i.target==e)&&n(i)}}var Pc={show:!0,x:!0,y:!0,lock:!1,move:_c,points:{one:!1,show:Tc,size:Cc,width:0,stroke:Lc,fill:Ec},bind:{mousedown:Ps,mouseup:Ps,click:Ps,dblclick:Ps,mousemove:Ai,mouseleave:Ai,mouseenter:Ai},drag:{setScale:!0,x:!0,y:!1,dist:0,uni:null,click:(s,e)=>{e.stopPropagation(),e.stopImmediatePropagation()},_x:!1,_y:!1},focus:{dist:(s,e,n,t,i)=>t-i,prox:-1,bias:0},hover:{skip:[void 0],prox:null,bias:0},left:-10,top:-10,idx:null,dataIdx:null,idxs:null,event:null},Qr={show:!0,stroke:"rgba(0,0,0,0.07)",width:2},Gi=Te({},Qr,{filter:Hr}),Xr=Te({},Gi,{size:10}),eo=Te({},Qr,{show:!1}),Ki='12px system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, "Noto Sans", sans-serif, "Apple Color Emoji", "Segoe UI Emoji", "Segoe UI Symbol", "Noto Color Emoji"',to="bold "+Ki,no=1.5,wr={show:!0,scale:"x",stroke:zi,space:50,gap:5,alignTo:1,size:50,labelGap:0,labelSize:30,labelFont:to,side:2,grid:Gi,ticks:Xr,border:eo,font:Ki,lineGap:no,rotate:0},Dc="Value",Rc="Time",yr={show:!0,scale:"x",auto:!1,sorted:1,min:de,max:-de,idxs:[]};function Fc(s,e,n,t,i){return e.map(o=>o==null?"":Vi(o))}function Nc(s,e,n,t,i,o,a){let h=[],d=Jt.get(i)||0;n=a?n:fe(Hs(n,i),d);for(let p=n;p<=t;p=fe(p+i,d))h.push(Object.is(p,-0)?0:p);return h}function Pi(s,e,n,t,i,o,a){let h=[],d=s.scales[s.axes[e].scale].log,p=d==10?Ht:Nr,b=it(p(n));i=Vn(d,b),d==10&&(i=hn[St(i,hn)]);let m=n,v=i*d;d==10&&(v=hn[St(v,hn)]);do h.push(m),m=m+i,d==10&&!Jt.has(m)&&(m=fe(m,Jt.get(i))),m>=v&&(i=m,v=i*d,d==10&&(v=hn[St(v,hn)]));while(m<=t);return h}function zc(s,e,n,t,i,o,a){let d=s.scales[s.axes[e].scale].asinh,p=t>d?Pi(s,e,je(d,n),t,i):[d],b=t>=0&&n<=0?[0]:[];return(n<-d?Pi(s,e,je(d,-t),-n,i):[d]).reverse().map(v=>-v).concat(b,p)}var so=/./,$c=/[12357]/,Hc=/[125]/,xr=/1/,Di=(s,e,n,t)=>s.map((i,o)=>e==4&&i==0||o%t==0&&n.test(i.toExponential()[i<0?1:0])?i:null);function Wc(s,e,n,t,i){let o=s.axes[n],a=o.scale,h=s.scales[a],d=s.valToPos,p=o._space,b=d(10,a),m=d(9,a)-b>=p?so:d(7,a)-b>=p?$c:d(5,a)-b>=p?Hc:xr;if(m==xr){let v=_e(d(1,a)-b);if(v<p)return Di(e.slice().reverse(),h.distr,m,pt(p/v)).reverse()}return Di(e,h.distr,m,1)}function Oc(s,e,n,t,i){let o=s.axes[n],a=o.scale,h=o._space,d=s.valToPos,p=_e(d(1,a)-d(2,a));return p<h?Di(e.slice().reverse(),3,so,pt(h/p)).reverse():e}function Vc(s,e,n,t){return t==null?$i:e==null?"":Vi(e)}var kr={show:!0,scale:"y",stroke:zi,space:30,gap:5,alignTo:1,size:50,labelGap:0,labelSize:30,labelFont:to,side:3,grid:Gi,ticks:Xr,border:eo,font:Ki,lineGap:no,rotate:0};function Ic(s,e){let n=3+(s||1)*2;return fe(n*e,3)}function Uc(s,e){let{scale:n,idxs:t}=s.series[0],i=s._data[0],o=s.valToPos(i[t[0]],n,!0),a=s.valToPos(i[t[1]],n,!0),h=_e(a-o),d=s.series[e],p=h/(d.points.space*oe);return t[1]-t[0]<=p}var Sr={scale:null,auto:!0,sorted:0,min:de,max:-de},io=(s,e,n,t,i)=>i,Mr={show:!0,auto:!0,sorted:0,gaps:io,alpha:1,facets:[Te({},Sr,{scale:"x"}),Te({},Sr,{scale:"y"})]},Ar={scale:"y",auto:!0,sorted:0,show:!0,spanGaps:!1,gaps:io,alpha:1,points:{show:Uc,filter:null},values:null,min:de,max:-de,idxs:[],path:null,clip:null};function Bc(s,e,n,t,i){return n/10}var lo={time:!0,auto:!0,distr:1,log:10,asinh:1,min:null,max:null,dir:1,ori:0},Gc=Te({},lo,{time:!1,ori:1}),Tr={};function ro(s,e){let n=Tr[s];return n||(n={key:s,plots:[],sub(t){n.plots.push(t)},unsub(t){n.plots=n.plots.filter(i=>i!=t)},pub(t,i,o,a,h,d,p){for(let b=0;b<n.plots.length;b++)n.plots[b]!=i&&n.plots[b].pub(t,i,o,a,h,d,p)}},s!=null&&(Tr[s]=n)),n}var Bn=1,Ri=2;function pn(s,e,n){let t=s.mode,i=s.series[e],o=t==2?s._data[e]:s._data,a=s.scales,h=s.bbox,d=o[0],p=t==2?o[1]:o[e],b=t==2?a[i.facets[0].scale]:a[s.series[0].scale],m=t==2?a[i.facets[1].scale]:a[i.scale],v=h.left,M=h.top,L=h.width,_=h.height,z=s.valToPosH,O=s.valToPosV;return b.ori==0?n(i,d,p,b,m,z,O,v,M,L,_,Vs,Kn,Us,ao,ho):n(i,d,p,b,m,O,z,M,v,_,L,Is,jn,qi,co,uo)}function ji(s,e){let n=0,t=0,i=le(s.bands,Ii);for(let o=0;o<i.length;o++){let a=i[o];a.series[0]==e?n=a.dir:a.series[1]==e&&(a.dir==1?t|=1:t|=2)}return[n,t==1?-1:t==2?1:t==3?2:0]}function Kc(s,e,n,t,i){let o=s.mode,a=s.series[e],h=o==2?a.facets[1].scale:a.scale,d=s.scales[h];return i==-1?d.min:i==1?d.max:d.distr==3?d.dir==1?d.min:d.max:0}function Wt(s,e,n,t,i,o){return pn(s,e,(a,h,d,p,b,m,v,M,L,_,z)=>{let O=a.pxRound,S=p.dir*(p.ori==0?1:-1),N=p.ori==0?Kn:jn,T,J;S==1?(T=n,J=t):(T=t,J=n);let F=O(m(h[T],p,_,M)),Z=O(v(d[T],b,z,L)),j=O(m(h[J],p,_,M)),ee=O(v(o==1?b.max:b.min,b,z,L)),K=new Path2D(i);return N(K,j,ee),N(K,F,ee),N(K,F,Z),K})}function Os(s,e,n,t,i,o){let a=null;if(s.length>0){a=new Path2D;let h=e==0?Us:qi,d=n;for(let m=0;m<s.length;m++){let v=s[m];if(v[1]>v[0]){let M=v[0]-d;M>0&&h(a,d,t,M,t+o),d=v[1]}}let p=n+i-d,b=10;p>0&&h(a,d,t-b/2,p,t+o+b)}return a}function jc(s,e,n){let t=s[s.length-1];t&&t[0]==e?t[1]=n:s.push([e,n])}function Yi(s,e,n,t,i,o,a){let h=[],d=s.length;for(let p=i==1?n:t;p>=n&&p<=t;p+=i)if(e[p]===null){let m=p,v=p;if(i==1)for(;++p<=t&&e[p]===null;)v=p;else for(;--p>=n&&e[p]===null;)v=p;let M=o(s[m]),L=v==m?M:o(s[v]),_=m-i;M=a<=0&&_>=0&&_<d?o(s[_]):M;let O=v+i;L=a>=0&&O>=0&&O<d?o(s[O]):L,L>=M&&h.push([M,L])}return h}function Er(s){return s==0?$r:s==1?Ce:e=>cn(e,s)}function oo(s){let e=s==0?Vs:Is,n=s==0?(i,o,a,h,d,p)=>{i.arcTo(o,a,h,d,p)}:(i,o,a,h,d,p)=>{i.arcTo(a,o,d,h,p)},t=s==0?(i,o,a,h,d)=>{i.rect(o,a,h,d)}:(i,o,a,h,d)=>{i.rect(a,o,d,h)};return(i,o,a,h,d,p=0,b=0)=>{p==0&&b==0?t(i,o,a,h,d):(p=Mt(p,h/2,d/2),b=Mt(b,h/2,d/2),e(i,o+p,a),n(i,o+h,a,o+h,a+d,p),n(i,o+h,a+d,o,a+d,b),n(i,o,a+d,o,a,b),n(i,o,a,o+h,a,p),i.closePath())}}var Vs=(s,e,n)=>{s.moveTo(e,n)},Is=(s,e,n)=>{s.moveTo(n,e)},Kn=(s,e,n)=>{s.lineTo(e,n)},jn=(s,e,n)=>{s.lineTo(n,e)},Us=oo(0),qi=oo(1),ao=(s,e,n,t,i,o)=>{s.arc(e,n,t,i,o)},co=(s,e,n,t,i,o)=>{s.arc(n,e,t,i,o)},ho=(s,e,n,t,i,o,a)=>{s.bezierCurveTo(e,n,t,i,o,a)},uo=(s,e,n,t,i,o,a)=>{s.bezierCurveTo(n,e,i,t,a,o)};function fo(s){return(e,n,t,i,o)=>pn(e,n,(a,h,d,p,b,m,v,M,L,_,z)=>{let{pxRound:O,points:S}=a,N,T;p.ori==0?(N=Vs,T=ao):(N=Is,T=co);let J=fe(S.width*oe,3),F=(S.size-S.width)/2*oe,Z=fe(F*2,3),j=new Path2D,ee=new Path2D,{left:K,top:E,width:q,height:$}=e.bbox;Us(ee,K-Z,E-Z,q+Z*2,$+Z*2);let B=I=>{if(d[I]!=null){let ne=O(m(h[I],p,_,M)),V=O(v(d[I],b,z,L));N(j,ne+F,V),T(j,ne,V,F,0,Ds*2)}};if(o)o.forEach(B);else for(let I=t;I<=i;I++)B(I);return{stroke:J>0?j:null,fill:j,clip:ee,flags:Bn|Ri}})}function po(s){return(e,n,t,i,o,a)=>{t!=i&&(o!=t&&a!=t&&s(e,n,t),o!=i&&a!=i&&s(e,n,i),s(e,n,a))}}var Yc=po(Kn),qc=po(jn);function mo(s){let e=le(s?.alignGaps,0);return(n,t,i,o)=>pn(n,t,(a,h,d,p,b,m,v,M,L,_,z)=>{[i,o]=zs(d,i,o);let O=a.pxRound,S=$=>O(m($,p,_,M)),N=$=>O(v($,b,z,L)),T,J;p.ori==0?(T=Kn,J=Yc):(T=jn,J=qc);let F=p.dir*(p.ori==0?1:-1),Z={stroke:new Path2D,fill:null,clip:null,band:null,gaps:null,flags:Bn},j=Z.stroke,ee=!1;if(o-i>=_*4){let $=H=>n.posToVal(H,p.key,!0),B=null,I=null,ne,V,Ye,we=S(h[F==1?i:o]),se=S(h[i]),he=S(h[o]),Q=$(F==1?se+1:he-1);for(let H=F==1?i:o;H>=i&&H<=o;H+=F){let Ee=h[H],ye=(F==1?Ee<Q:Ee>Q)?we:S(Ee),ae=d[H];ye==we?ae!=null?(V=ae,B==null?(T(j,ye,N(V)),ne=B=I=V):V<B?B=V:V>I&&(I=V)):ae===null&&(ee=!0):(B!=null&&J(j,we,N(B),N(I),N(ne),N(V)),ae!=null?(V=ae,T(j,ye,N(V)),B=I=ne=V):(B=I=null,ae===null&&(ee=!0)),we=ye,Q=$(we+F))}B!=null&&B!=I&&Ye!=we&&J(j,we,N(B),N(I),N(ne),N(V))}else for(let $=F==1?i:o;$>=i&&$<=o;$+=F){let B=d[$];B===null?ee=!0:B!=null&&T(j,S(h[$]),N(B))}let[E,q]=ji(n,t);if(a.fill!=null||E!=0){let $=Z.fill=new Path2D(j),B=a.fillTo(n,t,a.min,a.max,E),I=N(B),ne=S(h[i]),V=S(h[o]);F==-1&&([V,ne]=[ne,V]),T($,V,I),T($,ne,I)}if(!a.spanGaps){let $=[];ee&&$.push(...Yi(h,d,i,o,F,S,e)),Z.gaps=$=a.gaps(n,t,i,o,$),Z.clip=Os($,p.ori,M,L,_,z)}return q!=0&&(Z.band=q==2?[Wt(n,t,i,o,j,-1),Wt(n,t,i,o,j,1)]:Wt(n,t,i,o,j,q)),Z})}function Jc(s){let e=le(s.align,1),n=le(s.ascDesc,!1),t=le(s.alignGaps,0),i=le(s.extend,!1);return(o,a,h,d)=>pn(o,a,(p,b,m,v,M,L,_,z,O,S,N)=>{[h,d]=zs(m,h,d);let T=p.pxRound,{left:J,width:F}=o.bbox,Z=se=>T(L(se,v,S,z)),j=se=>T(_(se,M,N,O)),ee=v.ori==0?Kn:jn,K={stroke:new Path2D,fill:null,clip:null,band:null,gaps:null,flags:Bn},E=K.stroke,q=v.dir*(v.ori==0?1:-1),$=j(m[q==1?h:d]),B=Z(b[q==1?h:d]),I=B,ne=B;i&&e==-1&&(ne=J,ee(E,ne,$)),ee(E,B,$);for(let se=q==1?h:d;se>=h&&se<=d;se+=q){let he=m[se];if(he==null)continue;let Q=Z(b[se]),H=j(he);e==1?ee(E,Q,$):ee(E,I,H),ee(E,Q,H),$=H,I=Q}let V=I;i&&e==1&&(V=J+F,ee(E,V,$));let[Ye,we]=ji(o,a);if(p.fill!=null||Ye!=0){let se=K.fill=new Path2D(E),he=p.fillTo(o,a,p.min,p.max,Ye),Q=j(he);ee(se,V,Q),ee(se,ne,Q)}if(!p.spanGaps){let se=[];se.push(...Yi(b,m,h,d,q,Z,t));let he=p.width*oe/2,Q=n||e==1?he:-he,H=n||e==-1?-he:he;se.forEach(Ee=>{Ee[0]+=Q,Ee[1]+=H}),K.gaps=se=p.gaps(o,a,h,d,se),K.clip=Os(se,v.ori,z,O,S,N)}return we!=0&&(K.band=we==2?[Wt(o,a,h,d,E,-1),Wt(o,a,h,d,E,1)]:Wt(o,a,h,d,E,we)),K})}function Lr(s,e,n,t,i,o,a=de){if(s.length>1){let h=null;for(let d=0,p=1/0;d<s.length;d++)if(e[d]!==void 0){if(h!=null){let b=_e(s[d]-s[h]);b<p&&(p=b,a=_e(n(s[d],t,i,o)-n(s[h],t,i,o)))}h=d}}return a}function Zc(s){s=s||hs;let e=le(s.size,[.6,de,1]),n=s.align||0,t=s.gap||0,i=s.radius;i=i==null?[0,0]:typeof i=="number"?[i,0]:i;let o=te(i),a=1-e[0],h=le(e[1],de),d=le(e[2],1),p=le(s.disp,hs),b=le(s.each,M=>{}),{fill:m,stroke:v}=p;return(M,L,_,z)=>pn(M,L,(O,S,N,T,J,F,Z,j,ee,K,E)=>{let q=O.pxRound,$=n,B=t*oe,I=h*oe,ne=d*oe,V,Ye;T.ori==0?[V,Ye]=o(M,L):[Ye,V]=o(M,L);let we=T.dir*(T.ori==0?1:-1),se=T.ori==0?Us:qi,he=T.ori==0?b:(D,pe,Le,wn,Xt,Tt,en)=>{b(D,pe,Le,Xt,wn,en,Tt)},Q=le(M.bands,Ii).find(D=>D.series[0]==L),H=Q!=null?Q.dir:0,Ee=O.fillTo(M,L,O.min,O.max,H),Ie=q(Z(Ee,J,E,ee)),ye,ae,mt,Ze=K,ke=q(O.width*oe),At=!1,Ft=null,rt=null,Vt=null,gn=null;m!=null&&(ke==0||v!=null)&&(At=!0,Ft=m.values(M,L,_,z),rt=new Map,new Set(Ft).forEach(D=>{D!=null&&rt.set(D,new Path2D)}),ke>0&&(Vt=v.values(M,L,_,z),gn=new Map,new Set(Vt).forEach(D=>{D!=null&&gn.set(D,new Path2D)})));let{x0:vn,size:Yn}=p;if(vn!=null&&Yn!=null){$=1,S=vn.values(M,L,_,z),vn.unit==2&&(S=S.map(Le=>M.posToVal(j+Le*K,T.key,!0)));let D=Yn.values(M,L,_,z);Yn.unit==2?ae=D[0]*K:ae=F(D[0],T,K,j)-F(0,T,K,j),Ze=Lr(S,N,F,T,K,j,Ze),mt=Ze-ae+B}else Ze=Lr(S,N,F,T,K,j,Ze),mt=Ze*a+B,ae=Ze-mt;mt<1&&(mt=0),ke>=ae/2&&(ke=0),mt<5&&(q=$r);let ms=mt>0,Zt=Ze-mt-(ms?ke:0);ae=q(_i(Zt,ne,I)),ye=($==0?ae/2:$==we?0:ae)-$*we*(($==0?B/2:0)+(ms?ke/2:0));let Ue={stroke:null,fill:null,clip:null,band:null,gaps:null,flags:0},bn=At?null:new Path2D,Nt=null;if(Q!=null)Nt=M.data[Q.series[1]];else{let{y0:D,y1:pe}=p;D!=null&&pe!=null&&(N=pe.values(M,L,_,z),Nt=D.values(M,L,_,z))}let Qt=V*ae,Y=Ye*ae;for(let D=we==1?_:z;D>=_&&D<=z;D+=we){let pe=N[D];if(pe==null)continue;if(Nt!=null){let qe=Nt[D]??0;if(pe-qe==0)continue;Ie=Z(qe,J,E,ee)}let Le=T.distr!=2||p!=null?S[D]:D,wn=F(Le,T,K,j),Xt=Z(le(pe,Ee),J,E,ee),Tt=q(wn-ye),en=q(je(Xt,Ie)),Qe=q(Mt(Xt,Ie)),ot=en-Qe;if(pe!=null){let qe=pe<0?Y:Qt,gt=pe<0?Qt:Y;At?(ke>0&&Vt[D]!=null&&se(gn.get(Vt[D]),Tt,Qe+it(ke/2),ae,je(0,ot-ke),qe,gt),Ft[D]!=null&&se(rt.get(Ft[D]),Tt,Qe+it(ke/2),ae,je(0,ot-ke),qe,gt)):se(bn,Tt,Qe+it(ke/2),ae,je(0,ot-ke),qe,gt),he(M,L,D,Tt-ke/2,Qe,ae+ke,ot)}}return ke>0?Ue.stroke=At?gn:bn:At||(Ue._fill=O.width==0?O._fill:O._stroke??O._fill,Ue.width=0),Ue.fill=At?rt:bn,Ue})}function Qc(s,e){let n=le(e?.alignGaps,0);return(t,i,o,a)=>pn(t,i,(h,d,p,b,m,v,M,L,_,z,O)=>{[o,a]=zs(p,o,a);let S=h.pxRound,N=V=>S(v(V,b,z,L)),T=V=>S(M(V,m,O,_)),J,F,Z;b.ori==0?(J=Vs,Z=Kn,F=ho):(J=Is,Z=jn,F=uo);let j=b.dir*(b.ori==0?1:-1),ee=N(d[j==1?o:a]),K=ee,E=[],q=[];for(let V=j==1?o:a;V>=o&&V<=a;V+=j)if(p[V]!=null){let we=d[V],se=N(we);E.push(K=se),q.push(T(p[V]))}let $={stroke:s(E,q,J,Z,F,S),fill:null,clip:null,band:null,gaps:null,flags:Bn},B=$.stroke,[I,ne]=ji(t,i);if(h.fill!=null||I!=0){let V=$.fill=new Path2D(B),Ye=h.fillTo(t,i,h.min,h.max,I),we=T(Ye);Z(V,K,we),Z(V,ee,we)}if(!h.spanGaps){let V=[];V.push(...Yi(d,p,o,a,j,N,n)),$.gaps=V=h.gaps(t,i,o,a,V),$.clip=Os(V,b.ori,L,_,z,O)}return ne!=0&&($.band=ne==2?[Wt(t,i,o,a,B,-1),Wt(t,i,o,a,B,1)]:Wt(t,i,o,a,B,ne)),$})}function Xc(s){return Qc(eh,s)}function eh(s,e,n,t,i,o){let a=s.length;if(a<2)return null;let h=new Path2D;if(n(h,s[0],e[0]),a==2)t(h,s[1],e[1]);else{let d=Array(a),p=Array(a-1),b=Array(a-1),m=Array(a-1);for(let v=0;v<a-1;v++)b[v]=e[v+1]-e[v],m[v]=s[v+1]-s[v],p[v]=b[v]/m[v];d[0]=p[0];for(let v=1;v<a-1;v++)p[v]===0||p[v-1]===0||p[v-1]>0!=p[v]>0?d[v]=0:(d[v]=3*(m[v-1]+m[v])/((2*m[v]+m[v-1])/p[v-1]+(m[v]+2*m[v-1])/p[v]),isFinite(d[v])||(d[v]=0));d[a-1]=p[a-2];for(let v=0;v<a-1;v++)i(h,s[v]+m[v]/3,e[v]+d[v]*m[v]/3,s[v+1]-m[v]/3,e[v+1]-d[v+1]*m[v]/3,s[v+1],e[v+1])}return h}var Fi=new Set;function Cr(){for(let s of Fi)s.syncRect(!0)}Gn&&(dn(Fa,On,Cr),dn(Na,On,Cr,!0),dn(Rs,On,()=>{Oe.pxRatio=oe}));var th=mo(),nh=fo();function _r(s,e,n,t){return(t?[s[0],s[1]].concat(s.slice(2)):[s[0]].concat(s.slice(1))).map((o,a)=>Ni(o,a,e,n))}function sh(s,e){return s.map((n,t)=>t==0?{}:Te({},e,n))}function Ni(s,e,n,t){return Te({},e==0?n:t,s)}function go(s,e,n){return e==null?In:[e,n]}var ih=go;function lh(s,e,n){return e==null?In:Fs(e,n,Oi,!0)}function vo(s,e,n,t){return e==null?In:$s(e,n,s.scales[t].log,!1)}var rh=vo;function bo(s,e,n,t){return e==null?In:Wi(e,n,s.scales[t].log,!1)}var oh=bo;function ah(s,e,n,t,i){let o=je(ar(s),ar(e)),a=e-s,h=St(i/t*a,n);do{let d=n[h],p=t*d/a;if(p>=i&&o+(d<5?Jt.get(d):0)<=17)return[d,p]}while(++h<n.length);return[0,0]}function Pr(s){let e,n;return s=s.replace(/(\d+)px/,(t,i)=>(e=Ce((n=+i)*oe))+"px"),[s,e,n]}function ch(s){s.show&&[s.font,s.labelFont].forEach(e=>{let n=fe(e[2]*oe,1);e[0]=e[0].replace(/[0-9.]+px/,n+"px"),e[1]=n})}function Oe(s,e,n){let t={mode:le(s.mode,1)},i=t.mode;function o(l,r,c,u){let f=r.valToPct(l);return u+c*(r.dir==-1?1-f:f)}function a(l,r,c,u){let f=r.valToPct(l);return u+c*(r.dir==-1?f:1-f)}function h(l,r,c,u){return r.ori==0?o(l,r,c,u):a(l,r,c,u)}t.valToPosH=o,t.valToPosV=a;let d=!1;t.status=0;let p=t.root=ft(ga);if(s.id!=null&&(p.id=s.id),st(p,s.class),s.title){let l=ft(wa,p);l.textContent=s.title}let b=kt("canvas"),m=t.ctx=b.getContext("2d"),v=ft(ya,p);dn("click",v,l=>{l.target===L&&(me!=_n||xe!=Pn)&&We.click(t,l)},!0);let M=t.under=ft(xa,v);v.appendChild(b);let L=t.over=ft(ka,v);s=Un(s);let _=+le(s.pxAlign,1),z=Er(_);(s.plugins||[]).forEach(l=>{l.opts&&(s=l.opts(t,s)||s)});let O=s.ms||.001,S=t.series=i==1?_r(s.series||[],yr,Ar,!1):sh(s.series||[null],Mr),N=t.axes=_r(s.axes||[],wr,kr,!0),T=t.scales={},J=t.bands=s.bands||[];J.forEach(l=>{l.fill=te(l.fill||null),l.dir=le(l.dir,-1)});let F=i==2?S[1].facets[0].scale:S[0].scale,Z={axes:jo,series:Io},j=(s.drawOrder||["axes","series"]).map(l=>Z[l]);function ee(l){let r=l.distr==3?c=>Ht(c>0?c:l.clamp(t,c,l.min,l.max,l.key)):l.distr==4?c=>ki(c,l.asinh):l.distr==100?c=>l.fwd(c):c=>c;return c=>{let u=r(c),{_min:f,_max:g}=l,w=g-f;return(u-f)/w}}function K(l){let r=T[l];if(r==null){let c=(s.scales||hs)[l]||hs;if(c.from!=null){K(c.from);let u=Te({},T[c.from],c,{key:l});u.valToPct=ee(u),T[l]=u}else{r=T[l]=Te({},l==F?lo:Gc,c),r.key=l;let u=r.time,f=r.range,g=qt(f);if((l!=F||i==2&&!u)&&(g&&(f[0]==null||f[1]==null)&&(f={min:f[0]==null?lr:{mode:1,hard:f[0],soft:f[0]},max:f[1]==null?lr:{mode:1,hard:f[1],soft:f[1]}},g=!1),!g&&Ws(f))){let w=f;f=(x,A,C)=>A==null?In:Fs(A,C,w)}r.range=te(f||(u?ih:l==F?r.distr==3?rh:r.distr==4?oh:go:r.distr==3?vo:r.distr==4?bo:lh)),r.auto=te(g?!1:r.auto),r.clamp=te(r.clamp||Bc),r._min=r._max=null,r.valToPct=ee(r)}}}K("x"),K("y"),i==1&&S.forEach(l=>{K(l.scale)}),N.forEach(l=>{K(l.scale)});for(let l in s.scales)K(l);let E=T[F],q=E.distr,$,B;E.ori==0?(st(p,va),$=o,B=a):(st(p,ba),$=a,B=o);let I={};for(let l in T){let r=T[l];(r.min!=null||r.max!=null)&&(I[l]={min:r.min,max:r.max},r.min=r.max=null)}let ne=s.tzDate||(l=>new Date(Ce(l/O))),V=s.fmtDate||Ui,Ye=O==1?vc(ne):yc(ne),we=gr(ne,mr(O==1?gc:wc,V)),se=br(ne,vr(kc,V)),he=[],Q=t.legend=Te({},Ac,s.legend),H=t.cursor=Te({},Pc,{drag:{y:i==2}},s.cursor),Ee=Q.show,Ie=H.show,ye=Q.markers;Q.idxs=he,ye.width=te(ye.width),ye.dash=te(ye.dash),ye.stroke=te(ye.stroke),ye.fill=te(ye.fill);let ae,mt,Ze,ke=[],At=[],Ft,rt=!1,Vt={};if(Q.live){let l=S[1]?S[1].values:null;rt=l!=null,Ft=rt?l(t,1,0):{_:0};for(let r in Ft)Vt[r]=$i}if(Ee)if(ae=kt("table",La,p),Ze=kt("tbody",null,ae),Q.mount(t,ae),rt){mt=kt("thead",null,ae,Ze);let l=kt("tr",null,mt);kt("th",null,l);for(var gn in Ft)kt("th",Kl,l).textContent=gn}else st(ae,_a),Q.live&&st(ae,Ca);let vn={show:!0},Yn={show:!1};function ms(l,r){if(r==0&&(rt||!Q.live||i==2))return In;let c=[],u=kt("tr",Pa,Ze,Ze.childNodes[r]);st(u,l.class),l.show||st(u,un);let f=kt("th",null,u);if(ye.show){let x=ft(Da,f);if(r>0){let A=ye.width(t,r);A&&(x.style.border=A+"px "+ye.dash(t,r)+" "+ye.stroke(t,r)),x.style.background=ye.fill(t,r)}}let g=ft(Kl,f);l.label instanceof HTMLElement?g.appendChild(l.label):g.textContent=l.label,r>0&&(ye.show||(g.style.color=l.width>0?ye.stroke(t,r):ye.fill(t,r)),Ue("click",f,x=>{if(H._lock)return;nn(x);let A=S.indexOf(l);if((x.ctrlKey||x.metaKey)!=Q.isolate){let C=S.some((P,R)=>R>0&&R!=A&&P.show);S.forEach((P,R)=>{R>0&&Lt(R,C?R==A?vn:Yn:vn,!0,Ae.setSeries)})}else Lt(A,{show:!l.show},!0,Ae.setSeries)},!1),xn&&Ue(Jl,f,x=>{H._lock||(nn(x),Lt(S.indexOf(l),Rn,!0,Ae.setSeries))},!1));for(var w in Ft){let x=kt("td",Ra,u);x.textContent="--",c.push(x)}return[u,c]}let Zt=new Map;function Ue(l,r,c,u=!0){let f=Zt.get(r)||{},g=H.bind[l](t,r,c,u);g&&(dn(l,r,f[l]=g),Zt.set(r,f))}function bn(l,r,c){let u=Zt.get(r)||{};for(let f in u)(l==null||f==l)&&(Ci(f,r,u[f]),delete u[f]);l==null&&Zt.delete(r)}let Nt=0,Qt=0,Y=0,D=0,pe=0,Le=0,wn=pe,Xt=Le,Tt=Y,en=D,Qe=0,ot=0,qe=0,gt=0;t.bbox={};let qs=!1,gs=!1,yn=!1,tn=!1,vs=!1,at=!1;function Js(l,r,c){(c||l!=t.width||r!=t.height)&&ll(l,r),Tn(!1),yn=!0,gs=!0,En()}function ll(l,r){t.width=Nt=Y=l,t.height=Qt=D=r,pe=Le=0,No(),zo();let c=t.bbox;Qe=c.left=cn(pe*oe,.5),ot=c.top=cn(Le*oe,.5),qe=c.width=cn(Y*oe,.5),gt=c.height=cn(D*oe,.5)}let Do=3;function Ro(){let l=!1,r=0;for(;!l;){r++;let c=Go(r),u=Ko(r);l=r==Do||c&&u,l||(ll(t.width,t.height),gs=!0)}}function Fo({width:l,height:r}){Js(l,r)}t.setSize=Fo;function No(){let l=!1,r=!1,c=!1,u=!1;N.forEach((f,g)=>{if(f.show&&f._show){let{side:w,_size:x}=f,A=w%2,C=f.label!=null?f.labelSize:0,P=x+C;P>0&&(A?(Y-=P,w==3?(pe+=P,u=!0):c=!0):(D-=P,w==0?(Le+=P,l=!0):r=!0))}}),sn[0]=l,sn[1]=c,sn[2]=r,sn[3]=u,Y-=It[1]+It[3],pe+=It[3],D-=It[2]+It[0],Le+=It[0]}function zo(){let l=pe+Y,r=Le+D,c=pe,u=Le;function f(g,w){switch(g){case 1:return l+=w,l-w;case 2:return r+=w,r-w;case 3:return c-=w,c+w;case 0:return u-=w,u+w}}N.forEach((g,w)=>{if(g.show&&g._show){let x=g.side;g._pos=f(x,g._size),g.label!=null&&(g._lpos=f(x,g.labelSize))}})}if(H.dataIdx==null){let l=H.hover,r=l.skip=new Set(l.skip??[]);r.add(void 0);let c=l.prox=te(l.prox),u=l.bias??=0;H.dataIdx=(f,g,w,x)=>{if(g==0)return w;let A=w,C=c(f,g,w,x)??de,P=C>=0&&C<de,R=E.ori==0?Y:D,G=H.left,re=e[0],ie=e[g];if(r.has(ie[w])){A=null;let X=null,U=null,W;if(u==0||u==-1)for(W=w;X==null&&W-- >0;)r.has(ie[W])||(X=W);if(u==0||u==1)for(W=w;U==null&&W++<ie.length;)r.has(ie[W])||(U=W);if(X!=null||U!=null)if(P){let ve=X==null?-1/0:$(re[X],E,R,0),Se=U==null?1/0:$(re[U],E,R,0),ze=G-ve,ue=Se-G;ze<=ue?ze<=C&&(A=X):ue<=C&&(A=U)}else A=U==null?X:X==null?U:w-X<=U-w?X:U}else P&&_e(G-$(re[w],E,R,0))>C&&(A=null);return A}}let nn=l=>{H.event=l};H.idxs=he,H._lock=!1;let Ve=H.points;Ve.show=te(Ve.show),Ve.size=te(Ve.size),Ve.stroke=te(Ve.stroke),Ve.width=te(Ve.width),Ve.fill=te(Ve.fill);let Et=t.focus=Te({},s.focus||{alpha:.3},H.focus),xn=Et.prox>=0,kn=xn&&Ve.one,ct=[],Sn=[],Mn=[];function rl(l,r){let c=Ve.show(t,r);if(c instanceof HTMLElement)return st(c,Ea),st(c,l.class),Rt(c,-10,-10,Y,D),L.insertBefore(c,ct[r]),c}function ol(l,r){if(i==1||r>0){let c=i==1&&T[l.scale].time,u=l.value;l.value=c?ur(u)?br(ne,vr(u,V)):u||se:u||Vc,l.label=l.label||(c?Rc:Dc)}if(kn||r>0){l.width=l.width==null?1:l.width,l.paths=l.paths||th||Ga,l.fillTo=te(l.fillTo||Kc),l.pxAlign=+le(l.pxAlign,_),l.pxRound=Er(l.pxAlign),l.stroke=te(l.stroke||null),l.fill=te(l.fill||null),l._stroke=l._fill=l._paths=l._focus=null;let c=Ic(je(1,l.width),1),u=l.points=Te({},{size:c,width:je(1,c*.2),stroke:l.stroke,space:c*2,paths:nh,_stroke:null,_fill:null},l.points);u.show=te(u.show),u.filter=te(u.filter),u.fill=te(u.fill),u.stroke=te(u.stroke),u.paths=te(u.paths),u.pxAlign=l.pxAlign}if(Ee){let c=ms(l,r);ke.splice(r,0,c[0]),At.splice(r,0,c[1]),Q.values.push(null)}if(Ie){he.splice(r,0,null);let c=null;kn?r==0&&(c=rl(l,r)):r>0&&(c=rl(l,r)),ct.splice(r,0,c),Sn.splice(r,0,0),Mn.splice(r,0,0)}Ne("addSeries",r)}function $o(l,r){r=r??S.length,l=i==1?Ni(l,r,yr,Ar):Ni(l,r,{},Mr),S.splice(r,0,l),ol(S[r],r)}t.addSeries=$o;function Ho(l){if(S.splice(l,1),Ee){Q.values.splice(l,1),At.splice(l,1);let r=ke.splice(l,1)[0];bn(null,r.firstChild),r.remove()}Ie&&(he.splice(l,1),ct.splice(l,1)[0].remove(),Sn.splice(l,1),Mn.splice(l,1)),Ne("delSeries",l)}t.delSeries=Ho;let sn=[!1,!1,!1,!1];function Wo(l,r){if(l._show=l.show,l.show){let c=l.side%2,u=T[l.scale];u==null&&(l.scale=c?S[1].scale:F,u=T[l.scale]);let f=u.time;l.size=te(l.size),l.space=te(l.space),l.rotate=te(l.rotate),qt(l.incrs)&&l.incrs.forEach(w=>{!Jt.has(w)&&Jt.set(w,Or(w))}),l.incrs=te(l.incrs||(u.distr==2?fc:f?O==1?mc:bc:hn)),l.splits=te(l.splits||(f&&u.distr==1?Ye:u.distr==3?Pi:u.distr==4?zc:Nc)),l.stroke=te(l.stroke),l.grid.stroke=te(l.grid.stroke),l.ticks.stroke=te(l.ticks.stroke),l.border.stroke=te(l.border.stroke);let g=l.values;l.values=qt(g)&&!qt(g[0])?te(g):f?qt(g)?gr(ne,mr(g,V)):ur(g)?xc(ne,g):g||we:g||Fc,l.filter=te(l.filter||(u.distr>=3&&u.log==10?Wc:u.distr==3&&u.log==2?Oc:Hr)),l.font=Pr(l.font),l.labelFont=Pr(l.labelFont),l._size=l.size(t,null,r,0),l._space=l._rotate=l._incrs=l._found=l._splits=l._values=null,l._size>0&&(sn[r]=!0,l._el=ft(Sa,v))}}function qn(l,r,c,u){let[f,g,w,x]=c,A=r%2,C=0;return A==0&&(x||g)&&(C=r==0&&!f||r==2&&!w?Ce(wr.size/3):0),A==1&&(f||w)&&(C=r==1&&!g||r==3&&!x?Ce(kr.size/2):0),C}let al=t.padding=(s.padding||[qn,qn,qn,qn]).map(l=>te(le(l,qn))),It=t._padding=al.map((l,r)=>l(t,r,sn,0)),He,Pe=null,De=null,bs=i==1?S[0].idxs:null,vt=null,Jn=!1;function cl(l,r){if(e=l??[],t.data=t._data=e,i==2){He=0;for(let c=1;c<S.length;c++)He+=e[c][0].length}else{e.length==0&&(t.data=t._data=e=[[]]),vt=e[0],He=vt.length;let c=e;if(q==2){c=e.slice();let u=c[0]=Array(He);for(let f=0;f<He;f++)u[f]=f}t._data=e=c}if(Tn(!0),Ne("setData"),q==2&&(yn=!0),r!==!1){let c=E;c.auto(t,Jn)?Zs():Bt(F,c.min,c.max),tn=tn||H.left>=0,at=!0,En()}}t.setData=cl;function Zs(){Jn=!0;let l,r;i==1&&(He>0?(Pe=bs[0]=0,De=bs[1]=He-1,l=e[0][Pe],r=e[0][De],q==2?(l=Pe,r=De):l==r&&(q==3?[l,r]=$s(l,l,E.log,!1):q==4?[l,r]=Wi(l,l,E.log,!1):E.time?r=l+Ce(86400/O):[l,r]=Fs(l,r,Oi,!0))):(Pe=bs[0]=l=null,De=bs[1]=r=null)),Bt(F,l,r)}let ws,An,Qs,Xs,ei,ti,ni,si,ii,Je;function hl(l,r,c,u,f,g){l??=Yl,c??=Ii,u??="butt",f??=Yl,g??="round",l!=ws&&(m.strokeStyle=ws=l),f!=An&&(m.fillStyle=An=f),r!=Qs&&(m.lineWidth=Qs=r),g!=ei&&(m.lineJoin=ei=g),u!=ti&&(m.lineCap=ti=u),c!=Xs&&m.setLineDash(Xs=c)}function ul(l,r,c,u){r!=An&&(m.fillStyle=An=r),l!=ni&&(m.font=ni=l),c!=si&&(m.textAlign=si=c),u!=ii&&(m.textBaseline=ii=u)}function li(l,r,c,u,f=0){if(u.length>0&&l.auto(t,Jn)&&(r==null||r.min==null)){let g=le(Pe,0),w=le(De,u.length-1),x=c.min==null?Wa(u,g,w,f,l.distr==3):[c.min,c.max];l.min=Mt(l.min,c.min=x[0]),l.max=je(l.max,c.max=x[1])}}let dl={min:null,max:null};function Oo(){for(let u in T){let f=T[u];I[u]==null&&(f.min==null||I[F]!=null&&f.auto(t,Jn))&&(I[u]=dl)}for(let u in T){let f=T[u];I[u]==null&&f.from!=null&&I[f.from]!=null&&(I[u]=dl)}I[F]!=null&&Tn(!0);let l={};for(let u in I){let f=I[u];if(f!=null){let g=l[u]=Un(T[u],Ya);if(f.min!=null)Te(g,f);else if(u!=F||i==2)if(He==0&&g.from==null){let w=g.range(t,null,null,u);g.min=w[0],g.max=w[1]}else g.min=de,g.max=-de}}if(He>0){S.forEach((u,f)=>{if(i==1){let g=u.scale,w=I[g];if(w==null)return;let x=l[g];if(f==0){let A=x.range(t,x.min,x.max,g);x.min=A[0],x.max=A[1],Pe=St(x.min,e[0]),De=St(x.max,e[0]),De-Pe>1&&(e[0][Pe]<x.min&&Pe++,e[0][De]>x.max&&De--),u.min=vt[Pe],u.max=vt[De]}else u.show&&u.auto&&li(x,w,u,e[f],u.sorted);u.idxs[0]=Pe,u.idxs[1]=De}else if(f>0&&u.show&&u.auto){let[g,w]=u.facets,x=g.scale,A=w.scale,[C,P]=e[f],R=l[x],G=l[A];R!=null&&li(R,I[x],g,C,g.sorted),G!=null&&li(G,I[A],w,P,w.sorted),u.min=w.min,u.max=w.max}});for(let u in l){let f=l[u],g=I[u];if(f.from==null&&(g==null||g.min==null)){let w=f.range(t,f.min==de?null:f.min,f.max==-de?null:f.max,u);f.min=w[0],f.max=w[1]}}}for(let u in l){let f=l[u];if(f.from!=null){let g=l[f.from];if(g.min==null)f.min=f.max=null;else{let w=f.range(t,g.min,g.max,u);f.min=w[0],f.max=w[1]}}}let r={},c=!1;for(let u in l){let f=l[u],g=T[u];if(g.min!=f.min||g.max!=f.max){g.min=f.min,g.max=f.max;let w=g.distr;g._min=w==3?Ht(g.min):w==4?ki(g.min,g.asinh):w==100?g.fwd(g.min):g.min,g._max=w==3?Ht(g.max):w==4?ki(g.max,g.asinh):w==100?g.fwd(g.max):g.max,r[u]=c=!0}}if(c){S.forEach((u,f)=>{i==2?f>0&&r.y&&(u._paths=null):r[u.scale]&&(u._paths=null)});for(let u in r)yn=!0,Ne("setScale",u);Ie&&H.left>=0&&(tn=at=!0)}for(let u in I)I[u]=null}function Vo(l){let r=_i(Pe-1,0,He-1),c=_i(De+1,0,He-1);for(;l[r]==null&&r>0;)r--;for(;l[c]==null&&c<He-1;)c++;return[r,c]}function Io(){if(He>0){let l=S.some(r=>r._focus)&&Je!=Et.alpha;l&&(m.globalAlpha=Je=Et.alpha),S.forEach((r,c)=>{if(c>0&&r.show&&(fl(c,!1),fl(c,!0),r._paths==null)){let u=Je;Je!=r.alpha&&(m.globalAlpha=Je=r.alpha);let f=i==2?[0,e[c][0].length-1]:Vo(e[c]);r._paths=r.paths(t,c,f[0],f[1]),Je!=u&&(m.globalAlpha=Je=u)}}),S.forEach((r,c)=>{if(c>0&&r.show){let u=Je;Je!=r.alpha&&(m.globalAlpha=Je=r.alpha),r._paths!=null&&pl(c,!1);{let f=r._paths!=null?r._paths.gaps:null,g=r.points.show(t,c,Pe,De,f),w=r.points.filter(t,c,g,f);(g||w)&&(r.points._paths=r.points.paths(t,c,Pe,De,w),pl(c,!0))}Je!=u&&(m.globalAlpha=Je=u),Ne("drawSeries",c)}}),l&&(m.globalAlpha=Je=1)}}function fl(l,r){let c=r?S[l].points:S[l];c._stroke=c.stroke(t,l),c._fill=c.fill(t,l)}function pl(l,r){let c=r?S[l].points:S[l],{stroke:u,fill:f,clip:g,flags:w,_stroke:x=c._stroke,_fill:A=c._fill,_width:C=c.width}=c._paths;C=fe(C*oe,3);let P=null,R=C%2/2;r&&A==null&&(A=C>0?"#fff":x);let G=c.pxAlign==1&&R>0;if(G&&m.translate(R,R),!r){let re=Qe-C/2,ie=ot-C/2,X=qe+C,U=gt+C;P=new Path2D,P.rect(re,ie,X,U)}r?ri(x,C,c.dash,c.cap,A,u,f,w,g):Uo(l,x,C,c.dash,c.cap,A,u,f,w,P,g),G&&m.translate(-R,-R)}function Uo(l,r,c,u,f,g,w,x,A,C,P){let R=!1;A!=0&&J.forEach((G,re)=>{if(G.series[0]==l){let ie=S[G.series[1]],X=e[G.series[1]],U=(ie._paths||hs).band;qt(U)&&(U=G.dir==1?U[0]:U[1]);let W,ve=null;ie.show&&U&&Va(X,Pe,De)?(ve=G.fill(t,re)||g,W=ie._paths.clip):U=null,ri(r,c,u,f,ve,w,x,A,C,P,W,U),R=!0}}),R||ri(r,c,u,f,g,w,x,A,C,P)}let ml=Bn|Ri;function ri(l,r,c,u,f,g,w,x,A,C,P,R){hl(l,r,c,u,f),(A||C||R)&&(m.save(),A&&m.clip(A),C&&m.clip(C)),R?(x&ml)==ml?(m.clip(R),P&&m.clip(P),xs(f,w),ys(l,g,r)):x&Ri?(xs(f,w),m.clip(R),ys(l,g,r)):x&Bn&&(m.save(),m.clip(R),P&&m.clip(P),xs(f,w),m.restore(),ys(l,g,r)):(xs(f,w),ys(l,g,r)),(A||C||R)&&m.restore()}function ys(l,r,c){c>0&&(r instanceof Map?r.forEach((u,f)=>{m.strokeStyle=ws=f,m.stroke(u)}):r!=null&&l&&m.stroke(r))}function xs(l,r){r instanceof Map?r.forEach((c,u)=>{m.fillStyle=An=u,m.fill(c)}):r!=null&&l&&m.fill(r)}function Bo(l,r,c,u){let f=N[l],g;if(u<=0)g=[0,0];else{let w=f._space=f.space(t,l,r,c,u),x=f._incrs=f.incrs(t,l,r,c,u,w);g=ah(r,c,x,u,w)}return f._found=g}function oi(l,r,c,u,f,g,w,x,A,C){let P=w%2/2;_==1&&m.translate(P,P),hl(x,w,A,C,x),m.beginPath();let R,G,re,ie,X=f+(u==0||u==3?-g:g);c==0?(G=f,ie=X):(R=f,re=X);for(let U=0;U<l.length;U++)r[U]!=null&&(c==0?R=re=l[U]:G=ie=l[U],m.moveTo(R,G),m.lineTo(re,ie));m.stroke(),_==1&&m.translate(-P,-P)}function Go(l){let r=!0;return N.forEach((c,u)=>{if(!c.show)return;let f=T[c.scale];if(f.min==null){c._show&&(r=!1,c._show=!1,Tn(!1));return}else c._show||(r=!1,c._show=!0,Tn(!1));let g=c.side,w=g%2,{min:x,max:A}=f,[C,P]=Bo(u,x,A,w==0?Y:D);if(P==0)return;let R=f.distr==2,G=c._splits=c.splits(t,u,x,A,C,P,R),re=f.distr==2?G.map(W=>vt[W]):G,ie=f.distr==2?vt[G[1]]-vt[G[0]]:C,X=c._values=c.values(t,c.filter(t,re,u,P,ie),u,P,ie);c._rotate=g==2?c.rotate(t,X,u,P):0;let U=c._size;c._size=pt(c.size(t,X,u,l)),U!=null&&c._size!=U&&(r=!1)}),r}function Ko(l){let r=!0;return al.forEach((c,u)=>{let f=c(t,u,sn,l);f!=It[u]&&(r=!1),It[u]=f}),r}function jo(){for(let l=0;l<N.length;l++){let r=N[l];if(!r.show||!r._show)continue;let c=r.side,u=c%2,f,g,w=r.stroke(t,l),x=c==0||c==3?-1:1,[A,C]=r._found;if(r.label!=null){let Ge=r.labelGap*x,tt=Ce((r._lpos+Ge)*oe);ul(r.labelFont[0],w,"center",c==2?"top":jl),m.save(),u==1?(f=g=0,m.translate(tt,Ce(ot+gt/2)),m.rotate((c==3?-Ds:Ds)/2)):(f=Ce(Qe+qe/2),g=tt);let on=zr(r.label)?r.label(t,l,A,C):r.label;m.fillText(on,f,g),m.restore()}if(C==0)continue;let P=T[r.scale],R=u==0?qe:gt,G=u==0?Qe:ot,re=r._splits,ie=P.distr==2?re.map(Ge=>vt[Ge]):re,X=P.distr==2?vt[re[1]]-vt[re[0]]:A,U=r.ticks,W=r.border,ve=U.show?U.size:0,Se=Ce(ve*oe),ze=Ce((r.alignTo==2?r._size-ve-r.gap:r.gap)*oe),ue=r._rotate*-Ds/180,Me=z(r._pos*oe),Xe=(Se+ze)*x,Be=Me+Xe;g=u==0?Be:0,f=u==1?Be:0;let ht=r.font[0],bt=r.align==1?Hn:r.align==2?wi:ue>0?Hn:ue<0?wi:u==0?"center":c==3?wi:Hn,_t=ue||u==1?"middle":c==2?"top":jl;ul(ht,w,bt,_t);let et=r.font[1]*r.lineGap,ut=re.map(Ge=>z(h(Ge,P,R,G))),wt=r._values;for(let Ge=0;Ge<wt.length;Ge++){let tt=wt[Ge];if(tt!=null){u==0?f=ut[Ge]:g=ut[Ge],tt=""+tt;let on=tt.indexOf(`
`)==-1?[tt]:tt.split(/\n/gm);for(let Ke=0;Ke<on.length;Ke++){let Fl=on[Ke];ue?(m.save(),m.translate(f,g+Ke*et),m.rotate(ue),m.fillText(Fl,0,0),m.restore()):m.fillText(Fl,f,g+Ke*et)}}}U.show&&oi(ut,U.filter(t,ie,l,C,X),u,c,Me,Se,fe(U.width*oe,3),U.stroke(t,l),U.dash,U.cap);let Pt=r.grid;Pt.show&&oi(ut,Pt.filter(t,ie,l,C,X),u,u==0?2:1,u==0?ot:Qe,u==0?gt:qe,fe(Pt.width*oe,3),Pt.stroke(t,l),Pt.dash,Pt.cap),W.show&&oi([Me],[1],u==0?1:0,u==0?1:2,u==1?ot:Qe,u==1?gt:qe,fe(W.width*oe,3),W.stroke(t,l),W.dash,W.cap)}Ne("drawAxes")}function Tn(l){S.forEach((r,c)=>{c>0&&(r._paths=null,l&&(i==1?(r.min=null,r.max=null):r.facets.forEach(u=>{u.min=null,u.max=null})))})}let ks=!1,ai=!1,Zn=[];function Yo(){ai=!1;for(let l=0;l<Zn.length;l++)Ne(...Zn[l]);Zn.length=0}function En(){ks||(tc(gl),ks=!0)}function qo(l,r=!1){ks=!0,ai=r,l(t),gl(),r&&Zn.length>0&&queueMicrotask(Yo)}t.batch=qo;function gl(){if(qs&&(Oo(),qs=!1),yn&&(Ro(),yn=!1),gs){if(be(M,Hn,pe),be(M,"top",Le),be(M,rs,Y),be(M,os,D),be(L,Hn,pe),be(L,"top",Le),be(L,rs,Y),be(L,os,D),be(v,rs,Nt),be(v,os,Qt),b.width=Ce(Nt*oe),b.height=Ce(Qt*oe),N.forEach(({_el:l,_show:r,_size:c,_pos:u,side:f})=>{if(l!=null)if(r){let g=f===3||f===0?c:0,w=f%2==1;be(l,w?"left":"top",u-g),be(l,w?"width":"height",c),be(l,w?"top":"left",w?Le:pe),be(l,w?"height":"width",w?D:Y),Li(l,un)}else st(l,un)}),ws=An=Qs=ei=ti=ni=si=ii=Xs=null,Je=1,es(!0),pe!=wn||Le!=Xt||Y!=Tt||D!=en){Tn(!1);let l=Y/Tt,r=D/en;if(Ie&&!tn&&H.left>=0){H.left*=l,H.top*=r,Ln&&Rt(Ln,Ce(H.left),0,Y,D),Cn&&Rt(Cn,0,Ce(H.top),Y,D);for(let c=0;c<ct.length;c++){let u=ct[c];u!=null&&(Sn[c]*=l,Mn[c]*=r,Rt(u,pt(Sn[c]),pt(Mn[c]),Y,D))}}if(ge.show&&!vs&&ge.left>=0&&ge.width>0){ge.left*=l,ge.width*=l,ge.top*=r,ge.height*=r;for(let c in pi)be(Dn,c,ge[c])}wn=pe,Xt=Le,Tt=Y,en=D}Ne("setSize"),gs=!1}Nt>0&&Qt>0&&(m.clearRect(0,0,b.width,b.height),Ne("drawClear"),j.forEach(l=>l()),Ne("draw")),ge.show&&vs&&(Ss(ge),vs=!1),Ie&&tn&&(rn(null,!0,!1),tn=!1),Q.show&&Q.live&&at&&(di(),at=!1),d||(d=!0,t.status=1,Ne("ready")),Jn=!1,ks=!1}t.redraw=(l,r)=>{yn=r||!1,l!==!1?Bt(F,E.min,E.max):En()};function ci(l,r){let c=T[l];if(c.from==null){if(He==0){let u=c.range(t,r.min,r.max,l);r.min=u[0],r.max=u[1]}if(r.min>r.max){let u=r.min;r.min=r.max,r.max=u}if(He>1&&r.min!=null&&r.max!=null&&r.max-r.min<1e-16)return;l==F&&c.distr==2&&He>0&&(r.min=St(r.min,e[0]),r.max=St(r.max,e[0]),r.min==r.max&&r.max++),I[l]=r,qs=!0,En()}}t.setScale=ci;let hi,ui,Ln,Cn,vl,bl,_n,Pn,wl,yl,me,xe,Ut=!1,We=H.drag,Re=We.x,Fe=We.y;Ie&&(H.x&&(hi=ft(Aa,L)),H.y&&(ui=ft(Ta,L)),E.ori==0?(Ln=hi,Cn=ui):(Ln=ui,Cn=hi),me=H.left,xe=H.top);let ge=t.select=Te({show:!0,over:!0,left:0,width:0,top:0,height:0},s.select),Dn=ge.show?ft(Ma,ge.over?L:M):null;function Ss(l,r){if(ge.show){for(let c in l)ge[c]=l[c],c in pi&&be(Dn,c,l[c]);r!==!1&&Ne("setSelect")}}t.setSelect=Ss;function Jo(l){if(S[l].show)Ee&&Li(ke[l],un);else if(Ee&&st(ke[l],un),Ie){let c=kn?ct[0]:ct[l];c!=null&&Rt(c,-10,-10,Y,D)}}function Bt(l,r,c){ci(l,{min:r,max:c})}function Lt(l,r,c,u){r.focus!=null&&ta(l),r.show!=null&&S.forEach((f,g)=>{g>0&&(l==g||l==null)&&(f.show=r.show,Jo(g),i==2?(Bt(f.facets[0].scale,null,null),Bt(f.facets[1].scale,null,null)):Bt(f.scale,null,null),En())}),c!==!1&&Ne("setSeries",l,r),u&&ts("setSeries",t,l,r)}t.setSeries=Lt;function Zo(l,r){Te(J[l],r)}function Qo(l,r){l.fill=te(l.fill||null),l.dir=le(l.dir,-1),r=r??J.length,J.splice(r,0,l)}function Xo(l){l==null?J.length=0:J.splice(l,1)}t.addBand=Qo,t.setBand=Zo,t.delBand=Xo;function ea(l,r){S[l].alpha=r,Ie&&ct[l]!=null&&(ct[l].style.opacity=r),Ee&&ke[l]&&(ke[l].style.opacity=r)}let zt,Gt,ln,Rn={focus:!0};function ta(l){if(l!=ln){let r=l==null,c=Et.alpha!=1;S.forEach((u,f)=>{if(i==1||f>0){let g=r||f==0||f==l;u._focus=r?null:g,c&&ea(f,g?1:Et.alpha)}}),ln=l,c&&En()}}Ee&&xn&&Ue(Zl,ae,l=>{H._lock||(nn(l),ln!=null&&Lt(null,Rn,!0,Ae.setSeries))});function Ct(l,r,c){let u=T[r];c&&(l=l/oe-(u.ori==1?Le:pe));let f=Y;u.ori==1&&(f=D,l=f-l),u.dir==-1&&(l=f-l);let g=u._min,w=u._max,x=l/f,A=g+(w-g)*x,C=u.distr;return C==3?Vn(10,A):C==4?Ua(A,u.asinh):C==100?u.bwd(A):A}function na(l,r){let c=Ct(l,F,r);return St(c,e[0],Pe,De)}t.valToIdx=l=>St(l,e[0]),t.posToIdx=na,t.posToVal=Ct,t.valToPos=(l,r,c)=>T[r].ori==0?o(l,T[r],c?qe:Y,c?Qe:0):a(l,T[r],c?gt:D,c?ot:0),t.setCursor=(l,r,c)=>{me=l.left,xe=l.top,rn(null,r,c)};function xl(l,r){be(Dn,Hn,ge.left=l),be(Dn,rs,ge.width=r)}function kl(l,r){be(Dn,"top",ge.top=l),be(Dn,os,ge.height=r)}let Qn=E.ori==0?xl:kl,Xn=E.ori==1?xl:kl;function sa(){if(Ee&&Q.live)for(let l=i==2?1:0;l<S.length;l++){if(l==0&&rt)continue;let r=Q.values[l],c=0;for(let u in r)At[l][c++].firstChild.nodeValue=r[u]}}function di(l,r){if(l!=null&&(l.idxs?l.idxs.forEach((c,u)=>{he[u]=c}):ja(l.idx)||he.fill(l.idx),Q.idx=he[0]),Ee&&Q.live){for(let c=0;c<S.length;c++)(c>0||i==1&&!rt)&&ia(c,he[c]);sa()}at=!1,r!==!1&&Ne("setLegend")}t.setLegend=di;function ia(l,r){let c=S[l],u=l==0&&q==2?vt:e[l],f;rt?f=c.values(t,l,r)??Vt:(f=c.value(t,r==null?null:u[r],l,r),f=f==null?Vt:{_:f}),Q.values[l]=f}function rn(l,r,c){wl=me,yl=xe,[me,xe]=H.move(t,me,xe),H.left=me,H.top=xe,Ie&&(Ln&&Rt(Ln,Ce(me),0,Y,D),Cn&&Rt(Cn,0,Ce(xe),Y,D));let u,f=Pe>De;zt=de,Gt=null;let g=E.ori==0?Y:D,w=E.ori==1?Y:D;if(me<0||He==0||f){u=H.idx=null;for(let x=0;x<S.length;x++){let A=ct[x];A!=null&&Rt(A,-10,-10,Y,D)}xn&&Lt(null,Rn,!0,l==null&&Ae.setSeries),Q.live&&(he.fill(u),at=!0)}else{let x,A,C;i==1&&(x=E.ori==0?me:xe,A=Ct(x,F),u=H.idx=St(A,e[0],Pe,De),C=$(e[0][u],E,g,0));let P=-10,R=-10,G=0,re=0,ie=!0,X="",U="";for(let W=i==2?1:0;W<S.length;W++){let ve=S[W],Se=he[W],ze=Se==null?null:i==1?e[W][Se]:e[W][1][Se],ue=H.dataIdx(t,W,u,A),Me=ue==null?null:i==1?e[W][ue]:e[W][1][ue];if(at=at||Me!=ze||ue!=Se,he[W]=ue,W>0&&ve.show){let Xe=ue==null?-10:ue==u?C:$(i==1?e[0][ue]:e[W][0][ue],E,g,0),Be=Me==null?-10:B(Me,i==1?T[ve.scale]:T[ve.facets[1].scale],w,0);if(xn&&Me!=null){let ht=E.ori==1?me:xe,bt=_e(Et.dist(t,W,ue,Be,ht));if(bt<zt){let _t=Et.bias;if(_t!=0){let et=Ct(ht,ve.scale),ut=Me>=0?1:-1,wt=et>=0?1:-1;wt==ut&&(wt==1?_t==1?Me>=et:Me<=et:_t==1?Me<=et:Me>=et)&&(zt=bt,Gt=W)}else zt=bt,Gt=W}}if(at||kn){let ht,bt;E.ori==0?(ht=Xe,bt=Be):(ht=Be,bt=Xe);let _t,et,ut,wt,Pt,Ge,tt=!0,on=Ve.bbox;if(on!=null){tt=!1;let Ke=on(t,W);ut=Ke.left,wt=Ke.top,_t=Ke.width,et=Ke.height}else ut=ht,wt=bt,_t=et=Ve.size(t,W);if(Ge=Ve.fill(t,W),Pt=Ve.stroke(t,W),kn)W==Gt&&zt<=Et.prox&&(P=ut,R=wt,G=_t,re=et,ie=tt,X=Ge,U=Pt);else{let Ke=ct[W];Ke!=null&&(Sn[W]=ut,Mn[W]=wt,ir(Ke,_t,et,tt),nr(Ke,Ge,Pt),Rt(Ke,pt(ut),pt(wt),Y,D))}}}}if(kn){let W=Et.prox,ve=ln==null?zt<=W:zt>W||Gt!=ln;if(at||ve){let Se=ct[0];Se!=null&&(Sn[0]=P,Mn[0]=R,ir(Se,G,re,ie),nr(Se,X,U),Rt(Se,pt(P),pt(R),Y,D))}}}if(ge.show&&Ut)if(l!=null){let[x,A]=Ae.scales,[C,P]=Ae.match,[R,G]=l.cursor.sync.scales,re=l.cursor.drag;if(Re=re._x,Fe=re._y,Re||Fe){let{left:ie,top:X,width:U,height:W}=l.select,ve=l.scales[R].ori,Se=l.posToVal,ze,ue,Me,Xe,Be,ht=x!=null&&C(x,R),bt=A!=null&&P(A,G);ht&&Re?(ve==0?(ze=ie,ue=U):(ze=X,ue=W),Me=T[x],Xe=$(Se(ze,R),Me,g,0),Be=$(Se(ze+ue,R),Me,g,0),Qn(Mt(Xe,Be),_e(Be-Xe))):Qn(0,g),bt&&Fe?(ve==1?(ze=ie,ue=U):(ze=X,ue=W),Me=T[A],Xe=B(Se(ze,G),Me,w,0),Be=B(Se(ze+ue,G),Me,w,0),Xn(Mt(Xe,Be),_e(Be-Xe))):Xn(0,w)}else mi()}else{let x=_e(wl-vl),A=_e(yl-bl);if(E.ori==1){let G=x;x=A,A=G}Re=We.x&&x>=We.dist,Fe=We.y&&A>=We.dist;let C=We.uni;C!=null?Re&&Fe&&(Re=x>=C,Fe=A>=C,!Re&&!Fe&&(A>x?Fe=!0:Re=!0)):We.x&&We.y&&(Re||Fe)&&(Re=Fe=!0);let P,R;Re&&(E.ori==0?(P=_n,R=me):(P=Pn,R=xe),Qn(Mt(P,R),_e(R-P)),Fe||Xn(0,w)),Fe&&(E.ori==1?(P=_n,R=me):(P=Pn,R=xe),Xn(Mt(P,R),_e(R-P)),Re||Qn(0,g)),!Re&&!Fe&&(Qn(0,0),Xn(0,0))}if(We._x=Re,We._y=Fe,l==null){if(c){if(Rl!=null){let[x,A]=Ae.scales;Ae.values[0]=x!=null?Ct(E.ori==0?me:xe,x):null,Ae.values[1]=A!=null?Ct(E.ori==1?me:xe,A):null}ts(yi,t,me,xe,Y,D,u)}if(xn){let x=c&&Ae.setSeries,A=Et.prox;ln==null?zt<=A&&Lt(Gt,Rn,!0,x):zt>A?Lt(null,Rn,!0,x):Gt!=ln&&Lt(Gt,Rn,!0,x)}}at&&(Q.idx=u,di()),r!==!1&&Ne("setCursor")}let Kt=null;Object.defineProperty(t,"rect",{get(){return Kt==null&&es(!1),Kt}});function es(l=!1){l?Kt=null:(Kt=L.getBoundingClientRect(),Ne("syncRect",Kt))}function Sl(l,r,c,u,f,g,w){H._lock||Ut&&l!=null&&l.movementX==0&&l.movementY==0||(fi(l,r,c,u,f,g,w,!1,l!=null),l!=null?rn(null,!0,!0):rn(r,!0,!1))}function fi(l,r,c,u,f,g,w,x,A){if(Kt==null&&es(!1),nn(l),l!=null)c=l.clientX-Kt.left,u=l.clientY-Kt.top;else{if(c<0||u<0){me=-10,xe=-10;return}let[C,P]=Ae.scales,R=r.cursor.sync,[G,re]=R.values,[ie,X]=R.scales,[U,W]=Ae.match,ve=r.axes[0].side%2==1,Se=E.ori==0?Y:D,ze=E.ori==1?Y:D,ue=ve?g:f,Me=ve?f:g,Xe=ve?u:c,Be=ve?c:u;if(ie!=null?c=U(C,ie)?h(G,T[C],Se,0):-10:c=Se*(Xe/ue),X!=null?u=W(P,X)?h(re,T[P],ze,0):-10:u=ze*(Be/Me),E.ori==1){let ht=c;c=u,u=ht}}A&&(r==null||r.cursor.event.type==yi)&&((c<=1||c>=Y-1)&&(c=cn(c,Y)),(u<=1||u>=D-1)&&(u=cn(u,D))),x?(vl=c,bl=u,[_n,Pn]=H.move(t,c,u)):(me=c,xe=u)}let pi={width:0,height:0,left:0,top:0};function mi(){Ss(pi,!1)}let Ml,Al,Tl,El;function Ll(l,r,c,u,f,g,w){Ut=!0,Re=Fe=We._x=We._y=!1,fi(l,r,c,u,f,g,w,!0,!1),l!=null&&(Ue(xi,Ti,Cl,!1),ts(ql,t,_n,Pn,Y,D,null));let{left:x,top:A,width:C,height:P}=ge;Ml=x,Al=A,Tl=C,El=P}function Cl(l,r,c,u,f,g,w){Ut=We._x=We._y=!1,fi(l,r,c,u,f,g,w,!1,!0);let{left:x,top:A,width:C,height:P}=ge,R=C>0||P>0,G=Ml!=x||Al!=A||Tl!=C||El!=P;if(R&&G&&Ss(ge),We.setScale&&R&&G){let re=x,ie=C,X=A,U=P;if(E.ori==1&&(re=A,ie=P,X=x,U=C),Re&&Bt(F,Ct(re,F),Ct(re+ie,F)),Fe)for(let W in T){let ve=T[W];W!=F&&ve.from==null&&ve.min!=de&&Bt(W,Ct(X+U,W),Ct(X,W))}mi()}else H.lock&&(H._lock=!H._lock,rn(r,!0,l!=null));l!=null&&(bn(xi,Ti),ts(xi,t,me,xe,Y,D,null))}function la(l,r,c,u,f,g,w){if(H._lock)return;nn(l);let x=Ut;if(Ut){let A=!0,C=!0,P=10,R,G;E.ori==0?(R=Re,G=Fe):(R=Fe,G=Re),R&&G&&(A=me<=P||me>=Y-P,C=xe<=P||xe>=D-P),R&&A&&(me=me<_n?0:Y),G&&C&&(xe=xe<Pn?0:D),rn(null,!0,!0),Ut=!1}me=-10,xe=-10,he.fill(null),rn(null,!0,!0),x&&(Ut=x)}function _l(l,r,c,u,f,g,w){H._lock||(nn(l),Zs(),mi(),l!=null&&ts(Ql,t,me,xe,Y,D,null))}function Pl(){N.forEach(ch),Js(t.width,t.height,!0)}dn(Rs,On,Pl);let Fn={};Fn.mousedown=Ll,Fn.mousemove=Sl,Fn.mouseup=Cl,Fn.dblclick=_l,Fn.setSeries=(l,r,c,u)=>{let f=Ae.match[2];c=f(t,r,c),c!=-1&&Lt(c,u,!0,!1)},Ie&&(Ue(ql,L,Ll),Ue(yi,L,Sl),Ue(Jl,L,l=>{nn(l),es(!1)}),Ue(Zl,L,la),Ue(Ql,L,_l),Fi.add(t),t.syncRect=es);let Ms=t.hooks=s.hooks||{};function Ne(l,r,c){ai?Zn.push([l,r,c]):l in Ms&&Ms[l].forEach(u=>{u.call(null,t,r,c)})}(s.plugins||[]).forEach(l=>{for(let r in l.hooks)Ms[r]=(Ms[r]||[]).concat(l.hooks[r])});let Dl=(l,r,c)=>c,Ae=Te({key:null,setSeries:!1,filters:{pub:cr,sub:cr},scales:[F,S[1]?S[1].scale:null],match:[hr,hr,Dl],values:[null,null]},H.sync);Ae.match.length==2&&Ae.match.push(Dl),H.sync=Ae;let Rl=Ae.key,gi=ro(Rl);function ts(l,r,c,u,f,g,w){Ae.filters.pub(l,r,c,u,f,g,w)&&gi.pub(l,r,c,u,f,g,w)}gi.sub(t);function ra(l,r,c,u,f,g,w){Ae.filters.sub(l,r,c,u,f,g,w)&&Fn[l](null,r,c,u,f,g,w)}t.pub=ra;function oa(){gi.unsub(t),Fi.delete(t),Zt.clear(),Ci(Rs,On,Pl),p.remove(),ae?.remove(),Ne("destroy")}t.destroy=oa;function vi(){Ne("init",s,e),cl(e||s.data,!1),I[F]?ci(F,I[F]):Zs(),vs=ge.show&&(ge.width>0||ge.height>0),tn=at=!0,Js(s.width,s.height)}return S.forEach(ol),N.forEach(Wo),n?n instanceof HTMLElement?(n.appendChild(p),vi()):n(t,vi):vi(),t}Oe.assign=Te;Oe.fmtNum=Vi;Oe.rangeNum=Fs;Oe.rangeLog=$s;Oe.rangeAsinh=Wi;Oe.orient=pn;Oe.pxRatio=oe;Oe.join=ec;Oe.fmtDate=Ui,Oe.tzDate=uc;Oe.sync=ro;{Oe.addGap=jc,Oe.clipGaps=Os;let s=Oe.paths={points:fo};s.linear=mo,s.stepped=Jc,s.bars=Zc,s.spline=Xc}var ds=3,wo=18,fs=class extends HTMLElement{onmove=()=>{};onlet=()=>{};plot=null;shown=null;window=120;held=null;chosen=null;levels=0;host=y("div",{class:"plot"});reading=y("output",{class:"reading"});draw=yt(()=>this.paint());sized=new ResizeObserver(()=>{this.plot?.setSize({width:this.host.clientWidth,height:this.high})});connectedCallback(){this.host.isConnected||(this.host.tabIndex=0,this.host.setAttribute("role","img"),this.append(this.host,this.reading),this.host.addEventListener("keydown",e=>this.key(e))),this.sized.observe(this.host),dt.addEventListener("change",this.again)}disconnectedCallback(){this.sized.disconnect(),dt.removeEventListener("change",this.again)}get high(){return this.host.clientWidth<500?260:340}show(e){this.shown=e,this.draw()}view(e){this.window=e,this.draw()}again=()=>{this.plot?.destroy(),this.plot=null,this.draw()};data(e){let n=e.points.length,t=n+(e.ahead[0]?.length??0),i=this.window?Math.max(0,n-this.window):0,o=[];for(let d=i;d<t;d++)o.push(d);let a=d=>o.map(p=>p<n?d[p]??null:null),h=d=>o.map(p=>p>=n?d[p-n]??null:p===n-1?e.points[p]??null:null);return[o,a(e.points),a(e.expected),h(e.before??[]),...e.ahead.map(h)]}paint(){let{shown:e}=this;if(!e||!this.host.clientWidth)return;this.levels!==e.levels.length&&(this.plot?.destroy(),this.plot=null,this.levels=e.levels.length);let n=this.data(e);this.plot?this.plot.setData(n):this.make(e,n);let t=e.surprise.filter(i=>i!==null&&Math.abs(i)>=ds).length;this.host.setAttribute("aria-label",`A series of ${e.points.length} points and a forecast of ${e.ahead[0]?.length??0} steps; ${t} points surprised. Left and right choose a point, up and down move it.`),this.read()}make(e,n){let[t,i,o]=ns("accent"),a=e.levels.indexOf(.5),h=Math.floor(e.levels.length/2),d=`rgba(${t},${i},${o},0)`,p=(m,v,M)=>({stroke:m,width:v,points:{show:!1},...M?{dash:M}:{}});this.plot=new Oe({width:this.host.clientWidth,height:this.high,legend:{show:!1},cursor:{y:!1,points:{show:!1},drag:{setScale:!1,x:!1,y:!1}},scales:{x:{time:!1}},axes:[{stroke:$e("soft"),grid:{show:!1},ticks:{show:!1},space:110,size:30,font:"12px system-ui, sans-serif",values:(m,v)=>v.map(M=>Number.isInteger(M)?hh(this.shown?.times[M]??""):"")},{stroke:$e("soft"),grid:{stroke:$e("line"),width:1},ticks:{show:!1},size:52,font:"12px system-ui, sans-serif",values:(m,v)=>v.map(nt)}],series:[{},{...p($e("ink"),1.5),points:{show:!0,size:5,space:7,fill:$e("panel")}},p($e("soft"),1,[2,3]),p($e("warm"),1.5,[5,4]),...e.levels.map((m,v)=>p(v===a?$e("accent"):d,v===a?2:0))],bands:Array.from({length:h},(m,v)=>({series:[4+e.levels.length-1-v,4+v],fill:`rgba(${t},${i},${o},${.14+.1*v})`})),hooks:{draw:[m=>this.marks(m)],setCursor:[()=>this.read()]}},n,this.host);let b=this.plot.over;b.addEventListener("pointerdown",m=>this.grab(m)),b.addEventListener("pointermove",m=>this.drag(m)),b.addEventListener("pointerup",()=>this.drop()),b.addEventListener("pointercancel",()=>this.drop()),b.style.touchAction="pan-x"}marks(e){let{shown:n}=this;if(!n)return;let{ctx:t}=e,i=devicePixelRatio||1,o=n.points.length,a=d=>[e.valToPos(d,"x",!0),e.valToPos(n.points[d],"y",!0)];t.save(),t.strokeStyle=$e("line"),t.lineWidth=i;let h=e.valToPos(o-1,"x",!0);t.beginPath(),t.moveTo(h,e.bbox.top),t.lineTo(h,e.bbox.top+e.bbox.height),t.stroke(),t.strokeStyle=$e("warm"),t.lineWidth=2*i;for(let d=this.window?Math.max(0,o-this.window):0;d<o;d++)Math.abs(n.surprise[d]??0)<ds||n.points[d]===null||(t.beginPath(),t.arc(...a(d),6*i,0,2*Math.PI),t.stroke());this.chosen!==null&&this.chosen<o&&n.points[this.chosen]!==null&&(t.strokeStyle=$e("accent"),t.fillStyle=$e("panel"),t.beginPath(),t.arc(...a(this.chosen),5*i,0,2*Math.PI),t.fill(),t.stroke()),t.restore()}read(){let{shown:e,plot:n}=this;if(!e)return;let t=e.points.length,i=this.held??(n?.cursor.idx!=null?n.data[0][n.cursor.idx]:this.chosen),o=[];if(i==null)o.push("drag a point, and see the future move","rings: far from what was expected");else if(i<t){o.push(e.times[i]??"",`value ${nt(e.points[i]??Number.NaN)}`),e.expected[i]!==null&&o.push(`expected ${nt(e.expected[i]??Number.NaN)}`);let a=e.surprise[i]??0;Math.abs(a)>=ds&&o.push(`${nt(Math.abs(a))} times the usual error`)}else{let a=e.levels.indexOf(.5),h=e.ahead[0]?.[i-t],d=e.ahead.at(-1)?.[i-t];o.push(e.times[i]??"",`median ${nt(e.ahead[a]?.[i-t]??Number.NaN)}`),h!=null&&d!=null&&o.push(`${Math.round(100*(e.levels.at(-1)-e.levels[0]))} % from ${nt(h)} to ${nt(d)}`)}this.reading.textContent=o.join("  ·  ")}grab(e){let{plot:n,shown:t}=this;if(!n||!t)return;let i=Math.round(n.posToVal(e.offsetX,"x")),o=Math.max(0,Math.min(t.points.length-1,i)),a=t.points[o];a!=null&&(Math.abs(n.valToPos(o,"x")-e.offsetX)>wo||Math.abs(n.valToPos(a,"y")-e.offsetY)>2.5*wo||(this.held=this.chosen=o,n.over.setPointerCapture(e.pointerId),e.preventDefault()))}drag(e){this.held===null||!this.plot||this.onmove(this.held,this.plot.posToVal(e.offsetY,"y"))}drop(){this.held!==null&&(this.held=null,this.onlet())}key(e){let{shown:n,plot:t}=this;if(!n||!t)return;let i=n.points.length-1,o=this.chosen??i,a=(t.scales.y.max??1)-(t.scales.y.min??0),h=(e.shiftKey?.1:.02)*a;if(e.key==="ArrowLeft"||e.key==="ArrowRight"){let d=this.chosen===null?0:e.key==="ArrowLeft"?-1:1;this.chosen=Math.max(0,Math.min(i,o+d))}else if(e.key==="ArrowUp"||e.key==="ArrowDown"){this.chosen=o;let d=n.points[o];d!=null&&(this.onmove(o,d+(e.key==="ArrowUp"?h:-h)),this.onlet())}else return;e.preventDefault(),this.draw()}};customElements.define("series-chart",fs);var hh=s=>s.replace(/^\d{4}-/,"").replace(/[T ](\d\d:\d\d).*$/," $1");var uh=[1,10,100,1e3],dh=[["60",60],["120",120],["500",500],["all",0]],Bs=class extends Yt{about=null;source={name:"",text:""};index=0;points=[];original=[];times=[];ahead=[];expected=[];score=[];quantiles=null;ghost=null;channel=0;sent=0;rate=10;playing=0;owed=0;last=0;fresh=!0;moves=new jt(()=>this.live.stop());chart=new fs;memory=new $t;list=y("div",{class:"list",role:"listbox","aria-label":"Series",tabindex:-1});heading=k("h2","");note=y("p",{class:"soft"});views=y("div",{class:"segments",role:"group","aria-label":"Points in view"});channels=y("select",{"aria-label":"What is shown",hidden:!0});value=y("input",{type:"number",step:"any","aria-label":"Next value",placeholder:"next value"});play=y("button",{type:"button"},{onclick:()=>this.replay()},"Replay");file=y("input",{type:"file",accept:".csv,.tsv,.txt,.jsonl",hidden:!0});redraw=yt(()=>this.draw());build(){this.chart.onmove=(i,o)=>this.move(i,o),this.chart.onlet=()=>this.dropped(),this.memory.called=i=>this.times[i]??`step ${i+1}`,this.memory.onwant=()=>{this.look()},this.file.onchange=()=>{this.load(this.file.files?.[0])},this.channels.onchange=()=>{this.channel=Number(this.channels.value),this.redraw()},this.ondragover=i=>i.preventDefault(),this.ondrop=i=>{i.preventDefault(),this.load(i.dataTransfer?.files[0])};let e=y("select",{"aria-label":"Points a second"},{onchange:i=>{this.rate=Number(i.target.value)}},...uh.map(i=>y("option",{value:i,selected:i===this.rate},{},`${i.toLocaleString("en")} a second`))),n=y("form",{class:"row","aria-label":"Feed"},{onsubmit:i=>{i.preventDefault(),this.feed(this.value.valueAsNumber),this.value.value=""}},this.value,y("button",{type:"submit"},{},"Add"),y("button",{type:"button"},{onclick:()=>this.feed(this.median())},"Add the median"),k("span","space"),this.play,e),t=y("button",{type:"button",class:"primary"},{onclick:()=>this.file.click()},"Open a table");this.append(y("section",{class:"card series","aria-label":"Series"},{},k("div","row",k("h2","","Series"),k("span","space"),t,this.file),this.note,this.list),y("section",{class:"card","aria-label":"Forecast"},{},k("div","row",this.heading,this.channels,k("span","space"),this.views,y("button",{type:"button"},{onclick:()=>{this.open(this.index)}},"Undo changes")),this.chart,n),y("section",{class:"card wide","aria-label":"Memory"},{},k("h2","","Memory"),this.memory)),this.showViews(120)}opened(e){this.about=e;let n=e.columns.slice(-e.channels);this.channels.hidden=e.channels<2,this.channels.replaceChildren(...n.map((t,i)=>y("option",{value:i},{},t))),this.again()}async again(){let e=this.points;await this.read(this.source),await this.open(this.index),!this.fresh&&e.length&&(this.points=e,this.send(0)),this.fresh=!1}async load(e){if(!e)return;let n={name:e.name,text:await e.text()};try{await this.read(n)}catch(t){this.note.textContent=t instanceof Error?t.message:"it cannot be read",this.note.setAttribute("role","alert");return}this.source=n,await this.open(0)}async read(e){let n=await this.live.one("read",e),t=n.tensors.sparks,i=t.shape[1];this.list.replaceChildren(...n.series.map((a,h)=>y("button",{type:"button",role:"option","aria-selected":"false"},{onclick:()=>{this.open(h)}},k("span","name",a.name),fh(t.data.subarray(h*i,(h+1)*i)),k("small","",a.steps.toLocaleString("en")))));let o=this.about?.columns.join(", ")??"";this.note.removeAttribute("role"),this.note.textContent=n.example?`An example. Drop a table with the columns ${o}, or open one.`:n.more?`And ${n.more} more that are not listed.`:`${this.source.name||e.name}`}async open(e){this.stop(),this.index=e,[...this.list.children].forEach((n,t)=>{n.setAttribute("aria-selected",String(t===e))}),this.ghost=null,this.expected=[],this.score=[],this.ahead=[],this.quantiles=null,this.memory.clear(),await this.live.ask("open",{series:e,memory:this.memory.asked()},n=>{n.points&&n.times&&(this.points=n.points.map(t=>[...t]),this.original=n.points,this.times=n.times,this.sent=n.points.length,this.heading.textContent=n.name??""),this.take(n)})}take(e){let{expected:n,score:t,quantiles:i}=e.tensors;if(e.row!==void 0&&n&&t){let[o=0,a=1]=n.shape;for(let h=0;h<o;h++)this.expected[e.row+h]=yo(n.data,h,a),this.score[e.row+h]=yo(t.data,h,a)}e.ahead&&(this.ahead=e.ahead,this.quantiles=i??null),e.memory&&this.memory.take(e.memory,e.tensors),this.redraw()}async look(){this.take(await this.live.one("look",{memory:this.memory.asked()}))}move(e,n){this.ghost??=this.medians(),this.points[e][this.channel]=n,this.redraw(),this.send(e)}dropped(){this.say(`The forecast of the next step is now ${nt(this.median())}`)}send(e){this.sent=Math.min(this.sent,e),this.moves.run(async()=>{let n=this.sent,t=this.points.slice(n);this.sent=this.points.length;let i=n;await this.live.ask("write",{keep:n,points:t,memory:this.memory.asked(n)},o=>{i=o.taken??i,this.take(o)}),this.sent=Math.min(this.sent,i)})}feed(e){if(!Number.isFinite(e))return;let n=this.points.at(-1)?.map(()=>null)??[null];n[this.channel]=e;for(let t=0;t<n.length;t++)n[t]??=this.medians(t)[0]??null;this.add([n])}add(e){this.ghost=null;let n=this.points.length;for(let t of e)this.times.length<=this.points.length&&this.times.push(this.ahead[0]??String(this.times.length+1)),this.points.push([...t]);this.redraw(),this.send(n)}replay(){if(this.playing){this.stop();return}let e=Math.max(1,Math.min(this.original.length-1,Math.floor(this.original.length/4)));this.points=this.original.slice(0,e).map(n=>[...n]),this.expected.length=this.score.length=e,this.ghost=null,this.send(0),this.playing=e,this.owed=0,this.last=performance.now(),this.play.textContent="Pause",requestAnimationFrame(n=>this.tick(n))}stop(){this.playing=0,this.play.textContent="Replay"}tick(e){if(!this.playing||!this.isConnected)return;this.owed+=this.rate*(e-this.last)/1e3,this.last=e;let n=Math.max(0,Math.floor(this.owed));this.owed-=n,n&&(this.add(this.original.slice(this.playing,this.playing+n)),this.playing+=n),this.playing>=this.original.length?this.stop():requestAnimationFrame(t=>this.tick(t))}medians(e=this.channel){let n=this.about?.levels.indexOf(.5)??0;return this.quantile(n,e)}quantile(e,n){if(!this.quantiles)return[];let[,t=0,i=1]=this.quantiles.shape;return Array.from({length:t},(o,a)=>this.quantiles.data[(e*t+a)*i+n])}median(){return this.medians()[0]??Number.NaN}draw(){let{about:e,channel:n}=this;if(!e||!this.points.length)return;let t=a=>this.points.map((h,d)=>a[d]?.[n]??null),i=t(this.score);this.chart.show({times:[...this.times.slice(0,this.points.length),...this.ahead],points:t(this.points),expected:t(this.expected),surprise:i,ahead:e.levels.map((a,h)=>this.quantile(h,n)),levels:e.levels,before:this.ghost});let o=i.filter(a=>a!==null&&Math.abs(a)>=ds).length;this.list.children[this.index]?.setAttribute("title",`${o} points surprised`)}showViews(e){this.chart.view(e),this.views.replaceChildren(...dh.map(([n,t])=>y("button",{type:"button","aria-pressed":String(t===e)},{onclick:()=>this.showViews(t)},n)))}},yo=(s,e,n)=>Array.from({length:n},(t,i)=>{let o=s[e*n+i];return Number.isFinite(o)?o:null});function fh(s){let e="http://www.w3.org/2000/svg",n=document.createElementNS(e,"svg");n.setAttribute("viewBox","0 0 100 24"),n.setAttribute("preserveAspectRatio","none"),n.setAttribute("aria-hidden","true");let t=document.createElementNS(e,"path"),i=[...s].map((o,a)=>[100*a/Math.max(1,s.length-1),22-20*o]).filter(([,o])=>Number.isFinite(o));return t.setAttribute("d",i.map(([o,a],h)=>`${h?"L":"M"}${o.toFixed(1)} ${a.toFixed(1)}`).join("")),n.append(t),n}var ph={translate:"Translation",summarize:"Summary",answer:"Answer"},Gs=class extends $n{areas=[];inputs=y("section",{class:"card","aria-label":"Input"});build(){let e=this.found.cards(ph[this.model.task]??"Text");this.classList.add("halves"),this.append(this.inputs,e.list,e.links,e.memory)}opened(e){this.found.opened(e),this.areas.length||(this.areas=e.fields.map((n,t)=>y("textarea",{rows:t||e.fields.length===1?3:6,spellcheck:"false"},{oninput:()=>this.ask()})),this.areas.forEach((n,t)=>{n.value=e.example[t]??""}),this.inputs.append(k("h2","","Input"),...this.areas.map((n,t)=>y("label",{class:"field"},{},k("span","",e.fields[t]),n)))),this.ask()}ask(){this.answer({fields:this.areas.map(e=>e.value)})}};function Ji(s,e){let n=Math.max(1e-9,...s.map(t=>Math.max(t.p,t.other??0)));return y("ol",{class:s.some(t=>t.other!==void 0)?"bars two":"bars"},{},...s.map((t,i)=>{let o=[k("span","name",t.name),xo(t.p/n,"fill"),k("span","p",Dt(t.p)),t.other!==void 0&&xo(t.other/n,"fill other"),t.other!==void 0&&k("span","p",Dt(t.other))];return k("li","",e?y("button",{type:"button"},{onclick:()=>e(i)},...o):k("div","",...o))}))}function xo(s,e){let n=y("span",{class:e,"aria-hidden":"true"});return n.style.setProperty("--share",String(s)),n}var Ks=class{tokens=[];ends=[];set(e,n,t){this.tokens.length=Math.min(this.tokens.length,e),this.ends.length=this.tokens.length;for(let i of n)this.tokens.push(i),this.ends.push(this.after(i,t))}begin(e){return e>0?this.ends[e-1]:0}after(e,n){let t=this.ends.at(-1)??0;if(n.startsWith(e,t))return t+e.length;let i=/^\s*/.exec(n.slice(t,t+64))[0].length,o=e.trim();return o&&n.slice(t+i,t+i+o.length).toLowerCase()===o.toLowerCase()?t+i+o.length:/^<.*>$/.test(e)?t+i+(/^(\w+|.)/su.exec(n.slice(t+i,t+i+64))?.[0].length??0):Math.min(n.length,t+Math.max(1,e.length))}},ko=6,Zi=new Map,Qi=typeof Highlight<"u"&&"highlights"in CSS;function Xi(s,e){if(Qi){for(let n of Zi.values())n.clear();for(let[n,t,i]of e){let o=Math.min(ko,Math.round(Math.abs(i)*ko));if(!o||n>=t||t>s.length)continue;let a=`${i>0?"for":"against"}-${o}`,h=Zi.get(a);h||(h=new Highlight,Zi.set(a,h),CSS.highlights.set(a,h));let d=new StaticRange({startContainer:s,startOffset:n,endContainer:s,endOffset:t});h.add(d)}}}var So=6e3,mh=12e3,gh=240,js=class extends Yt{folded="";sent="";fresh=!0;aligned=new Ks;p=[];rests=null;lens="likely";unit=null;silent=[];held=[];other=null;seed=1;going=!1;writes=new jt(()=>this.live.stop());shadeSoon=yt(()=>this.shade());area=y("textarea",{"aria-label":"Text",spellcheck:"false",autocapitalize:"off",placeholder:"Write, and see what the model makes of it."});ground=document.createTextNode("");fold=y("button",{type:"button",class:"fold",hidden:!0},{onclick:()=>this.unfold()});chips=y("div",{class:"chips",role:"group","aria-label":"Next words"});likely=k("div","");likelyTitle=k("h2","","Next");legend=k("p","legend");lenses=y("div",{class:"segments",role:"group","aria-label":"Shade the text by"});progress=y("p",{class:"progress",role:"status"});memory=new $t;follow=k("div","follow");fork=k("div","");past=y("textarea",{rows:2,"aria-label":"Another past: change a word of it",spellcheck:"false"});goButton=y("button",{type:"button",class:"primary"},{onclick:()=>this.go()},"Let it write");get text(){return this.folded+this.area.value}build(){this.area.oninput=()=>this.edited(),this.area.onkeydown=e=>this.key(e),this.past.oninput=()=>{this.other=this.past.value===this.tail()?null:this.past.value,this.futures()},this.memory.called=e=>this.called(e),this.memory.onwant=()=>{this.look()},this.memory.onunit=e=>this.followed(e),this.memory.onstep=e=>this.pointed(e),dt.addEventListener("change",this.shadeSoon),this.append(y("section",{class:"card writing","aria-label":"Write"},{},k("div","row",this.lenses,k("span","space"),y("button",{type:"button"},{onclick:()=>this.empty()},"Begin anew"),this.goButton),this.fold,k("div","editor",y("div",{class:"ground","aria-hidden":"true"},{},this.ground),this.area),this.progress,this.chips,this.legend),y("section",{class:"card next","aria-label":"Next"},{},this.likelyTitle,this.likely),y("section",{class:"card wide","aria-label":"Memory"},{},k("h2","","Memory"),this.memory,this.follow),y("section",{class:"card wide","aria-label":"Two futures"},{},k("h2","","Two futures"),k("p","soft","Change a word of the past, or silence a unit of the memory above. Both futures are drawn with the same dice, so what differs is due to the change."),y("label",{class:"field"},{},k("span","","Another past"),this.past),this.fork)),this.showLenses(),this.showFork(null)}opened(e){this.sent="",this.fresh?(this.fresh=!1,this.begin()):this.write()}async begin(){this.area.focus({preventScroll:!0}),await this.compose(40,7),this.legend.textContent="The model wrote this itself. Change it, go on, or begin anew."}edited(){this.area.value.length>mh&&this.foldUp(),this.write()}foldUp(){let e=this.text,n=e.length-So,t=e.slice(n,n+200).search(/\s/),i=n+Math.max(0,t),o=Math.max(0,this.folded.length+this.area.selectionEnd-i);this.folded=e.slice(0,i),this.area.value=e.slice(i),this.area.setSelectionRange(o,o),this.showFold()}unfold(){let e=Math.max(0,this.folded.length-So);this.area.value=this.folded.slice(e)+this.area.value,this.folded=this.folded.slice(0,e),this.showFold(),this.shadeSoon()}showFold(){this.fold.hidden=!this.folded,this.fold.textContent=`${this.folded.length.toLocaleString("en")} earlier characters are read and remembered; show more of them`}empty(){this.folded="",this.area.value="",this.legend.textContent="",this.showFold(),this.write(),this.area.focus()}insert(e){let n=this.area;n.setRangeText(e,n.selectionStart,n.selectionEnd,"end"),this.edited(),n.focus()}key(e){let n=e.altKey&&/^[1-6]$/.test(e.key)?Number(e.key)-1:-1,t=this.chips.children[n];t instanceof HTMLButtonElement&&(e.preventDefault(),t.click())}write(){this.ground.data=`${this.area.value}
`,this.shadeSoon(),this.writes.run(async()=>{let e=this.text,n=vh(this.sent,e),t=this.rowAt(n);this.sent=e.slice(0,n),await this.live.ask("write",{keep:bh(e,n),text:e.slice(n),memory:this.memory.asked(t)},({tensors:i,...o})=>{if(o.taken!==void 0&&(this.sent=e.slice(0,wh(e,o.taken))),o.tokens&&o.row!==void 0){this.aligned.set(o.row,o.tokens,e),this.p.length=o.row;for(let h of i.p.data)this.p.push(h);this.shadeSoon();let a=e.length-this.sent.length;this.progress.textContent=a>2e3?`Reading: ${a.toLocaleString("en")} characters are left`:""}o.next&&this.showNext(o.words??[],o.next),o.memory&&this.memory.take(o.memory,i)}),!(this.sent.length<e.length)&&(this.lens==="rests"&&await this.rest(),this.pastNow())})}rowAt(e){let n=this.aligned.ends.length;for(;n>0&&this.aligned.ends[n-1]>e;)n--;return Math.max(0,n-1)}async look(){let e=await this.live.one("look",{memory:this.memory.asked()});e.memory&&this.memory.take(e.memory,e.tensors),this.shadeSoon()}async rest(e=null){let n=await this.live.one("rests",{of:e}),t=n.tensors.rests?.data;this.rests=t?{row:n.row??0,values:t}:null,this.shadeSoon()}go(){if(this.going){this.going=!1,this.live.stop();return}this.compose(60,this.seed++)}async compose(e,n){this.going=!0,this.goButton.textContent="Stop";let t="",i=yt(()=>{this.area.value||(t=t.trimStart()),this.area.value+=t,t="",this.ground.data=`${this.area.value}
`,this.area.scrollTop=this.area.scrollHeight});try{await this.live.ask("go",{length:e,temperature:.7,seed:n},o=>{this.going&&(t+=o.text??"",i())})}finally{this.going=!1,this.goButton.textContent="Let it write",this.area.value+=t,t="",this.edited()}}showLenses(){let e=[["likely","How surprising",!0],["rests","What the next rests on",!0],["unit",this.unit?`Unit ${this.unit.unit}`:"A unit",!!this.unit]];this.lenses.replaceChildren(...e.map(([t,i,o])=>y("button",{type:"button","aria-pressed":String(t===this.lens),disabled:!o},{onclick:()=>{this.lens=t,this.showLenses(),t==="rests"&&this.rest(),this.shadeSoon()}},i)));let n={likely:"The warmer the shade, the less the model expected the text there.",rests:"Blue speaks for what the model expects next, orange against it: the gradient times what was read.",unit:"Blue where the unit is above 0, orange where it is below."};this.legend.textContent=Qi?n[this.lens]:"This browser cannot shade text; newer ones can."}shade(){let e=this.folded.length,{aligned:n}=this,t=Math.min(n.ends.length,this.p.length),i=[],o=1e-9;if(this.lens==="rests")for(let h of this.rests?.values??[])o=Math.max(o,Math.abs(h));let a=this.memory.most;for(let h=t-1;h>=0&&n.ends[h]>e;h--){let d=0;this.lens==="likely"?d=-Math.min(1,Math.max(0,-Math.log2(this.p[h])-1)/11):this.lens==="rests"?d=(this.rests?.values[h-this.rests.row]??0)/o:d=(this.memory.value(h+1)??0)/a,i.push([Math.max(0,n.begin(h)-e),n.ends[h]-e,d])}Xi(this.ground,i)}called(e){return e===0?"the beginning":this.aligned.tokens[e-1]??""}pointed(e){if(e===null||e===0){this.shadeSoon();return}let n=this.folded.length;Xi(this.ground,[[this.aligned.begin(e-1)-n,this.aligned.ends[e-1]-n,1]])}showNext(e,n){this.chips.replaceChildren(...e.map(([t,i],o)=>y("button",{type:"button",class:"chip",title:`Alt+${o+1}`},{onclick:()=>this.take(t)},k("span","",xt(t)),k("small","",Dt(i))))),this.likely.replaceChildren(Ji(n.map(([,t,i])=>({name:xt(t),p:i})),t=>this.insert(n[t][1])))}take(e){let n=this.area.value.slice(0,this.area.selectionStart),t=/[\p{L}\p{N}'’-]*$/u.exec(n)[0];t&&e.toLowerCase().startsWith(t.toLowerCase())?this.insert(`${e.slice(t.length)} `):this.insert(`${n&&!/\s$/.test(n)&&/^[\p{L}\p{N}]/u.test(e)?" ":""}${e} `)}followed(e){if(this.unit=e,e?this.lens="unit":this.lens==="unit"&&(this.lens="likely"),this.showLenses(),this.shadeSoon(),this.follow.replaceChildren(),!e)return;let n=y("input",{type:"range",min:-1,max:1,step:.05,value:(this.memory.value(this.aligned.ends.length)??0).toFixed(2),"aria-label":`Value of unit ${e.unit}`}),t=y("button",{type:"button"},{onclick:()=>{this.held=[...this.held.filter(i=>!Mo(i.unit,e)),{unit:e,part:"h",value:Number(n.value)}],this.futures()}},`Hold it at ${Number(n.value).toFixed(2)}`);n.oninput=()=>{t.textContent=`Hold it at ${Number(n.value).toFixed(2)}`},this.follow.append(k("strong","",`Unit ${e.unit}`),y("button",{type:"button"},{onclick:()=>{this.silent=[...this.silent.filter(i=>!Mo(i,e)),e],this.futures()}},"Silence it"),n,t)}tail(){let e=this.area.value.slice(-gh),n=e.length<this.area.value.length?e.search(/\s/)+1:0;return e.slice(n).replace(/^[\s\S]*\n(?=.*\S)/,"")}pastNow(){this.other===null&&document.activeElement!==this.past&&(this.past.value=this.tail()),this.futures()}futures(){if(this.other===null&&!this.silent.length&&!this.held.length){this.showFork(null);return}this.writes.run(async()=>{let e=this.text,n=this.tail(),t=await this.live.one("fork",{text:this.other===null?null:e.slice(0,e.length-n.length)+this.other,silent:this.silent.map(i=>[i.layer,i.unit]),held:this.held.map(i=>[i.unit.layer,i.part,i.unit.unit,i.value]),length:48,seed:this.seed,temperature:.7});t.next&&t.texts&&this.showFork({next:t.next,texts:t.texts})})}showFork(e){if(!e){this.fork.replaceChildren();return}let n=(b,m)=>y("button",{type:"button",class:"pill","aria-label":`Undo: ${b}`},{onclick:()=>{m(),this.futures()}},`${b} ✕`),t=[...this.silent.map(b=>n(`unit ${b.unit} silent`,()=>{this.silent=this.silent.filter(m=>m!==b)})),...this.held.map(b=>n(`unit ${b.unit.unit} at ${b.value.toFixed(2)}`,()=>{this.held=this.held.filter(m=>m!==b)})),this.other!==null&&n("another past",()=>{this.other=null,this.past.value=this.tail()})].filter(b=>b!==!1),[i,o]=[e.texts.one,e.texts.other],a=0;for(;a<i.length&&i[a][0]===o[a]?.[0];)a++;let h=b=>k("p","future",b.slice(0,a).map(([m])=>m).join(""),k("mark","",b.slice(a).map(([m])=>m).join(""))),d=new Map(e.next.other.map(([,b,m])=>[b,m])),p=e.next.one.map(([,b,m])=>({name:xt(b),p:m,other:d.get(b)??0}));for(let[,b,m]of e.next.other)e.next.one.some(([,v])=>v===b)||p.push({name:xt(b),p:0,other:m});this.fork.replaceChildren(k("div","row",...t,k("span","space"),y("button",{type:"button"},{onclick:()=>{this.seed++,this.futures()}},"Other dice")),k("div","futures",k("div","",k("h3","","As it is"),h(i)),k("div","",k("h3","other","With the change"),h(o))),Ji(p.slice(0,8)))}},Mo=(s,e)=>s.layer===e.layer&&s.unit===e.unit;function vh(s,e){let n=Math.min(s.length,e.length),t=s===e.slice(0,s.length)?s.length:0;for(;t<n&&s.charCodeAt(t)===e.charCodeAt(t);)t++;let i=e.charCodeAt(t-1);return i>=55296&&i<56320?t-1:t}var Ao=/[\ud800-\udbff][\udc00-\udfff]/,bh=(s,e)=>Ao.test(s)?[...s.slice(0,e)].length:e;function wh(s,e){if(!Ao.test(s))return e;let n=0;for(let t=0;t<e&&n<s.length;t++)n+=s.codePointAt(n)>65535?2:1;return n}var el=[{tasks:["lm"],about:"Write, and see what comes next",tag:"write-page",page:js},{tasks:["forecast"],about:"Move a point, and see the future move",tag:"forecast-page",page:Bs},{tasks:["translate","summarize","answer"],about:"Give a text, and see which words each word of the answer looked at",tag:"texts-page",page:Gs},{tasks:["chat"],about:"Talk with it, and see what else it might have said",tag:"chat-page",page:Ls}];for(let s of el)customElements.define(s.tag,s.page);var ps=class extends HTMLElement{model;connectedCallback(){let{model:e}=this,n=e.why_not?[k("h2","","It reads whole inputs"),k("p","",`This model does not stream: ${e.why_not}`)]:[k("h2","","No page of its own yet"),k("p","",`A model of ${e.task} has no live page in this version.`)],t=`hitherto inspect ${e.name}.safetensors DATA --out inside.html`;this.replaceChildren(k("section","card prose",...n,k("p","","Look into it with one value, step by step, both directions of its layers included:"),y("pre",{tabindex:0},{},t)))}};customElements.define("whole-page",ps);var To=`:root {
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
`;var Lo=new CSSStyleSheet;Lo.replaceSync(Nl+To);document.adoptedStyleSheets=[Lo];Ts();var tl={opening:"connecting",open:"live",away:"The server is away. This page goes on when it is back.",refused:"no live view",locked:"The server has another token now: open the link that hitherto studio printed."},xh=[["auto","System"],["light","Light"],["dark","Dark"]],sl=y("nav",{"aria-label":"Models"}),mn=y("main",{id:"main",tabindex:-1}),nl=y("p",{class:"toast",role:"status"}),Ys=y("p",{class:"banner",role:"alert",hidden:!0}),Co=y("div",{class:"segments small",role:"group","aria-label":"Colours"}),Ot=[];document.body.append(y("a",{class:"skip",href:"#main"},{onclick:s=>{s.preventDefault(),mn.focus()}},"Skip to the page"),y("aside",{"aria-label":"Studio"},{},k("p","brand","hitherto",k("span",""," studio")),sl,k("span","space"),Co),Ys,mn,nl);function _o(){Co.replaceChildren(...xh.map(([s,e])=>y("button",{type:"button","aria-pressed":String(s===Il())},{onclick:()=>{Ul(s),_o()}},e)))}var Eo=0;document.addEventListener("say",s=>{nl.textContent=s.detail,clearTimeout(Eo),Eo=window.setTimeout(()=>{nl.textContent=""},6e3)});mn.addEventListener("health",s=>{let e=s.detail,n=mn.querySelector(".state"),t=e==="away"||e==="locked";n&&(n.textContent=t?"away":tl[e],n.setAttribute("data-health",e)),!Ys.hidden&&e==="open"&&Nn("The server is back."),Ys.hidden=!t,Ys.textContent=t?tl[e]:""});var kh=s=>s>=1e6?`${(s/1e6).toFixed(1)} MB`:`${Math.max(1,Math.round(s/1e3))} kB`;function Po(s){let e=Ot.find(i=>i.name===s)??Ot[0];if(!e){mn.replaceChildren(k("section","card prose",k("h1","","No model yet"),k("p","","Start the studio with one: hitherto studio MODEL.safetensors")));return}for(let i of sl.querySelectorAll("a"))i.dataset.name===e.name?i.setAttribute("aria-current","page"):i.removeAttribute("aria-current");let n=e.view?el.find(i=>i.tasks.includes(e.task)):void 0,t=n?new n.page:new ps;t.model=e,t.className="page",document.title=`${e.name} · Hitherto studio`,mn.replaceChildren(k("header","",k("div","",k("h1","",e.name),k("p","soft",`${e.task} · ${e.about} · ${kh(e.bytes)}`)),k("span","space"),n&&y("span",{class:"state","data-health":"opening"},{},tl.opening)),t)}var il=()=>decodeURIComponent(location.hash.replace(/^#\/?/,""));async function Sh(){let s=await fetch("studio/models");if(!s.ok){mn.replaceChildren(k("section","card prose",k("h1","","Locked"),k("p","",await s.text())));return}Ot=(await s.json()).models,sl.replaceChildren(...Ot.map(e=>y("a",{href:`#/${encodeURIComponent(e.name)}`,"data-name":e.name},{},k("span","name",e.name),k("small","",e.task)))),Po(il())}addEventListener("hashchange",()=>Po(il()));addEventListener("keydown",s=>{if(zl(s)||s.ctrlKey||s.metaKey||!["[","]"].includes(s.key))return;let e=Ot.findIndex(t=>t.name===(il()||Ot[0]?.name)),n=Ot[(e+(s.key==="]"?1:-1)+Ot.length)%Ot.length];n&&(location.hash=`#/${encodeURIComponent(n.name)}`)});_o();Sh();
