var eo='.uplot, .uplot *, .uplot *::before, .uplot *::after {box-sizing: border-box;}.uplot {font-family: system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, "Noto Sans", sans-serif, "Apple Color Emoji", "Segoe UI Emoji", "Segoe UI Symbol", "Noto Color Emoji";line-height: 1.5;width: min-content;}.u-title {text-align: center;font-size: 18px;font-weight: bold;}.u-wrap {position: relative;user-select: none;}.u-over, .u-under {position: absolute;}.u-under {overflow: hidden;}.uplot canvas {display: block;position: relative;width: 100%;height: 100%;}.u-axis {position: absolute;}.u-legend {font-size: 14px;margin: auto;text-align: center;}.u-inline {display: block;}.u-inline * {display: inline-block;}.u-inline tr {margin-right: 16px;}.u-legend th {font-weight: 600;}.u-legend th > * {vertical-align: middle;display: inline-block;}.u-legend .u-marker {width: 1em;height: 1em;margin-right: 4px;background-clip: padding-box !important;}.u-inline.u-live th::after {content: ":";vertical-align: middle;}.u-inline:not(.u-live) .u-value {display: none;}.u-series > * {padding: 4px;}.u-series th {cursor: pointer;}.u-legend .u-off > * {opacity: 0.3;}.u-select {background: rgba(0,0,0,0.07);position: absolute;pointer-events: none;}.u-cursor-x, .u-cursor-y {position: absolute;left: 0;top: 0;pointer-events: none;will-change: transform;}.u-hz .u-cursor-x, .u-vt .u-cursor-y {height: 100%;border-right: 1px dashed #607D8B;}.u-hz .u-cursor-y, .u-vt .u-cursor-x {width: 100%;border-bottom: 1px dashed #607D8B;}.u-cursor-pt {position: absolute;top: 0;left: 0;border-radius: 50%;border: 0 solid;pointer-events: none;will-change: transform;/*this has to be !important since we set inline "background" shorthand */background-clip: padding-box !important;}.u-axis.u-off, .u-select.u-off, .u-cursor-x.u-off, .u-cursor-y.u-off, .u-cursor-pt.u-off {display: none;}';function b(n,e={},t={},...s){let i=document.createElement(n);for(let[r,a]of Object.entries(e))a===!0?i.setAttribute(r,""):a!==!1&&a!==null&&a!==void 0&&i.setAttribute(r,String(a));return Object.assign(i,t),i.append(...s.filter(r=>r!=null&&r!==!1)),i}var y=(n,e,...t)=>b(n,e?{class:e}:{},{},...t);function Ce(n){let e=!1;return()=>{e||(e=!0,requestAnimationFrame(()=>{e=!1,n()}))}}var ie=n=>getComputedStyle(document.documentElement).getPropertyValue(`--${n}`).trim(),bt=n=>n>=.995?"100 %":n>=.0995?`${Math.round(n*100)} %`:n>=.001?`${(n*100).toFixed(1)} %`:"<0.1 %",Fe=n=>Number.isFinite(n)?Math.abs(n)>=1e3?Math.round(n).toLocaleString("en"):String(Number(n.toPrecision(3))):"",lt=n=>n.replace(/\n/g,"⏎").replace(/ /g,"␣")||"∅",to=n=>n.target instanceof HTMLElement&&/^(TEXTAREA|INPUT|SELECT)$/.test(n.target.tagName);function zs(n){document.dispatchEvent(new CustomEvent("say",{detail:n}))}var Dl="uplot",Nl="u-hz",zl="u-vt",Hl="u-title",Il="u-wrap",Ol="u-under",Wl="u-over",Vl="u-axis",ps="u-off",Ul="u-select",Bl="u-cursor-x",jl="u-cursor-y",Gl="u-cursor-pt",Kl="u-legend",Yl="u-live",ql="u-inline",Jl="u-series",Zl="u-marker",so="u-label",Ql="u-value",ri="width",oi="height";var io="bottom",Hs="left",Dn="right",Qn="#000",no=Qn+"0",Nn="mousemove",ro="mousedown",zn="mouseup",oo="mouseenter",ao="mouseleave",lo="dblclick",Xl="resize",eh="scroll",ho="change",zi="dppxchange",Xn="--",js=typeof window<"u",Vn=js?document:null,Os=js?window:null,th=js?navigator:null,le,Fi;function Un(){let n=devicePixelRatio;le!=n&&(le=n,Fi&&jn(ho,Fi,Un),Fi=matchMedia(`(min-resolution: ${le-.001}dppx) and (max-resolution: ${le+.001}dppx)`),fs(ho,Fi,Un),Os.dispatchEvent(new CustomEvent(zi)))}function ht(n,e){if(e!=null){let t=n.classList;!t.contains(e)&&t.add(e)}}function Bn(n,e){let t=n.classList;t.contains(e)&&t.remove(e)}function ye(n,e,t){n.style[e]=t+"px"}function Tt(n,e,t,s){let i=Vn.createElement(n);return e!=null&&ht(i,e),t?.insertBefore(i,s),i}function wt(n,e){return Tt("div",n,e)}var co=new WeakMap;function Ht(n,e,t,s,i){let r="translate("+e+"px,"+t+"px)",a=co.get(n);r!=a&&(n.style.transform=r,co.set(n,r),e<0||t<0||e>s||t>i?ht(n,ps):Bn(n,ps))}var uo=new WeakMap;function po(n,e,t){let s=e+t,i=uo.get(n);s!=i&&(uo.set(n,s),n.style.background=e,n.style.borderColor=t)}var fo=new WeakMap;function mo(n,e,t,s){let i=e+""+t,r=fo.get(n);i!=r&&(fo.set(n,i),n.style.height=t+"px",n.style.width=e+"px",n.style.marginLeft=s?-e/2+"px":0,n.style.marginTop=s?-t/2+"px":0)}var er={passive:!0},sh={...er,capture:!0};function fs(n,e,t,s){e.addEventListener(n,t,s?sh:er)}function jn(n,e,t,s){e.removeEventListener(n,t,er)}js&&Un();function Ct(n,e,t,s){let i;t=t||0,s=s||e.length-1;let r=s<=2147483647;for(;s-t>1;)i=r?t+s>>1:ct((t+s)/2),e[i]<n?t=i:s=i;return n-e[t]<=e[s]-n?t:s}function Uo(n){return(t,s,i)=>{let r=-1,a=-1;for(let h=s;h<=i;h++)if(n(t[h])){r=h;break}for(let h=i;h>=s;h--)if(n(t[h])){a=h;break}return[r,a]}}var Bo=n=>n!=null,jo=n=>n!=null&&n>0,Oi=Uo(Bo),ih=Uo(jo);function nh(n,e,t,s=0,i=!1){let r=i?ih:Oi,a=i?jo:Bo;[e,t]=r(n,e,t);let h=n[e],c=n[e];if(e>-1)if(s==1)h=n[e],c=n[t];else if(s==-1)h=n[t],c=n[e];else for(let u=e;u<=t;u++){let g=n[u];a(g)&&(g<h?h=g:g>c&&(c=g))}return[h??pe,c??-pe]}function Wi(n,e,t,s){let i=bo(n),r=bo(e);n==e&&(i==-1?(n*=t,e/=t):(n/=t,e*=t));let a=t==10?Vt:Go,h=i==1?ct:yt,c=r==1?yt:ct,u=h(a(De(n))),g=c(a(De(e))),f=Ws(t,u),v=Ws(t,g);return t==10&&(u<0&&(f=fe(f,-u)),g<0&&(v=fe(v,-g))),s||t==2?(n=f*i,e=v*r):(n=Jo(n,f),e=Vi(e,v)),[n,e]}function tr(n,e,t,s){let i=Wi(n,e,t,s);return n==0&&(i[0]=0),e==0&&(i[1]=0),i}var sr=.1,go={mode:3,pad:sr},li={pad:0,soft:null,mode:0},rh={min:li,max:li};function Hi(n,e,t,s){return Ui(t)?vo(n,e,t):(li.pad=t,li.soft=s?0:null,li.mode=s?3:0,vo(n,e,rh))}function oe(n,e){return n??e}function oh(n,e,t){for(e=oe(e,0),t=oe(t,n.length-1);e<=t;){if(n[e]!=null)return!0;e++}return!1}function vo(n,e,t){let s=t.min,i=t.max,r=oe(s.pad,0),a=oe(i.pad,0),h=oe(s.hard,-pe),c=oe(i.hard,pe),u=oe(s.soft,pe),g=oe(i.soft,-pe),f=oe(s.mode,0),v=oe(i.mode,0),x=e-n,S=Vt(x),T=Qe(De(n),De(e)),L=Vt(T),F=De(L-S);(x<1e-24||F>10)&&(x=0,(n==0||e==0)&&(x=1e-24,f==2&&u!=pe&&(r=0),v==2&&g!=-pe&&(a=0)));let M=x||T||1e3,D=Vt(M),E=Ws(10,ct(D)),J=M*(x==0?n==0?.1:1:r),z=fe(Jo(n-J,E/10),24),Z=n>=u&&(f==1||f==3&&z<=u||f==2&&z>=u)?u:pe,K=Qe(h,z<Z&&n>=Z?Z:Et(Z,z)),ee=M*(x==0?e==0?.1:1:a),G=fe(Vi(e+ee,E/10),24),P=e<=g&&(v==1||v==3&&G>=g||v==2&&G<=g)?g:-pe,q=Et(c,G>P&&e<=P?P:Qe(P,G));return K==q&&K==0&&(q=100),[K,q]}var ah=new Intl.NumberFormat(js?th.language:"en-US"),ir=n=>ah.format(n),dt=Math,Ni=dt.PI,De=dt.abs,ct=dt.floor,$e=dt.round,yt=dt.ceil,Et=dt.min,Qe=dt.max,Ws=dt.pow,bo=dt.sign,Vt=dt.log10,Go=dt.log2,lh=(n,e=1)=>dt.sinh(n)*e,Hn=(n,e=1)=>dt.asinh(n/e),pe=1/0;function wo(n){return(Vt((n^n>>31)-(n>>31))|0)+1}function Gn(n,e,t){return Et(Qe(n,e),t)}function Ko(n){return typeof n=="function"}function te(n){return Ko(n)?n:()=>n}var hh=()=>{},Yo=n=>n,qo=(n,e)=>e,ch=n=>null,yo=n=>!0,xo=(n,e)=>n==e,dh=/\.\d*?(?=9{6,}|0{6,})/gm,ms=n=>{if(Qo(n)||Zt.has(n))return n;let e=`${n}`,t=e.match(dh);if(t==null)return n;let s=t[0].length-1;if(e.indexOf("e-")!=-1){let[i,r]=e.split("e");return+`${ms(i)}e${r}`}return fe(n,s)};function ds(n,e){return ms(fe(ms(n/e))*e)}function Vi(n,e){return ms(yt(ms(n/e))*e)}function Jo(n,e){return ms(ct(ms(n/e))*e)}function fe(n,e=0){if(Qo(n))return n;let t=10**e,s=n*t*(1+Number.EPSILON);return $e(s)/t}var Zt=new Map;function Zo(n){return((""+n).split(".")[1]||"").length}function ci(n,e,t,s){let i=[],r=s.map(Zo);for(let a=e;a<t;a++){let h=De(a),c=fe(Ws(n,a),h);for(let u=0;u<s.length;u++){let g=n==10?+`${s[u]}e${a}`:s[u]*c,f=(a>=0?0:h)+(a>=r[u]?0:r[u]),v=n==10?g:fe(g,f);i.push(v),Zt.set(v,f)}}return i}var hi={},nr=[],Vs=[null,null],Jt=Array.isArray,Qo=Number.isInteger,uh=n=>n===void 0;function ko(n){return typeof n=="string"}function Ui(n){let e=!1;if(n!=null){let t=n.constructor;e=t==null||t==Object}return e}function ph(n){return n!=null&&typeof n=="object"}var fh=Object.getPrototypeOf(Uint8Array),Xo="__proto__";function Us(n,e=Ui){let t;if(Jt(n)){let s=n.find(i=>i!=null);if(Jt(s)||e(s)){t=Array(n.length);for(let i=0;i<n.length;i++)t[i]=Us(n[i],e)}else t=n.slice()}else if(n instanceof fh)t=n.slice();else if(e(n)){t={};for(let s in n)s!=Xo&&(t[s]=Us(n[s],e))}else t=n;return t}function Le(n){let e=arguments;for(let t=1;t<e.length;t++){let s=e[t];for(let i in s)i!=Xo&&(Ui(n[i])?Le(n[i],Us(s[i])):n[i]=Us(s[i]))}return n}var mh=0,gh=1,vh=2;function bh(n,e,t){for(let s=0,i,r=-1;s<e.length;s++){let a=e[s];if(a>r){for(i=a-1;i>=0&&n[i]==null;)n[i--]=null;for(i=a+1;i<t&&n[i]==null;)n[r=i++]=null}}}function wh(n,e){if(kh(n)){let a=n[0].slice();for(let h=1;h<n.length;h++)a.push(...n[h].slice(1));return Sh(a[0])||(a=xh(a)),a}let t=new Set;for(let a=0;a<n.length;a++){let c=n[a][0],u=c.length;for(let g=0;g<u;g++)t.add(c[g])}let s=[Array.from(t).sort((a,h)=>a-h)],i=s[0].length,r=new Map;for(let a=0;a<i;a++)r.set(s[0][a],a);for(let a=0;a<n.length;a++){let h=n[a],c=h[0];for(let u=1;u<h.length;u++){let g=h[u],f=Array(i).fill(void 0),v=e?e[a][u]:gh,x=[];for(let S=0;S<g.length;S++){let T=g[S],L=r.get(c[S]);T===null?v!=mh&&(f[L]=T,v==vh&&x.push(L)):f[L]=T}bh(f,x,i),s.push(f)}}return s}var yh=typeof queueMicrotask>"u"?n=>Promise.resolve().then(n):queueMicrotask;function xh(n){let e=n[0],t=e.length,s=Array(t);for(let r=0;r<s.length;r++)s[r]=r;s.sort((r,a)=>e[r]-e[a]);let i=[];for(let r=0;r<n.length;r++){let a=n[r],h=Array(t);for(let c=0;c<t;c++)h[c]=a[s[c]];i.push(h)}return i}function kh(n){let e=n[0][0],t=e.length;for(let s=1;s<n.length;s++){let i=n[s][0];if(i.length!=t)return!1;if(i!=e){for(let r=0;r<t;r++)if(i[r]!=e[r])return!1}}return!0}function Sh(n,e=100){let t=n.length;if(t<=1)return!0;let s=0,i=t-1;for(;s<=i&&n[s]==null;)s++;for(;i>=s&&n[i]==null;)i--;if(i<=s)return!0;let r=Qe(1,ct((i-s+1)/e));for(let a=n[s],h=s+r;h<=i;h+=r){let c=n[h];if(c!=null){if(c<=a)return!1;a=c}}return!0}var ea=["January","February","March","April","May","June","July","August","September","October","November","December"],ta=["Sunday","Monday","Tuesday","Wednesday","Thursday","Friday","Saturday"];function sa(n){return n.slice(0,3)}var Mh=ta.map(sa),Ah=ea.map(sa),Th={MMMM:ea,MMM:Ah,WWWW:ta,WWW:Mh};function ni(n){return(n<10?"0":"")+n}function Ch(n){return(n<10?"00":n<100?"0":"")+n}var Eh={YYYY:n=>n.getFullYear(),YY:n=>(n.getFullYear()+"").slice(2),MMMM:(n,e)=>e.MMMM[n.getMonth()],MMM:(n,e)=>e.MMM[n.getMonth()],MM:n=>ni(n.getMonth()+1),M:n=>n.getMonth()+1,DD:n=>ni(n.getDate()),D:n=>n.getDate(),WWWW:(n,e)=>e.WWWW[n.getDay()],WWW:(n,e)=>e.WWW[n.getDay()],HH:n=>ni(n.getHours()),H:n=>n.getHours(),h:n=>{let e=n.getHours();return e==0?12:e>12?e-12:e},AA:n=>n.getHours()>=12?"PM":"AM",aa:n=>n.getHours()>=12?"pm":"am",a:n=>n.getHours()>=12?"p":"a",mm:n=>ni(n.getMinutes()),m:n=>n.getMinutes(),ss:n=>ni(n.getSeconds()),s:n=>n.getSeconds(),fff:n=>Ch(n.getMilliseconds())};function rr(n,e){e=e||Th;let t=[],s=/\{([a-z]+)\}|[^{]+/gi,i;for(;i=s.exec(n);)t.push(i[0][0]=="{"?Eh[i[1]]:i[0]);return r=>{let a="";for(let h=0;h<t.length;h++)a+=typeof t[h]=="string"?t[h]:t[h](r,e);return a}}var Lh=new Intl.DateTimeFormat().resolvedOptions().timeZone;function Ph(n,e){let t;return e=="UTC"||e=="Etc/UTC"?t=new Date(+n+n.getTimezoneOffset()*6e4):e==Lh?t=n:(t=new Date(n.toLocaleString("en-US",{timeZone:e})),t.setMilliseconds(n.getMilliseconds())),t}var ia=n=>n%1==0,Ii=[1,2,2.5,5],_h=ci(10,-32,0,Ii),na=ci(10,0,32,Ii),Rh=na.filter(ia),us=_h.concat(na),or=`
`,ra="{YYYY}",So=or+ra,oa="{M}/{D}",ai=or+oa,$i=ai+"/{YY}",aa="{aa}",Fh="{h}:{mm}",Is=Fh+aa,Mo=or+Is,Ao=":{ss}",ce=null;function la(n){let e=n*1e3,t=e*60,s=t*60,i=s*24,r=i*30,a=i*365,c=(n==1?ci(10,0,3,Ii).filter(ia):ci(10,-3,0,Ii)).concat([e,e*5,e*10,e*15,e*30,t,t*5,t*10,t*15,t*30,s,s*2,s*3,s*4,s*6,s*8,s*12,i,i*2,i*3,i*4,i*5,i*6,i*7,i*8,i*9,i*10,i*15,r,r*2,r*3,r*4,r*6,a,a*2,a*5,a*10,a*25,a*50,a*100]),u=[[a,ra,ce,ce,ce,ce,ce,ce,1],[i*28,"{MMM}",So,ce,ce,ce,ce,ce,1],[i,oa,So,ce,ce,ce,ce,ce,1],[s,"{h}"+aa,$i,ce,ai,ce,ce,ce,1],[t,Is,$i,ce,ai,ce,ce,ce,1],[e,Ao,$i+" "+Is,ce,ai+" "+Is,ce,Mo,ce,1],[n,Ao+".{fff}",$i+" "+Is,ce,ai+" "+Is,ce,Mo,ce,1]];function g(f){return(v,x,S,T,L,F)=>{let M=[],D=L>=a,E=L>=r&&L<a,J=f(S),z=fe(J*n,3),Z=In(J.getFullYear(),D?0:J.getMonth(),E||D?1:J.getDate()),K=fe(Z*n,3);if(E||D){let ee=E?L/r:0,G=D?L/a:0,P=z==K?z:fe(In(Z.getFullYear()+G,Z.getMonth()+ee,1)*n,3),q=new Date($e(P/n)),H=q.getFullYear(),B=q.getMonth();for(let V=0;P<=T;V++){let se=In(H+G*V,B+ee*V,1),W=se-f(fe(se*n,3));P=fe((+se+W)*n,3),P<=T&&M.push(P)}}else{let ee=L>=i?i:L,G=ct(S)-ct(z),P=K+G+Vi(z-K,ee);M.push(P);let q=f(P),H=q.getHours()+q.getMinutes()/t+q.getSeconds()/s,B=L/s,V=v.axes[x]._space,se=F/V;for(;P=fe(P+L,n==1?0:3),!(P>T);)if(B>1){let W=ct(fe(H+B,6))%24,ne=f(P).getHours()-W;ne>1&&(ne=-1),P-=ne*s,H=(H+B)%24;let de=M[M.length-1];fe((P-de)/L,3)*se>=.7&&M.push(P)}else M.push(P)}return M}}return[c,u,g]}var[$h,Dh,Nh]=la(1),[zh,Hh,Ih]=la(.001);ci(2,-53,53,[1]);function To(n,e){return n.map(t=>t.map((s,i)=>i==0||i==8||s==null?s:e(i==1||t[8]==0?s:t[1]+s)))}function Co(n,e){return(t,s,i,r,a)=>{let h=e.find(S=>a>=S[0])||e[e.length-1],c,u,g,f,v,x;return s.map(S=>{let T=n(S),L=T.getFullYear(),F=T.getMonth(),M=T.getDate(),D=T.getHours(),E=T.getMinutes(),J=T.getSeconds(),z=L!=c&&h[2]||F!=u&&h[3]||M!=g&&h[4]||D!=f&&h[5]||E!=v&&h[6]||J!=x&&h[7]||h[1];return c=L,u=F,g=M,f=D,v=E,x=J,z(T)})}}function Oh(n,e){let t=rr(e);return(s,i,r,a,h)=>i.map(c=>t(n(c)))}function In(n,e,t){return new Date(n,e,t)}function Eo(n,e){return e(n)}var Wh="{YYYY}-{MM}-{DD} {h}:{mm}{aa}";function Lo(n,e){return(t,s,i,r)=>r==null?Xn:e(n(s))}function Vh(n,e){let t=n.series[e];return t.width?t.stroke(n,e):t.points.width?t.points.stroke(n,e):null}function Uh(n,e){return n.series[e].fill(n,e)}var Bh={show:!0,live:!0,isolate:!1,mount:hh,markers:{show:!0,width:2,stroke:Vh,fill:Uh,dash:"solid"},idx:null,idxs:null,values:[]};function jh(n,e){let t=n.cursor.points,s=wt(),i=t.size(n,e);ye(s,ri,i),ye(s,oi,i);let r=i/-2;ye(s,"marginLeft",r),ye(s,"marginTop",r);let a=t.width(n,e,i);return a&&ye(s,"borderWidth",a),s}function Gh(n,e){let t=n.series[e].points;return t._fill||t._stroke}function Kh(n,e){let t=n.series[e].points;return t._stroke||t._fill}function Yh(n,e){return n.series[e].points.size}var On=[0,0];function qh(n,e,t){return On[0]=e,On[1]=t,On}function Di(n,e,t,s=!0){return i=>{i.button==0&&(!s||i.target==e)&&t(i)}}function Wn(n,e,t,s=!0){return i=>{(!s||i.target==e)&&t(i)}}var Jh={show:!0,x:!0,y:!0,lock:!1,move:qh,points:{one:!1,show:jh,size:Yh,width:0,stroke:Kh,fill:Gh},bind:{mousedown:Di,mouseup:Di,click:Di,dblclick:Di,mousemove:Wn,mouseleave:Wn,mouseenter:Wn},drag:{setScale:!0,x:!0,y:!1,dist:0,uni:null,click:(n,e)=>{e.stopPropagation(),e.stopImmediatePropagation()},_x:!1,_y:!1},focus:{dist:(n,e,t,s,i)=>s-i,prox:-1,bias:0},hover:{skip:[void 0],prox:null,bias:0},left:-10,top:-10,idx:null,dataIdx:null,idxs:null,event:null},ha={show:!0,stroke:"rgba(0,0,0,0.07)",width:2},ar=Le({},ha,{filter:qo}),ca=Le({},ar,{size:10}),da=Le({},ha,{show:!1}),lr='12px system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, "Noto Sans", sans-serif, "Apple Color Emoji", "Segoe UI Emoji", "Segoe UI Symbol", "Noto Color Emoji"',ua="bold "+lr,pa=1.5,Po={show:!0,scale:"x",stroke:Qn,space:50,gap:5,alignTo:1,size:50,labelGap:0,labelSize:30,labelFont:ua,side:2,grid:ar,ticks:ca,border:da,font:lr,lineGap:pa,rotate:0},Zh="Value",Qh="Time",_o={show:!0,scale:"x",auto:!1,sorted:1,min:pe,max:-pe,idxs:[]};function Xh(n,e,t,s,i){return e.map(r=>r==null?"":ir(r))}function ec(n,e,t,s,i,r,a){let h=[],c=Zt.get(i)||0;t=a?t:fe(Vi(t,i),c);for(let u=t;u<=s;u=fe(u+i,c))h.push(Object.is(u,-0)?0:u);return h}function Kn(n,e,t,s,i,r,a){let h=[],c=n.scales[n.axes[e].scale].log,u=c==10?Vt:Go,g=ct(u(t));i=Ws(c,g),c==10&&(i=us[Ct(i,us)]);let f=t,v=i*c;c==10&&(v=us[Ct(v,us)]);do h.push(f),f=f+i,c==10&&!Zt.has(f)&&(f=fe(f,Zt.get(i))),f>=v&&(i=f,v=i*c,c==10&&(v=us[Ct(v,us)]));while(f<=s);return h}function tc(n,e,t,s,i,r,a){let c=n.scales[n.axes[e].scale].asinh,u=s>c?Kn(n,e,Qe(c,t),s,i):[c],g=s>=0&&t<=0?[0]:[];return(t<-c?Kn(n,e,Qe(c,-s),-t,i):[c]).reverse().map(v=>-v).concat(g,u)}var fa=/./,sc=/[12357]/,ic=/[125]/,Ro=/1/,Yn=(n,e,t,s)=>n.map((i,r)=>e==4&&i==0||r%s==0&&t.test(i.toExponential()[i<0?1:0])?i:null);function nc(n,e,t,s,i){let r=n.axes[t],a=r.scale,h=n.scales[a],c=n.valToPos,u=r._space,g=c(10,a),f=c(9,a)-g>=u?fa:c(7,a)-g>=u?sc:c(5,a)-g>=u?ic:Ro;if(f==Ro){let v=De(c(1,a)-g);if(v<u)return Yn(e.slice().reverse(),h.distr,f,yt(u/v)).reverse()}return Yn(e,h.distr,f,1)}function rc(n,e,t,s,i){let r=n.axes[t],a=r.scale,h=r._space,c=n.valToPos,u=De(c(1,a)-c(2,a));return u<h?Yn(e.slice().reverse(),3,fa,yt(h/u)).reverse():e}function oc(n,e,t,s){return s==null?Xn:e==null?"":ir(e)}var Fo={show:!0,scale:"y",stroke:Qn,space:30,gap:5,alignTo:1,size:50,labelGap:0,labelSize:30,labelFont:ua,side:3,grid:ar,ticks:ca,border:da,font:lr,lineGap:pa,rotate:0};function ac(n,e){let t=3+(n||1)*2;return fe(t*e,3)}function lc(n,e){let{scale:t,idxs:s}=n.series[0],i=n._data[0],r=n.valToPos(i[s[0]],t,!0),a=n.valToPos(i[s[1]],t,!0),h=De(a-r),c=n.series[e],u=h/(c.points.space*le);return s[1]-s[0]<=u}var $o={scale:null,auto:!0,sorted:0,min:pe,max:-pe},ma=(n,e,t,s,i)=>i,Do={show:!0,auto:!0,sorted:0,gaps:ma,alpha:1,facets:[Le({},$o,{scale:"x"}),Le({},$o,{scale:"y"})]},No={scale:"y",auto:!0,sorted:0,show:!0,spanGaps:!1,gaps:ma,alpha:1,points:{show:lc,filter:null},values:null,min:pe,max:-pe,idxs:[],path:null,clip:null};function hc(n,e,t,s,i){return t/10}var ga={time:!0,auto:!0,distr:1,log:10,asinh:1,min:null,max:null,dir:1,ori:0},cc=Le({},ga,{time:!1,ori:1}),zo={};function va(n,e){let t=zo[n];return t||(t={key:n,plots:[],sub(s){t.plots.push(s)},unsub(s){t.plots=t.plots.filter(i=>i!=s)},pub(s,i,r,a,h,c,u){for(let g=0;g<t.plots.length;g++)t.plots[g]!=i&&t.plots[g].pub(s,i,r,a,h,c,u)}},n!=null&&(zo[n]=t)),t}var Bs=1,qn=2;function gs(n,e,t){let s=n.mode,i=n.series[e],r=s==2?n._data[e]:n._data,a=n.scales,h=n.bbox,c=r[0],u=s==2?r[1]:r[e],g=s==2?a[i.facets[0].scale]:a[n.series[0].scale],f=s==2?a[i.facets[1].scale]:a[i.scale],v=h.left,x=h.top,S=h.width,T=h.height,L=n.valToPosH,F=n.valToPosV;return g.ori==0?t(i,c,u,g,f,L,F,v,x,S,T,ji,Gs,Ki,wa,xa):t(i,c,u,g,f,F,L,x,v,T,S,Gi,Ks,dr,ya,ka)}function hr(n,e){let t=0,s=0,i=oe(n.bands,nr);for(let r=0;r<i.length;r++){let a=i[r];a.series[0]==e?t=a.dir:a.series[1]==e&&(a.dir==1?s|=1:s|=2)}return[t,s==1?-1:s==2?1:s==3?2:0]}function dc(n,e,t,s,i){let r=n.mode,a=n.series[e],h=r==2?a.facets[1].scale:a.scale,c=n.scales[h];return i==-1?c.min:i==1?c.max:c.distr==3?c.dir==1?c.min:c.max:0}function Ut(n,e,t,s,i,r){return gs(n,e,(a,h,c,u,g,f,v,x,S,T,L)=>{let F=a.pxRound,M=u.dir*(u.ori==0?1:-1),D=u.ori==0?Gs:Ks,E,J;M==1?(E=t,J=s):(E=s,J=t);let z=F(f(h[E],u,T,x)),Z=F(v(c[E],g,L,S)),K=F(f(h[J],u,T,x)),ee=F(v(r==1?g.max:g.min,g,L,S)),G=new Path2D(i);return D(G,K,ee),D(G,z,ee),D(G,z,Z),G})}function Bi(n,e,t,s,i,r){let a=null;if(n.length>0){a=new Path2D;let h=e==0?Ki:dr,c=t;for(let f=0;f<n.length;f++){let v=n[f];if(v[1]>v[0]){let x=v[0]-c;x>0&&h(a,c,s,x,s+r),c=v[1]}}let u=t+i-c,g=10;u>0&&h(a,c,s-g/2,u,s+r+g)}return a}function uc(n,e,t){let s=n[n.length-1];s&&s[0]==e?s[1]=t:n.push([e,t])}function cr(n,e,t,s,i,r,a){let h=[],c=n.length;for(let u=i==1?t:s;u>=t&&u<=s;u+=i)if(e[u]===null){let f=u,v=u;if(i==1)for(;++u<=s&&e[u]===null;)v=u;else for(;--u>=t&&e[u]===null;)v=u;let x=r(n[f]),S=v==f?x:r(n[v]),T=f-i;x=a<=0&&T>=0&&T<c?r(n[T]):x;let F=v+i;S=a>=0&&F>=0&&F<c?r(n[F]):S,S>=x&&h.push([x,S])}return h}function Ho(n){return n==0?Yo:n==1?$e:e=>ds(e,n)}function ba(n){let e=n==0?ji:Gi,t=n==0?(i,r,a,h,c,u)=>{i.arcTo(r,a,h,c,u)}:(i,r,a,h,c,u)=>{i.arcTo(a,r,c,h,u)},s=n==0?(i,r,a,h,c)=>{i.rect(r,a,h,c)}:(i,r,a,h,c)=>{i.rect(a,r,c,h)};return(i,r,a,h,c,u=0,g=0)=>{u==0&&g==0?s(i,r,a,h,c):(u=Et(u,h/2,c/2),g=Et(g,h/2,c/2),e(i,r+u,a),t(i,r+h,a,r+h,a+c,u),t(i,r+h,a+c,r,a+c,g),t(i,r,a+c,r,a,g),t(i,r,a,r+h,a,u),i.closePath())}}var ji=(n,e,t)=>{n.moveTo(e,t)},Gi=(n,e,t)=>{n.moveTo(t,e)},Gs=(n,e,t)=>{n.lineTo(e,t)},Ks=(n,e,t)=>{n.lineTo(t,e)},Ki=ba(0),dr=ba(1),wa=(n,e,t,s,i,r)=>{n.arc(e,t,s,i,r)},ya=(n,e,t,s,i,r)=>{n.arc(t,e,s,i,r)},xa=(n,e,t,s,i,r,a)=>{n.bezierCurveTo(e,t,s,i,r,a)},ka=(n,e,t,s,i,r,a)=>{n.bezierCurveTo(t,e,i,s,a,r)};function Sa(n){return(e,t,s,i,r)=>gs(e,t,(a,h,c,u,g,f,v,x,S,T,L)=>{let{pxRound:F,points:M}=a,D,E;u.ori==0?(D=ji,E=wa):(D=Gi,E=ya);let J=fe(M.width*le,3),z=(M.size-M.width)/2*le,Z=fe(z*2,3),K=new Path2D,ee=new Path2D,{left:G,top:P,width:q,height:H}=e.bbox;Ki(ee,G-Z,P-Z,q+Z*2,H+Z*2);let B=V=>{if(c[V]!=null){let se=F(f(h[V],u,T,x)),W=F(v(c[V],g,L,S));D(K,se+z,W),E(K,se,W,z,0,Ni*2)}};if(r)r.forEach(B);else for(let V=s;V<=i;V++)B(V);return{stroke:J>0?K:null,fill:K,clip:ee,flags:Bs|qn}})}function Ma(n){return(e,t,s,i,r,a)=>{s!=i&&(r!=s&&a!=s&&n(e,t,s),r!=i&&a!=i&&n(e,t,i),n(e,t,a))}}var pc=Ma(Gs),fc=Ma(Ks);function Aa(n){let e=oe(n?.alignGaps,0);return(t,s,i,r)=>gs(t,s,(a,h,c,u,g,f,v,x,S,T,L)=>{[i,r]=Oi(c,i,r);let F=a.pxRound,M=H=>F(f(H,u,T,x)),D=H=>F(v(H,g,L,S)),E,J;u.ori==0?(E=Gs,J=pc):(E=Ks,J=fc);let z=u.dir*(u.ori==0?1:-1),Z={stroke:new Path2D,fill:null,clip:null,band:null,gaps:null,flags:Bs},K=Z.stroke,ee=!1;if(r-i>=T*4){let H=I=>t.posToVal(I,u.key,!0),B=null,V=null,se,W,Xe,xe=M(h[z==1?i:r]),ne=M(h[i]),de=M(h[r]),Q=H(z==1?ne+1:de-1);for(let I=z==1?i:r;I>=i&&I<=r;I+=z){let _e=h[I],ke=(z==1?_e<Q:_e>Q)?xe:M(_e),he=c[I];ke==xe?he!=null?(W=he,B==null?(E(K,ke,D(W)),se=B=V=W):W<B?B=W:W>V&&(V=W)):he===null&&(ee=!0):(B!=null&&J(K,xe,D(B),D(V),D(se),D(W)),he!=null?(W=he,E(K,ke,D(W)),B=V=se=W):(B=V=null,he===null&&(ee=!0)),xe=ke,Q=H(xe+z))}B!=null&&B!=V&&Xe!=xe&&J(K,xe,D(B),D(V),D(se),D(W))}else for(let H=z==1?i:r;H>=i&&H<=r;H+=z){let B=c[H];B===null?ee=!0:B!=null&&E(K,M(h[H]),D(B))}let[P,q]=hr(t,s);if(a.fill!=null||P!=0){let H=Z.fill=new Path2D(K),B=a.fillTo(t,s,a.min,a.max,P),V=D(B),se=M(h[i]),W=M(h[r]);z==-1&&([W,se]=[se,W]),E(H,W,V),E(H,se,V)}if(!a.spanGaps){let H=[];ee&&H.push(...cr(h,c,i,r,z,M,e)),Z.gaps=H=a.gaps(t,s,i,r,H),Z.clip=Bi(H,u.ori,x,S,T,L)}return q!=0&&(Z.band=q==2?[Ut(t,s,i,r,K,-1),Ut(t,s,i,r,K,1)]:Ut(t,s,i,r,K,q)),Z})}function mc(n){let e=oe(n.align,1),t=oe(n.ascDesc,!1),s=oe(n.alignGaps,0),i=oe(n.extend,!1);return(r,a,h,c)=>gs(r,a,(u,g,f,v,x,S,T,L,F,M,D)=>{[h,c]=Oi(f,h,c);let E=u.pxRound,{left:J,width:z}=r.bbox,Z=ne=>E(S(ne,v,M,L)),K=ne=>E(T(ne,x,D,F)),ee=v.ori==0?Gs:Ks,G={stroke:new Path2D,fill:null,clip:null,band:null,gaps:null,flags:Bs},P=G.stroke,q=v.dir*(v.ori==0?1:-1),H=K(f[q==1?h:c]),B=Z(g[q==1?h:c]),V=B,se=B;i&&e==-1&&(se=J,ee(P,se,H)),ee(P,B,H);for(let ne=q==1?h:c;ne>=h&&ne<=c;ne+=q){let de=f[ne];if(de==null)continue;let Q=Z(g[ne]),I=K(de);e==1?ee(P,Q,H):ee(P,V,I),ee(P,Q,I),H=I,V=Q}let W=V;i&&e==1&&(W=J+z,ee(P,W,H));let[Xe,xe]=hr(r,a);if(u.fill!=null||Xe!=0){let ne=G.fill=new Path2D(P),de=u.fillTo(r,a,u.min,u.max,Xe),Q=K(de);ee(ne,W,Q),ee(ne,se,Q)}if(!u.spanGaps){let ne=[];ne.push(...cr(g,f,h,c,q,Z,s));let de=u.width*le/2,Q=t||e==1?de:-de,I=t||e==-1?-de:de;ne.forEach(_e=>{_e[0]+=Q,_e[1]+=I}),G.gaps=ne=u.gaps(r,a,h,c,ne),G.clip=Bi(ne,v.ori,L,F,M,D)}return xe!=0&&(G.band=xe==2?[Ut(r,a,h,c,P,-1),Ut(r,a,h,c,P,1)]:Ut(r,a,h,c,P,xe)),G})}function Io(n,e,t,s,i,r,a=pe){if(n.length>1){let h=null;for(let c=0,u=1/0;c<n.length;c++)if(e[c]!==void 0){if(h!=null){let g=De(n[c]-n[h]);g<u&&(u=g,a=De(t(n[c],s,i,r)-t(n[h],s,i,r)))}h=c}}return a}function gc(n){n=n||hi;let e=oe(n.size,[.6,pe,1]),t=n.align||0,s=n.gap||0,i=n.radius;i=i==null?[0,0]:typeof i=="number"?[i,0]:i;let r=te(i),a=1-e[0],h=oe(e[1],pe),c=oe(e[2],1),u=oe(n.disp,hi),g=oe(n.each,x=>{}),{fill:f,stroke:v}=u;return(x,S,T,L)=>gs(x,S,(F,M,D,E,J,z,Z,K,ee,G,P)=>{let q=F.pxRound,H=t,B=s*le,V=h*le,se=c*le,W,Xe;E.ori==0?[W,Xe]=r(x,S):[Xe,W]=r(x,S);let xe=E.dir*(E.ori==0?1:-1),ne=E.ori==0?Ki:dr,de=E.ori==0?g:($,ge,Re,xs,is,Rt,ns)=>{g($,ge,Re,is,xs,ns,Rt)},Q=oe(x.bands,nr).find($=>$.series[0]==S),I=Q!=null?Q.dir:0,_e=F.fillTo(x,S,F.min,F.max,I),Ke=q(Z(_e,J,P,ee)),ke,he,xt,it=G,Me=q(F.width*le),_t=!1,It=null,ut=null,Bt=null,bs=null;f!=null&&(Me==0||v!=null)&&(_t=!0,It=f.values(x,S,T,L),ut=new Map,new Set(It).forEach($=>{$!=null&&ut.set($,new Path2D)}),Me>0&&(Bt=v.values(x,S,T,L),bs=new Map,new Set(Bt).forEach($=>{$!=null&&bs.set($,new Path2D)})));let{x0:ws,size:Js}=u;if(ws!=null&&Js!=null){H=1,M=ws.values(x,S,T,L),ws.unit==2&&(M=M.map(Re=>x.posToVal(K+Re*G,E.key,!0)));let $=Js.values(x,S,T,L);Js.unit==2?he=$[0]*G:he=z($[0],E,G,K)-z(0,E,G,K),it=Io(M,D,z,E,G,K,it),xt=it-he+B}else it=Io(M,D,z,E,G,K,it),xt=it*a+B,he=it-xt;xt<1&&(xt=0),Me>=he/2&&(Me=0),xt<5&&(q=Yo);let Si=xt>0,ts=it-xt-(Si?Me:0);he=q(Gn(ts,se,V)),ke=(H==0?he/2:H==xe?0:he)-H*xe*((H==0?B/2:0)+(Si?Me/2:0));let Ye={stroke:null,fill:null,clip:null,band:null,gaps:null,flags:0},ys=_t?null:new Path2D,Ot=null;if(Q!=null)Ot=x.data[Q.series[1]];else{let{y0:$,y1:ge}=u;$!=null&&ge!=null&&(D=ge.values(x,S,T,L),Ot=$.values(x,S,T,L))}let ss=W*he,Y=Xe*he;for(let $=xe==1?T:L;$>=T&&$<=L;$+=xe){let ge=D[$];if(ge==null)continue;if(Ot!=null){let et=Ot[$]??0;if(ge-et==0)continue;Ke=Z(et,J,P,ee)}let Re=E.distr!=2||u!=null?M[$]:$,xs=z(Re,E,G,K),is=Z(oe(ge,_e),J,P,ee),Rt=q(xs-ke),ns=q(Qe(is,Ke)),nt=q(Et(is,Ke)),pt=ns-nt;if(ge!=null){let et=ge<0?Y:ss,kt=ge<0?ss:Y;_t?(Me>0&&Bt[$]!=null&&ne(bs.get(Bt[$]),Rt,nt+ct(Me/2),he,Qe(0,pt-Me),et,kt),It[$]!=null&&ne(ut.get(It[$]),Rt,nt+ct(Me/2),he,Qe(0,pt-Me),et,kt)):ne(ys,Rt,nt+ct(Me/2),he,Qe(0,pt-Me),et,kt),de(x,S,$,Rt-Me/2,nt,he+Me,pt)}}return Me>0?Ye.stroke=_t?bs:ys:_t||(Ye._fill=F.width==0?F._fill:F._stroke??F._fill,Ye.width=0),Ye.fill=_t?ut:ys,Ye})}function vc(n,e){let t=oe(e?.alignGaps,0);return(s,i,r,a)=>gs(s,i,(h,c,u,g,f,v,x,S,T,L,F)=>{[r,a]=Oi(u,r,a);let M=h.pxRound,D=W=>M(v(W,g,L,S)),E=W=>M(x(W,f,F,T)),J,z,Z;g.ori==0?(J=ji,Z=Gs,z=xa):(J=Gi,Z=Ks,z=ka);let K=g.dir*(g.ori==0?1:-1),ee=D(c[K==1?r:a]),G=ee,P=[],q=[];for(let W=K==1?r:a;W>=r&&W<=a;W+=K)if(u[W]!=null){let xe=c[W],ne=D(xe);P.push(G=ne),q.push(E(u[W]))}let H={stroke:n(P,q,J,Z,z,M),fill:null,clip:null,band:null,gaps:null,flags:Bs},B=H.stroke,[V,se]=hr(s,i);if(h.fill!=null||V!=0){let W=H.fill=new Path2D(B),Xe=h.fillTo(s,i,h.min,h.max,V),xe=E(Xe);Z(W,G,xe),Z(W,ee,xe)}if(!h.spanGaps){let W=[];W.push(...cr(c,u,r,a,K,D,t)),H.gaps=W=h.gaps(s,i,r,a,W),H.clip=Bi(W,g.ori,S,T,L,F)}return se!=0&&(H.band=se==2?[Ut(s,i,r,a,B,-1),Ut(s,i,r,a,B,1)]:Ut(s,i,r,a,B,se)),H})}function bc(n){return vc(wc,n)}function wc(n,e,t,s,i,r){let a=n.length;if(a<2)return null;let h=new Path2D;if(t(h,n[0],e[0]),a==2)s(h,n[1],e[1]);else{let c=Array(a),u=Array(a-1),g=Array(a-1),f=Array(a-1);for(let v=0;v<a-1;v++)g[v]=e[v+1]-e[v],f[v]=n[v+1]-n[v],u[v]=g[v]/f[v];c[0]=u[0];for(let v=1;v<a-1;v++)u[v]===0||u[v-1]===0||u[v-1]>0!=u[v]>0?c[v]=0:(c[v]=3*(f[v-1]+f[v])/((2*f[v]+f[v-1])/u[v-1]+(f[v]+2*f[v-1])/u[v]),isFinite(c[v])||(c[v]=0));c[a-1]=u[a-2];for(let v=0;v<a-1;v++)i(h,n[v]+f[v]/3,e[v]+c[v]*f[v]/3,n[v+1]-f[v]/3,e[v+1]-c[v+1]*f[v]/3,n[v+1],e[v+1])}return h}var Jn=new Set;function Oo(){for(let n of Jn)n.syncRect(!0)}js&&(fs(Xl,Os,Oo),fs(eh,Os,Oo,!0),fs(zi,Os,()=>{Pe.pxRatio=le}));var yc=Aa(),xc=Sa();function Wo(n,e,t,s){return(s?[n[0],n[1]].concat(n.slice(2)):[n[0]].concat(n.slice(1))).map((r,a)=>Zn(r,a,e,t))}function kc(n,e){return n.map((t,s)=>s==0?{}:Le({},e,t))}function Zn(n,e,t,s){return Le({},e==0?t:s,n)}function Ta(n,e,t){return e==null?Vs:[e,t]}var Sc=Ta;function Mc(n,e,t){return e==null?Vs:Hi(e,t,sr,!0)}function Ca(n,e,t,s){return e==null?Vs:Wi(e,t,n.scales[s].log,!1)}var Ac=Ca;function Ea(n,e,t,s){return e==null?Vs:tr(e,t,n.scales[s].log,!1)}var Tc=Ea;function Cc(n,e,t,s,i){let r=Qe(wo(n),wo(e)),a=e-n,h=Ct(i/s*a,t);do{let c=t[h],u=s*c/a;if(u>=i&&r+(c<5?Zt.get(c):0)<=17)return[c,u]}while(++h<t.length);return[0,0]}function Vo(n){let e,t;return n=n.replace(/(\d+)px/,(s,i)=>(e=$e((t=+i)*le))+"px"),[n,e,t]}function Ec(n){n.show&&[n.font,n.labelFont].forEach(e=>{let t=fe(e[2]*le,1);e[0]=e[0].replace(/[0-9.]+px/,t+"px"),e[1]=t})}function Pe(n,e,t){let s={mode:oe(n.mode,1)},i=s.mode;function r(o,l,d,p){let m=l.valToPct(o);return p+d*(l.dir==-1?1-m:m)}function a(o,l,d,p){let m=l.valToPct(o);return p+d*(l.dir==-1?m:1-m)}function h(o,l,d,p){return l.ori==0?r(o,l,d,p):a(o,l,d,p)}s.valToPosH=r,s.valToPosV=a;let c=!1;s.status=0;let u=s.root=wt(Dl);if(n.id!=null&&(u.id=n.id),ht(u,n.class),n.title){let o=wt(Hl,u);o.textContent=n.title}let g=Tt("canvas"),f=s.ctx=g.getContext("2d"),v=wt(Il,u);fs("click",v,o=>{o.target===S&&(ve!=Rs||Se!=Fs)&&Ue.click(s,o)},!0);let x=s.under=wt(Ol,v);v.appendChild(g);let S=s.over=wt(Wl,v);n=Us(n);let T=+oe(n.pxAlign,1),L=Ho(T);(n.plugins||[]).forEach(o=>{o.opts&&(n=o.opts(s,n)||n)});let F=n.ms||.001,M=s.series=i==1?Wo(n.series||[],_o,No,!1):kc(n.series||[null],Do),D=s.axes=Wo(n.axes||[],Po,Fo,!0),E=s.scales={},J=s.bands=n.bands||[];J.forEach(o=>{o.fill=te(o.fill||null),o.dir=oe(o.dir,-1)});let z=i==2?M[1].facets[0].scale:M[0].scale,Z={axes:wl,series:fl},K=(n.drawOrder||["axes","series"]).map(o=>Z[o]);function ee(o){let l=o.distr==3?d=>Vt(d>0?d:o.clamp(s,d,o.min,o.max,o.key)):o.distr==4?d=>Hn(d,o.asinh):o.distr==100?d=>o.fwd(d):d=>d;return d=>{let p=l(d),{_min:m,_max:w}=o,k=w-m;return(p-m)/k}}function G(o){let l=E[o];if(l==null){let d=(n.scales||hi)[o]||hi;if(d.from!=null){G(d.from);let p=Le({},E[d.from],d,{key:o});p.valToPct=ee(p),E[o]=p}else{l=E[o]=Le({},o==z?ga:cc,d),l.key=o;let p=l.time,m=l.range,w=Jt(m);if((o!=z||i==2&&!p)&&(w&&(m[0]==null||m[1]==null)&&(m={min:m[0]==null?go:{mode:1,hard:m[0],soft:m[0]},max:m[1]==null?go:{mode:1,hard:m[1],soft:m[1]}},w=!1),!w&&Ui(m))){let k=m;m=(A,C,_)=>C==null?Vs:Hi(C,_,k)}l.range=te(m||(p?Sc:o==z?l.distr==3?Ac:l.distr==4?Tc:Ta:l.distr==3?Ca:l.distr==4?Ea:Mc)),l.auto=te(w?!1:l.auto),l.clamp=te(l.clamp||hc),l._min=l._max=null,l.valToPct=ee(l)}}}G("x"),G("y"),i==1&&M.forEach(o=>{G(o.scale)}),D.forEach(o=>{G(o.scale)});for(let o in n.scales)G(o);let P=E[z],q=P.distr,H,B;P.ori==0?(ht(u,Nl),H=r,B=a):(ht(u,zl),H=a,B=r);let V={};for(let o in E){let l=E[o];(l.min!=null||l.max!=null)&&(V[o]={min:l.min,max:l.max},l.min=l.max=null)}let se=n.tzDate||(o=>new Date($e(o/F))),W=n.fmtDate||rr,Xe=F==1?Nh(se):Ih(se),xe=Co(se,To(F==1?Dh:Hh,W)),ne=Lo(se,Eo(Wh,W)),de=[],Q=s.legend=Le({},Bh,n.legend),I=s.cursor=Le({},Jh,{drag:{y:i==2}},n.cursor),_e=Q.show,Ke=I.show,ke=Q.markers;Q.idxs=de,ke.width=te(ke.width),ke.dash=te(ke.dash),ke.stroke=te(ke.stroke),ke.fill=te(ke.fill);let he,xt,it,Me=[],_t=[],It,ut=!1,Bt={};if(Q.live){let o=M[1]?M[1].values:null;ut=o!=null,It=ut?o(s,1,0):{_:0};for(let l in It)Bt[l]=Xn}if(_e)if(he=Tt("table",Kl,u),it=Tt("tbody",null,he),Q.mount(s,he),ut){xt=Tt("thead",null,he,it);let o=Tt("tr",null,xt);Tt("th",null,o);for(var bs in It)Tt("th",so,o).textContent=bs}else ht(he,ql),Q.live&&ht(he,Yl);let ws={show:!0},Js={show:!1};function Si(o,l){if(l==0&&(ut||!Q.live||i==2))return Vs;let d=[],p=Tt("tr",Jl,it,it.childNodes[l]);ht(p,o.class),o.show||ht(p,ps);let m=Tt("th",null,p);if(ke.show){let A=wt(Zl,m);if(l>0){let C=ke.width(s,l);C&&(A.style.border=C+"px "+ke.dash(s,l)+" "+ke.stroke(s,l)),A.style.background=ke.fill(s,l)}}let w=wt(so,m);o.label instanceof HTMLElement?w.appendChild(o.label):w.textContent=o.label,l>0&&(ke.show||(w.style.color=o.width>0?ke.stroke(s,l):ke.fill(s,l)),Ye("click",m,A=>{if(I._lock)return;os(A);let C=M.indexOf(o);if((A.ctrlKey||A.metaKey)!=Q.isolate){let _=M.some((R,N)=>N>0&&N!=C&&R.show);M.forEach((R,N)=>{N>0&&$t(N,_?N==C?ws:Js:ws,!0,Ee.setSeries)})}else $t(C,{show:!o.show},!0,Ee.setSeries)},!1),Ss&&Ye(oo,m,A=>{I._lock||(os(A),$t(M.indexOf(o),Ds,!0,Ee.setSeries))},!1));for(var k in It){let A=Tt("td",Ql,p);A.textContent="--",d.push(A)}return[p,d]}let ts=new Map;function Ye(o,l,d,p=!0){let m=ts.get(l)||{},w=I.bind[o](s,l,d,p);w&&(fs(o,l,m[o]=w),ts.set(l,m))}function ys(o,l,d){let p=ts.get(l)||{};for(let m in p)(o==null||m==o)&&(jn(m,l,p[m]),delete p[m]);o==null&&ts.delete(l)}let Ot=0,ss=0,Y=0,$=0,ge=0,Re=0,xs=ge,is=Re,Rt=Y,ns=$,nt=0,pt=0,et=0,kt=0;s.bbox={};let un=!1,Mi=!1,ks=!1,rs=!1,Ai=!1,ft=!1;function pn(o,l,d){(d||o!=s.width||l!=s.height)&&Mr(o,l),Es(!1),ks=!0,Mi=!0,Ls()}function Mr(o,l){s.width=Ot=Y=o,s.height=ss=$=l,ge=Re=0,al(),ll();let d=s.bbox;nt=d.left=ds(ge*le,.5),pt=d.top=ds(Re*le,.5),et=d.width=ds(Y*le,.5),kt=d.height=ds($*le,.5)}let nl=3;function rl(){let o=!1,l=0;for(;!o;){l++;let d=vl(l),p=bl(l);o=l==nl||d&&p,o||(Mr(s.width,s.height),Mi=!0)}}function ol({width:o,height:l}){pn(o,l)}s.setSize=ol;function al(){let o=!1,l=!1,d=!1,p=!1;D.forEach((m,w)=>{if(m.show&&m._show){let{side:k,_size:A}=m,C=k%2,_=m.label!=null?m.labelSize:0,R=A+_;R>0&&(C?(Y-=R,k==3?(ge+=R,p=!0):d=!0):($-=R,k==0?(Re+=R,o=!0):l=!0))}}),as[0]=o,as[1]=d,as[2]=l,as[3]=p,Y-=jt[1]+jt[3],ge+=jt[3],$-=jt[2]+jt[0],Re+=jt[0]}function ll(){let o=ge+Y,l=Re+$,d=ge,p=Re;function m(w,k){switch(w){case 1:return o+=k,o-k;case 2:return l+=k,l-k;case 3:return d-=k,d+k;case 0:return p-=k,p+k}}D.forEach((w,k)=>{if(w.show&&w._show){let A=w.side;w._pos=m(A,w._size),w.label!=null&&(w._lpos=m(A,w.labelSize))}})}if(I.dataIdx==null){let o=I.hover,l=o.skip=new Set(o.skip??[]);l.add(void 0);let d=o.prox=te(o.prox),p=o.bias??=0;I.dataIdx=(m,w,k,A)=>{if(w==0)return k;let C=k,_=d(m,w,k,A)??pe,R=_>=0&&_<pe,N=P.ori==0?Y:$,j=I.left,ae=e[0],re=e[w];if(l.has(re[k])){C=null;let X=null,U=null,O;if(p==0||p==-1)for(O=k;X==null&&O-- >0;)l.has(re[O])||(X=O);if(p==0||p==1)for(O=k;U==null&&O++<re.length;)l.has(re[O])||(U=O);if(X!=null||U!=null)if(R){let we=X==null?-1/0:H(ae[X],P,N,0),Ae=U==null?1/0:H(ae[U],P,N,0),We=j-we,ue=Ae-j;We<=ue?We<=_&&(C=X):ue<=_&&(C=U)}else C=U==null?X:X==null?U:k-X<=U-k?X:U}else R&&De(j-H(ae[k],P,N,0))>_&&(C=null);return C}}let os=o=>{I.event=o};I.idxs=de,I._lock=!1;let je=I.points;je.show=te(je.show),je.size=te(je.size),je.stroke=te(je.stroke),je.width=te(je.width),je.fill=te(je.fill);let Ft=s.focus=Le({},n.focus||{alpha:.3},I.focus),Ss=Ft.prox>=0,Ms=Ss&&je.one,mt=[],As=[],Ts=[];function Ar(o,l){let d=je.show(s,l);if(d instanceof HTMLElement)return ht(d,Gl),ht(d,o.class),Ht(d,-10,-10,Y,$),S.insertBefore(d,mt[l]),d}function Tr(o,l){if(i==1||l>0){let d=i==1&&E[o.scale].time,p=o.value;o.value=d?ko(p)?Lo(se,Eo(p,W)):p||ne:p||oc,o.label=o.label||(d?Qh:Zh)}if(Ms||l>0){o.width=o.width==null?1:o.width,o.paths=o.paths||yc||ch,o.fillTo=te(o.fillTo||dc),o.pxAlign=+oe(o.pxAlign,T),o.pxRound=Ho(o.pxAlign),o.stroke=te(o.stroke||null),o.fill=te(o.fill||null),o._stroke=o._fill=o._paths=o._focus=null;let d=ac(Qe(1,o.width),1),p=o.points=Le({},{size:d,width:Qe(1,d*.2),stroke:o.stroke,space:d*2,paths:xc,_stroke:null,_fill:null},o.points);p.show=te(p.show),p.filter=te(p.filter),p.fill=te(p.fill),p.stroke=te(p.stroke),p.paths=te(p.paths),p.pxAlign=o.pxAlign}if(_e){let d=Si(o,l);Me.splice(l,0,d[0]),_t.splice(l,0,d[1]),Q.values.push(null)}if(Ke){de.splice(l,0,null);let d=null;Ms?l==0&&(d=Ar(o,l)):l>0&&(d=Ar(o,l)),mt.splice(l,0,d),As.splice(l,0,0),Ts.splice(l,0,0)}Oe("addSeries",l)}function hl(o,l){l=l??M.length,o=i==1?Zn(o,l,_o,No):Zn(o,l,{},Do),M.splice(l,0,o),Tr(M[l],l)}s.addSeries=hl;function cl(o){if(M.splice(o,1),_e){Q.values.splice(o,1),_t.splice(o,1);let l=Me.splice(o,1)[0];ys(null,l.firstChild),l.remove()}Ke&&(de.splice(o,1),mt.splice(o,1)[0].remove(),As.splice(o,1),Ts.splice(o,1)),Oe("delSeries",o)}s.delSeries=cl;let as=[!1,!1,!1,!1];function dl(o,l){if(o._show=o.show,o.show){let d=o.side%2,p=E[o.scale];p==null&&(o.scale=d?M[1].scale:z,p=E[o.scale]);let m=p.time;o.size=te(o.size),o.space=te(o.space),o.rotate=te(o.rotate),Jt(o.incrs)&&o.incrs.forEach(k=>{!Zt.has(k)&&Zt.set(k,Zo(k))}),o.incrs=te(o.incrs||(p.distr==2?Rh:m?F==1?$h:zh:us)),o.splits=te(o.splits||(m&&p.distr==1?Xe:p.distr==3?Kn:p.distr==4?tc:ec)),o.stroke=te(o.stroke),o.grid.stroke=te(o.grid.stroke),o.ticks.stroke=te(o.ticks.stroke),o.border.stroke=te(o.border.stroke);let w=o.values;o.values=Jt(w)&&!Jt(w[0])?te(w):m?Jt(w)?Co(se,To(w,W)):ko(w)?Oh(se,w):w||xe:w||Xh,o.filter=te(o.filter||(p.distr>=3&&p.log==10?nc:p.distr==3&&p.log==2?rc:qo)),o.font=Vo(o.font),o.labelFont=Vo(o.labelFont),o._size=o.size(s,null,l,0),o._space=o._rotate=o._incrs=o._found=o._splits=o._values=null,o._size>0&&(as[l]=!0,o._el=wt(Vl,v))}}function Zs(o,l,d,p){let[m,w,k,A]=d,C=l%2,_=0;return C==0&&(A||w)&&(_=l==0&&!m||l==2&&!k?$e(Po.size/3):0),C==1&&(m||k)&&(_=l==1&&!w||l==3&&!A?$e(Fo.size/2):0),_}let Cr=s.padding=(n.padding||[Zs,Zs,Zs,Zs]).map(o=>te(oe(o,Zs))),jt=s._padding=Cr.map((o,l)=>o(s,l,as,0)),Ve,Ne=null,ze=null,Ti=i==1?M[0].idxs:null,St=null,Qs=!1;function Er(o,l){if(e=o??[],s.data=s._data=e,i==2){Ve=0;for(let d=1;d<M.length;d++)Ve+=e[d][0].length}else{e.length==0&&(s.data=s._data=e=[[]]),St=e[0],Ve=St.length;let d=e;if(q==2){d=e.slice();let p=d[0]=Array(Ve);for(let m=0;m<Ve;m++)p[m]=m}s._data=e=d}if(Es(!0),Oe("setData"),q==2&&(ks=!0),l!==!1){let d=P;d.auto(s,Qs)?fn():Kt(z,d.min,d.max),rs=rs||I.left>=0,ft=!0,Ls()}}s.setData=Er;function fn(){Qs=!0;let o,l;i==1&&(Ve>0?(Ne=Ti[0]=0,ze=Ti[1]=Ve-1,o=e[0][Ne],l=e[0][ze],q==2?(o=Ne,l=ze):o==l&&(q==3?[o,l]=Wi(o,o,P.log,!1):q==4?[o,l]=tr(o,o,P.log,!1):P.time?l=o+$e(86400/F):[o,l]=Hi(o,l,sr,!0))):(Ne=Ti[0]=o=null,ze=Ti[1]=l=null)),Kt(z,o,l)}let Ci,Cs,mn,gn,vn,bn,wn,yn,xn,tt;function Lr(o,l,d,p,m,w){o??=no,d??=nr,p??="butt",m??=no,w??="round",o!=Ci&&(f.strokeStyle=Ci=o),m!=Cs&&(f.fillStyle=Cs=m),l!=mn&&(f.lineWidth=mn=l),w!=vn&&(f.lineJoin=vn=w),p!=bn&&(f.lineCap=bn=p),d!=gn&&f.setLineDash(gn=d)}function Pr(o,l,d,p){l!=Cs&&(f.fillStyle=Cs=l),o!=wn&&(f.font=wn=o),d!=yn&&(f.textAlign=yn=d),p!=xn&&(f.textBaseline=xn=p)}function kn(o,l,d,p,m=0){if(p.length>0&&o.auto(s,Qs)&&(l==null||l.min==null)){let w=oe(Ne,0),k=oe(ze,p.length-1),A=d.min==null?nh(p,w,k,m,o.distr==3):[d.min,d.max];o.min=Et(o.min,d.min=A[0]),o.max=Qe(o.max,d.max=A[1])}}let _r={min:null,max:null};function ul(){for(let p in E){let m=E[p];V[p]==null&&(m.min==null||V[z]!=null&&m.auto(s,Qs))&&(V[p]=_r)}for(let p in E){let m=E[p];V[p]==null&&m.from!=null&&V[m.from]!=null&&(V[p]=_r)}V[z]!=null&&Es(!0);let o={};for(let p in V){let m=V[p];if(m!=null){let w=o[p]=Us(E[p],ph);if(m.min!=null)Le(w,m);else if(p!=z||i==2)if(Ve==0&&w.from==null){let k=w.range(s,null,null,p);w.min=k[0],w.max=k[1]}else w.min=pe,w.max=-pe}}if(Ve>0){M.forEach((p,m)=>{if(i==1){let w=p.scale,k=V[w];if(k==null)return;let A=o[w];if(m==0){let C=A.range(s,A.min,A.max,w);A.min=C[0],A.max=C[1],Ne=Ct(A.min,e[0]),ze=Ct(A.max,e[0]),ze-Ne>1&&(e[0][Ne]<A.min&&Ne++,e[0][ze]>A.max&&ze--),p.min=St[Ne],p.max=St[ze]}else p.show&&p.auto&&kn(A,k,p,e[m],p.sorted);p.idxs[0]=Ne,p.idxs[1]=ze}else if(m>0&&p.show&&p.auto){let[w,k]=p.facets,A=w.scale,C=k.scale,[_,R]=e[m],N=o[A],j=o[C];N!=null&&kn(N,V[A],w,_,w.sorted),j!=null&&kn(j,V[C],k,R,k.sorted),p.min=k.min,p.max=k.max}});for(let p in o){let m=o[p],w=V[p];if(m.from==null&&(w==null||w.min==null)){let k=m.range(s,m.min==pe?null:m.min,m.max==-pe?null:m.max,p);m.min=k[0],m.max=k[1]}}}for(let p in o){let m=o[p];if(m.from!=null){let w=o[m.from];if(w.min==null)m.min=m.max=null;else{let k=m.range(s,w.min,w.max,p);m.min=k[0],m.max=k[1]}}}let l={},d=!1;for(let p in o){let m=o[p],w=E[p];if(w.min!=m.min||w.max!=m.max){w.min=m.min,w.max=m.max;let k=w.distr;w._min=k==3?Vt(w.min):k==4?Hn(w.min,w.asinh):k==100?w.fwd(w.min):w.min,w._max=k==3?Vt(w.max):k==4?Hn(w.max,w.asinh):k==100?w.fwd(w.max):w.max,l[p]=d=!0}}if(d){M.forEach((p,m)=>{i==2?m>0&&l.y&&(p._paths=null):l[p.scale]&&(p._paths=null)});for(let p in l)ks=!0,Oe("setScale",p);Ke&&I.left>=0&&(rs=ft=!0)}for(let p in V)V[p]=null}function pl(o){let l=Gn(Ne-1,0,Ve-1),d=Gn(ze+1,0,Ve-1);for(;o[l]==null&&l>0;)l--;for(;o[d]==null&&d<Ve-1;)d++;return[l,d]}function fl(){if(Ve>0){let o=M.some(l=>l._focus)&&tt!=Ft.alpha;o&&(f.globalAlpha=tt=Ft.alpha),M.forEach((l,d)=>{if(d>0&&l.show&&(Rr(d,!1),Rr(d,!0),l._paths==null)){let p=tt;tt!=l.alpha&&(f.globalAlpha=tt=l.alpha);let m=i==2?[0,e[d][0].length-1]:pl(e[d]);l._paths=l.paths(s,d,m[0],m[1]),tt!=p&&(f.globalAlpha=tt=p)}}),M.forEach((l,d)=>{if(d>0&&l.show){let p=tt;tt!=l.alpha&&(f.globalAlpha=tt=l.alpha),l._paths!=null&&Fr(d,!1);{let m=l._paths!=null?l._paths.gaps:null,w=l.points.show(s,d,Ne,ze,m),k=l.points.filter(s,d,w,m);(w||k)&&(l.points._paths=l.points.paths(s,d,Ne,ze,k),Fr(d,!0))}tt!=p&&(f.globalAlpha=tt=p),Oe("drawSeries",d)}}),o&&(f.globalAlpha=tt=1)}}function Rr(o,l){let d=l?M[o].points:M[o];d._stroke=d.stroke(s,o),d._fill=d.fill(s,o)}function Fr(o,l){let d=l?M[o].points:M[o],{stroke:p,fill:m,clip:w,flags:k,_stroke:A=d._stroke,_fill:C=d._fill,_width:_=d.width}=d._paths;_=fe(_*le,3);let R=null,N=_%2/2;l&&C==null&&(C=_>0?"#fff":A);let j=d.pxAlign==1&&N>0;if(j&&f.translate(N,N),!l){let ae=nt-_/2,re=pt-_/2,X=et+_,U=kt+_;R=new Path2D,R.rect(ae,re,X,U)}l?Sn(A,_,d.dash,d.cap,C,p,m,k,w):ml(o,A,_,d.dash,d.cap,C,p,m,k,R,w),j&&f.translate(-N,-N)}function ml(o,l,d,p,m,w,k,A,C,_,R){let N=!1;C!=0&&J.forEach((j,ae)=>{if(j.series[0]==o){let re=M[j.series[1]],X=e[j.series[1]],U=(re._paths||hi).band;Jt(U)&&(U=j.dir==1?U[0]:U[1]);let O,we=null;re.show&&U&&oh(X,Ne,ze)?(we=j.fill(s,ae)||w,O=re._paths.clip):U=null,Sn(l,d,p,m,we,k,A,C,_,R,O,U),N=!0}}),N||Sn(l,d,p,m,w,k,A,C,_,R)}let $r=Bs|qn;function Sn(o,l,d,p,m,w,k,A,C,_,R,N){Lr(o,l,d,p,m),(C||_||N)&&(f.save(),C&&f.clip(C),_&&f.clip(_)),N?(A&$r)==$r?(f.clip(N),R&&f.clip(R),Li(m,k),Ei(o,w,l)):A&qn?(Li(m,k),f.clip(N),Ei(o,w,l)):A&Bs&&(f.save(),f.clip(N),R&&f.clip(R),Li(m,k),f.restore(),Ei(o,w,l)):(Li(m,k),Ei(o,w,l)),(C||_||N)&&f.restore()}function Ei(o,l,d){d>0&&(l instanceof Map?l.forEach((p,m)=>{f.strokeStyle=Ci=m,f.stroke(p)}):l!=null&&o&&f.stroke(l))}function Li(o,l){l instanceof Map?l.forEach((d,p)=>{f.fillStyle=Cs=p,f.fill(d)}):l!=null&&o&&f.fill(l)}function gl(o,l,d,p){let m=D[o],w;if(p<=0)w=[0,0];else{let k=m._space=m.space(s,o,l,d,p),A=m._incrs=m.incrs(s,o,l,d,p,k);w=Cc(l,d,A,p,k)}return m._found=w}function Mn(o,l,d,p,m,w,k,A,C,_){let R=k%2/2;T==1&&f.translate(R,R),Lr(A,k,C,_,A),f.beginPath();let N,j,ae,re,X=m+(p==0||p==3?-w:w);d==0?(j=m,re=X):(N=m,ae=X);for(let U=0;U<o.length;U++)l[U]!=null&&(d==0?N=ae=o[U]:j=re=o[U],f.moveTo(N,j),f.lineTo(ae,re));f.stroke(),T==1&&f.translate(-R,-R)}function vl(o){let l=!0;return D.forEach((d,p)=>{if(!d.show)return;let m=E[d.scale];if(m.min==null){d._show&&(l=!1,d._show=!1,Es(!1));return}else d._show||(l=!1,d._show=!0,Es(!1));let w=d.side,k=w%2,{min:A,max:C}=m,[_,R]=gl(p,A,C,k==0?Y:$);if(R==0)return;let N=m.distr==2,j=d._splits=d.splits(s,p,A,C,_,R,N),ae=m.distr==2?j.map(O=>St[O]):j,re=m.distr==2?St[j[1]]-St[j[0]]:_,X=d._values=d.values(s,d.filter(s,ae,p,R,re),p,R,re);d._rotate=w==2?d.rotate(s,X,p,R):0;let U=d._size;d._size=yt(d.size(s,X,p,o)),U!=null&&d._size!=U&&(l=!1)}),l}function bl(o){let l=!0;return Cr.forEach((d,p)=>{let m=d(s,p,as,o);m!=jt[p]&&(l=!1),jt[p]=m}),l}function wl(){for(let o=0;o<D.length;o++){let l=D[o];if(!l.show||!l._show)continue;let d=l.side,p=d%2,m,w,k=l.stroke(s,o),A=d==0||d==3?-1:1,[C,_]=l._found;if(l.label!=null){let Je=l.labelGap*A,at=$e((l._lpos+Je)*le);Pr(l.labelFont[0],k,"center",d==2?"top":io),f.save(),p==1?(m=w=0,f.translate(at,$e(pt+kt/2)),f.rotate((d==3?-Ni:Ni)/2)):(m=$e(nt+et/2),w=at);let cs=Ko(l.label)?l.label(s,o,C,_):l.label;f.fillText(cs,m,w),f.restore()}if(_==0)continue;let R=E[l.scale],N=p==0?et:kt,j=p==0?nt:pt,ae=l._splits,re=R.distr==2?ae.map(Je=>St[Je]):ae,X=R.distr==2?St[ae[1]]-St[ae[0]]:C,U=l.ticks,O=l.border,we=U.show?U.size:0,Ae=$e(we*le),We=$e((l.alignTo==2?l._size-we-l.gap:l.gap)*le),ue=l._rotate*-Ni/180,Te=L(l._pos*le),rt=(Ae+We)*A,qe=Te+rt;w=p==0?qe:0,m=p==1?qe:0;let gt=l.font[0],Mt=l.align==1?Hs:l.align==2?Dn:ue>0?Hs:ue<0?Dn:p==0?"center":d==3?Dn:Hs,Nt=ue||p==1?"middle":d==2?"top":io;Pr(gt,k,Mt,Nt);let ot=l.font[1]*l.lineGap,vt=ae.map(Je=>L(h(Je,R,N,j))),At=l._values;for(let Je=0;Je<At.length;Je++){let at=At[Je];if(at!=null){p==0?m=vt[Je]:w=vt[Je],at=""+at;let cs=at.indexOf(`
`)==-1?[at]:at.split(/\n/gm);for(let Ze=0;Ze<cs.length;Ze++){let Xr=cs[Ze];ue?(f.save(),f.translate(m,w+Ze*ot),f.rotate(ue),f.fillText(Xr,0,0),f.restore()):f.fillText(Xr,m,w+Ze*ot)}}}U.show&&Mn(vt,U.filter(s,re,o,_,X),p,d,Te,Ae,fe(U.width*le,3),U.stroke(s,o),U.dash,U.cap);let zt=l.grid;zt.show&&Mn(vt,zt.filter(s,re,o,_,X),p,p==0?2:1,p==0?pt:nt,p==0?kt:et,fe(zt.width*le,3),zt.stroke(s,o),zt.dash,zt.cap),O.show&&Mn([Te],[1],p==0?1:0,p==0?1:2,p==1?pt:nt,p==1?kt:et,fe(O.width*le,3),O.stroke(s,o),O.dash,O.cap)}Oe("drawAxes")}function Es(o){M.forEach((l,d)=>{d>0&&(l._paths=null,o&&(i==1?(l.min=null,l.max=null):l.facets.forEach(p=>{p.min=null,p.max=null})))})}let Pi=!1,An=!1,Xs=[];function yl(){An=!1;for(let o=0;o<Xs.length;o++)Oe(...Xs[o]);Xs.length=0}function Ls(){Pi||(yh(Dr),Pi=!0)}function xl(o,l=!1){Pi=!0,An=l,o(s),Dr(),l&&Xs.length>0&&queueMicrotask(yl)}s.batch=xl;function Dr(){if(un&&(ul(),un=!1),ks&&(rl(),ks=!1),Mi){if(ye(x,Hs,ge),ye(x,"top",Re),ye(x,ri,Y),ye(x,oi,$),ye(S,Hs,ge),ye(S,"top",Re),ye(S,ri,Y),ye(S,oi,$),ye(v,ri,Ot),ye(v,oi,ss),g.width=$e(Ot*le),g.height=$e(ss*le),D.forEach(({_el:o,_show:l,_size:d,_pos:p,side:m})=>{if(o!=null)if(l){let w=m===3||m===0?d:0,k=m%2==1;ye(o,k?"left":"top",p-w),ye(o,k?"width":"height",d),ye(o,k?"top":"left",k?Re:ge),ye(o,k?"height":"width",k?$:Y),Bn(o,ps)}else ht(o,ps)}),Ci=Cs=mn=vn=bn=wn=yn=xn=gn=null,tt=1,si(!0),ge!=xs||Re!=is||Y!=Rt||$!=ns){Es(!1);let o=Y/Rt,l=$/ns;if(Ke&&!rs&&I.left>=0){I.left*=o,I.top*=l,Ps&&Ht(Ps,$e(I.left),0,Y,$),_s&&Ht(_s,0,$e(I.top),Y,$);for(let d=0;d<mt.length;d++){let p=mt[d];p!=null&&(As[d]*=o,Ts[d]*=l,Ht(p,yt(As[d]),yt(Ts[d]),Y,$))}}if(be.show&&!Ai&&be.left>=0&&be.width>0){be.left*=o,be.width*=o,be.top*=l,be.height*=l;for(let d in _n)ye($s,d,be[d])}xs=ge,is=Re,Rt=Y,ns=$}Oe("setSize"),Mi=!1}Ot>0&&ss>0&&(f.clearRect(0,0,g.width,g.height),Oe("drawClear"),K.forEach(o=>o()),Oe("draw")),be.show&&Ai&&(_i(be),Ai=!1),Ke&&rs&&(hs(null,!0,!1),rs=!1),Q.show&&Q.live&&ft&&(Ln(),ft=!1),c||(c=!0,s.status=1,Oe("ready")),Qs=!1,Pi=!1}s.redraw=(o,l)=>{ks=l||!1,o!==!1?Kt(z,P.min,P.max):Ls()};function Tn(o,l){let d=E[o];if(d.from==null){if(Ve==0){let p=d.range(s,l.min,l.max,o);l.min=p[0],l.max=p[1]}if(l.min>l.max){let p=l.min;l.min=l.max,l.max=p}if(Ve>1&&l.min!=null&&l.max!=null&&l.max-l.min<1e-16)return;o==z&&d.distr==2&&Ve>0&&(l.min=Ct(l.min,e[0]),l.max=Ct(l.max,e[0]),l.min==l.max&&l.max++),V[o]=l,un=!0,Ls()}}s.setScale=Tn;let Cn,En,Ps,_s,Nr,zr,Rs,Fs,Hr,Ir,ve,Se,Gt=!1,Ue=I.drag,He=Ue.x,Ie=Ue.y;Ke&&(I.x&&(Cn=wt(Bl,S)),I.y&&(En=wt(jl,S)),P.ori==0?(Ps=Cn,_s=En):(Ps=En,_s=Cn),ve=I.left,Se=I.top);let be=s.select=Le({show:!0,over:!0,left:0,width:0,top:0,height:0},n.select),$s=be.show?wt(Ul,be.over?S:x):null;function _i(o,l){if(be.show){for(let d in o)be[d]=o[d],d in _n&&ye($s,d,o[d]);l!==!1&&Oe("setSelect")}}s.setSelect=_i;function kl(o){if(M[o].show)_e&&Bn(Me[o],ps);else if(_e&&ht(Me[o],ps),Ke){let d=Ms?mt[0]:mt[o];d!=null&&Ht(d,-10,-10,Y,$)}}function Kt(o,l,d){Tn(o,{min:l,max:d})}function $t(o,l,d,p){l.focus!=null&&Cl(o),l.show!=null&&M.forEach((m,w)=>{w>0&&(o==w||o==null)&&(m.show=l.show,kl(w),i==2?(Kt(m.facets[0].scale,null,null),Kt(m.facets[1].scale,null,null)):Kt(m.scale,null,null),Ls())}),d!==!1&&Oe("setSeries",o,l),p&&ii("setSeries",s,o,l)}s.setSeries=$t;function Sl(o,l){Le(J[o],l)}function Ml(o,l){o.fill=te(o.fill||null),o.dir=oe(o.dir,-1),l=l??J.length,J.splice(l,0,o)}function Al(o){o==null?J.length=0:J.splice(o,1)}s.addBand=Ml,s.setBand=Sl,s.delBand=Al;function Tl(o,l){M[o].alpha=l,Ke&&mt[o]!=null&&(mt[o].style.opacity=l),_e&&Me[o]&&(Me[o].style.opacity=l)}let Wt,Yt,ls,Ds={focus:!0};function Cl(o){if(o!=ls){let l=o==null,d=Ft.alpha!=1;M.forEach((p,m)=>{if(i==1||m>0){let w=l||m==0||m==o;p._focus=l?null:w,d&&Tl(m,w?1:Ft.alpha)}}),ls=o,d&&Ls()}}_e&&Ss&&Ye(ao,he,o=>{I._lock||(os(o),ls!=null&&$t(null,Ds,!0,Ee.setSeries))});function Dt(o,l,d){let p=E[l];d&&(o=o/le-(p.ori==1?Re:ge));let m=Y;p.ori==1&&(m=$,o=m-o),p.dir==-1&&(o=m-o);let w=p._min,k=p._max,A=o/m,C=w+(k-w)*A,_=p.distr;return _==3?Ws(10,C):_==4?lh(C,p.asinh):_==100?p.bwd(C):C}function El(o,l){let d=Dt(o,z,l);return Ct(d,e[0],Ne,ze)}s.valToIdx=o=>Ct(o,e[0]),s.posToIdx=El,s.posToVal=Dt,s.valToPos=(o,l,d)=>E[l].ori==0?r(o,E[l],d?et:Y,d?nt:0):a(o,E[l],d?kt:$,d?pt:0),s.setCursor=(o,l,d)=>{ve=o.left,Se=o.top,hs(null,l,d)};function Or(o,l){ye($s,Hs,be.left=o),ye($s,ri,be.width=l)}function Wr(o,l){ye($s,"top",be.top=o),ye($s,oi,be.height=l)}let ei=P.ori==0?Or:Wr,ti=P.ori==1?Or:Wr;function Ll(){if(_e&&Q.live)for(let o=i==2?1:0;o<M.length;o++){if(o==0&&ut)continue;let l=Q.values[o],d=0;for(let p in l)_t[o][d++].firstChild.nodeValue=l[p]}}function Ln(o,l){if(o!=null&&(o.idxs?o.idxs.forEach((d,p)=>{de[p]=d}):uh(o.idx)||de.fill(o.idx),Q.idx=de[0]),_e&&Q.live){for(let d=0;d<M.length;d++)(d>0||i==1&&!ut)&&Pl(d,de[d]);Ll()}ft=!1,l!==!1&&Oe("setLegend")}s.setLegend=Ln;function Pl(o,l){let d=M[o],p=o==0&&q==2?St:e[o],m;ut?m=d.values(s,o,l)??Bt:(m=d.value(s,l==null?null:p[l],o,l),m=m==null?Bt:{_:m}),Q.values[o]=m}function hs(o,l,d){Hr=ve,Ir=Se,[ve,Se]=I.move(s,ve,Se),I.left=ve,I.top=Se,Ke&&(Ps&&Ht(Ps,$e(ve),0,Y,$),_s&&Ht(_s,0,$e(Se),Y,$));let p,m=Ne>ze;Wt=pe,Yt=null;let w=P.ori==0?Y:$,k=P.ori==1?Y:$;if(ve<0||Ve==0||m){p=I.idx=null;for(let A=0;A<M.length;A++){let C=mt[A];C!=null&&Ht(C,-10,-10,Y,$)}Ss&&$t(null,Ds,!0,o==null&&Ee.setSeries),Q.live&&(de.fill(p),ft=!0)}else{let A,C,_;i==1&&(A=P.ori==0?ve:Se,C=Dt(A,z),p=I.idx=Ct(C,e[0],Ne,ze),_=H(e[0][p],P,w,0));let R=-10,N=-10,j=0,ae=0,re=!0,X="",U="";for(let O=i==2?1:0;O<M.length;O++){let we=M[O],Ae=de[O],We=Ae==null?null:i==1?e[O][Ae]:e[O][1][Ae],ue=I.dataIdx(s,O,p,C),Te=ue==null?null:i==1?e[O][ue]:e[O][1][ue];if(ft=ft||Te!=We||ue!=Ae,de[O]=ue,O>0&&we.show){let rt=ue==null?-10:ue==p?_:H(i==1?e[0][ue]:e[O][0][ue],P,w,0),qe=Te==null?-10:B(Te,i==1?E[we.scale]:E[we.facets[1].scale],k,0);if(Ss&&Te!=null){let gt=P.ori==1?ve:Se,Mt=De(Ft.dist(s,O,ue,qe,gt));if(Mt<Wt){let Nt=Ft.bias;if(Nt!=0){let ot=Dt(gt,we.scale),vt=Te>=0?1:-1,At=ot>=0?1:-1;At==vt&&(At==1?Nt==1?Te>=ot:Te<=ot:Nt==1?Te<=ot:Te>=ot)&&(Wt=Mt,Yt=O)}else Wt=Mt,Yt=O}}if(ft||Ms){let gt,Mt;P.ori==0?(gt=rt,Mt=qe):(gt=qe,Mt=rt);let Nt,ot,vt,At,zt,Je,at=!0,cs=je.bbox;if(cs!=null){at=!1;let Ze=cs(s,O);vt=Ze.left,At=Ze.top,Nt=Ze.width,ot=Ze.height}else vt=gt,At=Mt,Nt=ot=je.size(s,O);if(Je=je.fill(s,O),zt=je.stroke(s,O),Ms)O==Yt&&Wt<=Ft.prox&&(R=vt,N=At,j=Nt,ae=ot,re=at,X=Je,U=zt);else{let Ze=mt[O];Ze!=null&&(As[O]=vt,Ts[O]=At,mo(Ze,Nt,ot,at),po(Ze,Je,zt),Ht(Ze,yt(vt),yt(At),Y,$))}}}}if(Ms){let O=Ft.prox,we=ls==null?Wt<=O:Wt>O||Yt!=ls;if(ft||we){let Ae=mt[0];Ae!=null&&(As[0]=R,Ts[0]=N,mo(Ae,j,ae,re),po(Ae,X,U),Ht(Ae,yt(R),yt(N),Y,$))}}}if(be.show&&Gt)if(o!=null){let[A,C]=Ee.scales,[_,R]=Ee.match,[N,j]=o.cursor.sync.scales,ae=o.cursor.drag;if(He=ae._x,Ie=ae._y,He||Ie){let{left:re,top:X,width:U,height:O}=o.select,we=o.scales[N].ori,Ae=o.posToVal,We,ue,Te,rt,qe,gt=A!=null&&_(A,N),Mt=C!=null&&R(C,j);gt&&He?(we==0?(We=re,ue=U):(We=X,ue=O),Te=E[A],rt=H(Ae(We,N),Te,w,0),qe=H(Ae(We+ue,N),Te,w,0),ei(Et(rt,qe),De(qe-rt))):ei(0,w),Mt&&Ie?(we==1?(We=re,ue=U):(We=X,ue=O),Te=E[C],rt=B(Ae(We,j),Te,k,0),qe=B(Ae(We+ue,j),Te,k,0),ti(Et(rt,qe),De(qe-rt))):ti(0,k)}else Rn()}else{let A=De(Hr-Nr),C=De(Ir-zr);if(P.ori==1){let j=A;A=C,C=j}He=Ue.x&&A>=Ue.dist,Ie=Ue.y&&C>=Ue.dist;let _=Ue.uni;_!=null?He&&Ie&&(He=A>=_,Ie=C>=_,!He&&!Ie&&(C>A?Ie=!0:He=!0)):Ue.x&&Ue.y&&(He||Ie)&&(He=Ie=!0);let R,N;He&&(P.ori==0?(R=Rs,N=ve):(R=Fs,N=Se),ei(Et(R,N),De(N-R)),Ie||ti(0,k)),Ie&&(P.ori==1?(R=Rs,N=ve):(R=Fs,N=Se),ti(Et(R,N),De(N-R)),He||ei(0,w)),!He&&!Ie&&(ei(0,0),ti(0,0))}if(Ue._x=He,Ue._y=Ie,o==null){if(d){if(Qr!=null){let[A,C]=Ee.scales;Ee.values[0]=A!=null?Dt(P.ori==0?ve:Se,A):null,Ee.values[1]=C!=null?Dt(P.ori==1?ve:Se,C):null}ii(Nn,s,ve,Se,Y,$,p)}if(Ss){let A=d&&Ee.setSeries,C=Ft.prox;ls==null?Wt<=C&&$t(Yt,Ds,!0,A):Wt>C?$t(null,Ds,!0,A):Yt!=ls&&$t(Yt,Ds,!0,A)}}ft&&(Q.idx=p,Ln()),l!==!1&&Oe("setCursor")}let qt=null;Object.defineProperty(s,"rect",{get(){return qt==null&&si(!1),qt}});function si(o=!1){o?qt=null:(qt=S.getBoundingClientRect(),Oe("syncRect",qt))}function Vr(o,l,d,p,m,w,k){I._lock||Gt&&o!=null&&o.movementX==0&&o.movementY==0||(Pn(o,l,d,p,m,w,k,!1,o!=null),o!=null?hs(null,!0,!0):hs(l,!0,!1))}function Pn(o,l,d,p,m,w,k,A,C){if(qt==null&&si(!1),os(o),o!=null)d=o.clientX-qt.left,p=o.clientY-qt.top;else{if(d<0||p<0){ve=-10,Se=-10;return}let[_,R]=Ee.scales,N=l.cursor.sync,[j,ae]=N.values,[re,X]=N.scales,[U,O]=Ee.match,we=l.axes[0].side%2==1,Ae=P.ori==0?Y:$,We=P.ori==1?Y:$,ue=we?w:m,Te=we?m:w,rt=we?p:d,qe=we?d:p;if(re!=null?d=U(_,re)?h(j,E[_],Ae,0):-10:d=Ae*(rt/ue),X!=null?p=O(R,X)?h(ae,E[R],We,0):-10:p=We*(qe/Te),P.ori==1){let gt=d;d=p,p=gt}}C&&(l==null||l.cursor.event.type==Nn)&&((d<=1||d>=Y-1)&&(d=ds(d,Y)),(p<=1||p>=$-1)&&(p=ds(p,$))),A?(Nr=d,zr=p,[Rs,Fs]=I.move(s,d,p)):(ve=d,Se=p)}let _n={width:0,height:0,left:0,top:0};function Rn(){_i(_n,!1)}let Ur,Br,jr,Gr;function Kr(o,l,d,p,m,w,k){Gt=!0,He=Ie=Ue._x=Ue._y=!1,Pn(o,l,d,p,m,w,k,!0,!1),o!=null&&(Ye(zn,Vn,Yr,!1),ii(ro,s,Rs,Fs,Y,$,null));let{left:A,top:C,width:_,height:R}=be;Ur=A,Br=C,jr=_,Gr=R}function Yr(o,l,d,p,m,w,k){Gt=Ue._x=Ue._y=!1,Pn(o,l,d,p,m,w,k,!1,!0);let{left:A,top:C,width:_,height:R}=be,N=_>0||R>0,j=Ur!=A||Br!=C||jr!=_||Gr!=R;if(N&&j&&_i(be),Ue.setScale&&N&&j){let ae=A,re=_,X=C,U=R;if(P.ori==1&&(ae=C,re=R,X=A,U=_),He&&Kt(z,Dt(ae,z),Dt(ae+re,z)),Ie)for(let O in E){let we=E[O];O!=z&&we.from==null&&we.min!=pe&&Kt(O,Dt(X+U,O),Dt(X,O))}Rn()}else I.lock&&(I._lock=!I._lock,hs(l,!0,o!=null));o!=null&&(ys(zn,Vn),ii(zn,s,ve,Se,Y,$,null))}function _l(o,l,d,p,m,w,k){if(I._lock)return;os(o);let A=Gt;if(Gt){let C=!0,_=!0,R=10,N,j;P.ori==0?(N=He,j=Ie):(N=Ie,j=He),N&&j&&(C=ve<=R||ve>=Y-R,_=Se<=R||Se>=$-R),N&&C&&(ve=ve<Rs?0:Y),j&&_&&(Se=Se<Fs?0:$),hs(null,!0,!0),Gt=!1}ve=-10,Se=-10,de.fill(null),hs(null,!0,!0),A&&(Gt=A)}function qr(o,l,d,p,m,w,k){I._lock||(os(o),fn(),Rn(),o!=null&&ii(lo,s,ve,Se,Y,$,null))}function Jr(){D.forEach(Ec),pn(s.width,s.height,!0)}fs(zi,Os,Jr);let Ns={};Ns.mousedown=Kr,Ns.mousemove=Vr,Ns.mouseup=Yr,Ns.dblclick=qr,Ns.setSeries=(o,l,d,p)=>{let m=Ee.match[2];d=m(s,l,d),d!=-1&&$t(d,p,!0,!1)},Ke&&(Ye(ro,S,Kr),Ye(Nn,S,Vr),Ye(oo,S,o=>{os(o),si(!1)}),Ye(ao,S,_l),Ye(lo,S,qr),Jn.add(s),s.syncRect=si);let Ri=s.hooks=n.hooks||{};function Oe(o,l,d){An?Xs.push([o,l,d]):o in Ri&&Ri[o].forEach(p=>{p.call(null,s,l,d)})}(n.plugins||[]).forEach(o=>{for(let l in o.hooks)Ri[l]=(Ri[l]||[]).concat(o.hooks[l])});let Zr=(o,l,d)=>d,Ee=Le({key:null,setSeries:!1,filters:{pub:yo,sub:yo},scales:[z,M[1]?M[1].scale:null],match:[xo,xo,Zr],values:[null,null]},I.sync);Ee.match.length==2&&Ee.match.push(Zr),I.sync=Ee;let Qr=Ee.key,Fn=va(Qr);function ii(o,l,d,p,m,w,k){Ee.filters.pub(o,l,d,p,m,w,k)&&Fn.pub(o,l,d,p,m,w,k)}Fn.sub(s);function Rl(o,l,d,p,m,w,k){Ee.filters.sub(o,l,d,p,m,w,k)&&Ns[o](null,l,d,p,m,w,k)}s.pub=Rl;function Fl(){Fn.unsub(s),Jn.delete(s),ts.clear(),jn(zi,Os,Jr),u.remove(),he?.remove(),Oe("destroy")}s.destroy=Fl;function $n(){Oe("init",n,e),Er(e||n.data,!1),V[z]?Tn(z,V[z]):fn(),Ai=be.show&&(be.width>0||be.height>0),rs=ft=!0,pn(n.width,n.height)}return M.forEach(Tr),D.forEach(dl),t?t instanceof HTMLElement?(t.appendChild(u),$n()):t(s,$n):$n(),s}Pe.assign=Le;Pe.fmtNum=ir;Pe.rangeNum=Hi;Pe.rangeLog=Wi;Pe.rangeAsinh=tr;Pe.orient=gs;Pe.pxRatio=le;Pe.join=wh;Pe.fmtDate=rr,Pe.tzDate=Ph;Pe.sync=va;{Pe.addGap=uc,Pe.clipGaps=Bi;let n=Pe.paths={points:Sa};n.linear=Aa,n.stepped=mc,n.bars=gc,n.spline=bc}var Ys=[["accent",[]],["warm",[]],["good",[6,3]],["ink",[2,3]],["soft",[8,3,2,3]],["accent",[3,3]],["warm",[3,3]]],Lc=220;function La(n,e,t,s=!1){let i=y("div","plot"),r=t.map(u=>`${u.name} ${Fe(u.y.at(-1)??Number.NaN)}`).join(", ");i.setAttribute("role","img"),i.setAttribute("aria-label",`${e}. The last values: ${r}`),n.append(i,y("p","legend keys",...t.map((u,g)=>{let f=document.createElementNS("http://www.w3.org/2000/svg","svg"),v=document.createElementNS("http://www.w3.org/2000/svg","path"),[x,S]=Ys[g%Ys.length];return f.setAttribute("viewBox","0 0 24 6"),f.setAttribute("aria-hidden","true"),v.setAttribute("d","M0 3H24"),v.style.stroke=ie(x),v.style.strokeDasharray=S.join(" "),f.append(v),b("span",{},{},f,u.name)})));let a=u=>Number.isFinite(u)&&!(s&&u<=0)?u:null,h=Pe.join(t.map(u=>[u.x,u.y.map(a)])),c={stroke:ie("soft"),ticks:{show:!1},font:"12px system-ui, sans-serif"};new Pe({width:i.clientWidth,height:Lc,legend:{show:!1},cursor:{show:!1},scales:{x:{time:!1},y:s?{distr:3}:{}},axes:[{...c,grid:{show:!1},size:30,values:(u,g)=>g.map(Fe)},{...c,grid:{stroke:ie("line"),width:1},size:56,values:(u,g)=>g.map(f=>f===null?"":s?f.toExponential(0):Fe(f))}],series:[{},...t.map((u,g)=>({stroke:ie(Ys[g%Ys.length][0]),dash:Ys[g%Ys.length][1],width:1.6,spanGaps:!0,points:{show:u.x.length<12}}))]},h,i)}var Pa="hitherto-theme",_a=matchMedia("(prefers-color-scheme: dark)"),me=new EventTarget,di="auto";try{di=localStorage.getItem(Pa)??"auto"}catch{}var Ra=()=>di;function Fa(n){di=n;try{localStorage.setItem(Pa,n)}catch{}Yi()}function Yi(){let n=di==="auto"?_a.matches?"dark":"light":di;document.documentElement.dataset.theme=n,ur.clear(),me.dispatchEvent(new Event("change"))}_a.addEventListener("change",Yi);function Qt(n){let e=ie(n).replace("#","");return[0,2,4].map(t=>Number.parseInt(e.slice(t,t+2),16))}var ur=new Map;function $a(n){let e=ur.get(n);if(!e){e=new Uint32Array(256);let[t,s,i]=[Qt("ground"),Qt("cool"),Qt("warm")];for(let r=0;r<256;r++){let a=n==="share"?r/255:(r-127.5)/127.5,h=a<0?i:s,c=Math.abs(a)**.8,[u,g,f]=t.map((v,x)=>Math.round(v+c*(h[x]-v)));e[r]=255<<24|f<<16|g<<8|u}ur.set(n,e)}return e}var Pc=1e3,_c=new Set(["step","epoch","norm","lr","tokens_per_second","memory","loss"]),Da=new Set(["loss","train_loss","valid_loss"]),ui=class extends HTMLElement{names=[];first="";shown=new Set;logs=new Map;timer=0;choice=b("div",{class:"row",role:"group","aria-label":"Runs beside one another"});charts=y("div","charts wide");table=y("div","scroll");status=b("p",{class:"soft",role:"status"});redraw=()=>this.draw();connectedCallback(){this.shown.add(this.first),this.choice.replaceChildren(...this.names.map(e=>b("label",{class:"row"},{},b("input",{type:"checkbox",checked:e===this.first},{onchange:()=>{this.shown.delete(e)||this.shown.add(e),this.look(),this.draw()}}),e))),this.table.tabIndex=0,this.table.setAttribute("role","group"),this.table.setAttribute("aria-label","The newest numbers"),this.replaceChildren(b("section",{class:"card wide","aria-label":"Runs"},{},this.names.length>1&&this.choice,this.status,this.table),this.charts),me.addEventListener("change",this.redraw),addEventListener("resize",this.redraw),this.look()}disconnectedCallback(){clearTimeout(this.timer),me.removeEventListener("change",this.redraw),removeEventListener("resize",this.redraw)}async look(){clearTimeout(this.timer);let e=!1;try{for(let t of this.shown)e=await this.readOn(t)||e;this.status.hidden=this.logs.size>0&&[...this.logs.values()].some(t=>t.rows.length>0),this.status.textContent="The run has not written anything yet."}catch{this.status.hidden=!1,this.status.textContent="The server is away. This page goes on when it is back."}this.isConnected&&(e&&this.draw(),this.timer=window.setTimeout(()=>{this.look()},e?50:Pc))}async readOn(e){let t=this.logs.get(e)??{at:0,rows:[]},s=await fetch(`studio/runs/${encodeURIComponent(e)}?at=${t.at}`);if(!s.ok)throw new Error(s.statusText);let i=await s.json();i.from===0&&(t.rows=[]),t.rows.push(...i.rows);let r=i.at!==t.at;return t.at=i.at,this.logs.set(e,t),r}draw(){let e=[...this.shown].map(u=>({name:u,rows:this.logs.get(u)?.rows??[]})),t=e.length>1,s=(u,g,f)=>{let v=u.filter(x=>typeof x[g]=="number");return{name:f,x:v.map(x=>x.step),y:v.map(x=>x[g])}},i=new Set(e.flatMap(({rows:u})=>u.flatMap(g=>Object.keys(g)))),r=[...i].filter(u=>!_c.has(u)&&!Da.has(u)),a=[...Da].filter(u=>i.has(u)),c=[{title:"Loss, by step",rows:e.flatMap(({name:u,rows:g})=>a.map(f=>s(g,f,t?`${u}: ${qi(f)}`:qi(f))))},...r.map(u=>({title:`${qi(u)}, by step`,rows:e.map(({name:g,rows:f})=>s(f,u,g))})),...this.memories(e)].map(({title:u,rows:g,log:f})=>({title:u,log:f,some:g.filter(v=>v.x.length)})).filter(({some:u})=>u.length).map(u=>({...u,host:b("section",{class:"card","aria-label":u.title},{},y("h2","",u.title))}));this.charts.replaceChildren(...c.map(({host:u})=>u));for(let{host:u,title:g,some:f,log:v}of c)La(u,g,f,v);this.tell(e,[...a,...r])}memories(e){let t=e.map(({name:i,rows:r})=>({name:i,rows:r.filter(a=>a.memory)}));return[...new Set(t.flatMap(({rows:i})=>i.flatMap(r=>Object.keys(r.memory))))].flatMap(i=>[{title:`How far back the gradient reaches, by lag: ${i}`,log:!0,rows:t.flatMap(({name:r,rows:a})=>[...new Set([0,a.length-1])].flatMap(h=>{let c=a[h]?.memory?.[i],u=`${r}, step ${a[h]?.step.toLocaleString("en")}`;return c?[{name:u,x:c.lags,y:c.norms}]:[]}))},{title:`Memory length in steps: ${i}`,rows:t.map(({name:r,rows:a})=>({name:r,x:a.map(h=>h.step),y:a.map(h=>h.memory[i]?.length??Number.NaN)}))}])}tell(e,t){let s=(r,a)=>{let h=r.findLast(c=>typeof c[a]=="number")?.[a];return h===void 0?"":Fe(h)},i=(r,a)=>y("tr","",...a.map((h,c)=>b(c?r:"th",c?{}:{scope:"row"},{},h)));this.table.replaceChildren(y("table","",i("th",["run","step",...t.map(qi)]),...e.map(({name:r,rows:a})=>i("td",[r,s(a,"step"),...t.map(h=>s(a,h))]))))}};customElements.define("runs-page",ui);var qi=n=>n.replaceAll("_"," ");var Rc=700,pi=class extends HTMLElement{onready=()=>{};timer=0;asked="";connectedCallback(){this.look()}disconnectedCallback(){clearTimeout(this.timer)}async look(){clearTimeout(this.timer);try{let e=await fetch("studio/starters"),{starters:t}=await e.json();this.show(t);let s=t.find(i=>i.name===this.asked&&i.state==="ready");if(s){this.asked="",this.onready(s.name);return}}catch{}this.isConnected&&(this.timer=window.setTimeout(()=>{this.look()},Rc))}async begin(e){this.asked=e,await fetch(`studio/starters/${encodeURIComponent(e)}`,{method:"POST"}),await this.look()}show(e){let t=document.activeElement?.dataset.name;this.replaceChildren(...e.map(s=>y("section","card starter",y("h2","",s.title),y("p","soft",s.about),y("span","space"),...this.state(s)))),t&&this.querySelector(`[data-name="${t}"]`)?.focus()}state(e){if(e.state==="training")return[b("progress",{value:e.share,max:1,"aria-label":`Training: ${e.title}`}),y("p","soft",`${Math.round(100*e.share)} % · ${e.says}`)];let t=e.state==="ready",s=b("button",{type:"button",class:"primary","data-name":e.name},{onclick:()=>t?this.onready(e.name):void this.begin(e.name)},t?"Open":e.state==="failed"?"Try again":"Train");return e.state==="failed"?[b("p",{role:"alert"},{},e.says),s]:[s]}};customElements.define("start-page",pi);var Fc={F32:(n,e,t)=>new Float32Array(n,e,t),I32:(n,e,t)=>new Int32Array(n,e,t),U8:(n,e,t)=>new Uint8Array(n,e,t)},Na=new TextDecoder;function za(n){let e=Number(new DataView(n).getBigUint64(0,!0)),t=JSON.parse(Na.decode(new Uint8Array(n,8,e))),s={};for(let[r,a]of Object.entries(t)){let h=Fc[a.dtype];if(!h)continue;let c=a.shape.reduce((u,g)=>u*g,1);s[r]={shape:a.shape,data:h(n,8+e+a.data_offsets[0],c)}}let i=JSON.parse(Na.decode(s.said.data));return delete s.said,{said:i,tensors:s}}function Ji(n){let e=new Uint8Array(n.buffer,n.byteOffset,n.byteLength),t="";for(let s=0;s<e.length;s+=8192)t+=String.fromCharCode(...e.subarray(s,s+8192));return btoa(t)}var Lt=class extends Error{},Ha=400,$c=5e3,Zi=class{constructor(e,t,s){this.model=e;this.opened=t;this.health=s;this.connect()}model;opened;health;socket=null;waiting=new Map;next=1;wait=Ha;closed=!1;timer=0;ask(e,t,s=()=>{}){return new Promise((i,r)=>{if(this.socket?.readyState!==WebSocket.OPEN){r(new Lt("the server is away"));return}let a=this.next++;this.waiting.set(a,{onPart:s,done:i,failed:r}),this.socket.send(JSON.stringify({id:a,call:e,...t}))})}async one(e,t){let s={tensors:{}};return await this.ask(e,t,i=>{s={...s,...i,tensors:{...s.tensors,...i.tensors}}}),s}stop(){this.waiting.size&&this.socket?.readyState===WebSocket.OPEN&&this.socket.send('{"call":"stop"}')}close(){this.closed=!0,clearTimeout(this.timer),this.socket?.close()}connect(){let e=new URL(`studio/live/${encodeURIComponent(this.model)}`,document.baseURI);e.protocol=e.protocol.replace("http","ws");let t=new WebSocket(e);t.binaryType="arraybuffer",this.socket=t;let s="";t.onmessage=i=>{if(typeof i.data!="string"){let{said:h,tensors:c}=za(i.data);this.waiting.get(h.id)?.onPart({...h,tensors:c});return}let r=JSON.parse(i.data);if(r.id===0){r.error?s=String(r.error):(this.wait=Ha,this.health("open",""),this.opened(r));return}let a=this.waiting.get(r.id);this.waiting.delete(r.id),r.error?a?.failed(new Lt(String(r.error))):a?.done()},t.onclose=async()=>{let i=[...this.waiting.values()];this.waiting.clear();for(let a of i)a.failed(new Lt("the server went away"));if(this.closed)return;if(s){this.health("refused",s);return}let r=await fetch("studio/models").then(a=>a.status===403,()=>!1);this.closed||(this.health(r?"locked":"away",""),this.timer=window.setTimeout(()=>this.connect(),this.wait),this.wait=Math.min($c,this.wait*1.6))}}},st=class{constructor(e=()=>{}){this.hurry=e}hurry;running=!1;waiting=null;run(e){this.waiting=e,this.running?this.hurry():this.drain()}async drain(){for(this.running=!0;this.waiting;){let e=this.waiting;this.waiting=null;try{await e()}catch(t){if(!(t instanceof Lt))throw t;zs(t.message)}}this.running=!1}};var Dc=1200,Nc=.05,fi=class extends HTMLElement{onpoint=()=>{};shown={source:[],target:[],weights:null,p:null,signed:!1};aim=null;words={source:[],target:[]};rows={source:b("div",{class:"words",role:"group","aria-label":"What it read"}),target:b("div",{class:"words",role:"group","aria-label":"What it wrote"})};lines=document.createElement("canvas");reading=b("output",{class:"reading"});draw=Ce(()=>this.paint());sized=new ResizeObserver(()=>this.draw());connectedCallback(){if(!this.lines.isConnected){this.lines.setAttribute("aria-hidden","true"),this.append(this.lines,this.rows.source,this.rows.target,this.reading);for(let e of["source","target"]){let t=this.rows[e];t.addEventListener("keydown",s=>this.key(e,s)),t.addEventListener("pointerleave",()=>this.point(null)),t.addEventListener("focusout",()=>this.point(null))}this.tell()}this.sized.observe(this),me.addEventListener("change",this.draw)}disconnectedCallback(){this.sized.disconnect(),me.removeEventListener("change",this.draw)}show(e){this.shown=e,this.aim=null;for(let t of["source","target"])this.words[t]=e[t].map((s,i)=>this.word(t,s,i)),this.rows[t].replaceChildren(...this.words[t]);this.tell(),this.draw()}word(e,t,s){let i=()=>this.point({side:e,at:s}),r=e==="target"?this.shown.p?.[s]:void 0;return b("button",{type:"button",class:"word",tabindex:s?-1:0},{onpointerenter:i,onfocus:i,onclick:i},y("span","",lt(t)),r!==void 0&&y("small","",bt(r)))}key(e,t){let s=this.words[e],i=s.indexOf(t.target),r={ArrowLeft:i-1,ArrowRight:i+1,Home:0,End:s.length-1}[t.key],a=r===void 0?void 0:s[r];if(a){t.preventDefault();for(let h of s)h.tabIndex=h===a?0:-1;a.focus()}}point(e){if(e?.side===this.aim?.side&&e?.at===this.aim?.at)return;this.aim=e;let{source:t}=this.shown;this.onpoint(e?.side==="target"?t.map((s,i)=>this.weight(e.at,i)):null),this.tell(),this.draw()}weight(e,t){return this.shown.weights?.[e*this.shown.source.length+t]??0}most(e){if(!this.shown.signed)return 1;let t=1e-9;for(let s=0;s<this.shown.source.length;s++)t=Math.max(t,Math.abs(this.weight(e,s)));return t}tell(){let{shown:e,aim:t}=this,s=t?.side==="source"?"target":"source",i=r=>{if(!t)return 0;let[a,h]=t.side==="target"?[t.at,r]:[r,t.at];return this.weight(a,h)/this.most(a)};for(let r of["source","target"])this.words[r].forEach((a,h)=>{let c=r===s?i(h):0;a.classList.toggle("aimed",t?.side===r&&t.at===h),a.classList.toggle("against",c<0),a.style.setProperty("--share",`${Math.round(70*Math.abs(c)**.6)}%`)});if(!e.weights)this.reading.textContent="";else if(!t)this.reading.textContent="Point at a word, or go to it with Tab and the arrow keys.";else{let r=e[s].map((c,u)=>({word:c,share:i(u)})).sort((c,u)=>Math.abs(u.share)-Math.abs(c.share)).slice(0,3).map(({word:c,share:u})=>`${lt(c)} ${e.signed?u.toFixed(2):bt(u)}`),a=lt(e[t.side][t.at]??""),h=e.signed?t.side==="target"?"rests most on":"is most to":t.side==="target"?"looked most at":"was looked at most by";this.reading.textContent=`“${a}” ${h} ${r.join(", ")}`}}paint(){let{lines:e,shown:t,aim:s}=this,i=this.getBoundingClientRect(),r=devicePixelRatio;e.width=Math.round(i.width*r),e.height=Math.round(i.height*r);let a=e.getContext("2d");if(a.scale(r,r),!t.weights)return;let[h,c]=[ie("accent"),ie("warm")],u=(x,S)=>{let T=x.getBoundingClientRect();return[T.left+T.width/2-i.left,(S?T.bottom:T.top)-i.top]},g=this.words.target.map(x=>u(x,!1)),f=this.words.source.map(x=>u(x,!0)),v=[];for(let x=0;x<g.length;x++){if(s?.side==="target"&&s.at!==x)continue;let S=this.most(x);for(let T=0;T<f.length;T++){if(s?.side==="source"&&s.at!==T)continue;let L=this.weight(x,T)/S;Math.abs(L)>=Nc&&v.push([x,T,L])}}v.sort((x,S)=>Math.abs(S[2])-Math.abs(x[2]));for(let[x,S,T]of v.slice(0,Dc)){let[L,F]=f[S],[M,D]=g[x];a.globalAlpha=Math.abs(T)**.7*(s?1:.6),a.strokeStyle=T<0?c:h,a.setLineDash(T<0?[4,3]:[]),a.lineWidth=.8+3*Math.abs(T);let E=Math.max(18,(D-F)*.45);a.beginPath(),a.moveTo(L,F),a.bezierCurveTo(L,F+E,M,D-E,M,D),a.stroke()}}};customElements.define("word-links",fi);var zc={lstm:{h:"memory h",c:"cell c",i:"input gate i",f:"forget gate f",g:"candidate g",o:"output gate o"},gru:{h:"memory h",r:"reset gate r",z:"update gate z",n:"candidate n"},rnn:{h:"memory h"}},Hc=14,vs=46,Be=class extends HTMLElement{called=e=>`step ${e+1}`;onwant=()=>{};onunit=()=>{};onstep=()=>{};said=null;columns=[];begin=0;units=[];lives=null;chosen=null;cursor=null;want={layer:"",part:""};canvas=b("canvas",{tabindex:0,role:"img"});tools=y("div","tools");reading=b("output",{class:"reading"});image=document.createElement("canvas");draw=Ce(()=>this.paint());sized=new ResizeObserver(()=>this.draw());connectedCallback(){this.canvas.isConnected||(this.append(this.tools,y("div","canvas",this.canvas),this.reading),this.canvas.addEventListener("pointermove",e=>this.point(e)),this.canvas.addEventListener("pointerleave",()=>this.aim(null)),this.canvas.addEventListener("click",()=>this.choose()),this.canvas.addEventListener("keydown",e=>this.key(e)),this.read()),this.sized.observe(this.canvas),me.addEventListener("change",this.draw)}disconnectedCallback(){this.sized.disconnect(),me.removeEventListener("change",this.draw)}asked(e=0){return{...this.want,first:e}}get steps(){return this.begin+this.columns.length}get unit(){return this.chosen}value(e){return this.chosen?this.columns[e-this.begin]?.[this.chosen.row]??null:null}get most(){if(this.shares)return 1;let e=1e-6;for(let t of this.columns)for(let s of t)e=Math.max(e,Math.abs(s));return this.said&&this.said.part==="h"&&this.said.layers[0]?.gates.length?1:e}take(e,t){let s=t.strip;if(!s)return;let i=e.layer!==this.said?.layer||e.part!==this.said?.part,[r=0,a=0]=s.shape;(i||e.first<this.begin||e.first>this.begin+this.columns.length)&&(this.columns=[],this.begin=e.first),this.columns.length=Math.min(this.columns.length,e.first-this.begin);let h=s.data;for(let g=0;g<r;g++)this.columns.push(h.subarray(g*a,(g+1)*a));let c=this.columns.length-2e3;c>0&&(this.columns.splice(0,c),this.begin+=c),this.units=t.units?.data??[],this.lives=t.half_life?.data??null;let u=!this.said||JSON.stringify(this.said.layers)!==JSON.stringify(e.layers);this.said=e,this.want={layer:e.layer,part:e.part},(u||i)&&this.toolbar(),this.chosen&&this.chosen.layer!==e.layer&&this.pick(null),this.read(),this.draw()}clear(){this.columns=[],this.begin=0,this.draw()}get layer(){return this.said?.layers.find(e=>e.name===this.said?.layer)}get shares(){return!!this.layer&&this.layer.shares.includes(this.said.part)}toolbar(){let{said:e,layer:t}=this;if(!e||!t)return;let s=zc[t.cell]??{},r=[...t.states,...t.gates.filter(h=>!t.states.includes(h))].map(h=>b("button",{type:"button","aria-pressed":String(h===e.part)},{onclick:()=>{this.want={layer:e.layer,part:h},this.onwant()}},s[h]??h)),a=e.layers.length>1&&b("select",{"aria-label":"Layer"},{onchange:h=>{this.want={layer:h.target.value,part:e.part},this.onwant()}},...e.layers.map(h=>b("option",{value:h.name,selected:h.name===e.layer},{},Ic(h,e.layers))));this.tools.replaceChildren(...[a,b("div",{class:"segments",role:"group","aria-label":"What is shown"},{},...r)].filter(h=>!!h))}place(e){let t=this.canvas.getBoundingClientRect(),{width:s,shown:i,from:r}=this.fit(t.width),a=Math.floor((e.clientX-t.left-vs)/s),h=this.columns[0]?.length??0,c=Math.floor((e.clientY-t.top)/t.height*h);return a<0||a>=i||c<0||c>=h?null:{step:this.begin+r+a,row:c}}point(e){this.aim(this.place(e))}aim(e){this.cursor=e,this.onstep(e?.step??null),this.read(),this.draw()}choose(){if(!this.cursor||!this.said)return;let e=Number(this.units[this.cursor.row]);this.pick(this.chosen?.unit===e&&this.chosen.layer===this.said.layer?null:{layer:this.said.layer,unit:e,row:this.cursor.row})}pick(e){this.chosen=e,this.onunit(e),this.read(),this.draw()}key(e){let t=this.begin+this.columns.length-1,s=this.columns[0]?.length??0;if(!s)return;let i=this.cursor??{step:t,row:0},a={ArrowLeft:[-1,0],ArrowRight:[1,0],ArrowUp:[0,-1],ArrowDown:[0,1]}[e.key];a?(e.preventDefault(),this.aim({step:Math.max(this.begin,Math.min(t,i.step+(this.cursor?a[0]:0))),row:Math.max(0,Math.min(s-1,i.row+(this.cursor?a[1]:0)))})):e.key==="Enter"||e.key===" "?(e.preventDefault(),this.choose()):e.key==="Escape"&&this.aim(null)}read(){let{said:e,layer:t,cursor:s}=this;if(!e||!t||!this.columns.length){this.reading.textContent="The strip grows with every step that the model reads.",this.canvas.setAttribute("aria-label","The memory: nothing was read yet");return}let i=this.columns[0].length,r=i<t.units?`, ${i} of them shown`:"",a=this.lives?"; those that remember longest at the top":"";this.canvas.setAttribute("aria-label",`The memory after ${this.begin+this.columns.length} steps: ${t.units} units${r}${a}. Arrow keys move, Enter chooses a unit.`);let h=[],c=s?.row??this.chosen?.row;if(c!==void 0){h.push(`unit ${this.units[c]}`);let u=this.lives?.[c];if(u!==void 0&&h.push(`half-life ${u>=1e6?"endless":`${Fe(u)} steps`}`),s){let g=this.columns[s.step-this.begin]?.[c];g!==void 0&&h.push(`${e.part} = ${g.toFixed(2)} after “${lt(this.called(s.step))}”`)}}else h.push(`${t.units} units${r}`),h.push(this.shares?"pale: shut, full: open":"blue: above 0, orange: below"),h.push("click a row to follow a unit");this.reading.textContent=h.join("  ·  ")}fit(e){let t=Math.max(1,e-vs),s=Math.max(1,Math.min(Hc,t/Math.max(1,this.columns.length))),i=Math.min(this.columns.length,Math.floor(t/s));return{width:s,shown:i,from:this.columns.length-i}}paint(){let e=this.canvas.getBoundingClientRect(),t=devicePixelRatio||1,s=Math.max(1,Math.round(e.width*t)),i=Math.max(1,Math.round(e.height*t));(this.canvas.width!==s||this.canvas.height!==i)&&(this.canvas.width=s,this.canvas.height=i);let r=this.canvas.getContext("2d");r.setTransform(t,0,0,t,0,0),r.clearRect(0,0,e.width,e.height);let a=this.columns[0]?.length??0;if(!a)return;let{width:h,shown:c,from:u}=this.fit(e.width);this.image.width=c,this.image.height=a;let g=this.image.getContext("2d"),f=g.createImageData(c,a),v=new Uint32Array(f.data.buffer),x=$a(this.shares?"share":"signed"),S=this.shares?255:127.5/this.most,T=this.shares?0:127.5;for(let F=0;F<c;F++){let M=this.columns[u+F];for(let D=0;D<a;D++){let E=T+M[D]*S;v[D*c+F]=x[E<0?0:E>255?255:Math.round(E)]}}g.putImageData(f,0,0),r.imageSmoothingEnabled=!1,r.drawImage(this.image,vs,0,c*h,e.height);let L=getComputedStyle(this);this.scale(r,e.height,a,L),this.mark(r,e.height,a,h,u,c,L)}scale(e,t,s,i){if(this.lives){e.fillStyle=i.getPropertyValue("--soft"),e.font="11px system-ui, sans-serif",e.textAlign="right";for(let[r,a]of[[0,9],[Math.floor(s/2),t/2+4],[s-1,t-2]]){let h=this.lives[r];h!==void 0&&e.fillText(h>=1e6?"∞":Fe(h),vs-8,a)}}}mark(e,t,s,i,r,a,h){let c=t/s;if(e.lineWidth=1.5,this.chosen&&(e.strokeStyle=h.getPropertyValue("--ink"),e.strokeRect(vs-1,this.chosen.row*c-1,a*i+2,Math.max(3,c)+2)),this.cursor){e.strokeStyle=h.getPropertyValue("--soft");let u=vs+(this.cursor.step-this.begin-r)*i;e.strokeRect(u,0,i,t),e.strokeRect(vs,this.cursor.row*c,a*i,Math.max(2,c))}}};customElements.define("memory-strip",Be);function Ic(n,e){let t=h=>h.name.startsWith("encode."),s=e.filter(h=>t(h)===t(n)&&!h.name.endsWith("_reverse")),i=n.name.endsWith("_reverse"),r=s.findIndex(h=>h.name===n.name.replace(/_reverse$/,""))+1;return`${e.some(t)?t(n)?"encoder":"decoder":"layer"} ${r}${i?", from the end":""}`}var Ia=[["4","Search, 4 beams",{num_beams:4}],["12","Search, 12 beams",{num_beams:12}],["1","Always the likeliest",{num_beams:1}],["0.7","Dice, careful",{temperature:.7}],["1.0","Dice",{temperature:1}]],Qi=class{constructor(e){this.wants=e;this.memory.called=t=>this.called(t),this.memory.onwant=()=>this.wants.look(this.memory.asked())}wants;links=new fi;memory=new Be;said={tensors:{}};chosen=0;lens="attention";rested=[];seed=1;layer="";lenses=b("div",{class:"segments",role:"group","aria-label":"Lines between words"});best=b("ol",{class:"nbest","aria-label":"The best texts"});note=y("p","soft");legend=y("p","legend");dice=b("button",{type:"button",hidden:!0},{onclick:()=>{this.seed++,this.wants.again()}},"Other dice");way=b("select",{"aria-label":"How it is found"},{onchange:()=>{this.dice.hidden=!("temperature"in this.how()),this.wants.again()}},...Ia.map(([e,t])=>b("option",{value:e},{},t)));how(){return Ia.find(([e])=>e===this.way.value)?.[2]??{}}asked(){let e=this.how();return{...e,..."temperature"in e?{seed:this.seed}:{},memory:this.memory.asked()}}cards(e){return{list:b("section",{class:"card","aria-label":e},{},y("div","row",y("h2","",e),y("span","space"),this.dice,this.way),this.best,this.note),links:b("section",{class:"card wide","aria-label":"Words"},{},y("div","row",y("h2","","Where each word comes from"),y("span","space"),this.lenses),this.links,this.legend),memory:b("section",{class:"card wide","aria-label":"Memory"},{},y("h2","","Memory"),this.memory)}}opened(e){!e.attends&&e.rests&&(this.lens="rests"),this.note.textContent=e.both?"The encoder reads from both ends, so an answer begins when the input is over; it is shown whole.":"The encoder reads from the beginning to the end, so it can take an input as it comes.";let t=[["attention","Where it looked"],["rests","What it rests on"]];this.note.hidden=!e.rests,this.lenses.hidden=!(e.attends&&e.rests),this.lenses.replaceChildren(...t.filter(([s])=>e[s==="rests"?"rests":"attends"]).map(([s,i])=>b("button",{type:"button","aria-pressed":String(s===this.lens),"data-lens":s},{onclick:()=>this.look(s)},i)))}take(e){e.texts&&(this.said=e,this.chosen=0,this.rested=[],this.list(),this.link()),e.cut&&(this.note.textContent=`The input has ${e.cut.toLocaleString("en")} tokens; not all are read.`),e.memory&&(this.layer=e.memory.layer,this.memory.take(e.memory,e.tensors))}look(e){this.lens=e;for(let t of this.lenses.querySelectorAll("button"))t.setAttribute("aria-pressed",String(t.dataset.lens===e));this.link()}list(){let e=this.said.texts??[];this.best.replaceChildren(...e.map((t,s)=>y("li","",b("button",{type:"button","aria-pressed":String(s===this.chosen)},{onclick:()=>{this.chosen=s,this.list(),this.link(),this.wants.choose(t.text)}},y("span","found",t.text||"(nothing)"),y("small","",`${bt(Math.exp(t.log_prob/t.pieces.length))} a token`)))))}async link(){let{source:e,texts:t,tensors:s}=this.said,i=this.chosen,r=t?.[i];if(!e||!r){this.links.show({source:[],target:[],weights:null,p:null,signed:!1});return}if(this.lens==="rests"&&this.rested[i]===void 0){this.rested[i]=null;let c=this.said,u=await this.wants.rests(i);if(c!==this.said)return;this.rested[i]=u.rests?.data??null}let a=this.lens==="rests",h=a?this.rested[i]:s[`attention.${i}`]?.data;this.legend.textContent=a?"Blue speaks for a word, dashed orange against it: the gradient times what was read.":"The share of its attention that the decoder gave each of them before it wrote the next word.",this.links.show({source:e,target:r.pieces,weights:h??null,p:s[`p.${i}`]?.data??null,signed:a})}called(e){let{source:t,texts:s}=this.said;return this.layer.startsWith("encode")?t?.[e]??"":e?s?.[0]?.pieces[e-1]??"":"the beginning"}};var Ge=class extends HTMLElement{model;live;built=!1;connectedCallback(){this.built||(this.built=!0,this.build()),this.live=new Zi(this.model.name,e=>this.opened(e),(e,t)=>{this.dispatchEvent(new CustomEvent("health",{detail:e,bubbles:!0})),e==="refused"&&this.refuse(t)})}disconnectedCallback(){this.live.close()}say(e){zs(e)}refuse(e){this.replaceChildren(b("p",{class:"card note",role:"alert"},{},e))}};var Xt=class extends Ge{asking=new st(()=>this.live.stop());found=new Qi({rests:async e=>(await this.live.one("rests",{text:e})).tensors,look:e=>this.asking.run(async()=>this.found.take(await this.live.one("look",{memory:e}))),again:()=>this.ask(),choose:e=>this.chosen(e)});chosen(e){}came(e,t){}answer(e,t=()=>{}){this.asking.run(()=>this.live.ask("write",{...e,...this.found.asked()},s=>{this.came(s,s.tensors),this.found.take(s),s.texts&&t(s.texts[0]?.text??"")}))}};var Oc=1024,Xi=class extends Xt{picture=null;grid=[1,1];canvas=b("canvas",{class:"picture",role:"img","aria-label":"No picture yet"});veil=b("div",{class:"veil","aria-hidden":"true"});file=b("input",{type:"file",accept:"image/*","aria-label":"Picture"});build(){let e=this.found.cards("Caption");this.classList.add("halves");let t=b("section",{class:"card","aria-label":"Picture"},{ondragover:s=>s.preventDefault(),ondrop:s=>{s.preventDefault();let i=s.dataTransfer?.files[0];i&&this.open(i)}},y("h2","","Picture"),y("p","soft","Drop a picture here, or choose one. It stays on this machine."),this.file,y("div","framed",this.canvas,this.veil));this.file.onchange=()=>{let s=this.file.files?.[0];s&&this.open(s)},this.found.links.onpoint=s=>this.light(s),this.append(t,e.list,e.links,e.memory)}opened(e){this.found.opened(e),this.ask()}async open(e){let t;try{t=await createImageBitmap(e)}catch{this.say(`${e.name} is no picture that this browser can read.`);return}let s=Math.min(1,Oc/Math.max(t.width,t.height)),[i,r]=[t.width,t.height].map(g=>Math.max(1,Math.round(g*s))),h=new OffscreenCanvas(i,r).getContext("2d",{willReadFrequently:!0});h.fillStyle="white",h.fillRect(0,0,i,r),h.drawImage(t,0,0,i,r);let{data:c}=h.getImageData(0,0,i,r),u=new Uint8Array(i*r*3);for(let g=0,f=0;g<c.length;g++)g%4<3&&(u[f++]=c[g]);this.picture={width:i,height:r,pixels:Ji(u)},this.canvas.setAttribute("aria-label",e.name),this.ask()}ask(){this.picture&&this.answer(this.picture)}came(e,t){if(!e.grid||!t.seen)return;this.grid=e.grid;let[s=1,i=1]=t.seen.shape,r=new ImageData(i,s);for(let a=0;a<i*s;a++){for(let h=0;h<3;h++)r.data[4*a+h]=t.seen.data[3*a+h];r.data[4*a+3]=255}this.canvas.width=i,this.canvas.height=s,this.canvas.getContext("2d").putImageData(r,0,0),this.light(null)}light(e){let[t,s]=this.grid,i=Math.max(1e-9,...(e??[]).map(Math.abs));this.veil.style.gridTemplate=`repeat(${t}, 1fr) / repeat(${s}, 1fr)`,this.veil.replaceChildren(...(e?.length===t*s?e:[]).map(r=>{let a=b("span");return a.style.opacity=String(.75*(1-Math.abs(r)/i)),a}))}};var en=class extends Xt{turns=[];reads=3;log=y("ol","talk");note=y("p","soft");line=b("input",{type:"text","aria-label":"Your turn",autocomplete:"off"});build(){let e=this.found.cards("Replies");this.classList.add("halves");let t=b("form",{class:"row"},{onsubmit:s=>{s.preventDefault(),this.send()}},this.line,b("button",{class:"primary"},{},"Send"));this.append(b("section",{class:"card","aria-label":"Conversation"},{},y("div","row",y("h2","","Conversation"),y("span","space"),b("button",{type:"button"},{onclick:()=>this.anew()},"Begin anew")),b("div",{class:"scrolled",role:"log","aria-label":"Turns",tabindex:0},{},this.log),t,this.note),e.list,e.links,e.memory),this.show()}opened(e){this.found.opened(e),this.reads=e.turns,this.note.textContent=`It reads the last ${e.turns} turns. Take another reply, and the conversation goes on from it.`,this.turns.at(-1)?.[0]===">"&&this.ask(),this.line.focus({preventScroll:!0})}anew(){this.turns=[],this.show(),this.line.focus()}send(){let e=this.line.value.trim();e&&(this.line.value="",this.turns.push([">",e]),this.show(),this.ask())}ask(){if(this.turns.at(-1)?.[0]==="<"&&this.turns.pop(),!this.turns.length)return;let e=this.turns.slice(-this.reads);this.answer({turns:e},t=>this.chosen(t))}chosen(e){this.turns.at(-1)?.[0]==="<"&&this.turns.pop(),this.turns.length&&(this.turns.push(["<",e]),this.show())}show(){this.log.replaceChildren(...this.turns.map(([e,t])=>b("li",{class:e===">"?"theirs":"ours"},{},y("small","",e===">"?"you":"the model"),y("p","",t||"(nothing)")))),this.log.parentElement&&(this.log.parentElement.scrollTop=this.log.scrollHeight)}};var tn=class{context=null;voices=new Map;begin(e){this.end(e),this.context??=new AudioContext,this.context.resume();let t=this.context.currentTime,s=new OscillatorNode(this.context,{type:"triangle",frequency:440*2**((e-69)/12)}),i=new GainNode(this.context,{gain:0});i.gain.linearRampToValueAtTime(.16,t+.012),i.gain.setTargetAtTime(.05,t+.012,.4),s.connect(i).connect(this.context.destination),s.start(),this.voices.set(e,{tone:s,gain:i})}end(e){let t=this.voices.get(e);if(!t||!this.context)return;this.voices.delete(e);let s=this.context.currentTime;t.gain.gain.cancelScheduledValues(s),t.gain.gain.setTargetAtTime(0,s,.06),t.tone.stop(s+.5)}close(){this.context?.close(),this.context=null,this.voices.clear()}};var pr="awsedftgyhujkolp",Oa=["C","C#","D","D#","E","F","F#","G","G#","A","A#","B"],Wc=1.5,Vc=32,fr=n=>`${Oa[n%12]}${Math.floor(n/12)-1}`,sn=class extends Ge{roll=[];theirs=[];nats=[];held=new Set;struck=new Set;clock=0;rest=0;head=-1;seed=1;about={low:48,high:72,step:.25};base=60;sound=new tn;calls=new st(()=>this.live.stop());keys=b("div",{class:"piano",role:"group","aria-label":"Piano"});canvas=b("canvas",{class:"roll",role:"img","aria-label":"The roll is empty"});status=b("p",{class:"soft",role:"status"});memory=new Be;heat=b("input",{type:"range",min:.3,max:1.5,step:.1,value:.8,"aria-label":"How daring"});draw=Ce(()=>this.paint());sized=new ResizeObserver(()=>this.draw());onkeys=e=>this.letter(e);build(){let e=(t,s,i="")=>b("button",{type:"button",class:i},{onclick:s},t);this.memory.called=t=>t?this.roll[t-1]?.map(fr).join(" ")||"rest":"the beginning",this.memory.onwant=()=>this.calls.run(async()=>{let t=await this.live.one("look",{memory:this.memory.asked()});t.memory&&this.memory.take(t.memory,t.tensors)}),this.append(b("section",{class:"card wide","aria-label":"Music"},{},y("div","row",e("Let it answer",()=>this.respond(),"primary"),e("Play all",()=>{this.play(0)}),e("MIDI keyboard",()=>{this.midi()}),e("Begin anew",()=>this.empty()),y("span","space"),b("label",{class:"row soft"},{},"careful",this.heat,"daring")),b("div",{class:"scroll",tabindex:0,role:"group","aria-label":"Roll"},{},this.canvas),this.status,b("div",{class:"scroll",tabindex:0,role:"group","aria-label":"Keys"},{},this.keys),y("p","soft",`Play with the mouse, the letters ${pr.toUpperCase()}, or a MIDI keyboard. After a pause the model answers.`)),b("section",{class:"card wide","aria-label":"Memory"},{},y("h2","","Memory"),this.memory))}connectedCallback(){super.connectedCallback(),addEventListener("keydown",this.onkeys),addEventListener("keyup",this.onkeys),me.addEventListener("change",this.draw),this.sized.observe(this)}disconnectedCallback(){removeEventListener("keydown",this.onkeys),removeEventListener("keyup",this.onkeys),me.removeEventListener("change",this.draw),clearInterval(this.clock),this.sound.close(),super.disconnectedCallback()}opened(e){this.about=e;let t=12*Math.round((e.low+e.high)/24);this.base=e.low<=60&&e.high>=76?60:Math.max(0,Math.min(t,e.high-11)),this.piano(),this.read(0)}piano(){let{low:e,high:t}=this.about;this.keys.replaceChildren(...Array.from({length:t-e+1},(s,i)=>{let r=e+i,a=pr[r-this.base]?.toUpperCase()??"",h=()=>this.release(r);return b("button",{type:"button",class:Oa[r%12].includes("#")?"black":"white","data-key":r,"aria-label":fr(r)},{onpointerdown:c=>{let u=c.target;u.hasPointerCapture(c.pointerId)&&u.releasePointerCapture(c.pointerId),this.strike(r)},onpointerenter:c=>c.buttons&&this.strike(r),onpointerup:h,onpointerleave:h,onkeydown:c=>{(c.key==="Enter"||c.key===" ")&&!c.repeat&&this.strike(r)},onkeyup:h},a||(r%12===0?fr(r):""))}))}letter(e){if(e.ctrlKey||e.metaKey||e.altKey||e.repeat)return;let t=e.target;if(/^(TEXTAREA|SELECT)$/.test(t.tagName))return;let s=pr.indexOf(e.key.toLowerCase());s<0||e.key.length!==1||(e.type==="keydown"?this.strike(this.base+s):this.release(this.base+s))}async midi(){try{let e=await navigator.requestMIDIAccess();for(let t of e.inputs.values())t.onmidimessage=s=>{let[i=0,r=0,a=0]=s.data??[];(i&240)===144&&a?this.strike(r):((i&240)===128||(i&240)===144)&&this.release(r)};this.say(`${e.inputs.size||"No"} MIDI keyboard${e.inputs.size===1?" is":"s are"} connected.`)}catch(e){this.say(`The browser gives no MIDI: ${e.message}`)}}strike(e){this.held.has(e)||e<this.about.low||e>this.about.high||(this.head>=0&&(this.head=-1),this.held.add(e),this.struck.add(e),this.sound.begin(e),this.mark(e,!0),this.clock||(this.rest=0,this.clock=window.setInterval(()=>this.tick(),1e3*this.about.step)))}release(e){this.held.delete(e)&&(this.sound.end(e),this.mark(e,!1))}mark(e,t){this.keys.querySelector(`[data-key="${e}"]`)?.classList.toggle("down",t)}tick(){let e=[...new Set([...this.held,...this.struck])].sort((t,s)=>t-s);this.struck.clear(),this.rest=e.length?0:this.rest+1,this.roll.push(e),this.theirs.push(!1),this.draw(),!(this.rest*this.about.step<Wc)&&(this.roll.length-=this.rest,this.theirs.length=this.roll.length,this.respond())}ended(){clearInterval(this.clock),this.clock=0,this.struck.clear()}sent=0;read(e){this.sent=Math.min(this.sent,e),this.calls.run(async()=>{let t=this.sent,s=this.roll.slice(t),i={keep:t,roll:s,memory:this.memory.asked(0)};await this.live.ask("read",i,({tensors:r,...a})=>{r.nats&&(this.nats=r.nats.data),a.taken!==void 0&&(this.sent=a.taken),a.memory&&this.memory.take(a.memory,r)}),this.tell()})}respond(){this.ended();let e=this.roll.length;this.calls.run(async()=>{let t=this.roll.slice(this.sent,e);await this.live.ask("read",{keep:this.sent,roll:t,memory:this.memory.asked(0)}),this.sent=e;let s={length:Vc,temperature:Number(this.heat.value),seed:this.seed++};await this.live.ask("go",s,i=>{i.step&&(this.roll.push(i.step),this.theirs.push(!0),this.draw(),this.theirs.length===e+1&&this.play(e))}),this.read(e)})}empty(){this.ended(),this.head=-1,this.roll=[],this.theirs=[],this.nats=[],this.read(0)}async play(e){this.head=e;let t=new Set;for(;this.head>=0&&this.head<this.roll.length;){let s=new Set(this.roll[this.head]);for(let i of t)s.has(i)||this.silence(i);for(let i of s)t.has(i)||(this.sound.begin(i),this.mark(i,!0));t=s,this.draw(),await new Promise(i=>setTimeout(i,1e3*this.about.step)),this.head>=0&&this.head++}for(let s of t)this.silence(s);this.head=-1,this.draw()}silence(e){this.sound.end(e),this.mark(e,!1)}tell(){let e=this.theirs.filter(Boolean).length,t=this.roll.length-e;this.canvas.setAttribute("aria-label",`${t} steps were played, ${e} are the model's`);let s=0;for(let i=0;i<this.nats.length;i++)s+=this.nats[i];this.status.textContent=this.roll.length?`Blue: yours, ${t} steps. Orange, with a line: the model's, ${e}. The mean step was ${bt(Math.exp(-s/Math.max(1,this.nats.length)))} likely.`:"",this.draw()}paint(){let{canvas:e,about:t}=this,s=e.parentElement.clientWidth,i=14,r=Math.min(16e3,Math.max(s,this.roll.length*i+40)),a=200,h=r>8e3?1:devicePixelRatio;e.style.width=`${r}px`,e.width=Math.round(r*h),e.height=Math.round(a*h);let c=e.getContext("2d");c.scale(h,h);let u=t.high-t.low+1,g=a/u,[f,v,x,S]=["cool","warm","line","ink"].map(ie);c.fillStyle=x;for(let T=t.low;T<=t.high;T++)T%12===0&&c.fillRect(0,(t.high-T+1)*g,r,1);this.roll.forEach((T,L)=>{for(let F of T){let M=(t.high-F)*g;c.fillStyle=this.theirs[L]?v:f,c.fillRect(L*i,M,i-1,Math.max(2,g-1)),this.theirs[L]&&(c.fillStyle=S,c.fillRect(L*i,M+Math.max(2,g-1)-1,i-1,1))}}),this.head>=0&&(c.fillStyle=S,c.fillRect(this.head*i,0,1.5,a))}};var mi=3,Wa=18,gi=class extends HTMLElement{onmove=()=>{};onlet=()=>{};plot=null;shown=null;window=120;held=null;chosen=null;levels=0;host=b("div",{class:"plot"});reading=b("output",{class:"reading"});draw=Ce(()=>this.paint());sized=new ResizeObserver(()=>{this.plot?.setSize({width:this.host.clientWidth,height:this.high})});connectedCallback(){this.host.isConnected||(this.host.tabIndex=0,this.host.setAttribute("role","img"),this.append(this.host,this.reading),this.host.addEventListener("keydown",e=>this.key(e))),this.sized.observe(this.host),me.addEventListener("change",this.again)}disconnectedCallback(){this.sized.disconnect(),me.removeEventListener("change",this.again)}get high(){return this.host.clientWidth<500?260:340}show(e){this.shown=e,this.draw()}view(e){this.window=e,this.draw()}again=()=>{this.plot?.destroy(),this.plot=null,this.draw()};data(e){let t=e.points.length,s=t+(e.ahead[0]?.length??0),i=this.window?Math.max(0,t-this.window):0,r=[];for(let c=i;c<s;c++)r.push(c);let a=c=>r.map(u=>u<t?c[u]??null:null),h=c=>r.map(u=>u>=t?c[u-t]??null:u===t-1?e.points[u]??null:null);return[r,a(e.points),a(e.expected),h(e.before??[]),...e.ahead.map(h)]}paint(){let{shown:e}=this;if(!e||!this.host.clientWidth)return;this.levels!==e.levels.length&&(this.plot?.destroy(),this.plot=null,this.levels=e.levels.length);let t=this.data(e);this.plot?this.plot.setData(t):this.make(e,t);let s=e.surprise.filter(i=>i!==null&&Math.abs(i)>=mi).length;this.host.setAttribute("aria-label",`A series of ${e.points.length} points and a forecast of ${e.ahead[0]?.length??0} steps; ${s} points surprised. Left and right choose a point, up and down move it.`),this.read()}make(e,t){let[s,i,r]=Qt("accent"),a=e.levels.indexOf(.5),h=Math.floor(e.levels.length/2),c=`rgba(${s},${i},${r},0)`,u=(f,v,x)=>({stroke:f,width:v,points:{show:!1},...x?{dash:x}:{}});this.plot=new Pe({width:this.host.clientWidth,height:this.high,legend:{show:!1},cursor:{y:!1,points:{show:!1},drag:{setScale:!1,x:!1,y:!1}},scales:{x:{time:!1}},axes:[{stroke:ie("soft"),grid:{show:!1},ticks:{show:!1},space:110,size:30,font:"12px system-ui, sans-serif",values:(f,v)=>v.map(x=>Number.isInteger(x)?Uc(this.shown?.times[x]??""):"")},{stroke:ie("soft"),grid:{stroke:ie("line"),width:1},ticks:{show:!1},size:52,font:"12px system-ui, sans-serif",values:(f,v)=>v.map(Fe)}],series:[{},{...u(ie("ink"),1.5),points:{show:!0,size:5,space:7,fill:ie("panel")}},u(ie("soft"),1,[2,3]),u(ie("warm"),1.5,[5,4]),...e.levels.map((f,v)=>u(v===a?ie("accent"):c,v===a?2:0))],bands:Array.from({length:h},(f,v)=>({series:[4+e.levels.length-1-v,4+v],fill:`rgba(${s},${i},${r},${.14+.1*v})`})),hooks:{draw:[f=>this.marks(f)],setCursor:[()=>this.read()]}},t,this.host);let g=this.plot.over;g.addEventListener("pointerdown",f=>this.grab(f)),g.addEventListener("pointermove",f=>this.drag(f)),g.addEventListener("pointerup",()=>this.drop()),g.addEventListener("pointercancel",()=>this.drop()),g.style.touchAction="pan-x"}marks(e){let{shown:t}=this;if(!t)return;let{ctx:s}=e,i=devicePixelRatio||1,r=t.points.length,a=c=>[e.valToPos(c,"x",!0),e.valToPos(t.points[c],"y",!0)];s.save(),s.strokeStyle=ie("line"),s.lineWidth=i;let h=e.valToPos(r-1,"x",!0);s.beginPath(),s.moveTo(h,e.bbox.top),s.lineTo(h,e.bbox.top+e.bbox.height),s.stroke(),s.strokeStyle=ie("warm"),s.lineWidth=2*i;for(let c=this.window?Math.max(0,r-this.window):0;c<r;c++)Math.abs(t.surprise[c]??0)<mi||t.points[c]===null||(s.beginPath(),s.arc(...a(c),6*i,0,2*Math.PI),s.stroke());this.chosen!==null&&this.chosen<r&&t.points[this.chosen]!==null&&(s.strokeStyle=ie("accent"),s.fillStyle=ie("panel"),s.beginPath(),s.arc(...a(this.chosen),5*i,0,2*Math.PI),s.fill(),s.stroke()),s.restore()}read(){let{shown:e,plot:t}=this;if(!e)return;let s=e.points.length,i=this.held??(t?.cursor.idx!=null?t.data[0][t.cursor.idx]:this.chosen),r=[];if(i==null)r.push("drag a point, and see the future move","rings: far from what was expected");else if(i<s){r.push(e.times[i]??"",`value ${Fe(e.points[i]??Number.NaN)}`),e.expected[i]!==null&&r.push(`expected ${Fe(e.expected[i]??Number.NaN)}`);let a=e.surprise[i]??0;Math.abs(a)>=mi&&r.push(`${Fe(Math.abs(a))} times the usual error`)}else{let a=e.levels.indexOf(.5),h=e.ahead[0]?.[i-s],c=e.ahead.at(-1)?.[i-s];r.push(e.times[i]??"",`median ${Fe(e.ahead[a]?.[i-s]??Number.NaN)}`),h!=null&&c!=null&&r.push(`${Math.round(100*(e.levels.at(-1)-e.levels[0]))} % from ${Fe(h)} to ${Fe(c)}`)}this.reading.textContent=r.join("  ·  ")}grab(e){let{plot:t,shown:s}=this;if(!t||!s)return;let i=Math.round(t.posToVal(e.offsetX,"x")),r=Math.max(0,Math.min(s.points.length-1,i)),a=s.points[r];a!=null&&(Math.abs(t.valToPos(r,"x")-e.offsetX)>Wa||Math.abs(t.valToPos(a,"y")-e.offsetY)>2.5*Wa||(this.held=this.chosen=r,t.over.setPointerCapture(e.pointerId),e.preventDefault()))}drag(e){this.held===null||!this.plot||this.onmove(this.held,this.plot.posToVal(e.offsetY,"y"))}drop(){this.held!==null&&(this.held=null,this.onlet())}key(e){let{shown:t,plot:s}=this;if(!t||!s)return;let i=t.points.length-1,r=this.chosen??i,a=(s.scales.y.max??1)-(s.scales.y.min??0),h=(e.shiftKey?.1:.02)*a;if(e.key==="ArrowLeft"||e.key==="ArrowRight"){let c=this.chosen===null?0:e.key==="ArrowLeft"?-1:1;this.chosen=Math.max(0,Math.min(i,r+c))}else if(e.key==="ArrowUp"||e.key==="ArrowDown"){this.chosen=r;let c=t.points[r];c!=null&&(this.onmove(r,c+(e.key==="ArrowUp"?h:-h)),this.onlet())}else return;e.preventDefault(),this.draw()}};customElements.define("series-chart",gi);var Uc=n=>n.replace(/^\d{4}-/,"").replace(/[T ](\d\d:\d\d).*$/," $1");var Bc=[1,10,100,1e3],jc=[["60",60],["120",120],["500",500],["all",0]],nn=class extends Ge{about=null;source={name:"",text:""};index=0;points=[];original=[];times=[];ahead=[];expected=[];score=[];quantiles=null;ghost=null;channel=0;sent=0;rate=10;playing=0;owed=0;last=0;fresh=!0;moves=new st(()=>this.live.stop());chart=new gi;memory=new Be;list=b("div",{class:"list",role:"listbox","aria-label":"Series",tabindex:-1});heading=y("h2","");note=b("p",{class:"soft"});views=b("div",{class:"segments",role:"group","aria-label":"Points in view"});channels=b("select",{"aria-label":"What is shown",hidden:!0});value=b("input",{type:"number",step:"any","aria-label":"Next value",placeholder:"next value"});play=b("button",{type:"button"},{onclick:()=>this.replay()},"Replay");file=b("input",{type:"file",accept:".csv,.tsv,.txt,.jsonl",hidden:!0});redraw=Ce(()=>this.draw());build(){this.chart.onmove=(i,r)=>this.move(i,r),this.chart.onlet=()=>this.dropped(),this.memory.called=i=>this.times[i]??`step ${i+1}`,this.memory.onwant=()=>{this.look()},this.file.onchange=()=>{this.load(this.file.files?.[0])},this.channels.onchange=()=>{this.channel=Number(this.channels.value),this.redraw()},this.ondragover=i=>i.preventDefault(),this.ondrop=i=>{i.preventDefault(),this.load(i.dataTransfer?.files[0])};let e=b("select",{"aria-label":"Points a second"},{onchange:i=>{this.rate=Number(i.target.value)}},...Bc.map(i=>b("option",{value:i,selected:i===this.rate},{},`${i.toLocaleString("en")} a second`))),t=b("form",{class:"row","aria-label":"Feed"},{onsubmit:i=>{i.preventDefault(),this.feed(this.value.valueAsNumber),this.value.value=""}},this.value,b("button",{type:"submit"},{},"Add"),b("button",{type:"button"},{onclick:()=>this.feed(this.median())},"Add the median"),y("span","space"),this.play,e),s=b("button",{type:"button",class:"primary"},{onclick:()=>this.file.click()},"Open a table");this.append(b("section",{class:"card series","aria-label":"Series"},{},y("div","row",y("h2","","Series"),y("span","space"),s,this.file),this.note,this.list),b("section",{class:"card","aria-label":"Forecast"},{},y("div","row",this.heading,this.channels,y("span","space"),this.views,b("button",{type:"button"},{onclick:()=>{this.open(this.index)}},"Undo changes")),this.chart,t),b("section",{class:"card wide","aria-label":"Memory"},{},y("h2","","Memory"),this.memory)),this.showViews(120)}opened(e){this.about=e;let t=e.columns.slice(-e.channels);this.channels.hidden=e.channels<2,this.channels.replaceChildren(...t.map((s,i)=>b("option",{value:i},{},s))),this.again()}async again(){let e=this.points;await this.read(this.source),await this.open(this.index),!this.fresh&&e.length&&(this.points=e,this.send(0)),this.fresh=!1}async load(e){if(!e)return;let t={name:e.name,text:await e.text()};try{await this.read(t)}catch(s){this.note.textContent=s instanceof Error?s.message:"it cannot be read",this.note.setAttribute("role","alert");return}this.source=t,await this.open(0)}async read(e){let t=await this.live.one("read",e),s=t.tensors.sparks,i=s.shape[1];this.list.replaceChildren(...t.series.map((h,c)=>b("button",{type:"button",role:"option","aria-selected":"false"},{onclick:()=>{this.open(c)}},y("span","name",h.name),Gc(s.data.subarray(c*i,(c+1)*i)),y("small","",h.steps.toLocaleString("en")))));let r=this.about?.columns.join(", ")??"";this.note.removeAttribute("role");let a=t.more?` And ${t.more} more that are not listed.`:"";this.note.textContent=t.name?`${t.name}${a}`:`An example. Drop a table with the columns ${r}, or open one.`}async open(e){this.stop(),this.index=e,[...this.list.children].forEach((t,s)=>{t.setAttribute("aria-selected",String(s===e))}),this.ghost=null,this.expected=[],this.score=[],this.ahead=[],this.quantiles=null,this.memory.clear(),await this.live.ask("open",{series:e,memory:this.memory.asked()},t=>{t.points&&t.times&&(this.points=t.points.map(s=>[...s]),this.original=t.points,this.times=t.times,this.sent=t.points.length,this.heading.textContent=t.name??""),this.take(t)})}take(e){let{expected:t,score:s,quantiles:i}=e.tensors;if(e.row!==void 0&&t&&s){let[r=0,a=1]=t.shape;for(let h=0;h<r;h++)this.expected[e.row+h]=Va(t.data,h,a),this.score[e.row+h]=Va(s.data,h,a)}e.ahead&&(this.ahead=e.ahead,this.quantiles=i??null),e.memory&&this.memory.take(e.memory,e.tensors),this.redraw()}async look(){this.take(await this.live.one("look",{memory:this.memory.asked()}))}move(e,t){this.ghost??=this.medians(),this.points[e][this.channel]=t,this.redraw(),this.send(e)}dropped(){this.say(`The forecast of the next step is now ${Fe(this.median())}`)}send(e){this.sent=Math.min(this.sent,e),this.moves.run(async()=>{let t=this.sent,s=this.points.slice(t);this.sent=this.points.length;let i=t;await this.live.ask("write",{keep:t,points:s,memory:this.memory.asked(t)},r=>{i=r.taken??i,this.take(r)}),this.sent=Math.min(this.sent,i)})}feed(e){if(!Number.isFinite(e))return;let t=this.points.at(-1)?.map(()=>null)??[null];t[this.channel]=e;for(let s=0;s<t.length;s++)t[s]??=this.medians(s)[0]??null;this.add([t])}add(e){this.ghost=null;let t=this.points.length;for(let s of e)this.times.length<=this.points.length&&this.times.push(this.ahead[0]??String(this.times.length+1)),this.points.push([...s]);this.redraw(),this.send(t)}replay(){if(this.playing){this.stop();return}let e=Math.max(1,Math.min(this.original.length-1,Math.floor(this.original.length/4)));this.points=this.original.slice(0,e).map(t=>[...t]),this.expected.length=this.score.length=e,this.ghost=null,this.send(0),this.playing=e,this.owed=0,this.last=performance.now(),this.play.textContent="Pause",requestAnimationFrame(t=>this.tick(t))}stop(){this.playing=0,this.play.textContent="Replay"}tick(e){if(!this.playing||!this.isConnected)return;this.owed+=this.rate*(e-this.last)/1e3,this.last=e;let t=Math.max(0,Math.floor(this.owed));this.owed-=t,t&&(this.add(this.original.slice(this.playing,this.playing+t)),this.playing+=t),this.playing>=this.original.length?this.stop():requestAnimationFrame(s=>this.tick(s))}medians(e=this.channel){let t=this.about?.levels.indexOf(.5)??0;return this.quantile(t,e)}quantile(e,t){if(!this.quantiles)return[];let[,s=0,i=1]=this.quantiles.shape;return Array.from({length:s},(r,a)=>this.quantiles.data[(e*s+a)*i+t])}median(){return this.medians()[0]??Number.NaN}draw(){let{about:e,channel:t}=this;if(!e||!this.points.length)return;let s=a=>this.points.map((h,c)=>a[c]?.[t]??null),i=s(this.score);this.chart.show({times:[...this.times.slice(0,this.points.length),...this.ahead],points:s(this.points),expected:s(this.expected),surprise:i,ahead:e.levels.map((a,h)=>this.quantile(h,t)),levels:e.levels,before:this.ghost});let r=i.filter(a=>a!==null&&Math.abs(a)>=mi).length;this.list.children[this.index]?.setAttribute("title",`${r} points surprised`)}showViews(e){this.chart.view(e),this.views.replaceChildren(...jc.map(([t,s])=>b("button",{type:"button","aria-pressed":String(s===e)},{onclick:()=>this.showViews(s)},t)))}},Va=(n,e,t)=>Array.from({length:t},(s,i)=>{let r=n[e*t+i];return Number.isFinite(r)?r:null});function Gc(n){let e="http://www.w3.org/2000/svg",t=document.createElementNS(e,"svg");t.setAttribute("viewBox","0 0 100 24"),t.setAttribute("preserveAspectRatio","none"),t.setAttribute("aria-hidden","true");let s=document.createElementNS(e,"path"),i=[...n].map((r,a)=>[100*a/Math.max(1,n.length-1),22-20*r]).filter(([,r])=>Number.isFinite(r));return s.setAttribute("d",i.map(([r,a],h)=>`${h?"L":"M"}${r.toFixed(1)} ${a.toFixed(1)}`).join("")),t.append(s),t}var Kc=3,rn=class extends Ge{points=[];shown=0;letters=[];aim=null;seed=1;says=!0;writes=new st(()=>this.live.stop());canvas=b("canvas",{class:"paper",role:"img","aria-label":"Nothing is written yet"});line=b("input",{type:"text","aria-label":"Text to write",maxlength:200});bias=b("input",{type:"range",min:0,max:3,step:.1,value:1,"aria-label":"How tidy"});pieces=b("div",{class:"words",role:"group","aria-label":"Letters"});memory=new Be;draw=Ce(()=>this.paint());sized=new ResizeObserver(()=>this.draw());build(){this.memory.called=t=>t?`point ${t}`:"the beginning",this.memory.onwant=()=>this.writes.run(async()=>{let t=await this.live.one("look",{memory:this.memory.asked()});t.memory&&this.memory.take(t.memory,t.tensors)}),me.addEventListener("change",this.draw),this.sized.observe(this.canvas),this.bias.onchange=()=>this.write();let e=b("form",{class:"row"},{onsubmit:t=>{t.preventDefault(),this.seed++,this.write()}},this.line,b("label",{class:"row soft"},{},"careless",this.bias,"tidy"),b("button",{class:"primary"},{},"Write"));this.append(b("section",{class:"card wide","aria-label":"Pen"},{},e,this.canvas,this.pieces),b("section",{class:"card wide","aria-label":"Memory"},{},y("h2","","Memory"),this.memory))}opened(e){this.says=e.says,this.line.hidden=!e.says,this.line.value||=e.example,this.write()}write(){let e=this.line.value;this.says&&!e.trim()||this.writes.run(async()=>{this.points=[],this.letters=[],this.shown=0,this.aim=null,this.pieces.replaceChildren();let t={text:e,bias:Number(this.bias.value),seed:this.seed,memory:this.memory.asked()};await this.live.ask("write",t,({tensors:s,...i})=>{s.moves&&this.more(s.moves.data),i.pieces&&this.lettered(i.pieces,s.attention?.data),i.memory&&this.memory.take(i.memory,s)}),this.canvas.setAttribute("aria-label",`${this.says?`“${e}”, written`:"A drawing"} in ${this.points.length} points of the pen`)})}more(e){let{x:t,y:s}=this.points.at(-1)??{x:0,y:0};for(let i=0;i<e.length;i+=3)t+=e[i],s+=e[i+1],this.points.push({x:t,y:s,up:e[i+2]>0});this.draw()}lettered(e,t){let s=e.length;t&&s&&(this.letters=this.points.map((i,r)=>{let a=0;for(let h=1;h<s;h++)t[r*s+h]>t[r*s+a]&&(a=h);return a})),this.pieces.replaceChildren(...e.map((i,r)=>{let a=h=>()=>{this.aim=h,this.draw()};return b("button",{type:"button",class:"word"},{onpointerenter:a(r),onfocus:a(r),onpointerleave:a(null),onblur:a(null)},i===" "?"␣":i)})),this.draw()}paint(){let e=this.canvas.getBoundingClientRect(),t=devicePixelRatio;this.canvas.width=Math.round(e.width*t),this.canvas.height=Math.round(e.height*t);let s=this.canvas.getContext("2d");s.scale(t,t);let{points:i}=this;if(!i.length)return;let r=matchMedia("(prefers-reduced-motion: reduce)").matches;this.shown=r?i.length:Math.min(i.length,this.shown+Kc);let a=i.map(M=>M.x),h=i.map(M=>M.y),[c,u]=[Math.min(0,...a),Math.max(...a)],[g,f]=[Math.min(0,...h),Math.max(...h)],v=Math.min((e.width-40)/(u-c||1),(e.height-40)/(f-g||1)),x=M=>[20+(M.x-c)*v,e.height/2+(M.y-(g+f)/2)*v];s.lineWidth=2,s.lineCap=s.lineJoin="round";let[S,T]=[ie("ink"),ie("accent")],L={x:0,y:0},F=!0;for(let M=0;M<this.shown;M++){let D=i[M];if(!F){let E=this.aim!==null&&this.letters[M]===this.aim;s.strokeStyle=E?T:S,s.lineWidth=E?4:2,s.beginPath(),s.moveTo(...x(L)),s.lineTo(...x(D)),s.stroke()}F=D.up,L=D}this.shown<i.length&&this.draw()}};var Yc=8e3,qc=.1,Jc=90,on=class extends Ge{rate=16e3;times=1;sound=new Float32Array(0);heard=0;pieces=[];at=[];final=0;job=0;stop=null;step=.01;why=y("p","soft");said=b("p",{class:"said","aria-live":"polite"});canvas=b("canvas",{class:"wave",role:"img","aria-label":"No sound yet"});record=b("button",{type:"button",class:"primary"},{onclick:()=>{this.listen()}},"Record");play=b("button",{type:"button",disabled:!0},{onclick:()=>this.replay()},"Play");file=b("input",{type:"file",accept:"audio/*","aria-label":"Recording"});memory=new Be;draw=Ce(()=>this.paint());sized=new ResizeObserver(()=>this.draw());build(){this.memory.called=e=>`${(e*this.step).toFixed(2)} s`,this.memory.onwant=()=>{this.look()},this.file.onchange=()=>{let e=this.file.files?.[0];e&&this.open(e)},me.addEventListener("change",this.draw),this.append(b("section",{class:"card wide","aria-label":"Sound"},{ondragover:e=>e.preventDefault(),ondrop:e=>{e.preventDefault();let t=e.dataTransfer?.files[0];t&&this.open(t)}},y("div","row",this.record,this.play,this.file),y("p","soft","Speak, or drop a recording here. The sound stays on this machine."),this.said,b("div",{class:"scroll",tabindex:0,role:"group","aria-label":"Where each letter is"},{},this.canvas),this.why),b("section",{class:"card wide","aria-label":"Memory"},{},y("h2","","Memory"),this.memory)),this.sized.observe(this),this.show()}disconnectedCallback(){this.stop?.(),super.disconnectedCallback()}opened(e){this.rate=e.rate,this.times=Math.max(1,Math.ceil(Yc/e.rate)),this.step=e.step,this.why.textContent=e.why?`The text comes when the recording is over: ${e.why}`:"",this.heard&&this.read(this.sound.slice(0,this.heard))}async open(e){this.stop?.();try{let s=await new OfflineAudioContext(1,1,this.rate*this.times).decodeAudioData(await e.arrayBuffer()),i=new Float32Array(s.length);for(let r=0;r<s.numberOfChannels;r++)for(let[a,h]of s.getChannelData(r).entries())i[a]+=h/s.numberOfChannels;await this.read(Ua(i,this.times))}catch(t){this.say(t instanceof Lt?t.message:`${e.name} is no recording that this browser can read.`)}}async read(e){let t=this.begin(),s=Math.max(1,Math.round(qc*this.rate));for(let i=0;i<e.length||i===0;i+=s){let r=i+s>=e.length;if(await this.send(e.subarray(i,i+s),i===0,r),t!==this.job)return}this.play.disabled=!1}async listen(){if(this.stop){this.stop();return}let e;try{e=await navigator.mediaDevices.getUserMedia({audio:!0})}catch(f){this.say(`The browser gives no microphone: ${f.message}`);return}let t=this.begin(),s=new AudioContext({sampleRate:this.rate*this.times}),i=s.createMediaStreamSource(e),r=s.createScriptProcessor(2048,1,1),a=[],h=!1,c=!0,u=!1,g=async()=>{if(!h){h=!0;try{for(;t===this.job&&(a.length||u);){let f=Zc(a.splice(0)),v=u;if(await this.send(f,c,v),c=!1,v){this.play.disabled=!1;break}}}catch(f){if(!(f instanceof Lt))throw f;this.say(f.message),this.stop?.()}finally{h=!1}}};r.onaudioprocess=f=>{a.push(Ua(f.inputBuffer.getChannelData(0).slice(),this.times)),g()},i.connect(r).connect(s.destination),this.record.textContent="Stop",this.stop=()=>{this.stop=null,this.record.textContent="Record";for(let f of e.getTracks())f.stop();r.onaudioprocess=null,s.close(),u=!0,g()}}begin(){return this.heard=0,this.pieces=[],this.at=[],this.final=0,this.memory.clear(),this.play.disabled=!0,++this.job}async send(e,t,s){if(this.heard+e.length>this.sound.length){let r=new Float32Array(2*(this.heard+e.length));r.set(this.sound.subarray(0,this.heard)),this.sound=r}this.sound.set(e,this.heard),this.heard+=e.length;let i={samples:Ji(e),fresh:t,last:s,memory:this.memory.asked(t?0:this.memory.steps)};await this.live.ask("hear",i,({tensors:r,...a})=>{a.pieces&&(this.pieces=a.pieces,this.final=a.final??0,this.at=r.at?.data??[]),a.memory&&this.memory.take(a.memory,r)}),this.show()}async look(){let e=await this.live.one("look",{memory:this.memory.asked()});e.memory&&this.memory.take(e.memory,e.tensors)}replay(){let e=new AudioContext,t=e.createBuffer(1,this.heard*this.times,this.rate*this.times),s=t.getChannelData(0);for(let r=0;r<s.length;r++)s[r]=this.sound[Math.floor(r/this.times)];let i=new AudioBufferSourceNode(e,{buffer:t});i.onended=()=>{e.close()},i.connect(e.destination),i.start()}show(){let[e,t]=[this.pieces.slice(0,this.final),this.pieces.slice(this.final)].map(r=>r.join(""));this.said.replaceChildren(e,t?b("i",{title:"may still change"},{},t):""),this.heard||this.said.replaceChildren(y("span","soft","What was said stands here."));let s=this.heard/this.rate,i=this.pieces.map((r,a)=>`${lt(r)} at ${this.at[a]?.toFixed(2)}`).join(", ");this.canvas.setAttribute("aria-label",`${s.toFixed(1)} seconds of sound. ${i}`),this.draw()}paint(){let{canvas:e}=this,t=this.heard/this.rate,s=e.parentElement.clientWidth,i=Math.min(16e3,Math.max(s,t*Jc)),r=150,a=i>8e3?1:devicePixelRatio;e.style.width=`${i}px`,e.width=Math.round(i*a),e.height=Math.round(r*a);let h=e.getContext("2d");if(h.scale(a,a),!this.heard)return;let[c,u,g]=["soft","ink","accent"].map(ie);h.fillStyle=c;let f=this.heard/i,v=52,x=1e-4;for(let S=0;S<this.heard;S++)x=Math.max(x,Math.abs(this.sound[S]));for(let S=0;S<i;S++){let T=0;for(let F=Math.floor(S*f);F<(S+1)*f&&F<this.heard;F++)T=Math.max(T,Math.abs(this.sound[F]));let L=Math.max(.5,T/x*(v-4));h.fillRect(S,v-L,.8,2*L)}h.font="15px ui-monospace, Menlo, monospace",h.textAlign="center",this.pieces.forEach((S,T)=>{let L=this.at[T]/t*i;h.fillStyle=T<this.final?u:g,h.globalAlpha=.35,h.fillRect(L,4,1,102),h.globalAlpha=1,h.fillText(lt(S),Math.max(6,L),T%2?142:122)})}};function Zc(n){let e=new Float32Array(n.reduce((s,i)=>s+i.length,0)),t=0;for(let s of n)e.set(s,t),t+=s.length;return e}function Ua(n,e){if(e===1)return n;let t=new Float32Array(Math.floor(n.length/e));for(let s=0;s<t.length;s++){let i=0;for(let r=0;r<e;r++)i+=n[s*e+r];t[s]=i/e}return t}function vi(n,e){let t=Math.max(1e-9,...n.map(s=>Math.max(s.p,s.other??0)));return b("ol",{class:n.some(s=>s.other!==void 0)?"bars two":"bars"},{},...n.map((s,i)=>{let r=[y("span","name",s.name),Ba(s.p/t,"fill"),y("span","p",bt(s.p)),s.other!==void 0&&Ba(s.other/t,"fill other"),s.other!==void 0&&y("span","p",bt(s.other))];return y("li","",e?b("button",{type:"button"},{onclick:()=>e(i)},...r):y("div","",...r))}))}function Ba(n,e){let t=b("span",{class:e,"aria-hidden":"true"});return t.style.setProperty("--share",String(n)),t}var ja="http://www.w3.org/2000/svg",mr=300,Ga=90;function Ka(n,e,t){let s=n.flatMap(c=>c.values),i=e?0:Math.min(...s),r=e?1:Math.max(...s,i+1e-9),a=document.createElementNS(ja,"svg");a.setAttribute("viewBox",`0 0 ${mr} ${Ga}`),a.setAttribute("preserveAspectRatio","none"),a.setAttribute("role","img"),a.setAttribute("aria-label",t),n.slice(0,4).forEach((c,u)=>{let g=document.createElementNS(ja,"path"),f=v=>c.values.length>1?mr*v/(c.values.length-1):mr/2;g.setAttribute("d",c.values.map((v,x)=>`${x?"L":"M"}${f(x).toFixed(1)} ${(2+(Ga-4)*(1-(v-i)/(r-i))).toFixed(1)}`).join("")),g.setAttribute("class",`line-${u}`),a.append(g)});let h=y("figure","lines");return h.append(a,y("figcaption","",...n.slice(0,4).map((c,u)=>y("span",`line-${u}`,c.name)))),h}var bi=class extends HTMLElement{ondraw=()=>{};strokes=[];down=!1;shades=null;canvas=b("canvas",{role:"img","aria-label":"A sheet: draw on it with a pen, a finger or the mouse"});draw=Ce(()=>this.paint());sized=new ResizeObserver(()=>this.draw());connectedCallback(){this.canvas.isConnected||(this.append(this.canvas),this.canvas.onpointerdown=e=>{this.down=!0,this.strokes.push([]),this.canvas.setPointerCapture(e.pointerId),this.point(e)},this.canvas.onpointermove=e=>{if(this.down)for(let t of e.getCoalescedEvents?.()??[e])this.point(t)},this.canvas.onpointerup=this.canvas.onpointercancel=()=>{this.down=!1}),this.sized.observe(this.canvas),me.addEventListener("change",this.draw)}disconnectedCallback(){this.sized.disconnect(),me.removeEventListener("change",this.draw)}clear(){this.strokes=[],this.shades=null,this.draw(),this.ondraw(this.strokes)}set(e){this.strokes=e,this.draw(),this.ondraw(e)}shade(e){this.shades=e,this.draw()}point(e){let t=this.canvas.getBoundingClientRect(),s=this.strokes.at(-1),i=[(e.clientX-t.left)/t.width,(e.clientY-t.top)/t.height],r=s?.at(-1);!s||r&&Math.hypot(i[0]-r[0],i[1]-r[1])<.004||(s.push(i),this.draw(),this.ondraw(this.strokes))}paint(){let{width:e,height:t}=this.canvas.getBoundingClientRect(),s=devicePixelRatio||1;this.canvas.width=Math.round(e*s),this.canvas.height=Math.round(t*s);let i=this.canvas.getContext("2d");i.scale(s,s),i.lineCap=i.lineJoin="round";let r=Qc(this.strokes),a=this.shades?.length??0,h=0,c=null,u=(x,S,T,L)=>{i.strokeStyle=T,i.lineWidth=L,i.lineCap=L>10?"butt":"round",i.beginPath(),i.moveTo(x[0]*e,x[1]*t),i.lineTo(S[0]*e,S[1]*t),i.stroke()},[g,f,v]=[ie("ink"),ie("cool"),ie("warm")];for(let x of this.strokes)c&&x[0]&&(h+=Math.hypot(x[0][0]-c[0],x[0][1]-c[1])),x.forEach((S,T)=>{let L=x[T-1]??S;h+=Math.hypot(S[0]-L[0],S[1]-L[1]);let F=a?this.shades[Math.min(a-1,Math.floor(h/Math.max(1e-9,r)*a))]:0;Math.abs(F)>.08&&(i.globalAlpha=Math.min(.55,Math.abs(F)),u(L,S,F>0?f:v,18),i.globalAlpha=1)}),c=x.at(-1)??c;for(let x of this.strokes)x.forEach((S,T)=>{u(x[T-1]??S,S,g,4.5)})}};customElements.define("pen-sheet",bi);function Qc(n){let e=0,t=null;for(let s of n)for(let i of s)t&&(e+=Math.hypot(i[0]-t[0],i[1]-t[1])),t=i;return e}var qs=class{tokens=[];ends=[];set(e,t,s){this.tokens.length=Math.min(this.tokens.length,e),this.ends.length=this.tokens.length;for(let i of t)this.tokens.push(i),this.ends.push(this.after(i,s))}begin(e){return e>0?this.ends[e-1]:0}after(e,t){let s=this.ends.at(-1)??0;if(t.startsWith(e,s))return s+e.length;let i=/^\s*/.exec(t.slice(s,s+64))[0].length,r=e.trim();return r&&t.slice(s+i,s+i+r.length).toLowerCase()===r.toLowerCase()?s+i+r.length:/^<.*>$/.test(e)?s+i+(/^(\w+|.)/su.exec(t.slice(s+i,s+i+64))?.[0].length??0):Math.min(t.length,s+Math.max(1,e.length))}},Ya=6,gr=new Map,vr=typeof Highlight<"u"&&"highlights"in CSS;function wi(n,e){if(vr){for(let t of gr.values())t.clear();for(let[t,s,i]of e){let r=Math.min(Ya,Math.round(Math.abs(i)*Ya));if(!r||t>=s||s>n.length)continue;let a=`${i>0?"for":"against"}-${r}`,h=gr.get(a);h||(h=new Highlight,gr.set(a,h),CSS.highlights.set(a,h));let c=new StaticRange({startContainer:n,startOffset:t,endContainer:n,endOffset:s});h.add(c)}}}var an=class extends Ge{about=null;dropped=null;strokes=[];of=null;seen=null;asks=new st;shadeSoon=Ce(()=>this.shade());input=b("section",{class:"card writing","aria-label":"Input"});answer=b("section",{class:"card next","aria-label":"Answer"});headline=b("p",{class:"headline",role:"status"});likely=y("div","");legend=y("p","legend");note=y("p","soft");words=y("p","tagged");way=b("section",{class:"card wide","aria-label":"Step by step",hidden:!0});memory=new Be;pen=new bi;picture=b("canvas",{class:"picture",role:"img",hidden:!0});image=null;file=b("input",{type:"file",hidden:!0});areas=[];ground=document.createTextNode("");build(){this.memory.onwant=()=>this.look(),this.memory.called=e=>this.seen?.words[e]??"",this.pen.ondraw=e=>{this.strokes=e,this.look()},this.file.onchange=()=>{this.load(this.file.files?.[0])},this.ondragover=e=>e.preventDefault(),this.ondrop=e=>{e.preventDefault(),this.load(e.dataTransfer?.files[0])},me.addEventListener("change",this.shadeSoon),this.answer.append(y("h2","","Answer"),this.headline,this.likely,this.note),this.append(this.input,this.answer,this.way,b("section",{class:"card wide","aria-label":"Memory"},{},y("h2","","Memory"),this.memory))}opened(e){let t=this.about===null;this.about=e,this.note.textContent=this.model.why_not&&e.kind!=="strokes"?"It reads from both ends, so each answer is to the whole input.":"",t&&this.begin(e),this.look()}begin(e){let{kind:t,columns:s,endings:i}=e;if(t==="strokes"){this.input.append(y("div","row",y("h2","","Draw"),y("span","space"),this.button("Clear",()=>this.pen.clear())),this.pen,this.legend);return}if(i.length){this.file.accept=i.join(","),this.input.append(y("div","row",y("h2","","Drop a file"),y("span","space"),this.button("Choose a file",()=>this.file.click())),y("p","soft",`A file that ends in ${i.join(", ")}: drop it here, or choose one.`),this.file,this.picture,this.legend);return}this.areas=s.map(h=>b("textarea",{"aria-label":s.length>1?h:"Text",spellcheck:"false",placeholder:t==="series"?"Numbers: a step in each line":"Write, and see the answer change."}));for(let h of this.areas)h.oninput=()=>this.look();let[r,...a]=this.areas;if(r&&!a.length)this.input.append(y("div","editor",b("div",{class:"ground","aria-hidden":"true"},{},this.ground),r));else for(let[h,c]of this.areas.entries())this.input.append(b("label",{class:"field"},{},y("span","",s[h]),c));this.input.append(this.words,this.legend),r?.focus({preventScroll:!0})}button(e,t){return b("button",{type:"button"},{onclick:t},e)}async load(e){if(!e)return;let t=new Uint8Array(await e.arrayBuffer()),s="";for(let i=0;i<t.length;i+=32768)s+=String.fromCharCode(...t.subarray(i,i+32768));if(this.dropped={name:e.name,content:btoa(s)},this.image=null,e.type.startsWith("image/")){let i=new Image;i.src=URL.createObjectURL(e),await i.decode().catch(()=>{}),this.image=i}this.of=null,this.look()}look(){let{about:e}=this;if(!e)return;this.ground.data=`${this.areas[0]?.value??""}
`;let t=this.values(e);if(!t&&!this.dropped){this.nothing();return}this.asks.run(async()=>{let s={of:this.of,memory:this.memory.asked()};try{let i=this.dropped?await this.live.one("drop",{...this.dropped,...s}):await this.live.one("see",{values:t,...s});i.words&&this.show(e,i)}catch(i){if(!(i instanceof Lt))throw i;this.nothing(i.message)}})}values(e){if(e.kind==="strokes"){let t=3*e.size,s=this.strokes.filter(i=>i.length>1);return s.length?[s.map(i=>i.map(([r,a])=>[r*t,a*t]))]:null}return!this.areas.length||this.areas.some(t=>!t.value.trim())?null:e.kind!=="series"?this.areas.map(t=>t.value):this.areas.map(t=>t.value.trim().split(/\n/).map(s=>s.trim().split(/[\s,;]+/).map(Number)).map(s=>s.length>1?s:s[0]))}nothing(e=""){this.headline.textContent=e||"Nothing yet",this.headline.classList.toggle("soft",!0),this.likely.replaceChildren(),this.words.replaceChildren(),this.way.hidden=!0,this.seen=null,this.memory.clear(),this.pen.shade(null),this.shadeSoon()}show(e,t){let{answers:s,rests:i,within:r}=t.tensors,[a=0,h=0]=s.shape,c=(v,x)=>s.data[v*h+x],u=!t.names[0]?.startsWith("number ");this.seen={words:t.words,rests:i.data},this.headline.classList.toggle("soft",!1),this.headline.textContent=e.each?`${a} ${a===1?"label":"labels"}`:t.said.at(-1)||"none";let g=t.names.map((v,x)=>({name:v,p:c(a-1,x)}));this.likely.replaceChildren(u?vi(g.slice(0,8),v=>{this.of=this.of===t.names[v]?null:t.names[v],this.look()}):y("span","")),e.each&&this.words.replaceChildren(...t.words.map((v,x)=>b("span",{class:t.said[x]==="O"?"":"hit"},{},this.written(x,v),y("small","",t.said[x]))));let f=this.of??t.said.at(-1);if(this.legend.textContent=`Blue speaks for “${f}”, orange against it: the gradient times what was read.${u&&!e.each?" Click another answer to ask about it.":""}${t.cut?` Only the first ${a} steps are read.`:""}`,this.way.hidden=e.each||a<2,!this.way.hidden){let v=t.names.map((x,S)=>({name:x,values:Array.from({length:a},(T,L)=>c(L,S))})).slice(0,4);this.way.replaceChildren(y("h2","","How the answer came about"),Ka(v,u,`How probable each answer is after each of ${a} steps`))}t.memory&&(this.memory.clear(),this.memory.take(t.memory,t.tensors)),r&&this.image&&this.over(r),this.shadeSoon()}written(e,t){let s=this.areas[0]?.value.trim().split(/\s+/)??[];return s.length===this.seen?.words.length?s[e]:t}shade(){let e=this.seen?.rests??new Float32Array,t=1e-9;for(let i of e)t=Math.max(t,Math.abs(i));if(this.about?.kind==="strokes"){this.pen.shade(this.seen?Float32Array.from(e,i=>i/t):null);return}let s=new qs;s.set(0,this.seen?.words??[],this.areas[0]?.value??""),wi(this.ground,s.ends.map((i,r)=>[s.begin(r),i,(e[r]??0)/t]))}over(e){let[t=1,s=1]=e.shape,i=e.data,r=1e-9;for(let f of i)r=Math.max(r,Math.abs(f));let a=document.createElement("canvas");a.width=s,a.height=t;let h=a.getContext("2d").createImageData(s,t),[c,u]=[Qt("cool"),Qt("warm")];i.forEach((f,v)=>{let[x,S,T]=f>0?c:u;h.data.set([x,S,T,Math.round(200*Math.abs(f)/r)],4*v)}),a.getContext("2d").putImageData(h,0,0),this.picture.hidden=!1,this.picture.width=480,this.picture.height=Math.round(480*this.image.naturalHeight/Math.max(1,this.image.naturalWidth)),this.picture.setAttribute("aria-label","The picture, shaded by what each part did for the answer");let g=this.picture.getContext("2d");g.drawImage(this.image,0,0,this.picture.width,this.picture.height),g.drawImage(a,0,0,this.picture.width,this.picture.height)}};var Xc={translate:"Translation",summarize:"Summary",answer:"Answer"},ln=class extends Xt{areas=[];inputs=b("section",{class:"card","aria-label":"Input"});build(){let e=this.found.cards(Xc[this.model.task]??"Text");this.classList.add("halves"),this.append(this.inputs,e.list,e.links,e.memory)}opened(e){this.found.opened(e),this.areas.length||(this.areas=e.fields.map((t,s)=>b("textarea",{rows:s||e.fields.length===1?3:6,spellcheck:"false"},{oninput:()=>this.ask()})),this.areas.forEach((t,s)=>{t.value=e.example[s]??""}),this.inputs.append(y("h2","","Input"),...this.areas.map((t,s)=>b("label",{class:"field"},{},y("span","",e.fields[s]),t)))),this.ask()}ask(){this.answer({fields:this.areas.map(e=>e.value)})}};var qa=6e3,ed=12e3,td=240,hn=class extends Ge{folded="";sent="";fresh=!0;aligned=new qs;p=[];rests=null;lens="likely";unit=null;silent=[];held=[];other=null;seed=1;going=!1;writes=new st(()=>this.live.stop());shadeSoon=Ce(()=>this.shade());area=b("textarea",{"aria-label":"Text",spellcheck:"false",autocapitalize:"off",placeholder:"Write, and see what the model makes of it."});ground=document.createTextNode("");fold=b("button",{type:"button",class:"fold",hidden:!0},{onclick:()=>this.unfold()});chips=b("div",{class:"chips",role:"group","aria-label":"Next words"});likely=y("div","");likelyTitle=y("h2","","Next");legend=y("p","legend");lenses=b("div",{class:"segments",role:"group","aria-label":"Shade the text by"});progress=b("p",{class:"progress",role:"status"});memory=new Be;follow=y("div","follow");fork=y("div","");past=b("textarea",{rows:2,"aria-label":"Another past: change a word of it",spellcheck:"false"});goButton=b("button",{type:"button",class:"primary"},{onclick:()=>this.go()},"Let it write");get text(){return this.folded+this.area.value}build(){this.area.oninput=()=>this.edited(),this.area.onkeydown=e=>this.key(e),this.past.oninput=()=>{this.other=this.past.value===this.tail()?null:this.past.value,this.futures()},this.memory.called=e=>this.called(e),this.memory.onwant=()=>{this.look()},this.memory.onunit=e=>this.followed(e),this.memory.onstep=e=>this.pointed(e),me.addEventListener("change",this.shadeSoon),this.append(b("section",{class:"card writing","aria-label":"Write"},{},y("div","row",this.lenses,y("span","space"),b("button",{type:"button"},{onclick:()=>this.empty()},"Begin anew"),this.goButton),this.fold,y("div","editor",b("div",{class:"ground","aria-hidden":"true"},{},this.ground),this.area),this.progress,this.chips,this.legend),b("section",{class:"card next","aria-label":"Next"},{},this.likelyTitle,this.likely),b("section",{class:"card wide","aria-label":"Memory"},{},y("h2","","Memory"),this.memory,this.follow),b("section",{class:"card wide","aria-label":"Two futures"},{},y("h2","","Two futures"),y("p","soft","Change a word of the past, or silence a unit of the memory above. Both futures are drawn with the same dice, so what differs is due to the change."),b("label",{class:"field"},{},y("span","","Another past"),this.past),this.fork)),this.showLenses(),this.showFork(null)}opened(e){this.sent="",this.fresh?(this.fresh=!1,this.begin()):this.write()}async begin(){this.area.focus({preventScroll:!0}),await this.compose(40,7),this.legend.textContent="The model wrote this itself. Change it, go on, or begin anew."}edited(){this.showLegend(),this.area.value.length>ed&&this.foldUp(),this.write()}foldUp(){let e=this.text,t=e.length-qa,s=e.slice(t,t+200).search(/\s/),i=t+Math.max(0,s),r=Math.max(0,this.folded.length+this.area.selectionEnd-i);this.folded=e.slice(0,i),this.area.value=e.slice(i),this.area.setSelectionRange(r,r),this.showFold()}unfold(){let e=Math.max(0,this.folded.length-qa);this.area.value=this.folded.slice(e)+this.area.value,this.folded=this.folded.slice(0,e),this.showFold(),this.shadeSoon()}showFold(){this.fold.hidden=!this.folded,this.fold.textContent=`${this.folded.length.toLocaleString("en")} earlier characters are read and remembered; show more of them`}empty(){this.folded="",this.area.value="",this.legend.textContent="",this.showFold(),this.write(),this.area.focus()}insert(e){let t=this.area;t.setRangeText(e,t.selectionStart,t.selectionEnd,"end"),this.edited(),t.focus()}key(e){let t=e.altKey&&/^[1-6]$/.test(e.key)?Number(e.key)-1:-1,s=this.chips.children[t];s instanceof HTMLButtonElement&&(e.preventDefault(),s.click())}write(){this.ground.data=`${this.area.value}
`,this.shadeSoon(),this.writes.run(async()=>{let e=this.text,t=sd(this.sent,e),s=this.rowAt(t);this.sent=e.slice(0,t),await this.live.ask("write",{keep:id(e,t),text:e.slice(t),memory:this.memory.asked(s)},({tensors:i,...r})=>{if(r.taken!==void 0&&(this.sent=e.slice(0,nd(e,r.taken))),r.tokens&&r.row!==void 0){this.aligned.set(r.row,r.tokens,e),this.p.length=r.row;for(let h of i.p.data)this.p.push(h);this.shadeSoon();let a=e.length-this.sent.length;this.progress.textContent=a>2e3?`Reading: ${a.toLocaleString("en")} characters are left`:""}r.next&&this.showNext(r.words??[],r.next),r.memory&&this.memory.take(r.memory,i)}),!(this.sent.length<e.length)&&(this.lens==="rests"&&await this.rest(),this.pastNow())})}rowAt(e){let t=this.aligned.ends.length;for(;t>0&&this.aligned.ends[t-1]>e;)t--;return Math.max(0,t-1)}async look(){let e=await this.live.one("look",{memory:this.memory.asked()});e.memory&&this.memory.take(e.memory,e.tensors),this.shadeSoon()}async rest(e=null){let t=await this.live.one("rests",{of:e}),s=t.tensors.rests?.data;this.rests=s?{row:t.row??0,values:s}:null,this.shadeSoon()}go(){if(this.going){this.going=!1,this.live.stop();return}this.compose(60,this.seed++)}async compose(e,t){this.going=!0,this.goButton.textContent="Stop";let s="",i=Ce(()=>{this.area.value||(s=s.trimStart()),this.area.value+=s,s="",this.ground.data=`${this.area.value}
`,this.area.scrollTop=this.area.scrollHeight});try{await this.live.ask("go",{length:e,temperature:.7,seed:t},r=>{this.going&&(s+=r.text??"",i())})}finally{this.going=!1,this.goButton.textContent="Let it write",this.area.value+=s,s="",this.edited()}}showLenses(){let e=[["likely","How surprising",!0],["rests","What the next rests on",!0],["unit",this.unit?`Unit ${this.unit.unit}`:"A unit",!!this.unit]];this.lenses.replaceChildren(...e.map(([t,s,i])=>b("button",{type:"button","aria-pressed":String(t===this.lens),disabled:!i},{onclick:()=>{this.lens=t,this.showLenses(),t==="rests"&&this.rest(),this.shadeSoon()}},s))),this.showLegend()}showLegend(){let e={likely:"The warmer the shade, the less the model expected the text there.",rests:"Blue speaks for what the model expects next, orange against it: the gradient times what was read.",unit:"Blue where the unit is above 0, orange where it is below."};this.legend.textContent=vr?e[this.lens]:"This browser cannot shade text; newer ones can."}shade(){let e=this.folded.length,{aligned:t}=this,s=Math.min(t.ends.length,this.p.length),i=[],r=1e-9;if(this.lens==="rests")for(let h of this.rests?.values??[])r=Math.max(r,Math.abs(h));let a=this.memory.most;for(let h=s-1;h>=0&&t.ends[h]>e;h--){let c=0;this.lens==="likely"?c=-Math.min(1,Math.max(0,-Math.log2(this.p[h])-1)/11):this.lens==="rests"?c=(this.rests?.values[h-this.rests.row]??0)/r:c=(this.memory.value(h+1)??0)/a,i.push([Math.max(0,t.begin(h)-e),t.ends[h]-e,c])}wi(this.ground,i)}called(e){return e===0?"the beginning":this.aligned.tokens[e-1]??""}pointed(e){if(e===null||e===0){this.shadeSoon();return}let t=this.folded.length;wi(this.ground,[[this.aligned.begin(e-1)-t,this.aligned.ends[e-1]-t,1]])}showNext(e,t){this.chips.replaceChildren(...e.map(([s,i],r)=>b("button",{type:"button",class:"chip",title:`Alt+${r+1}`},{onclick:()=>this.take(s)},y("span","",lt(s)),y("small","",bt(i))))),this.likely.replaceChildren(vi(t.map(([s,i])=>({name:lt(s),p:i})),s=>this.insert(t[s][0])))}take(e){let t=this.area.value.slice(0,this.area.selectionStart),s=/[\p{L}\p{N}'’-]*$/u.exec(t)[0];s&&e.toLowerCase().startsWith(s.toLowerCase())?this.insert(`${e.slice(s.length)} `):this.insert(`${t&&!/\s$/.test(t)&&/^[\p{L}\p{N}]/u.test(e)?" ":""}${e} `)}followed(e){if(this.unit=e,e?this.lens="unit":this.lens==="unit"&&(this.lens="likely"),this.showLenses(),this.shadeSoon(),this.follow.replaceChildren(),!e)return;let t=b("input",{type:"range",min:-1,max:1,step:.05,value:(this.memory.value(this.aligned.ends.length)??0).toFixed(2),"aria-label":`Value of unit ${e.unit}`}),s=b("button",{type:"button"},{onclick:()=>{this.held=[...this.held.filter(i=>!Ja(i.unit,e)),{unit:e,part:"h",value:Number(t.value)}],this.futures()}},`Hold it at ${Number(t.value).toFixed(2)}`);t.oninput=()=>{s.textContent=`Hold it at ${Number(t.value).toFixed(2)}`},this.follow.append(y("strong","",`Unit ${e.unit}`),b("button",{type:"button"},{onclick:()=>{this.silent=[...this.silent.filter(i=>!Ja(i,e)),e],this.futures()}},"Silence it"),t,s)}tail(){let e=this.area.value.slice(-td),t=e.length<this.area.value.length?e.search(/\s/)+1:0;return e.slice(t).replace(/^[\s\S]*\n(?=.*\S)/,"")}pastNow(){this.other===null&&document.activeElement!==this.past&&(this.past.value=this.tail()),this.futures()}futures(){if(this.other===null&&!this.silent.length&&!this.held.length){this.showFork(null);return}this.writes.run(async()=>{let e=this.text,t=this.tail(),s=await this.live.one("fork",{text:this.other===null?null:e.slice(0,e.length-t.length)+this.other,silent:this.silent.map(i=>[i.layer,i.unit]),held:this.held.map(i=>[i.unit.layer,i.part,i.unit.unit,i.value]),length:48,seed:this.seed,temperature:.7});s.next&&s.texts&&this.showFork({next:s.next,texts:s.texts})})}showFork(e){if(!e){this.fork.replaceChildren();return}let t=(u,g)=>b("button",{type:"button",class:"pill","aria-label":`Undo: ${u}`},{onclick:()=>{g(),this.futures()}},`${u} ✕`),s=[...this.silent.map(u=>t(`unit ${u.unit} silent`,()=>{this.silent=this.silent.filter(g=>g!==u)})),...this.held.map(u=>t(`unit ${u.unit.unit} at ${u.value.toFixed(2)}`,()=>{this.held=this.held.filter(g=>g!==u)})),this.other!==null&&t("another past",()=>{this.other=null,this.past.value=this.tail()})].filter(u=>u!==!1),[i,r]=[e.texts.one,e.texts.other],a=0;for(;a<i.length&&i[a][0]===r[a]?.[0];)a++;let h=u=>y("p","future",u.slice(0,a).map(([g])=>g).join(""),y("mark","",u.slice(a).map(([g])=>g).join(""))),c=e.next.map(([u,g,f])=>({name:lt(u),p:g,other:f}));this.fork.replaceChildren(y("div","row",...s,y("span","space"),b("button",{type:"button"},{onclick:()=>{this.seed++,this.futures()}},"Other dice")),y("div","futures",y("div","",y("h3","","As it is"),h(i)),y("div","",y("h3","other","With the change"),h(r))),vi(c))}},Ja=(n,e)=>n.layer===e.layer&&n.unit===e.unit;function sd(n,e){let t=Math.min(n.length,e.length),s=n===e.slice(0,n.length)?n.length:0;for(;s<t&&n.charCodeAt(s)===e.charCodeAt(s);)s++;let i=e.charCodeAt(s-1);return i>=55296&&i<56320?s-1:s}var Za=/[\ud800-\udbff][\udc00-\udfff]/,id=(n,e)=>Za.test(n)?[...n.slice(0,e)].length:e;function nd(n,e){if(!Za.test(n))return e;let t=0;for(let s=0;s<e&&t<n.length;s++)t+=n.codePointAt(t)>65535?2:1;return t}var br=[{tasks:["lm"],about:"Write, and see what comes next",tag:"write-page",page:hn},{tasks:["classify","regress","tag"],about:"Write or draw, and see the answer change",tag:"label-page",page:an},{tasks:["forecast"],about:"Move a point, and see the future move",tag:"forecast-page",page:nn},{tasks:["translate","summarize","answer"],about:"Give a text, and see which words each word of the answer looked at",tag:"texts-page",page:ln},{tasks:["chat"],about:"Talk with it, and see what else it might have said",tag:"chat-page",page:en},{tasks:["caption"],about:"Drop a picture, and see where it looked at each word",tag:"caption-page",page:Xi},{tasks:["transcribe"],about:"Speak, and see where each letter is",tag:"hear-page",page:on},{tasks:["compose"],about:"Play, and it answers",tag:"compose-page",page:sn},{tasks:["handwrite"],about:"Watch the pen write",tag:"handwrite-page",page:rn}];for(let n of br)customElements.define(n.tag,n.page);var yi=class extends HTMLElement{model;connectedCallback(){let{model:e}=this,t=e.why_not?[y("h2","","It reads whole inputs"),y("p","",`This model does not stream: ${e.why_not}`)]:[y("h2","","No page of its own yet"),y("p","",`A model of ${e.task} has no live page in this version.`)],s=`hitherto inspect ${e.name}.safetensors DATA --out inside.html`;this.replaceChildren(y("section","card prose",...t,y("p","","Look into it with one value, step by step, both directions of its layers included:"),b("pre",{tabindex:0},{},s)))}};customElements.define("whole-page",yi);var Qa=`:root {
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

/* trainings */
.charts {
  display: grid;
  gap: 16px;
  grid-template-columns: repeat(auto-fit, minmax(min(100%, 420px), 1fr));
}
.charts .card {
  align-content: start;
  grid-template-columns: minmax(0, 1fr);
}
.charts .plot {
  min-height: 220px;
}
.charts .plot .u-over {
  cursor: default;
}
.keys {
  display: flex;
  flex-wrap: wrap;
  gap: 4px 16px;
}
.keys span {
  display: inline-flex;
  align-items: center;
  gap: 6px;
}
.keys svg {
  width: 24px;
  height: 6px;
}
.keys path {
  stroke-width: 2;
}
table {
  border-collapse: collapse;
  font-variant-numeric: tabular-nums;
}
th,
td {
  padding: 4px 14px 4px 0;
  text-align: left;
  font-weight: 400;
}
tr:first-child th {
  font-size: 13px;
  color: var(--soft);
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
`;var el=new CSSStyleSheet;el.replaceSync(eo+Qa);document.adoptedStyleSheets=[el];Yi();var wr={opening:"connecting",open:"live",away:"The server is away. This page goes on when it is back.",refused:"no live view",locked:"The server has another token now: open the link that hitherto studio printed."},yr="+run/",xr="+start",od=[["auto","System"],["light","Light"],["dark","Dark"]],xi=b("nav",{"aria-label":"Models"}),es=b("main",{id:"main",tabindex:-1}),kr=b("p",{class:"toast",role:"status"}),cn=b("p",{class:"banner",role:"alert",hidden:!0}),tl=b("div",{class:"segments small",role:"group","aria-label":"Colours"}),Pt=[],ki=[];document.body.append(b("a",{class:"skip",href:"#main"},{onclick:n=>{n.preventDefault(),es.focus()}},"Skip to the page"),b("aside",{"aria-label":"Studio"},{},y("p","brand","hitherto",y("span",""," studio")),xi,y("span","space"),tl),cn,es,kr);function sl(){tl.replaceChildren(...od.map(([n,e])=>b("button",{type:"button","aria-pressed":String(n===Ra())},{onclick:()=>{Fa(n),sl()}},e)))}var Xa=0;document.addEventListener("say",n=>{kr.textContent=n.detail,clearTimeout(Xa),Xa=window.setTimeout(()=>{kr.textContent=""},6e3)});es.addEventListener("health",n=>{let e=n.detail,t=es.querySelector(".state"),s=e==="away"||e==="locked";t&&(t.textContent=s?"away":wr[e],t.setAttribute("data-health",e)),!cn.hidden&&e==="open"&&zs("The server is back."),cn.hidden=!s,cn.textContent=s?wr[e]:""});var ad=n=>n>=1e6?`${(n/1e6).toFixed(1)} MB`:`${Math.max(1,Math.round(n/1e3))} kB`;function Sr(n){let e=Pt.find(r=>r.name===n)??Pt[0];for(let r of xi.querySelectorAll("a"))r.removeAttribute("aria-current");let t=n.startsWith(yr)?n.slice(yr.length):Pt.length?"":ki[0]??"";if(ki.includes(t)&&n!==xr){ld(t);return}if(!e||n===xr){hd();return}for(let r of xi.querySelectorAll("a"))r.dataset.name===e.name?r.setAttribute("aria-current","page"):r.removeAttribute("aria-current");let s=e.view?br.find(r=>r.tasks.includes(e.task)):void 0,i=s?new s.page:new yi;i.model=e,i.className="page",document.title=`${e.name} · Hitherto studio`,es.replaceChildren(y("header","",y("div","",y("h1","",e.name),y("p","soft",`${e.task} · ${e.about} · ${ad(e.bytes)}`)),y("span","space"),s&&b("span",{class:"state","data-health":"opening"},{},wr.opening)),i)}function ld(n){xi.querySelector(`[data-run="${CSS.escape(n)}"]`)?.setAttribute("aria-current","page");let e=new ui;e.className="page",e.names=ki,e.first=n,document.title=`${n} · Hitherto studio`,es.replaceChildren(y("header","",y("div","",y("h1","",n),y("p","soft","training"))),e)}function hd(){let n=new pi;n.className="page starters",n.onready=async e=>{await il(),location.hash=`#/${encodeURIComponent(e)}`,dn()===e&&Sr(e)},document.title="Hitherto studio",es.replaceChildren(y("header","",y("div","",y("h1","",Pt.length?"Train an example":"No model yet"),y("p","soft","Train one here in a minute or two, or start the studio with yours: hitherto studio MODEL.safetensors"))),n)}var dn=()=>decodeURIComponent(location.hash.replace(/^#\/?/,""));async function il(){let n=await fetch("studio/models");return n.ok?({models:Pt,runs:ki}=await n.json(),xi.replaceChildren(...Pt.map(e=>b("a",{href:`#/${encodeURIComponent(e.name)}`,"data-name":e.name},{},y("span","name",e.name),y("small","",e.task))),...ki.map(e=>b("a",{href:`#/${encodeURIComponent(yr+e)}`,"data-run":e},{},y("span","name",e),y("small","","training"))),b("a",{href:`#/${xr}`,class:"soft"},{},"Train an example")),!0):(es.replaceChildren(y("section","card prose",y("h1","","Locked"),y("p","",await n.text()))),!1)}async function cd(){await il()&&Sr(dn())}addEventListener("hashchange",()=>Sr(dn()));addEventListener("keydown",n=>{if(to(n)||n.ctrlKey||n.metaKey||!["[","]"].includes(n.key))return;let e=Pt.findIndex(s=>s.name===(dn()||Pt[0]?.name)),t=Pt[(e+(n.key==="]"?1:-1)+Pt.length)%Pt.length];t&&(location.hash=`#/${encodeURIComponent(t.name)}`)});sl();cd();
