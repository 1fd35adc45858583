// Draws an open session anew: what has changed is put in the place of what was there, and what is new below it.
// `live.js` loads this module once the page is there, and asks.

// So many requests at the end are looked at again: what ran at the same time may be logged later.
const TAIL = 5;
// A session of so many requests is on one page, which one answer has.
const ON_ONE_PAGE = 100;
const MOST_RUNNING = 3;

// --- changing the page without losing what the reader did with it ---

const KEPT = new Set(["open", "aria-current", "aria-expanded", "aria-pressed", "hidden", "style", "tabindex", "data-reading"]);
// So many neighbours are looked at for the one that an element was.
const FAR = 20;
const headOf = (node) => node.querySelector(":scope > .fold-head, :scope > details > .fold-head");

function keyOf(node) {
  if (node.nodeType !== 1) return "";
  // Numbers change when a request is logged late. A fold of the outline is known by its head.
  const name = node.dataset.url || node.dataset.id || node.id.replace(/^(past|changes)-\d+$/, "$1") || node.dataset.n;
  return name || (node.matches(".outline-fold") && headOf(node)?.id) || "";
}

// htmx reads where a link leads only once.
const leads = (node) => node.getAttribute("hx-get");

const isAlike = (a, b) =>
  a.nodeType === b.nodeType && a.nodeName === b.nodeName && keyOf(a) === keyOf(b) &&
  (a.nodeType !== 1 || (a.classList[0] === b.classList[0] && leads(a) === leads(b)));

function morph(old, fresh) {
  if (old.isEqualNode(fresh)) return;
  if (old.nodeType !== 1) {
    // A selection in a text that grows stays.
    if (fresh.data.startsWith(old.data)) old.appendData(fresh.data.slice(old.data.length));
    else old.data = fresh.data;
    return;
  }
  // A script writes these.
  if (old.matches("output")) return;
  for (const { name, value } of [...fresh.attributes]) {
    if (!KEPT.has(name) && old.getAttribute(name) !== value) old.setAttribute(name, value);
  }
  for (const { name } of [...old.attributes]) {
    if (!KEPT.has(name) && !fresh.hasAttribute(name)) old.removeAttribute(name);
  }
  // What the reader loaded stays: the rows of a fold, and what stands in a place that was empty.
  if (old.matches(".outline-fold") && old.querySelector(":scope > details") && fresh.querySelector(":scope > a")) {
    morphList(headOf(old), [...headOf(old).childNodes], [...headOf(fresh).childNodes]);
    return;
  }
  if (fresh.firstChild || !old.firstElementChild) morphList(old, [...old.childNodes], [...fresh.childNodes]);
}

// Make some children of an element what they should be. What stays is never taken out for what comes before it.
function morphList(parent, old, fresh) {
  const end = old.at(-1)?.nextSibling ?? null;
  const left = [...old];
  for (const [index, next] of fresh.entries()) {
    const found = left.slice(0, next.nodeType === 1 ? FAR : 1).findIndex((one) => isAlike(one, next));
    if (found < 0) {
      const added = document.importNode(next, true);
      parent.insertBefore(added, left[0] ?? end);
      if (added.nodeType === 1) htmx.process(added);
      continue;
    }
    const passed = left.slice(0, found);
    const later = fresh.slice(index + 1, index + 1 + FAR);
    const staying = passed.filter((one) => one.nodeType === 1 && later.some((other) => isAlike(one, other)));
    for (const gone of passed) if (!staying.includes(gone)) gone.remove();
    const [match] = left.splice(0, found + 1, ...staying).slice(-1);
    if (staying.length) parent.insertBefore(match, staying[0]);
    morph(match, next);
  }
  for (const gone of left) gone.remove();
}

// --- what is on the page ---

