// The views of a session: links between them keep the chosen request; the curves are read and brushed; the waterfall's
// rows are chosen, with their facts beside them.
(() => {
  const chosen = () => location.hash.match(/^#r(\d+)$/)?.[1];
  const typing = (target) => target.closest?.("input:not([type=checkbox], [type=radio]), textarea, select, [contenteditable]");

  // --- the switch ---

  document.addEventListener("click", (event) => {
    const link = event.target.closest?.("#session-views a");
    if (link && chosen()) link.hash = location.hash;
  }, true);

  // --- the waterfall ---

  const waterfall = document.querySelector(".sess-waterfall");
  let inspectTimer;
  let wanted = null;
  let inspecting = false;

  const rows = () => [...waterfall.querySelectorAll(".wf-row[data-n]")].filter((row) => !row.closest("details:not([open])"));
  const current = () => waterfall.querySelector(".wf-row[aria-current]");
  const urlOf = (row) => location.pathname.replace(/sessions\/[^/]+\/$/, `requests/${row.dataset.id}/`);

  function choose(row, focus = false) {
    for (let fold = row.closest("details"); fold; fold = fold.parentElement.closest("details")) fold.open = true;
    mark(row);
    history.replaceState(history.state, "", `#r${row.dataset.n}`);
    if (focus) row.querySelector("a").focus({ preventScroll: true });
    row.scrollIntoView({ block: "nearest", behavior: "instant" });
    waterfall.toggleAttribute("data-inspect", true);
    clearTimeout(inspectTimer);
    wanted = row;
    inspectTimer = setTimeout(inspect, 120);
  }

  function mark(row) {
    current()?.removeAttribute("aria-current");
    row?.setAttribute("aria-current", "true");
  }

  waterfall?.addEventListener("request:ended", (event) => {
    wanted = event.target;
    inspect();
  });

  // One at a time: each answer replaces the inspector, which is the target of the next.
  async function inspect() {
    const inspector = document.getElementById("inspector");
    if (inspecting || getComputedStyle(inspector).display === "none") return;
    inspecting = true;
    while (wanted) {
      const row = wanted;
      wanted = null;
      await htmx
        .ajax("GET", `${urlOf(row)}facts/`, { source: row, target: "#inspector", swap: "outerHTML" })
        .catch(() => {});
    }
    inspecting = false;
  }

  function walk(step, test = () => true) {
    const all = rows();
    const now = all.indexOf(current());
    const left = step > 0 ? all.slice(now + 1) : all.slice(0, Math.max(now, 0)).reverse();
    const next = left.find(test);
    if (next) choose(next, true);
  }

  const isFailed = (row) => row.dataset.state === "error" || row.dataset.tools === "failed";

  function toggleInspector() {
    const toggle = document.getElementById("inspector-toggle");
    toggle.checked = !toggle.checked;
    toggle.dispatchEvent(new Event("change", { bubbles: true }));
  }

  // A page of the chosen request.
  const openPage = (path) => current() && location.assign(urlOf(current()) + path);

  const keys = {
    j: () => walk(1),
    k: () => walk(-1),
    e: () => walk(1, isFailed),
    E: () => walk(-1, isFailed),
    i: toggleInspector,
    o: () => openPage(""),
    p: () => openPage("prompt/"),
    d: () => openPage("changes/"),
    r: () => openPage("?raw=request#raw"),
  };

  if (waterfall) {
    document.addEventListener("keydown", (event) => {
      if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
      if (typing(event.target) || document.querySelector("dialog[open]") || !(event.key in keys)) return;
      event.preventDefault();
      keys[event.key]();
    }, true);
    waterfall.addEventListener("click", (event) => {
      const row = event.target.closest(".wf-row[data-n]");
      if (row && !event.target.closest("a, button")) choose(row);
    });
    document.addEventListener("change", (event) => {
      if (event.target.id === "inspector-toggle" && current()) choose(current());
    });
    document.addEventListener("htmx:afterSettle", (event) => {
      if (event.target.id === "waterfall") arrive();
    });
    document.addEventListener("session:drawn", arrive);
    document.addEventListener("rows:end", (event) => {
      const row = rows().at(event.detail.isLast ? -1 : 0);
      if (row) choose(row, true);
    });
    arrive();
    const row = chosen() && document.getElementById(`w${chosen()}`);
    if (row) choose(row);
    else if (chosen()) findRow(chosen());
  }

  // The rows are those of another part of the time: the address says which, and the curves show it.
  function arrive() {
    const shown = document.getElementById("waterfall");
    const part = document.getElementById("curves-part");
    part?.setAttribute("x", `${shown.dataset.left ?? 0}%`);
    part?.setAttribute("width", `${shown.dataset.width ?? 0}%`);
    if (/[?&]p0=/.test(location.search)) history.replaceState(history.state, "", shown.dataset.address + location.hash);
    if (chosen()) mark(document.getElementById(`w${chosen()}`));
  }

  // The row is on another page of rows, or outside of the time that is shown.
  function findRow(number) {
    const query = new URLSearchParams(location.search);
    if (query.get("from") === number) return;
    for (const name of ["page", "t0", "t1"]) query.delete(name);
    query.set("from", number);
    location.replace(`?${query}#r${number}`);
  }

  // --- the curves ---

  const curves = document.getElementById("curves");
  const box = document.getElementById("curves-box");
  if (!box) return;
  // They change while a session grows.
  let written = "";
  let points = [];
  function read() {
    const text = document.getElementById("curves-drawn").dataset.points;
    if (text === written) return;
    written = text;
    points = text.split("\n").map((line) => {
      const [x, number, words] = line.split("|");
      return { x: Number(x), number, words };
    });
    box.setAttribute("aria-valuemax", points.length);
  }
  read();
  const value = document.getElementById("curves-value");
  const cursor = document.createElement("div");
  cursor.className = "curves-cursor";
  cursor.hidden = true;
  const brush = document.createElement("div");
  brush.className = "curves-brush";
  brush.hidden = true;
  box.append(cursor, brush);
  let at = 0;
  let begin = null;

  for (const [name, text] of Object.entries({
    role: "slider", tabindex: "0", "aria-label": "Requests along the session", "aria-valuemin": "1", "aria-valuemax": points.length,
    title: "Click: go there. Drag: show this part in the waterfall.",
  })) box.setAttribute(name, text);

  function show(place) {
    read();
    at = Math.min(Math.max(place, 0), points.length - 1);
    const point = points[at];
    cursor.hidden = false;
    cursor.style.left = `${point.x}%`;
    value.textContent = `#${point.number} · ${point.words}`;
    box.setAttribute("aria-valuenow", at + 1);
    box.setAttribute("aria-valuetext", `Request ${point.number}: ${point.words}`);
  }

  function hide() {
    cursor.hidden = true;
    value.textContent = "";
  }

  // Percent of the width at the pointer.
  function percentAt(event) {
    const edges = box.getBoundingClientRect();
    return Math.min(Math.max(((event.clientX - edges.left) / edges.width) * 100, 0), 100);
  }

  function nearest(x) {
    read();
    let found = 0;
    points.forEach((point, place) => {
      if (Math.abs(point.x - x) < Math.abs(points[found].x - x)) found = place;
    });
    return found;
  }

  // In the waterfall to its row, elsewhere to the request in the conversation.
  function go(number) {
    const row = waterfall && document.getElementById(`w${number}`);
    if (row) {
      choose(row, true);
      return;
    }
    const article = document.getElementById(`r${number}`);
    if (article) location.hash = `#r${number}`;
    if (article) article.scrollIntoView({ block: "start", behavior: "instant" });
    else location.assign(`${withQuery(curves.dataset.there, { from: number })}#r${number}`);
  }

  function withQuery(address, members) {
    const url = new URL(address, location.href);
    for (const [name, text] of Object.entries(members)) url.searchParams.set(name, text);
    return url.pathname + url.search;
  }

  function zoom(left, right) {
    const address = withQuery(curves.dataset.waterfall, { p0: left.toFixed(2), p1: right.toFixed(2) });
    if (!waterfall) {
      location.assign(address);
      return;
    }
    htmx.ajax("GET", address, { target: "#waterfall", swap: "outerHTML" }).then(() => {
      history.replaceState(history.state, "", document.getElementById("waterfall").dataset.address + location.hash);
    });
  }

  box.addEventListener("pointermove", (event) => {
    const x = percentAt(event);
    show(nearest(x));
    if (begin === null) return;
    brush.hidden = Math.abs(x - begin) < 1;
    brush.style.left = `${Math.min(begin, x)}%`;
    brush.style.width = `${Math.abs(x - begin)}%`;
  });
  box.addEventListener("pointerleave", () => begin === null && document.activeElement !== box && hide());
  box.addEventListener("pointerdown", (event) => {
    if (event.button) return;
    begin = percentAt(event);
    box.setPointerCapture(event.pointerId);
  });
  box.addEventListener("pointercancel", () => {
    begin = null;
    brush.hidden = true;
  });
  box.addEventListener("pointerup", (event) => {
    if (begin === null) return;
    const from = begin;
    const to = percentAt(event);
    begin = null;
    brush.hidden = true;
    if (Math.abs(to - from) >= 1) zoom(Math.min(from, to), Math.max(from, to));
    else go(points[nearest(to)].number);
  });
  box.addEventListener("focus", () => show(at));
  box.addEventListener("blur", hide);
  box.addEventListener("keydown", (event) => {
    const steps = { ArrowLeft: -1, ArrowRight: 1, ArrowDown: -1, ArrowUp: 1, PageDown: -10, PageUp: 10, Home: -1e6, End: 1e6 };
    if (event.key in steps) show(at + steps[event.key]);
    else if (event.key === "Enter") go(points[at].number);
    else return;
    event.preventDefault();
    event.stopPropagation();
  });
  box.setAttribute("aria-valuenow", "1");
  box.setAttribute("aria-valuetext", `Request ${points[0].number}: ${points[0].words}`);
})();
