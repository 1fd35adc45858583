// An open session follows what arrives: it asks whether the session has changed, redraws what is on the page, announces
// what is new, and while it follows puts new requests below the others. Nothing moves under a reader who is somewhere else.
(() => {
  const live = document.getElementById("live");
  const pill = document.getElementById("session-news");
  if (!live || !pill) return;
  const thread = document.querySelector(".page-session .thread");
  const follow = document.getElementById("follow");
  const told = document.getElementById("live-told");
  const status = document.getElementById("live-status");
  const arrow = pill.querySelector("svg");
  // As the server wrote it: it tells whether a request runs.
  let title = document.title;
  const FOLLOW = "logsui.follow";
  const VIEWS = "#waterfall, #session-rows";
  const SECOND = 1000, MINUTE = 60 * SECOND, HOUR = 60 * MINUTE;
  // A longer page begins anew at its end.
  const MOST_ARTICLES = 500;
  // So many requests at the end are looked at again: what ran at the same time may be logged later.
  const TAIL = 5;

  // What the page shows: the revision that it was drawn from, and how many requests and steps its reader knows of.
  const known = { revision: live.dataset.revision, requests: Number(live.dataset.requests), steps: Number(live.dataset.steps) };
  let latest = { ...known };
  // The server's clock tells whether something happens now.
  let changedAt = status.hidden ? 0 : Date.now();
  let hiddenAt = 0;
  // How long the last requests took to come, and when the whole page may be asked for again, which costs more.
  let cost = 0;
  let pageAt = 0;
  let later;
  let failures = 0;
  let timer;
  let isBusy = false;
  let isGone = false;
  let isOver = false;
  // Whether rows have come below what is seen.
  let hasGrown = false;

  // --- what the server wrote, before scripts and the reader changed it ---

  const articles = () => [...thread.querySelectorAll(".req")];
  const numberOf = (article) => Number(article.id.slice(1));
  const blocks = () => [...thread.children].filter((child) => child.matches(".req") || child.querySelector(".req"));
  const written = new Map();

  function remember(nodes) {
    for (const node of nodes) {
      const first = node.matches(".req") ? node : node.querySelector(".req");
      if (first) written.set(first.dataset.url, node.outerHTML);
    }
  }

  // Of the blocks of a thread, the last ones that have the requests from some number on, and no others after it.
  function tailOf(all, least) {
    const numbers = all.map((block) => (block.matches(".req") ? [block] : [...block.querySelectorAll(".req")]).map(numberOf));
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

  const firstNumber = (some) => Math.min(...some.flatMap((block) => (block.matches(".req") ? [block] : [...block.querySelectorAll(".req")]).map(numberOf)));

  // --- changing the page without losing what the reader did with it ---

  const KEPT = new Set(["open", "aria-current", "aria-expanded", "aria-pressed", "hidden", "style", "tabindex", "data-reading"]);
  const headOf = (node) => node.querySelector(":scope > .fold-head, :scope > details > .fold-head");

  function keyOf(node) {
    if (node.nodeType !== 1) return "";
    // A request may have another number now. A fold of the outline is known by its head.
    return node.dataset.url || node.dataset.id || node.id || node.dataset.n || (node.matches(".outline-fold") && headOf(node)?.id) || "";
  }

  // htmx reads where a link leads only once.
  const leads = (node) => node.getAttribute("hx-get");

  const isAlike = (a, b) =>
    a.nodeType === b.nodeType && a.nodeName === b.nodeName && keyOf(a) === keyOf(b) &&
    (a.nodeType !== 1 || (a.classList[0] === b.classList[0] && leads(a) === leads(b)));

  function morph(old, fresh) {
    if (old.isEqualNode(fresh)) return;
    if (old.nodeType !== 1) {
      old.data = fresh.data;
      return;
    }
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

  // Make some children of an element what they should be; they are neighbours.
  function morphList(parent, old, fresh) {
    const end = old.at(-1)?.nextSibling ?? null;
    const left = new Set(old);
    let place = old[0] ?? end;
    for (const next of fresh) {
      let match = place;
      for (let far = 0; match && left.has(match) && !isAlike(match, next) && far < 20; far++) match = match.nextSibling;
      if (!match || !left.has(match) || !isAlike(match, next)) {
        const added = document.importNode(next, true);
        parent.insertBefore(added, place);
        if (added.nodeType === 1) htmx.process(added);
        continue;
      }
      for (; place !== match; ) {
        const gone = place;
        place = place.nextSibling;
        left.delete(gone);
        gone.remove();
      }
      place = match.nextSibling;
      left.delete(match);
      morph(match, next);
    }
    for (const gone of left) gone.remove();
  }

  // --- asking for what is new ---

  // The page from a request on; without `grows`, up to the last one that is here.
  function address(number, grows) {
    const query = new URLSearchParams(location.search);
    for (const name of ["from", "at", "to", "side"]) query.delete(name);
    query.set("at", number);
    if (!grows) query.set("to", Math.max(...articles().map(numberOf)));
    return `${location.pathname}?${query}`;
  }

  // A page, or the requests alone.
  async function load(url, isWhole = true) {
    const headers = isWhole ? { Accept: "text/html" } : { "HX-Request": "true" };
    const began = performance.now();
    const answer = await fetch(url, { headers });
    if (!answer.ok || answer.redirected || answer.headers.has("HX-Refresh")) throw new Error(`${answer.status}`);
    const text = await answer.text();
    const took = performance.now() - began;
    // One reader takes at most a tenth of a processor for whole pages.
    if (isWhole) pageAt = performance.now() + Math.max(3 * SECOND, 10 * took);
    else cost = took;
    const page = new DOMParser().parseFromString(isWhole ? text : `<main class="thread">${text}</main>`, "text/html");
    if (isWhole && !page.getElementById("live")) throw new Error("no session");
    return page;
  }

  const blocksOf = (page) => {
    const there = page.querySelector(".thread");
    return there ? [...there.children].filter((child) => child.matches(".req") || child.querySelector(".req")) : [];
  };

  // Whether requests still have the numbers that they have on this page.
  function fits(tail, fresh) {
    const number = firstNumber(tail);
    const here = document.getElementById(`r${number}`);
    const there = fresh.flatMap((block) => (block.matches(".req") ? [block] : [...block.querySelectorAll(".req")])).find((req) => numberOf(req) === number);
    return there?.dataset.url === here?.dataset.url;
  }

  // Change the last requests on the page as they have changed, and, if it `grows`, put below them what has come; with
  // `isWhole`, change also what is around them. False if the page cannot.
  async function refresh(grows, isWhole) {
    const all = blocks();
    if (!all.length) return false;
    const running = thread.querySelector(".req[aria-busy]");
    let tail = tailOf(all, running ? numberOf(running) : Infinity);
    let page = await load(address(firstNumber(tail), grows), isWhole);
    if (!fits(tail, blocksOf(page))) {
      tail = all;
      page = await load(address(firstNumber(tail), grows), isWhole);
      if (!fits(tail, blocksOf(page))) return false;
    }
    const had = hasMore();
    keepPlace(atTop, () => put(page, tail));
    // A page that does not grow says in one place that there is more.
    if (!grows && !had) moreButton()?.remove();
    if (isWhole) drawAround(page);
    if (grows) {
      known.requests = Math.max(...articles().map(numberOf));
      known.steps = latest.steps;
    }
    thread.dispatchEvent(new CustomEvent("htmx:afterSwap", { bubbles: true, detail: {} }));
    return true;
  }

  // Change the rows of another view, and what is around them. The page of a branch or trace keeps its requests.
  async function redraw() {
    const page = await load(location.pathname + location.search);
    const rows = document.querySelector(VIEWS);
    const count = () => rows.querySelectorAll("[data-id]").length;
    const before = rows ? count() : 0;
    keepPlace(topRow, () => drawAround(page));
    if (!rows) return true;
    if (!canGrow(rows)) return true;
    hasGrown ||= count() > before;
    if (isAtEnd() || latest.requests === known.requests) seeAll();
    return true;
  }

  // Rows that are in another order, or of a part of the time, stay where they are.
  const canGrow = (rows) => !new URLSearchParams(location.search).get("sort") && !rows.dataset.width;

  function seeAll() {
    hasGrown = false;
    known.requests = latest.requests;
    known.steps = latest.steps;
  }

  const topRow = () => [...document.querySelectorAll(":is(#waterfall, #session-rows) [data-id]")].find((row) => row.getBoundingClientRect().bottom > innerHeight / 4);

  // What stands on the screen stays there, unless the end is in sight.
  function keepPlace(find, change) {
    const stays = isAtEnd() ? null : find();
    const before = stays?.getBoundingClientRect().top;
    change();
    if (stays?.isConnected) scrollBy({ top: stays.getBoundingClientRect().top - before, behavior: "instant" });
  }

  // The head, the outline, the panels, the curves, and the rows of other views.
  function drawAround(page) {
    for (const region of page.querySelectorAll("[data-live][id]")) {
      const here = document.getElementById(region.id);
      if (!here) continue;
      if (here.matches(VIEWS) && !canGrow(here)) drawRows(here, region);
      else morph(here, region);
    }
    title = page.title;
    known.revision = page.getElementById("live").dataset.revision;
  }

  // The rows that are there, as they are now.
  function drawRows(here, region) {
    const fresh = new Map([...region.querySelectorAll("[data-id]")].map((row) => [row.dataset.id, row]));
    for (const row of here.querySelectorAll("[data-id]")) {
      if (fresh.has(row.dataset.id)) morph(row, fresh.get(row.dataset.id));
    }
  }

  function put(page, tail) {
    const chosen = thread.querySelector(".req[aria-current]")?.dataset.url;
    const fresh = blocksOf(page);
    const urlOf = (node) => (node.matches(".req") ? node : node.querySelector(".req"))?.dataset.url;
    // What the server writes as before is left as the reader has it.
    const from = fresh[0];
    const news = [...from.parentElement.children].slice([...from.parentElement.children].indexOf(from));
    const old = [...thread.children].slice([...thread.children].indexOf(tail[0]));
    const same = new Set(fresh.filter((node) => written.get(urlOf(node)) === node.outerHTML).map(urlOf));
    const untouched = old.filter((node) => same.has(urlOf(node)));
    const stand = new Map(untouched.map((node) => [urlOf(node), node]));
    const texts = fresh.map((node) => node.outerHTML);
    morphList(thread, old, news.map((node) => stand.get(urlOf(node)) ?? node).filter((node, index, some) => some.indexOf(node) === index));
    for (const [index, node] of fresh.entries()) written.set(urlOf(node), texts[index]);
    keepChosen(chosen);
  }

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

  // A branch and a trace are not added to: they say that there is more.
  const isPart = () => !thread || ["branch", "trace"].some((name) => new URLSearchParams(location.search).has(name));
  const moreButton = () => thread?.querySelector(':scope > .more-btn[hx-get*="side=after"]');
  const hasMore = () => Boolean(moreButton());

  // --- following ---

  const isAtEnd = () => document.documentElement.scrollHeight - innerHeight - scrollY < 100;
  const toEnd = () => scrollTo({ top: document.documentElement.scrollHeight, behavior: "instant" });
  const atTop = () => articles().find((article) => article.getBoundingClientRect().bottom > innerHeight / 4);
  const isReading = () => !getSelection().isCollapsed || document.querySelector("dialog[open]") !== null;

  function setFollow(on) {
    if (follow && follow.checked !== on) follow.checked = on;
  }

  // Follow from where the session ends: here, or on the page that has its end.
  function begin() {
    if (hasMore() || articles().length > MOST_ARTICLES) {
      try {
        sessionStorage.setItem(FOLLOW, live.dataset.session);
      } catch {
        // The browser keeps nothing: the page there waits for the switch.
      }
      location.assign(lastPage());
      return;
    }
    setFollow(true);
    // The button goes away.
    if (pill.contains(document.activeElement)) follow.focus({ preventScroll: true });
    toEnd();
    hurry();
  }

  function lastPage() {
    const query = new URLSearchParams(location.search);
    for (const name of ["from", "at", "to", "side"]) query.delete(name);
    query.set("from", latest.requests);
    return `${location.pathname}?${query}#r${latest.requests}`;
  }

  follow?.addEventListener("change", () => (follow.checked ? begin() : announce()));

  let lastY = scrollY;
  addEventListener(
    "scroll",
    () => {
      // Only a reader scrolls up; down at the end means that they want to see what comes.
      if (scrollY < lastY - 2 && !isAtEnd()) setFollow(false);
      else if (scrollY > lastY && isAtEnd() && !hasMore() && thread && !follow.checked) {
        setFollow(true);
        if (lacks()) hurry();
      }
      if (hasGrown && isAtEnd()) {
        seeAll();
        announce();
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
    if (!follow) pill.querySelector("a")?.click();
    else if (follow.checked) {
      setFollow(false);
      announce();
    } else begin();
  });

  // --- telling ---

  function words() {
    const requests = latest.requests - known.requests, steps = latest.steps - known.steps;
    if (requests > 0) return `${requests.toLocaleString("en")} new`;
    if (steps > 0) return `${steps.toLocaleString("en")} new step${steps === 1 ? "" : "s"}`;
    return latest.revision === known.revision ? "" : "Changed";
  }

  function announce() {
    if (isOver) return;
    const text = words();
    endKey();
    document.title = text && text !== "Changed" ? `(${text}) ${title}` : title;
    if (!text || follow?.checked) return show("");
    // What is on the page is redrawn soon.
    if (text === "Changed") return show("");
    const isBelow = hasGrown || (thread && !isPart() && !hasMore());
    show(isBelow && text !== "Changed" ? `${text} below` : `${text}: show`, lastPage(), isBelow ? (hasGrown ? toEnd : begin) : null);
  }

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

  // There is nothing more to ask: what is on the page stays.
  function end(text, href = "") {
    isOver = true;
    clearTimeout(timer);
    document.title = title;
    status.hidden = true;
    if (follow) follow.disabled = true;
    show(text, href);
    told.textContent = text;
  }

  // --- asking again and again ---

  const isActive = () => Date.now() - changedAt < MINUTE || Boolean(thread?.querySelector(".req[aria-busy]"));

  // How long until the next question. The server answers when there is something to tell, or after half a minute.
  function pause() {
    if (failures) return Math.min(MINUTE, 2 * SECOND * 2 ** failures);
    if (document.hidden) return MINUTE;
    if (isGone) return 20 * SECOND;
    // Requests that are slow to write are asked for less often.
    return Math.max(SECOND, 4 * cost) * (0.9 + Math.random() / 5);
  }

  function plan() {
    clearTimeout(timer);
    // Nobody has looked for a long time: it goes on when somebody does.
    if (isOver || (document.hidden && Date.now() - hiddenAt > HOUR)) return;
    timer = setTimeout(ask, pause());
  }

  // A question that waits for its answer, so that it can be given up.
  let waiting = null;
  let isHurried = false;

  async function ask() {
    clearTimeout(timer);
    if (isBusy || isOver) return;
    isBusy = true;
    try {
      await look();
      failures = 0;
    } catch {
      if (!waiting?.signal.aborted) failures += 1;
      if (failures === 4) show("No connection: trying again");
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
    if (!document.hidden && !isGone && !(lacks() && (isDue() || follow?.checked))) query.set("wait", "");
    waiting = new AbortController();
    const answer = await fetch(`${live.dataset.url}?${query}`, { headers: { "HX-Request": "true" }, signal: waiting.signal });
    if (answer.headers.has("HX-Refresh")) return end("You are signed out: sign in again", location.href);
    if (answer.status === 404) return leave();
    if (!answer.ok) throw new Error(`${answer.status}`);
    const found = await answer.json();
    waiting = null;
    // Requests of a session that was deleted may come again.
    if (isGone) return end("This session is there again: show", location.href);
    if (found.id !== live.dataset.session) return end("This session was merged into another: go there", answer.url.replace(/live\/[^/]*$/, ""));
    // It has just gone: the next answer says where to.
    if (!("revision" in found)) return;
    if (String(found.revision) !== latest.revision) {
      latest = { revision: String(found.revision), requests: found.requests, steps: found.steps };
      changedAt = Date.now();
    }
    status.hidden = !isActive();
    if (lacks()) await catchUp();
    else announce();
  }

  const lacks = () => latest.revision !== known.revision;
  const isDue = () => performance.now() >= pageAt && !document.hidden;

  // The session is no longer here: what is on the page stays.
  function leave() {
    isGone = true;
    status.hidden = true;
    document.title = title;
    show("This session was deleted");
  }

  // Come back for the page around the requests, when it may be asked for.
  function planPage() {
    clearTimeout(later);
    if (lacks() && !document.hidden && !isOver) later = setTimeout(hurry, Math.max(pageAt - performance.now(), 0) + 20);
  }

  async function catchUp() {
    if (follow?.checked && (!isAtEnd() || isReading())) setFollow(false);
    const grew = latest.requests > known.requests || latest.steps > known.steps;
    const follows = Boolean(follow?.checked) && !hasMore();
    if (follows && articles().length > MOST_ARTICLES) return begin();
    // A selection would be lost.
    if (isDue() && isReading()) pageAt = performance.now() + 2 * SECOND;
    let isDrawn = true;
    if (isDue()) isDrawn = await (isPart() ? redraw() : refresh(follows, true));
    else if (follows && grew) isDrawn = await refresh(true, false);
    if (!isDrawn) {
      setFollow(false);
      known.revision = latest.revision;
      return show(`${words() || "Changed"}: show`, lastPage());
    }
    if (follows) toEnd();
    // More has come than fits below: go where it ends.
    if (follows && hasMore()) return begin();
    announce();
    planPage();
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
  if (thread) {
    remember(tailOf(blocks(), Infinity));
    let comesFollowing = false;
    try {
      comesFollowing = sessionStorage.getItem(FOLLOW) === live.dataset.session;
      sessionStorage.removeItem(FOLLOW);
    } catch {
      // See above.
    }
    addEventListener("load", () => {
      if (comesFollowing && !hasMore()) {
        setFollow(true);
        toEnd();
      } else if (!hasMore() && isActive() && isAtEnd()) setFollow(true);
      lastY = scrollY;
    });
  }
  timer = setTimeout(ask, 2 * SECOND);
})();