// `session` is what `live.js` knows of the page, and what is changed here, too. The functions are its own, and say where
// the requests are, what may be added to the page, and (`standing`) what stays where it is while others come.
export function redrawing(session, functions) {
  const { thread, isTable, written } = session;
  const { articles, blocks, clockOf, hasMore, isAtEnd, isMore, isPart, isSorted, numberOf, reqsOf, sawAll, standing } = functions;

  // --- which requests ---

  // Of the blocks of a thread, the last ones that have the requests from some number on, and no others after it.
  function tailOf(all, least) {
    const numbers = all.map((block) => reqsOf(block).map(numberOf));
    let start = all.length - 1;
    const count = () => numbers.slice(start).flat().length;
    while (start > 0) {
      const lowest = Math.min(...numbers.slice(start).flat());
      const earlier = numbers.findIndex((some, index) => index < start && some.some((number) => number > lowest));
      if (earlier >= 0) start = earlier;
      else if (count() < TAIL || lowest > least) start -= 1;
      else break;
    }
    return start < 0 ? [] : all.slice(start);
  }

  const firstNumber = (some) => Math.min(...some.flatMap((block) => reqsOf(block).map(numberOf)));

  // --- asking for what is new ---

  // From a request on, to the last one that is here unless it `grows`: the whole page, or only the requests.
  function address(number, grows, isWhole) {
    const query = new URLSearchParams(location.search);
    if (thread) {
      for (const name of ["from", "at", "to", "side"]) query.delete(name);
      if (number) query.set("at", number);
      if (number && !grows) query.set("to", Math.max(...articles().map(numberOf)));
      if (!isWhole) query.set("side", "after");
      if (!isWhole && document.body.classList.contains("page-dense")) query.set("dense", "1");
    }
    return `${location.pathname}?${query}`;
  }

  // The time of the server's processor, if it says that: the way there and back costs nobody anything.
  const tookOf = (answer, began) => Number(answer.headers.get("Server-Timing")?.match(/dur=([\d.]+)/)?.[1] ?? performance.now() - began);

  async function load(path, isWhole) {
    const began = performance.now();
    const answer = await fetch(path, { headers: isWhole ? { Accept: "text/html" } : { Accept: "text/html", "HX-Request": "true" } });
    if (!answer.ok || answer.redirected || answer.headers.has("HX-Refresh")) throw new Error(`${answer.status}`);
    const text = await answer.text();
    const kind = isWhole ? "page" : "news";
    session.cost[kind] = tookOf(answer, began);
    const parsing = performance.now();
    const page = new DOMParser().parseFromString(isWhole ? text : `<div class="page-session"><main class="thread">${text}</main></div>`, "text/html");
    session.cost[kind] = Math.max(session.cost[kind], performance.now() - parsing);
    return page;
  }

  const blocksOf = (page) => {
    const there = page.querySelector(".page-session .thread");
    return there ? [...there.children].filter((child) => child.matches(".req") || child.querySelector(".req")) : [];
  };

  // Whether requests still have the numbers that they have on this page, and all of them came.
  function fits(tail, fresh) {
    const last = Math.max(...tail.flatMap(reqsOf).map(numberOf));
    if (!fresh.flatMap(reqsOf).some((req) => numberOf(req) >= last)) return false;
    const number = firstNumber(tail);
    const here = document.getElementById(`r${number}`);
    const there = fresh.flatMap(reqsOf).find((req) => numberOf(req) === number);
    return there?.dataset.url === here?.dataset.url;
  }

  // Draw anew what has changed, and with `grows` put what has come below. False if the page cannot.
  async function refresh(isWhole, grows) {
    const asked = session.latest;
    let page;
    if (session.isStuck) {
      // The requests stay; what is around them does not.
      putAround(await load(location.pathname + location.search, true));
      return true;
    }
    if (thread && articles().length) {
      page = await refreshThread(isWhole, grows);
      if (!page) return false;
    } else {
      page = await load(address(0, grows, true), true);
      if (!thread) putRows(page);
    }
    if (isWhole || !thread) putAround(page);
    const isSeen = grows || asked.requests === session.known.requests || (!thread && isAtEnd());
    if (isSeen && !isPart() && !hasMore()) sawAll(asked);
    document.dispatchEvent(new CustomEvent("session:drawn"));
    return true;
  }

  async function refreshThread(isWhole, grows) {
    const all = blocks();
    const running = [...thread.querySelectorAll(".req[aria-busy]")];
    const isShort = session.latest.requests <= ON_ONE_PAGE;
    // Also results from long ago may have changed, if the page is drawn as a whole.
    const least = !isShort ? Infinity : isWhole ? 1 : running.length ? numberOf(running[0]) : Infinity;
    let tail, page;
    // If that does not have all: fewer, or more if numbers have changed.
    for (const some of new Set([tailOf(all, least), tailOf(all, Infinity), all])) {
      if (tail?.length === some.length) continue;
      tail = some;
      page = await load(address(firstNumber(tail), grows, isWhole), isWhole);
      if (fits(tail, blocksOf(page))) break;
      page = null;
    }
    if (!page) return null;
    put(page, tail, grows);
    const earlier = running.filter((article) => article.isConnected && numberOf(article) < firstNumber(tail));
    for (const article of isWhole ? earlier.slice(0, MOST_RUNNING) : []) await refreshOne(article);
    return page;
  }

  // A request further up, that ran.
  async function refreshOne(article) {
    const number = numberOf(article);
    const query = new URLSearchParams({ at: number, to: number, side: "between" });
    if (document.body.classList.contains("page-dense")) query.set("dense", "1");
    const fresh = [...(await load(`${location.pathname}?${query}`, false)).querySelectorAll(".req")].find((one) => one.dataset.url === article.dataset.url);
    if (!fresh) return;
    keepPlace(() => morph(article, fresh));
    if (article.matches("[aria-current]")) tellEnd(article);
  }

  // The facts of the chosen request beside it are those of a running one.
  function tellEnd(one) {
    const runs = one.hasAttribute("aria-busy") || one.dataset.state === "live";
    if (one.isConnected && !runs) one.dispatchEvent(new CustomEvent("request:ended", { bubbles: true }));
  }

  function keepPlace(change) {
    const stays = standing();
    const before = stays?.getBoundingClientRect().top;
    change();
    if (stays?.isConnected) scrollBy({ top: stays.getBoundingClientRect().top - before, behavior: "instant" });
  }

  function put(page, tail, grows) {
    const current = thread.querySelector(".req[aria-current]");
    const chosen = current?.dataset.url;
    const ran = current?.hasAttribute("aria-busy");
    const fresh = blocksOf(page);
    const urlOf = (node) => reqsOf(node)[0]?.dataset.url;
    // What the server writes as before is left as the reader has it.
    const from = fresh[0];
    let news = [...from.parentElement.children].slice([...from.parentElement.children].indexOf(from));
    // The button for what follows is there if the page had one.
    if (!grows && !hasMore()) news = news.filter((node) => !isMore(node));
    const old = [...thread.children].slice([...thread.children].indexOf(tail[0]));
    const same = new Set(fresh.filter((node) => written.get(urlOf(node)) === node.outerHTML).map(urlOf));
    const untouched = old.filter((node) => same.has(urlOf(node)));
    const stand = new Map(untouched.map((node) => [urlOf(node), node]));
    const texts = fresh.map((node) => node.outerHTML);
    const wanted = news.map((node) => stand.get(urlOf(node)) ?? node).filter((node, index, some) => some.indexOf(node) === index);
    keepPlace(() => morphList(thread, old, wanted));
    for (const [index, node] of fresh.entries()) written.set(urlOf(node), texts[index]);
    keepChosen(chosen);
    if (ran) tellEnd(current);
    thread.dispatchEvent(new CustomEvent("htmx:afterSwap", { bubbles: true, detail: {} }));
  }

  // What is around the requests: head, outline, curves, panels.
  function putAround(page) {
    keepPlace(() => {
      for (const region of page.querySelectorAll("[data-live][id]")) {
        const here = document.getElementById(region.id);
        if (here) morph(here, region);
      }
    });
    session.title = page.title;
    session.clock = clockOf(page.getElementById("live"));
    session.isOutgrown = false;
    session.drawn = page.getElementById("live").dataset.revision;
    session.drawnAt = performance.now();
  }

  // The rows of the waterfall and the table. In an order other than that of time only those that are here change.
  function putRows(page) {
    const chosen = currentRow()?.dataset.id;
    const ran = currentRow()?.dataset.state === "live";
    const region = document.getElementById(isTable ? "session-rows" : "waterfall");
    const fresh = page.getElementById(region?.id);
    if (!fresh) return;
    keepPlace(() => {
      if (!isSorted()) return morph(region, fresh);
      for (const row of region.querySelectorAll("[data-id]")) {
        const other = fresh.querySelector(`[data-id="${CSS.escape(row.dataset.id)}"]`);
        if (other) morph(row, other);
      }
      const sums = fresh.querySelector("tfoot");
      if (sums) morph(region.querySelector("tfoot"), sums);
    });
    const row = currentRow();
    if (!chosen || row?.dataset.id !== chosen) return;
    history.replaceState(history.state, "", `#r${row.dataset.n}`);
    if (ran) tellEnd(row);
  }

  const currentRow = () => document.querySelector("#main [data-id][aria-current]");

  // The chosen request may have another number now.
  function keepChosen(url) {
    const now = thread.querySelector(".req[aria-current]");
    if (!url || now?.dataset.url === url) return;
    now?.removeAttribute("aria-current");
    const article = articles().find((one) => one.dataset.url === url);
    if (!article) return;
    article.setAttribute("aria-current", "true");
    history.replaceState(history.state, "", `#${article.id}`);
    for (const row of document.querySelectorAll("#outline-rows .outline-row[aria-current]")) row.removeAttribute("aria-current");
    document.querySelector(`#outline-rows li[data-n="${numberOf(article)}"] > .outline-row`)?.setAttribute("aria-current", "true");
  }

  return refresh;
}
