// The session and request pages: the current request (keys, outline, inspector, stepper), earlier messages, copying code.
(() => {
  const thread = document.querySelector(".page-session .thread");
  const outline = document.getElementById("outline-rows");
  let inspectTimer;
  // The request whose facts to load next, and whether others are being loaded.
  let wanted = null;
  let inspecting = false;
  // So many requests fill a page.
  const FOLLOWING = 5;
  // So many requests are added to a page by keys; then the next page opens.
  const MOST_JOINED = 400;
  const FOCUS = "logsui.focus";

  // --- the current request ---

  const current = () => thread?.querySelector(".req[aria-current]");
  const numberOf = (article) => (article ? Number(article.id.slice(1)) : 0);
  const numbersOnPage = () => [...thread.querySelectorAll(".req")].map(numberOf).sort((one, other) => one - other);

  // The request at the top of the visible part: current when none was chosen, or it was scrolled out of sight.
  function atTop() {
    const box = thread.getBoundingClientRect();
    const stick = document.getElementById("session-views").getBoundingClientRect().bottom;
    for (const below of [20, 80, 160]) {
      const found = document.elementFromPoint(box.left + box.width / 2, stick + below)?.closest(".req");
      if (found) return found;
    }
    // Where only steps are visible: the last request that begins above, else the first of the page.
    const begun = [...thread.querySelectorAll(".req")].filter((req) => req.getBoundingClientRect().top <= stick + 80);
    return begun.at(-1) ?? thread.querySelector(".req");
  }

  function isVisible(article) {
    const box = article.getBoundingClientRect();
    const stick = document.getElementById("session-views").getBoundingClientRect().bottom;
    return box.bottom > Math.min(140, stick + box.height / 2) && box.top < innerHeight - 20;
  }

  // Undefined in a session that has only steps, null on a page without requests.
  const here = () => (current() && isVisible(current()) ? current() : thread && atTop());

  // Open the fold that holds it: a failed attempt, for instance, is in one.
  function reveal(article) {
    for (let fold = article.closest("details"); fold; fold = fold.parentElement.closest("details")) fold.open = true;
  }

  function choose(article, { scroll = false, focus = false } = {}) {
    reveal(article);
    current()?.removeAttribute("aria-current");
    article.setAttribute("aria-current", "true");
    if (scroll) article.scrollIntoView({ block: article.matches(".dense") ? "nearest" : "start", behavior: "instant" });
    if (focus) article.querySelector(".req-n a").focus({ preventScroll: true });
    const number = numberOf(article);
    for (const row of outline.querySelectorAll("[aria-current]")) row.removeAttribute("aria-current");
    const row = rowOf(number);
    row?.setAttribute("aria-current", "true");
    keepInOutline(row);
    history.replaceState(history.state, "", `#r${number}`);
    step(number);
    inspect(article);
  }

  // The outline of a long session has only the rows of the requests on the page. Those of a lane stand together, so that
  // rows are not always in the order of their numbers.
  const rowOf = (number) => outline.querySelector(`li[data-n="${number}"] > .outline-row`);

  function keepInOutline(row) {
    const box = outline.parentElement;
    if (!row || !box.clientHeight) return;
    const top = row.getBoundingClientRect().top - box.getBoundingClientRect().top;
    if (top < 40 || top > box.clientHeight - 80) box.scrollTop += top - box.clientHeight / 2;
  }

  // Load the facts only when the user pauses, not for each request that is passed quickly.
  function inspect(article) {
    clearTimeout(inspectTimer);
    const inspector = document.getElementById("inspector");
    if (!inspector || getComputedStyle(inspector).display === "none") return;
    wanted = article;
    inspectTimer = setTimeout(loadFacts, 120);
  }

  document.addEventListener("request:ended", (event) => event.target.matches(".req") && inspect(event.target));

  // One request at a time: each answer replaces the inspector, and the next one needs the new one as its target.
  async function loadFacts() {
    if (inspecting) return;
    inspecting = true;
    while (wanted) {
      const article = wanted;
      wanted = null;
      await htmx
        .ajax("GET", `${article.dataset.url}facts/`, { source: article, target: "#inspector", swap: "outerHTML" })
        .catch(() => {});
    }
    inspecting = false;
  }

  // Go to a request by its number: on this page, or on the page that has it.
  function go(number, focus = false) {
    const article = document.getElementById(`r${number}`);
    if (article) choose(article, { scroll: true, focus });
    else if (number > 0 && number <= Number(outline.dataset.count)) leave(rowOf(number)?.href ?? addressOf(number));
  }

  // The page that has a request, with the same branch, trace or words.
  function addressOf(number) {
    const query = new URLSearchParams(location.search);
    for (const name of ["at", "to", "hit", "side"]) query.delete(name);
    query.set("from", number);
    return `?${query}#r${number}`;
  }

  // Go to a request on another page, where it has the focus.
  function leave(href) {
    try {
      sessionStorage.setItem(FOCUS, "1");
    } catch {
      // The browser keeps nothing: then the page there begins without a focus.
    }
    location.assign(href);
  }

  function comesByKey() {
    try {
      const comes = sessionStorage.getItem(FOCUS) !== null;
      sessionStorage.removeItem(FOCUS);
      return comes;
    } catch {
      return false;
    }
  }

  // Go on from the chosen request; when there is none or it was scrolled out of sight, from the visible one. The page has
  // no requests of other branches. What comes next may be behind a button, which adds it to the page.
  function walk(direction, focus = false) {
    const now = numberOf(here());
    if (!current() || !isVisible(current())) return go(Math.max(now, 1), focus);
    const isBeyond = (number) => (direction > 0 ? number > now : number < now);
    const nearest = direction > 0 ? Math.min : Math.max;
    const on = nearest(...numbersOnPage().filter(isBeyond));
    const button = [...thread.querySelectorAll(":scope > .more-btn[data-n]")].find((one) => {
      const number = Number(one.dataset.n);
      return isBeyond(number) && (!Number.isFinite(on) || nearest(number, on) === number);
    });
    if (button && numbersOnPage().length < MOST_JOINED) join(button, () => go(Number(button.dataset.n), focus));
    else if (button) leave(addressOf(Number(button.dataset.n)));
    else if (Number.isFinite(on)) go(on, focus);
  }

  // Add the requests behind a button to the page.
  function join(button, then) {
    button.addEventListener("htmx:afterRequest", () => requestAnimationFrame(then), { once: true });
    button.click();
  }

  // The failed call to which goToError went last: its line, and the number of the request that brought its result.
  let visited = null;

  const FAILED_TOOLS = ".tool:is([data-state=error], [data-state=looks_failed])";

  // Show why a request is marked: the failed call within it or, as results stand with their calls, the last one before it.
  function showFailedTool(number) {
    const article = document.getElementById(`r${number}`);
    const isBefore = (tool) => tool.compareDocumentPosition(article) & Node.DOCUMENT_POSITION_FOLLOWING;
    const tool = article?.querySelector(FAILED_TOOLS) ?? [...thread.querySelectorAll(FAILED_TOOLS)].filter(isBefore).at(-1);
    if (!article || !tool) return;
    reveal(tool);
    const summary = tool.querySelector("summary");
    tool.scrollIntoView({ block: "center", behavior: "instant" });
    summary.focus({ preventScroll: true });
    visited = { number, summary };
  }

  // Like `walk`, from the visible request when none was chosen: that one, or a failed attempt within it, comes first.
  // A request that brought the result of a failed tool counts as well.
  function goToError(direction) {
    const failed = outline.dataset.failed.split(" ").filter(Boolean);
    const numbers = failed.map(Number.parseFloat);
    const isAtTool = visited !== null && document.activeElement === visited.summary;
    const article = isAtTool ? document.getElementById(`r${visited.number}`) : here();
    const isChosen = isAtTool || article === current();
    const within = article && !isChosen ? [...article.querySelectorAll(".req")].map(numberOf) : [];
    const now = isChosen || direction < 0 ? numberOf(article) : Math.min(numberOf(article), ...within) - 1;
    const left = numbers.filter((number) => (direction > 0 ? number > now : number < now));
    const next = direction > 0 ? Math.min(...left) : Math.max(...left);
    if (left.length) {
      go(next, true);
      if (failed.includes(`${next}t`)) showFailedTool(next);
    } else say(direction > 0 ? "No failure follows" : "No failure comes before");
  }

  // Seen for some seconds, and read out.
  function say(words) {
    const toasts = document.getElementById("toasts");
    toasts?.querySelector("[data-said]")?.remove();
    const toast = document.createElement("div");
    toast.className = "toast";
    toast.dataset.said = "";
    toast.textContent = words;
    toasts?.append(toast);
    setTimeout(() => toast.remove(), 4000);
  }

  function toggleTools(scope) {
    const tools = [...scope.querySelectorAll("details.tool, details.trace-step[data-kind=tool]")];
    const open = tools.some((tool) => !tool.open);
    for (const tool of tools) tool.open = open;
  }

  // A drawing and the text that it was made of take turns; the text is loaded once.
  async function toggleRaw(link) {
    const drawn = link.closest(".drawn");
    const isRaw = drawn.toggleAttribute("data-raw");
    link.textContent = isRaw ? "Drawn" : "Raw";
    link.setAttribute("aria-pressed", String(isRaw));
    if (drawn.querySelector(":scope > .drawn-raw")) return;
    const raw = document.createElement("div");
    raw.className = "drawn-raw";
    raw.setAttribute("aria-live", "polite");
    drawn.append(raw);
    await htmx.ajax("GET", link.href, { source: raw, target: raw, swap: "innerHTML" }).catch(() => raw.remove());
  }

  // Those of the call that has the focus, else of all open calls of the request.
  function toggleRawHere() {
    const call = document.activeElement?.closest(".tool");
    const links = (call ?? here() ?? document).querySelectorAll(`${call ? "" : ".tool[open] "}[data-raw]:not(.drawn)`);
    if (call) call.open = true;
    for (const link of links) toggleRaw(link);
    if (!links.length) say(document.querySelector(".tool") ? "No open tool call here: t opens them" : "No tool call here");
  }

  function toggleInspector() {
    const toggle = document.getElementById("inspector-toggle");
    if (!toggle) return;
    toggle.checked = !toggle.checked;
    toggle.dispatchEvent(new Event("change", { bubbles: true }));
  }

  // Beside the thread the inspector is open unless it was closed; a narrower page opens it over the thread, for now.
  const isBeside = () => matchMedia("(width >= 80rem)").matches;
  const CLOSED = "logsui.inspector.closed";

  function rememberInspector(toggle) {
    if (!isBeside()) return;
    try {
      if (toggle.checked) localStorage.setItem(CLOSED, "1");
      else localStorage.removeItem(CLOSED);
    } catch {
      // The browser keeps nothing: then the page forgets it, too.
    }
  }

  function restoreInspector() {
    const toggle = document.getElementById("inspector-toggle");
    try {
      if (toggle && isBeside() && localStorage.getItem(CLOSED)) toggle.checked = true;
    } catch {
      // See above.
    }
  }

  // A page of the chosen request.
  const openPage = (path) => here() && location.assign(here().dataset.url + path);

  const keys = {
    j: () => walk(1, true),
    k: () => walk(-1, true),
    e: () => goToError(1),
    E: () => goToError(-1),
    i: toggleInspector,
    o: () => openPage(""),
    p: () => openPage("prompt/"),
    d: () => openPage("changes/"),
    r: () => openPage("?raw=request#raw"),
    t: () => toggleTools(here() ?? thread),
    x: toggleRawHere,
    h: () => here()?.querySelector("a.req-hist")?.click(),
  };

  const typing = (target) => target.closest?.("input:not([type=checkbox], [type=radio]), textarea, select, [contenteditable]");

  document.addEventListener(
    "keydown",
    (event) => {
      if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
      if (typing(event.target) || document.querySelector("dialog[open]")) return;
      if (thread && event.key in keys) {
        event.preventDefault();
        keys[event.key]();
      } else if (!thread && event.key === "t") {
        toggleTools(document);
      } else if (!thread && event.key === "x") {
        toggleRawHere();
      }
    },
    true,
  );

  // --- clicks ---

  const branchOf = (address) => new URLSearchParams(address.search).get("branch");

  document.addEventListener(
    "click",
    (event) => {
      if (event.defaultPrevented || event.button || event.ctrlKey || event.metaKey || event.shiftKey) return;
      const link = event.target.closest("a[href]");
      if (link?.matches(".drawn-head > [data-raw]")) {
        event.preventDefault();
        toggleRaw(link);
        return;
      }
      // The other form of the messages is shown at the request that is read.
      if (link?.matches("[data-text-form]")) {
        if (thread && here()) link.hash = `#r${numberOf(here())}`;
        return;
      }
      const past = link?.matches(".req-hist, .marks .textbtn") && document.querySelector(link.getAttribute("hx-target"));
      if (past?.childElementCount) {
        // It was loaded before: only show or hide it.
        past.hidden = !past.hidden;
        link.setAttribute("aria-expanded", String(!past.hidden));
        event.preventDefault();
        event.stopPropagation();
        return;
      }
      const isHere = link?.pathname === location.pathname && branchOf(link) === branchOf(location);
      const target = isHere && link.hash.match(/^#r\d+$/) && document.getElementById(link.hash.slice(1));
      if (thread && target) {
        event.preventDefault();
        choose(target, { scroll: true });
      } else if (thread && !link && event.target.closest(".req-line, .req.dense")) {
        choose(event.target.closest(".req"));
      }
    },
    true,
  );

  document.addEventListener("change", (event) => {
    if (event.target.id !== "inspector-toggle") return;
    rememberInspector(event.target);
    if (current()) inspect(current());
  });

  // htmx fires once for each new element, so wait until all of them are there.
  let swapped = false;
  document.addEventListener("htmx:afterSwap", (event) => {
    const opened = event.target.id && document.querySelector(`.req [hx-target="#${CSS.escape(event.target.id)}"]`);
    if (opened) opened.setAttribute("aria-expanded", "true");
    if (swapped) return;
    swapped = true;
    requestAnimationFrame(() => {
      swapped = false;
      addCopyButtons(document);
      markOutline();
      if (thread) tellReading();
      if (stepper) step(numberOf(here()));
    });
  });

  // The box alone comes from the server: its counts go to the outline, as the page writes them when it has the words.
  function markOutline() {
    const box = document.getElementById("find");
    if (!outline || !box) return;
    const found = new Map(box.dataset.hits.trim().split(/\s+/).filter(Boolean).map((pair) => pair.split(":")));
    for (const row of outline.querySelectorAll("li[data-n], li[data-numbers]")) {
      const count = row.dataset.n ? Number(found.get(row.dataset.n) ?? 0) : countWithin(row.dataset.numbers, found);
      const place = row.querySelector(":scope > .outline-row, :scope > .fold-head, :scope > details > .fold-head");
      const mark = place.querySelector(".outline-hits");
      if (Number(mark?.firstChild.data ?? 0) === count) continue;
      mark?.remove();
      row.toggleAttribute("data-hits", Boolean(count));
      if (count) tagsOf(place).prepend(hitMark(String(count)));
    }
  }

  // How often it was found in the requests of a fold: `2-4 7`.
  function countWithin(numbers, found) {
    const ranges = numbers.split(" ").map((range) => range.split("-").map(Number));
    const isWithin = (number) => ranges.some(([first, last = first]) => number >= first && number <= last);
    return [...found].reduce((sum, [number, count]) => sum + (isWithin(Number(number)) ? Number(count) : 0), 0);
  }

  // In the box, Enter goes to the next place of the words that were looked for, and Shift+Enter to the previous one.
  document.addEventListener("keydown", (event) => {
    const box = event.target;
    if (box.id !== "find-words" || event.key !== "Enter" || event.isComposing || box.value !== box.defaultValue) return;
    const link = document.querySelector(`#find [data-key=${event.shiftKey ? "N" : "n"}]`);
    if (!link) return;
    event.preventDefault();
    link.click();
  });

  // The key of the box never closes it (its click is a script's).
  document.addEventListener("click", (event) => {
    const find = event.target.closest?.("#find > summary")?.parentElement;
    if (!find || (find.open && event.isTrusted)) return;
    if (find.open) event.preventDefault();
    requestAnimationFrame(() => document.getElementById("find-words").select());
  });

  function hitMark(count) {
    const mark = document.createElement("mark");
    mark.className = "outline-hits";
    mark.title = `Found ${count} time${count === "1" ? "" : "s"}`;
    mark.append(count);
    const hidden = document.createElement("span");
    hidden.className = "vh";
    hidden.textContent = " found";
    mark.append(hidden);
    return mark;
  }

  function tagsOf(row) {
    const found = row.querySelector(".outline-tags");
    if (found) return found;
    const made = document.createElement("span");
    made.className = "outline-tags";
    row.querySelector(".outline-dur").before(made);
    return made;
  }

  // --- code ---

  function addCopyButtons(scope) {
    const template = document.getElementById("copy-code");
    if (!template) return;
    for (const head of scope.querySelectorAll(".prose .code-head")) {
      if (!head.querySelector("button")) head.append(template.content.cloneNode(true));
    }
  }

  document.addEventListener(
    "click",
    (event) => {
      const button = event.target.closest("[data-copy-code]");
      if (button) button.dataset.copy = button.closest(".code").querySelector("pre").textContent;
    },
    true,
  );

  // --- phones: previous, next, position ---

  const stepper = document.getElementById("stepper");

  function step(number) {
    if (!stepper) return;
    const count = Number(outline.dataset.count);
    stepper.querySelector("b").textContent = number.toLocaleString("en");
    stepper.querySelector("[data-step='-1']").disabled = number <= 1;
    stepper.querySelector("[data-step='1']").disabled = number >= count;
    const article = document.getElementById(`r${number}`);
    if (article) stepper.querySelector("a").href = article.dataset.url;
  }

  stepper?.addEventListener("click", (event) => {
    const button = event.target.closest("[data-step]");
    if (button) walk(Number(button.dataset.step));
  });

  // The outline marks what is being read.
  function tellReading() {
    document.dispatchEvent(new CustomEvent("session:reading", { detail: numberOf(atTop()) }));
  }

  let waiting = false;
  if (stepper) {
    addEventListener(
      "scroll",
      () => {
        if (waiting) return;
        waiting = true;
        requestAnimationFrame(() => {
          waiting = false;
          step(numberOf(here()));
          tellReading();
        });
      },
      { passive: true },
    );
  }

  // --- start ---

  // A link to the last requests of a page: load what follows them, and scroll again, now that there is room below.
  function loadFollowing(article) {
    const all = [...thread.querySelectorAll(".req")];
    const more = thread.querySelector(':scope > .more-btn[hx-get*="side=after"]');
    if (!more || all.length - all.indexOf(article) > FOLLOWING) return;
    more.addEventListener(
      "htmx:afterRequest",
      () => requestAnimationFrame(() => {
        if (current() === article) article.scrollIntoView({ block: "start", behavior: "instant" });
      }),
      { once: true },
    );
    // htmx is ready then.
    document.addEventListener("DOMContentLoaded", () => more.click(), { once: true });
  }

  // The outline may have no row of it: then the server knows the block.
  function findElsewhere(number) {
    const row = rowOf(number);
    const isAsked = new URLSearchParams(location.search).get("from") === String(number);
    if (row && row.search !== location.search) location.replace(row.href);
    else if (!row && number && !isAsked) location.replace(addressOf(number));
    else step(numberOf(thread.querySelector(".req")));
  }

  addCopyButtons(document);
  if (thread) {
    restoreInspector();
    for (const element of document.querySelectorAll("[data-needs-script]")) element.hidden = false;
    const wanted = location.hash.match(/^#r(\d+)$/);
    const article = wanted && document.getElementById(`r${wanted[1]}`);
    if (article) {
      choose(article);
      loadFollowing(article);
      // The browser takes the focus away when it has scrolled to the fragment.
      if (comesByKey()) addEventListener("load", () => setTimeout(() => choose(article, { focus: true })));
    }
    // The link is older than the latest requests, or comes from elsewhere: the request is on another page.
    else if (wanted) findElsewhere(Number(wanted[1]));
    // The page was loaded again where the reader was, at a request that had been added to it.
    else if (history.state?.reading && !document.getElementById(`r${history.state.reading}`)) {
      findElsewhere(history.state.reading);
    }
    else {
      const first = numberOf(document.getElementById("hit")?.closest(".req") ?? thread.querySelector(".req"));
      step(first);
      keepInOutline(rowOf(first));
    }
  }
})();
