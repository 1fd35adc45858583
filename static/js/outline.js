// The outline of a session follows what is read. Requests that are added to the page move nothing that is seen. Another
// view shows the same request.
(() => {
  const thread = document.querySelector(".page-session .thread");
  const outline = document.getElementById("outline-rows");
  const table = document.querySelector(".sess-table");
  let reading = 0;

  // --- the same request in another view ---

  const chosenRow = () => table?.querySelector("tr[data-row][aria-current]");

  // The number of the chosen request, else of the one that is read; 0 if there is none.
  function numberHere() {
    const chosen = thread?.querySelector(".req[aria-current]");
    return Number(chosen?.id.slice(1) ?? chosenRow()?.dataset.n ?? 0) || reading;
  }

  document.addEventListener(
    "click",
    (event) => {
      const link = event.target.closest?.("#session-views a, #dense-link");
      const number = link ? numberHere() : 0;
      if (!number) return;
      const address = new URL(link.href);
      address.searchParams.set("from", number);
      address.hash = `r${number}`;
      link.href = address.href;
    },
    true,
  );

  // On a phone the outline lies over the page, until something in it or beside it was chosen.
  const toggle = document.getElementById("outline-toggle");
  document.addEventListener("click", (event) => {
    const isWithin = event.target.closest?.(".outline");
    if (toggle?.checked && !event.target.closest?.(".stepper") && (!isWithin || event.target.closest("a"))) toggle.checked = false;
  });

  const typing = (target) => target.closest?.("input:not([type=checkbox], [type=radio]), textarea, select, [contenteditable]");
  // The pages of the request whose row was chosen, by their keys.
  const PAGES = { o: "", p: "prompt/", d: "changes/", r: "?raw=request#raw" };

  function openPage(event) {
    if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented || !(event.key in PAGES)) return;
    const row = chosenRow();
    if (!row || typing(event.target) || document.querySelector("dialog[open]")) return;
    event.preventDefault();
    location.assign(location.pathname.replace(/sessions\/[^/]+\/$/, `requests/${row.dataset.id}/${PAGES[event.key]}`));
  }

  // In the table, the address names the row that was chosen.
  if (table) {
    document.addEventListener("keydown", openPage, true);
    const named = location.hash.match(/^#r\d+$/) && document.querySelector(`tr[data-row]${location.hash}`);
    named?.setAttribute("aria-current", "true");
    table.addEventListener("focusin", (event) => {
      const row = event.target.closest("tr[data-row]");
      if (!row) return;
      if (row !== chosenRow()) {
        chosenRow()?.removeAttribute("aria-current");
        row.setAttribute("aria-current", "true");
      }
      history.replaceState(history.state, "", `#${row.id}`);
    });
  }

  if (!thread || !outline) return;

  // --- what is being read ---

  const rowOf = (number) => outline.querySelector(`li[data-n="${number}"] > .outline-row`);

  // A fold says which requests are in it: "2-4 7".
  function holds(fold, number) {
    return fold.dataset.numbers.split(" ").some((range) => {
      const [first, last = first] = range.split("-").map(Number);
      return number >= first && number <= last;
    });
  }

  const headOf = (fold) => fold.querySelector(":scope > .fold-head, :scope > details > .fold-head");

  // The row of a request or, where that is in a closed fold or not on the page, the head of the fold around it.
  function placeOf(number) {
    let place = rowOf(number);
    if (!place) {
      const folds = [...outline.querySelectorAll("li[data-numbers]")].filter((fold) => holds(fold, number));
      place = folds.length ? headOf(folds.at(-1)) : null;
    }
    for (let fold = place?.closest("details:not([open])"); fold; fold = fold.parentElement.closest("details:not([open])")) {
      if (!fold.firstElementChild.contains(place)) place = fold.firstElementChild;
    }
    return place;
  }

  function mark(number) {
    reading = number;
    const place = number ? placeOf(number) : null;
    const marked = outline.querySelector("[data-reading]");
    if (marked === place) return;
    marked?.removeAttribute("data-reading");
    place?.setAttribute("data-reading", "");
    keepInSight(place);
  }

  function keepInSight(place) {
    const box = outline.parentElement;
    if (!place || !box.clientHeight) return;
    const top = place.getBoundingClientRect().top - box.getBoundingClientRect().top;
    if (top < 40 || top > box.clientHeight - 80) box.scrollTop += top - box.clientHeight / 2;
  }

  document.addEventListener("session:reading", (event) => {
    if (event.detail !== reading) mark(event.detail);
  });
  outline.addEventListener("toggle", () => mark(reading), true);

  // --- the place on the page ---

  // Where the reader was, for when the page is loaded again: the request may have been added to the page by a button.
  let noting;
  document.addEventListener("session:reading", (event) => {
    clearTimeout(noting);
    noting = setTimeout(() => history.replaceState({ ...history.state, reading: event.detail }, ""), 200);
  });

  // --- requests that are added ---

  // The first request in sight stays where it is. Browsers keep it so by themselves, but not at the top of a page.
  let held = null;

  function hold() {
    const edge = document.getElementById("session-views").getBoundingClientRect().bottom;
    const seen = [...thread.querySelectorAll(".req")].find((req) => req.getBoundingClientRect().bottom > edge);
    held = seen ? { seen, top: seen.getBoundingClientRect().top } : null;
    document.documentElement.style.overflowAnchor = "none";
  }

  function keep() {
    if (held?.seen.isConnected) scrollBy({ top: held.seen.getBoundingClientRect().top - held.top, behavior: "instant" });
  }

  const isAbove = (element) => element.matches?.('.thread > .more-btn[hx-get*="side=before"]');

  document.addEventListener("htmx:beforeSwap", (event) => {
    if (!isAbove(event.target)) return;
    hold();
    requestAnimationFrame(() => {
      keep();
      requestAnimationFrame(() => {
        keep();
        held = null;
        document.documentElement.style.overflowAnchor = "";
      });
    });
  });
  document.addEventListener("htmx:afterSwap", keep);
})();
