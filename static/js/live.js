// An open session follows what arrives: it asks whether the session has changed. What is on the page is drawn anew in its
// place (`redraw.js`); what is new is announced, and put below the others while the page follows. Nothing moves under a
// reader.
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
  const FOLLOW = "logsui.follow";
  const SECOND = 1000, MINUTE = 60 * SECOND, HOUR = 60 * MINUTE;
  // A longer page begins anew at its end.
  const MOST_ARTICLES = 500;

  // The server's clock, in seconds. `since`: when it was read here, by a clock that nobody sets.
  const clockOf = (region) => ({ now: Number(region.dataset.now) || Date.now() / SECOND, since: performance.now() });
  const counts = { revision: live.dataset.revision, requests: Number(live.dataset.requests), steps: Number(live.dataset.steps) };
  const session = {
    thread,
    isTable,
    // As the server wrote it: it tells whether a request runs.
    title: document.title,
    clock: clockOf(live),
    // What the requests on the page are, and how far the session is.
    known: { ...counts },
    latest: { ...counts },
    // The revision that all of the page was drawn at, and when.
    drawn: counts.revision,
    drawnAt: -Infinity,
    // What new requests, and a whole page, cost to write and to show, in milliseconds.
    cost: { news: 0, page: 0 },
    // Whether the bar of a running request nears the end of the axis.
    isOutgrown: false,
    // What has changed cannot be put on this page.
    isStuck: false,
    // The blocks of requests before scripts and the reader changed them, by the address of their first request.
    written: new Map(),
  };
  // The server's clock tells whether something happens now.
  let changedAt = status.hidden ? 0 : Date.now();
  let hiddenAt = 0;
  let failures = 0;
  let timer;
  let wake;
  let isBusy = false;
  // The session cannot be seen any more: true while that lasts, then "back".
  let isGone = false;

  // --- the requests on the page ---

  const articles = () => [...thread.querySelectorAll(".req")];
  const reqsOf = (block) => (block.matches(".req") ? [block] : [...block.querySelectorAll(".req")]);
  const numberOf = (article) => Number(article.id.slice(1));
  const blocks = () => [...thread.children].filter((child) => child.matches(".req") || child.querySelector(".req"));

  function remember(nodes) {
    for (const node of nodes) {
      const [first] = reqsOf(node);
      if (first) session.written.set(first.dataset.url, node.outerHTML);
    }
  }

  // --- what runs ---

  const NARROW = "\u202f";

  // As the server writes it: `6.4 s`, `1 m 24 s`, `2 h 05 m`.
  function spelled(seconds) {
    if (seconds < 60) return `${seconds.toFixed(1)}${NARROW}s`;
    const units = seconds < 3600 ? ["m", "s", Math.floor(seconds)] : ["h", "m", Math.floor(seconds / 60)];
    return `${Math.floor(units[2] / 60)}${NARROW}${units[0]} ${String(units[2] % 60).padStart(2, "0")}${NARROW}${units[1]}`;
  }

  // Bars grow with their durations, until they near the end of the axis: then that is drawn anew.
  function count() {
    if (document.hidden) return;
    const now = session.clock.now + (performance.now() - session.clock.since) / SECOND;
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
      if (end > 90 && Number(one.dataset.rate)) session.isOutgrown = true;
    }
    if (session.isOutgrown && isDue() && (waiting || !isBusy) && !failures) hurry();
  }

  setInterval(count, SECOND);

  // --- what may be added to the page ---

  const asks = (...names) => names.some((name) => new URLSearchParams(location.search).has(name));
  const isSorted = () => isTable && asks("sort");
  // A branch, a trace, a part of the time and another order are not added to: they say that there is more.
  const isPart = () =>
    session.isStuck || asks("branch", "trace") || isSorted() || (thread ? !articles().length : asks("t0", "t1", "p0", "p1"));
  const MORE = '.more-btn[hx-get*="side=after"]';
  const isMore = (node) => node.matches(MORE);
  // Whether the page ends before the session does.
  const hasMore = () => (thread ? thread.querySelector(`:scope > ${MORE}`) !== null : document.querySelector("#main [data-after]") !== null);

  // --- following ---

  const isAtEnd = () => document.documentElement.scrollHeight - innerHeight - scrollY < 100;
  const toEnd = () => scrollTo({ top: document.documentElement.scrollHeight, behavior: "instant" });
  const readable = () => (thread ? articles() : [...document.querySelectorAll("#main :is(.wf-row, tr[data-row])")]);
  const atTop = () => readable().find((one) => one.getBoundingClientRect().bottom > innerHeight / 4);
  // What the reader sees at the top stays there. At the end, what comes pushes the others up.
  const standing = () => (follow.checked ? null : atTop());
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
    if (!thread) sawAll(session.latest);
    // The button goes away.
    if (pill.contains(document.activeElement)) follow.focus({ preventScroll: true });
    toEnd();
    hurry();
  }

  function lastPage() {
    const query = new URLSearchParams(location.search);
    for (const name of ["from", "at", "to", "side", "page", "t0", "t1", "p0", "p1"]) query.delete(name);
    const isLast = session.latest.requests && !isSorted();
    if (isLast) query.set("from", session.latest.requests);
    const text = query.size ? `?${query}` : "";
    return `${location.pathname}${text}${isLast ? `#r${session.latest.requests}` : ""}`;
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
        if (!thread) sawAll(session.latest);
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
    const requests = session.latest.requests - session.known.requests, steps = session.latest.steps - session.known.steps;
    if (requests > 0) return `${requests.toLocaleString("en")} new`;
    if (steps > 0) return `${steps.toLocaleString("en")} new step${steps === 1 ? "" : "s"}`;
    return session.isStuck ? "Changed" : "";
  }

  function announce() {
    if (isGone) return;
    const text = words();
    endKey();
    document.title = text && text !== "Changed" ? `(${text}) ${session.title}` : session.title;
    if (!text || follow.checked) return show("");
    const isBelow = !isPart() && !hasMore();
    show(isBelow ? `${text} below` : `${text}: show`, lastPage(), isBelow ? begin : null);
  }

  const sawAll = (counts) => Object.assign(session.known, counts);

  // The key for the last request goes to the last that there is, on the page or not yet.
  function endKey() {
    const link = document.querySelector(".outline-foot [data-key=G]");
    if (link && session.latest.requests > session.known.requests && !isPart()) link.href = lastPage();
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
    document.title = session.title.replace(/^\(running\) /, "");
    status.hidden = true;
    // What ran is not known to run any longer.
    document.documentElement.toggleAttribute("data-gone", true);
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

  // --- drawing anew ---

  const functions = {
    articles, blocks, clockOf, hasMore, isAtEnd, isMore, isPart, isSorted, numberOf, reqsOf, sawAll, standing,
  };
  let redrawing = null;

  // Its script is loaded once the page is there, and not when it is first needed: by then the server may be of another
  // version, which does not have it.
  function loadRedraw() {
    redrawing ??= import(live.dataset.redraw).then((module) => module.redrawing(session, functions));
    redrawing.catch(() => {
      redrawing = null;
    });
    return redrawing;
  }

  // False if what has changed cannot be put on the page.
  const refresh = async (isWhole, grows) => (await loadRedraw())(isWhole, grows);

  // --- asking again and again ---

  const isActive = () => Date.now() - changedAt < MINUTE || document.querySelector("#main [data-began], .req[aria-busy]") !== null;

  // How long until the next question. The server answers when there is something to tell, or after half a minute.
  function pause() {
    if (failures) return Math.min(MINUTE, 2 * SECOND * 2 ** failures);
    if (document.hidden) return MINUTE;
    if (isGone) return MINUTE / 6;
    // A page that is slow to write is asked for less often.
    return Math.max(follow.checked ? SECOND / 2 : SECOND, 10 * session.cost.news) * (0.9 + Math.random() / 5);
  }

  // All of the page is drawn less often than new requests are put on it.
  const dueAt = () => session.drawnAt + Math.max(thread && follow.checked ? 3 * SECOND : SECOND, 10 * session.cost.page);
  const isOwed = () => (Number(session.latest.revision) > Number(session.drawn) || session.isOutgrown) && !isGone;
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
    const query = new URLSearchParams({ revision: session.latest.revision });
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
    if (found.revision < Number(session.drawn)) return back();
    if (String(found.revision) !== session.latest.revision) {
      session.latest = { revision: String(found.revision), requests: found.requests, steps: found.steps };
      changedAt = Date.now();
    }
    status.hidden = !isActive();
    if (lacks() || isDue()) await catchUp();
    else announce();
  }

  // Somebody has signed in again; a session that was deleted is another one now.
  function comesBack(found) {
    if (isGone === "back" || !pill.textContent.includes("signed out") || found.requests < session.latest.requests) {
      back();
      return false;
    }
    isGone = false;
    document.documentElement.removeAttribute("data-gone");
    follow.disabled = false;
    return true;
  }

  const lacks = () => Number(session.latest.revision) > Number(session.known.revision) && !session.isStuck;

  async function catchUp() {
    if (follow.checked && (!isAtEnd() || isReading())) setFollow(false);
    const follows = follow.checked && !hasMore();
    if (follows && thread && articles().length > MOST_ARTICLES) return begin();
    if (isDue() && hasDialog()) session.drawnAt = performance.now();
    const isWhole = isDue();
    if ((isWhole || (follows && thread && lacks())) && !(await refresh(isWhole, follows && !isPart()))) {
      session.isStuck = true;
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
    loadRedraw().catch(() => {});
    if (comesFollowing && !hasMore() && !isPart()) {
      setFollow(true);
      toEnd();
    } else if (thread && !hasMore() && !isPart() && isActive() && isAtEnd()) setFollow(true);
    lastY = scrollY;
  });
  timer = setTimeout(ask, SECOND);
})();
