// An open session follows what arrives: it asks whether the session has changed. What is on the page is drawn anew in its
// place; what is new is announced, and put below the others while the page follows. Nothing moves under a reader.
(() => {
  const live = document.getElementById("live");
  const pill = document.getElementById("session-news");
  if (!live || !pill) return;
  const thread = document.querySelector(".page-session .thread");
  const isTable = document.querySelector(".sess-table") !== null;
  const follow = document.getElementById("follow");
  const told = document.getElementById("live-told");
  const status = document.getElementById("live-status");
  const arrow = pill.querySelector("svg");
  // As the server wrote it: it tells whether a request runs.
  let title = document.title;
  const FOLLOW = "logsui.follow";
  const SECOND = 1000, MINUTE = 60 * SECOND, HOUR = 60 * MINUTE;
  // A longer page begins anew at its end.
  const MOST_ARTICLES = 500;
  // So many requests at the end are looked at again: what ran at the same time may be logged later.
  const TAIL = 5;
  // A session of so many requests is on one page, which one answer has.
  const ON_ONE_PAGE = 100;
  const MOST_RUNNING = 3;

  // `known`: what the requests on the page are. `drawn`: the revision that all of the page was drawn at.
  const known = { revision: live.dataset.revision, requests: Number(live.dataset.requests), steps: Number(live.dataset.steps) };
  let latest = { ...known };
  let drawn = known.revision;
  // The server's clock tells whether something happens now.
  let changedAt = status.hidden ? 0 : Date.now();
  let hiddenAt = 0;
  // What new requests, and a whole page, cost to write and to show, in milliseconds.
  const cost = { news: 0, page: 0 };
  let drawnAt = -Infinity;
  let failures = 0;
  let timer;
  let wake;
  let isBusy = false;
  // The session cannot be seen any more: true while that lasts, then "back".
  let isGone = false;
  // What has changed cannot be put on this page.
  let isStuck = false;

  // --- what the server wrote, before scripts and the reader changed it ---

  const articles = () => [...thread.querySelectorAll(".req")];
  const reqsOf = (block) => (block.matches(".req") ? [block] : [...block.querySelectorAll(".req")]);
  const numberOf = (article) => Number(article.id.slice(1));
  const blocks = () => [...thread.children].filter((child) => child.matches(".req") || child.querySelector(".req"));
  const written = new Map();

  function remember(nodes) {
    for (const node of nodes) {
      const [first] = reqsOf(node);
      if (first) written.set(first.dataset.url, node.outerHTML);
    }
  }

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

  // --- what runs ---

  // The server's clock, in seconds. `since`: when it was read here, by a clock that nobody sets.
  const clockOf = (region) => ({ now: Number(region.dataset.now) || Date.now() / SECOND, since: performance.now() });
  let clock = clockOf(live);
  const NARROW = "\u202f";
  let isOutgrown = false;

  // As the server writes it: `6.4 s`, `1 m 24 s`, `2 h 05 m`.
  function spelled(seconds) {
    if (seconds < 60) return `${seconds.toFixed(1)}${NARROW}s`;
    const units = seconds < 3600 ? ["m", "s", Math.floor(seconds)] : ["h", "m", Math.floor(seconds / 60)];
    return `${Math.floor(units[2] / 60)}${NARROW}${units[0]} ${String(units[2] % 60).padStart(2, "0")}${NARROW}${units[1]}`;
  }

  // Bars grow with their durations, until they near the end of the axis: then that is drawn anew.
  function count() {
    if (document.hidden) return;
    const now = clock.now + (performance.now() - clock.since) / SECOND;
    for (const one of document.querySelectorAll("[data-began]")) {
      one.textContent = spelled(Math.max(now - Number(one.dataset.began), 0));
      const bar = one.dataset.rate && one.parentElement.querySelector("rect.l");
      if (!bar) continue;
      // Where it was first seen, and when.
      if (!bar.dataset.width) Object.assign(bar.dataset, { width: Number.parseFloat(bar.getAttribute("width")), at: now });
      const width = Number(bar.dataset.width) + Number(one.dataset.rate) * (now - Number(bar.dataset.at));
      const end = Math.min(Number.parseFloat(bar.getAttribute("x")) + width, 100);
      bar.setAttribute("width", `${end - Number.parseFloat(bar.getAttribute("x"))}%`);
      if (one.getAttribute("text-anchor") !== "end") one.setAttribute("x", `${end}%`);
      if (end > 90 && Number(one.dataset.rate)) isOutgrown = true;
    }
    if (isOutgrown && isDue() && (waiting || !isBusy) && !failures) hurry();
  }

  setInterval(count, SECOND);

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
    cost[kind] = tookOf(answer, began);
    const parsing = performance.now();
    const page = new DOMParser().parseFromString(isWhole ? text : `<div class="page-session"><main class="thread">${text}</main></div>`, "text/html");
    cost[kind] = Math.max(cost[kind], performance.now() - parsing);
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
    const asked = latest;
    let page;
    if (isStuck) {
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
    const isSeen = grows || asked.requests === known.requests || (!thread && isAtEnd());
    if (isSeen && !isPart() && !hasMore()) sawAll(asked);
    document.dispatchEvent(new CustomEvent("session:drawn"));
    return true;
  }

  async function refreshThread(isWhole, grows) {
    const all = blocks();
    const running = [...thread.querySelectorAll(".req[aria-busy]")];
    const isShort = latest.requests <= ON_ONE_PAGE;
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

  // What the reader sees at the top stays there. At the end, what comes pushes the others up.
  function keepPlace(change) {
    const stays = follow?.checked ? null : atTop();
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
    if (!grows && !hasMore()) news = news.filter((node) => !node.matches(MORE));
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
    title = page.title;
    clock = clockOf(page.getElementById("live"));
    isOutgrown = false;
    drawn = page.getElementById("live").dataset.revision;
    drawnAt = performance.now();
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

  const asks = (...names) => names.some((name) => new URLSearchParams(location.search).has(name));
  const isSorted = () => isTable && asks("sort");
  // A branch, a trace, a part of the time and another order are not added to: they say that there is more.
  const isPart = () =>
    isStuck || asks("branch", "trace") || isSorted() || (thread ? !articles().length : asks("t0", "t1", "p0", "p1"));
  const MORE = '.more-btn[hx-get*="side=after"]';
  // Whether the page ends before the session does.
  const hasMore = () => (thread ? thread.querySelector(`:scope > ${MORE}`) !== null : document.querySelector("#main [data-after]") !== null);

  // --- following ---

  const isAtEnd = () => document.documentElement.scrollHeight - innerHeight - scrollY < 100;
  const toEnd = () => scrollTo({ top: document.documentElement.scrollHeight, behavior: "instant" });
  const readable = () => (thread ? articles() : [...document.querySelectorAll("#main :is(.wf-row, tr[data-row])")]);
  const atTop = () => readable().find((one) => one.getBoundingClientRect().bottom > innerHeight / 4);
  const hasDialog = () => document.querySelector("dialog[open]") !== null;
  const isReading = () => !getSelection().isCollapsed || hasDialog();

  function setFollow(on) {
    if (follow && follow.checked !== on) follow.checked = on;
  }

  // Follow from where the session ends: here, or on the page that has its end.
  function begin() {
    if (hasMore() || isPart() || (thread && articles().length > MOST_ARTICLES)) {
      try {
        sessionStorage.setItem(FOLLOW, live.dataset.session);
      } catch {
        // The browser keeps nothing: the page there waits for the switch.
      }
      location.assign(lastPage());
      return;
    }
    setFollow(true);
    if (!thread) sawAll(latest);
    // The button goes away.
    if (pill.contains(document.activeElement)) follow.focus({ preventScroll: true });
    toEnd();
    hurry();
  }

  function lastPage() {
    const query = new URLSearchParams(location.search);
    for (const name of ["from", "at", "to", "side", "page", "t0", "t1", "p0", "p1"]) query.delete(name);
    const isLast = latest.requests && !isSorted();
    if (isLast) query.set("from", latest.requests);
    const text = query.size ? `?${query}` : "";
    return `${location.pathname}${text}${isLast ? `#r${latest.requests}` : ""}`;
  }

  follow?.addEventListener("change", () => (follow.checked ? begin() : announce()));

  let lastY = scrollY;
  addEventListener(
    "scroll",
    () => {
      // Only a reader scrolls up; down at the end means that they want to see what comes.
      if (scrollY < lastY - 2 && !isAtEnd()) setFollow(false);
      else if (scrollY > lastY && isAtEnd() && !hasMore() && !isPart() && !follow.checked) {
        setFollow(true);
        if (!thread) sawAll(latest);
        announce();
        if (lacks()) hurry();
      }
      lastY = scrollY;
    },
    { passive: true },
  );

  document.addEventListener("keydown", (event) => {
    if (event.key !== "." || event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
    if (event.target.closest?.("input:not([type=checkbox], [type=radio]), textarea, select, [contenteditable]")) return;
    if (document.querySelector("dialog[open]")) return;
    event.preventDefault();
    if (follow.checked) {
      setFollow(false);
      announce();
    } else begin();
  });

  // --- telling ---

  function words() {
    const requests = latest.requests - known.requests, steps = latest.steps - known.steps;
    if (requests > 0) return `${requests.toLocaleString("en")} new`;
    if (steps > 0) return `${steps.toLocaleString("en")} new step${steps === 1 ? "" : "s"}`;
    return isStuck ? "Changed" : "";
  }

  function announce() {
    if (isGone) return;
    const text = words();
    endKey();
    document.title = text && text !== "Changed" ? `(${text}) ${title}` : title;
    if (!text || follow.checked) return show("");
    const isBelow = !isPart() && !hasMore();
    show(isBelow ? `${text} below` : `${text}: show`, lastPage(), isBelow ? begin : null);
  }

  const sawAll = (counts) => Object.assign(known, counts);

  // The key for the last request goes to the last that there is, on the page or not yet.
  function endKey() {
    const link = document.querySelector(".outline-foot [data-key=G]");
    if (link && latest.requests > known.requests && !isPart()) link.href = lastPage();
  }

  // `act`: what a click does instead of following the link.
  function show(text, href = "", act = null) {
    if (!text) {
      pill.hidden = true;
      pill.querySelector("a, span")?.remove();
      return;
    }
    const kind = href ? "a" : "span";
    let said = pill.querySelector(kind);
    if (!said) {
      pill.querySelector("a, span")?.remove();
      said = document.createElement(kind);
      pill.append(said);
    }
    said.replaceChildren(...(href ? [arrow, text] : [text]));
    if (href) said.href = href;
    said.onclick = act
      ? (event) => {
          if (event.button || event.ctrlKey || event.metaKey || event.shiftKey) return;
          event.preventDefault();
          act();
        }
      : null;
    // Read out once, not with each number.
    if (pill.hidden) told.textContent = text;
    pill.hidden = false;
  }

  // The session cannot be seen: what is on the page stays. It may come back.
  function away(text, href = "") {
    document.title = title;
    status.hidden = true;
    if (isGone !== true || pill.textContent !== text) {
      show(text, href);
      told.textContent = text;
    }
    isGone = true;
    setFollow(false);
    follow.disabled = true;
  }

  function back() {
    isGone = "back";
    show("This session has logs again: show", location.pathname + location.search);
  }

  // --- asking again and again ---

  const isActive = () => Date.now() - changedAt < MINUTE || document.querySelector("#main [data-began], .req[aria-busy]") !== null;

  // How long until the next question. The server answers when there is something to tell, or after half a minute.
  function pause() {
    if (failures) return Math.min(MINUTE, 2 * SECOND * 2 ** failures);
    if (document.hidden) return MINUTE;
    if (isGone) return MINUTE / 6;
    // A page that is slow to write is asked for less often.
    return Math.max(follow.checked ? SECOND / 2 : SECOND, 10 * cost.news) * (0.9 + Math.random() / 5);
  }

  // All of the page is drawn less often than new requests are put on it.
  const dueAt = () => drawnAt + Math.max(thread && follow.checked ? 3 * SECOND : SECOND, 10 * cost.page);
  const isOwed = () => (Number(latest.revision) > Number(drawn) || isOutgrown) && !isGone;
  const isDue = () => isOwed() && performance.now() >= dueAt();

  function plan() {
    clearTimeout(timer);
    clearTimeout(wake);
    // Nobody has looked for a long time: it goes on when somebody does.
    if (document.hidden && Date.now() - hiddenAt > HOUR) return;
    timer = setTimeout(ask, pause());
    if (isOwed() && !document.hidden && !failures) wake = setTimeout(hurry, dueAt() - performance.now());
  }

  // A question that waits for its answer, so that it can be given up.
  let waiting = null;
  let isHurried = false;

  async function ask() {
    clearTimeout(timer);
    if (isBusy) return;
    isBusy = true;
    try {
      await look();
      failures = 0;
    } catch {
      if (!waiting?.signal.aborted) failures += 1;
      if (failures > 1) {
        status.hidden = true;
        show("No connection: trying again");
      }
    }
    waiting = null;
    isBusy = false;
    if (isHurried) hurry();
    else plan();
  }

  // Ask at once.
  function hurry() {
    isHurried = isBusy;
    if (isBusy) waiting?.abort();
    else ask();
  }

  async function look() {
    const query = new URLSearchParams({ revision: latest.revision });
    // What the page lacks is more urgent than what may come.
    if (!document.hidden && !isGone && !isDue() && !(thread && follow.checked && lacks())) query.set("wait", "");
    waiting = new AbortController();
    const answer = await fetch(`${live.dataset.url}?${query}`, { headers: { "HX-Request": "true" }, signal: waiting.signal });
    if (answer.headers.has("HX-Refresh")) return away("You are signed out: sign in again", location.href);
    if (answer.status === 404) return away("This session was deleted");
    if (!answer.ok) throw new Error(`${answer.status}`);
    const found = await answer.json();
    waiting = null;
    if (found.id !== live.dataset.session) return away("This session was merged into another: go there", answer.url.replace(/live\/[^/]*$/, ""));
    // It has just gone: the next answer says where to.
    if (!("revision" in found)) return;
    if (isGone && !comesBack(found)) return;
    // It was deleted and came again meanwhile.
    if (found.revision < Number(drawn)) return back();
    if (String(found.revision) !== latest.revision) {
      latest = { revision: String(found.revision), requests: found.requests, steps: found.steps };
      changedAt = Date.now();
    }
    status.hidden = !isActive();
    if (lacks() || isDue()) await catchUp();
    else announce();
  }

  // Somebody has signed in again; a session that was deleted is another one now.
  function comesBack(found) {
    if (isGone === "back" || !pill.textContent.includes("signed out") || found.requests < latest.requests) {
      back();
      return false;
    }
    isGone = false;
    follow.disabled = false;
    return true;
  }

  const lacks = () => Number(latest.revision) > Number(known.revision) && !isStuck;

  async function catchUp() {
    if (follow.checked && (!isAtEnd() || isReading())) setFollow(false);
    const follows = follow.checked && !hasMore();
    if (follows && thread && articles().length > MOST_ARTICLES) return begin();
    if (isDue() && hasDialog()) drawnAt = performance.now();
    const isWhole = isDue();
    if ((isWhole || (follows && thread && lacks())) && !(await refresh(isWhole, follows && !isPart()))) {
      isStuck = true;
      setFollow(false);
    }
    if (follows) toEnd();
    // More has come than fits below: go where it ends.
    if (follows && hasMore()) return begin();
    announce();
  }

  document.addEventListener("visibilitychange", () => {
    hiddenAt = Date.now();
    if (document.hidden) waiting?.abort();
    else hurry();
  });

  // --- start ---

  live.hidden = false;
  // The browser may have kept it from an earlier visit.
  setFollow(false);
  if (thread) remember(blocks());
  let comesFollowing = false;
  try {
    comesFollowing = sessionStorage.getItem(FOLLOW) === live.dataset.session;
    sessionStorage.removeItem(FOLLOW);
  } catch {
    // See above.
  }
  addEventListener("load", () => {
    if (comesFollowing && !hasMore() && !isPart()) {
      setFollow(true);
      toEnd();
    } else if (thread && !hasMore() && !isPart() && isActive() && isAtEnd()) setFollow(true);
    lastY = scrollY;
  });
  timer = setTimeout(ask, SECOND);
})();
