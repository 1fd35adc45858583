// The list: its regions follow the filters, and a part of the histogram is chosen by dragging or with the arrow keys.
(() => {
  const picks = () => [...document.querySelectorAll("#results input[name=pick]")];

  // The regions ask again when the address has changed, for what it says now.
  // A choice of columns replaces it, and changes nothing for them.
  document.body.addEventListener("htmx:pushedIntoHistory", () => htmx.trigger(document.body, "list-changed"));
  document.body.addEventListener("htmx:configRequest", (event) => {
    const later = event.target.dataset?.later;
    if (later) event.detail.path = later + location.search;
    if (event.target.id === "news") event.detail.parameters.shown = picks().map((pick) => pick.value).join(",");
    if (event.target.id === "columns-form") {
      // The form was written with the page; what is listed may have changed since.
      const here = new URLSearchParams(location.search);
      here.delete("columns");
      for (const name of new FormData(event.target).getAll("columns")) here.append("columns", name);
      event.detail.path = `${location.pathname}?${here}`;
      event.detail.parameters = {};
    }
  });

  // A link may have changed the query. What is being typed stays.
  document.body.addEventListener("query-text", (event) => {
    const box = document.getElementById("q");
    if (!box) return;
    if (document.activeElement !== box) box.value = event.detail.text;
    if (event.detail.wrong) {
      box.setAttribute("aria-invalid", "true");
      box.setAttribute("aria-describedby", "query-error");
    } else {
      box.removeAttribute("aria-invalid");
      box.removeAttribute("aria-describedby");
    }
  });

  // The title of the tab tells of new sessions, too, and that a request runs in one of those that are listed.
  const title = document.title;
  function tell() {
    const news = document.getElementById("news");
    if (news?.dataset.active !== undefined) markActive(news.dataset.active.split(" "));
    const words = [news?.dataset.count && `${news.dataset.count} new`, document.querySelector("#results .live-dot[data-runs]") && "running"];
    document.title = words.some(Boolean) ? `(${words.filter(Boolean).join(", ")}) ${title}` : title;
  }

  document.body.addEventListener("htmx:afterSettle", tell);
  tell();

  // The rows in which something happens now have a dot; the others have none any more.
  function markActive(ids) {
    for (const pick of picks()) {
      const cell = pick.closest("tr").querySelector(".c-last");
      const runs = ids.includes(`${pick.value}:runs`);
      const words = runs ? "A request is running" : ids.includes(pick.value) ? "Active now" : "";
      const dot = cell.querySelector(".live-dot");
      if ((dot?.title ?? "") === words) continue;
      for (const old of cell.querySelectorAll(".live-dot, .vh")) old.remove();
      if (!words) continue;
      const made = document.createElement("span"), said = document.createElement("span");
      Object.assign(made, { className: "live-dot", title: words });
      made.toggleAttribute("data-runs", runs);
      Object.assign(said, { className: "vh", textContent: `${words}, ` });
      cell.prepend(made, said);
    }
  }

  // --- histogram

  let from = null;
  // A bar was chosen with the keyboard: the focus goes to the new bars.
  let returns = false;

  const binAt = (event) => event.target.closest?.("[data-bin]");
  const place = (bin) => Number(bin.dataset.bin);

  function draw(first, last) {
    const [low, high] = [place(first), place(last)].sort((a, b) => a - b);
    const brush = first.closest("svg").querySelector(".brush");
    brush.setAttribute("x", low);
    brush.setAttribute("width", high - low + 1);
    brush.removeAttribute("hidden");
  }

  function hideBrush(bin) {
    bin.closest("svg").querySelector(".brush").setAttribute("hidden", "");
  }

  function choose(first, last, byKey = false) {
    returns = byKey;
    const [low, high] = place(first) < place(last) ? [first, last] : [last, first];
    const address = new URL(first.closest("[data-brush]").dataset.brush, location.href);
    address.searchParams.set("from", low.dataset.from);
    address.searchParams.set("to", high.dataset.to);
    htmx.ajax("GET", address.pathname + address.search, { target: "#results", swap: "outerHTML" });
  }

  document.addEventListener("pointerdown", (event) => {
    if (event.button === 0) from = binAt(event);
  });
  document.addEventListener("dragstart", (event) => {
    if (binAt(event)) event.preventDefault();
  });
  document.addEventListener("pointermove", (event) => {
    const bin = from && binAt(event);
    if (bin && bin.closest("svg") === from.closest("svg") && bin !== from) draw(from, bin);
  });
  document.addEventListener("pointerup", (event) => {
    const bin = from && binAt(event);
    if (bin && bin !== from) choose(from, bin);
    else if (from && !bin) hideBrush(from);
    from = null;
  });
  document.addEventListener("click", (event) => {
    const bin = binAt(event);
    if (!bin?.href || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    choose(bin, bin, event.detail === 0);
  });

  // Arrows go from bar to bar; with shift they draw. Enter chooses what is drawn, Escape draws nothing.
  let drawn = null;
  document.addEventListener("keydown", (event) => {
    const bin = event.target.closest?.("a[data-bin]");
    if (!bin) return;
    const bins = [...bin.closest("svg").querySelectorAll("a[data-bin]")];
    const next = bins[bins.indexOf(bin) + { ArrowLeft: -1, ArrowRight: 1 }[event.key]];
    if (next) {
      event.preventDefault();
      drawn = event.shiftKey ? drawn ?? bin : null;
      if (drawn) draw(drawn, next);
      else hideBrush(bin);
      next.focus();
    } else if (event.key === "Enter" && drawn) {
      event.preventDefault();
      choose(drawn, bin, true);
      drawn = null;
    } else if (event.key === "Escape" && drawn) {
      hideBrush(bin);
      drawn = null;
    }
  });

  // One stop for the tabulator: the last bar.
  document.body.addEventListener("htmx:afterSettle", () => {
    const bars = [...document.querySelectorAll(".histo a[data-bin]")];
    for (const bar of bars.slice(0, -1)) bar.setAttribute("tabindex", "-1");
    if (!returns || !bars.length) return;
    // While the old bar is there, its rows came before the new bars.
    const focused = document.activeElement;
    if (focused === document.body) bars.at(-1).focus();
    returns = Boolean(focused.closest("[data-brush]"));
  });
})();
