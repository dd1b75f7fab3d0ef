var Ll='.uplot, .uplot *, .uplot *::before, .uplot *::after {box-sizing: border-box;}.uplot {font-family: system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, "Noto Sans", sans-serif, "Apple Color Emoji", "Segoe UI Emoji", "Segoe UI Symbol", "Noto Color Emoji";line-height: 1.5;width: min-content;}.u-title {text-align: center;font-size: 18px;font-weight: bold;}.u-wrap {position: relative;user-select: none;}.u-over, .u-under {position: absolute;}.u-under {overflow: hidden;}.uplot canvas {display: block;position: relative;width: 100%;height: 100%;}.u-axis {position: absolute;}.u-legend {font-size: 14px;margin: auto;text-align: center;}.u-inline {display: block;}.u-inline * {display: inline-block;}.u-inline tr {margin-right: 16px;}.u-legend th {font-weight: 600;}.u-legend th > * {vertical-align: middle;display: inline-block;}.u-legend .u-marker {width: 1em;height: 1em;margin-right: 4px;background-clip: padding-box !important;}.u-inline.u-live th::after {content: ":";vertical-align: middle;}.u-inline:not(.u-live) .u-value {display: none;}.u-series > * {padding: 4px;}.u-series th {cursor: pointer;}.u-legend .u-off > * {opacity: 0.3;}.u-select {background: rgba(0,0,0,0.07);position: absolute;pointer-events: none;}.u-cursor-x, .u-cursor-y {position: absolute;left: 0;top: 0;pointer-events: none;will-change: transform;}.u-hz .u-cursor-x, .u-vt .u-cursor-y {height: 100%;border-right: 1px dashed #607D8B;}.u-hz .u-cursor-y, .u-vt .u-cursor-x {width: 100%;border-bottom: 1px dashed #607D8B;}.u-cursor-pt {position: absolute;top: 0;left: 0;border-radius: 50%;border: 0 solid;pointer-events: none;will-change: transform;/*this has to be !important since we set inline "background" shorthand */background-clip: padding-box !important;}.u-axis.u-off, .u-select.u-off, .u-cursor-x.u-off, .u-cursor-y.u-off, .u-cursor-pt.u-off {display: none;}';function A(t,e={},i={},...n){let s=document.createElement(t);for(let[r,a]of Object.entries(e))a===!0?s.setAttribute(r,""):a!==!1&&a!==null&&a!==void 0&&s.setAttribute(r,String(a));return Object.assign(s,i),s.append(...n.filter(r=>r!=null&&r!==!1)),s}var C=(t,e,...i)=>A(t,e?{class:e}:{},{},...i);function Rt(t){let e=!1;return()=>{e||(e=!0,requestAnimationFrame(()=>{e=!1,t()}))}}var Ke=t=>getComputedStyle(document.documentElement).getPropertyValue(`--${t}`).trim(),ei=t=>t>=.995?"100 %":t>=.0995?`${Math.round(t*100)} %`:t>=.001?`${(t*100).toFixed(1)} %`:"<0.1 %",nt=t=>Number.isFinite(t)?Math.abs(t)>=1e3?Math.round(t).toLocaleString("en"):String(Number(t.toPrecision(3))):"",nn=t=>t.replace(/\n/g,"⏎").replace(/ /g,"␣")||"∅",Pl=t=>t.target instanceof HTMLElement&&/^(TEXTAREA|INPUT|SELECT)$/.test(t.target.tagName);function Dn(t){document.dispatchEvent(new CustomEvent("say",{detail:t}))}var ia={F32:(t,e,i)=>new Float32Array(t,e,i),I32:(t,e,i)=>new Int32Array(t,e,i),U8:(t,e,i)=>new Uint8Array(t,e,i)},Dl=new TextDecoder;function Rl(t){let e=Number(new DataView(t).getBigUint64(0,!0)),i=JSON.parse(Dl.decode(new Uint8Array(t,8,e))),n={};for(let[r,a]of Object.entries(i)){let h=ia[a.dtype];if(!h)continue;let f=a.shape.reduce((d,b)=>d*b,1);n[r]={shape:a.shape,data:h(t,8+e+a.data_offsets[0],f)}}let s=JSON.parse(Dl.decode(n.said.data));return delete n.said,{said:s,tensors:n}}var Rn=class extends Error{},Nl=400,sa=5e3,Si=class{constructor(e,i,n){this.model=e;this.opened=i;this.health=n;this.connect()}model;opened;health;socket=null;waiting=new Map;next=1;wait=Nl;closed=!1;timer=0;ask(e,i,n=()=>{}){return new Promise((s,r)=>{if(this.socket?.readyState!==WebSocket.OPEN){r(new Rn("the server is away"));return}let a=this.next++;this.waiting.set(a,{onPart:n,done:s,failed:r}),this.socket.send(JSON.stringify({id:a,call:e,...i}))})}async one(e,i){let n={tensors:{}};return await this.ask(e,i,s=>{n={...n,...s,tensors:{...n.tensors,...s.tensors}}}),n}stop(){this.waiting.size&&this.socket?.readyState===WebSocket.OPEN&&this.socket.send('{"call":"stop"}')}close(){this.closed=!0,clearTimeout(this.timer),this.socket?.close()}connect(){let e=new URL(`studio/live/${encodeURIComponent(this.model)}`,document.baseURI);e.protocol=e.protocol.replace("http","ws");let i=new WebSocket(e);i.binaryType="arraybuffer",this.socket=i;let n="";i.onmessage=s=>{if(typeof s.data!="string"){let{said:h,tensors:f}=Rl(s.data);this.waiting.get(h.id)?.onPart({...h,tensors:f});return}let r=JSON.parse(s.data);if(r.id===0){r.error?n=String(r.error):(this.wait=Nl,this.health("open",""),this.opened(r));return}let a=this.waiting.get(r.id);this.waiting.delete(r.id),r.error?a?.failed(new Rn(String(r.error))):a?.done()},i.onclose=async()=>{let s=[...this.waiting.values()];this.waiting.clear();for(let a of s)a.failed(new Rn("the server went away"));if(this.closed)return;if(n){this.health("refused",n);return}let r=await fetch("studio/models").then(a=>a.status===403,()=>!1);this.closed||(this.health(r?"locked":"away",""),this.timer=window.setTimeout(()=>this.connect(),this.wait),this.wait=Math.min(sa,this.wait*1.6))}}},Nn=class{constructor(e=()=>{}){this.hurry=e}hurry;running=!1;waiting=null;run(e){this.waiting=e,this.running?this.hurry():this.drain()}async drain(){for(this.running=!0;this.waiting;){let e=this.waiting;this.waiting=null;try{await e()}catch(i){if(!(i instanceof Rn))throw i;Dn(i.message)}}this.running=!1}};var Fl="hitherto-theme",zl=matchMedia("(prefers-color-scheme: dark)"),Nt=new EventTarget,ni="auto";try{ni=localStorage.getItem(Fl)??"auto"}catch{}var $l=()=>ni;function Hl(t){ni=t;try{localStorage.setItem(Fl,t)}catch{}Mi()}function Mi(){let t=ni==="auto"?zl.matches?"dark":"light":ni;document.documentElement.dataset.theme=t,ps.clear(),Nt.dispatchEvent(new Event("change"))}zl.addEventListener("change",Mi);function ti(t){let e=Ke(t).replace("#","");return[0,2,4].map(i=>Number.parseInt(e.slice(i,i+2),16))}var ps=new Map;function Vl(t){let e=ps.get(t);if(!e){e=new Uint32Array(256);let[i,n,s]=[ti("ground"),ti("cool"),ti("warm")];for(let r=0;r<256;r++){let a=t==="share"?r/255:(r-127.5)/127.5,h=a<0?s:n,f=Math.abs(a)**.8,[d,b,m]=i.map((v,E)=>Math.round(v+f*(h[E]-v)));e[r]=255<<24|m<<16|b<<8|d}ps.set(t,e)}return e}var la={lstm:{h:"memory h",c:"cell c",i:"input gate i",f:"forget gate f",g:"candidate g",o:"output gate o"},gru:{h:"memory h",r:"reset gate r",z:"update gate z",n:"candidate n"},rnn:{h:"memory h"}},oa=14,sn=46,ln=class extends HTMLElement{called=e=>`step ${e+1}`;onwant=()=>{};onunit=()=>{};onstep=()=>{};said=null;columns=[];begin=0;units=[];lives=null;chosen=null;cursor=null;want={layer:"",part:""};canvas=A("canvas",{tabindex:0,role:"img"});tools=C("div","tools");reading=A("output",{class:"reading"});image=document.createElement("canvas");draw=Rt(()=>this.paint());sized=new ResizeObserver(()=>this.draw());connectedCallback(){this.canvas.isConnected||(this.append(this.tools,C("div","canvas",this.canvas),this.reading),this.canvas.addEventListener("pointermove",e=>this.point(e)),this.canvas.addEventListener("pointerleave",()=>this.aim(null)),this.canvas.addEventListener("click",()=>this.choose()),this.canvas.addEventListener("keydown",e=>this.key(e)),this.read()),this.sized.observe(this.canvas),Nt.addEventListener("change",this.draw)}disconnectedCallback(){this.sized.disconnect(),Nt.removeEventListener("change",this.draw)}asked(e=0){return{...this.want,first:e}}get unit(){return this.chosen}value(e){return this.chosen?this.columns[e-this.begin]?.[this.chosen.row]??null:null}get most(){if(this.shares)return 1;let e=1e-6;for(let i of this.columns)for(let n of i)e=Math.max(e,Math.abs(n));return this.said&&this.said.part==="h"&&this.said.layers[0]?.gates.length?1:e}take(e,i){let n=i.strip;if(!n)return;let s=e.layer!==this.said?.layer||e.part!==this.said?.part,[r=0,a=0]=n.shape;(s||e.first<this.begin||e.first>this.begin+this.columns.length)&&(this.columns=[],this.begin=e.first),this.columns.length=Math.min(this.columns.length,e.first-this.begin);let h=n.data;for(let b=0;b<r;b++)this.columns.push(h.subarray(b*a,(b+1)*a));let f=this.columns.length-2e3;f>0&&(this.columns.splice(0,f),this.begin+=f),this.units=i.units?.data??[],this.lives=i.half_life?.data??null;let d=!this.said||JSON.stringify(this.said.layers)!==JSON.stringify(e.layers);this.said=e,this.want={layer:e.layer,part:e.part},(d||s)&&this.toolbar(),this.chosen&&this.chosen.layer!==e.layer&&this.pick(null),this.read(),this.draw()}clear(){this.columns=[],this.begin=0,this.draw()}get layer(){return this.said?.layers.find(e=>e.name===this.said?.layer)}get shares(){return!!this.layer&&this.layer.shares.includes(this.said.part)}toolbar(){let{said:e,layer:i}=this;if(!e||!i)return;let n=la[i.cell]??{},r=[...i.states,...i.gates.filter(h=>!i.states.includes(h))].map(h=>A("button",{type:"button","aria-pressed":String(h===e.part)},{onclick:()=>{this.want={layer:e.layer,part:h},this.onwant()}},n[h]??h)),a=e.layers.length>1&&A("select",{"aria-label":"Layer"},{onchange:h=>{this.want={layer:h.target.value,part:e.part},this.onwant()}},...e.layers.map((h,f)=>A("option",{value:h.name,selected:h.name===e.layer},{},`layer ${f+1}`)));this.tools.replaceChildren(...[a,A("div",{class:"segments",role:"group","aria-label":"What is shown"},{},...r)].filter(h=>!!h))}place(e){let i=this.canvas.getBoundingClientRect(),{width:n,shown:s,from:r}=this.fit(i.width),a=Math.floor((e.clientX-i.left-sn)/n),h=this.columns[0]?.length??0,f=Math.floor((e.clientY-i.top)/i.height*h);return a<0||a>=s||f<0||f>=h?null:{step:this.begin+r+a,row:f}}point(e){this.aim(this.place(e))}aim(e){this.cursor=e,this.onstep(e?.step??null),this.read(),this.draw()}choose(){if(!this.cursor||!this.said)return;let e=Number(this.units[this.cursor.row]);this.pick(this.chosen?.unit===e&&this.chosen.layer===this.said.layer?null:{layer:this.said.layer,unit:e,row:this.cursor.row})}pick(e){this.chosen=e,this.onunit(e),this.read(),this.draw()}key(e){let i=this.begin+this.columns.length-1,n=this.columns[0]?.length??0;if(!n)return;let s=this.cursor??{step:i,row:0},a={ArrowLeft:[-1,0],ArrowRight:[1,0],ArrowUp:[0,-1],ArrowDown:[0,1]}[e.key];a?(e.preventDefault(),this.aim({step:Math.max(this.begin,Math.min(i,s.step+(this.cursor?a[0]:0))),row:Math.max(0,Math.min(n-1,s.row+(this.cursor?a[1]:0)))})):e.key==="Enter"||e.key===" "?(e.preventDefault(),this.choose()):e.key==="Escape"&&this.aim(null)}read(){let{said:e,layer:i,cursor:n}=this;if(!e||!i||!this.columns.length){this.reading.textContent="The strip grows with every step that the model reads.",this.canvas.setAttribute("aria-label","The memory: nothing was read yet");return}let s=this.columns[0].length,r=s<i.units?`, ${s} of them shown`:"",a=this.lives?"; those that remember longest at the top":"";this.canvas.setAttribute("aria-label",`The memory after ${this.begin+this.columns.length} steps: ${i.units} units${r}${a}. Arrow keys move, Enter chooses a unit.`);let h=[],f=n?.row??this.chosen?.row;if(f!==void 0){h.push(`unit ${this.units[f]}`);let d=this.lives?.[f];if(d!==void 0&&h.push(`half-life ${d>=1e6?"endless":`${nt(d)} steps`}`),n){let b=this.columns[n.step-this.begin]?.[f];b!==void 0&&h.push(`${e.part} = ${b.toFixed(2)} after “${nn(this.called(n.step))}”`)}}else h.push(`${i.units} units${r}`),h.push(this.shares?"pale: shut, full: open":"blue: above 0, orange: below"),h.push("click a row to follow a unit");this.reading.textContent=h.join("  ·  ")}fit(e){let i=Math.max(1,e-sn),n=Math.max(1,Math.min(oa,i/Math.max(1,this.columns.length))),s=Math.min(this.columns.length,Math.floor(i/n));return{width:n,shown:s,from:this.columns.length-s}}paint(){let e=this.canvas.getBoundingClientRect(),i=devicePixelRatio||1,n=Math.max(1,Math.round(e.width*i)),s=Math.max(1,Math.round(e.height*i));(this.canvas.width!==n||this.canvas.height!==s)&&(this.canvas.width=n,this.canvas.height=s);let r=this.canvas.getContext("2d");r.setTransform(i,0,0,i,0,0),r.clearRect(0,0,e.width,e.height);let a=this.columns[0]?.length??0;if(!a)return;let{width:h,shown:f,from:d}=this.fit(e.width);this.image.width=f,this.image.height=a;let b=this.image.getContext("2d"),m=b.createImageData(f,a),v=new Uint32Array(m.data.buffer),E=Vl(this.shares?"share":"signed"),D=this.shares?255:127.5/this.most,H=this.shares?0:127.5;for(let I=0;I<f;I++){let k=this.columns[d+I];for(let N=0;N<a;N++){let S=H+k[N]*D;v[N*f+I]=E[S<0?0:S>255?255:Math.round(S)]}}b.putImageData(m,0,0),r.imageSmoothingEnabled=!1,r.drawImage(this.image,sn,0,f*h,e.height);let W=getComputedStyle(this);this.scale(r,e.height,a,W),this.mark(r,e.height,a,h,d,f,W)}scale(e,i,n,s){if(this.lives){e.fillStyle=s.getPropertyValue("--soft"),e.font="11px system-ui, sans-serif",e.textAlign="right";for(let[r,a]of[[0,9],[Math.floor(n/2),i/2+4],[n-1,i-2]]){let h=this.lives[r];h!==void 0&&e.fillText(h>=1e6?"∞":nt(h),sn-8,a)}}}mark(e,i,n,s,r,a,h){let f=i/n;if(e.lineWidth=1.5,this.chosen&&(e.strokeStyle=h.getPropertyValue("--ink"),e.strokeRect(sn-1,this.chosen.row*f-1,a*s+2,Math.max(3,f)+2)),this.cursor){e.strokeStyle=h.getPropertyValue("--soft");let d=sn+(this.cursor.step-this.begin-r)*s;e.strokeRect(d,0,s,i),e.strokeRect(sn,this.cursor.row*f,a*s,Math.max(2,f))}}};customElements.define("memory-strip",ln);var ra="uplot",aa="u-hz",ca="u-vt",ua="u-title",ha="u-wrap",fa="u-under",pa="u-over",da="u-axis",an="u-off",ma="u-select",ga="u-cursor-x",va="u-cursor-y",ba="u-cursor-pt",wa="u-legend",ya="u-live",xa="u-inline",ka="u-series",Sa="u-marker",Ol="u-label",Ma="u-value",si="width",li="height";var Wl="bottom",Fn="left",ds="right",Ps="#000",Il=Ps+"0",ms="mousemove",Ul="mousedown",gs="mouseup",Gl="mouseenter",Bl="mouseleave",Kl="dblclick",Aa="resize",Ta="scroll",jl="change",Ci="dppxchange",Ds="--",In=typeof window<"u",xs=In?document:null,$n=In?window:null,Ea=In?navigator:null,re,Ai;function ks(){let t=devicePixelRatio;re!=t&&(re=t,Ai&&Ms(jl,Ai,ks),Ai=matchMedia(`(min-resolution: ${re-.001}dppx) and (max-resolution: ${re+.001}dppx)`),cn(jl,Ai,ks),$n.dispatchEvent(new CustomEvent(Ci)))}function it(t,e){if(e!=null){let i=t.classList;!i.contains(e)&&i.add(e)}}function Ss(t,e){let i=t.classList;i.contains(e)&&i.remove(e)}function be(t,e,i){t.style[e]=i+"px"}function wt(t,e,i,n){let s=xs.createElement(t);return e!=null&&it(s,e),i?.insertBefore(s,n),s}function ft(t,e){return wt("div",t,e)}var Yl=new WeakMap;function Ct(t,e,i,n,s){let r="translate("+e+"px,"+i+"px)",a=Yl.get(t);r!=a&&(t.style.transform=r,Yl.set(t,r),e<0||i<0||e>n||i>s?it(t,an):Ss(t,an))}var ql=new WeakMap;function Jl(t,e,i){let n=e+i,s=ql.get(t);n!=s&&(ql.set(t,n),t.style.background=e,t.style.borderColor=i)}var Zl=new WeakMap;function Ql(t,e,i,n){let s=e+""+i,r=Zl.get(t);s!=r&&(Zl.set(t,s),t.style.height=i+"px",t.style.width=e+"px",t.style.marginLeft=n?-e/2+"px":0,t.style.marginTop=n?-i/2+"px":0)}var Rs={passive:!0},_a={...Rs,capture:!0};function cn(t,e,i,n){e.addEventListener(t,i,n?_a:Rs)}function Ms(t,e,i,n){e.removeEventListener(t,i,Rs)}In&&ks();function yt(t,e,i,n){let s;i=i||0,n=n||e.length-1;let r=n<=2147483647;for(;n-i>1;)s=r?i+n>>1:st((i+n)/2),e[s]<t?i=s:n=s;return t-e[i]<=e[n]-t?i:n}function Eo(t){return(i,n,s)=>{let r=-1,a=-1;for(let h=n;h<=s;h++)if(t(i[h])){r=h;break}for(let h=s;h>=n;h--)if(t(i[h])){a=h;break}return[r,a]}}var _o=t=>t!=null,Co=t=>t!=null&&t>0,Di=Eo(_o),Ca=Eo(Co);function La(t,e,i,n=0,s=!1){let r=s?Ca:Di,a=s?Co:_o;[e,i]=r(t,e,i);let h=t[e],f=t[e];if(e>-1)if(n==1)h=t[e],f=t[i];else if(n==-1)h=t[i],f=t[e];else for(let d=e;d<=i;d++){let b=t[d];a(b)&&(b<h?h=b:b>f&&(f=b))}return[h??fe,f??-fe]}function Ri(t,e,i,n){let s=to(t),r=to(e);t==e&&(s==-1?(t*=i,e/=i):(t/=i,e*=i));let a=i==10?Ft:Lo,h=s==1?st:pt,f=r==1?pt:st,d=h(a(Le(t))),b=f(a(Le(e))),m=Hn(i,d),v=Hn(i,b);return i==10&&(d<0&&(m=pe(m,-d)),b<0&&(v=pe(v,-b))),n||i==2?(t=m*s,e=v*r):(t=No(t,m),e=Ni(e,v)),[t,e]}function Ns(t,e,i,n){let s=Ri(t,e,i,n);return t==0&&(s[0]=0),e==0&&(s[1]=0),s}var Fs=.1,Xl={mode:3,pad:Fs},ri={pad:0,soft:null,mode:0},Pa={min:ri,max:ri};function Li(t,e,i,n){return Fi(i)?eo(t,e,i):(ri.pad=i,ri.soft=n?0:null,ri.mode=n?3:0,eo(t,e,Pa))}function le(t,e){return t??e}function Da(t,e,i){for(e=le(e,0),i=le(i,t.length-1);e<=i;){if(t[e]!=null)return!0;e++}return!1}function eo(t,e,i){let n=i.min,s=i.max,r=le(n.pad,0),a=le(s.pad,0),h=le(n.hard,-fe),f=le(s.hard,fe),d=le(n.soft,fe),b=le(s.soft,-fe),m=le(n.mode,0),v=le(s.mode,0),E=e-t,D=Ft(E),H=je(Le(t),Le(e)),W=Ft(H),I=Le(W-D);(E<1e-24||I>10)&&(E=0,(t==0||e==0)&&(E=1e-24,m==2&&d!=fe&&(r=0),v==2&&b!=-fe&&(a=0)));let k=E||H||1e3,N=Ft(k),S=Hn(10,st(N)),J=k*(E==0?t==0?.1:1:r),R=pe(No(t-J,S/10),24),Z=t>=d&&(m==1||m==3&&R<=d||m==2&&R>=d)?d:fe,j=je(h,R<Z&&t>=Z?Z:xt(Z,R)),ee=k*(E==0?e==0?.1:1:a),K=pe(Ni(e+ee,S/10),24),M=e<=b&&(v==1||v==3&&K>=b||v==2&&K<=b)?b:-fe,q=xt(f,K>M&&e<=M?M:je(M,K));return j==q&&j==0&&(q=100),[j,q]}var Ra=new Intl.NumberFormat(In?Ea.language:"en-US"),zs=t=>Ra.format(t),lt=Math,_i=lt.PI,Le=lt.abs,st=lt.floor,Ce=lt.round,pt=lt.ceil,xt=lt.min,je=lt.max,Hn=lt.pow,to=lt.sign,Ft=lt.log10,Lo=lt.log2,Na=(t,e=1)=>lt.sinh(t)*e,vs=(t,e=1)=>lt.asinh(t/e),fe=1/0;function no(t){return(Ft((t^t>>31)-(t>>31))|0)+1}function As(t,e,i){return xt(je(t,e),i)}function Po(t){return typeof t=="function"}function te(t){return Po(t)?t:()=>t}var Fa=()=>{},Do=t=>t,Ro=(t,e)=>e,za=t=>null,io=t=>!0,so=(t,e)=>t==e,$a=/\.\d*?(?=9{6,}|0{6,})/gm,un=t=>{if(zo(t)||Bt.has(t))return t;let e=`${t}`,i=e.match($a);if(i==null)return t;let n=i[0].length-1;if(e.indexOf("e-")!=-1){let[s,r]=e.split("e");return+`${un(s)}e${r}`}return pe(t,n)};function on(t,e){return un(pe(un(t/e))*e)}function Ni(t,e){return un(pt(un(t/e))*e)}function No(t,e){return un(st(un(t/e))*e)}function pe(t,e=0){if(zo(t))return t;let i=10**e,n=t*i*(1+Number.EPSILON);return Ce(n)/i}var Bt=new Map;function Fo(t){return((""+t).split(".")[1]||"").length}function ci(t,e,i,n){let s=[],r=n.map(Fo);for(let a=e;a<i;a++){let h=Le(a),f=pe(Hn(t,a),h);for(let d=0;d<n.length;d++){let b=t==10?+`${n[d]}e${a}`:n[d]*f,m=(a>=0?0:h)+(a>=r[d]?0:r[d]),v=t==10?b:pe(b,m);s.push(v),Bt.set(v,m)}}return s}var ai={},$s=[],Vn=[null,null],Gt=Array.isArray,zo=Number.isInteger,Ha=t=>t===void 0;function lo(t){return typeof t=="string"}function Fi(t){let e=!1;if(t!=null){let i=t.constructor;e=i==null||i==Object}return e}function Va(t){return t!=null&&typeof t=="object"}var Oa=Object.getPrototypeOf(Uint8Array),$o="__proto__";function On(t,e=Fi){let i;if(Gt(t)){let n=t.find(s=>s!=null);if(Gt(n)||e(n)){i=Array(t.length);for(let s=0;s<t.length;s++)i[s]=On(t[s],e)}else i=t.slice()}else if(t instanceof Oa)i=t.slice();else if(e(t)){i={};for(let n in t)n!=$o&&(i[n]=On(t[n],e))}else i=t;return i}function Te(t){let e=arguments;for(let i=1;i<e.length;i++){let n=e[i];for(let s in n)s!=$o&&(Fi(t[s])?Te(t[s],On(n[s])):t[s]=On(n[s]))}return t}var Wa=0,Ia=1,Ua=2;function Ga(t,e,i){for(let n=0,s,r=-1;n<e.length;n++){let a=e[n];if(a>r){for(s=a-1;s>=0&&t[s]==null;)t[s--]=null;for(s=a+1;s<i&&t[s]==null;)t[r=s++]=null}}}function Ba(t,e){if(Ya(t)){let a=t[0].slice();for(let h=1;h<t.length;h++)a.push(...t[h].slice(1));return qa(a[0])||(a=ja(a)),a}let i=new Set;for(let a=0;a<t.length;a++){let f=t[a][0],d=f.length;for(let b=0;b<d;b++)i.add(f[b])}let n=[Array.from(i).sort((a,h)=>a-h)],s=n[0].length,r=new Map;for(let a=0;a<s;a++)r.set(n[0][a],a);for(let a=0;a<t.length;a++){let h=t[a],f=h[0];for(let d=1;d<h.length;d++){let b=h[d],m=Array(s).fill(void 0),v=e?e[a][d]:Ia,E=[];for(let D=0;D<b.length;D++){let H=b[D],W=r.get(f[D]);H===null?v!=Wa&&(m[W]=H,v==Ua&&E.push(W)):m[W]=H}Ga(m,E,s),n.push(m)}}return n}var Ka=typeof queueMicrotask>"u"?t=>Promise.resolve().then(t):queueMicrotask;function ja(t){let e=t[0],i=e.length,n=Array(i);for(let r=0;r<n.length;r++)n[r]=r;n.sort((r,a)=>e[r]-e[a]);let s=[];for(let r=0;r<t.length;r++){let a=t[r],h=Array(i);for(let f=0;f<i;f++)h[f]=a[n[f]];s.push(h)}return s}function Ya(t){let e=t[0][0],i=e.length;for(let n=1;n<t.length;n++){let s=t[n][0];if(s.length!=i)return!1;if(s!=e){for(let r=0;r<i;r++)if(s[r]!=e[r])return!1}}return!0}function qa(t,e=100){let i=t.length;if(i<=1)return!0;let n=0,s=i-1;for(;n<=s&&t[n]==null;)n++;for(;s>=n&&t[s]==null;)s--;if(s<=n)return!0;let r=je(1,st((s-n+1)/e));for(let a=t[n],h=n+r;h<=s;h+=r){let f=t[h];if(f!=null){if(f<=a)return!1;a=f}}return!0}var Ho=["January","February","March","April","May","June","July","August","September","October","November","December"],Vo=["Sunday","Monday","Tuesday","Wednesday","Thursday","Friday","Saturday"];function Oo(t){return t.slice(0,3)}var Ja=Vo.map(Oo),Za=Ho.map(Oo),Qa={MMMM:Ho,MMM:Za,WWWW:Vo,WWW:Ja};function ii(t){return(t<10?"0":"")+t}function Xa(t){return(t<10?"00":t<100?"0":"")+t}var ec={YYYY:t=>t.getFullYear(),YY:t=>(t.getFullYear()+"").slice(2),MMMM:(t,e)=>e.MMMM[t.getMonth()],MMM:(t,e)=>e.MMM[t.getMonth()],MM:t=>ii(t.getMonth()+1),M:t=>t.getMonth()+1,DD:t=>ii(t.getDate()),D:t=>t.getDate(),WWWW:(t,e)=>e.WWWW[t.getDay()],WWW:(t,e)=>e.WWW[t.getDay()],HH:t=>ii(t.getHours()),H:t=>t.getHours(),h:t=>{let e=t.getHours();return e==0?12:e>12?e-12:e},AA:t=>t.getHours()>=12?"PM":"AM",aa:t=>t.getHours()>=12?"pm":"am",a:t=>t.getHours()>=12?"p":"a",mm:t=>ii(t.getMinutes()),m:t=>t.getMinutes(),ss:t=>ii(t.getSeconds()),s:t=>t.getSeconds(),fff:t=>Xa(t.getMilliseconds())};function Hs(t,e){e=e||Qa;let i=[],n=/\{([a-z]+)\}|[^{]+/gi,s;for(;s=n.exec(t);)i.push(s[0][0]=="{"?ec[s[1]]:s[0]);return r=>{let a="";for(let h=0;h<i.length;h++)a+=typeof i[h]=="string"?i[h]:i[h](r,e);return a}}var tc=new Intl.DateTimeFormat().resolvedOptions().timeZone;function nc(t,e){let i;return e=="UTC"||e=="Etc/UTC"?i=new Date(+t+t.getTimezoneOffset()*6e4):e==tc?i=t:(i=new Date(t.toLocaleString("en-US",{timeZone:e})),i.setMilliseconds(t.getMilliseconds())),i}var Wo=t=>t%1==0,Pi=[1,2,2.5,5],ic=ci(10,-32,0,Pi),Io=ci(10,0,32,Pi),sc=Io.filter(Wo),rn=ic.concat(Io),Vs=`
`,Uo="{YYYY}",oo=Vs+Uo,Go="{M}/{D}",oi=Vs+Go,Ti=oi+"/{YY}",Bo="{aa}",lc="{h}:{mm}",zn=lc+Bo,ro=Vs+zn,ao=":{ss}",ce=null;function Ko(t){let e=t*1e3,i=e*60,n=i*60,s=n*24,r=s*30,a=s*365,f=(t==1?ci(10,0,3,Pi).filter(Wo):ci(10,-3,0,Pi)).concat([e,e*5,e*10,e*15,e*30,i,i*5,i*10,i*15,i*30,n,n*2,n*3,n*4,n*6,n*8,n*12,s,s*2,s*3,s*4,s*5,s*6,s*7,s*8,s*9,s*10,s*15,r,r*2,r*3,r*4,r*6,a,a*2,a*5,a*10,a*25,a*50,a*100]),d=[[a,Uo,ce,ce,ce,ce,ce,ce,1],[s*28,"{MMM}",oo,ce,ce,ce,ce,ce,1],[s,Go,oo,ce,ce,ce,ce,ce,1],[n,"{h}"+Bo,Ti,ce,oi,ce,ce,ce,1],[i,zn,Ti,ce,oi,ce,ce,ce,1],[e,ao,Ti+" "+zn,ce,oi+" "+zn,ce,ro,ce,1],[t,ao+".{fff}",Ti+" "+zn,ce,oi+" "+zn,ce,ro,ce,1]];function b(m){return(v,E,D,H,W,I)=>{let k=[],N=W>=a,S=W>=r&&W<a,J=m(D),R=pe(J*t,3),Z=bs(J.getFullYear(),N?0:J.getMonth(),S||N?1:J.getDate()),j=pe(Z*t,3);if(S||N){let ee=S?W/r:0,K=N?W/a:0,M=R==j?R:pe(bs(Z.getFullYear()+K,Z.getMonth()+ee,1)*t,3),q=new Date(Ce(M/t)),F=q.getFullYear(),G=q.getMonth();for(let O=0;M<=H;O++){let ne=bs(F+K*O,G+ee*O,1),V=ne-m(pe(ne*t,3));M=pe((+ne+V)*t,3),M<=H&&k.push(M)}}else{let ee=W>=s?s:W,K=st(D)-st(R),M=j+K+Ni(R-j,ee);k.push(M);let q=m(M),F=q.getHours()+q.getMinutes()/i+q.getSeconds()/n,G=W/n,O=v.axes[E]._space,ne=I/O;for(;M=pe(M+W,t==1?0:3),!(M>H);)if(G>1){let V=st(pe(F+G,6))%24,ie=m(M).getHours()-V;ie>1&&(ie=-1),M-=ie*n,F=(F+G)%24;let ue=k[k.length-1];pe((M-ue)/W,3)*ne>=.7&&k.push(M)}else k.push(M)}return k}}return[f,d,b]}var[oc,rc,ac]=Ko(1),[cc,uc,hc]=Ko(.001);ci(2,-53,53,[1]);function co(t,e){return t.map(i=>i.map((n,s)=>s==0||s==8||n==null?n:e(s==1||i[8]==0?n:i[1]+n)))}function uo(t,e){return(i,n,s,r,a)=>{let h=e.find(D=>a>=D[0])||e[e.length-1],f,d,b,m,v,E;return n.map(D=>{let H=t(D),W=H.getFullYear(),I=H.getMonth(),k=H.getDate(),N=H.getHours(),S=H.getMinutes(),J=H.getSeconds(),R=W!=f&&h[2]||I!=d&&h[3]||k!=b&&h[4]||N!=m&&h[5]||S!=v&&h[6]||J!=E&&h[7]||h[1];return f=W,d=I,b=k,m=N,v=S,E=J,R(H)})}}function fc(t,e){let i=Hs(e);return(n,s,r,a,h)=>s.map(f=>i(t(f)))}function bs(t,e,i){return new Date(t,e,i)}function ho(t,e){return e(t)}var pc="{YYYY}-{MM}-{DD} {h}:{mm}{aa}";function fo(t,e){return(i,n,s,r)=>r==null?Ds:e(t(n))}function dc(t,e){let i=t.series[e];return i.width?i.stroke(t,e):i.points.width?i.points.stroke(t,e):null}function mc(t,e){return t.series[e].fill(t,e)}var gc={show:!0,live:!0,isolate:!1,mount:Fa,markers:{show:!0,width:2,stroke:dc,fill:mc,dash:"solid"},idx:null,idxs:null,values:[]};function vc(t,e){let i=t.cursor.points,n=ft(),s=i.size(t,e);be(n,si,s),be(n,li,s);let r=s/-2;be(n,"marginLeft",r),be(n,"marginTop",r);let a=i.width(t,e,s);return a&&be(n,"borderWidth",a),n}function bc(t,e){let i=t.series[e].points;return i._fill||i._stroke}function wc(t,e){let i=t.series[e].points;return i._stroke||i._fill}function yc(t,e){return t.series[e].points.size}var ws=[0,0];function xc(t,e,i){return ws[0]=e,ws[1]=i,ws}function Ei(t,e,i,n=!0){return s=>{s.button==0&&(!n||s.target==e)&&i(s)}}function ys(t,e,i,n=!0){return s=>{(!n||s.target==e)&&i(s)}}var kc={show:!0,x:!0,y:!0,lock:!1,move:xc,points:{one:!1,show:vc,size:yc,width:0,stroke:wc,fill:bc},bind:{mousedown:Ei,mouseup:Ei,click:Ei,dblclick:Ei,mousemove:ys,mouseleave:ys,mouseenter:ys},drag:{setScale:!0,x:!0,y:!1,dist:0,uni:null,click:(t,e)=>{e.stopPropagation(),e.stopImmediatePropagation()},_x:!1,_y:!1},focus:{dist:(t,e,i,n,s)=>n-s,prox:-1,bias:0},hover:{skip:[void 0],prox:null,bias:0},left:-10,top:-10,idx:null,dataIdx:null,idxs:null,event:null},jo={show:!0,stroke:"rgba(0,0,0,0.07)",width:2},Os=Te({},jo,{filter:Ro}),Yo=Te({},Os,{size:10}),qo=Te({},jo,{show:!1}),Ws='12px system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, "Noto Sans", sans-serif, "Apple Color Emoji", "Segoe UI Emoji", "Segoe UI Symbol", "Noto Color Emoji"',Jo="bold "+Ws,Zo=1.5,po={show:!0,scale:"x",stroke:Ps,space:50,gap:5,alignTo:1,size:50,labelGap:0,labelSize:30,labelFont:Jo,side:2,grid:Os,ticks:Yo,border:qo,font:Ws,lineGap:Zo,rotate:0},Sc="Value",Mc="Time",mo={show:!0,scale:"x",auto:!1,sorted:1,min:fe,max:-fe,idxs:[]};function Ac(t,e,i,n,s){return e.map(r=>r==null?"":zs(r))}function Tc(t,e,i,n,s,r,a){let h=[],f=Bt.get(s)||0;i=a?i:pe(Ni(i,s),f);for(let d=i;d<=n;d=pe(d+s,f))h.push(Object.is(d,-0)?0:d);return h}function Ts(t,e,i,n,s,r,a){let h=[],f=t.scales[t.axes[e].scale].log,d=f==10?Ft:Lo,b=st(d(i));s=Hn(f,b),f==10&&(s=rn[yt(s,rn)]);let m=i,v=s*f;f==10&&(v=rn[yt(v,rn)]);do h.push(m),m=m+s,f==10&&!Bt.has(m)&&(m=pe(m,Bt.get(s))),m>=v&&(s=m,v=s*f,f==10&&(v=rn[yt(v,rn)]));while(m<=n);return h}function Ec(t,e,i,n,s,r,a){let f=t.scales[t.axes[e].scale].asinh,d=n>f?Ts(t,e,je(f,i),n,s):[f],b=n>=0&&i<=0?[0]:[];return(i<-f?Ts(t,e,je(f,-n),-i,s):[f]).reverse().map(v=>-v).concat(b,d)}var Qo=/./,_c=/[12357]/,Cc=/[125]/,go=/1/,Es=(t,e,i,n)=>t.map((s,r)=>e==4&&s==0||r%n==0&&i.test(s.toExponential()[s<0?1:0])?s:null);function Lc(t,e,i,n,s){let r=t.axes[i],a=r.scale,h=t.scales[a],f=t.valToPos,d=r._space,b=f(10,a),m=f(9,a)-b>=d?Qo:f(7,a)-b>=d?_c:f(5,a)-b>=d?Cc:go;if(m==go){let v=Le(f(1,a)-b);if(v<d)return Es(e.slice().reverse(),h.distr,m,pt(d/v)).reverse()}return Es(e,h.distr,m,1)}function Pc(t,e,i,n,s){let r=t.axes[i],a=r.scale,h=r._space,f=t.valToPos,d=Le(f(1,a)-f(2,a));return d<h?Es(e.slice().reverse(),3,Qo,pt(h/d)).reverse():e}function Dc(t,e,i,n){return n==null?Ds:e==null?"":zs(e)}var vo={show:!0,scale:"y",stroke:Ps,space:30,gap:5,alignTo:1,size:50,labelGap:0,labelSize:30,labelFont:Jo,side:3,grid:Os,ticks:Yo,border:qo,font:Ws,lineGap:Zo,rotate:0};function Rc(t,e){let i=3+(t||1)*2;return pe(i*e,3)}function Nc(t,e){let{scale:i,idxs:n}=t.series[0],s=t._data[0],r=t.valToPos(s[n[0]],i,!0),a=t.valToPos(s[n[1]],i,!0),h=Le(a-r),f=t.series[e],d=h/(f.points.space*re);return n[1]-n[0]<=d}var bo={scale:null,auto:!0,sorted:0,min:fe,max:-fe},Xo=(t,e,i,n,s)=>s,wo={show:!0,auto:!0,sorted:0,gaps:Xo,alpha:1,facets:[Te({},bo,{scale:"x"}),Te({},bo,{scale:"y"})]},yo={scale:"y",auto:!0,sorted:0,show:!0,spanGaps:!1,gaps:Xo,alpha:1,points:{show:Nc,filter:null},values:null,min:fe,max:-fe,idxs:[],path:null,clip:null};function Fc(t,e,i,n,s){return i/10}var er={time:!0,auto:!0,distr:1,log:10,asinh:1,min:null,max:null,dir:1,ori:0},zc=Te({},er,{time:!1,ori:1}),xo={};function tr(t,e){let i=xo[t];return i||(i={key:t,plots:[],sub(n){i.plots.push(n)},unsub(n){i.plots=i.plots.filter(s=>s!=n)},pub(n,s,r,a,h,f,d){for(let b=0;b<i.plots.length;b++)i.plots[b]!=s&&i.plots[b].pub(n,s,r,a,h,f,d)}},t!=null&&(xo[t]=i)),i}var Wn=1,_s=2;function hn(t,e,i){let n=t.mode,s=t.series[e],r=n==2?t._data[e]:t._data,a=t.scales,h=t.bbox,f=r[0],d=n==2?r[1]:r[e],b=n==2?a[s.facets[0].scale]:a[t.series[0].scale],m=n==2?a[s.facets[1].scale]:a[s.scale],v=h.left,E=h.top,D=h.width,H=h.height,W=t.valToPosH,I=t.valToPosV;return b.ori==0?i(s,f,d,b,m,W,I,v,E,D,H,$i,Un,Vi,ir,lr):i(s,f,d,b,m,I,W,E,v,H,D,Hi,Gn,Gs,sr,or)}function Is(t,e){let i=0,n=0,s=le(t.bands,$s);for(let r=0;r<s.length;r++){let a=s[r];a.series[0]==e?i=a.dir:a.series[1]==e&&(a.dir==1?n|=1:n|=2)}return[i,n==1?-1:n==2?1:n==3?2:0]}function $c(t,e,i,n,s){let r=t.mode,a=t.series[e],h=r==2?a.facets[1].scale:a.scale,f=t.scales[h];return s==-1?f.min:s==1?f.max:f.distr==3?f.dir==1?f.min:f.max:0}function zt(t,e,i,n,s,r){return hn(t,e,(a,h,f,d,b,m,v,E,D,H,W)=>{let I=a.pxRound,k=d.dir*(d.ori==0?1:-1),N=d.ori==0?Un:Gn,S,J;k==1?(S=i,J=n):(S=n,J=i);let R=I(m(h[S],d,H,E)),Z=I(v(f[S],b,W,D)),j=I(m(h[J],d,H,E)),ee=I(v(r==1?b.max:b.min,b,W,D)),K=new Path2D(s);return N(K,j,ee),N(K,R,ee),N(K,R,Z),K})}function zi(t,e,i,n,s,r){let a=null;if(t.length>0){a=new Path2D;let h=e==0?Vi:Gs,f=i;for(let m=0;m<t.length;m++){let v=t[m];if(v[1]>v[0]){let E=v[0]-f;E>0&&h(a,f,n,E,n+r),f=v[1]}}let d=i+s-f,b=10;d>0&&h(a,f,n-b/2,d,n+r+b)}return a}function Hc(t,e,i){let n=t[t.length-1];n&&n[0]==e?n[1]=i:t.push([e,i])}function Us(t,e,i,n,s,r,a){let h=[],f=t.length;for(let d=s==1?i:n;d>=i&&d<=n;d+=s)if(e[d]===null){let m=d,v=d;if(s==1)for(;++d<=n&&e[d]===null;)v=d;else for(;--d>=i&&e[d]===null;)v=d;let E=r(t[m]),D=v==m?E:r(t[v]),H=m-s;E=a<=0&&H>=0&&H<f?r(t[H]):E;let I=v+s;D=a>=0&&I>=0&&I<f?r(t[I]):D,D>=E&&h.push([E,D])}return h}function ko(t){return t==0?Do:t==1?Ce:e=>on(e,t)}function nr(t){let e=t==0?$i:Hi,i=t==0?(s,r,a,h,f,d)=>{s.arcTo(r,a,h,f,d)}:(s,r,a,h,f,d)=>{s.arcTo(a,r,f,h,d)},n=t==0?(s,r,a,h,f)=>{s.rect(r,a,h,f)}:(s,r,a,h,f)=>{s.rect(a,r,f,h)};return(s,r,a,h,f,d=0,b=0)=>{d==0&&b==0?n(s,r,a,h,f):(d=xt(d,h/2,f/2),b=xt(b,h/2,f/2),e(s,r+d,a),i(s,r+h,a,r+h,a+f,d),i(s,r+h,a+f,r,a+f,b),i(s,r,a+f,r,a,b),i(s,r,a,r+h,a,d),s.closePath())}}var $i=(t,e,i)=>{t.moveTo(e,i)},Hi=(t,e,i)=>{t.moveTo(i,e)},Un=(t,e,i)=>{t.lineTo(e,i)},Gn=(t,e,i)=>{t.lineTo(i,e)},Vi=nr(0),Gs=nr(1),ir=(t,e,i,n,s,r)=>{t.arc(e,i,n,s,r)},sr=(t,e,i,n,s,r)=>{t.arc(i,e,n,s,r)},lr=(t,e,i,n,s,r,a)=>{t.bezierCurveTo(e,i,n,s,r,a)},or=(t,e,i,n,s,r,a)=>{t.bezierCurveTo(i,e,s,n,a,r)};function rr(t){return(e,i,n,s,r)=>hn(e,i,(a,h,f,d,b,m,v,E,D,H,W)=>{let{pxRound:I,points:k}=a,N,S;d.ori==0?(N=$i,S=ir):(N=Hi,S=sr);let J=pe(k.width*re,3),R=(k.size-k.width)/2*re,Z=pe(R*2,3),j=new Path2D,ee=new Path2D,{left:K,top:M,width:q,height:F}=e.bbox;Vi(ee,K-Z,M-Z,q+Z*2,F+Z*2);let G=O=>{if(f[O]!=null){let ne=I(m(h[O],d,H,E)),V=I(v(f[O],b,W,D));N(j,ne+R,V),S(j,ne,V,R,0,_i*2)}};if(r)r.forEach(G);else for(let O=n;O<=s;O++)G(O);return{stroke:J>0?j:null,fill:j,clip:ee,flags:Wn|_s}})}function ar(t){return(e,i,n,s,r,a)=>{n!=s&&(r!=n&&a!=n&&t(e,i,n),r!=s&&a!=s&&t(e,i,s),t(e,i,a))}}var Vc=ar(Un),Oc=ar(Gn);function cr(t){let e=le(t?.alignGaps,0);return(i,n,s,r)=>hn(i,n,(a,h,f,d,b,m,v,E,D,H,W)=>{[s,r]=Di(f,s,r);let I=a.pxRound,k=F=>I(m(F,d,H,E)),N=F=>I(v(F,b,W,D)),S,J;d.ori==0?(S=Un,J=Vc):(S=Gn,J=Oc);let R=d.dir*(d.ori==0?1:-1),Z={stroke:new Path2D,fill:null,clip:null,band:null,gaps:null,flags:Wn},j=Z.stroke,ee=!1;if(r-s>=H*4){let F=z=>i.posToVal(z,d.key,!0),G=null,O=null,ne,V,Ye,we=k(h[R==1?s:r]),ie=k(h[s]),ue=k(h[r]),Q=F(R==1?ie+1:ue-1);for(let z=R==1?s:r;z>=s&&z<=r;z+=R){let Ee=h[z],ye=(R==1?Ee<Q:Ee>Q)?we:k(Ee),ae=f[z];ye==we?ae!=null?(V=ae,G==null?(S(j,ye,N(V)),ne=G=O=V):V<G?G=V:V>O&&(O=V)):ae===null&&(ee=!0):(G!=null&&J(j,we,N(G),N(O),N(ne),N(V)),ae!=null?(V=ae,S(j,ye,N(V)),G=O=ne=V):(G=O=null,ae===null&&(ee=!0)),we=ye,Q=F(we+R))}G!=null&&G!=O&&Ye!=we&&J(j,we,N(G),N(O),N(ne),N(V))}else for(let F=R==1?s:r;F>=s&&F<=r;F+=R){let G=f[F];G===null?ee=!0:G!=null&&S(j,k(h[F]),N(G))}let[M,q]=Is(i,n);if(a.fill!=null||M!=0){let F=Z.fill=new Path2D(j),G=a.fillTo(i,n,a.min,a.max,M),O=N(G),ne=k(h[s]),V=k(h[r]);R==-1&&([V,ne]=[ne,V]),S(F,V,O),S(F,ne,O)}if(!a.spanGaps){let F=[];ee&&F.push(...Us(h,f,s,r,R,k,e)),Z.gaps=F=a.gaps(i,n,s,r,F),Z.clip=zi(F,d.ori,E,D,H,W)}return q!=0&&(Z.band=q==2?[zt(i,n,s,r,j,-1),zt(i,n,s,r,j,1)]:zt(i,n,s,r,j,q)),Z})}function Wc(t){let e=le(t.align,1),i=le(t.ascDesc,!1),n=le(t.alignGaps,0),s=le(t.extend,!1);return(r,a,h,f)=>hn(r,a,(d,b,m,v,E,D,H,W,I,k,N)=>{[h,f]=Di(m,h,f);let S=d.pxRound,{left:J,width:R}=r.bbox,Z=ie=>S(D(ie,v,k,W)),j=ie=>S(H(ie,E,N,I)),ee=v.ori==0?Un:Gn,K={stroke:new Path2D,fill:null,clip:null,band:null,gaps:null,flags:Wn},M=K.stroke,q=v.dir*(v.ori==0?1:-1),F=j(m[q==1?h:f]),G=Z(b[q==1?h:f]),O=G,ne=G;s&&e==-1&&(ne=J,ee(M,ne,F)),ee(M,G,F);for(let ie=q==1?h:f;ie>=h&&ie<=f;ie+=q){let ue=m[ie];if(ue==null)continue;let Q=Z(b[ie]),z=j(ue);e==1?ee(M,Q,F):ee(M,O,z),ee(M,Q,z),F=z,O=Q}let V=O;s&&e==1&&(V=J+R,ee(M,V,F));let[Ye,we]=Is(r,a);if(d.fill!=null||Ye!=0){let ie=K.fill=new Path2D(M),ue=d.fillTo(r,a,d.min,d.max,Ye),Q=j(ue);ee(ie,V,Q),ee(ie,ne,Q)}if(!d.spanGaps){let ie=[];ie.push(...Us(b,m,h,f,q,Z,n));let ue=d.width*re/2,Q=i||e==1?ue:-ue,z=i||e==-1?-ue:ue;ie.forEach(Ee=>{Ee[0]+=Q,Ee[1]+=z}),K.gaps=ie=d.gaps(r,a,h,f,ie),K.clip=zi(ie,v.ori,W,I,k,N)}return we!=0&&(K.band=we==2?[zt(r,a,h,f,M,-1),zt(r,a,h,f,M,1)]:zt(r,a,h,f,M,we)),K})}function So(t,e,i,n,s,r,a=fe){if(t.length>1){let h=null;for(let f=0,d=1/0;f<t.length;f++)if(e[f]!==void 0){if(h!=null){let b=Le(t[f]-t[h]);b<d&&(d=b,a=Le(i(t[f],n,s,r)-i(t[h],n,s,r)))}h=f}}return a}function Ic(t){t=t||ai;let e=le(t.size,[.6,fe,1]),i=t.align||0,n=t.gap||0,s=t.radius;s=s==null?[0,0]:typeof s=="number"?[s,0]:s;let r=te(s),a=1-e[0],h=le(e[1],fe),f=le(e[2],1),d=le(t.disp,ai),b=le(t.each,E=>{}),{fill:m,stroke:v}=d;return(E,D,H,W)=>hn(E,D,(I,k,N,S,J,R,Z,j,ee,K,M)=>{let q=I.pxRound,F=i,G=n*re,O=h*re,ne=f*re,V,Ye;S.ori==0?[V,Ye]=r(E,D):[Ye,V]=r(E,D);let we=S.dir*(S.ori==0?1:-1),ie=S.ori==0?Vi:Gs,ue=S.ori==0?b:(L,de,_e,gn,Yt,St,qt)=>{b(L,de,_e,Yt,gn,qt,St)},Q=le(E.bands,$s).find(L=>L.series[0]==D),z=Q!=null?Q.dir:0,Ee=I.fillTo(E,D,I.min,I.max,z),We=q(Z(Ee,J,M,ee)),ye,ae,dt,Ze=K,ke=q(I.width*re),kt=!1,Lt=null,ot=null,Ht=null,pn=null;m!=null&&(ke==0||v!=null)&&(kt=!0,Lt=m.values(E,D,H,W),ot=new Map,new Set(Lt).forEach(L=>{L!=null&&ot.set(L,new Path2D)}),ke>0&&(Ht=v.values(E,D,H,W),pn=new Map,new Set(Ht).forEach(L=>{L!=null&&pn.set(L,new Path2D)})));let{x0:dn,size:Kn}=d;if(dn!=null&&Kn!=null){F=1,k=dn.values(E,D,H,W),dn.unit==2&&(k=k.map(_e=>E.posToVal(j+_e*K,S.key,!0)));let L=Kn.values(E,D,H,W);Kn.unit==2?ae=L[0]*K:ae=R(L[0],S,K,j)-R(0,S,K,j),Ze=So(k,N,R,S,K,j,Ze),dt=Ze-ae+G}else Ze=So(k,N,R,S,K,j,Ze),dt=Ze*a+G,ae=Ze-dt;dt<1&&(dt=0),ke>=ae/2&&(ke=0),dt<5&&(q=Do);let pi=dt>0,Kt=Ze-dt-(pi?ke:0);ae=q(As(Kt,ne,O)),ye=(F==0?ae/2:F==we?0:ae)-F*we*((F==0?G/2:0)+(pi?ke/2:0));let Ie={stroke:null,fill:null,clip:null,band:null,gaps:null,flags:0},mn=kt?null:new Path2D,Pt=null;if(Q!=null)Pt=E.data[Q.series[1]];else{let{y0:L,y1:de}=d;L!=null&&de!=null&&(N=de.values(E,D,H,W),Pt=L.values(E,D,H,W))}let jt=V*ae,Y=Ye*ae;for(let L=we==1?H:W;L>=H&&L<=W;L+=we){let de=N[L];if(de==null)continue;if(Pt!=null){let qe=Pt[L]??0;if(de-qe==0)continue;We=Z(qe,J,M,ee)}let _e=S.distr!=2||d!=null?k[L]:L,gn=R(_e,S,K,j),Yt=Z(le(de,Ee),J,M,ee),St=q(gn-ye),qt=q(je(Yt,We)),Qe=q(xt(Yt,We)),rt=qt-Qe;if(de!=null){let qe=de<0?Y:jt,mt=de<0?jt:Y;kt?(ke>0&&Ht[L]!=null&&ie(pn.get(Ht[L]),St,Qe+st(ke/2),ae,je(0,rt-ke),qe,mt),Lt[L]!=null&&ie(ot.get(Lt[L]),St,Qe+st(ke/2),ae,je(0,rt-ke),qe,mt)):ie(mn,St,Qe+st(ke/2),ae,je(0,rt-ke),qe,mt),ue(E,D,L,St-ke/2,Qe,ae+ke,rt)}}return ke>0?Ie.stroke=kt?pn:mn:kt||(Ie._fill=I.width==0?I._fill:I._stroke??I._fill,Ie.width=0),Ie.fill=kt?ot:mn,Ie})}function Uc(t,e){let i=le(e?.alignGaps,0);return(n,s,r,a)=>hn(n,s,(h,f,d,b,m,v,E,D,H,W,I)=>{[r,a]=Di(d,r,a);let k=h.pxRound,N=V=>k(v(V,b,W,D)),S=V=>k(E(V,m,I,H)),J,R,Z;b.ori==0?(J=$i,Z=Un,R=lr):(J=Hi,Z=Gn,R=or);let j=b.dir*(b.ori==0?1:-1),ee=N(f[j==1?r:a]),K=ee,M=[],q=[];for(let V=j==1?r:a;V>=r&&V<=a;V+=j)if(d[V]!=null){let we=f[V],ie=N(we);M.push(K=ie),q.push(S(d[V]))}let F={stroke:t(M,q,J,Z,R,k),fill:null,clip:null,band:null,gaps:null,flags:Wn},G=F.stroke,[O,ne]=Is(n,s);if(h.fill!=null||O!=0){let V=F.fill=new Path2D(G),Ye=h.fillTo(n,s,h.min,h.max,O),we=S(Ye);Z(V,K,we),Z(V,ee,we)}if(!h.spanGaps){let V=[];V.push(...Us(f,d,r,a,j,N,i)),F.gaps=V=h.gaps(n,s,r,a,V),F.clip=zi(V,b.ori,D,H,W,I)}return ne!=0&&(F.band=ne==2?[zt(n,s,r,a,G,-1),zt(n,s,r,a,G,1)]:zt(n,s,r,a,G,ne)),F})}function Gc(t){return Uc(Bc,t)}function Bc(t,e,i,n,s,r){let a=t.length;if(a<2)return null;let h=new Path2D;if(i(h,t[0],e[0]),a==2)n(h,t[1],e[1]);else{let f=Array(a),d=Array(a-1),b=Array(a-1),m=Array(a-1);for(let v=0;v<a-1;v++)b[v]=e[v+1]-e[v],m[v]=t[v+1]-t[v],d[v]=b[v]/m[v];f[0]=d[0];for(let v=1;v<a-1;v++)d[v]===0||d[v-1]===0||d[v-1]>0!=d[v]>0?f[v]=0:(f[v]=3*(m[v-1]+m[v])/((2*m[v]+m[v-1])/d[v-1]+(m[v]+2*m[v-1])/d[v]),isFinite(f[v])||(f[v]=0));f[a-1]=d[a-2];for(let v=0;v<a-1;v++)s(h,t[v]+m[v]/3,e[v]+f[v]*m[v]/3,t[v+1]-m[v]/3,e[v+1]-f[v+1]*m[v]/3,t[v+1],e[v+1])}return h}var Cs=new Set;function Mo(){for(let t of Cs)t.syncRect(!0)}In&&(cn(Aa,$n,Mo),cn(Ta,$n,Mo,!0),cn(Ci,$n,()=>{Ve.pxRatio=re}));var Kc=cr(),jc=rr();function Ao(t,e,i,n){return(n?[t[0],t[1]].concat(t.slice(2)):[t[0]].concat(t.slice(1))).map((r,a)=>Ls(r,a,e,i))}function Yc(t,e){return t.map((i,n)=>n==0?{}:Te({},e,i))}function Ls(t,e,i,n){return Te({},e==0?i:n,t)}function ur(t,e,i){return e==null?Vn:[e,i]}var qc=ur;function Jc(t,e,i){return e==null?Vn:Li(e,i,Fs,!0)}function hr(t,e,i,n){return e==null?Vn:Ri(e,i,t.scales[n].log,!1)}var Zc=hr;function fr(t,e,i,n){return e==null?Vn:Ns(e,i,t.scales[n].log,!1)}var Qc=fr;function Xc(t,e,i,n,s){let r=je(no(t),no(e)),a=e-t,h=yt(s/n*a,i);do{let f=i[h],d=n*f/a;if(d>=s&&r+(f<5?Bt.get(f):0)<=17)return[f,d]}while(++h<i.length);return[0,0]}function To(t){let e,i;return t=t.replace(/(\d+)px/,(n,s)=>(e=Ce((i=+s)*re))+"px"),[t,e,i]}function eu(t){t.show&&[t.font,t.labelFont].forEach(e=>{let i=pe(e[2]*re,1);e[0]=e[0].replace(/[0-9.]+px/,i+"px"),e[1]=i})}function Ve(t,e,i){let n={mode:le(t.mode,1)},s=n.mode;function r(l,o,c,u){let p=o.valToPct(l);return u+c*(o.dir==-1?1-p:p)}function a(l,o,c,u){let p=o.valToPct(l);return u+c*(o.dir==-1?p:1-p)}function h(l,o,c,u){return o.ori==0?r(l,o,c,u):a(l,o,c,u)}n.valToPosH=r,n.valToPosV=a;let f=!1;n.status=0;let d=n.root=ft(ra);if(t.id!=null&&(d.id=t.id),it(d,t.class),t.title){let l=ft(ua,d);l.textContent=t.title}let b=wt("canvas"),m=n.ctx=b.getContext("2d"),v=ft(ha,d);cn("click",v,l=>{l.target===D&&(me!=En||xe!=_n)&&He.click(n,l)},!0);let E=n.under=ft(fa,v);v.appendChild(b);let D=n.over=ft(pa,v);t=On(t);let H=+le(t.pxAlign,1),W=ko(H);(t.plugins||[]).forEach(l=>{l.opts&&(t=l.opts(n,t)||t)});let I=t.ms||.001,k=n.series=s==1?Ao(t.series||[],mo,yo,!1):Yc(t.series||[null],wo),N=n.axes=Ao(t.axes||[],po,vo,!0),S=n.scales={},J=n.bands=t.bands||[];J.forEach(l=>{l.fill=te(l.fill||null),l.dir=le(l.dir,-1)});let R=s==2?k[1].facets[0].scale:k[0].scale,Z={axes:Wr,series:zr},j=(t.drawOrder||["axes","series"]).map(l=>Z[l]);function ee(l){let o=l.distr==3?c=>Ft(c>0?c:l.clamp(n,c,l.min,l.max,l.key)):l.distr==4?c=>vs(c,l.asinh):l.distr==100?c=>l.fwd(c):c=>c;return c=>{let u=o(c),{_min:p,_max:g}=l,w=g-p;return(u-p)/w}}function K(l){let o=S[l];if(o==null){let c=(t.scales||ai)[l]||ai;if(c.from!=null){K(c.from);let u=Te({},S[c.from],c,{key:l});u.valToPct=ee(u),S[l]=u}else{o=S[l]=Te({},l==R?er:zc,c),o.key=l;let u=o.time,p=o.range,g=Gt(p);if((l!=R||s==2&&!u)&&(g&&(p[0]==null||p[1]==null)&&(p={min:p[0]==null?Xl:{mode:1,hard:p[0],soft:p[0]},max:p[1]==null?Xl:{mode:1,hard:p[1],soft:p[1]}},g=!1),!g&&Fi(p))){let w=p;p=(y,x,T)=>x==null?Vn:Li(x,T,w)}o.range=te(p||(u?qc:l==R?o.distr==3?Zc:o.distr==4?Qc:ur:o.distr==3?hr:o.distr==4?fr:Jc)),o.auto=te(g?!1:o.auto),o.clamp=te(o.clamp||Fc),o._min=o._max=null,o.valToPct=ee(o)}}}K("x"),K("y"),s==1&&k.forEach(l=>{K(l.scale)}),N.forEach(l=>{K(l.scale)});for(let l in t.scales)K(l);let M=S[R],q=M.distr,F,G;M.ori==0?(it(d,aa),F=r,G=a):(it(d,ca),F=a,G=r);let O={};for(let l in S){let o=S[l];(o.min!=null||o.max!=null)&&(O[l]={min:o.min,max:o.max},o.min=o.max=null)}let ne=t.tzDate||(l=>new Date(Ce(l/I))),V=t.fmtDate||Hs,Ye=I==1?ac(ne):hc(ne),we=uo(ne,co(I==1?rc:uc,V)),ie=fo(ne,ho(pc,V)),ue=[],Q=n.legend=Te({},gc,t.legend),z=n.cursor=Te({},kc,{drag:{y:s==2}},t.cursor),Ee=Q.show,We=z.show,ye=Q.markers;Q.idxs=ue,ye.width=te(ye.width),ye.dash=te(ye.dash),ye.stroke=te(ye.stroke),ye.fill=te(ye.fill);let ae,dt,Ze,ke=[],kt=[],Lt,ot=!1,Ht={};if(Q.live){let l=k[1]?k[1].values:null;ot=l!=null,Lt=ot?l(n,1,0):{_:0};for(let o in Lt)Ht[o]=Ds}if(Ee)if(ae=wt("table",wa,d),Ze=wt("tbody",null,ae),Q.mount(n,ae),ot){dt=wt("thead",null,ae,Ze);let l=wt("tr",null,dt);wt("th",null,l);for(var pn in Lt)wt("th",Ol,l).textContent=pn}else it(ae,xa),Q.live&&it(ae,ya);let dn={show:!0},Kn={show:!1};function pi(l,o){if(o==0&&(ot||!Q.live||s==2))return Vn;let c=[],u=wt("tr",ka,Ze,Ze.childNodes[o]);it(u,l.class),l.show||it(u,an);let p=wt("th",null,u);if(ye.show){let y=ft(Sa,p);if(o>0){let x=ye.width(n,o);x&&(y.style.border=x+"px "+ye.dash(n,o)+" "+ye.stroke(n,o)),y.style.background=ye.fill(n,o)}}let g=ft(Ol,p);l.label instanceof HTMLElement?g.appendChild(l.label):g.textContent=l.label,o>0&&(ye.show||(g.style.color=l.width>0?ye.stroke(n,o):ye.fill(n,o)),Ie("click",p,y=>{if(z._lock)return;Zt(y);let x=k.indexOf(l);if((y.ctrlKey||y.metaKey)!=Q.isolate){let T=k.some((_,P)=>P>0&&P!=x&&_.show);k.forEach((_,P)=>{P>0&&At(P,T?P==x?dn:Kn:dn,!0,Ae.setSeries)})}else At(x,{show:!l.show},!0,Ae.setSeries)},!1),bn&&Ie(Gl,p,y=>{z._lock||(Zt(y),At(k.indexOf(l),Ln,!0,Ae.setSeries))},!1));for(var w in Lt){let y=wt("td",Ma,u);y.textContent="--",c.push(y)}return[u,c]}let Kt=new Map;function Ie(l,o,c,u=!0){let p=Kt.get(o)||{},g=z.bind[l](n,o,c,u);g&&(cn(l,o,p[l]=g),Kt.set(o,p))}function mn(l,o,c){let u=Kt.get(o)||{};for(let p in u)(l==null||p==l)&&(Ms(p,o,u[p]),delete u[p]);l==null&&Kt.delete(o)}let Pt=0,jt=0,Y=0,L=0,de=0,_e=0,gn=de,Yt=_e,St=Y,qt=L,Qe=0,rt=0,qe=0,mt=0;n.bbox={};let Gi=!1,di=!1,vn=!1,Jt=!1,mi=!1,at=!1;function Bi(l,o,c){(c||l!=n.width||o!=n.height)&&el(l,o),Sn(!1),vn=!0,di=!0,Mn()}function el(l,o){n.width=Pt=Y=l,n.height=jt=L=o,de=_e=0,Cr(),Lr();let c=n.bbox;Qe=c.left=on(de*re,.5),rt=c.top=on(_e*re,.5),qe=c.width=on(Y*re,.5),mt=c.height=on(L*re,.5)}let Tr=3;function Er(){let l=!1,o=0;for(;!l;){o++;let c=Vr(o),u=Or(o);l=o==Tr||c&&u,l||(el(n.width,n.height),di=!0)}}function _r({width:l,height:o}){Bi(l,o)}n.setSize=_r;function Cr(){let l=!1,o=!1,c=!1,u=!1;N.forEach((p,g)=>{if(p.show&&p._show){let{side:w,_size:y}=p,x=w%2,T=p.label!=null?p.labelSize:0,_=y+T;_>0&&(x?(Y-=_,w==3?(de+=_,u=!0):c=!0):(L-=_,w==0?(_e+=_,l=!0):o=!0))}}),Qt[0]=l,Qt[1]=c,Qt[2]=o,Qt[3]=u,Y-=Vt[1]+Vt[3],de+=Vt[3],L-=Vt[2]+Vt[0],_e+=Vt[0]}function Lr(){let l=de+Y,o=_e+L,c=de,u=_e;function p(g,w){switch(g){case 1:return l+=w,l-w;case 2:return o+=w,o-w;case 3:return c-=w,c+w;case 0:return u-=w,u+w}}N.forEach((g,w)=>{if(g.show&&g._show){let y=g.side;g._pos=p(y,g._size),g.label!=null&&(g._lpos=p(y,g.labelSize))}})}if(z.dataIdx==null){let l=z.hover,o=l.skip=new Set(l.skip??[]);o.add(void 0);let c=l.prox=te(l.prox),u=l.bias??=0;z.dataIdx=(p,g,w,y)=>{if(g==0)return w;let x=w,T=c(p,g,w,y)??fe,_=T>=0&&T<fe,P=M.ori==0?Y:L,B=z.left,oe=e[0],se=e[g];if(o.has(se[w])){x=null;let X=null,U=null,$;if(u==0||u==-1)for($=w;X==null&&$-- >0;)o.has(se[$])||(X=$);if(u==0||u==1)for($=w;U==null&&$++<se.length;)o.has(se[$])||(U=$);if(X!=null||U!=null)if(_){let ve=X==null?-1/0:F(oe[X],M,P,0),Se=U==null?1/0:F(oe[U],M,P,0),ze=B-ve,he=Se-B;ze<=he?ze<=T&&(x=X):he<=T&&(x=U)}else x=U==null?X:X==null?U:w-X<=U-w?X:U}else _&&Le(B-F(oe[w],M,P,0))>T&&(x=null);return x}}let Zt=l=>{z.event=l};z.idxs=ue,z._lock=!1;let Oe=z.points;Oe.show=te(Oe.show),Oe.size=te(Oe.size),Oe.stroke=te(Oe.stroke),Oe.width=te(Oe.width),Oe.fill=te(Oe.fill);let Mt=n.focus=Te({},t.focus||{alpha:.3},z.focus),bn=Mt.prox>=0,wn=bn&&Oe.one,ct=[],yn=[],xn=[];function tl(l,o){let c=Oe.show(n,o);if(c instanceof HTMLElement)return it(c,ba),it(c,l.class),Ct(c,-10,-10,Y,L),D.insertBefore(c,ct[o]),c}function nl(l,o){if(s==1||o>0){let c=s==1&&S[l.scale].time,u=l.value;l.value=c?lo(u)?fo(ne,ho(u,V)):u||ie:u||Dc,l.label=l.label||(c?Mc:Sc)}if(wn||o>0){l.width=l.width==null?1:l.width,l.paths=l.paths||Kc||za,l.fillTo=te(l.fillTo||$c),l.pxAlign=+le(l.pxAlign,H),l.pxRound=ko(l.pxAlign),l.stroke=te(l.stroke||null),l.fill=te(l.fill||null),l._stroke=l._fill=l._paths=l._focus=null;let c=Rc(je(1,l.width),1),u=l.points=Te({},{size:c,width:je(1,c*.2),stroke:l.stroke,space:c*2,paths:jc,_stroke:null,_fill:null},l.points);u.show=te(u.show),u.filter=te(u.filter),u.fill=te(u.fill),u.stroke=te(u.stroke),u.paths=te(u.paths),u.pxAlign=l.pxAlign}if(Ee){let c=pi(l,o);ke.splice(o,0,c[0]),kt.splice(o,0,c[1]),Q.values.push(null)}if(We){ue.splice(o,0,null);let c=null;wn?o==0&&(c=tl(l,o)):o>0&&(c=tl(l,o)),ct.splice(o,0,c),yn.splice(o,0,0),xn.splice(o,0,0)}Fe("addSeries",o)}function Pr(l,o){o=o??k.length,l=s==1?Ls(l,o,mo,yo):Ls(l,o,{},wo),k.splice(o,0,l),nl(k[o],o)}n.addSeries=Pr;function Dr(l){if(k.splice(l,1),Ee){Q.values.splice(l,1),kt.splice(l,1);let o=ke.splice(l,1)[0];mn(null,o.firstChild),o.remove()}We&&(ue.splice(l,1),ct.splice(l,1)[0].remove(),yn.splice(l,1),xn.splice(l,1)),Fe("delSeries",l)}n.delSeries=Dr;let Qt=[!1,!1,!1,!1];function Rr(l,o){if(l._show=l.show,l.show){let c=l.side%2,u=S[l.scale];u==null&&(l.scale=c?k[1].scale:R,u=S[l.scale]);let p=u.time;l.size=te(l.size),l.space=te(l.space),l.rotate=te(l.rotate),Gt(l.incrs)&&l.incrs.forEach(w=>{!Bt.has(w)&&Bt.set(w,Fo(w))}),l.incrs=te(l.incrs||(u.distr==2?sc:p?I==1?oc:cc:rn)),l.splits=te(l.splits||(p&&u.distr==1?Ye:u.distr==3?Ts:u.distr==4?Ec:Tc)),l.stroke=te(l.stroke),l.grid.stroke=te(l.grid.stroke),l.ticks.stroke=te(l.ticks.stroke),l.border.stroke=te(l.border.stroke);let g=l.values;l.values=Gt(g)&&!Gt(g[0])?te(g):p?Gt(g)?uo(ne,co(g,V)):lo(g)?fc(ne,g):g||we:g||Ac,l.filter=te(l.filter||(u.distr>=3&&u.log==10?Lc:u.distr==3&&u.log==2?Pc:Ro)),l.font=To(l.font),l.labelFont=To(l.labelFont),l._size=l.size(n,null,o,0),l._space=l._rotate=l._incrs=l._found=l._splits=l._values=null,l._size>0&&(Qt[o]=!0,l._el=ft(da,v))}}function jn(l,o,c,u){let[p,g,w,y]=c,x=o%2,T=0;return x==0&&(y||g)&&(T=o==0&&!p||o==2&&!w?Ce(po.size/3):0),x==1&&(p||w)&&(T=o==1&&!g||o==3&&!y?Ce(vo.size/2):0),T}let il=n.padding=(t.padding||[jn,jn,jn,jn]).map(l=>te(le(l,jn))),Vt=n._padding=il.map((l,o)=>l(n,o,Qt,0)),$e,Pe=null,De=null,gi=s==1?k[0].idxs:null,gt=null,Yn=!1;function sl(l,o){if(e=l??[],n.data=n._data=e,s==2){$e=0;for(let c=1;c<k.length;c++)$e+=e[c][0].length}else{e.length==0&&(n.data=n._data=e=[[]]),gt=e[0],$e=gt.length;let c=e;if(q==2){c=e.slice();let u=c[0]=Array($e);for(let p=0;p<$e;p++)u[p]=p}n._data=e=c}if(Sn(!0),Fe("setData"),q==2&&(vn=!0),o!==!1){let c=M;c.auto(n,Yn)?Ki():Wt(R,c.min,c.max),Jt=Jt||z.left>=0,at=!0,Mn()}}n.setData=sl;function Ki(){Yn=!0;let l,o;s==1&&($e>0?(Pe=gi[0]=0,De=gi[1]=$e-1,l=e[0][Pe],o=e[0][De],q==2?(l=Pe,o=De):l==o&&(q==3?[l,o]=Ri(l,l,M.log,!1):q==4?[l,o]=Ns(l,l,M.log,!1):M.time?o=l+Ce(86400/I):[l,o]=Li(l,o,Fs,!0))):(Pe=gi[0]=l=null,De=gi[1]=o=null)),Wt(R,l,o)}let vi,kn,ji,Yi,qi,Ji,Zi,Qi,Xi,Je;function ll(l,o,c,u,p,g){l??=Il,c??=$s,u??="butt",p??=Il,g??="round",l!=vi&&(m.strokeStyle=vi=l),p!=kn&&(m.fillStyle=kn=p),o!=ji&&(m.lineWidth=ji=o),g!=qi&&(m.lineJoin=qi=g),u!=Ji&&(m.lineCap=Ji=u),c!=Yi&&m.setLineDash(Yi=c)}function ol(l,o,c,u){o!=kn&&(m.fillStyle=kn=o),l!=Zi&&(m.font=Zi=l),c!=Qi&&(m.textAlign=Qi=c),u!=Xi&&(m.textBaseline=Xi=u)}function es(l,o,c,u,p=0){if(u.length>0&&l.auto(n,Yn)&&(o==null||o.min==null)){let g=le(Pe,0),w=le(De,u.length-1),y=c.min==null?La(u,g,w,p,l.distr==3):[c.min,c.max];l.min=xt(l.min,c.min=y[0]),l.max=je(l.max,c.max=y[1])}}let rl={min:null,max:null};function Nr(){for(let u in S){let p=S[u];O[u]==null&&(p.min==null||O[R]!=null&&p.auto(n,Yn))&&(O[u]=rl)}for(let u in S){let p=S[u];O[u]==null&&p.from!=null&&O[p.from]!=null&&(O[u]=rl)}O[R]!=null&&Sn(!0);let l={};for(let u in O){let p=O[u];if(p!=null){let g=l[u]=On(S[u],Va);if(p.min!=null)Te(g,p);else if(u!=R||s==2)if($e==0&&g.from==null){let w=g.range(n,null,null,u);g.min=w[0],g.max=w[1]}else g.min=fe,g.max=-fe}}if($e>0){k.forEach((u,p)=>{if(s==1){let g=u.scale,w=O[g];if(w==null)return;let y=l[g];if(p==0){let x=y.range(n,y.min,y.max,g);y.min=x[0],y.max=x[1],Pe=yt(y.min,e[0]),De=yt(y.max,e[0]),De-Pe>1&&(e[0][Pe]<y.min&&Pe++,e[0][De]>y.max&&De--),u.min=gt[Pe],u.max=gt[De]}else u.show&&u.auto&&es(y,w,u,e[p],u.sorted);u.idxs[0]=Pe,u.idxs[1]=De}else if(p>0&&u.show&&u.auto){let[g,w]=u.facets,y=g.scale,x=w.scale,[T,_]=e[p],P=l[y],B=l[x];P!=null&&es(P,O[y],g,T,g.sorted),B!=null&&es(B,O[x],w,_,w.sorted),u.min=w.min,u.max=w.max}});for(let u in l){let p=l[u],g=O[u];if(p.from==null&&(g==null||g.min==null)){let w=p.range(n,p.min==fe?null:p.min,p.max==-fe?null:p.max,u);p.min=w[0],p.max=w[1]}}}for(let u in l){let p=l[u];if(p.from!=null){let g=l[p.from];if(g.min==null)p.min=p.max=null;else{let w=p.range(n,g.min,g.max,u);p.min=w[0],p.max=w[1]}}}let o={},c=!1;for(let u in l){let p=l[u],g=S[u];if(g.min!=p.min||g.max!=p.max){g.min=p.min,g.max=p.max;let w=g.distr;g._min=w==3?Ft(g.min):w==4?vs(g.min,g.asinh):w==100?g.fwd(g.min):g.min,g._max=w==3?Ft(g.max):w==4?vs(g.max,g.asinh):w==100?g.fwd(g.max):g.max,o[u]=c=!0}}if(c){k.forEach((u,p)=>{s==2?p>0&&o.y&&(u._paths=null):o[u.scale]&&(u._paths=null)});for(let u in o)vn=!0,Fe("setScale",u);We&&z.left>=0&&(Jt=at=!0)}for(let u in O)O[u]=null}function Fr(l){let o=As(Pe-1,0,$e-1),c=As(De+1,0,$e-1);for(;l[o]==null&&o>0;)o--;for(;l[c]==null&&c<$e-1;)c++;return[o,c]}function zr(){if($e>0){let l=k.some(o=>o._focus)&&Je!=Mt.alpha;l&&(m.globalAlpha=Je=Mt.alpha),k.forEach((o,c)=>{if(c>0&&o.show&&(al(c,!1),al(c,!0),o._paths==null)){let u=Je;Je!=o.alpha&&(m.globalAlpha=Je=o.alpha);let p=s==2?[0,e[c][0].length-1]:Fr(e[c]);o._paths=o.paths(n,c,p[0],p[1]),Je!=u&&(m.globalAlpha=Je=u)}}),k.forEach((o,c)=>{if(c>0&&o.show){let u=Je;Je!=o.alpha&&(m.globalAlpha=Je=o.alpha),o._paths!=null&&cl(c,!1);{let p=o._paths!=null?o._paths.gaps:null,g=o.points.show(n,c,Pe,De,p),w=o.points.filter(n,c,g,p);(g||w)&&(o.points._paths=o.points.paths(n,c,Pe,De,w),cl(c,!0))}Je!=u&&(m.globalAlpha=Je=u),Fe("drawSeries",c)}}),l&&(m.globalAlpha=Je=1)}}function al(l,o){let c=o?k[l].points:k[l];c._stroke=c.stroke(n,l),c._fill=c.fill(n,l)}function cl(l,o){let c=o?k[l].points:k[l],{stroke:u,fill:p,clip:g,flags:w,_stroke:y=c._stroke,_fill:x=c._fill,_width:T=c.width}=c._paths;T=pe(T*re,3);let _=null,P=T%2/2;o&&x==null&&(x=T>0?"#fff":y);let B=c.pxAlign==1&&P>0;if(B&&m.translate(P,P),!o){let oe=Qe-T/2,se=rt-T/2,X=qe+T,U=mt+T;_=new Path2D,_.rect(oe,se,X,U)}o?ts(y,T,c.dash,c.cap,x,u,p,w,g):$r(l,y,T,c.dash,c.cap,x,u,p,w,_,g),B&&m.translate(-P,-P)}function $r(l,o,c,u,p,g,w,y,x,T,_){let P=!1;x!=0&&J.forEach((B,oe)=>{if(B.series[0]==l){let se=k[B.series[1]],X=e[B.series[1]],U=(se._paths||ai).band;Gt(U)&&(U=B.dir==1?U[0]:U[1]);let $,ve=null;se.show&&U&&Da(X,Pe,De)?(ve=B.fill(n,oe)||g,$=se._paths.clip):U=null,ts(o,c,u,p,ve,w,y,x,T,_,$,U),P=!0}}),P||ts(o,c,u,p,g,w,y,x,T,_)}let ul=Wn|_s;function ts(l,o,c,u,p,g,w,y,x,T,_,P){ll(l,o,c,u,p),(x||T||P)&&(m.save(),x&&m.clip(x),T&&m.clip(T)),P?(y&ul)==ul?(m.clip(P),_&&m.clip(_),wi(p,w),bi(l,g,o)):y&_s?(wi(p,w),m.clip(P),bi(l,g,o)):y&Wn&&(m.save(),m.clip(P),_&&m.clip(_),wi(p,w),m.restore(),bi(l,g,o)):(wi(p,w),bi(l,g,o)),(x||T||P)&&m.restore()}function bi(l,o,c){c>0&&(o instanceof Map?o.forEach((u,p)=>{m.strokeStyle=vi=p,m.stroke(u)}):o!=null&&l&&m.stroke(o))}function wi(l,o){o instanceof Map?o.forEach((c,u)=>{m.fillStyle=kn=u,m.fill(c)}):o!=null&&l&&m.fill(o)}function Hr(l,o,c,u){let p=N[l],g;if(u<=0)g=[0,0];else{let w=p._space=p.space(n,l,o,c,u),y=p._incrs=p.incrs(n,l,o,c,u,w);g=Xc(o,c,y,u,w)}return p._found=g}function ns(l,o,c,u,p,g,w,y,x,T){let _=w%2/2;H==1&&m.translate(_,_),ll(y,w,x,T,y),m.beginPath();let P,B,oe,se,X=p+(u==0||u==3?-g:g);c==0?(B=p,se=X):(P=p,oe=X);for(let U=0;U<l.length;U++)o[U]!=null&&(c==0?P=oe=l[U]:B=se=l[U],m.moveTo(P,B),m.lineTo(oe,se));m.stroke(),H==1&&m.translate(-_,-_)}function Vr(l){let o=!0;return N.forEach((c,u)=>{if(!c.show)return;let p=S[c.scale];if(p.min==null){c._show&&(o=!1,c._show=!1,Sn(!1));return}else c._show||(o=!1,c._show=!0,Sn(!1));let g=c.side,w=g%2,{min:y,max:x}=p,[T,_]=Hr(u,y,x,w==0?Y:L);if(_==0)return;let P=p.distr==2,B=c._splits=c.splits(n,u,y,x,T,_,P),oe=p.distr==2?B.map($=>gt[$]):B,se=p.distr==2?gt[B[1]]-gt[B[0]]:T,X=c._values=c.values(n,c.filter(n,oe,u,_,se),u,_,se);c._rotate=g==2?c.rotate(n,X,u,_):0;let U=c._size;c._size=pt(c.size(n,X,u,l)),U!=null&&c._size!=U&&(o=!1)}),o}function Or(l){let o=!0;return il.forEach((c,u)=>{let p=c(n,u,Qt,l);p!=Vt[u]&&(o=!1),Vt[u]=p}),o}function Wr(){for(let l=0;l<N.length;l++){let o=N[l];if(!o.show||!o._show)continue;let c=o.side,u=c%2,p,g,w=o.stroke(n,l),y=c==0||c==3?-1:1,[x,T]=o._found;if(o.label!=null){let Ge=o.labelGap*y,tt=Ce((o._lpos+Ge)*re);ol(o.labelFont[0],w,"center",c==2?"top":Wl),m.save(),u==1?(p=g=0,m.translate(tt,Ce(rt+mt/2)),m.rotate((c==3?-_i:_i)/2)):(p=Ce(Qe+qe/2),g=tt);let tn=Po(o.label)?o.label(n,l,x,T):o.label;m.fillText(tn,p,g),m.restore()}if(T==0)continue;let _=S[o.scale],P=u==0?qe:mt,B=u==0?Qe:rt,oe=o._splits,se=_.distr==2?oe.map(Ge=>gt[Ge]):oe,X=_.distr==2?gt[oe[1]]-gt[oe[0]]:x,U=o.ticks,$=o.border,ve=U.show?U.size:0,Se=Ce(ve*re),ze=Ce((o.alignTo==2?o._size-ve-o.gap:o.gap)*re),he=o._rotate*-_i/180,Me=W(o._pos*re),Xe=(Se+ze)*y,Ue=Me+Xe;g=u==0?Ue:0,p=u==1?Ue:0;let ut=o.font[0],vt=o.align==1?Fn:o.align==2?ds:he>0?Fn:he<0?ds:u==0?"center":c==3?ds:Fn,Et=he||u==1?"middle":c==2?"top":Wl;ol(ut,w,vt,Et);let et=o.font[1]*o.lineGap,ht=oe.map(Ge=>W(h(Ge,_,P,B))),bt=o._values;for(let Ge=0;Ge<bt.length;Ge++){let tt=bt[Ge];if(tt!=null){u==0?p=ht[Ge]:g=ht[Ge],tt=""+tt;let tn=tt.indexOf(`
`)==-1?[tt]:tt.split(/\n/gm);for(let Be=0;Be<tn.length;Be++){let Cl=tn[Be];he?(m.save(),m.translate(p,g+Be*et),m.rotate(he),m.fillText(Cl,0,0),m.restore()):m.fillText(Cl,p,g+Be*et)}}}U.show&&ns(ht,U.filter(n,se,l,T,X),u,c,Me,Se,pe(U.width*re,3),U.stroke(n,l),U.dash,U.cap);let _t=o.grid;_t.show&&ns(ht,_t.filter(n,se,l,T,X),u,u==0?2:1,u==0?rt:Qe,u==0?mt:qe,pe(_t.width*re,3),_t.stroke(n,l),_t.dash,_t.cap),$.show&&ns([Me],[1],u==0?1:0,u==0?1:2,u==1?rt:Qe,u==1?mt:qe,pe($.width*re,3),$.stroke(n,l),$.dash,$.cap)}Fe("drawAxes")}function Sn(l){k.forEach((o,c)=>{c>0&&(o._paths=null,l&&(s==1?(o.min=null,o.max=null):o.facets.forEach(u=>{u.min=null,u.max=null})))})}let yi=!1,is=!1,qn=[];function Ir(){is=!1;for(let l=0;l<qn.length;l++)Fe(...qn[l]);qn.length=0}function Mn(){yi||(Ka(hl),yi=!0)}function Ur(l,o=!1){yi=!0,is=o,l(n),hl(),o&&qn.length>0&&queueMicrotask(Ir)}n.batch=Ur;function hl(){if(Gi&&(Nr(),Gi=!1),vn&&(Er(),vn=!1),di){if(be(E,Fn,de),be(E,"top",_e),be(E,si,Y),be(E,li,L),be(D,Fn,de),be(D,"top",_e),be(D,si,Y),be(D,li,L),be(v,si,Pt),be(v,li,jt),b.width=Ce(Pt*re),b.height=Ce(jt*re),N.forEach(({_el:l,_show:o,_size:c,_pos:u,side:p})=>{if(l!=null)if(o){let g=p===3||p===0?c:0,w=p%2==1;be(l,w?"left":"top",u-g),be(l,w?"width":"height",c),be(l,w?"top":"left",w?_e:de),be(l,w?"height":"width",w?L:Y),Ss(l,an)}else it(l,an)}),vi=kn=ji=qi=Ji=Zi=Qi=Xi=Yi=null,Je=1,Qn(!0),de!=gn||_e!=Yt||Y!=St||L!=qt){Sn(!1);let l=Y/St,o=L/qt;if(We&&!Jt&&z.left>=0){z.left*=l,z.top*=o,An&&Ct(An,Ce(z.left),0,Y,L),Tn&&Ct(Tn,0,Ce(z.top),Y,L);for(let c=0;c<ct.length;c++){let u=ct[c];u!=null&&(yn[c]*=l,xn[c]*=o,Ct(u,pt(yn[c]),pt(xn[c]),Y,L))}}if(ge.show&&!mi&&ge.left>=0&&ge.width>0){ge.left*=l,ge.width*=l,ge.top*=o,ge.height*=o;for(let c in cs)be(Cn,c,ge[c])}gn=de,Yt=_e,St=Y,qt=L}Fe("setSize"),di=!1}Pt>0&&jt>0&&(m.clearRect(0,0,b.width,b.height),Fe("drawClear"),j.forEach(l=>l()),Fe("draw")),ge.show&&mi&&(xi(ge),mi=!1),We&&Jt&&(en(null,!0,!1),Jt=!1),Q.show&&Q.live&&at&&(rs(),at=!1),f||(f=!0,n.status=1,Fe("ready")),Yn=!1,yi=!1}n.redraw=(l,o)=>{vn=o||!1,l!==!1?Wt(R,M.min,M.max):Mn()};function ss(l,o){let c=S[l];if(c.from==null){if($e==0){let u=c.range(n,o.min,o.max,l);o.min=u[0],o.max=u[1]}if(o.min>o.max){let u=o.min;o.min=o.max,o.max=u}if($e>1&&o.min!=null&&o.max!=null&&o.max-o.min<1e-16)return;l==R&&c.distr==2&&$e>0&&(o.min=yt(o.min,e[0]),o.max=yt(o.max,e[0]),o.min==o.max&&o.max++),O[l]=o,Gi=!0,Mn()}}n.setScale=ss;let ls,os,An,Tn,fl,pl,En,_n,dl,ml,me,xe,Ot=!1,He=z.drag,Re=He.x,Ne=He.y;We&&(z.x&&(ls=ft(ga,D)),z.y&&(os=ft(va,D)),M.ori==0?(An=ls,Tn=os):(An=os,Tn=ls),me=z.left,xe=z.top);let ge=n.select=Te({show:!0,over:!0,left:0,width:0,top:0,height:0},t.select),Cn=ge.show?ft(ma,ge.over?D:E):null;function xi(l,o){if(ge.show){for(let c in l)ge[c]=l[c],c in cs&&be(Cn,c,l[c]);o!==!1&&Fe("setSelect")}}n.setSelect=xi;function Gr(l){if(k[l].show)Ee&&Ss(ke[l],an);else if(Ee&&it(ke[l],an),We){let c=wn?ct[0]:ct[l];c!=null&&Ct(c,-10,-10,Y,L)}}function Wt(l,o,c){ss(l,{min:o,max:c})}function At(l,o,c,u){o.focus!=null&&qr(l),o.show!=null&&k.forEach((p,g)=>{g>0&&(l==g||l==null)&&(p.show=o.show,Gr(g),s==2?(Wt(p.facets[0].scale,null,null),Wt(p.facets[1].scale,null,null)):Wt(p.scale,null,null),Mn())}),c!==!1&&Fe("setSeries",l,o),u&&Xn("setSeries",n,l,o)}n.setSeries=At;function Br(l,o){Te(J[l],o)}function Kr(l,o){l.fill=te(l.fill||null),l.dir=le(l.dir,-1),o=o??J.length,J.splice(o,0,l)}function jr(l){l==null?J.length=0:J.splice(l,1)}n.addBand=Kr,n.setBand=Br,n.delBand=jr;function Yr(l,o){k[l].alpha=o,We&&ct[l]!=null&&(ct[l].style.opacity=o),Ee&&ke[l]&&(ke[l].style.opacity=o)}let Dt,It,Xt,Ln={focus:!0};function qr(l){if(l!=Xt){let o=l==null,c=Mt.alpha!=1;k.forEach((u,p)=>{if(s==1||p>0){let g=o||p==0||p==l;u._focus=o?null:g,c&&Yr(p,g?1:Mt.alpha)}}),Xt=l,c&&Mn()}}Ee&&bn&&Ie(Bl,ae,l=>{z._lock||(Zt(l),Xt!=null&&At(null,Ln,!0,Ae.setSeries))});function Tt(l,o,c){let u=S[o];c&&(l=l/re-(u.ori==1?_e:de));let p=Y;u.ori==1&&(p=L,l=p-l),u.dir==-1&&(l=p-l);let g=u._min,w=u._max,y=l/p,x=g+(w-g)*y,T=u.distr;return T==3?Hn(10,x):T==4?Na(x,u.asinh):T==100?u.bwd(x):x}function Jr(l,o){let c=Tt(l,R,o);return yt(c,e[0],Pe,De)}n.valToIdx=l=>yt(l,e[0]),n.posToIdx=Jr,n.posToVal=Tt,n.valToPos=(l,o,c)=>S[o].ori==0?r(l,S[o],c?qe:Y,c?Qe:0):a(l,S[o],c?mt:L,c?rt:0),n.setCursor=(l,o,c)=>{me=l.left,xe=l.top,en(null,o,c)};function gl(l,o){be(Cn,Fn,ge.left=l),be(Cn,si,ge.width=o)}function vl(l,o){be(Cn,"top",ge.top=l),be(Cn,li,ge.height=o)}let Jn=M.ori==0?gl:vl,Zn=M.ori==1?gl:vl;function Zr(){if(Ee&&Q.live)for(let l=s==2?1:0;l<k.length;l++){if(l==0&&ot)continue;let o=Q.values[l],c=0;for(let u in o)kt[l][c++].firstChild.nodeValue=o[u]}}function rs(l,o){if(l!=null&&(l.idxs?l.idxs.forEach((c,u)=>{ue[u]=c}):Ha(l.idx)||ue.fill(l.idx),Q.idx=ue[0]),Ee&&Q.live){for(let c=0;c<k.length;c++)(c>0||s==1&&!ot)&&Qr(c,ue[c]);Zr()}at=!1,o!==!1&&Fe("setLegend")}n.setLegend=rs;function Qr(l,o){let c=k[l],u=l==0&&q==2?gt:e[l],p;ot?p=c.values(n,l,o)??Ht:(p=c.value(n,o==null?null:u[o],l,o),p=p==null?Ht:{_:p}),Q.values[l]=p}function en(l,o,c){dl=me,ml=xe,[me,xe]=z.move(n,me,xe),z.left=me,z.top=xe,We&&(An&&Ct(An,Ce(me),0,Y,L),Tn&&Ct(Tn,0,Ce(xe),Y,L));let u,p=Pe>De;Dt=fe,It=null;let g=M.ori==0?Y:L,w=M.ori==1?Y:L;if(me<0||$e==0||p){u=z.idx=null;for(let y=0;y<k.length;y++){let x=ct[y];x!=null&&Ct(x,-10,-10,Y,L)}bn&&At(null,Ln,!0,l==null&&Ae.setSeries),Q.live&&(ue.fill(u),at=!0)}else{let y,x,T;s==1&&(y=M.ori==0?me:xe,x=Tt(y,R),u=z.idx=yt(x,e[0],Pe,De),T=F(e[0][u],M,g,0));let _=-10,P=-10,B=0,oe=0,se=!0,X="",U="";for(let $=s==2?1:0;$<k.length;$++){let ve=k[$],Se=ue[$],ze=Se==null?null:s==1?e[$][Se]:e[$][1][Se],he=z.dataIdx(n,$,u,x),Me=he==null?null:s==1?e[$][he]:e[$][1][he];if(at=at||Me!=ze||he!=Se,ue[$]=he,$>0&&ve.show){let Xe=he==null?-10:he==u?T:F(s==1?e[0][he]:e[$][0][he],M,g,0),Ue=Me==null?-10:G(Me,s==1?S[ve.scale]:S[ve.facets[1].scale],w,0);if(bn&&Me!=null){let ut=M.ori==1?me:xe,vt=Le(Mt.dist(n,$,he,Ue,ut));if(vt<Dt){let Et=Mt.bias;if(Et!=0){let et=Tt(ut,ve.scale),ht=Me>=0?1:-1,bt=et>=0?1:-1;bt==ht&&(bt==1?Et==1?Me>=et:Me<=et:Et==1?Me<=et:Me>=et)&&(Dt=vt,It=$)}else Dt=vt,It=$}}if(at||wn){let ut,vt;M.ori==0?(ut=Xe,vt=Ue):(ut=Ue,vt=Xe);let Et,et,ht,bt,_t,Ge,tt=!0,tn=Oe.bbox;if(tn!=null){tt=!1;let Be=tn(n,$);ht=Be.left,bt=Be.top,Et=Be.width,et=Be.height}else ht=ut,bt=vt,Et=et=Oe.size(n,$);if(Ge=Oe.fill(n,$),_t=Oe.stroke(n,$),wn)$==It&&Dt<=Mt.prox&&(_=ht,P=bt,B=Et,oe=et,se=tt,X=Ge,U=_t);else{let Be=ct[$];Be!=null&&(yn[$]=ht,xn[$]=bt,Ql(Be,Et,et,tt),Jl(Be,Ge,_t),Ct(Be,pt(ht),pt(bt),Y,L))}}}}if(wn){let $=Mt.prox,ve=Xt==null?Dt<=$:Dt>$||It!=Xt;if(at||ve){let Se=ct[0];Se!=null&&(yn[0]=_,xn[0]=P,Ql(Se,B,oe,se),Jl(Se,X,U),Ct(Se,pt(_),pt(P),Y,L))}}}if(ge.show&&Ot)if(l!=null){let[y,x]=Ae.scales,[T,_]=Ae.match,[P,B]=l.cursor.sync.scales,oe=l.cursor.drag;if(Re=oe._x,Ne=oe._y,Re||Ne){let{left:se,top:X,width:U,height:$}=l.select,ve=l.scales[P].ori,Se=l.posToVal,ze,he,Me,Xe,Ue,ut=y!=null&&T(y,P),vt=x!=null&&_(x,B);ut&&Re?(ve==0?(ze=se,he=U):(ze=X,he=$),Me=S[y],Xe=F(Se(ze,P),Me,g,0),Ue=F(Se(ze+he,P),Me,g,0),Jn(xt(Xe,Ue),Le(Ue-Xe))):Jn(0,g),vt&&Ne?(ve==1?(ze=se,he=U):(ze=X,he=$),Me=S[x],Xe=G(Se(ze,B),Me,w,0),Ue=G(Se(ze+he,B),Me,w,0),Zn(xt(Xe,Ue),Le(Ue-Xe))):Zn(0,w)}else us()}else{let y=Le(dl-fl),x=Le(ml-pl);if(M.ori==1){let B=y;y=x,x=B}Re=He.x&&y>=He.dist,Ne=He.y&&x>=He.dist;let T=He.uni;T!=null?Re&&Ne&&(Re=y>=T,Ne=x>=T,!Re&&!Ne&&(x>y?Ne=!0:Re=!0)):He.x&&He.y&&(Re||Ne)&&(Re=Ne=!0);let _,P;Re&&(M.ori==0?(_=En,P=me):(_=_n,P=xe),Jn(xt(_,P),Le(P-_)),Ne||Zn(0,w)),Ne&&(M.ori==1?(_=En,P=me):(_=_n,P=xe),Zn(xt(_,P),Le(P-_)),Re||Jn(0,g)),!Re&&!Ne&&(Jn(0,0),Zn(0,0))}if(He._x=Re,He._y=Ne,l==null){if(c){if(_l!=null){let[y,x]=Ae.scales;Ae.values[0]=y!=null?Tt(M.ori==0?me:xe,y):null,Ae.values[1]=x!=null?Tt(M.ori==1?me:xe,x):null}Xn(ms,n,me,xe,Y,L,u)}if(bn){let y=c&&Ae.setSeries,x=Mt.prox;Xt==null?Dt<=x&&At(It,Ln,!0,y):Dt>x?At(null,Ln,!0,y):It!=Xt&&At(It,Ln,!0,y)}}at&&(Q.idx=u,rs()),o!==!1&&Fe("setCursor")}let Ut=null;Object.defineProperty(n,"rect",{get(){return Ut==null&&Qn(!1),Ut}});function Qn(l=!1){l?Ut=null:(Ut=D.getBoundingClientRect(),Fe("syncRect",Ut))}function bl(l,o,c,u,p,g,w){z._lock||Ot&&l!=null&&l.movementX==0&&l.movementY==0||(as(l,o,c,u,p,g,w,!1,l!=null),l!=null?en(null,!0,!0):en(o,!0,!1))}function as(l,o,c,u,p,g,w,y,x){if(Ut==null&&Qn(!1),Zt(l),l!=null)c=l.clientX-Ut.left,u=l.clientY-Ut.top;else{if(c<0||u<0){me=-10,xe=-10;return}let[T,_]=Ae.scales,P=o.cursor.sync,[B,oe]=P.values,[se,X]=P.scales,[U,$]=Ae.match,ve=o.axes[0].side%2==1,Se=M.ori==0?Y:L,ze=M.ori==1?Y:L,he=ve?g:p,Me=ve?p:g,Xe=ve?u:c,Ue=ve?c:u;if(se!=null?c=U(T,se)?h(B,S[T],Se,0):-10:c=Se*(Xe/he),X!=null?u=$(_,X)?h(oe,S[_],ze,0):-10:u=ze*(Ue/Me),M.ori==1){let ut=c;c=u,u=ut}}x&&(o==null||o.cursor.event.type==ms)&&((c<=1||c>=Y-1)&&(c=on(c,Y)),(u<=1||u>=L-1)&&(u=on(u,L))),y?(fl=c,pl=u,[En,_n]=z.move(n,c,u)):(me=c,xe=u)}let cs={width:0,height:0,left:0,top:0};function us(){xi(cs,!1)}let wl,yl,xl,kl;function Sl(l,o,c,u,p,g,w){Ot=!0,Re=Ne=He._x=He._y=!1,as(l,o,c,u,p,g,w,!0,!1),l!=null&&(Ie(gs,xs,Ml,!1),Xn(Ul,n,En,_n,Y,L,null));let{left:y,top:x,width:T,height:_}=ge;wl=y,yl=x,xl=T,kl=_}function Ml(l,o,c,u,p,g,w){Ot=He._x=He._y=!1,as(l,o,c,u,p,g,w,!1,!0);let{left:y,top:x,width:T,height:_}=ge,P=T>0||_>0,B=wl!=y||yl!=x||xl!=T||kl!=_;if(P&&B&&xi(ge),He.setScale&&P&&B){let oe=y,se=T,X=x,U=_;if(M.ori==1&&(oe=x,se=_,X=y,U=T),Re&&Wt(R,Tt(oe,R),Tt(oe+se,R)),Ne)for(let $ in S){let ve=S[$];$!=R&&ve.from==null&&ve.min!=fe&&Wt($,Tt(X+U,$),Tt(X,$))}us()}else z.lock&&(z._lock=!z._lock,en(o,!0,l!=null));l!=null&&(mn(gs,xs),Xn(gs,n,me,xe,Y,L,null))}function Xr(l,o,c,u,p,g,w){if(z._lock)return;Zt(l);let y=Ot;if(Ot){let x=!0,T=!0,_=10,P,B;M.ori==0?(P=Re,B=Ne):(P=Ne,B=Re),P&&B&&(x=me<=_||me>=Y-_,T=xe<=_||xe>=L-_),P&&x&&(me=me<En?0:Y),B&&T&&(xe=xe<_n?0:L),en(null,!0,!0),Ot=!1}me=-10,xe=-10,ue.fill(null),en(null,!0,!0),y&&(Ot=y)}function Al(l,o,c,u,p,g,w){z._lock||(Zt(l),Ki(),us(),l!=null&&Xn(Kl,n,me,xe,Y,L,null))}function Tl(){N.forEach(eu),Bi(n.width,n.height,!0)}cn(Ci,$n,Tl);let Pn={};Pn.mousedown=Sl,Pn.mousemove=bl,Pn.mouseup=Ml,Pn.dblclick=Al,Pn.setSeries=(l,o,c,u)=>{let p=Ae.match[2];c=p(n,o,c),c!=-1&&At(c,u,!0,!1)},We&&(Ie(Ul,D,Sl),Ie(ms,D,bl),Ie(Gl,D,l=>{Zt(l),Qn(!1)}),Ie(Bl,D,Xr),Ie(Kl,D,Al),Cs.add(n),n.syncRect=Qn);let ki=n.hooks=t.hooks||{};function Fe(l,o,c){is?qn.push([l,o,c]):l in ki&&ki[l].forEach(u=>{u.call(null,n,o,c)})}(t.plugins||[]).forEach(l=>{for(let o in l.hooks)ki[o]=(ki[o]||[]).concat(l.hooks[o])});let El=(l,o,c)=>c,Ae=Te({key:null,setSeries:!1,filters:{pub:io,sub:io},scales:[R,k[1]?k[1].scale:null],match:[so,so,El],values:[null,null]},z.sync);Ae.match.length==2&&Ae.match.push(El),z.sync=Ae;let _l=Ae.key,hs=tr(_l);function Xn(l,o,c,u,p,g,w){Ae.filters.pub(l,o,c,u,p,g,w)&&hs.pub(l,o,c,u,p,g,w)}hs.sub(n);function ea(l,o,c,u,p,g,w){Ae.filters.sub(l,o,c,u,p,g,w)&&Pn[l](null,o,c,u,p,g,w)}n.pub=ea;function ta(){hs.unsub(n),Cs.delete(n),Kt.clear(),Ms(Ci,$n,Tl),d.remove(),ae?.remove(),Fe("destroy")}n.destroy=ta;function fs(){Fe("init",t,e),sl(e||t.data,!1),O[R]?ss(R,O[R]):Ki(),mi=ge.show&&(ge.width>0||ge.height>0),Jt=at=!0,Bi(t.width,t.height)}return k.forEach(nl),N.forEach(Rr),i?i instanceof HTMLElement?(i.appendChild(d),fs()):i(n,fs):fs(),n}Ve.assign=Te;Ve.fmtNum=zs;Ve.rangeNum=Li;Ve.rangeLog=Ri;Ve.rangeAsinh=Ns;Ve.orient=hn;Ve.pxRatio=re;Ve.join=Ba;Ve.fmtDate=Hs,Ve.tzDate=nc;Ve.sync=tr;{Ve.addGap=Hc,Ve.clipGaps=zi;let t=Ve.paths={points:rr};t.linear=cr,t.stepped=Wc,t.bars=Ic,t.spline=Gc}var ui=3,pr=18,hi=class extends HTMLElement{onmove=()=>{};onlet=()=>{};plot=null;shown=null;window=120;held=null;chosen=null;levels=0;host=A("div",{class:"plot"});reading=A("output",{class:"reading"});draw=Rt(()=>this.paint());sized=new ResizeObserver(()=>{this.plot?.setSize({width:this.host.clientWidth,height:this.high})});connectedCallback(){this.host.isConnected||(this.host.tabIndex=0,this.host.setAttribute("role","img"),this.append(this.host,this.reading),this.host.addEventListener("keydown",e=>this.key(e))),this.sized.observe(this.host),Nt.addEventListener("change",this.again)}disconnectedCallback(){this.sized.disconnect(),Nt.removeEventListener("change",this.again)}get high(){return this.host.clientWidth<500?260:340}show(e){this.shown=e,this.draw()}view(e){this.window=e,this.draw()}again=()=>{this.plot?.destroy(),this.plot=null,this.draw()};data(e){let i=e.points.length,n=i+(e.ahead[0]?.length??0),s=this.window?Math.max(0,i-this.window):0,r=[];for(let f=s;f<n;f++)r.push(f);let a=f=>r.map(d=>d<i?f[d]??null:null),h=f=>r.map(d=>d>=i?f[d-i]??null:d===i-1?e.points[d]??null:null);return[r,a(e.points),a(e.expected),h(e.before??[]),...e.ahead.map(h)]}paint(){let{shown:e}=this;if(!e||!this.host.clientWidth)return;this.levels!==e.levels.length&&(this.plot?.destroy(),this.plot=null,this.levels=e.levels.length);let i=this.data(e);this.plot?this.plot.setData(i):this.make(e,i);let n=e.surprise.filter(s=>s!==null&&Math.abs(s)>=ui).length;this.host.setAttribute("aria-label",`A series of ${e.points.length} points and a forecast of ${e.ahead[0]?.length??0} steps; ${n} points surprised. Left and right choose a point, up and down move it.`),this.read()}make(e,i){let[n,s,r]=ti("accent"),a=e.levels.indexOf(.5),h=Math.floor(e.levels.length/2),f=`rgba(${n},${s},${r},0)`,d=(m,v,E)=>({stroke:m,width:v,points:{show:!1},...E?{dash:E}:{}});this.plot=new Ve({width:this.host.clientWidth,height:this.high,legend:{show:!1},cursor:{y:!1,points:{show:!1},drag:{setScale:!1,x:!1,y:!1}},scales:{x:{time:!1}},axes:[{stroke:Ke("soft"),grid:{show:!1},ticks:{show:!1},space:110,size:30,font:"12px system-ui, sans-serif",values:(m,v)=>v.map(E=>Number.isInteger(E)?tu(this.shown?.times[E]??""):"")},{stroke:Ke("soft"),grid:{stroke:Ke("line"),width:1},ticks:{show:!1},size:52,font:"12px system-ui, sans-serif",values:(m,v)=>v.map(nt)}],series:[{},{...d(Ke("ink"),1.5),points:{show:!0,size:5,space:7,fill:Ke("panel")}},d(Ke("soft"),1,[2,3]),d(Ke("warm"),1.5,[5,4]),...e.levels.map((m,v)=>d(v===a?Ke("accent"):f,v===a?2:0))],bands:Array.from({length:h},(m,v)=>({series:[4+e.levels.length-1-v,4+v],fill:`rgba(${n},${s},${r},${.14+.1*v})`})),hooks:{draw:[m=>this.marks(m)],setCursor:[()=>this.read()]}},i,this.host);let b=this.plot.over;b.addEventListener("pointerdown",m=>this.grab(m)),b.addEventListener("pointermove",m=>this.drag(m)),b.addEventListener("pointerup",()=>this.drop()),b.addEventListener("pointercancel",()=>this.drop()),b.style.touchAction="pan-x"}marks(e){let{shown:i}=this;if(!i)return;let{ctx:n}=e,s=devicePixelRatio||1,r=i.points.length,a=f=>[e.valToPos(f,"x",!0),e.valToPos(i.points[f],"y",!0)];n.save(),n.strokeStyle=Ke("line"),n.lineWidth=s;let h=e.valToPos(r-1,"x",!0);n.beginPath(),n.moveTo(h,e.bbox.top),n.lineTo(h,e.bbox.top+e.bbox.height),n.stroke(),n.strokeStyle=Ke("warm"),n.lineWidth=2*s;for(let f=this.window?Math.max(0,r-this.window):0;f<r;f++)Math.abs(i.surprise[f]??0)<ui||i.points[f]===null||(n.beginPath(),n.arc(...a(f),6*s,0,2*Math.PI),n.stroke());this.chosen!==null&&this.chosen<r&&i.points[this.chosen]!==null&&(n.strokeStyle=Ke("accent"),n.fillStyle=Ke("panel"),n.beginPath(),n.arc(...a(this.chosen),5*s,0,2*Math.PI),n.fill(),n.stroke()),n.restore()}read(){let{shown:e,plot:i}=this;if(!e)return;let n=e.points.length,s=this.held??(i?.cursor.idx!=null?i.data[0][i.cursor.idx]:this.chosen),r=[];if(s==null)r.push("drag a point, and see the future move","rings: far from what was expected");else if(s<n){r.push(e.times[s]??"",`value ${nt(e.points[s]??Number.NaN)}`),e.expected[s]!==null&&r.push(`expected ${nt(e.expected[s]??Number.NaN)}`);let a=e.surprise[s]??0;Math.abs(a)>=ui&&r.push(`${nt(Math.abs(a))} times the usual error`)}else{let a=e.levels.indexOf(.5),h=e.ahead[0]?.[s-n],f=e.ahead.at(-1)?.[s-n];r.push(e.times[s]??"",`median ${nt(e.ahead[a]?.[s-n]??Number.NaN)}`),h!=null&&f!=null&&r.push(`${Math.round(100*(e.levels.at(-1)-e.levels[0]))} % from ${nt(h)} to ${nt(f)}`)}this.reading.textContent=r.join("  ·  ")}grab(e){let{plot:i,shown:n}=this;if(!i||!n)return;let s=Math.round(i.posToVal(e.offsetX,"x")),r=Math.max(0,Math.min(n.points.length-1,s)),a=n.points[r];a!=null&&(Math.abs(i.valToPos(r,"x")-e.offsetX)>pr||Math.abs(i.valToPos(a,"y")-e.offsetY)>2.5*pr||(this.held=this.chosen=r,i.over.setPointerCapture(e.pointerId),e.preventDefault()))}drag(e){this.held===null||!this.plot||this.onmove(this.held,this.plot.posToVal(e.offsetY,"y"))}drop(){this.held!==null&&(this.held=null,this.onlet())}key(e){let{shown:i,plot:n}=this;if(!i||!n)return;let s=i.points.length-1,r=this.chosen??s,a=(n.scales.y.max??1)-(n.scales.y.min??0),h=(e.shiftKey?.1:.02)*a;if(e.key==="ArrowLeft"||e.key==="ArrowRight"){let f=this.chosen===null?0:e.key==="ArrowLeft"?-1:1;this.chosen=Math.max(0,Math.min(s,r+f))}else if(e.key==="ArrowUp"||e.key==="ArrowDown"){this.chosen=r;let f=i.points[r];f!=null&&(this.onmove(r,f+(e.key==="ArrowUp"?h:-h)),this.onlet())}else return;e.preventDefault(),this.draw()}};customElements.define("series-chart",hi);var tu=t=>t.replace(/^\d{4}-/,"").replace(/[T ](\d\d:\d\d).*$/," $1");var Bn=class extends HTMLElement{model;live;built=!1;connectedCallback(){this.built||(this.built=!0,this.build()),this.live=new Si(this.model.name,e=>this.opened(e),(e,i)=>{this.dispatchEvent(new CustomEvent("health",{detail:e,bubbles:!0})),e==="refused"&&this.refuse(i)})}disconnectedCallback(){this.live.close()}say(e){Dn(e)}refuse(e){this.replaceChildren(A("p",{class:"card note",role:"alert"},{},e))}};var nu=[1,10,100,1e3],iu=[["60",60],["120",120],["500",500],["all",0]],Oi=class extends Bn{about=null;source={name:"",text:""};index=0;points=[];original=[];times=[];ahead=[];expected=[];score=[];quantiles=null;ghost=null;channel=0;sent=0;rate=10;playing=0;owed=0;last=0;fresh=!0;moves=new Nn(()=>this.live.stop());chart=new hi;memory=new ln;list=A("div",{class:"list",role:"listbox","aria-label":"Series",tabindex:-1});heading=C("h2","");note=A("p",{class:"soft"});views=A("div",{class:"segments",role:"group","aria-label":"Points in view"});channels=A("select",{"aria-label":"What is shown",hidden:!0});value=A("input",{type:"number",step:"any","aria-label":"Next value",placeholder:"next value"});play=A("button",{type:"button"},{onclick:()=>this.replay()},"Replay");file=A("input",{type:"file",accept:".csv,.tsv,.txt,.jsonl",hidden:!0});redraw=Rt(()=>this.draw());build(){this.chart.onmove=(s,r)=>this.move(s,r),this.chart.onlet=()=>this.dropped(),this.memory.called=s=>this.times[s]??`step ${s+1}`,this.memory.onwant=()=>{this.look()},this.file.onchange=()=>{this.load(this.file.files?.[0])},this.channels.onchange=()=>{this.channel=Number(this.channels.value),this.redraw()},this.ondragover=s=>s.preventDefault(),this.ondrop=s=>{s.preventDefault(),this.load(s.dataTransfer?.files[0])};let e=A("select",{"aria-label":"Points a second"},{onchange:s=>{this.rate=Number(s.target.value)}},...nu.map(s=>A("option",{value:s,selected:s===this.rate},{},`${s.toLocaleString("en")} a second`))),i=A("form",{class:"row","aria-label":"Feed"},{onsubmit:s=>{s.preventDefault(),this.feed(this.value.valueAsNumber),this.value.value=""}},this.value,A("button",{type:"submit"},{},"Add"),A("button",{type:"button"},{onclick:()=>this.feed(this.median())},"Add the median"),C("span","space"),this.play,e),n=A("button",{type:"button",class:"primary"},{onclick:()=>this.file.click()},"Open a table");this.append(A("section",{class:"card series","aria-label":"Series"},{},C("div","row",C("h2","","Series"),C("span","space"),n,this.file),this.note,this.list),A("section",{class:"card","aria-label":"Forecast"},{},C("div","row",this.heading,this.channels,C("span","space"),this.views,A("button",{type:"button"},{onclick:()=>{this.open(this.index)}},"Undo changes")),this.chart,i),A("section",{class:"card wide","aria-label":"Memory"},{},C("h2","","Memory"),this.memory)),this.showViews(120)}opened(e){this.about=e;let i=e.columns.slice(-e.channels);this.channels.hidden=e.channels<2,this.channels.replaceChildren(...i.map((n,s)=>A("option",{value:s},{},n))),this.again()}async again(){let e=this.points;await this.read(this.source),await this.open(this.index),!this.fresh&&e.length&&(this.points=e,this.send(0)),this.fresh=!1}async load(e){if(!e)return;let i={name:e.name,text:await e.text()};try{await this.read(i)}catch(n){this.note.textContent=n instanceof Error?n.message:"it cannot be read",this.note.setAttribute("role","alert");return}this.source=i,await this.open(0)}async read(e){let i=await this.live.one("read",e),n=i.tensors.sparks,s=n.shape[1];this.list.replaceChildren(...i.series.map((a,h)=>A("button",{type:"button",role:"option","aria-selected":"false"},{onclick:()=>{this.open(h)}},C("span","name",a.name),su(n.data.subarray(h*s,(h+1)*s)),C("small","",a.steps.toLocaleString("en")))));let r=this.about?.columns.join(", ")??"";this.note.removeAttribute("role"),this.note.textContent=i.example?`An example. Drop a table with the columns ${r}, or open one.`:i.more?`And ${i.more} more that are not listed.`:`${this.source.name||e.name}`}async open(e){this.stop(),this.index=e,[...this.list.children].forEach((i,n)=>{i.setAttribute("aria-selected",String(n===e))}),this.ghost=null,this.expected=[],this.score=[],this.ahead=[],this.quantiles=null,this.memory.clear(),await this.live.ask("open",{series:e,memory:this.memory.asked()},i=>{i.points&&i.times&&(this.points=i.points.map(n=>[...n]),this.original=i.points,this.times=i.times,this.sent=i.points.length,this.heading.textContent=i.name??""),this.take(i)})}take(e){let{expected:i,score:n,quantiles:s}=e.tensors;if(e.row!==void 0&&i&&n){let[r=0,a=1]=i.shape;for(let h=0;h<r;h++)this.expected[e.row+h]=dr(i.data,h,a),this.score[e.row+h]=dr(n.data,h,a)}e.ahead&&(this.ahead=e.ahead,this.quantiles=s??null),e.memory&&this.memory.take(e.memory,e.tensors),this.redraw()}async look(){this.take(await this.live.one("look",{memory:this.memory.asked()}))}move(e,i){this.ghost??=this.medians(),this.points[e][this.channel]=i,this.redraw(),this.send(e)}dropped(){this.say(`The forecast of the next step is now ${nt(this.median())}`)}send(e){this.sent=Math.min(this.sent,e),this.moves.run(async()=>{let i=this.sent,n=this.points.slice(i);this.sent=this.points.length;let s=i;await this.live.ask("write",{keep:i,points:n,memory:this.memory.asked(i)},r=>{s=r.taken??s,this.take(r)}),this.sent=Math.min(this.sent,s)})}feed(e){if(!Number.isFinite(e))return;let i=this.points.at(-1)?.map(()=>null)??[null];i[this.channel]=e;for(let n=0;n<i.length;n++)i[n]??=this.medians(n)[0]??null;this.add([i])}add(e){this.ghost=null;let i=this.points.length;for(let n of e)this.times.length<=this.points.length&&this.times.push(this.ahead[0]??String(this.times.length+1)),this.points.push([...n]);this.redraw(),this.send(i)}replay(){if(this.playing){this.stop();return}let e=Math.max(1,Math.min(this.original.length-1,Math.floor(this.original.length/4)));this.points=this.original.slice(0,e).map(i=>[...i]),this.expected.length=this.score.length=e,this.ghost=null,this.send(0),this.playing=e,this.owed=0,this.last=performance.now(),this.play.textContent="Pause",requestAnimationFrame(i=>this.tick(i))}stop(){this.playing=0,this.play.textContent="Replay"}tick(e){if(!this.playing||!this.isConnected)return;this.owed+=this.rate*(e-this.last)/1e3,this.last=e;let i=Math.max(0,Math.floor(this.owed));this.owed-=i,i&&(this.add(this.original.slice(this.playing,this.playing+i)),this.playing+=i),this.playing>=this.original.length?this.stop():requestAnimationFrame(n=>this.tick(n))}medians(e=this.channel){let i=this.about?.levels.indexOf(.5)??0;return this.quantile(i,e)}quantile(e,i){if(!this.quantiles)return[];let[,n=0,s=1]=this.quantiles.shape;return Array.from({length:n},(r,a)=>this.quantiles.data[(e*n+a)*s+i])}median(){return this.medians()[0]??Number.NaN}draw(){let{about:e,channel:i}=this;if(!e||!this.points.length)return;let n=a=>this.points.map((h,f)=>a[f]?.[i]??null),s=n(this.score);this.chart.show({times:[...this.times.slice(0,this.points.length),...this.ahead],points:n(this.points),expected:n(this.expected),surprise:s,ahead:e.levels.map((a,h)=>this.quantile(h,i)),levels:e.levels,before:this.ghost});let r=s.filter(a=>a!==null&&Math.abs(a)>=ui).length;this.list.children[this.index]?.setAttribute("title",`${r} points surprised`)}showViews(e){this.chart.view(e),this.views.replaceChildren(...iu.map(([i,n])=>A("button",{type:"button","aria-pressed":String(n===e)},{onclick:()=>this.showViews(n)},i)))}},dr=(t,e,i)=>Array.from({length:i},(n,s)=>{let r=t[e*i+s];return Number.isFinite(r)?r:null});function su(t){let e="http://www.w3.org/2000/svg",i=document.createElementNS(e,"svg");i.setAttribute("viewBox","0 0 100 24"),i.setAttribute("preserveAspectRatio","none"),i.setAttribute("aria-hidden","true");let n=document.createElementNS(e,"path"),s=[...t].map((r,a)=>[100*a/Math.max(1,t.length-1),22-20*r]).filter(([,r])=>Number.isFinite(r));return n.setAttribute("d",s.map(([r,a],h)=>`${h?"L":"M"}${r.toFixed(1)} ${a.toFixed(1)}`).join("")),i.append(n),i}function Bs(t,e){let i=Math.max(1e-9,...t.map(n=>Math.max(n.p,n.other??0)));return A("ol",{class:t.some(n=>n.other!==void 0)?"bars two":"bars"},{},...t.map((n,s)=>{let r=[C("span","name",n.name),mr(n.p/i,"fill"),C("span","p",ei(n.p)),n.other!==void 0&&mr(n.other/i,"fill other"),n.other!==void 0&&C("span","p",ei(n.other))];return C("li","",e?A("button",{type:"button"},{onclick:()=>e(s)},...r):C("div","",...r))}))}function mr(t,e){let i=A("span",{class:e,"aria-hidden":"true"});return i.style.setProperty("--share",String(t)),i}var Wi=class{tokens=[];ends=[];set(e,i,n){this.tokens.length=Math.min(this.tokens.length,e),this.ends.length=this.tokens.length;for(let s of i)this.tokens.push(s),this.ends.push(this.after(s,n))}begin(e){return e>0?this.ends[e-1]:0}after(e,i){let n=this.ends.at(-1)??0;if(i.startsWith(e,n))return n+e.length;let s=/^\s*/.exec(i.slice(n,n+64))[0].length,r=e.trim();return r&&i.slice(n+s,n+s+r.length).toLowerCase()===r.toLowerCase()?n+s+r.length:/^<.*>$/.test(e)?n+s+(/^(\w+|.)/su.exec(i.slice(n+s,n+s+64))?.[0].length??0):Math.min(i.length,n+Math.max(1,e.length))}},gr=6,Ks=new Map,js=typeof Highlight<"u"&&"highlights"in CSS;function Ys(t,e){if(js){for(let i of Ks.values())i.clear();for(let[i,n,s]of e){let r=Math.min(gr,Math.round(Math.abs(s)*gr));if(!r||i>=n||n>t.length)continue;let a=`${s>0?"for":"against"}-${r}`,h=Ks.get(a);h||(h=new Highlight,Ks.set(a,h),CSS.highlights.set(a,h));let f=new StaticRange({startContainer:t,startOffset:i,endContainer:t,endOffset:n});h.add(f)}}}var vr=6e3,lu=12e3,ou=240,Ii=class extends Bn{folded="";sent="";fresh=!0;aligned=new Wi;p=[];rests=null;lens="likely";unit=null;silent=[];held=[];other=null;seed=1;going=!1;writes=new Nn(()=>this.live.stop());shadeSoon=Rt(()=>this.shade());area=A("textarea",{"aria-label":"Text",spellcheck:"false",autocapitalize:"off",placeholder:"Write, and see what the model makes of it."});ground=document.createTextNode("");fold=A("button",{type:"button",class:"fold",hidden:!0},{onclick:()=>this.unfold()});chips=A("div",{class:"chips",role:"group","aria-label":"Next words"});likely=C("div","");likelyTitle=C("h2","","Next");legend=C("p","legend");lenses=A("div",{class:"segments",role:"group","aria-label":"Shade the text by"});progress=A("p",{class:"progress",role:"status"});memory=new ln;follow=C("div","follow");fork=C("div","");past=A("textarea",{rows:2,"aria-label":"Another past: change a word of it",spellcheck:"false"});goButton=A("button",{type:"button",class:"primary"},{onclick:()=>this.go()},"Let it write");get text(){return this.folded+this.area.value}build(){this.area.oninput=()=>this.edited(),this.area.onkeydown=e=>this.key(e),this.past.oninput=()=>{this.other=this.past.value===this.tail()?null:this.past.value,this.futures()},this.memory.called=e=>this.called(e),this.memory.onwant=()=>{this.look()},this.memory.onunit=e=>this.followed(e),this.memory.onstep=e=>this.pointed(e),Nt.addEventListener("change",this.shadeSoon),this.append(A("section",{class:"card writing","aria-label":"Write"},{},C("div","row",this.lenses,C("span","space"),A("button",{type:"button"},{onclick:()=>this.empty()},"Begin anew"),this.goButton),this.fold,C("div","editor",A("div",{class:"ground","aria-hidden":"true"},{},this.ground),this.area),this.progress,this.chips,this.legend),A("section",{class:"card next","aria-label":"Next"},{},this.likelyTitle,this.likely),A("section",{class:"card wide","aria-label":"Memory"},{},C("h2","","Memory"),this.memory,this.follow),A("section",{class:"card wide","aria-label":"Two futures"},{},C("h2","","Two futures"),C("p","soft","Change a word of the past, or silence a unit of the memory above. Both futures are drawn with the same dice, so what differs is due to the change."),A("label",{class:"field"},{},C("span","","Another past"),this.past),this.fork)),this.showLenses(),this.showFork(null)}opened(e){this.sent="",this.fresh?(this.fresh=!1,this.begin()):this.write()}async begin(){this.area.focus({preventScroll:!0}),await this.compose(40,7),this.legend.textContent="The model wrote this itself. Change it, go on, or begin anew."}edited(){this.area.value.length>lu&&this.foldUp(),this.write()}foldUp(){let e=this.text,i=e.length-vr,n=e.slice(i,i+200).search(/\s/),s=i+Math.max(0,n),r=Math.max(0,this.folded.length+this.area.selectionEnd-s);this.folded=e.slice(0,s),this.area.value=e.slice(s),this.area.setSelectionRange(r,r),this.showFold()}unfold(){let e=Math.max(0,this.folded.length-vr);this.area.value=this.folded.slice(e)+this.area.value,this.folded=this.folded.slice(0,e),this.showFold(),this.shadeSoon()}showFold(){this.fold.hidden=!this.folded,this.fold.textContent=`${this.folded.length.toLocaleString("en")} earlier characters are read and remembered; show more of them`}empty(){this.folded="",this.area.value="",this.legend.textContent="",this.showFold(),this.write(),this.area.focus()}insert(e){let i=this.area;i.setRangeText(e,i.selectionStart,i.selectionEnd,"end"),this.edited(),i.focus()}key(e){let i=e.altKey&&/^[1-6]$/.test(e.key)?Number(e.key)-1:-1,n=this.chips.children[i];n instanceof HTMLButtonElement&&(e.preventDefault(),n.click())}write(){this.ground.data=`${this.area.value}
`,this.shadeSoon(),this.writes.run(async()=>{let e=this.text,i=ru(this.sent,e),n=this.rowAt(i);this.sent=e.slice(0,i),await this.live.ask("write",{keep:au(e,i),text:e.slice(i),memory:this.memory.asked(n)},({tensors:s,...r})=>{if(r.taken!==void 0&&(this.sent=e.slice(0,cu(e,r.taken))),r.tokens&&r.row!==void 0){this.aligned.set(r.row,r.tokens,e),this.p.length=r.row;for(let h of s.p.data)this.p.push(h);this.shadeSoon();let a=e.length-this.sent.length;this.progress.textContent=a>2e3?`Reading: ${a.toLocaleString("en")} characters are left`:""}r.next&&this.showNext(r.words??[],r.next),r.memory&&this.memory.take(r.memory,s)}),!(this.sent.length<e.length)&&(this.lens==="rests"&&await this.rest(),this.pastNow())})}rowAt(e){let i=this.aligned.ends.length;for(;i>0&&this.aligned.ends[i-1]>e;)i--;return Math.max(0,i-1)}async look(){let e=await this.live.one("look",{memory:this.memory.asked()});e.memory&&this.memory.take(e.memory,e.tensors),this.shadeSoon()}async rest(e=null){let i=await this.live.one("rests",{of:e}),n=i.tensors.rests?.data;this.rests=n?{row:i.row??0,values:n}:null,this.shadeSoon()}go(){if(this.going){this.going=!1,this.live.stop();return}this.compose(60,this.seed++)}async compose(e,i){this.going=!0,this.goButton.textContent="Stop";let n="",s=Rt(()=>{this.area.value||(n=n.trimStart()),this.area.value+=n,n="",this.ground.data=`${this.area.value}
`,this.area.scrollTop=this.area.scrollHeight});try{await this.live.ask("go",{length:e,temperature:.7,seed:i},r=>{this.going&&(n+=r.text??"",s())})}finally{this.going=!1,this.goButton.textContent="Let it write",this.area.value+=n,n="",this.edited()}}showLenses(){let e=[["likely","How surprising",!0],["rests","What the next rests on",!0],["unit",this.unit?`Unit ${this.unit.unit}`:"A unit",!!this.unit]];this.lenses.replaceChildren(...e.map(([n,s,r])=>A("button",{type:"button","aria-pressed":String(n===this.lens),disabled:!r},{onclick:()=>{this.lens=n,this.showLenses(),n==="rests"&&this.rest(),this.shadeSoon()}},s)));let i={likely:"The warmer the shade, the less the model expected the text there.",rests:"Blue speaks for what the model expects next, orange against it: the gradient times what was read.",unit:"Blue where the unit is above 0, orange where it is below."};this.legend.textContent=js?i[this.lens]:"This browser cannot shade text; newer ones can."}shade(){let e=this.folded.length,{aligned:i}=this,n=Math.min(i.ends.length,this.p.length),s=[],r=1e-9;if(this.lens==="rests")for(let h of this.rests?.values??[])r=Math.max(r,Math.abs(h));let a=this.memory.most;for(let h=n-1;h>=0&&i.ends[h]>e;h--){let f=0;this.lens==="likely"?f=-Math.min(1,Math.max(0,-Math.log2(this.p[h])-1)/11):this.lens==="rests"?f=(this.rests?.values[h-this.rests.row]??0)/r:f=(this.memory.value(h+1)??0)/a,s.push([Math.max(0,i.begin(h)-e),i.ends[h]-e,f])}Ys(this.ground,s)}called(e){return e===0?"the beginning":this.aligned.tokens[e-1]??""}pointed(e){if(e===null||e===0){this.shadeSoon();return}let i=this.folded.length;Ys(this.ground,[[this.aligned.begin(e-1)-i,this.aligned.ends[e-1]-i,1]])}showNext(e,i){this.chips.replaceChildren(...e.map(([n,s],r)=>A("button",{type:"button",class:"chip",title:`Alt+${r+1}`},{onclick:()=>this.take(n)},C("span","",nn(n)),C("small","",ei(s))))),this.likely.replaceChildren(Bs(i.map(([,n,s])=>({name:nn(n),p:s})),n=>this.insert(i[n][1])))}take(e){let i=this.area.value.slice(0,this.area.selectionStart),n=/[\p{L}\p{N}'’-]*$/u.exec(i)[0];n&&e.toLowerCase().startsWith(n.toLowerCase())?this.insert(`${e.slice(n.length)} `):this.insert(`${i&&!/\s$/.test(i)&&/^[\p{L}\p{N}]/u.test(e)?" ":""}${e} `)}followed(e){if(this.unit=e,e?this.lens="unit":this.lens==="unit"&&(this.lens="likely"),this.showLenses(),this.shadeSoon(),this.follow.replaceChildren(),!e)return;let i=A("input",{type:"range",min:-1,max:1,step:.05,value:(this.memory.value(this.aligned.ends.length)??0).toFixed(2),"aria-label":`Value of unit ${e.unit}`}),n=A("button",{type:"button"},{onclick:()=>{this.held=[...this.held.filter(s=>!br(s.unit,e)),{unit:e,part:"h",value:Number(i.value)}],this.futures()}},`Hold it at ${Number(i.value).toFixed(2)}`);i.oninput=()=>{n.textContent=`Hold it at ${Number(i.value).toFixed(2)}`},this.follow.append(C("strong","",`Unit ${e.unit}`),A("button",{type:"button"},{onclick:()=>{this.silent=[...this.silent.filter(s=>!br(s,e)),e],this.futures()}},"Silence it"),i,n)}tail(){let e=this.area.value.slice(-ou),i=e.length<this.area.value.length?e.search(/\s/)+1:0;return e.slice(i).replace(/^[\s\S]*\n(?=.*\S)/,"")}pastNow(){this.other===null&&document.activeElement!==this.past&&(this.past.value=this.tail()),this.futures()}futures(){if(this.other===null&&!this.silent.length&&!this.held.length){this.showFork(null);return}this.writes.run(async()=>{let e=this.text,i=this.tail(),n=await this.live.one("fork",{text:this.other===null?null:e.slice(0,e.length-i.length)+this.other,silent:this.silent.map(s=>[s.layer,s.unit]),held:this.held.map(s=>[s.unit.layer,s.part,s.unit.unit,s.value]),length:48,seed:this.seed,temperature:.7});n.next&&n.texts&&this.showFork({next:n.next,texts:n.texts})})}showFork(e){if(!e){this.fork.replaceChildren();return}let i=(b,m)=>A("button",{type:"button",class:"pill","aria-label":`Undo: ${b}`},{onclick:()=>{m(),this.futures()}},`${b} ✕`),n=[...this.silent.map(b=>i(`unit ${b.unit} silent`,()=>{this.silent=this.silent.filter(m=>m!==b)})),...this.held.map(b=>i(`unit ${b.unit.unit} at ${b.value.toFixed(2)}`,()=>{this.held=this.held.filter(m=>m!==b)})),this.other!==null&&i("another past",()=>{this.other=null,this.past.value=this.tail()})].filter(b=>b!==!1),[s,r]=[e.texts.one,e.texts.other],a=0;for(;a<s.length&&s[a][0]===r[a]?.[0];)a++;let h=b=>C("p","future",b.slice(0,a).map(([m])=>m).join(""),C("mark","",b.slice(a).map(([m])=>m).join(""))),f=new Map(e.next.other.map(([,b,m])=>[b,m])),d=e.next.one.map(([,b,m])=>({name:nn(b),p:m,other:f.get(b)??0}));for(let[,b,m]of e.next.other)e.next.one.some(([,v])=>v===b)||d.push({name:nn(b),p:0,other:m});this.fork.replaceChildren(C("div","row",...n,C("span","space"),A("button",{type:"button"},{onclick:()=>{this.seed++,this.futures()}},"Other dice")),C("div","futures",C("div","",C("h3","","As it is"),h(s)),C("div","",C("h3","other","With the change"),h(r))),Bs(d.slice(0,8)))}},br=(t,e)=>t.layer===e.layer&&t.unit===e.unit;function ru(t,e){let i=Math.min(t.length,e.length),n=t===e.slice(0,t.length)?t.length:0;for(;n<i&&t.charCodeAt(n)===e.charCodeAt(n);)n++;let s=e.charCodeAt(n-1);return s>=55296&&s<56320?n-1:n}var wr=/[\ud800-\udbff][\udc00-\udfff]/,au=(t,e)=>wr.test(t)?[...t.slice(0,e)].length:e;function cu(t,e){if(!wr.test(t))return e;let i=0;for(let n=0;n<e&&i<t.length;n++)i+=t.codePointAt(i)>65535?2:1;return i}var qs=[{tasks:["lm"],about:"Write, and see what comes next",tag:"write-page",page:Ii},{tasks:["forecast"],about:"Move a point, and see the future move",tag:"forecast-page",page:Oi}];for(let t of qs)customElements.define(t.tag,t.page);var fi=class extends HTMLElement{model;connectedCallback(){let{model:e}=this,i=e.why_not?[C("h2","","It reads whole inputs"),C("p","",`This model does not stream: ${e.why_not}`)]:[C("h2","","No page of its own yet"),C("p","",`A model of ${e.task} has no live page in this version.`)],n=`hitherto inspect ${e.name}.safetensors DATA --out inside.html`;this.replaceChildren(C("section","card prose",...i,C("p","","Look into it with one value, step by step, both directions of its layers included:"),A("pre",{tabindex:0},{},n)))}};customElements.define("whole-page",fi);var yr=`:root {
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
`;var kr=new CSSStyleSheet;kr.replaceSync(Ll+yr);document.adoptedStyleSheets=[kr];Mi();var Js={opening:"connecting",open:"live",away:"The server is away. This page goes on when it is back.",refused:"no live view",locked:"The server has another token now: open the link that hitherto studio printed."},hu=[["auto","System"],["light","Light"],["dark","Dark"]],Qs=A("nav",{"aria-label":"Models"}),fn=A("main",{id:"main",tabindex:-1}),Zs=A("p",{class:"toast",role:"status"}),Ui=A("p",{class:"banner",role:"alert",hidden:!0}),Sr=A("div",{class:"segments small",role:"group","aria-label":"Colours"}),$t=[];document.body.append(A("a",{class:"skip",href:"#main"},{onclick:t=>{t.preventDefault(),fn.focus()}},"Skip to the page"),A("aside",{"aria-label":"Studio"},{},C("p","brand","hitherto",C("span",""," studio")),Qs,C("span","space"),Sr),Ui,fn,Zs);function Mr(){Sr.replaceChildren(...hu.map(([t,e])=>A("button",{type:"button","aria-pressed":String(t===$l())},{onclick:()=>{Hl(t),Mr()}},e)))}var xr=0;document.addEventListener("say",t=>{Zs.textContent=t.detail,clearTimeout(xr),xr=window.setTimeout(()=>{Zs.textContent=""},6e3)});fn.addEventListener("health",t=>{let e=t.detail,i=fn.querySelector(".state"),n=e==="away"||e==="locked";i&&(i.textContent=n?"away":Js[e],i.setAttribute("data-health",e)),!Ui.hidden&&e==="open"&&Dn("The server is back."),Ui.hidden=!n,Ui.textContent=n?Js[e]:""});var fu=t=>t>=1e6?`${(t/1e6).toFixed(1)} MB`:`${Math.max(1,Math.round(t/1e3))} kB`;function Ar(t){let e=$t.find(s=>s.name===t)??$t[0];if(!e){fn.replaceChildren(C("section","card prose",C("h1","","No model yet"),C("p","","Start the studio with one: hitherto studio MODEL.safetensors")));return}for(let s of Qs.querySelectorAll("a"))s.dataset.name===e.name?s.setAttribute("aria-current","page"):s.removeAttribute("aria-current");let i=e.streams&&e.view?qs.find(s=>s.tasks.includes(e.task)):void 0,n=i?new i.page:new fi;n.model=e,n.className="page",document.title=`${e.name} · Hitherto studio`,fn.replaceChildren(C("header","",C("div","",C("h1","",e.name),C("p","soft",`${e.task} · ${e.about} · ${fu(e.bytes)}`)),C("span","space"),i&&A("span",{class:"state","data-health":"opening"},{},Js.opening)),n)}var Xs=()=>decodeURIComponent(location.hash.replace(/^#\/?/,""));async function pu(){let t=await fetch("studio/models");if(!t.ok){fn.replaceChildren(C("section","card prose",C("h1","","Locked"),C("p","",await t.text())));return}$t=(await t.json()).models,Qs.replaceChildren(...$t.map(e=>A("a",{href:`#/${encodeURIComponent(e.name)}`,"data-name":e.name},{},C("span","name",e.name),C("small","",e.task)))),Ar(Xs())}addEventListener("hashchange",()=>Ar(Xs()));addEventListener("keydown",t=>{if(Pl(t)||t.ctrlKey||t.metaKey||!["[","]"].includes(t.key))return;let e=$t.findIndex(n=>n.name===(Xs()||$t[0]?.name)),i=$t[(e+(t.key==="]"?1:-1)+$t.length)%$t.length];i&&(location.hash=`#/${encodeURIComponent(i.name)}`)});Mr();pu();
